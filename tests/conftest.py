"""What all tests share: Hypothesis without deadlines, because a busy machine is no defect.

Where CI is set the examples are the same at each run, so that a change is judged by what it
changed; everywhere else each run looks for new ones.
"""

import os

from hypothesis import settings

settings.register_profile("hubbub", deadline=None, print_blob=True)
settings.register_profile("ci", settings.get_profile("hubbub"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "hubbub")
