"""Whatever a role lets somebody do to others or to the server is in the audit log; nothing else is.

Each function that asks for a role is named here, with the act that it notes or with the reason why
there is nothing to note: a new one fails the first test until somebody has thought about that.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import hubbub
from hubbub.core import entries
from hubbub.core.audit import line
from hubbub.core.batches import AnyEntry
from hubbub.core.ids import NO_SESSION
from tests.world import ALL_CAPABILITIES, RULES, Person, World

READS = "it only shows something"
SHARED = "it answers who may; what comes of that is noted where it is done"
OWN = "it is about oneself, or what is said anyway"

ASKING = {
    "commands.arrival.lusers": READS,
    "commands.invitations._invited": READS,
    "commands.invitelink._list": READS,
    "commands.metadata._clear": READS,
    "commands.moderation._list": READS,
    "commands.moderation._tell_lockdown": READS,
    "commands.moderation._audit": READS,
    "commands.moderation._undo": SHARED,
    "commands.moderation._purge": SHARED,
    "commands.people._about": READS,
    "commands.registered_rooms._about": READS,
    "commands.registered_rooms._entries": READS,
    "commands.roles._oper": READS,
    "commands.roles.rehash": ("rehash",),
    "core.accounts._show_role": OWN,
    "core.accounts.named": SHARED,
    "core.accounts.set_password": ("password",),
    "core.accounts.note_export": ("account exported",),
    "core.accounts.delete_account": ("account deleted",),
    "core.accounts.set_role": ("role",),
    "core.accounts.give_role": SHARED,
    "core.audit.moderators": READS,
    "core.blocking.block_of": READS,
    "core.describing._note": ("metadata",),
    "core.describing._require": SHARED,
    "core.describing.may_describe": SHARED,
    "core.invitations.uninvite": ("uninvite",),
    "core.inviting.may_see": SHARED,
    "core.inviting.require_inviter": ("invite made",),
    "core.inviting.revoke_code": ("invite revoked",),
    "core.measures.signs_of": READS,
    "core.messages._is_silenced": OWN,
    "core.moderation.kick": ("kick",),
    "core.moderation._impose": ("ban", "mute"),
    "core.moderation._lift_all": ("unban", "unmute"),
    "core.moderation.lockdown": ("lockdown on", "lockdown off"),
    "core.moderation.undo": ("undo",),
    "core.moderation._give_role_back": ("undo",),
    "core.operator.disconnect": ("kill",),
    "core.operator.wallops": "everybody with a role is shown it, and nothing is done to anyone",
    "core.operator.announce": "the room's history has it, as said by the server",
    "core.pins.pin_message": ("pin",),
    "core.pins.unpin_message": ("unpin",),
    "core.presence.known_addresses": READS,
    "core.presence.require_role": SHARED,
    "core.presence.require_over": SHARED,
    "core.presence._kept_out": OWN,
    "core.presence.is_account_banned": OWN,
    "core.purging.start_purge": ("purge",),
    "core.redaction._from_room": ("redact",),
    "core.redeeming._resettable": ("reset code made",),
    "core.redeeming.has_admin": READS,
    "core.redeeming.set_email": ("e-mail",),
    "core.renaming.rename_account": ("account renamed",),
    "core.registered_rooms.transfer_room": ("room transferred",),
    "core.registered_rooms.set_access": ("access",),
    "core.registered_rooms.drop_room": ("room dropped",),
    "core.registered_rooms._require_may_give": SHARED,
    "core.registered_rooms._heir": OWN,
    "core.registered_rooms.require_registered": READS,
    "core.registered_rooms._require_founder": SHARED,
    "core.reports.report": OWN,
    "core.reports.show_reports": READS,
    "core.retention._require_right": ("retention",),
    "core.room_modes.set_room_modes": ("mode",),
    "core.room_names.rename_room": ("room renamed",),
    "core.rooms.may_know": READS,
    "core.rooms.require_authority": SHARED,
    "core.rooms._count_new": OWN,
}
"""The functions that ask for a role: the acts that they note, or why there are none."""

ASKS = frozenset(
    [
        "require_role",
        "require_over",
        "require_authority",
        "require_registered",
        "_require_founder",
        "by_role",
        "may_see",
        "may_describe",
        "named",
    ]
)
"""The functions that ask, besides the method `may`."""


def asking() -> set[str]:
    """The functions of `core` and `commands` that ask for a role."""
    found = set()
    top = Path(hubbub.__file__).parent
    for room in ("core", "commands"):
        for path in (top / room).glob("*.py"):
            for function in ast.parse(path.read_text()).body:
                calls = (call for call in ast.walk(function) if isinstance(call, ast.Call))
                if isinstance(function, ast.FunctionDef) and any(map(_asks, calls)):
                    found.add(f"{room}.{path.stem}.{function.name}")
    return found


def _asks(call: ast.Call) -> bool:
    if isinstance(call.func, ast.Attribute):
        return call.func.attr == "may"
    return isinstance(call.func, ast.Name) and call.func.id in ASKS


def test_whoever_asks_for_a_role_notes_what_was_done_or_has_a_reason() -> None:
    assert asking() == set(ASKING)


LINES = (
    ("BAN eve 1h spam", "ban eve (spam)"),
    ("UNBAN old", "unban old"),
    ("MUTE eve", "mute eve"),
    ("UNMUTE dumb", "unmute dumb"),
    ("LOCKDOWN ON", "lockdown on"),
    ("LOCKDOWN OFF", "lockdown off", "LOCKDOWN ON"),
    ("KICK #den zoe :out", "kick zoe [#den] (out)"),
    ("KILL zoe :out", "kill zoe (out)"),
    ("MODE #den +m", "mode #den [+m]"),
    ("RENAME #den #pit :better", "room renamed #den [#pit] (better)"),
    ("PIN #den {msgid}", "pin #den [{msgid}]"),
    ("UNPIN #den {msgid}", "unpin #den [{msgid}]", "PIN #den {msgid}"),
    ("REDACT #den {msgid} :no", "redact olga [#den] (no)"),
    ("METADATA #den SET url :x", "metadata #den [url]"),
    ("METADATA zoe SET url :x", "metadata zoe [url]"),
    ("METADATA zoe CLEAR", "metadata zoe [*]", "METADATA zoe SET url :x"),
    ("UNINVITE tom #den", "uninvite tom [#den]"),
    ("ROOM TRANSFER #den vera", "room transferred #den [vera]"),
    ("ROOM DROP #den", "room dropped #den [it was olga's]"),
    ("ACCESS #den ADD vera voice", "access #den [vera: none to v]"),
    ("PURGE zoe 1h :spam", "purge zoe [1h] (spam)"),
    ("UNDO 1", "undo old [1]"),
    ("INVITELINK 5 3", "invite made #1 [for 5, for 3d]"),
    ("INVITELINK REVOKE 1", "invite revoked #1", "INVITELINK"),
    ("ACCOUNT RESET vera", "reset code made vera"),
    ("ACCOUNT RENAME vera vivian", "account renamed vera [vivian]"),
    ("REHASH", "rehash [server.motd]"),
    ("RETENTION #lobby 30d", "retention #lobby [30 days]"),
    ("ROOM REGISTER #mine", None),
    ("WALLOPS :hear", None),
    ("METADATA * SET url :x", None),
    ("RENAME #mine #ours", None),
    ("MODE #mine +m", None),
    ("AUDIT", None),
    ("WHOIS zoe", None),
)
"""What an admin who runs `#mine` says, and what then is in the log; and what was said before it."""


class Cast:
    """A room `#den` of Olga's, who has an account; others; and an admin who isn't in it."""

    def __init__(self) -> None:
        self.world = world = World()
        world.operate(entries.Ban(NO_SESSION, "old", ""))
        world.operate(entries.Mute(NO_SESSION, "dumb", ""))
        for name in ("vera", "olga"):
            world.account(name)
        world.account("root", role="admin")
        capabilities = f"{ALL_CAPABILITIES} draft/message-redaction draft/metadata-2"
        self.olga = world.connect("olga", capabilities, password="password")
        self.root = world.connect("root", capabilities, password="password")
        zoe, _ = world.connect("zoe"), world.connect("tom")
        self.olga.send("JOIN #den", "ROOM REGISTER #den")
        zoe.send("JOIN #den", "PRIVMSG #den :spam")
        self.root.send("JOIN #mine")
        said = self.olga.ask("INVITE tom #den", "PRIVMSG #den :hello")
        found = re.search(r"msgid=([^; ]+)", said[-1])
        assert found is not None
        self.msgid = found[1]

    def acts(self) -> list[str]:
        """What is in the log, without numbers, times and ends."""
        told = [line(row).split(" UTC ", 1)[1] for row in self.world.history.audit]
        return [re.sub(r" until \S+ \S+ UTC", "", text) for text in told]

    def says(self, person: Person, text: str) -> list[str]:
        """What a line adds to the log."""
        before = len(self.acts())
        person.send(text.format(msgid=self.msgid))
        return self.acts()[before:]


@pytest.mark.parametrize("row", LINES, ids=lambda row: row[0])
def test_what_an_admin_does_to_others_is_noted(row: tuple[str, str | None, str]) -> None:
    cast, (text, noted, *before) = Cast(), row
    for given in before:
        cast.says(cast.root, given)
    if text == "REHASH":
        rules = entries.RulesChanged(NO_SESSION, RULES, "root", ("server.motd",))
        start = len(cast.acts())
        cast.world.operate(rules)
        told = cast.acts()[start:]
    else:
        told = cast.says(cast.root, text)
    expected = [] if noted is None else [f"root: {noted.format(msgid=cast.msgid)}"]
    assert told == expected


def test_each_act_that_is_named_here_is_tried() -> None:
    tried = {noted for _, noted, *_ in LINES if noted is not None} | {
        noted for _, noted in BY_THE_CONSOLE
    }
    for acts in ASKING.values():
        for act in acts if isinstance(acts, tuple) else ():
            assert any(noted == act or noted.startswith(f"{act} ") for noted in tried), act


BY_THE_CONSOLE = (
    (entries.SetRole(NO_SESSION, "vera", "moderator"), "role vera [member to moderator]"),
    (entries.SetPassword(NO_SESSION, "vera", "x", "y"), "password vera"),
    (entries.SetEmail(NO_SESSION, "vera", "v@example.org", ""), "e-mail vera"),
    (entries.NoteExport(NO_SESSION, "vera"), "account exported vera"),
    (entries.DeleteAccount(NO_SESSION, "vera", True), "account deleted vera [with its messages]"),
    (entries.RenameAccount(NO_SESSION, "vera", "viv"), "account renamed vera [viv]"),
    (entries.Register(NO_SESSION, "new", "x", "y"), "account made new [member]"),
    (entries.Disconnect(NO_SESSION, "zoe", "out"), "kill zoe (out)"),
    (entries.SetRetention(NO_SESSION, "#den", 7), "retention #den [7 days]"),
    (entries.IssueCode(NO_SESSION, "reset", "c" * 64, "vera"), "reset code made vera"),
    (entries.IssueCode(NO_SESSION, "invite", "c" * 64), "invite made #1 [for 1, for 1d]"),
)


@pytest.mark.parametrize(("entry", "noted"), BY_THE_CONSOLE, ids=lambda it: type(it).__name__)
def test_what_the_console_does_is_noted(entry: AnyEntry, noted: str) -> None:
    cast = Cast()
    before = len(cast.acts())
    assert cast.world.operate(entry) == []
    assert cast.acts()[before:] == [f"console: {noted}"]


OWN_ROOM = (
    "MODE #den +m",
    "KICK #den zoe :out",
    "RENAME #den #pit",
    "PIN #den {msgid}",
    "METADATA #den SET url :x",
    "METADATA * SET url :x",
    "UNINVITE tom #den",
    "ACCESS #den ADD vera operator",
    "ROOM DROP #den",
    "RETENTION #den 30d",
    "REDACT #den {msgid}",
    "INVITELINK",
    "REHASH",
    "ACCOUNT RESET vera",
    "ACCOUNT RENAME vera vivian",
    "BAN eve",
)


@pytest.mark.parametrize("text", OWN_ROOM)
def test_what_one_does_in_ones_own_room_or_may_not_do_is_not(text: str) -> None:
    cast = Cast()
    assert cast.says(cast.olga, text) == []


def test_the_first_admins_claim_is_noted_with_its_code() -> None:
    world = World()
    world.account("ann")
    ann = world.connect("ann", password="password")
    code = "c" * 64
    assert world.operate(entries.IssueCode(NO_SESSION, "claim", code)) == []
    world.submit(ann, entries.Claim(ann.session.id, "d" * 64))
    world.submit(ann, entries.Claim(ann.session.id, code))
    told = [line(row).split(" UTC ", 1)[1] for row in world.history.audit]
    assert told == [
        "console: account made ann [member]",
        "console: claim code made",
        "ann: claim ann [member to admin]",
    ]
    (answer,) = ann.ask("UNDO 3")
    assert "CANNOT_UNDO 3 To undo that, take the role away" in answer


def test_many_changed_settings_are_counted() -> None:
    world = World()
    names = tuple(f"limits.x{number}" for number in range(12))
    world.operate(entries.RulesChanged(NO_SESSION, RULES, "", names))
    (row,) = world.history.audit
    assert line(row).endswith("limits.x9 and 2 more]")
    assert row.who == "console"


def test_who_had_an_errand_run_is_told_of_by_name() -> None:
    """REHASH carries who asked: the entry that comes of it is the server's own."""
    from hubbub.commands.roles import rehash
    from hubbub.commands.row import Call
    from hubbub.edge.errands import Reload
    from hubbub.edge.work import Lookup, Verify
    from hubbub.irc.message import Message

    cast = Cast()
    (lookup,) = rehash(Call(cast.root.session, Message("REHASH", ()), RULES))
    assert isinstance(lookup, Lookup)
    (asked,) = lookup.read(cast.root.session, cast.world.state)
    assert isinstance(asked, Verify)
    assert asked.wanted == Reload("root")
