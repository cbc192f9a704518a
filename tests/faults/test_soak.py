"""Whether the soak's judgement sees what grows, and a very short one of a real server."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.faults.soak import Measured, soak

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


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_a_short_one_serves_everybody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.faults.soak.SAMPLE_SECONDS", 0.2)
    measured = soak(60, 3.0, 1, tmp_path, warm=1.0, filling=200)
    assert " lost 0," in measured.ends
    assert not measured.errors
    assert len(measured.latencies) > 10
    assert "latency p99, ms" in measured.table()
