"""Logs for the core's tests: made by hand with `Chat`, or drawn by Hypothesis from `logs`."""

from __future__ import annotations

from typing import TypeVar

import msgspec
from hypothesis import strategies as st

from hubbub.core import entries
from hubbub.core.apply import apply, begin
from hubbub.core.batches import AnyEntry, Batch
from hubbub.core.entities import ROLES
from hubbub.core.ids import FIRST_PLACE, NO_SESSION, Place, RoomId, SessionId, msgid, session_id
from hubbub.core.outputs import Answer, HistoryRow, Output, Record, WhowasRow
from hubbub.core.rules import Rules
from hubbub.core.state import State

LOG_ID = "corely"
NODE = 1
START = 1_700_000_000_000
RULES = Rules(server_name="hub.test", network="Test", cloaks=False)


class Chat:
    """A state that entries are applied to one by one, a second apart, each a batch of its own."""

    def __init__(self, rules: Rules = RULES) -> None:
        self.state = State(LOG_ID, rules)
        self.clock = START
        self.number = 0
        self.opened = 0

    def do(self, *wanted: AnyEntry) -> list[Output]:
        """What comes of the entries."""
        self.clock += 1_000
        self.number += 1
        assert begin(self.state, Batch(NODE, 1, self.number, self.clock, wanted))
        return [output for entry in wanted for output in apply(self.state, entry)]

    def open(self, nick: str, *, device: str = "", host: str = "host.test") -> SessionId:
        """Somebody comes in."""
        self.opened += 1
        session = session_id(NODE, 1, self.opened)
        self.do(entries.Open(session, nick, f"~{nick}", nick.title(), host, device))
        assert session in self.state.sessions
        return session


Kind = TypeVar("Kind", bound=msgspec.Struct)


def of(kind: type[Kind], outputs: list[Output]) -> list[Kind]:
    """The outputs of one kind."""
    return [output for output in outputs if isinstance(output, kind)]


def replies(outputs: list[Output]) -> list[tuple[str, ...]]:
    """What is answered: the numeric and its parameters."""
    return [(answer.reply.command, *answer.reply.params) for answer in of(Answer, outputs)]


def history(outputs: list[Output]) -> list[HistoryRow]:
    return [record.row for record in of(Record, outputs) if isinstance(record.row, HistoryRow)]


def whowas(outputs: list[Output]) -> list[WhowasRow]:
    return [record.row for record in of(Record, outputs) if isinstance(record.row, WhowasRow)]


# -- drawn --------------------------------------------------------------------------------

SESSIONS = [session_id(1, 1, number) for number in (1, 2, 3, 4)] + [
    session_id(2, 1, number) for number in (1, 2)
]
sessions = st.sampled_from([*SESSIONS, *SESSIONS[:3] * 2])
anyone = st.sampled_from([*SESSIONS, NO_SESSION])
nicks = st.sampled_from(["ann", "ANN", "bob", "Straße", "STRASSE", "eve"])
rooms = st.sampled_from(["#lobby", "#a", "#a", "#A", "#den", "#new"])
targets = nicks | st.sampled_from(
    [
        "*!*@host.*",
        "e*",
        "account:ann",
        "account:none",
        "192.0.2.7",
        "192.0.0.0/16",
        "2001:db8::7",
        "*",
        "127.0.0.1",
        "0.0.0.0/0",
        "#a",
    ]
)
identities = st.sampled_from(["d:d1", "d:d2", "u:3", "a:1", ""])
texts = st.sampled_from(["", "hello", "two words", "é" * 10])
words = st.sampled_from(["", "key", "5", "0", "ann", "bob", "*!*@*", "a b", ":x", "x" * 300])
digests = st.sampled_from(["x1", "x2"])
FINGERPRINTS = ("ab" * 32, "cd" * 32)
evidence = st.builds(
    entries.Said,
    st.integers(FIRST_PLACE, FIRST_PLACE + 60).map(Place),
    st.sampled_from([START, START + 1_000]),
    st.none() | st.integers(1, 4).map(RoomId),
    st.sampled_from(["", "", "+", "@"]),
    identities,
    identities,
    nicks,
    st.sampled_from(["PRIVMSG", "NOTICE"]),
)
changes = st.tuples(st.booleans(), st.sampled_from("ooovvvbeIqkldimnst"), words)


