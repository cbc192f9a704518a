"""What went wrong in other chat servers, tried here: one short test for each class of public advisory.

The comment before a test names advisories of its class. What other tests prove is in docs/security.md.
"""

from __future__ import annotations

import msgspec
import pytest

from hubbub.core import entries
from hubbub.core.ids import NO_SESSION, msgid
from hubbub.edge.session import Phase
from hubbub.irc.capabilities import BY_NAME
from tests.commands.replies import codes, plain
from tests.commands.test_invitelink import by_invitation, comes, invite, is_in
from tests.commands.test_recovery import reset_code
from tests.world import LOG_ID, RULES, Person, World

CAPABILITIES = " ".join(name for name in BY_NAME if name not in ("sasl", "sts"))
WORD = "platypus"
"""What is said in the room that others may not read."""


def text_of(lines: list[str]) -> str:
    return "\n".join(lines)


def bare(lines: list[str]) -> list[str]:
    """The lines without their tags."""
    return [line.partition(" ")[2] if line.startswith("@") else line for line in lines]


def id_of(world: World, text: str) -> str:
    (row,) = [row for row in world.history.rows if row.params == (text,)]
    return msgid(LOG_ID, row.place)


@pytest.fixture
def olga(world: World) -> Person:
    """Olga, who has an account and runs #secret, of which the others may not know."""
    for name in ("olga", "vera"):
        world.account(name)
    olga = world.connect("olga", CAPABILITIES, password="password")
    olga.send("JOIN #secret", "TOPIC #secret :the plan", "ROOM REGISTER #secret")
    olga.send("MODE #secret +s", f"PRIVMSG #secret :{WORD}")
    return olga


@pytest.fixture
def eve(world: World, olga: Person) -> Person:
    """Eve, a guest who is in none of Olga's rooms."""
    return world.connect("eve", CAPABILITIES)


# -- what there is of a secret room ---------------------------------------------------------

LOOKING = """PRIVMSG {room} :x|NOTICE {room} :x|PRIVMSG @{room} :x|@+typing=active TAGMSG {room}
REDACT {room} {id}|PIN {room} {id}|UNPIN {room} {id}|PINS {room}|MARKREAD {room}
@+draft/target-msgid={id};+draft/edit-text=y EDIT {room}
CHATHISTORY LATEST {room} * 9|CHATHISTORY AROUND {room} msgid={id} 9|SEARCH in={room};text=x
PART {room}|TOPIC {room}|TOPIC {room} :x|INVITE zoe {room}|INVITE {room}|UNINVITE zoe {room}
ROOM INFO {room}|ROOM REGISTER {room}|ROOM DROP {room}|ROOM TRANSFER {room} vera
ACCESS {room}|ACCESS {room} ADD vera voice|ACCESS {room} DEL vera|CS op {room} eve
KICK {room} olga|NAMES {room}|LIST {room}|LIST {room}* T<60|LIST >0|WHO {room}|WHO {room} %cn
MODE {room}|MODE {room} b|MODE {room} +m|MODE {room} +o eve|RETENTION {room}|RETENTION {room} 3d
REPORT {room} :x|REPORT {id} :x|RENAME {room} #else
METADATA {room} LIST|METADATA {room} SET url :x|METADATA {room} SYNC"""


# Mattermost CVE-2026-21386 (other words for a private channel than for none), Ergo 1.1.0 (#380) and
# 2.19.0 (#2382, #2405), Synapse CVE-2021-39163 (a private room's name, topic and size).
@pytest.mark.parametrize("line", LOOKING.replace("\n", "|").split("|"))
def test_a_secret_room_is_answered_for_as_one_that_is_not_there(
    world: World, olga: Person, eve: Person, line: str
) -> None:
    world.connect("zoe")
    id = id_of(world, WORD)
    olga.heard()

    def answer(room: str) -> list[str]:
        return [
            said.replace(room, "#room") for said in bare(eve.ask(line.format(room=room, id=id)))
        ]

    there, not_there = answer("#secret"), answer("#nowhere")
    assert there == not_there
    assert WORD not in text_of(there)
    assert olga.heard() == []


def test_those_who_may_know_of_it_are_told_the_truth(world: World, olga: Person) -> None:
    world.account("mod", role="moderator")
    mod = world.connect("mod", CAPABILITIES, password="password")
    zoe = world.connect("zoe", CAPABILITIES)
    olga.send("INVITE zoe #secret", "PART #secret")
    for person in (mod, zoe, olga):
        assert codes(bare(person.ask("TOPIC #secret"))) == ["442"]
    stranger = world.connect("yan", CAPABILITIES)
    assert codes(bare(stranger.ask("TOPIC #secret"))) == ["403"]


