"""Inputs that nobody meant: mutated from kept ones, run one after the other, made small when they fail.

Law: a run is a function of its seed and its corpus; only how far it gets in a time is not. What a
target tells that it has seen takes the place of measured coverage: an input that shows something new
is mutated further.
"""

from __future__ import annotations

import random
import signal
import time
import traceback
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Final

CORPUS: Final = Path(__file__).parent / "corpus"
ROOT: Final = Path(__file__).parents[3]
POOL_MOST: Final = 2_000
"""How many inputs that showed something new are kept in memory beside the corpus."""
CPU_SECONDS_MOST: Final = 5.0
"""CPU time that one input may take; it counts as a failure beyond."""
SHORT: Final = 400
"""Bytes beyond which nearly all inputs are cut."""
TRIES_MOST: Final = 3_000
"""How often a failing input is run to make it smaller."""
SHRINKING_MOST: Final = 10.0
"""Seconds that this may take."""
FAILURES_MOST: Final = 20
"""After so many different failures a run of a target ends."""

Run = Callable[[bytes], Iterable[Hashable]]


@dataclass(frozen=True, slots=True)
class Target:
    """Something that takes bytes. `run` raises when a promise is broken and tells what it has seen.

    `words` are what inputs are made of; `make`, if given, makes a new input instead of mutating.
    `share` is the target's part of a number of inputs, in relation to the others'.
    """

    what: str
    run: Run
    words: Sequence[bytes] = ()
    share: int = 1
    longest: int = 2_048
    make: Callable[[random.Random], bytes] | None = None


class TooSlow(Exception):
    """An input took more CPU time than any may."""


@dataclass(frozen=True, slots=True)
class Failure:
    """An input that broke a promise, made small. `where` tells failures of different causes apart."""

    where: str
    input: bytes
    trace: str = ""


@dataclass(slots=True)
class Outcome:
    """What became of a run of one target."""

    target: str
    inputs: int = 0
    seconds: float = 0.0
    seen: int = 0
    failures: list[Failure] = field(default_factory=list)


def corpus(name: str) -> list[Path]:
    """The kept inputs of a target, in the order of their names."""
    return sorted(path for path in (CORPUS / name).glob("*") if path.is_file())


def keep(name: str, failure: Failure) -> Path:
    """Saves a failing input to the corpus, where it is a regression test from then on."""
    number = f"{hash_of(failure.input):08x}"
    path = CORPUS / name / f"failed-{number}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(failure.input)
    return path


def hash_of(content: bytes) -> int:
    """A number for a name: FNV-1a, the same everywhere."""
    number = 0x811C9DC5
    for byte in content:
        number = (number ^ byte) * 0x01000193 & 0xFFFFFFFF
    return number


def fuzz(
    name: str, target: Target, seed: str, *, inputs: int | None, seconds: float | None
) -> Outcome:
    """Runs mutated inputs until there were so many, or for so long, whichever comes first."""
    chance = random.Random(f"{seed}:{name}")
    pool = [path.read_bytes() for path in corpus(name)] or [b""]
    seen: set[Hashable] = set()
    outcome = Outcome(name)
    began = time.monotonic()
    for number in _numbers(inputs, began, seconds):
        first = number < len(pool) and target.make is None
        data = pool[number] if first else _next(target, pool, chance)
        news, failure = attempt(target.run, data)
        outcome.inputs += 1
        if failure is not None:
            if failure.where not in {known.where for known in outcome.failures}:
                outcome.failures.append(minimised(target.run, failure))
                if len(outcome.failures) >= FAILURES_MOST:
                    break
        elif not news <= seen:
            seen |= news
            if not first and len(pool) < POOL_MOST:
                pool.append(data)
    outcome.seconds = time.monotonic() - began
    outcome.seen = len(seen)
    return outcome


def _numbers(inputs: int | None, began: float, seconds: float | None) -> Iterator[int]:
    number = 0
    while inputs is None or number < inputs:
        if seconds is not None and time.monotonic() - began > seconds:
            return
        yield number
        number += 1


def attempt(run: Run, data: bytes, *, traced: bool = False) -> tuple[set[Hashable], Failure | None]:
    """Runs one input; what it showed, and how it failed if it did, on request with its trace."""
    try:
        with _limited():
            return set(run(data)), None
    except Exception as error:
        trace = traceback.format_exception(error, limit=-12) if traced else []
        return set(), Failure(_where(error), data, "".join(trace))


@contextmanager
def _limited() -> Iterator[None]:
    """Has an input raise TooSlow that takes too much CPU time, where the system can tell."""

    def raise_it(number: int, frame: FrameType | None) -> None:
        raise TooSlow(f"more than {CPU_SECONDS_MOST} s of CPU time")

    if not hasattr(signal, "setitimer"):
        yield
        return
    before = signal.signal(signal.SIGVTALRM, raise_it)
    signal.setitimer(signal.ITIMER_VIRTUAL, CPU_SECONDS_MOST)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def _where(error: BaseException) -> str:
    """The kind of an error and the last place of ours in its traceback."""
    if isinstance(error, TooSlow):
        return "TooSlow"  # wherever it was just then
    place, step = "?", error.__traceback__
    while step is not None:
        file = step.tb_frame.f_code.co_filename
        if file.startswith(str(ROOT)) and "site-packages" not in file:
            place = f"{Path(file).relative_to(ROOT)}:{step.tb_lineno}"
        step = step.tb_next
    return f"{type(error).__name__} at {place}"


