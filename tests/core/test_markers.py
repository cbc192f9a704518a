"""How many marks are kept, and whose."""

from __future__ import annotations

from hubbub.core.markers import MARKS_A_GUEST, Markers, ReadMarker


def marked(markers: Markers[ReadMarker], identity: str, count: int, first: int = 0) -> None:
    for number in range(first, first + count):
        markers.put(ReadMarker(identity, f"r:{number}", 1, number))


def test_nobody_has_more_than_each_may() -> None:
    markers = Markers[ReadMarker]()
    marked(markers, "a:1", 3)
    assert [gone.target for gone in markers.too_many("a:1", 2, 9)] == ["r:0"]
    assert markers.too_many("a:1", 3, 9) == ()


def test_the_guest_who_marked_something_last_is_remembered_longest() -> None:
    markers = Markers[ReadMarker]()
    for identity in ("d:1", "d:2", "d:1"):
        marked(markers, identity, 2)
    assert {gone.identity for gone in markers.too_many("d:1", 9, 1)} == {"d:2"}


def test_guests_have_only_so_many_marks_together() -> None:
    markers, guests = Markers[ReadMarker](), 2
    most = guests * MARKS_A_GUEST
    marked(markers, "d:1", most - 1)
    marked(markers, "a:1", 5)  # an account's don't count
    marked(markers, "d:2", 1)
    assert markers.too_many("d:2", most, guests) == ()
    marked(markers, "d:2", 1)  # the same once more
    assert markers.too_many("d:2", most, guests) == ()
    marked(markers, "d:2", 1, first=1)
    gone = markers.too_many("d:2", most, guests)
    assert {one.identity for one in gone} == {"d:1"}
    for one in gone:
        markers.remove(one)
    assert markers.too_many("d:2", most, guests) == ()
    assert [one.identity for one in markers] == ["a:1"] * 5 + ["d:2"] * 2


def test_one_guest_may_have_more_than_its_share() -> None:
    markers = Markers[ReadMarker]()
    marked(markers, "d:1", 3 * MARKS_A_GUEST)
    assert markers.too_many("d:1", 3 * MARKS_A_GUEST, 1) == ()