# Synapse CVE-2021-39163, Ergo 2.19.0 (#2382): metadata of a room that is private, though not secret.
def test_when_a_private_rooms_topic_was_set_is_not_to_be_guessed(
    world: World, olga: Person, eve: Person
) -> None:
    olga.send("MODE #secret -s+i")
    assert not any("#secret" in line for line in eve.ask("LIST #secret,T<60"))
    assert not any("#secret" in line for line in eve.ask("LIST #secret,T>0"))
    assert any("#secret" in line for line in olga.ask("LIST #secret,T<60"))
    olga.send("MODE #secret -i")
    assert any("#secret" in line for line in eve.ask("LIST #secret,T<60"))


# Synapse CVE-2021-39164 (members of a private room), Ergo 2.1.0 (#991: WHO * shows the invisible).
def test_the_members_of_a_private_room_are_not_enumerated(
    world: World, olga: Person, eve: Person
) -> None:
    for modes in ("+s", "-s+i", "-i+k word"):
        olga.send(f"MODE #secret {modes}")
        lines = eve.ask("NAMES #secret", "WHO #secret", "WHO * %cn", "WHO olga", "WHOIS olga")
        assert "#secret" not in text_of(
            [line for line in lines if " 366 " not in line and " 315 " not in line]
        )


# -- messages of other rooms, by their id ---------------------------------------------------

BY_ID = """REDACT #own {id}|PIN #own {id}|CHATHISTORY AROUND #own msgid={id} 9|REPORT {id} :x
@+draft/target-msgid={id};+draft/edit-text=y EDIT #own|CHATHISTORY BEFORE #own msgid={id} 9
CHATHISTORY AFTER #own msgid={id} 9|REDACT olga {id}|REDACT eve {id}|CHATHISTORY AROUND olga msgid={id} 9"""


# Ergo GHSA-8cmp-fc56-7g44 (redaction), Mattermost CVE-2026-1629 and CVE-2026-24692 (posts of channels that one
# isn't in, by permalink and by search), Mattermost CVE-2026-28759 (a right in one channel used on another).
@pytest.mark.parametrize("line", BY_ID.replace("\n", "|").split("|"))
def test_who_runs_one_room_has_no_right_to_another_ones_messages(
    world: World, olga: Person, eve: Person, line: str
) -> None:
    eve.send("JOIN #own", "PRIVMSG #own :mine")
    answer = eve.ask(line.format(id=id_of(world, WORD)))
    assert WORD not in text_of(answer)
    assert any(row.params == (WORD,) for row in world.history.rows), "it is still there"
    assert not world.state.rooms["#own"].pins  # type: ignore[index]


# Synapse CVE-2024-53867 (state for who has left), Mattermost CVE-2026-1629 and CVE-2026-20796 (after leaving).
@pytest.mark.parametrize("way", ["PART #secret", "KICK #secret eve"])
def test_who_is_out_reads_nothing_any_more(
    world: World, olga: Person, eve: Person, way: str
) -> None:
    olga.send("MODE #secret -s", "ROOM DROP #secret")
    eve.send("JOIN #secret")
    olga.send(f"PRIVMSG #secret :{WORD} two", "MODE #secret +s")
    (eve if way.startswith("PART") else olga).send(way)
    eve.heard()
    olga.send(f"PRIVMSG #secret :{WORD} three", "TOPIC #secret :later", "MODE #secret +m")
    assert eve.heard() == []
    id = id_of(world, f"{WORD} two")
    seen = eve.ask(
        "CHATHISTORY LATEST #secret * 9",
        f"CHATHISTORY AROUND #secret msgid={id} 9",
        "CHATHISTORY TARGETS timestamp=2000-01-01T00:00:00.000Z timestamp=2099-01-01T00:00:00.000Z 9",
        f"SEARCH text={WORD}",
        f"SEARCH in=#secret;text={WORD}",
        "PINS #secret",
        "MARKREAD #secret",
        f"REPORT {id} :x",
    )
    assert WORD not in text_of(seen)
    assert " TARGETS #secret" not in text_of(seen)


