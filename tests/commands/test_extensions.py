"""What IRCv3 extensions change of commands that are older than they."""

import msgspec
import pytest

from hubbub.core import entries
from hubbub.core.ids import NO_SESSION
from tests.world import RULES, Person, World

ALICE = ":alice!~alice@host.test"
BOB = ":bob!~bob@host.test"
GONE = "You have been marked as being away"
NAMES_END = "End of /NAMES list"


def register(world: World, person: Person) -> None:
    """Makes the person's name an account."""
    world.submit(person, entries.Register(person.session.id, person.session.nick, "v", "s"))


# -- accounts: account-tag, account-notify, extended-join ---------------------------------


def test_logging_in_is_shown_and_what_is_said_then_bears_the_account(world: World) -> None:
    alice, bob = world.connect("alice"), world.connect("bob", "account-tag account-notify")
    alice.send("PRIVMSG #lobby before")
    register(world, alice)
    alice.send("PRIVMSG #lobby after", "PRIVMSG bob psst", "TOPIC #lobby x", "JOIN #room")
    assert bob.heard() == [
        f"{ALICE} PRIVMSG #lobby before",
        f"@account=alice {ALICE} ACCOUNT alice",
        f"@account=alice {ALICE} PRIVMSG #lobby after",
        f"@account=alice {ALICE} PRIVMSG bob psst",
        f"@account=alice {ALICE} TOPIC #lobby x",
    ]


def test_ones_own_login_is_shown_too(world: World) -> None:
    alice = world.connect("alice", "account-notify")
    register(world, alice)
    assert f"{ALICE} ACCOUNT alice" in alice.heard()


def test_who_joins_is_shown_with_account_and_real_name(world: World) -> None:
    alice, bob = world.connect("alice", "extended-join"), world.connect("bob")
    alice.ask("JOIN #room")
    bob.send("JOIN #room", "PART #room")
    assert alice.heard()[0] == f"{BOB} JOIN #room * :Bob Example"
    register(world, bob)
    bob.send("JOIN #room")
    assert alice.heard()[-1] == f"{BOB} JOIN #room bob :Bob Example"
    assert alice.ask("JOIN #other")[0] == f"{ALICE} JOIN #other * :Alice Example"


def test_history_bears_the_account_of_then(world: World) -> None:
    alice = world.connect("alice", "message-tags")
    alice.send("PRIVMSG #lobby before")
    register(world, alice)
    alice.send("PRIVMSG #lobby after", "PART #lobby", "JOIN #lobby")
    bob = world.connect(
        "bob", "batch draft/chathistory draft/event-playback account-tag extended-join"
    )
    lines = [line.partition(" :")[::2] for line in bob.ask("CHATHISTORY LATEST #lobby * 4")[1:-1]]
    assert [line for _, line in lines] == [
        "alice!~alice@host.test PRIVMSG #lobby after",
        "alice!~alice@host.test PART #lobby",
        "alice!~alice@host.test JOIN #lobby alice :Alice Example",
        "bob!~bob@host.test JOIN #lobby * :Bob Example",
    ]
    assert ["account=alice" in tags for tags, _ in lines] == [True, True, True, False]


def test_whox_tells_the_account(world: World) -> None:
    alice, bob = world.connect("alice"), world.connect("bob")
    assert bob.ask("WHO alice %na")[0] == ":hub.test 354 bob alice 0"
    register(world, alice)
    assert bob.ask("WHO alice %na")[0] == ":hub.test 354 bob alice alice"


def test_whois_tells_the_account(world: World) -> None:
    alice, bob = world.connect("alice"), world.connect("bob")
    register(world, alice)
    assert ":hub.test 330 bob alice alice :is logged in as" in bob.ask("WHOIS alice")


# -- account-extban -----------------------------------------------------------------------


