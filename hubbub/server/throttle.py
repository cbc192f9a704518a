"""How often may somebody be wrong: bounded counts that forget as time passes.

Law: time comes in as an argument, and no table grows beyond its bound.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

KEYS: Final = 10_000
"""How many keys a budget remembers; the one that was used longest ago is forgotten first."""


class Budget:
    """Each key may spend `most` at once and earns one anew every `seconds`."""

    def __init__(self, most: float, seconds: float) -> None:
        self._most = most
        self._seconds = seconds
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def has(self, key: str, now: float) -> bool:
        """Whether the key may spend one more at `now`, in seconds."""
        return self._at(key, now) >= 1

    def spend(self, key: str, now: float) -> None:
        """Takes one from the key."""
        self._left[key] = (self._at(key, now) - 1, now)
        self._left.move_to_end(key)
        if len(self._left) > KEYS:
            self._left.popitem(last=False)

    def give_back(self, key: str, now: float) -> None:
        """Undoes one `spend`."""
        self._left[key] = (min(self._at(key, now) + 1, self._most), now)

    def _at(self, key: str, now: float) -> float:
        left, then = self._left.get(key, (self._most, now))
        return min(self._most, left + max(0.0, now - then) / self._seconds)


class Recent:
    """The keys that were noted last, up to a bound."""

    def __init__(self, most: int = KEYS) -> None:
        self._most = most
        self._keys: OrderedDict[str, None] = OrderedDict()

    def __contains__(self, key: object) -> bool:
        return key in self._keys

    def forget(self, key: str) -> None:
        """Takes a key out, if it is there."""
        self._keys.pop(key, None)

    def note(self, key: str) -> None:
        self._keys[key] = None
        self._keys.move_to_end(key)
        if len(self._keys) > self._most:
            self._keys.popitem(last=False)


class Throttle:
    """Who may try a password now.

    An address has a budget of tries, but for this machine's own, behind which there may be a proxy
    and everybody: there each connection counts for itself. An account has one for all addresses
    together, so that many addresses don't help to guess; those from which its password was right
    lately aren't held up by what others do, and neither is an address that has not been wrong about
    it yet.

    Behind one address there may be many people, and one of them guessing. A device that was right
    lately has a try all the same, and another after that was right; without a device's token an
    account that was right lately from there has what its own budget gives.
    """

    def __init__(self) -> None:
        self._addresses = Budget(20, 3)
        self._accounts = Budget(10, 6)
        self._newcomers = Budget(60, 1)
        self._right = Recent()
        self._wrong = Recent()
        self._made = Budget(50, 3)

    def admits_new(self, where: str, now: float) -> bool:
        """Whether an address may have a new password hashed; a class behind one address may."""
        if not self._made.has(where, now):
            return False
        self._made.spend(where, now)
        return True

    def was_right(self, account: str, where: str, device: str) -> bool:
        """Whether the account's password was right lately from there or with that device."""
        return f"{account} {where}" in self._right or (
            bool(device) and f"{account} {device}" in self._right
        )

    def admits(self, account: str, where: str, device: str, *, local: bool, now: float) -> bool:
        """Whether a try may go on; `where` is the address's key, or for this machine's own the
        connection's. It counts as wrong until `right`.
        """
        known = f"{account} {device}" if device else ""
        if known in self._right:
            self._right.forget(known)
        elif not self._within(account, where, local, now):
            return False
        if not local:
            self._addresses.spend(where, now)
        self._accounts.spend(account, now)
        self._wrong.note(f"{account} {where}")
        return True

    def _within(self, account: str, where: str, local: bool, now: float) -> bool:
        """Whether what is left of the budgets is enough for a try from there."""
        tried = f"{account} {where}"
        if not local and not self._addresses.has(where, now):
            return tried in self._right and self._accounts.has(account, now)
        if self._accounts.has(account, now) or tried in self._right:
            return True
        if tried in self._wrong:
            return False
        if local:
            if not self._newcomers.has(account, now):
                return False
            self._newcomers.spend(account, now)
        return True

    def right(self, account: str, where: str, device: str, *, local: bool, now: float) -> None:
        """The password was right: the try costs nothing."""
        self._accounts.give_back(account, now)
        if not local:
            self._addresses.give_back(where, now)
            self._right.note(f"{account} {where}")
        if device:
            self._right.note(f"{account} {device}")
