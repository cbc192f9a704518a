"""Who may do what: a table of privileged actions, each tried by everyone.

A row says what somebody sends, what shows that it was done, and who may. Everybody else has to be refused
with what the row says, and nobody but the asker may have noticed anything. A new privileged command gets its row here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

import pytest

from tests.world import ALL_CAPABILITIES, Person, World

CAPABILITIES = f"{ALL_CAPABILITIES} draft/message-redaction draft/read-marker soju.im/search"


class Who(Enum):
    """Who tries: a rank in the room, or a role, in the room or outside of it."""

    STRANGER = "stranger"
    MEMBER = "member"
    VOICED = "voiced"
    OPERATOR = "operator"
    ACCOUNT = "account"
    RUNNING_ACCOUNT = "operator with an account"
    MODERATOR = "moderator"
    ADMIN = "admin"
    OUTSIDE_MODERATOR = "moderator outside"
    OUTSIDE_ADMIN = "admin outside"

    @property
    def role(self) -> str:
        """The role of the account, empty for a guest."""
        if self in (Who.ACCOUNT, Who.RUNNING_ACCOUNT):
            return "member"
        word = self.value.partition(" ")[0]
        return word if word in ("moderator", "admin") else ""

    @property
    def inside(self) -> bool:
        """Whether it is in the room."""
        return self is not Who.STRANGER and not self.value.endswith("outside")


EVERYBODY = frozenset(Who)
INSIDE = frozenset(who for who in Who if who.inside)
ROLES = frozenset(who for who in Who if who.role in ("moderator", "admin"))
ADMINS = frozenset({Who.ADMIN, Who.OUTSIDE_ADMIN})
OPERATOR = frozenset({Who.OPERATOR, Who.RUNNING_ACCOUNT})
RANKED = OPERATOR | {Who.VOICED}


@dataclass(frozen=True)
class Action:
    """A row. In `#room` are Olga, who made it and has an account, as have Vera, who isn't there, and Vic,
    a guest, who has said something with the id `{msgid}`.

    `given` are Olga's lines before it is tried; `does` are the lines that try it. `done` is what then
    somebody sees, and `refused` what the one who may not sees instead: nothing, if it is empty.
    """

    name: str
    does: str
    done: str
    may: frozenset[Who]
    refused: str
    given: str = ""


def mode(change: str, given: str = "") -> Action:
    """Changing a mode of a room that isn't private."""
    return Action(
        f"MODE {change}",
        f"MODE #room {change}",
        rf" MODE #room {re.escape(change)}",
        OPERATOR | ROLES,
        " (482|442) ",
        given,
    )


NOT_RUNNING = " (482|442) "
NO_ROLE = " 481 "