@pytest.mark.parametrize("mask", ["~a:BOB", "$a:bob", "~account:b?b", "~A:*"])
def test_an_account_is_banned_under_whatever_mask(world: World, mask: str) -> None:
    alice, bob = world.connect("alice"), world.connect("bob")
    alice.send("JOIN #room", f"MODE #room +b {mask}")
    shown = "~a:" + mask.partition(":")[2]
    assert alice.heard()[-1] == f"{ALICE} MODE #room +b {shown}"
    guest = world.connect("carol")
    assert "JOIN #room" in guest.ask("JOIN #room")[0]
    register(world, bob)
    assert bob.ask("JOIN #room") == [":hub.test 474 bob #room :Cannot join channel (+b)"]
    alice.send(f"MODE #room -b {mask}")
    assert bob.ask("JOIN #room")[0] == f"{BOB} JOIN #room"


def test_a_guest_of_that_name_is_not_the_account(world: World) -> None:
    alice, bob = world.connect("alice"), world.connect("bob")
    alice.send("JOIN #room", "MODE #room +b ~a:bob")
    assert bob.ask("JOIN #room")[0] == f"{BOB} JOIN #room"


def test_account_masks_open_and_except_too(world: World) -> None:
    alice, bob = world.connect("alice"), world.connect("bob")
    register(world, bob)
    alice.send("JOIN #room", "MODE #room +ieI b*!*@* ~a:bob", "MODE #room +I ~a:bob")
    alice.send("MODE #room +b *!*@*", "MODE #room +e ~a:bob")
    assert bob.ask("JOIN #room")[0] == f"{BOB} JOIN #room"


def test_account_masks_are_advertised(world: World) -> None:
    text = " ".join(world.connect("alice").ask("VERSION"))
    assert " EXTBAN=~,a " in text
    assert " ACCOUNTEXTBAN=a,account " in text


# -- invite-notify ------------------------------------------------------------------------


@pytest.fixture
def inviting(world: World) -> tuple[Person, Person, Person, Person]:
    """Alice who runs #room, Bob and old Carol who are in it, Dave who isn't."""
    people = tuple(
        world.connect(nick, capability)
        for nick, capability in (
            ("alice", "invite-notify"),
            ("bob", "invite-notify"),
            ("carol", ""),
            ("dave", "invite-notify"),
        )
    )
    for person in people[:3]:
        person.send("JOIN #room")
    for person in people:
        person.heard()
    alice, bob, carol, dave = people
    return alice, bob, carol, dave


def test_members_who_asked_see_who_is_invited(
    inviting: tuple[Person, Person, Person, Person],
) -> None:
    alice, bob, carol, dave = inviting
    assert alice.ask("INVITE dave #room") == [":hub.test 341 alice dave #room"]
    line = f"{ALICE} INVITE dave #room"
    assert (bob.heard(), carol.heard(), dave.heard()) == ([line], [], [line])


def test_of_an_invite_only_room_those_who_may_invite_see_it(
    inviting: tuple[Person, Person, Person, Person],
) -> None:
    alice, bob, carol, dave = inviting
    alice.send("MODE #room +io carol")
    for person in inviting:
        person.heard()
    carol.send("INVITE dave #room")
    line = ":carol!~carol@host.test INVITE dave #room"
    assert (alice.heard(), bob.heard(), dave.heard()) == ([line], [], [line])


# -- userhost-in-names, no-implicit-names -------------------------------------------------


def test_names_have_masks_for_who_asked(world: World) -> None:
    alice = world.connect("alice", "userhost-in-names multi-prefix")
    alice.send("JOIN #room", "MODE #room +v alice")
    world.connect("bob").send("JOIN #room")
    assert alice.ask("NAMES #room")[0] == (
        ":hub.test 353 alice = #room :@+alice!~alice@host.test bob!~bob@host.test"
    )


def test_many_masks_go_on_in_further_lines(world: World) -> None:
    people = [
        world.connect(f"p{number}{'x' * 25}", "userhost-in-names", host="h" * 63)
        for number in range(20)
    ]
    lines = people[0].ask("NAMES #lobby")
    assert len(lines) > 5
    assert all(len(line.encode()) <= 510 for line in lines)


