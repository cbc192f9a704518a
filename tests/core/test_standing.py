"""What identities have in rooms for a while."""

import pytest

from hubbub.core.ids import RoomId
from hubbub.core.standing import Invitation, Standing

ONE, TWO = RoomId(1), RoomId(2)


def invitation(identity: str, room: RoomId, until: int = 10) -> Invitation:
    return Invitation(identity, room, "bob!b@h", "a:1", "ann!a@h", 1, until, 0)


def test_each_is_found_by_identity_and_by_room() -> None:
    standing: Standing[Invitation] = Standing()
    first, second, third = invitation("b", TWO), invitation("a", ONE), invitation("b", ONE)
    for kept in (first, second, third):
        standing.put(kept)
    assert standing.of("b") == (third, first)
    assert standing.in_room(ONE) == (second, third)
    assert standing.get("a", TWO) is None
    assert list(standing) == [first, second, third]
    standing.remove(third)
    standing.remove(third)
    assert (standing.of("b"), standing.in_room(ONE), len(standing)) == ((first,), (second,), 2)
    standing.remove(second)
    assert not standing.has_room(ONE)
    assert standing.has_room(TWO)


def test_a_new_one_takes_the_place_of_the_old_and_ends_last() -> None:
    standing: Standing[Invitation] = Standing()
    standing.put(invitation("a", ONE, 10))
    standing.put(invitation("b", ONE, 11))
    later = invitation("a", ONE, 12)
    standing.put(later)
    assert len(standing) == 2
    assert standing.first().identity == "b"
    assert standing.get("a", ONE) is later


def test_what_is_over_is_not_valid() -> None:
    standing: Standing[Invitation] = Standing()
    assert not standing.expired(99)
    with pytest.raises(StopIteration):
        standing.first()
    kept = invitation("a", ONE, 10)
    standing.put(kept)
    assert standing.valid("a", ONE, 9) is kept
    assert standing.valid("a", ONE, 10) is None
    assert standing.valid("a", TWO, 9) is None
    assert (standing.expired(9), standing.expired(10)) == (False, True)