def _change(change: tuple[bool, str, str]) -> tuple[bool, str, str | None]:
    adding, letter, argument = change
    if letter in "ov":
        argument = {"": "nobody", "x" * 300: "eve", "*!*@*": "bob"}.get(argument, argument)
    takes = letter in "ovbeIqk" or (letter in "ld" and adding)
    return (adding, letter, argument if takes else None)


settings = st.sampled_from(
    [
        RULES,
        msgspec.structs.replace(
            RULES,
            rooms_per_user=2,
            rooms=3,
            list_entries=1,
            rooms_per_account=1,
            new_rooms=2,
            new_rooms_per_address=3,
            pins=1,
            invitations=1,
            ways_back=1,
            way_back_seconds=600,
            invitation_seconds=600,
            sent_ids=2,
            sent_ids_each=1,
            modes=1,
            read_markers=2,
            guests_with_markers=1,
            keep_days=30,
            registration="mail",
            pending=2,
            metadata_keys=2,
        ),
    ]
)


_any_entry = {
    entries.NodeStarted: st.builds(
        entries.NodeStarted,
        st.just(NO_SESSION),
        st.sampled_from([1, 2]),
        st.sampled_from([1, 2]),
        st.just(RULES),
    ),
    entries.RulesChanged: st.builds(
        entries.RulesChanged,
        st.just(NO_SESSION),
        settings,
    ),
    entries.TimePassed: st.builds(entries.TimePassed, st.just(NO_SESSION)),
    entries.Open: st.builds(
        entries.Open,
        sessions,
        nicks,
        st.just("~user"),
        texts,
        st.sampled_from(["host.test", "localhost", "192.0.2.7", "2001:db8::9"]),
        st.sampled_from(["", "d1", "d2"]),
        st.booleans(),
        st.sampled_from(["", "i"]),
        st.sampled_from([0, 0, 0, 1, 2]),
        invite=st.sampled_from(["", "", "", "x1"]),
        certificate=st.sampled_from(["", FINGERPRINTS[0]]),
    ),
    entries.Close: st.builds(entries.Close, sessions, texts, st.booleans()),
    entries.Register: st.builds(
        entries.Register,
        anyone,
        nicks,
        st.just("verifier"),
        st.just("scram"),
        st.sampled_from(["", "mail@example.org"]),
        st.sampled_from(["", "d1", "d2"]),
        st.sampled_from(["", "host.test"]),
        st.sampled_from(ROLES),
        st.sampled_from(["", "x1"]),
    ),
    entries.Login: st.builds(entries.Login, sessions, st.integers(0, 3)),
    entries.SetPassword: st.builds(entries.SetPassword, anyone, nicks, words, words),
    entries.SetRole: st.builds(entries.SetRole, anyone, nicks, st.sampled_from(ROLES)),
    entries.RenameAccount: st.builds(entries.RenameAccount, anyone, nicks, nicks),
    entries.DeleteAccount: st.builds(entries.DeleteAccount, anyone, nicks, st.booleans()),
    entries.NoteExport: st.builds(entries.NoteExport, anyone, nicks),
    entries.RevokeSession: st.builds(entries.RevokeSession, sessions, sessions),
    entries.IssueCode: st.builds(
        entries.IssueCode,
        anyone,
        st.sampled_from(["claim", "reset", "mailed", "invite"]),
        digests,
        nicks,
        st.sampled_from([1, 86_400]),
    ),
    entries.RevokeCode: st.builds(entries.RevokeCode, anyone, st.integers(1, 3)),
    entries.Claim: st.builds(entries.Claim, sessions, digests),
    entries.Confirm: st.builds(entries.Confirm, sessions, nicks, digests),
    entries.SetEmail: st.builds(
        entries.SetEmail, anyone, nicks, st.sampled_from(["", "new@example.org"]), digests
    ),
    entries.AddCertificate: st.builds(
        entries.AddCertificate, sessions, st.sampled_from(FINGERPRINTS), st.booleans()
    ),
    entries.RemoveCertificate: st.builds(
        entries.RemoveCertificate, sessions, st.sampled_from(FINGERPRINTS)
    ),
    entries.Recover: st.builds(entries.Recover, sessions, nicks, digests, words, words),
    entries.Rename: st.builds(entries.Rename, sessions, nicks),
    entries.SetAway: st.builds(entries.SetAway, sessions, texts | st.just("*")),
    entries.SetRealname: st.builds(entries.SetRealname, sessions, texts),
    entries.SetUserModes: st.builds(
        entries.SetUserModes,
        sessions,
        st.sampled_from(["", "i", "B", "Bi"]),
        st.sampled_from(["", "o"]),
    ),
    entries.Join: st.builds(
        entries.Join, sessions, rooms, st.sampled_from(["", "key"]), st.booleans()
    ),
    entries.RenameRoom: st.builds(entries.RenameRoom, sessions, rooms, rooms, texts),
    entries.Part: st.builds(entries.Part, sessions, rooms, texts),
    entries.PartAll: st.builds(entries.PartAll, sessions),
    entries.Kick: st.builds(entries.Kick, sessions, rooms, nicks, texts),
    entries.Invite: st.builds(entries.Invite, sessions, nicks, rooms),
    entries.Uninvite: st.builds(entries.Uninvite, sessions, nicks, rooms),
    entries.RegisterRoom: st.builds(entries.RegisterRoom, sessions, rooms),
    entries.TransferRoom: st.builds(entries.TransferRoom, sessions, rooms, nicks),
    entries.DropRoom: st.builds(entries.DropRoom, sessions, rooms),
    entries.SetAccess: st.builds(
        entries.SetAccess, sessions, rooms, nicks, st.sampled_from(["o", "v", ""])
    ),
    entries.SetTopic: st.builds(entries.SetTopic, sessions, rooms, texts),
    entries.SetRetention: st.builds(
        entries.SetRetention, anyone, rooms, st.sampled_from([0, 0, 1, 30, 400]), st.booleans()
    ),
    entries.SetRoomModes: st.builds(
        entries.SetRoomModes,
        sessions,
        rooms,
        st.lists(changes.map(_change), max_size=4).map(tuple),
    ),
    entries.Say: st.builds(
        entries.Say,
        sessions,
        st.sampled_from(["PRIVMSG", "NOTICE", "TAGMSG"]),
        st.one_of(nicks, rooms, rooms.map("@".__add__), rooms.map("+".__add__)),
        texts,
        st.sampled_from(
            [
                (),
                (("+a", "b"), ("+c", "")),
                (("+draft/react", "b"), ("+reply", "c"), ("+typing", "")),
            ]
        ),
        st.sampled_from(["", "", "id1", "id2", "id3"]),
        st.sampled_from([(), (), (1,)]),
    ),
    entries.Redact: st.builds(entries.Redact, sessions, nicks | rooms, evidence, texts),
    entries.Edit: st.builds(entries.Edit, sessions, nicks | rooms, evidence, texts),
    entries.AddSetting: st.builds(
        entries.AddSetting,
        sessions,
        st.sampled_from(["block", "mute", "word", "dnd"]),
        st.sampled_from(["ann", "bob", "eve", "*!*@localhost", "#a", "#den", "22:00-07:00", "tea"]),
        st.booleans(),
    ),
    entries.RemoveSetting: st.builds(
        entries.RemoveSetting,
        sessions,
        st.sampled_from(["block", "mute", "word", "dnd"]),
        st.sampled_from(["ann", "bob", "eve", "*!*@localhost", "#a", "#den", "tea"]),
        st.booleans(),
    ),
    entries.MarkRead: st.builds(
        entries.MarkRead, sessions, nicks | rooms, st.integers(START - 1, START + 3_000)
    ),
    entries.PinMessage: st.builds(entries.PinMessage, sessions, rooms, evidence),
    entries.UnpinMessage: st.builds(
        entries.UnpinMessage,
        sessions,
        rooms,
        st.integers(FIRST_PLACE, FIRST_PLACE + 60).map(lambda at: msgid(LOG_ID, Place(at))),
    ),
    entries.SetMetadata: st.builds(
        entries.SetMetadata,
        sessions,
        nicks | rooms | st.just("*"),
        st.sampled_from(["a", "b"]),
        st.none() | texts,
    ),
    entries.ClearMetadata: st.builds(entries.ClearMetadata, sessions, nicks | rooms | st.just("*")),
    entries.Describe: st.builds(
        entries.Describe, sessions, st.sampled_from([(("a", "1"),), (("b", ""), ("c", "2"))])
    ),
    entries.Disconnect: st.builds(entries.Disconnect, anyone, nicks, texts),
    entries.Wallops: st.builds(entries.Wallops, anyone, texts),
    entries.Announce: st.builds(entries.Announce, anyone, rooms, texts),
    entries.Ban: st.builds(entries.Ban, anyone, targets, texts, st.sampled_from([0, 0, 1, 600])),
    entries.Unban: st.builds(entries.Unban, anyone, targets, texts),
    entries.Mute: st.builds(entries.Mute, anyone, targets, texts, st.sampled_from([0, 0, 1, 600])),
    entries.Unmute: st.builds(entries.Unmute, anyone, targets, texts),
    entries.Lockdown: st.builds(entries.Lockdown, anyone, st.booleans(), texts),
    entries.Report: st.builds(entries.Report, sessions, nicks, texts, st.none() | evidence),
    entries.Attend: st.builds(entries.Attend, sessions),
    entries.StartPurge: st.builds(
        entries.StartPurge,
        anyone,
        nicks,
        st.lists(identities.filter(bool), max_size=2).map(tuple),
        st.sampled_from([60, 3_600]),
        texts,
    ),
    entries.TakeOut: st.builds(
        entries.TakeOut,
        anyone,
        st.integers(1, 4),
        st.lists(evidence, max_size=2).map(tuple),
        st.booleans(),
    ),
    entries.Undo: st.builds(
        entries.Undo,
        anyone,
        st.integers(0, 5),
        st.sampled_from(["ban", "mute", "lockdown on", "role", "kill"]),
        nicks,
        st.sampled_from(["", "member to admin", "admin to member"]),
    ),
}

