"""A measure holds against whom it describes, for as long as it is set to, and comes back as it was."""

import pytest

from hubbub.core.measures import (
    BAN,
    MUTE,
    Mark,
    Measure,
    Measures,
    Signs,
    describes,
    read_marks,
    write_marks,
)

NOW = 1_000_000


def measure(number: int, *marks: Mark, kind: str = BAN, until: int = 0) -> Measure:
    return Measure(number, kind, "target", write_marks(marks), "spam", "ann", NOW, until)


def signs(
    *addresses: str, name: str = "bob", device: str = "", account: int = 0, role: bool = False
) -> Signs:
    faces = tuple(f"{name}!~b@{address}" for address in addresses or ("host",))
    return Signs(name, faces, addresses, device, account, 7, role)


def held(made: Measure, whom: Signs) -> bool:
    all_of_them = Measures()
    all_of_them.put(made)
    found = all_of_them.against(made.kind, whom, NOW)
    all_of_them.remove(made)
    assert all_of_them.against(made.kind, whom, NOW) is None
    return found is made


@pytest.mark.parametrize(
    ("mark", "whom", "holds"),
    [
        (("name", "bob"), signs(), True),
        (("name", "bob"), signs(account=3), False),
        (("user", "7"), signs(), True),
        (("user", "8"), signs(), False),
        (("device", "d1"), signs(device="d1"), True),
        (("device", "d1"), signs(device="d1", account=3), True),
        (("account", "3"), signs(account=3), True),
        (("account", "3"), signs(account=3, role=True), True),
        (("account", "4"), signs(account=3), False),
        (("address", "2001:db8::/64"), signs("2001:db8::99"), True),
        (("address", "2001:db8::/64"), signs("2001:db8:0:1::99"), False),
        (("address", "192.0.2.7/32"), signs("192.0.2.7", account=3), False),
        (("network", "192.0.0.0/16"), signs("192.0.2.7", account=3), True),
        (("network", "192.0.0.0/16"), signs("192.0.2.7", account=3, role=True), False),
        (("network", "192.0.0.0/16"), signs("host.test"), False),
        (("network", "192.0.0.0/16"), signs("1.1.1.1", "192.0.2.7"), True),
        (("mask", "b*!*@*"), signs(), True),
        (("mask", "b*!*@*"), signs(account=3, role=True), False),
        (("mask", "x*!*@*"), signs(), False),
    ],
)
def test_whom_a_measure_meets(mark: Mark, whom: Signs, holds: bool) -> None:
    assert held(measure(1, mark), whom) == holds
    if mark[0] in ("mask", "network"):
        assert describes(mark, whom) == holds


def test_what_is_over_does_not_count() -> None:
    all_of_them = Measures()
    made = measure(1, ("name", "bob"), until=NOW + 5)
    all_of_them.put(made)
    assert all_of_them.against(BAN, signs(), NOW + 4) is made
    assert all_of_them.against(BAN, signs(), NOW + 5) is None
    assert all_of_them.expired(NOW + 4) == []
    assert all_of_them.expired(NOW + 5) == [made]


def test_of_several_the_longest_is_told() -> None:
    all_of_them = Measures()
    for made in (
        measure(1, ("name", "bob"), until=NOW + 5),
        measure(2, ("mask", "b*!*@*"), until=NOW + 9),
        measure(3, ("device", "d"), until=NOW + 7),
    ):
        all_of_them.put(made)
    found = all_of_them.against(BAN, signs(device="d"), NOW)
    assert found is not None
    assert found.number == 2


def test_a_mute_is_no_ban() -> None:
    all_of_them = Measures()
    assert not all_of_them.any_mute
    made = measure(1, ("name", "bob"), kind=MUTE)
    all_of_them.put(made)
    assert all_of_them.any_mute
    assert all_of_them.against(BAN, signs(), NOW) is None
    assert all_of_them.against(MUTE, signs(), NOW) is made
    assert all_of_them.aimed_at(MUTE, "TARGET") == [made]
    assert all_of_them.aimed_at(BAN, "target") == []
    assert list(all_of_them) == [made]
    assert (len(all_of_them), all_of_them.get(1), all_of_them.get(2)) == (1, made, None)


def test_two_measures_on_one_network_come_and_go_each_by_itself() -> None:
    all_of_them = Measures()
    one, two = (measure(number, ("network", "192.0.2.0/24")) for number in (1, 2))
    all_of_them.put(one)
    all_of_them.put(two)
    all_of_them.remove(one)
    assert all_of_them.against(BAN, signs("192.0.2.7"), NOW) is two


def test_marks_come_back_as_they_were() -> None:
    marks = (("name", "bob"), ("mask", "a=b!*@*"), ("address", "::/64"))
    assert read_marks(write_marks(marks)) == marks
    assert read_marks(write_marks(())) == ()
    made = measure(1, *marks, until=9)
    assert Measure(*made.row()).row() == made.row()  # type: ignore[arg-type]
