"""Keeping order: who has a role can, who has none can't, and whatever is done is in the audit log."""

from __future__ import annotations

import msgspec
import pytest

from hubbub.core import entries
from hubbub.core.ids import NO_SESSION
from tests.world import Person, World

NOT_ALLOWED = ":hub.test 481 {} :That takes the role of moderator"


@pytest.fixture
def chat(world: World) -> World:
    world.account("root", role="admin")
    world.account("max", role="moderator")
    world.account("mia", role="moderator")
    world.account("amy")
    return world


@pytest.fixture
def max_(chat: World) -> Person:
    return chat.connect("max", "standard-replies", password="password")


@pytest.fixture
def root(chat: World) -> Person:
    return chat.connect("root", "standard-replies", password="password")


def turned_away(world: World, nick: str, *, host: str = "host.test", password: str = "") -> str:
    """What somebody is told who may not come in; empty for one who may."""
    person = world.arrive(host=host)
    try:
        if password:
            world._people.pop(person.session.id)
            world._sessions.pop(person.session.id)
            world.connect(nick, host=host, password=password)
            return ""
        person.send(f"NICK {nick}", f"USER {nick} 0 * :{nick}")
    except AssertionError:
        return "refused"
    refused = [line for line in person.heard() if " 465 " in line]
    return refused[0] if refused else ""


@pytest.mark.parametrize(
    "line",
    [
        "BAN",
        "BAN bob",
        "UNBAN bob",
        "MUTE",
        "MUTE bob",
        "UNMUTE bob",
        "LOCKDOWN",
        "LOCKDOWN ON",
        "AUDIT",
        "UNDO 1",
    ],
)
def test_without_a_role_nothing_of_it_can_be_done(chat: World, line: str) -> None:
    amy = chat.connect("amy", "standard-replies", password="password")
    guest = chat.connect("gus", "standard-replies")
    before = chat.tables["measures"].copy()
    assert amy.ask(line) == [NOT_ALLOWED.format("amy")]
    assert guest.ask(line) == [NOT_ALLOWED.format("gus")]
    assert chat.tables["measures"] == before
    assert "lockdown" not in {key[0] for key in chat.tables["counters"]}


# -- bans ---------------------------------------------------------------------------------


def test_a_ban_puts_out_and_keeps_out_until_it_is_over(chat: World, max_: Person) -> None:
    bob = chat.connect("bob", host="192.0.2.7")
    [done] = [line for line in max_.ask("BAN bob 1h too loud") if " NOTE " in line]
    assert done.startswith(":hub.test NOTE BAN BANNED bob :bob is banned until 2023-11-14 23:")
    assert "(too loud)" in done
    assert bob.closed
    assert bob.heard()[-1].startswith("ERROR :Closing link: Banned until 2023-11-14 23:")
    assert "(too loud)" in turned_away(chat, "bob")
    assert turned_away(chat, "zoe", host="192.0.2.7").startswith(
        ":hub.test 465 * :You are banned from this server until 2023-11-14 23:"
    )
    chat.pass_time(3_600_000)
    assert turned_away(chat, "zoe", host="192.0.2.7") == ""
    chat.operate(entries.TimePassed(NO_SESSION))
    assert chat.tables["measures"] == {}


def test_a_ban_is_kept_over_a_restart(chat: World, max_: Person) -> None:
    max_.send("BAN bob", "BAN 192.0.2.0/24", "BAN *!~evil@*")
    chat.restart()
    assert turned_away(chat, "bob")
    assert turned_away(chat, "zoe", host="192.0.2.200")
    assert turned_away(chat, "evil")
    assert turned_away(chat, "good") == ""


def test_an_ipv6_subscriber_is_one_whatever_address_it_takes(chat: World, max_: Person) -> None:
    chat.connect("bob", host="2001:db8:1:2::9")
    max_.send("BAN bob")
    assert turned_away(chat, "zoe", host="2001:db8:1:2:ffff::1")
    assert turned_away(chat, "zed", host="2001:db8:1:3::9") == ""


def test_who_is_here_is_met_by_a_mask_and_a_network(chat: World, max_: Person) -> None:
    bob, eve = chat.connect("bob", host="192.0.2.7"), chat.connect("eve", host="198.51.100.1")
    max_.send("BAN 192.0.2.0/24 1d")
    assert bob.closed
    assert not eve.closed
    max_.send("BAN ev*!*@*")
    assert eve.closed


def test_an_account_is_banned_from_wherever_it_comes(chat: World, max_: Person) -> None:
    amy = chat.connect("amy", password="password")
    max_.send("BAN account:AMY :no more")
    assert amy.closed
    assert turned_away(chat, "amy", host="198.51.100.1", password="password") == "refused"
    assert max_.ask("BAN account:nobody") == [
        ":hub.test FAIL BAN INVALID_TARGET account:nobody :There is no account nobody"
    ]
    max_.send("UNBAN account:amy")
    assert turned_away(chat, "amy", password="password") == ""