ACTIONS = (
    *map(mode, ("+b *!*@bad.test", "+e *!*@bad.test", "+I *!*@bad.test", "+i", "+k key")),
    *map(mode, ("+q *!*@bad.test", "+d 30")),
    *map(mode, ("+l 50", "+m", "-n", "+s", "-t", "+o vic", "+v vic")),
    mode("-o olga"),
    mode("-b bad!*@*", "MODE #room +b bad"),
    Action("MODE in a private room", "MODE #room +m", " MODE #room [+]m", OPERATOR, " (482|442|403) ", "MODE #room +s"),
    Action("the key of a room", "MODE #room", " 324 actor #room [+]\\S* word$", INSIDE, r" 324 actor #room \S+ [*]$", "MODE #room +k word"),
    Action("TOPIC", "TOPIC #room :new", " TOPIC #room :?new", OPERATOR, NOT_RUNNING),
    Action("TOPIC, free", "TOPIC #room :new", " TOPIC #room :?new", INSIDE, " 442 ", "MODE #room -t"),
    Action("reading a private topic", "TOPIC #room", " 332 actor #room :?old", INSIDE, " 442 ", "TOPIC #room :old;MODE #room +i"),
    Action("KICK", "KICK #room vic :out", " KICK #room vic :?out", OPERATOR | ROLES, NOT_RUNNING),
    Action("KICK in a private room", "KICK #room vic :out", " KICK #room vic :?out", OPERATOR, NOT_RUNNING, "MODE #room +i"),
    Action("INVITE", "INVITE zoe #room", " INVITE zoe :?#room", INSIDE, " 442 "),
    Action("INVITE past +i", "INVITE zoe #room", " INVITE zoe :?#room", OPERATOR, NOT_RUNNING, "MODE #room +i"),
    Action("INVITE past +k", "INVITE zoe #room", " INVITE zoe :?#room", OPERATOR, NOT_RUNNING, "MODE #room +k x"),
    Action("REDACT of others'", "REDACT #room {msgid}", " REDACT #room {msgid}", OPERATOR | ROLES, "FAIL REDACT "),
    Action("REDACT of others' in private", "REDACT #room {msgid}", " REDACT #room {msgid}", OPERATOR, "FAIL REDACT ", "MODE #room +s"),
    Action("speaking from outside", "PRIVMSG #room :hear me", "PRIVMSG #room :hear me", INSIDE, " 404 "),
    Action("speaking from outside, -n", "PRIVMSG #room :hear me", "PRIVMSG #room :hear me", EVERYBODY, "", "MODE #room -n"),
    Action("speaking, moderated", "PRIVMSG #room :hear me", "PRIVMSG #room :hear me", RANKED, " 404 ", "MODE #room +m"),
    Action("speaking, banned", "PRIVMSG #room :hear me", "PRIVMSG #room :hear me", RANKED, " 404 ", "MODE #room +b actor"),
    Action("speaking, quieted", "PRIVMSG #room :hear me", "PRIVMSG #room :hear me", RANKED, " 404 ", "MODE #room +q actor"),
    Action("NOTICE, moderated", "NOTICE #room :hear me", "NOTICE #room :hear me", RANKED, "", "MODE #room +m"),
    Action("TAGMSG, moderated", "@+typing=active TAGMSG #room", "TAGMSG #room", RANKED, "", "MODE #room +m"),
    Action("NAMES of a secret room", "NAMES #room", " 353 actor . #room :.*vic", INSIDE, "", "MODE #room +s"),
    Action("LIST of a secret room", "LIST", " 322 actor #room ", INSIDE, "", "MODE #room +s"),
    Action("WHO of a secret room", "WHO #room", " 352 actor #room .* vic ", INSIDE, "", "MODE #room +s"),
    Action("WHOIS of a secret member", "WHOIS vic", " 319 actor vic :.*#room", INSIDE, "", "MODE #room +s"),
    Action("MODE of a secret room", "MODE #room", " 324 actor #room", INSIDE, " (442|403) ", "MODE #room +s"),
    Action("CHATHISTORY", "CHATHISTORY LATEST #room * 50", "PRIVMSG #room :by vic", INSIDE, "FAIL CHATHISTORY INVALID_TARGET"),
    Action("SEARCH", "SEARCH in=#room;text=vic", "PRIVMSG #room :by vic", INSIDE, "FAIL SEARCH"),
    Action("SEARCH everywhere", "SEARCH text=vic", "PRIVMSG #room :by vic", INSIDE, ""),
    Action("MARKREAD", "MARKREAD #room", "MARKREAD #room ", INSIDE, "FAIL MARKREAD INVALID_PARAMS"),
    Action("NAMES of a room by invitation", "NAMES #room", " 353 actor . #room :.*vic", INSIDE, "", "MODE #room +i"),
    Action("LIST of a room by invitation", "LIST", " 322 actor #room ", EVERYBODY, "", "MODE #room +i"),
    Action("WHO of a room by invitation", "WHO #room", " 352 actor #room .* vic ", INSIDE, "", "MODE #room +i"),
    Action("WHOIS of a room by invitation", "WHOIS vic", " 319 actor vic :.*#room", INSIDE, "", "MODE #room +i"),
    Action("NAMES of a room with a key", "NAMES #room", " 353 actor . #room :.*vic", INSIDE, "", "MODE #room +k x"),
    Action("LIST topic of a room with a key", "LIST", " 322 actor #room .*old", INSIDE, "", "TOPIC #room :old;MODE #room +k x"),
    Action("to the ranked only", "PRIVMSG @#room :hear me", "PRIVMSG @#room :hear me", INSIDE, " 404 "),
    Action("reading what is for the ranked", "CHATHISTORY LATEST #room * 50", "@#room :for ops", OPERATOR, "", "PRIVMSG @#room :for ops"),
    Action("finding what is for the ranked", "SEARCH in=#room;text=ops", "@#room :for ops", OPERATOR, "", "PRIVMSG @#room :for ops"),
    Action("reading others' whispers", "CHATHISTORY LATEST vic * 50", "between us", frozenset(), "", "PRIVMSG vic :between us"),
    Action("finding others' whispers", "SEARCH text=between", "between us", frozenset(), "", "PRIVMSG vic :between us"),
    Action("coming in past +i", "JOIN #room", " JOIN #room| 353 actor . #room", INSIDE, " 473 ", "MODE #room +i"),
    Action("ROOM REGISTER", "ROOM REGISTER #room", "NOTE ROOM REGISTERED #room", frozenset({Who.RUNNING_ACCOUNT}), " (482|442) |ROOM ACCOUNT_REQUIRED"),
    Action("ROOM DROP", "ROOM DROP #room", "NOTE ROOM DROPPED #room", ROLES, " 442 |ROOM FORBIDDEN", "ROOM REGISTER #room"),
    Action("ROOM TRANSFER", "ROOM TRANSFER #room vera", "NOTE ROOM TRANSFERRED #room", ROLES, " 442 |ROOM FORBIDDEN", "ROOM REGISTER #room"),
    Action("ACCESS ADD", "ACCESS #room ADD vera operator", "NOTE ACCESS CHANGED #room", ROLES, " (482|442) ", "ROOM REGISTER #room"),
    Action("ACCESS ADD voice", "ACCESS #room ADD vera voice", "NOTE ACCESS CHANGED #room", ROLES, " (482|442) ", "ROOM REGISTER #room"),
    Action("ACCESS DEL", "ACCESS #room DEL vera", "NOTE ACCESS CHANGED #room", ROLES, " (482|442) ", "ROOM REGISTER #room;ACCESS #room ADD vera voice"),
    Action("ACCESS LIST in private", "ACCESS #room LIST", "NOTE ACCESS ENTRY #room vera", INSIDE | ROLES, " 442 ", "ROOM REGISTER #room;ACCESS #room ADD vera voice;MODE #room +i"),
    Action("ROOM INFO of a private room", "ROOM INFO #room", "NOTE ROOM INFO #room", INSIDE | ROLES, "FAIL ROOM|442|403", "ROOM REGISTER #room;MODE #room +s"),
    Action("UNINVITE", "UNINVITE zoe #room", "NOTE UNINVITE WITHDRAWN zoe #room", OPERATOR | ROLES, " (482|442) ", "INVITE zoe #room"),
    Action("UNINVITE in private", "UNINVITE zoe #room", "NOTE UNINVITE WITHDRAWN zoe #room", OPERATOR, " (482|442) ", "MODE #room +i;INVITE zoe #room"),
    Action("KILL", "KILL vic :go", " KILL vic :|ERROR :.*go", ROLES, NO_ROLE),
    Action("BAN", "BAN vic 1h :spam", " KILL vic :|ERROR :.*Banned", ROLES, NO_ROLE),
    Action("BAN of a mask", "BAN v*!*@*", " KILL vic :|ERROR :.*Banned", ROLES, NO_ROLE),
    Action("the bans", "BAN", " BAN END ", ROLES, NO_ROLE),
    Action("UNBAN", "BAN eve\nUNBAN eve", " UNBAN UNBANNED ", ROLES, NO_ROLE),
    Action("MUTE", "MUTE vic", "You are muted", ROLES, NO_ROLE),
    Action("the mutes", "MUTE", " MUTE END ", ROLES, NO_ROLE),
    Action("UNMUTE", "MUTE vic\nUNMUTE vic", "You may speak again", ROLES, NO_ROLE),
    Action("LOCKDOWN", "LOCKDOWN ON", " LOCKDOWN ON ", ROLES, NO_ROLE),
    Action("PURGE", "PURGE vic", " PURGE BEGUN ", ROLES, NO_ROLE),
    Action("AUDIT", "AUDIT", " AUDIT END ", ROLES, NO_ROLE),
    Action("UNDO", "LOCKDOWN ON\nUNDO #{last}", "Lockdown is over", ROLES, NO_ROLE),
    Action("REPORT", "REPORT vic :spam", " REPORT SENT vic ", EVERYBODY, ""),
    Action("WALLOPS", "WALLOPS :attention", "WALLOPS :?attention", ROLES, NO_ROLE),
    Action("OPER", "OPER x y", " 381 ", ROLES, " 491 "),
    Action("RETENTION", "RETENTION #room 30d", "actor decided that what is said here is kept for 30 days", OPERATOR, " (482|442) |FAIL RETENTION"),
    Action("REHASH", "REHASH", " 382 ", ADMINS, NO_ROLE),
    Action("ACCOUNT RESET", "ACCOUNT RESET vera", "NOTE ACCOUNT RESET", ROLES, "(FAIL|NOTE) ACCOUNT| 481 "),
    Action("ending others' sessions", "SESSIONS REVOKE {session}", "SESSIONS REVOKED", frozenset(), "(FAIL|NOTE) SESSIONS|NOTICE"),
    Action("another's user modes", "MODE vic +i", " MODE vic ", frozenset(), " 502 "),
    Action("another's name", "NICK vic", " NICK :?vic", frozenset(), " 4(33|47) "),
)  # fmt: skip


