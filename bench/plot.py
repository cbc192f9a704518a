"""Drawings of the figures, as SVG: what a delivery costs by the number of recipients and by the history's size."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence

import pygal
from pygal.style import CleanStyle

from bench.pairs import Sample
from bench.scenarios import SCENARIOS

Taken = Mapping[str, Sequence[tuple[Sample, ...]]]


def _medians(samples: Sequence[tuple[Sample, ...]]) -> dict[str, float]:
    """Each server's median CPU per delivery, in microseconds."""
    return {
        sample.peer: statistics.median(pair[place].cpu_us for pair in samples)
        for place, sample in enumerate(samples[0])
    }


def by_recipients(taken: Taken) -> bytes | None:
    """Server CPU per delivery of bursts into rooms of growing size; None without two of them."""
    names = [name for name in taken if name.startswith("burst")]
    if len(names) < 2:
        return None
    rows = [(SCENARIOS[name].clients, _medians(taken[name])) for name in names]
    chart = pygal.XY(
        style=CleanStyle,
        title="bursts of 500 messages into one room",
        x_title="recipients (logarithmic)",
        y_title="server CPU for one delivery, microseconds (logarithmic)",
        logarithmic=True,
        xrange=(rows[0][0] * 0.8, rows[-1][0] * 1.2),
        width=800,
        height=460,
        js=[],
    )
    for peer in dict.fromkeys(peer for _, medians in rows for peer in medians):
        points = [(clients, medians[peer]) for clients, medians in rows if peer in medians]
        chart.add(peer, points)
    drawn = chart.render()
    assert isinstance(drawn, bytes)
    return drawn


def by_history(taken: Taken) -> bytes | None:
    """The same in a room of 500 with an empty and with a long history; None without both."""
    if not {"burst500", "history500"} <= taken.keys():
        return None
    chart = pygal.Bar(
        style=CleanStyle,
        title="bursts into a room of 500: no cost of the history's length",
        x_title="messages in the room's history",
        y_title="server CPU for one delivery, microseconds",
        width=800,
        height=400,
        show_legend=False,
        js=[],
    )
    chart.x_labels = ["0", f"{SCENARIOS['history500'].history:,}"]
    chart.add(
        "hubbub", [round(_medians(taken[name])["hubbub"], 3) for name in ("burst500", "history500")]
    )
    drawn = chart.render()
    assert isinstance(drawn, bytes)
    return drawn
