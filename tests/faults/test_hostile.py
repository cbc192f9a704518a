"""The table of hostile clients: what it finds wrong, and one short abuse of a real server."""

from __future__ import annotations

import sys

import pytest

from tests.faults.hostile import HEAD, MIB, Measured, Phase, measure
from tests.faults.hostilities import HOSTILITIES

CALM = Phase(50 * MIB, 1.0, [0.001] * 50)


def measured(during: Phase = CALM, after: Phase = CALM, **rest: int) -> Measured:
    return Measured("abuse", CALM, [CALM, during], [CALM, after], **rest)  # type: ignore[arg-type]


def test_what_costs_nobody_anything_is_well() -> None:
    assert measured().wrongs() == []
    assert measured().line() == "| abuse | 50 / 50 / 50 | 1.0 / 1.0 / 1.0 | 1.0 / 1.0 / 1.0 | ok |"


def test_a_second_without_an_answer_is_as_many_as_were_not_asked() -> None:
    stalled = Phase(50 * MIB, 2.0, [0.001] * 65 + [1.0])
    assert stalled.percentile(0.0) == 0.001
    assert stalled.percentile(0.6) > 0.1
    assert stalled.percentile(1.0) == 1.0
    assert Phase(50 * MIB, 2.0, []).percentile(0.5) == 2.0


def test_the_table_s_head_has_as_many_cells_as_its_lines() -> None:
    assert {line.count("|") for line in (*HEAD.splitlines(), measured().line())} == {6}


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        (measured(after=Phase(65 * MIB, 1.0, [0.001] * 50)), "memory grows: 1.3 x"),
        (measured(during=Phase(350 * MIB, 1.0, [0.001] * 50)), "memory isn't bounded: 7.0 x"),
        (measured(during=Phase(50 * MIB, 2.0, [0.9])), "starved meanwhile: 100 x"),
        (measured(during=Phase(50 * MIB, 1.0, [])), "starved meanwhile"),
        (measured(after=Phase(50 * MIB, 1.0, [])), "starved afterwards"),
        (measured(connected=False), "dropped"),
        (measured(errors=2), "2 errors"),
    ],
)
def test_what_is_wrong_is_told(wrong: Measured, word: str) -> None:
    (told,) = wrong.wrongs()
    assert word in told
    assert wrong.line().endswith(f"| {told} |")


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_a_short_abuse_is_measured() -> None:
    found = measure(HOSTILITIES["nick races"], 0.5, 0.2, 1)
    assert found.connected
    assert not found.errors
    assert found.before.latencies
    assert all(phase.latencies for phase in (*found.during, *found.after))
    assert found.before.rss > MIB
