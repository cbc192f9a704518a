"""What all tests share: Hypothesis without deadlines, because a busy machine is no defect."""

from hypothesis import settings

settings.register_profile("hubbub", deadline=None, print_blob=True)
settings.load_profile("hubbub")