@pytest.mark.parametrize(
    "target", ["#lobby", "*", "*!*@*", "127.0.0.1", "::1", "0.0.0.0/0", "::/0", "x" * 201]
)
def test_what_is_no_target(max_: Person, target: str) -> None:
    [refused] = max_.ask(f"BAN {target}")
    assert refused.startswith(":hub.test FAIL BAN INVALID_TARGET ")


def test_a_ban_on_the_same_target_takes_the_place_of_the_first(chat: World, max_: Person) -> None:
    max_.send("BAN bob 1h first", "BAN BOB 2h second")
    listed = max_.ask("BAN")
    assert len(listed) == 2
    assert "second" in listed[0]
    assert listed[1] == ":hub.test NOTE BAN END :1 in force"


def test_there_is_a_bound_to_bans(chat: World, max_: Person) -> None:
    rules = msgspec.structs.replace(chat.rules, measures=2)
    chat.operate(entries.RulesChanged(NO_SESSION, rules))
    max_.send("BAN one", "MUTE two")
    [refused] = max_.ask("BAN three")
    assert refused.startswith(":hub.test FAIL BAN TOO_MANY three ")
    assert max_.ask("BAN one 1h")[0].startswith(":hub.test NOTE BAN BANNED one ")


def test_unban_takes_what_ban_took(chat: World, max_: Person) -> None:
    for target in ("bob", "192.0.2.7", "192.0.2.9/24", "2001:db8::5", "evil*", "*!*@x.*"):
        max_.send(f"BAN {target}")
        assert len(chat.tables["measures"]) == 1
        assert " UNBAN UNBANNED " in max_.ask(f"UNBAN {target}")[0]
        assert chat.tables["measures"] == {}
    assert max_.ask("UNBAN bob") == [":hub.test 401 max bob :Nobody of that name is banned"]


# -- nobody locks out those who keep order ------------------------------------------------


@pytest.mark.parametrize("verb", ["BAN", "MUTE"])
def test_an_admin_is_met_by_nothing(chat: World, max_: Person, root: Person, verb: str) -> None:
    for target in ("root", "account:root"):
        assert max_.ask(f"{verb} {target}") == [
            ":hub.test 481 max :root is admin: that role has to be taken away first"
        ]
        assert root.ask(f"{verb} {target}") == [
            ":hub.test 481 root :root is admin: that role has to be taken away first"
        ]
    kind = entries.Ban if verb == "BAN" else entries.Mute
    [refused] = chat.operate(kind(NO_SESSION, "root", ""))
    assert refused.command == "481"
    max_.send(f"{verb} r*!*@*", f"{verb} 192.0.2.0/24")
    assert not root.closed
    other = chat.connect("root", host="192.0.2.7", password="password")
    assert not [line for line in other.ask("PRIVMSG #lobby :hello") if " 404 " in line]


def test_a_moderator_is_banned_by_an_admin_only(chat: World, max_: Person, root: Person) -> None:
    mia = chat.connect("mia", password="password")
    assert max_.ask("BAN mia") == [":hub.test 481 max :mia is moderator: that takes an admin"]
    assert max_.ask("MUTE mia") == [":hub.test 481 max :mia is moderator: that takes an admin"]
    root.send("MUTE mia")
    assert " 404 " in mia.ask("PRIVMSG #lobby :hello")[0]
    assert mia.ask("UNMUTE mia") == [
        ":hub.test 481 mia :That is about you: somebody else may lift it"
    ]
    root.send("UNMUTE mia", "BAN mia 1h")
    assert mia.closed


def test_a_moderator_does_not_kill_an_admin(chat: World, max_: Person, root: Person) -> None:
    assert max_.ask("KILL root :bye") == [":hub.test 481 max :That takes the role of admin"]
    root.send("KILL max :bye")
    assert max_.closed
    assert chat.operate(entries.Disconnect(NO_SESSION, "root", "")) == []
    assert root.closed


# -- mutes --------------------------------------------------------------------------------


