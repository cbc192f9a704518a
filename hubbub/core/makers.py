"""How many rooms somebody has made lately.

Law: what is made is counted for the identity and for the address it came from, within an hour that
begins with the first; rooms are shared by all, so nobody may use them up, however slowly.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import ClassVar, Final

from hubbub.core.entities import User
from hubbub.core.kept import Record
from hubbub.core.rules import Rules

HOUR_MS: Final = 3_600_000
_V6_NETWORK: Final = 64
"""The bits of an IPv6 address that tell one customer from another."""


class RoomMaker(Record):
    """How many rooms were made under a mark since a time (milliseconds).

    The mark is an identity (`User.identity`), or `h:` and a host.
    """

    TABLE: ClassVar[str] = "room_makers"
    LOAD_ORDER: ClassVar[str] = "since, mark"

    mark: str
    since: int
    count: int


class RoomMakers:
    """Who made rooms within the last hour, whoever began first at the front."""

    def __init__(self) -> None:
        self.known: dict[str, RoomMaker] = {}

    def made(self, mark: str, now: int) -> int:
        """How many rooms count against a mark now."""
        maker = self.known.get(mark)
        return 0 if maker is None or maker.since + HOUR_MS <= now else maker.count

    def count(self, mark: str, now: int) -> RoomMaker:
        """Counts one more; what has to be stored."""
        maker = self.known.get(mark)
        if maker is None or maker.since + HOUR_MS <= now:
            self.known.pop(mark, None)
            maker = self.known[mark] = RoomMaker(mark, now, 0)
        maker.count += 1
        return maker

    def over(self, now: int) -> list[RoomMaker]:
        """Those whose hour is over."""
        gone = []
        for maker in self.known.values():
            if maker.since + HOUR_MS > now:
                break
            gone.append(maker)
        return gone


def marks_of(user: User, rules: Rules, addresses: Sequence[str]) -> tuple[tuple[str, int], ...]:
    """Under what a user's rooms are counted, and how many each may be; this machine has no bound."""
    own = (user.identity, rules.new_rooms)
    if not addresses:
        return (own,)
    return (own, (f"h:{_network(addresses[0])}", rules.new_rooms_per_address))


def _network(host: str) -> str:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if address.version == 4:
        return host
    return str(ipaddress.ip_network((address, _V6_NETWORK), strict=False))