# Mattermost CVE-2026-24692 (search), MMSA class "edit history of deleted posts", Synapse's redaction of edits.
def test_what_was_taken_back_is_nowhere(world: World, olga: Person) -> None:
    olga.send("MODE #secret -s")
    id = id_of(world, WORD)
    olga.send(f"@+draft/target-msgid={id};+draft/edit-text={WORD}s EDIT #secret")
    olga.send(f"PIN #secret {id}", f"REDACT #secret {id}")
    late = world.connect("late", CAPABILITIES)
    late.send("JOIN #secret")
    seen = olga.ask("PINS #secret", f"SEARCH text={WORD}", "CHATHISTORY LATEST #secret * 99")
    seen += late.ask("PINS #secret", f"CHATHISTORY AROUND #secret msgid={id} 9")
    assert WORD not in text_of(seen)
    assert not any(WORD in text for row in world.history.rows for text in row.params)


# -- what one has no right to any more -----------------------------------------------------


# Mattermost CVE-2026-9162 (a session's end isn't that of its connections), CVE-2023-class "password change keeps sessions".
def test_a_new_password_ends_the_other_connections(world: World, olga: Person) -> None:
    other = world.connect("olga", CAPABILITIES, password="password")
    vera = world.connect("vera", CAPABILITIES, password="password")
    olga.send("ACCOUNT PASSWORD password :another one")
    assert other.closed
    assert "log in with the new one" in text_of(other.heard())
    assert not olga.closed
    assert not vera.closed
    olga.send("ACCOUNT PASSWORD wrong :a third one")
    assert not olga.closed


# Mattermost GHSA-mh4x-rmrx-3hp4 (a link that works again), and reset tokens that outlive what they were for.
@pytest.mark.parametrize("change", ["password", "role"])
def test_a_code_does_not_outlive_what_it_was_made_for(world: World, change: str) -> None:
    world.account("mod", role="moderator")
    world.account("root", role="admin")
    world.account("ann")
    mod = world.connect("mod", "standard-replies", password="password")
    ann = world.connect("ann", "standard-replies", password="password")
    code = reset_code(mod, "ann")
    if change == "password":
        ann.send("ACCOUNT PASSWORD password :another one")
    else:
        assert world.operate(entries.SetRole(NO_SESSION, "ann", "admin")) == []
    assert "INVALID_CODE" in mod.ask(f"RECOVER ann {code} :taken over")[0]
    assert not ann.closed


# Mattermost GHSA-mh4x-rmrx-3hp4: one invite for one person lets in one.
def test_an_invite_for_one_lets_in_one() -> None:
    world, mod = by_invitation()
    code = invite(mod)
    assert [is_in(comes(world, name, code)) for name in ("ann", "bob")] == [True, False]


# Mattermost CVE-2026-20796 (what a deactivated user still learns and does).
@pytest.mark.parametrize("way", ["role", "ban", "deletion"])
def test_who_may_no_longer_invite_lets_nobody_in(way: str) -> None:
    world, mod = by_invitation()
    world.account("root", role="admin")
    root = world.connect("root", password="password")
    code = invite(mod, "3")
    assert is_in(comes(world, "ann", code, "a-device-of-anns-own"))
    if way == "deletion":
        mod.send("ACCOUNT DELETE password")
    else:
        assert world.operate(entries.SetRole(NO_SESSION, "mod", "member")) == []
    if way == "ban":
        root.send("BAN mod")
    assert not is_in(comes(world, "bob", code))
    assert is_in(comes(world, "ann", code, "a-device-of-anns-own")), "who came before comes again"


# Mattermost CVE-2025-53971 and CVE-2026-26230 (who demotes whom), Ergo 2.5.1 (#1520: a check of NickServ's).
@pytest.mark.parametrize(
    "line", ["ACCOUNT RESET root", "BAN root", "KILL root", "MUTE root", "PURGE root"]
)
def test_nobody_reaches_above_the_own_role(world: World, line: str) -> None:
    world.account("root", role="admin")
    world.account("mod", role="moderator")
    root = world.connect("root", password="password")
    mod = world.connect("mod", password="password")
    assert codes(mod.ask(line)) == ["481"]
    assert not root.closed


# Synapse CVE-2023-32682, Ergo GHSA-x6wg-9hcg-fc9v: who is put out doesn't log in, by whatever way.
def test_a_banned_account_has_no_way_in(world: World, olga: Person) -> None:
    world.account("mod", role="moderator")
    mod = world.connect("mod", "standard-replies", password="password")
    code = reset_code(mod, "olga")
    mod.send("BAN account:olga")
    assert olga.closed
    way = world.arrive()
    way.send("CAP REQ :sasl standard-replies", f"RECOVER olga {code} :another one")
    way.send(*plain("olga", "another one"), "NICK olga", "USER o 0 * :O", "CAP END")
    assert way.session.phase is not Phase.REGISTERED
    guest = world.connect("guest", CAPABILITIES)
    assert "You are now logged in" not in text_of(
        guest.ask("PRIVMSG NickServ :IDENTIFY olga another")
    )