@pytest.mark.parametrize("capability", ["no-implicit-names", "draft/no-implicit-names"])
def test_who_wants_no_names_on_joining_gets_none(world: World, capability: str) -> None:
    alice = world.arrive()
    lines = alice.ask(f"CAP REQ {capability}", "NICK alice", "USER alice 0 * :A", "CAP END")
    assert lines[-1] == ":alice!~alice@host.test JOIN #lobby"
    assert alice.ask("JOIN #room") == [f"{ALICE} JOIN #room"]
    assert alice.ask("NAMES #room") == [
        ":hub.test 353 alice = #room @alice",
        f":hub.test 366 alice #room :{NAMES_END}",
    ]


# -- extended-isupport, network-icon ------------------------------------------------------


def test_what_is_supported_is_told_before_registration(world: World) -> None:
    alice = world.arrive()
    start, *lines, end = alice.ask("CAP REQ :batch draft/extended-isupport", "ISUPPORT")[1:]
    assert (start, end) == (":hub.test BATCH +b1 draft/isupport", ":hub.test BATCH -b1")
    assert all(line.startswith("@batch=b1 :hub.test 005 * ") for line in lines)
    welcome = alice.ask("NICK alice", "USER alice 0 * :A", "CAP END")
    told = [line for line in welcome if " 005 " in line]
    assert told == [line.replace("b1", "b2").replace(" * ", " alice ") for line in lines]
    assert ":hub.test BATCH +b2 draft/isupport" in welcome
    assert ":hub.test BATCH +b3 draft/isupport" in alice.ask("VERSION")


def test_without_batch_it_is_told_in_plain_lines(world: World) -> None:
    alice = world.arrive()
    lines = alice.ask("CAP REQ draft/extended-isupport", "ISUPPORT")[1:]
    assert {line.split()[1] for line in lines} == {"005"}


def test_who_did_not_ask_for_it_may_after_registration_only(world: World) -> None:
    assert world.arrive().ask("ISUPPORT") == [":hub.test 451 * :You have not registered"]
    lines = world.connect("alice").ask("ISUPPORT")
    assert {line.split()[1] for line in lines} == {"005"}


def test_the_icon_is_advertised_when_there_is_one(world: World) -> None:
    assert "ICON" not in " ".join(world.connect("alice").ask("ISUPPORT"))
    icon = "https://chat.example/icon.svg"
    alice = World(msgspec.structs.replace(RULES, icon=icon)).connect("alice")
    assert f" draft/ICON={icon} " in " ".join(alice.ask("ISUPPORT"))


# -- pre-away -----------------------------------------------------------------------------


def test_one_may_arrive_away(world: World) -> None:
    bob = world.connect("bob", "away-notify")
    alice = world.arrive()
    assert alice.ask("CAP REQ draft/pre-away", "AWAY :at lunch")[1:] == [f":hub.test 306 * :{GONE}"]
    alice.send("NICK alice", "USER alice 0 * :A", "CAP END")
    assert bob.heard() == [f"{ALICE} JOIN #lobby", f"{ALICE} AWAY :at lunch"]
    assert bob.ask("PRIVMSG alice hi") == [":hub.test 301 bob alice :at lunch"]


def test_one_may_think_better_of_it(world: World) -> None:
    alice = world.arrive()
    alice.send("CAP REQ draft/pre-away", "AWAY *")
    assert alice.ask("AWAY") == [":hub.test 305 * :You are no longer marked as being away"]
    alice.send("NICK alice", "USER alice 0 * :A", "CAP END")
    assert world.connect("bob").ask("PRIVMSG alice hi") == []


def test_without_the_capability_away_waits_for_registration(world: World) -> None:
    assert world.arrive().ask("AWAY x") == [":hub.test 451 * :You have not registered"]


def test_who_only_connected_is_away_without_words(world: World) -> None:
    alice = world.arrive()
    alice.send("CAP REQ draft/pre-away", "AWAY *", "NICK alice", "USER alice 0 * :A", "CAP END")
    bob = world.connect("bob", "away-notify")
    assert bob.ask("PRIVMSG alice hi") == [":hub.test 301 bob alice *"]
    alice.send("AWAY")
    assert bob.heard() == [f"{ALICE} AWAY"]
    alice.send("AWAY *")
    assert bob.heard() == [f"{ALICE} AWAY *"]