any_entry: st.SearchStrategy[AnyEntry] = st.one_of(
    *_any_entry.values(),
    *[_any_entry[kind] for kind in (entries.Open, entries.Join, entries.Say)] * 2,
    *[_any_entry[kind] for kind in (entries.Register, entries.Login)] * 2,
    *[_any_entry[entries.SetRoomModes]] * 4,
)

# The sessions don't come in the order of their numbers, as in life.
CROWD: tuple[AnyEntry, ...] = (
    entries.Open(SESSIONS[1], "bob", "~bob", "Bob", "host.test", "d2"),
    entries.Open(SESSIONS[0], "ann", "~ann", "Ann", "host.test", "d1"),
    entries.Open(SESSIONS[2], "eve", "~eve", "Eve", "localhost"),
    entries.Join(SESSIONS[0], "#a"),
    entries.Join(SESSIONS[1], "#den"),
    entries.Join(SESSIONS[1], "#a"),
    entries.Join(SESSIONS[2], "#lobby"),
    entries.Join(SESSIONS[0], "#lobby"),
)


@st.composite
def logs(draw: st.DrawFn) -> list[Batch]:
    """Batches of a node whose clock may stand still, jump and go back."""
    time = START
    rules = entries.RulesChanged(NO_SESSION, draw(settings))
    batches = [Batch(3, 1, 1, START, (rules, *CROWD))]
    for number in range(2, draw(st.integers(3, 7)) + 1):
        time += draw(st.sampled_from([0, 1, 1_000, -5_000, 700_000, 8 * 24 * 3_600_000]))
        batch = tuple(draw(st.lists(any_entry, min_size=4, max_size=8)))
        batches.append(Batch(3, 1, number, time, batch))
    return batches
