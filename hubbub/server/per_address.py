"""How many connections there are from each address.

Law: an IPv6 address counts with all of its /64, which is one customer's; no count outlives its connections.
"""

from __future__ import annotations

from hubbub.server.addresses import limit_key


class PerAddress:
    """The counts, by what limits go by."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}

    def of(self, address: str) -> int:
        """How many there are."""
        return self.counts.get(limit_key(address), 0)

    def add(self, address: str) -> None:
        """One more."""
        key = limit_key(address)
        self.counts[key] = self.counts.get(key, 0) + 1

    def remove(self, address: str) -> None:
        """One less, which was added before. Raises KeyError when there is none."""
        key = limit_key(address)
        self.counts[key] -= 1
        if not self.counts[key]:
            del self.counts[key]