# Ergo 2.6.1 (#1634): REGISTER is no way past what a server asks of guests.
def test_registering_is_no_way_past_an_invite() -> None:
    world = World(msgspec.structs.replace(RULES, guests="invite"))
    person = world.arrive(invite="the-servers-own")
    person.send("CAP REQ :standard-replies", "NICK ann")
    assert "FAIL REGISTER" in person.ask("REGISTER * * :a password")[0]
    assert not world.state.accounts


# -- who said it ----------------------------------------------------------------------------


# Ergo 1.1.1 (#610: a CR that is relayed), InspIRCd CVE-2012-class line injection.
@pytest.mark.parametrize(("end", "called"), [("\r", "carriage return"), ("\0", "NUL")])
@pytest.mark.parametrize(
    "line",
    [
        "PRIVMSG #secret :a{}b",
        "TOPIC #secret :a{}b",
        "AWAY :a{}b",
        "PART #secret :a{}b",
        "SETNAME :a{}b",
        "KICK #secret eve :a{}b",
    ],
)
def test_no_line_ends_within_a_line(
    world: World, olga: Person, end: str, called: str, line: str
) -> None:
    olga.send("MODE #secret -s")
    eve = world.connect("eve", CAPABILITIES)
    eve.send("JOIN #secret")
    eve.heard()
    assert called in text_of(olga.ask(line.format(end)))
    assert eve.heard() == []


# The same by what a tag's value means once it is unescaped (message-tags).
@pytest.mark.parametrize(
    "line",
    [
        r"@+x=\r\nQUIT;label=\r\nQUIT PRIVMSG #secret :hi",
        r"@+draft/reply=\r\nQUIT;+draft/react=\r\nQUIT TAGMSG #secret",
        r"@+draft/target-msgid=\r\nQUIT;+draft/edit-text=\r\nQUIT EDIT #secret",
        r"SEARCH in=\r\nQUIT;text=\r\nQUIT;after=\r\nQUIT",
        r"@label=\r\nQUIT\0 NOSUCH x",
    ],
)
def test_an_escape_makes_no_line_end(world: World, olga: Person, line: str) -> None:
    olga.send("MODE #secret -s")
    eve = world.connect("eve", CAPABILITIES)
    eve.send("JOIN #secret")
    eve.heard()
    for said in (*olga.ask(line), *eve.heard()):
        assert "QUIT" not in said or said.startswith("@"), "only within tags, escaped"


# Mattermost CVE-2026-2457 (a client's metadata taken for the server's), Ergo 2.5.0 (#1385).
@pytest.mark.parametrize(
    "tag",
    [
        "msgid=zz",
        "time=2000-01-01T00:00:00.000Z",
        "account=olga",
        "bot",
        "draft/oper=root",
        "hubbub/x=1",
        "batch2=1",
    ],
)
def test_a_client_speaks_no_tags_of_the_servers(world: World, olga: Person, tag: str) -> None:
    olga.send("MODE #secret -s")
    eve = world.connect("eve", CAPABILITIES)
    eve.send("JOIN #secret")
    olga.heard()
    eve.send(f"@{tag};+mine=yes PRIVMSG #secret :hello")
    (said,) = olga.heard()
    assert "+mine=yes" in said
    assert tag not in said.partition(" ")[0].removeprefix("@").split(";")


# Mattermost's posts edited in another's name, Synapse CVE-2023-42453 (receipts in another's name).
def test_nobody_acts_in_anothers_name(world: World, olga: Person) -> None:
    olga.send("MODE #secret -s")
    eve = world.connect("eve", CAPABILITIES)
    eve.send("JOIN #secret", "PRIVMSG #secret :from eve")
    olga.heard()
    eve.send(":olga!~olga@host.test PRIVMSG #secret :I am olga")
    assert bare(olga.heard()) == [":eve!~eve@host.test PRIVMSG #secret :I am olga"]
    id = id_of(world, WORD)
    eve.send(f"@+draft/target-msgid={id};+draft/edit-text=never EDIT #secret")
    eve.send("MARKREAD #secret timestamp=2023-11-14T22:13:21.000Z")
    assert olga.heard() == []


# Ergo 1.1.0 (#519) and 2.1.0 (#1080): nobody is called as the services are.
@pytest.mark.parametrize("name", ["NickServ", "chanserv", "\uff2eickServ", "Nick\u200bServ"])
def test_nobody_is_called_as_a_service(world: World, eve: Person, name: str) -> None:
    assert codes(eve.ask(f"NICK {name}")) == ["432"]


