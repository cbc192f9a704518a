"""Every input of the corpora again, a few new ones, and whether the fuzzer finds what is wrong."""

from __future__ import annotations

import random
from collections.abc import Hashable, Iterable
from pathlib import Path

import pytest

from tests.faults.fuzz import engine
from tests.faults.fuzz.__main__ import gathered, jobs, main
from tests.faults.fuzz.engine import Failure, Outcome, Target, attempt, corpus, fuzz, minimised
from tests.faults.fuzz.targets import TARGETS


@pytest.mark.parametrize("name", TARGETS)
def test_each_kept_input_does_no_harm(name: str) -> None:
    kept = corpus(name)
    assert len(kept) >= 10
    for path in kept:
        list(TARGETS[name].run(path.read_bytes()))


@pytest.mark.parametrize("name", TARGETS)
def test_new_inputs_do_no_harm(name: str) -> None:
    outcome = fuzz(name, TARGETS[name], "always the same", inputs=None, seconds=1)
    assert not outcome.failures, outcome.failures
    assert outcome.inputs
    assert outcome.seen


# -- the fuzzer itself --------------------------------------------------------------------------


def _brittle(data: bytes) -> Iterable[Hashable]:
    """Can't bear a line with both of two words, nor one with a number of its own."""
    for line in data.split(b"\n"):
        assert not (b"PING" in line and b"\x00" in line)
        if line.startswith(b"@"):
            int(line[1:2] or b"0")
        yield line[:2]


BRITTLE = Target("breaks", _brittle, (b"PING", b"@"))


def test_what_is_wrong_is_found_once_each_and_made_small() -> None:
    outcome = fuzz("lines", BRITTLE, "1", inputs=4_000, seconds=None)
    assert outcome.inputs == 4_000
    by_kind = {failure.where.split()[0]: failure.input for failure in outcome.failures}
    assert sorted(by_kind) == ["AssertionError", "ValueError"]
    assert sorted(by_kind["AssertionError"]) == sorted(b"PING\x00")
    assert len(by_kind["ValueError"]) == 2


def test_the_same_seed_gives_the_same_inputs_and_another_others() -> None:
    def inputs(seed: str) -> list[bytes]:
        tried: list[bytes] = []

        def keep(data: bytes) -> Iterable[Hashable]:
            tried.append(data)
            return ()

        target = Target("keeps", keep, (b"PING",))
        fuzz("lines", target, seed, inputs=200, seconds=None)
        return tried

    assert inputs("1") == inputs("1")
    assert inputs("1") != inputs("2")


def test_what_takes_too_long_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def endless(data: bytes) -> Iterable[Hashable]:
        while b"x" in data:
            pass
        return ()

    monkeypatch.setattr(engine, "CPU_SECONDS_MOST", 0.05)
    target = Target("hangs", endless, make=lambda chance: chance.choice((b"x", b"y")))
    outcome = fuzz("lines", target, "1", inputs=10, seconds=None)
    assert [failure.where for failure in outcome.failures] == ["TooSlow"]


def test_making_it_small_keeps_the_failure_that_it_was() -> None:
    _, failure = attempt(_brittle, b"a\nb\n@x and more\nPING \x00 too\n")
    assert isinstance(failure, Failure)
    assert failure.where.startswith("ValueError")
    assert minimised(_brittle, failure).input in (b"@x", b"@ ")


def test_mutated_inputs_keep_to_the_longest() -> None:
    chance = random.Random(1)
    target = Target("short", _brittle, (b"x" * 100,), longest=50)
    for _ in range(500):
        assert len(engine.mutated(b"abc\ndef", [b"abc"], target, chance)) <= 50


def test_a_number_of_inputs_is_divided_whole() -> None:
    work = jobs(list(TARGETS), 1, inputs=1_000_000, seconds=None, processes=2)
    assert sum(job.inputs or 0 for job in work) >= 1_000_000
    assert {job.target for job in work} == set(TARGETS)
    assert len({(job.target, job.seed) for job in work}) == len(work)
    whole = gathered([Outcome("lines", 5), Outcome("http", 1), Outcome("lines", 7)])
    assert (whole["lines"].inputs, whole["http"].inputs) == (12, 1)


def test_a_failure_is_kept_and_makes_the_run_fail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(engine, "CORPUS", tmp_path)
    monkeypatch.setitem(TARGETS, "lines", BRITTLE)
    arguments = ["--target", "lines", "--inputs", "4000", "--seed", "1", "--processes", "1"]
    assert main(arguments) == 1
    kept = [path.read_bytes() for path in corpus("lines")]
    assert kept
    assert all(attempt(_brittle, data)[1] for data in kept)
    assert "kept in" in capsys.readouterr().out
