"""The search over a large history: how long it takes to index, how large it is, how fast it finds.

    python -m bench.search [--messages 1000000] [--data DIR]

Builds a history with words as frequent as in a language (Zipf), a tenth of it in Chinese, in rooms
of very different size and in whispers, and prints p50, p95 and the longest of each kind of search
(and the CPU time of the p95, which tells more on a machine that does other things, too).
"""

from __future__ import annotations

import argparse
import random
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import accumulate
from pathlib import Path
from typing import Final

from hubbub.core.batches import Batch
from hubbub.core.history import InRoom, Search
from hubbub.core.ids import FIRST_PLACE, Place, RoomId
from hubbub.core.outputs import HistoryRow
from hubbub.irc.names import fold_nick
from hubbub.store.store import Commit, Store, open_store

VOCABULARY: Final = 200_000
IDEOGRAPHS: Final = 3_000
ROOMS: Final = 200
PEOPLE: Final = 500
START: Final = 1_600_000_000_000
BATCH: Final = 1_000
REPEATS: Final = 60


def _word(number: int) -> str:
    """A word that is as much like a word as a number allows: the frequent ones are short."""
    syllables, letters = "bcdfghklmnprstvz", "aeiou"
    word, number = "", number + 1
    while number:
        number, rest = divmod(number, len(syllables) * len(letters))
        word += syllables[rest // len(letters)] + letters[rest % len(letters)]
    return word


class Speech:
    """What people say, drawn with Zipf's frequencies."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.words = [_word(number) for number in range(VOCABULARY)]
        self.signs = [chr(0x4E00 + number) for number in range(IDEOGRAPHS)]
        self._weights = list(accumulate(1 / (rank + 2) for rank in range(VOCABULARY)))
        self._sign_weights = list(accumulate(1 / (rank + 9) for rank in range(IDEOGRAPHS)))
        self._rooms = list(accumulate(1 / rank for rank in range(1, ROOMS + 1)))
        self._people = list(accumulate(1 / (rank + 5) for rank in range(PEOPLE)))

    def text(self) -> str:
        if self.random.random() < 0.1:
            count = self.random.randint(4, 24)
            return "".join(self.random.choices(self.signs, cum_weights=self._sign_weights, k=count))
        count = self.random.randint(2, 18)
        return " ".join(self.random.choices(self.words, cum_weights=self._weights, k=count))

    def row(self, number: int) -> HistoryRow:
        place, moment = Place(FIRST_PLACE + number), START + 100 * number
        author, peer = self.random.choices(range(PEOPLE), cum_weights=self._people, k=2)
        source = f"person{author}!~p@host.test"
        if self.random.random() < 0.1:
            return HistoryRow(
                place,
                moment,
                None,
                "PRIVMSG",
                source,
                (self.text(),),
                author=f"a:{author}",
                peer=f"a:{peer}",
                peer_nick=f"person{peer}",
            )
        (room,) = self.random.choices(range(1, ROOMS + 1), cum_weights=self._rooms)
        return HistoryRow(
            place, moment, RoomId(room), "PRIVMSG", source, (self.text(),), author=f"a:{author}"
        )


def build(store: Store, messages: int) -> None:
    speech = Speech(1)
    began, position = time.perf_counter(), store.position
    for first in range(0, messages, BATCH):
        records = [speech.row(number) for number in range(first, min(first + BATCH, messages))]
        position += 1
        store.commit(Commit({}, records, Batch(0, 1, position, START, ()), 100))
    print(f"built in {time.perf_counter() - began:.0f} s")


def index(store: Store, messages: int) -> None:
    steps = []
    began, used = time.perf_counter(), time.thread_time()
    more = True
    while more:
        step = time.perf_counter()
        more = store.index_some()
        steps.append(time.perf_counter() - step)
    took, cpu = time.perf_counter() - began, time.thread_time() - used
    print(
        f"indexed in {took:.0f} s ({messages / took:,.0f} a second; {messages / cpu:,.0f} a second"
        f" of CPU); a step p50 {_ms(statistics.median(steps))}, p99 {_ms(_share(steps, 0.99))},"
        f" longest {_ms(max(steps))}"
    )


def sizes(path: Path) -> None:
    """How large the index is beside what it is of."""
    connection = sqlite3.connect(path)
    try:
        query = "SELECT name LIKE '%search%', sum(pgsize) FROM dbstat GROUP BY 1"
        by_kind = dict(connection.execute(query).fetchall())
        rest, found = by_kind.get(0, 0), by_kind.get(1, 0)
        print(f"history {rest >> 20} MiB, index {found >> 20} MiB ({100 * found / rest:.0f} %)")
        for name, size in connection.execute(
            "SELECT name, sum(pgsize) FROM dbstat WHERE name LIKE '%search%' GROUP BY 1"
        ):
            print(f"  {name}: {size >> 10} KiB")
    except sqlite3.OperationalError:
        print(f"the file has {path.stat().st_size >> 20} MiB (this SQLite can't tell of what)")
    finally:
        connection.close()
    journal = path.with_name(path.name + "-wal")
    print(f"file {path.stat().st_size >> 20} MiB, WAL {journal.stat().st_size >> 20} MiB")


def _share(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def _ms(seconds: float) -> str:
    return f"{1000 * seconds:.1f} ms"


def searches(speech: Speech, messages: int) -> Iterator[tuple[str, Callable[[], Search]]]:
    """Each kind of search, by a person in fifty rooms, two of them private."""
    draw = speech.random
    rooms = tuple(
        InRoom(RoomId(room), Place(FIRST_PLACE + messages // 2 if room in (1, 7) else 0))
        for room in range(1, 51)
    )
    small = (InRoom(RoomId(ROOMS), Place(0)),)
    large = (InRoom(RoomId(2), Place(0)),)

    def common() -> str:
        return speech.words[draw.randrange(0, 20)]

    def usual() -> str:
        return speech.words[draw.randrange(200, 2_000)]

    def rare() -> str:
        return speech.words[draw.randrange(50_000, VOCABULARY)]

    def ask(text: Callable[[], str], **more: object) -> Callable[[], Search]:
        asked: dict[str, object] = {"rooms": rooms, "identity": "a:3", "limit": 50, **more}
        return lambda: Search(text=text(), **asked)  # type: ignore[arg-type]

    def pair() -> str:
        return "".join(draw.choices(speech.signs[:60], k=2))

    def rare_pair() -> str:
        return "".join(draw.choices(speech.signs, k=2))

    yield "a common word", ask(common)
    yield "a word", ask(usual)
    yield "a rare word", ask(rare)
    yield "no such word", ask(lambda: "xqxqx")
    yield "two common words", ask(lambda: f"{common()} {common()}")
    yield "two words", ask(lambda: f"{usual()} {usual()}")
    yield "common and rare", ask(lambda: f"{common()} {rare()}")
    yield "a phrase", ask(lambda: f'"{usual()} {common()}"')
    yield "part of a word", ask(lambda: usual()[1:])
    yield "three letters", ask(lambda: rare()[2:5])
    yield "two ideographs", ask(pair)
    yield "two rare ideographs", ask(rare_pair)
    yield "one ideograph", ask(lambda: draw.choice(speech.signs))
    yield "a sign", ask(lambda: ":)")
    yield "small room, common", ask(common, rooms=small, identity="")
    yield "small room, two common", ask(lambda: f"{common()} {common()}", rooms=small, identity="")
    yield "large room, common", ask(common, rooms=large, identity="")
    yield "large room, rare", ask(rare, rooms=large, identity="")
    yield "from somebody, common", ask(common, author=fold_nick("person400"))
    yield "from somebody", ask(lambda: "", author=fold_nick("person400"))
    yield "whispers, common", ask(common, rooms=())
    yield "whispers, rare", ask(rare, rooms=())
    yield "whispers with one", ask(common, rooms=(), peer=fold_nick("person9"))
    middle = START + 50 * messages
    yield "common, before the middle", ask(common, before=middle)
    yield "common, from the middle on", ask(common, after=middle, newest=False)
    yield "only a time", ask(lambda: "", before=middle)


def measure(store: Store, messages: int) -> None:
    speech = Speech(2)
    print(f"{'':28}{'p50':>10}{'p95':>10}{'longest':>10}{'CPU p95':>10}{'found':>8}")
    for name, ask in searches(speech, messages):
        took, used, found = [], [], 0
        for _ in range(REPEATS):
            question = ask()
            began, cpu = time.perf_counter(), time.thread_time()
            found += len(store.answer(question))
            took.append(time.perf_counter() - began)
            used.append(time.thread_time() - cpu)
        shown = (_ms(statistics.median(took)), _ms(_share(took, 0.95)), _ms(max(took)))
        cells = (*shown, _ms(_share(used, 0.95)))
        print(f"{name:28}" + "".join(f"{one:>10}" for one in cells) + f"{found / REPEATS:>8.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--data", type=Path, help="where the file is kept, for the next time")
    parsed = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        path = Path(parsed.data or temporary, f"search-{parsed.messages}.db")
        store = open_store(path)
        if not store.position:
            build(store, parsed.messages)
        index(store, parsed.messages)
        measure(store, parsed.messages)
        sizes(path)
        store.close()


if __name__ == "__main__":
    main()
