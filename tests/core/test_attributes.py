"""Away across several sessions, and a changed host."""

from hubbub.core import entries
from hubbub.core.attributes import change_host
from hubbub.core.entities import User
from hubbub.core.tables import COLUMNS
from hubbub.edge.session import Phase
from tests.world import Person, World

ALICE = ":alice!~alice@host.test"


def second(world: World, first: Person, away: str = "") -> Person:
    """Another session of the person's account, which begins as away as that says."""
    user = user_of(world, first)
    assert user.owner is not None
    session = world.arrive()
    session.session.phase = Phase.OPENING
    world.submit(
        session,
        entries.Open(
            session.session.id, user.nick, "~x", "X", "h", account=user.owner.id, away=away
        ),
    )
    return session


def user_of(world: World, person: Person) -> User:
    return world.state.sessions[person.session.id].user


def registered(world: World) -> Person:
    alice = world.connect("alice")
    world.submit(alice, entries.Register(alice.session.id, "alice", "v", "s"))
    return alice


def test_a_session_that_nobody_sits_at_changes_nothing_while_another_is_there(
    world: World,
) -> None:
    alice, bob = registered(world), world.connect("bob", "away-notify")
    phone = second(world, alice, "*")
    assert bob.heard() == []
    alice.send("QUIT")
    assert bob.heard() == [f"{ALICE} AWAY *"]
    phone.send("AWAY")
    assert bob.heard() == [f"{ALICE} AWAY"]


def test_who_comes_to_a_session_is_back(world: World) -> None:
    alice, bob = registered(world), world.connect("bob", "away-notify")
    alice.send("AWAY *")
    assert bob.heard() == [f"{ALICE} AWAY *"]
    second(world, alice)
    assert bob.heard() == [f"{ALICE} AWAY"]


def test_ones_own_words_stand_whoever_comes_and_goes(world: World) -> None:
    alice, bob = registered(world), world.connect("bob", "away-notify")
    alice.send("AWAY :at lunch")
    phone = second(world, alice, "*")
    third = second(world, alice)
    third.send("AWAY *")
    alice.send("QUIT")
    assert bob.heard() == [f"{ALICE} AWAY :at lunch"]
    phone.send("AWAY :asleep")
    assert bob.heard() == [f"{ALICE} AWAY asleep"]


def test_an_account_may_come_back_without_being_there(world: World) -> None:
    alice, bob = registered(world), world.connect("bob", "away-notify")
    user = user_of(world, alice)
    alice.send("QUIT")
    assert bob.heard()[0].startswith(f"{ALICE} AWAY :Offline since ")
    session = world.arrive()
    assert user.owner is not None
    world.submit(
        session,
        entries.Open(
            session.session.id,
            "alice",
            "~alice",
            "Alice Example",
            "host.test",
            account=user.owner.id,
            away="*",
        ),
    )
    assert bob.heard() == [f"{ALICE} AWAY *"]


def test_whether_somebody_sits_there_survives_a_reload(world: World) -> None:
    alice = world.connect("alice")
    alice.send("AWAY *")
    (row,) = [row for row in world.tables["sessions"].values() if row[0] == alice.session.id]
    assert row[COLUMNS["sessions"].index("absent")] == 1


def test_a_new_host_is_shown_to_who_asked(world: World) -> None:
    alice, bob = world.connect("alice", "chghost"), world.connect("bob", "chghost")
    user = user_of(world, alice)
    world.bring_about(lambda state, out: change_host(state, user, "~al", "cloak.test", out))
    line = f"{ALICE} CHGHOST ~al cloak.test"
    assert (alice.heard(), bob.heard()) == ([line], [line])
    assert world.connect("carol").ask("WHOIS alice")[0].split()[4:6] == ["~al", "cloak.test"]


def test_others_see_a_new_host_as_leaving_and_coming_back(world: World) -> None:
    alice, bob = world.connect("alice"), world.connect("bob", "extended-join away-notify")
    alice.send("JOIN #room", "MODE #room +v alice", "AWAY :at lunch")
    bob.ask("JOIN #room", "PART #lobby")
    user = user_of(world, alice)
    alice.heard()
    world.bring_about(lambda state, out: change_host(state, user, "~alice", "cloak.test", out))
    new = ":alice!~alice@cloak.test"
    assert bob.heard() == [
        f"{ALICE} QUIT :Changing host",
        f"{new} JOIN #room * :Alice Example",
        ":hub.test MODE #room +ov alice alice",
        f"{new} AWAY :at lunch",
    ]
    assert alice.heard() == []


def test_the_same_host_is_no_change(world: World) -> None:
    alice, bob = world.connect("alice"), world.connect("bob", "chghost")
    user = user_of(world, alice)
    world.bring_about(lambda state, out: change_host(state, user, "~alice", "host.test", out))
    assert bob.heard() == []