def minimised(run: Run, failure: Failure) -> Failure:
    """A smaller input that fails in the same place: without lines, then without bytes, in halves."""
    best, tries, until = failure, 0, time.monotonic() + SHRINKING_MOST
    if failure.where == "TooSlow":
        return failure  # each try would take as long
    for unit in (b"\n", b""):
        size = max(1, len(_parts(best.input, unit)) // 2)
        while size and time.monotonic() < until:
            at, smaller = 0, False
            while at < len(parts := _parts(best.input, unit)) and tries < TRIES_MOST:
                tries += 1
                _, found = attempt(run, b"".join((*parts[:at], *parts[at + size :])))
                if found is not None and found.where == failure.where:
                    best, smaller = found, True
                else:
                    at += size
            if not smaller or size > 1:
                size //= 2
    return attempt(run, best.input, traced=True)[1] or best


def _parts(data: bytes, unit: bytes) -> list[bytes]:
    if unit:
        return data.splitlines(keepends=True)
    return [data[at : at + 1] for at in range(len(data))]


# -- mutating -----------------------------------------------------------------------------------


def _next(target: Target, pool: Sequence[bytes], chance: random.Random) -> bytes:
    if target.make is not None:
        return target.make(chance)
    return mutated(pool[int(chance.random() * len(pool))], pool, target, chance)


def mutated(data: bytes, pool: Sequence[bytes], target: Target, chance: random.Random) -> bytes:
    """The input, changed once or a few times, within the target's longest."""
    times = 1
    while times < 8 and chance.random() < 0.5:
        times += 1
    for _ in range(times):
        change = _CHANGES[int(chance.random() * len(_CHANGES))]
        data = change(data, pool, target.words, chance)
    # Few are long: most of what can go wrong needs little, and a long one takes the time of many.
    return data[: target.longest if chance.random() < 0.05 else min(target.longest, SHORT)]


_Change = Callable[[bytes, Sequence[bytes], Sequence[bytes], random.Random], bytes]

ODD: Final = (
    *(bytes((byte,)) for byte in b"\0\r\n\t :;=@!#*,+-%\\\"'[]{}<>\x01\x02\x03\x16\x7f\xff"),
    b"\r\n",
    b"\xc3",
    "é".encode(),
    "ß".encode(),
    "İ".encode(),
    "\u202e".encode(),
    "\u200d".encode(),
    "\ufeff".encode(),
    "😀".encode(),
    "\u0301".encode(),
    b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80",
    b"-1",
    b"0",
    b"65536",
    b"99999999999999999999",
    b"1e999",
    b"nan",
)
"""What often breaks a reader: what ends things, what is cut, what is huge, what only looks like text."""


def _spot(data: bytes, chance: random.Random) -> int:
    return int(chance.random() * (len(data) + 1))


def _span(data: bytes, chance: random.Random) -> tuple[int, int]:
    start = _spot(data, chance)
    longest = 4 if chance.random() < 0.5 else len(data)
    return start, min(len(data), start + 1 + int(chance.random() * longest))


def _flip(data: bytes, pool: object, words: object, chance: random.Random) -> bytes:
    if not data:
        return data
    at = int(chance.random() * len(data))
    value = data[at] ^ 1 << int(chance.random() * 8)
    return data[:at] + bytes((value,)) + data[at + 1 :]


def _replace(data: bytes, pool: object, words: object, chance: random.Random) -> bytes:
    start, end = _span(data, chance)
    return data[:start] + ODD[int(chance.random() * len(ODD))] + data[end:]


def _insert(data: bytes, pool: object, words: object, chance: random.Random) -> bytes:
    at = _spot(data, chance)
    return data[:at] + ODD[int(chance.random() * len(ODD))] + data[at:]


def _word(data: bytes, pool: object, words: Sequence[bytes], chance: random.Random) -> bytes:
    if not words:
        return data
    at = _spot(data, chance)
    end = _span(data, chance)[1] if chance.random() < 0.3 else at
    return data[:at] + words[int(chance.random() * len(words))] + data[max(at, end) :]


def _cut(data: bytes, pool: object, words: object, chance: random.Random) -> bytes:
    start, end = _span(data, chance)
    return data[:start] + data[end:]


def _repeat(data: bytes, pool: object, words: object, chance: random.Random) -> bytes:
    start, end = _span(data, chance)
    times = 2 if chance.random() < 0.8 else 2 + int(chance.random() * 300)
    return data[:start] + data[start:end] * times + data[end:]


def _cross(data: bytes, pool: Sequence[bytes], words: object, chance: random.Random) -> bytes:
    other = pool[int(chance.random() * len(pool))]
    start, end = _span(other, chance)
    at = _spot(data, chance)
    return data[:at] + other[start:end] + data[at:]


def _lines(data: bytes, pool: Sequence[bytes], words: object, chance: random.Random) -> bytes:
    """A line goes, comes twice, changes its place, or comes from another input."""
    lines = data.splitlines(keepends=True)
    other = pool[int(chance.random() * len(pool))].splitlines(keepends=True)
    kind = chance.random()
    if lines and kind < 0.25:
        del lines[int(chance.random() * len(lines))]
    elif lines and kind < 0.5:
        taken = lines[int(chance.random() * len(lines))]
        lines.insert(int(chance.random() * (len(lines) + 1)), taken)
    elif lines and kind < 0.6:
        lines.insert(
            int(chance.random() * len(lines)), lines.pop(int(chance.random() * len(lines)))
        )
    elif other:
        start = int(chance.random() * len(other))
        taken_lines = other[start : start + 1 + int(chance.random() * 4)]
        at = int(chance.random() * (len(lines) + 1))
        lines[at:at] = [line if line.endswith(b"\n") else line + b"\n" for line in taken_lines]
    return b"".join(lines)


_CHANGES: Final[tuple[_Change, ...]] = (
    _flip,
    _replace,
    _insert,
    _word,
    _word,
    _cut,
    _repeat,
    _cross,
    _lines,
    _lines,
)