# Ergo 2.1.0 (#959): what was said to a rank is stored with it.
def test_what_was_said_to_operators_is_replayed_to_operators(world: World, olga: Person) -> None:
    olga.send("MODE #secret -s", f"PRIVMSG @#secret :{WORD} for ops")
    eve = world.connect("eve", CAPABILITIES)
    eve.send("JOIN #secret")
    lines = eve.ask("CHATHISTORY LATEST #secret * 99", f"SEARCH text={WORD}")
    assert f"{WORD} for ops" not in text_of(lines)
    assert f"{WORD} for ops" in text_of(olga.ask("CHATHISTORY LATEST #secret * 99"))


# -- too much ---------------------------------------------------------------------------


# InspIRCd 2019-01 and 2024-01 (a list or mode that crashes), Synapse CVE-2023-45129 and CVE-2021-29471 (patterns that cost
# too much), Mattermost CVE-2024-24988 (a long status).
@pytest.mark.parametrize("line", ["MODE #secret +b {}!*@*", "LIST {}", "WHO {}", "BAN {}*x"])
def test_no_mask_explodes(world: World, olga: Person, line: str) -> None:
    world.operate(entries.SetRole(NO_SESSION, "olga", "admin"))
    mask = "*a" * 90 + "b"
    victim = world.connect("a" * 24, CAPABILITIES)
    victim.send(f"SETNAME :{'a' * 120}")
    olga.ask(line.format(mask))
    assert not victim.closed
    assert codes(bare(victim.ask("WHO a*a*a*a*a*a*a*a*a*a*a*a*a*a*b")))[-1] == "315"


# Mattermost CVE-2024-1402 (reactions without end), Synapse GHSA-6qf2-7x63-mm6v (a page of what isn't shown ends it all).
def test_reactions_fill_no_page_beyond_its_bound(world: World, olga: Person) -> None:
    id = id_of(world, WORD)
    for number in range(30):
        olga.send(f"@+draft/react={number};+draft/reply={id} TAGMSG #secret")
    lines = olga.ask("CHATHISTORY LATEST #secret * 9")
    assert sum(" TAGMSG " in line for line in lines) <= 9
    old = world.connect("olga", "batch draft/chathistory", password="password")
    assert WORD in text_of(old.ask("CHATHISTORY LATEST #secret * 9"))


# -- whoever is kept away -------------------------------------------------------------------

ASKING = """WHOIS olga|WHO olga|WHO *|WHO #room %nfla|NAMES #room|ISON olga|USERHOST olga|WHOWAS olga
MONITOR S|PRIVMSG olga :hi|@+typing=active TAGMSG olga|INVITE olga #own|METADATA olga LIST
CHATHISTORY LATEST olga * 9|MARKREAD olga|KICK #own olga|MODE #own +o olga|NICK olga|PRIVMSG olga,#room :z"""


# Mattermost's and Matrix's presence of others; CVE-2026-21386's class: what tells "not there" from "keeps you away".
@pytest.mark.parametrize("line", ASKING.replace("\n", "|").split("|"))
def test_who_blocks_one_looks_as_if_it_had_left(line: str) -> None:
    answers = []
    for stays in (True, False):
        world = World()
        for name in ("olga", "eve"):
            world.account(name)
        olga = world.connect("olga", CAPABILITIES, password="password")
        olga.send("JOIN #room", "METADATA * SET url :here")
        eve = world.connect("eve", CAPABILITIES, password="password")
        eve.send("JOIN #room", "JOIN #own", "MONITOR + olga", "PRIVMSG olga :before")
        olga.send("BLOCK eve")
        if stays:
            world.pass_time(1_000)
        else:
            world.lose(olga, "Connection lost")
        answers.append((bare(eve.heard()), bare(eve.ask(line))))
    assert answers[0] == answers[1]


@pytest.mark.parametrize(
    "line",
    [
        "METADATA * SET url :there",
        "METADATA * CLEAR",
        "@+typing=active TAGMSG #room",
        "AWAY :out",
        "SETNAME :Else",
    ],
)
def test_what_passes_does_not_betray_who_blocks_one(world: World, line: str) -> None:
    for name in ("olga", "eve", "vera"):
        world.account(name)
    people = olga, eve, vera = [
        world.connect(name, CAPABILITIES, password="password") for name in ("olga", "eve", "vera")
    ]
    for person in people:
        person.send("METADATA * SUB url", "MONITOR + olga", "JOIN #room")
    olga.send("METADATA * SET url :here", "BLOCK eve")
    for person in people:
        person.heard()
    olga.send(line)
    assert vera.heard(), "who isn't blocked sees it"
    assert eve.heard() == []
