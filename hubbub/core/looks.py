"""Which names look the same: an index of the users by their names' skeletons.

Law: skeletons come with the entries and are kept with the users, so that a newer table of what looks
alike changes nothing of what is there already.
"""

from __future__ import annotations

from hubbub.core.entities import User


class Looks:
    """The users by skeleton; several may share one that a newer table brought together."""

    def __init__(self) -> None:
        self._users: dict[str, tuple[User, ...]] = {}

    def add(self, user: User) -> None:
        self._users[user.skeleton] = (*self._users.get(user.skeleton, ()), user)

    def remove(self, user: User) -> None:
        alike = tuple(other for other in self._users[user.skeleton] if other is not user)
        if alike:
            self._users[user.skeleton] = alike
        else:
            del self._users[user.skeleton]

    def like(self, skeleton: str, besides: User | None = None) -> User | None:
        """Somebody else whose name looks so, or None; of several the one who came first."""
        alike = [user for user in self._users.get(skeleton, ()) if user is not besides]
        return min(alike, key=lambda user: user.id) if alike else None
