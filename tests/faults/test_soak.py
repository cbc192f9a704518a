"""Whether the soak's judgement sees what grows, and a very short one of a real server."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.faults.soak import Measured, Plan, soak

STEADY = Measured(
    0.0,
    300.0,
    [(second, 100) for second in range(300)],
    [(second, 10) for second in range(300)],
    [(second, 0.01) for second in range(300)],
    "churned 9, lost 0, heard 99",
)


def grown(name: str, values: list[tuple[float, float]]) -> list[str]:
    measured = Measured(0.0, 300.0, STEADY.rss, STEADY.files, STEADY.latencies, STEADY.ends)
    setattr(measured, name, values)
    return measured.wrongs()


def test_what_stays_is_flat() -> None:
    assert STEADY.wrongs() == []


@pytest.mark.parametrize(
    ("name", "values", "wrong"),
    [
        ("rss", [(second, 100 + second / 5) for second in range(300)], "memory grew 1.36 x"),
        ("files", [(second, 10 + second) for second in range(300)], "open files grew"),
        ("latencies", [(second, 0.01 + second / 5_000) for second in range(300)], "p50 grew"),
        ("latencies", [(n, 0.1 if n > 290 else 0.01) for n in range(300)], "p99 grew 10.00 x"),
        ("latencies", [(second, 0.01) for second in range(150)], "p50 grew inf x"),
        ("ends", "churned 9, lost 1, heard 99", "clients were lost: churned 9, lost 1"),
        ("ends", "", "clients were lost: the crowd ended early"),
        ("errors", 2, "2 errors in the log"),
    ],
)
def test_what_grows_is_told(name: str, values: list[tuple[float, float]], wrong: str) -> None:
    assert any(found.startswith(wrong) for found in grown(name, values))


@pytest.mark.parametrize(("each", "told"), [(1_000, True), (550, True), (450, False), (0, False)])
def test_what_stays_of_those_who_went_is_told_before_its_share_is_large(
    each: int, told: bool
) -> None:
    measured = Measured(0.0, 1_800.0, latencies=[(second, 0.01) for second in range(1_800)])
    measured.files = [(second, 10) for second in range(1_800)]
    measured.rss = [(second, (130 << 20) + second * 10 * each) for second in range(1_800)]
    measured.ends = "churned 18000, lost 0, heard 99"
    assert measured.wrongs() == ([f"memory grew {each} bytes for each who went"] if told else [])
    assert measured.table().endswith(f"| bytes for each of 12000 who went between | | {each} |")


def test_what_swings_by_little_is_nobodys() -> None:
    swings: list[tuple[float, float]] = [
        (second, (50 << 20) + second * 10_000) for second in range(300)
    ]
    assert grown("rss", swings) == []


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_a_server_that_keeps_something_of_all_who_go_is_found_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.faults.soak.SAMPLE_SECONDS", 0.2)
    plan = Plan(20, 3.0, churn=20.0, warm=1.0, filling=200)
    measured = soak(plan, 1, tmp_path, ("tests.faults.leaking", str(1 << 20)))
    assert " lost 0," in measured.ends
    (each,) = [found for found in measured.wrongs() if found.endswith(" for each who went")]
    assert 1 << 19 < int(each.split()[2]) < 1 << 21


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_a_short_one_serves_everybody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.faults.soak.SAMPLE_SECONDS", 0.2)
    measured = soak(Plan(60, 3.0, warm=1.0, filling=200), 1, tmp_path)
    assert " lost 0," in measured.ends
    assert not measured.errors
    assert len(measured.latencies) > 10
    assert "latency p99, ms" in measured.table()