def test_who_is_muted_is_told_and_says_nothing(chat: World, max_: Person) -> None:
    bob, amy = chat.connect("bob"), chat.connect("amy", "message-tags", password="password")
    bob.send("CAP REQ message-tags", "JOIN #den")
    amy.send("JOIN #den")
    max_.send("MUTE bob 10m too loud")
    [told] = [line for line in bob.heard() if "NOTICE bob" in line]
    assert "You are muted until 2023-11-14 22:" in told
    amy.heard()
    assert (
        " 404 bob #lobby :Cannot send to channel (you are muted until"
        in (bob.ask("PRIVMSG #lobby :hello")[0])
    )
    assert " 531 bob amy :You are muted until" in bob.ask("PRIVMSG amy :psst")[0]
    assert " 404 bob #den " in bob.ask("TOPIC #den :mine")[0]
    assert " 404 bob #den " in bob.ask("INVITE max #den")[0]
    assert bob.ask("@+typing=active TAGMSG #lobby") == []
    assert bob.ask("REGISTER bob * password-of-bob")[0].startswith(
        ":hub.test NOTICE bob :FAIL REGISTER TEMPORARILY_UNAVAILABLE bob You are muted"
    )
    assert amy.heard() == []
    bob.send("PRIVMSG max :why?", "PART #den :last words")
    assert any(line.endswith("PRIVMSG max why?") for line in max_.heard())
    assert [line.split(" ", 1)[1] for line in amy.heard()] == [":bob!~bob@host.test PART #den"]
    bob.send("QUIT :more last words")
    assert amy.heard()[-1].endswith("QUIT Quit")


def test_a_mute_goes_along_under_another_name_and_ends(chat: World, max_: Person) -> None:
    bob = chat.connect("bob", host="localhost")
    max_.send("MUTE bob 10m")
    bob.send("NICK rob")
    assert " 404 rob " in bob.ask("PRIVMSG #lobby :hello")[0]
    chat.pass_time(600_000)
    assert bob.ask("PRIVMSG #lobby :hello") == []
    max_.send("MUTE rob")
    bob.heard()
    max_.send("UNMUTE rob")
    assert bob.heard() == [":hub.test NOTICE rob :You may speak again"]
    assert bob.ask("PRIVMSG #lobby :hello") == []


def test_who_is_not_muted_speaks(chat: World, max_: Person) -> None:
    amy = chat.connect("amy", password="password")
    max_.send("MUTE bob", "MUTE x*!*@*")
    assert amy.ask("PRIVMSG #lobby :hello") == []
    assert [line.split(" ", 5)[5] for line in max_.ask("MUTE")[:-1]] != []


# -- lockdown -----------------------------------------------------------------------------


def test_lockdown_keeps_new_guests_out_and_nobody_else(chat: World, max_: Person) -> None:
    bob = chat.connect("bob", device="b" * 32)
    root = chat.connect("root", password="password")
    assert max_.ask("LOCKDOWN") == [":hub.test NOTE LOCKDOWN OFF :guests are let in"]
    assert max_.ask("LOCKDOWN ON a raid") == [
        ":hub.test NOTE LOCKDOWN ON * :Lockdown: no new guests are let in (a raid)"
    ]
    assert root.heard() == [
        ":hub.test WALLOPS :Lockdown: no new guests are let in (a raid), by max"
    ]
    assert bob.heard() == []
    assert max_.ask("LOCKDOWN ON")[0].startswith(":hub.test FAIL LOCKDOWN ALREADY_SET ")
    assert turned_away(chat, "eve") == (
        ":hub.test 465 * :No new guests are let in at the moment: "
        "log in to your account, or try again later"
    )
    new = chat.arrive()
    new.send("CAP REQ :draft/account-registration standard-replies", "NICK eve")
    [refused] = new.ask("REGISTER * * password-of-eve")
    assert " TEMPORARILY_UNAVAILABLE eve :No new guests " in refused
    assert turned_away(chat, "amy", password="password") == ""
    bob.lose()
    chat.connect("bob", device="b" * 32)
    chat.restart()
    assert turned_away(chat, "eve")
    back = chat.connect("max", "standard-replies", password="password")
    assert back.ask("LOCKDOWN") == [":hub.test NOTE LOCKDOWN ON :no new guests are let in"]
    assert back.ask("LOCKDOWN OFF") == [
        ":hub.test NOTE LOCKDOWN OFF * :Lockdown is over: guests are let in again"
    ]
    assert turned_away(chat, "eve") == ""


def test_lockdown_takes_on_or_off(max_: Person) -> None:
    assert max_.ask("LOCKDOWN please") == [
        ":hub.test FAIL LOCKDOWN INVALID_PARAMS please :It is written: LOCKDOWN ON|OFF [reason]"
    ]


# -- the audit log ------------------------------------------------------------------------


def acts(person: Person, line: str = "AUDIT") -> list[str]:
    """The acts that are told, without their numbers and times."""
    *told, _ = person.ask(line)
    return [text.split(" UTC ", 1)[1] for text in told]