# -- bot-mode, oper-tag -------------------------------------------------------------------


def test_what_a_bot_does_bears_a_tag(world: World) -> None:
    robot, bob = world.connect("robot"), world.connect("bob", "message-tags")
    old = world.connect("old")
    robot.send("MODE robot +B", "PRIVMSG #lobby hi", "NOTICE bob hi", "TOPIC #lobby x")
    robot.send("MODE robot -B", "PRIVMSG #lobby bye")
    source = ":robot!~robot@host.test"
    lines = bob.heard()
    assert [line.partition(" ")[2] for line in lines] == [
        f"{source} PRIVMSG #lobby hi",
        f"{source} NOTICE bob hi",
        f"{source} TOPIC #lobby x",
        f"{source} PRIVMSG #lobby bye",
    ]
    tags = [line.partition(" ")[0].removeprefix("@").split(";") for line in lines]
    assert ["bot" in these for these in tags] == [True, True, True, False]
    assert old.heard()[0] == f"{source} PRIVMSG #lobby hi"


def test_a_bots_tag_stands_before_its_own_tags_and_in_the_history(world: World) -> None:
    robot = world.connect("robot", "message-tags")
    robot.send("MODE robot +B", "@+x=1 PRIVMSG #lobby hi")
    bob = world.connect("bob", "message-tags batch draft/chathistory")
    assert ";bot;+x=1 " in bob.ask("CHATHISTORY LATEST #lobby * 1")[1]


def test_what_an_operator_does_bears_a_tag_for_who_asked(world: World) -> None:
    alice, bob = world.connect("alice"), world.connect("bob", "draft/oper-tag")
    register(world, alice)
    world.operate(entries.SetRole(NO_SESSION, "alice", "moderator"))
    bob.heard()
    alice.send("PRIVMSG #lobby hi")
    assert bob.heard() == [f"@draft/oper {ALICE} PRIVMSG #lobby hi"]


# -- client tags --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tags", "verb"),
    [
        ("+channel-context=#lobby", "NOTICE"),
        ("+typing=active", "TAGMSG"),
        ("+reply=worlds1", "PRIVMSG"),
        ("+reply=worlds1;+draft/react=\\:)", "TAGMSG"),
    ],
)
def test_client_tags_pass_as_they_are(world: World, tags: str, verb: str) -> None:
    alice, bob = world.connect("alice", "message-tags"), world.connect("bob", "message-tags")
    alice.send(f"@{tags} {verb} bob" + (" :hi" if verb != "TAGMSG" else ""))
    (line,) = bob.heard()
    assert line.partition(" ")[0].endswith(tags)


# -- labeled-response ---------------------------------------------------------------------


def test_a_message_to_oneself_bears_a_label_as_an_echo_only(world: World) -> None:
    echoed = world.connect("ann", "batch labeled-response echo-message")
    plain = world.connect("bob", "batch labeled-response")
    assert echoed.ask("@label=1 PRIVMSG ann hi") == [
        "@label=1 :ann!~ann@host.test PRIVMSG ann hi",
    ]
    assert plain.ask("@label=1 PRIVMSG bob hi") == [
        f"{BOB} PRIVMSG bob hi",
        "@label=1 :hub.test ACK",
    ]


def test_labels_need_batches(world: World) -> None:
    alice = world.connect("alice", "labeled-response")
    assert alice.ask("@label=1 PONG") == []


def test_a_tagmsg_is_echoed(world: World) -> None:
    alice = world.connect("alice", "message-tags echo-message batch labeled-response")
    (line,) = alice.ask("@label=1;+typing=active TAGMSG #lobby")
    assert line.startswith("@label=1;")
    assert line.endswith(f";+typing=active {ALICE} TAGMSG #lobby")