class Cast:
    """A world in which somebody is about to try something."""

    def __init__(self, who: Who, action: Action) -> None:
        self.world = world = World()
        world.account("vera")
        world.account("olga")
        self.olga = world.connect("olga", CAPABILITIES, password="password")
        self.olga.send("JOIN #room")
        self.vic = world.connect("vic", CAPABILITIES)
        self.zoe = world.connect("zoe", CAPABILITIES)
        if who.role:
            world.account("actor", role=who.role)
        password = "password" if who.role else ""
        self.actor = world.connect("actor", CAPABILITIES, password=password)
        if who.inside:
            self.actor.send("JOIN #room")
        self.vic.send("JOIN #room", "PRIVMSG #room :by vic")
        if who in RANKED:
            self.olga.send(f"MODE #room {'+v' if who is Who.VOICED else '+o'} actor")
        (said,) = (line for line in self.olga.heard() if "by vic" in line)
        found = re.search(r"msgid=([^; ]+)", said)
        assert found is not None
        self.words = {"msgid": found[1], "session": str(self.vic.session.id)}
        for line in filter(None, action.given.format(**self.words).split(";")):
            self.olga.send(line)

    @property
    def others(self) -> tuple[Person, ...]:
        return (self.olga, self.vic, self.zoe)

    def tries(self, action: Action) -> tuple[list[str], list[str]]:
        """What the actor and the others then see."""
        for person in self.others:
            person.heard()
        self.words["last"] = str(self.world.state.counter("audit") + 1)
        answer = self.actor.ask(*action.does.format(**self.words).split("\n"))
        return answer, [line for person in self.others for line in person.heard()]


TRIALS = [
    pytest.param(action, who, id=f"{action.name}-{who.value}") for action in ACTIONS for who in Who
]


@pytest.mark.parametrize(("action", "who"), TRIALS)
def test_who_may(action: Action, who: Who) -> None:
    cast = Cast(who, action)
    answer, noticed = cast.tries(action)
    seen = "\n".join(answer + noticed)
    done = action.done.format(**cast.words)
    if who in action.may:
        assert re.search(done, seen, re.M), f"{who.value} may, but it isn't done:\n{seen}"
        return
    assert not re.search(done, seen, re.M), f"{who.value} may not, but it is done:\n{seen}"
    assert not noticed, f"others notice what {who.value} may not do:\n{seen}"
    if action.refused:
        assert re.search(action.refused, seen, re.M), f"{who.value} isn't told so:\n{seen}"
