"""`apply` is deterministic, refuses without a trace, and its rows are the whole state."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from hubbub.core import entries
from hubbub.core.apply import HANDLERS, apply, begin
from hubbub.core.batches import AnyEntry, Batch, decode_batch, encode_batch
from hubbub.core.ids import NO_SESSION, RoomId, SessionId
from hubbub.core.kept import Row
from hubbub.core.outputs import Answer, Departed, Entered, HistoryRow, Output, Record
from hubbub.core.state import State
from hubbub.core.tables import COLUMNS, dump, load
from hubbub.irc.replies import Refused
from tests.core.logs import LOG_ID, RULES, Chat, logs
from tests.world import stored

ROOT = Path(__file__).parents[2]


def play(state: State, batch: Batch) -> list[Output]:
    if not begin(state, batch):
        return []
    return [output for entry in batch.entries for output in apply(state, entry)]


class Kept:
    """The tables as a store would have them."""

    def __init__(self) -> None:
        self.tables: dict[str, dict[Row, Row]] = {table: {} for table in COLUMNS}

    def take(self, state: State) -> None:
        for table, rows in state.take_changes().items():
            for key, row in rows.items():
                if row is None:
                    self.tables[table].pop(key, None)
                else:
                    self.tables[table][key] = row

    def load(self, like: State) -> State:
        return load(LOG_ID, like.rules, stored(self.tables))


def test_every_entry_has_a_handler() -> None:
    assert set(HANDLERS) == set(AnyEntry.__args__)


@given(logs())
def test_the_same_log_gives_the_same_outputs_and_state(log: list[Batch]) -> None:
    one, other = State(LOG_ID, RULES), State(LOG_ID, RULES)
    for batch in log:
        again = decode_batch(encode_batch(batch))
        assert repr(play(one, batch)) == repr(play(other, again))
        assert one.take_changes() == other.take_changes()
    assert dump(one) == dump(other)


def fingerprint(blobs: list[bytes]) -> str:
    """A digest of all outputs and rows of some logs, each a blob of batches."""
    digest = hashlib.sha256()
    for blob in blobs:
        state = State(LOG_ID, RULES)
        for part in blob.split(b"<batch>")[1:]:
            digest.update(repr(play(state, decode_batch(part))).encode())
            digest.update(repr(state.take_changes()).encode())
    return digest.hexdigest()


SCRIPT = """
import sys
from tests.core.test_apply import fingerprint
print(fingerprint(sys.stdin.buffer.read().split(b"<log>")[1:]))
"""


@pytest.mark.parametrize("seed", ["0", "1", "4242"])
def test_another_hash_seed_gives_byte_identical_outputs(seed: str) -> None:
    blobs: list[bytes] = []

    @settings(
        max_examples=60,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(logs())
    def draw(log: list[Batch]) -> None:
        blobs.append(b"".join(b"<batch>" + encode_batch(batch) for batch in log))

    draw()
    elsewhere = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        input=b"".join(b"<log>" + blob for blob in blobs),
        env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=True,
    )
    assert elsewhere.stdout.decode().strip() == fingerprint(blobs)


def refusal_of(state: State, entry: AnyEntry) -> Refused | None:
    try:
        HANDLERS[type(entry)](state, entry, [])
    except Refused as refused:
        return refused
    return None


@given(logs())
def test_a_refused_entry_changes_nothing_and_answers_its_sender(log: list[Batch]) -> None:
    state = State(LOG_ID, RULES)
    for batch in log:
        assert begin(state, batch)
        for entry in batch.entries:
            state.take_changes()
            before = (dump(state), state.next_place)
            refusal = refusal_of(state, entry)
            if refusal is not None:
                assert (dump(state), state.next_place) == before
                assert state.take_changes() == {}
                assert apply(state, entry) == [
                    Answer(entry.session, reply) for reply in refusal.replies
                ]


@given(logs())
def test_the_kept_rows_are_the_whole_state(log: list[Batch]) -> None:
    state, kept = State(LOG_ID, RULES), Kept()
    for batch in log:
        play(state, batch)
        kept.take(state)
        loaded = kept.load(state)
        assert dump(loaded) == dump(state)
        assert loaded.invisible == state.invisible
        assert (loaded.now, loaded.next_place) == (state.now, state.next_place)


@given(logs(), st.data())
def test_a_loaded_state_goes_on_as_the_kept_one(log: list[Batch], data: st.DataObject) -> None:
    state, kept = State(LOG_ID, RULES), Kept()
    half = data.draw(st.integers(0, len(log)))
    for batch in log[:half]:
        play(state, batch)
        kept.take(state)
    loaded = kept.load(state)
    for batch in log[half:]:
        assert repr(play(loaded, batch)) == repr(play(state, batch))
        assert loaded.take_changes() == state.take_changes()


@given(logs())
def test_who_sees_a_room_is_who_is_in_it(log: list[Batch]) -> None:
    """What Entered and Departed tell the fan-out is what the state knows."""
    state = State(LOG_ID, RULES)
    seen: dict[RoomId, set[SessionId]] = {}
    for batch in log:
        for output in play(state, batch):
            if isinstance(output, Entered):
                seen.setdefault(output.room, set()).update(output.sessions)
            elif isinstance(output, Departed):
                seen[output.room] -= set(output.sessions)
        members = {
            room.id: {
                session for member in room.members.values() for session in member.user.sessions
            }
            for room in state.rooms_by_id.values()
        }
        assert {room: sessions for room, sessions in seen.items() if sessions} == {
            room: sessions for room, sessions in members.items() if sessions
        }


@given(logs())
def test_every_place_is_given_once_and_in_order(log: list[Batch]) -> None:
    state = State(LOG_ID, RULES)
    rows = [
        output.row
        for batch in log
        for output in play(state, batch)
        if isinstance(output, Record) and isinstance(output.row, HistoryRow)
    ]
    places = [row.place for row in rows]
    assert places == sorted(set(places))
    assert [row.time for row in rows] == sorted(row.time for row in rows)


@given(logs())
def test_the_state_keeps_its_own_rules(log: list[Batch]) -> None:
    state = State(LOG_ID, RULES)
    for batch in log:
        play(state, batch)
        for folded, user in state.users.items():
            assert user.folded == folded
            assert user.sessions or user.owner is not None
            assert user.present == bool(user.sessions)
            assert state.users_by_id[user.id] is user
            for session in user.sessions:
                assert state.sessions[session].user is user
            for room_id, member in user.memberships.items():
                assert state.rooms_by_id[room_id].members[user.id] is member
        for room in state.rooms.values():
            awaited = room.founder or state.ways_back.has_room(room.id)
            assert room.members or not room.private or awaited
            assert room.flags == "".join(sorted(set(room.flags)))
            for member in room.members.values():
                assert set(member.ranks) <= {"o", "v"}
        online = [user for user in state.users.values() if user.sessions]
        assert state.online == len(online)
        assert state.invisible == sum("i" in user.modes for user in online)


def test_a_repeated_batch_is_skipped() -> None:
    chat = Chat()
    session = chat.open("ann")
    batch = Batch(1, 1, 50, chat.clock, (entries.Join(session, "#a"),))
    assert play(chat.state, batch) != []
    before = dump(chat.state)
    assert not begin(chat.state, batch)
    assert not begin(chat.state, Batch(1, 1, 49, chat.clock, ()))
    assert dump(chat.state) == before
    assert begin(chat.state, Batch(1, 2, 1, chat.clock, ()))
    assert begin(chat.state, Batch(2, 1, 1, chat.clock, ()))


def test_time_never_goes_back() -> None:
    chat = Chat()
    chat.open("ann")
    now = chat.state.now
    begin(chat.state, Batch(9, 1, 1, now - 10_000, ()))
    assert chat.state.now == now


def test_the_server_itself_is_nobody_in_the_chat() -> None:
    (answer,) = Chat().do(entries.Join(NO_SESSION, "#a"))
    assert isinstance(answer, Answer)
    assert answer.reply.command == "451"
