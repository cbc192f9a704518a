"""Every question is answered as a naive reading of all rows would answer it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hypothesis import given
from hypothesis import strategies as st

from hubbub.core.history import (
    Around,
    At,
    Bound,
    Count,
    InRoom,
    Messages,
    Own,
    Page,
    Targets,
    WithPeer,
)
from hubbub.core.ids import FIRST_PLACE, Place, RoomId
from hubbub.core.outputs import HistoryRow
from hubbub.irc.names import fold_nick
from hubbub.store import questions
from hubbub.store.store import Store
from tests.store.making import commit, fresh_store

PEOPLE = [("u:1", "Ann"), ("u:2", "Bob"), ("d:x", "Cid"), ("d:x", "ANN"), ("u:3", "cid")]
STATUSES = ("", "+", "@")


@st.composite
def histories(draw: st.DrawFn) -> list[HistoryRow]:
    time, rows = 100, []
    for number in range(draw(st.integers(6, 24))):
        time += draw(st.integers(0, 2))
        author, nick = draw(st.sampled_from(PEOPLE))
        peer, peer_nick = draw(st.sampled_from(PEOPLE))
        room = draw(st.sampled_from([None, RoomId(1), RoomId(1), RoomId(2)]))
        command = draw(st.sampled_from(["PRIVMSG", "NOTICE", "JOIN"]))
        rows.append(
            HistoryRow(
                Place(FIRST_PLACE + number),
                time,
                room,
                "PRIVMSG" if room is None else command,
                f"{nick}!u@h",
                () if command == "JOIN" else (f"text {number}",),
                {"+a": "b"} if command == "NOTICE" else {},
                draw(st.sampled_from(STATUSES)) if room and command != "JOIN" else "",
                author,
                "" if room else peer,
                "" if room else peer_nick,
            )
        )
    return rows


PLACES = st.integers(FIRST_PLACE - 1, FIRST_PLACE + 26).map(Place)
BOUNDS: st.SearchStrategy[Bound] = PLACES | st.builds(At, st.integers(98, 118))
STARTS = st.just(Place(0)) | st.integers(FIRST_PLACE, FIRST_PLACE + 9).map(Place)


@st.composite
def in_rooms(draw: st.DrawFn) -> InRoom:
    statuses = draw(st.sampled_from([("", "+", "@"), ("",), ("", "+"), ()]))
    each = st.lists(STARTS, min_size=len(statuses), max_size=len(statuses)).map(tuple)
    room = draw(st.sampled_from([RoomId(1), RoomId(1), RoomId(2)]))
    kept = draw(st.just(0) | st.integers(98, 130))
    return InRoom(room, draw(STARTS), statuses, kept, draw(st.just(()) | each))


IN_ROOMS = in_rooms()
WITH_PEERS = st.builds(
    WithPeer,
    st.sampled_from(["u:1", "u:2", "d:x", "u:9"]),
    st.sampled_from([fold_nick("ann"), fold_nick("bob"), fold_nick("cid")]),
    st.just(0) | st.integers(98, 130),
)
CONVERSATIONS = IN_ROOMS | WITH_PEERS
LIMITS = st.integers(1, 6) | st.just(100)


def stored(rows: Sequence[HistoryRow], check: Callable[[Store], None]) -> None:
    for store in fresh_store():
        # What isn't listed yet is read the same way as what is: none of it, a half, or all.
        for number, part in enumerate((rows[: len(rows) // 2], rows[len(rows) // 2 :])):
            store.commit(commit(number + 1, part))
            if len(rows) % 3 > number:
                while store.index_some():
                    pass
        check(store)


def is_said(row: HistoryRow) -> bool:
    return row.command in ("PRIVMSG", "NOTICE")


def may_read(row: HistoryRow, room: InRoom) -> bool:
    starts = room.starts or (room.since,) * len(room.statuses)
    return row.place >= room.since and any(
        row.status == status and row.place >= start
        for status, start in zip(room.statuses, starts, strict=True)
    )


def belongs(row: HistoryRow, to: InRoom | WithPeer, events: bool) -> bool:
    if row.time < to.from_time or not (events or is_said(row)):
        return False
    if isinstance(to, InRoom):
        return row.room == to.room and may_read(row, to)
    return row.room is None and (to.identity, to.peer) in (
        (row.author, fold_nick(row.peer_nick)),
        (row.peer, fold_nick(row.source.split("!")[0])),
    )


def is_after(row: HistoryRow, bound: Bound | None) -> bool:
    if bound is None:
        return True
    return row.time > bound.time if isinstance(bound, At) else row.place > bound


def is_before(row: HistoryRow, bound: Bound | None) -> bool:
    if bound is None:
        return True
    return row.time < bound.time if isinstance(bound, At) else row.place < bound


PAGES = st.builds(
    Page,
    conversation=CONVERSATIONS,
    after=st.none() | BOUNDS,
    before=st.none() | BOUNDS,
    limit=LIMITS,
    newest=st.booleans(),
    events=st.booleans(),
)


@given(histories(), st.lists(PAGES, min_size=15, max_size=25))
def test_a_page_is_the_first_or_last_rows_between_its_bounds(
    rows: list[HistoryRow], pages: list[Page]
) -> None:
    def check(store: Store) -> None:
        for page in pages:
            found = [
                row
                for row in rows
                if belongs(row, page.conversation, page.events)
                and is_after(row, page.after)
                and is_before(row, page.before)
            ]
            expected = found[-page.limit :] if page.newest else found[: page.limit]
            assert store.answer(page) == expected

    stored(rows, check)


@given(histories(), st.lists(PAGES, min_size=10, max_size=15))
def test_a_count_is_how_many_a_page_would_have(
    rows: list[HistoryRow], questions: list[Page]
) -> None:
    def check(store: Store) -> None:
        for page in questions:
            after, before = page.after or Place(0), page.before or Place(1 << 60)
            found = [
                row
                for row in rows
                if belongs(row, page.conversation, events=False)
                and is_after(row, after)
                and is_before(row, before)
            ]
            question = Count(page.conversation, after, before, page.limit)
            assert store.answer(question) == [min(len(found), page.limit)]


@given(histories(), CONVERSATIONS, BOUNDS, BOUNDS, LIMITS)
def test_a_page_may_be_counted_from_its_later_bound(
    rows: list[HistoryRow], conversation: InRoom | WithPeer, one: Bound, other: Bound, limit: int
) -> None:
    def check(store: Store) -> None:
        for start, end in ((one, other), (other, one)):
            page = Page(
                conversation=conversation, after=start, before=end, limit=limit, counted=True
            )
            there = [row for row in rows if belongs(row, conversation, False)]
            forwards = [row for row in there if is_after(row, start) and is_before(row, end)]
            backwards = [row for row in there if is_after(row, end) and is_before(row, start)]
            assert not (forwards and backwards)
            assert store.answer(page) == forwards[:limit] + backwards[-limit:]

    stored(rows, check)


AROUNDS = st.builds(
    Around, conversation=CONVERSATIONS, bound=BOUNDS, limit=LIMITS, events=st.booleans()
)


@given(histories(), st.lists(AROUNDS, min_size=15, max_size=25))
def test_around_is_half_from_before_the_bound_and_half_from_it_on(
    rows: list[HistoryRow], questions: list[Around]
) -> None:
    def check(store: Store) -> None:
        for around in questions:
            found = [row for row in rows if belongs(row, around.conversation, around.events)]
            older = [row for row in found if is_before(row, around.bound)]
            newer = [row for row in found if not is_before(row, around.bound)]
            half = around.limit // 2
            expected = older[max(len(older) - half, 0) :] + newer[: around.limit - half]
            assert store.answer(around) == expected

    stored(rows, check)


@given(
    histories(),
    st.sampled_from(["u:1", "u:2", "d:x", "u:9"]),
    st.lists(IN_ROOMS, max_size=3, unique_by=lambda room: room.room),
    st.integers(95, 130),
    st.integers(95, 135),
    LIMITS,
    st.just(0) | st.integers(98, 130),
    st.booleans(),
)
def test_targets_are_what_was_last_said_where(
    rows: list[HistoryRow],
    identity: str,
    rooms: list[InRoom],
    after: int,
    before: int,
    limit: int,
    kept: int,
    newest: bool,
) -> None:
    question = Targets(
        identity=identity,
        rooms=tuple(rooms),
        after=At(after),
        before=At(before),
        limit=limit,
        from_time=kept,
        newest=newest,
    )
    latest: dict[RoomId | str, tuple[RoomId | str, int]] = {}
    for row in rows:
        for room in rooms:
            if belongs(row, room, events=False):
                latest[room.room] = (room.room, row.time)
        nick = row.source.split("!")[0]
        if row.time < kept:
            continue
        if row.room is None and row.peer == identity:
            latest[fold_nick(nick)] = (nick, row.time)
        if row.room is None and row.author == identity:
            latest[fold_nick(row.peer_nick)] = (row.peer_nick, row.time)
    expected = [item for item in latest.values() if after < item[1] < before]
    expected.sort(key=lambda item: item[1])

    def check(store: Store) -> None:
        answer = store.answer(question)
        # Which comes first of those last written to in the same millisecond, nobody can say.
        times = [time for _, time in expected]
        assert [time for _, time in answer] == (times[-limit:] if newest else times[:limit])
        assert set(answer) <= set(expected)
        assert len(set(answer)) == len(answer)

    stored(rows, check)


def test_nothing_is_scanned(store: Store) -> None:
    """Each row of each plan seeks in an index, but for what was already limited."""
    shapes = [
        questions._Shape(statuses, events, newest, after, before, 0, expires)
        for statuses in (None, 1, 3)
        for events in (False, True)
        for newest in (False, True)
        for after in (False, True)
        for before in (False, True)
        for expires in (False, True)
    ]
    names = (
        "room",
        "status0",
        "status1",
        "status2",
        "since0",
        "since1",
        "since2",
        "start",
        "end",
        "limit",
        "after",
        "before",
    )
    parameters = dict.fromkeys((*names, "identity", "peer", "from_time"), 1)
    with store._reading() as reader:
        for shape in shapes:
            statement = questions._page_statement(shape)
            plan = reader.execute(f"EXPLAIN QUERY PLAN {statement}", parameters).fetchall()
            for *_, detail in plan:
                assert not detail.startswith("SCAN history"), (shape, plan)
                assert not detail.startswith("SCAN whispers"), (shape, plan)
                if "whispers" in detail:
                    assert "place>? AND place<?" in detail, (shape, plan)
                elif "SEARCH placed" in detail:
                    seeks = "(room=? AND said=? AND status=? AND place>? AND place<?)"
                    assert seeks in detail, (shape, plan)


def test_no_limit_and_no_rank_give_nothing(store: Store) -> None:
    room = InRoom(RoomId(1), Place(0))
    assert store.answer(Page(conversation=room, limit=0)) == []
    assert store.answer(Page(conversation=InRoom(RoomId(1), Place(0), ()), limit=5)) == []


@given(histories(), in_rooms(), st.lists(PLACES, max_size=6).map(tuple))
def test_the_messages_at_some_places(
    rows: list[HistoryRow], room: InRoom, places: tuple[Place, ...]
) -> None:
    def check(store: Store) -> None:
        assert store.answer(Messages(room, places)) == [
            row for row in rows if row.place in places and belongs(row, room, events=False)
        ]


@given(
    histories(),
    st.sampled_from(["u:1", "u:2", "d:x", "u:9"]),
    PLACES,
    LIMITS,
)
def test_ones_own_is_what_one_did_and_was_whispered(
    rows: list[HistoryRow], identity: str, after: Place, limit: int
) -> None:
    def check(store: Store) -> None:
        own = [
            row
            for row in rows
            if row.place > after
            and (row.author == identity or (row.room is None and row.peer == identity))
        ]
        assert store.answer(Own(identity=identity, after=after, limit=limit)) == own[:limit]

    stored(rows, check)