def test_all_that_is_done_is_in_the_audit_log(chat: World, max_: Person, root: Person) -> None:
    amy = chat.connect("amy", password="password")
    amy.send("JOIN #den")
    chat.connect("bob").send("JOIN #den")
    start = len(acts(max_))
    max_.send(
        "BAN eve 1h spam",
        "UNBAN eve sorry",
        "MUTE eve",
        "UNMUTE eve",
        "LOCKDOWN ON raid",
        "LOCKDOWN OFF",
        "KICK #den bob :out",
        "MODE #den +m",
        "KILL bob :bye",
    )
    chat.operate(entries.SetRole(NO_SESSION, "amy", "moderator"))
    chat.operate(entries.DeleteAccount(NO_SESSION, "mia"))
    told = acts(root)[start:]
    assert [text.split(" until ")[0] for text in told] == [
        "max: ban eve",
        "max: unban eve (sorry)",
        "max: mute eve",
        "max: unmute eve",
        "max: lockdown on (raid)",
        "max: lockdown off",
        "max: kick bob [#den] (out)",
        "max: mode #den [+m]",
        "max: kill bob (bye)",
        "console: role amy [member to moderator]",
        "console: account deleted mia",
    ]
    assert told[0].endswith("(spam)")
    assert acts(root, "AUDIT console")[-1] == "console: account deleted mia"
    assert {text.partition(":")[0] for text in acts(root, "AUDIT MAX")} == {"max"}


def test_what_a_rooms_own_operators_do_is_their_affair(chat: World, max_: Person) -> None:
    amy = chat.connect("amy", password="password")
    amy.send("JOIN #den")
    chat.connect("bob").send("JOIN #den")
    before = acts(max_)
    amy.send("KICK #den bob :out", "MODE #den +m")
    assert acts(max_) == before


def test_the_audit_log_is_asked_by_time_and_number(chat: World, max_: Person) -> None:
    max_.send("BAN one")
    chat.pass_time(7_200_000)
    max_.send("BAN two")
    assert acts(max_, "AUDIT 1h") == ["max: ban two"]
    assert acts(max_, "AUDIT --since=1h --who max") == ["max: ban two"]
    assert acts(max_, "AUDIT 1h nobody") == []
    last = max_.ask("AUDIT 1h")[0].split()[4]
    assert acts(max_, f"AUDIT #{last}") == ["max: ban two"]
    assert max_.ask("AUDIT a b")[0].startswith(":hub.test FAIL AUDIT INVALID_PARAMS ")


# -- taking back --------------------------------------------------------------------------


def last_number(person: Person) -> str:
    return person.ask("AUDIT")[-2].split()[4]


def test_what_can_be_undone_is(chat: World, max_: Person, root: Person) -> None:
    bob = chat.connect("bob")
    max_.send("BAN eve")
    assert max_.ask(f"UNDO {last_number(max_)}")[-1].endswith(":eve is no longer banned")
    assert turned_away(chat, "eve") == ""
    max_.send("MUTE bob")
    assert max_.ask(f"UNDO #{last_number(max_)}")[-1].endswith(":bob is no longer muted")
    assert bob.ask("PRIVMSG #lobby :hello") == []
    max_.send("LOCKDOWN ON")
    number = last_number(max_)
    max_.send(f"UNDO {number}")
    assert turned_away(chat, "zoe") == ""
    assert max_.ask(f"UNDO {number}") == [
        f":hub.test FAIL UNDO NOT_IN_FORCE {number} :It is over already"
    ]
    chat.operate(entries.SetRole(NO_SESSION, "amy", "admin"))
    number = last_number(max_)
    assert max_.ask(f"UNDO {number}") == [":hub.test 481 max :That takes the role of admin"]
    assert root.ask(f"UNDO {number}")[-1].endswith(":amy is member again")
    account = chat.state.account_named("amy")
    assert account is not None
    assert account.role == "member"
    assert root.ask(f"UNDO {number}")[-1].startswith(":hub.test FAIL UNDO NOT_IN_FORCE")


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("KILL bob", "nothing keeps them from coming again"),
        ("UNBAN eve", "ban again"),
        ("UNMUTE sue", "mute again"),
    ],
)
def test_what_cant_be_undone_is_said(chat: World, max_: Person, line: str, why: str) -> None:
    chat.connect("bob")
    max_.send("BAN eve", "MUTE sue", line)
    [refused] = max_.ask(f"UNDO {last_number(max_)}")
    assert refused.startswith(":hub.test FAIL UNDO CANNOT_UNDO ")
    assert refused.endswith(why)


def test_undo_takes_a_number_that_is_there(max_: Person) -> None:
    assert max_.ask("UNDO x") == [
        ":hub.test FAIL UNDO INVALID_PARAMS x :Expected a number of the audit log"
    ]
    for number in ("0", "99999"):
        assert max_.ask(f"UNDO {number}") == [
            f":hub.test FAIL UNDO UNKNOWN_NUMBER {number} :The audit log has no act of this number"
        ]
