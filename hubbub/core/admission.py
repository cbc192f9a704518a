"""Who is let in by an invite of somebody's.

Law: an invite is spent once for a device, or a session without one, however often that comes back;
who has been let in by one stays let in until the invite ends.
"""

from __future__ import annotations

from hubbub.core.codes import Admitted
from hubbub.core.ids import SessionId
from hubbub.core.state import State


def admit(state: State, digest: str, device: str, session: SessionId) -> bool:
    """Lets somebody in by an invite, of which that may be the last use; False when it is over."""
    code = state.codes.find("invite", digest, state.now, spent=True)
    if code is None:
        return False
    who = device or f"s:{session}"
    if (code.number, who) in state.codes.admitted:
        return True
    if code.uses <= 0:
        return False
    code.uses -= 1
    state.save(code)
    admitted = Admitted(code.number, who)
    state.codes.admit(admitted)
    state.save(admitted)
    return True
