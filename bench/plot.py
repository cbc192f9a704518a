"""Drawings of the figures, as SVG that a README can show: what Hubbub costs beside InspIRCd, and how a cost grows.

Law: no background and colours of middle lightness only, which are legible on white and on black; whatever a
colour says is said by a place or a word as well.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from bench.pairs import Column, Sample, columns_of
from bench.scenarios import SCENARIOS

Taken = Mapping[str, Sequence[tuple[Sample, ...]]]

INK, FAINT, LESS, MORE, GOAL = "#737d88", "#8c959f", "#2f81f7", "#d9730d", "#2da44e"
WIDTH = 820
PEER = "inspircd"
SHOWN: tuple[tuple[str, str, str], ...] = (
    ("burst500", "CPU us/delivery", "bursts to 500: CPU"),
    ("burst2000", "CPU us/delivery", "bursts to 2,000: CPU"),
    ("burst10000", "CPU us/delivery", "bursts to 10,000: CPU"),
    ("single2000", "CPU us/delivery", "one at a time to 2,000: CPU"),
    ("single10000", "CPU us/delivery", "one at a time to 10,000: CPU"),
    ("rooms1000", "CPU us/delivery", "1,000 rooms of 10: CPU"),
    ("whispers2000", "CPU us/delivery", "2,000 whisper in pairs: CPU"),
    ("mixed500", "CPU us/delivery", "clients of four ages: CPU"),
    ("websocket500", "CPU us/delivery", "bursts over WebSocket: CPU"),
    ("come2000", "CPU us/client", "2,000 connect at once: CPU"),
    ("come2000tls", "CPU us/client", "the same over TLS: CPU"),
    ("join2000", "CPU us/client", "2,000 join at once: CPU"),
    ("paced2000", "p99 ms less sync", "50 a second to 2,000: p99"),
    ("memory", "RSS KB/connection", "memory of a connection"),
    ("memorytls", "RSS KB/connection", "the same over TLS"),
)
"""Scenario, column and caption of each row of the drawing of ratios: costs only, where less is better."""


@dataclass(frozen=True, slots=True)
class Row:
    """One cost as a multiple of the other server's: the pairs' median and range, and the goal if there is one."""

    caption: str
    median: float
    least: float
    most: float
    goal: float | None = None


class Sheet:
    """An SVG that grows by shapes."""

    def __init__(self, height: float, title: str) -> None:
        self._shapes = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:g}" width="{WIDTH}"'
            f' height="{height:g}" role="img" font-family="system-ui, -apple-system, Segoe UI,'
            f' DejaVu Sans, sans-serif"><title>{escape(title)}</title>'
        ]

    def text(
        self, x: float, y: float, text: str, *, size: int = 13, anchor: str = "start", **more: str
    ) -> None:
        fill, weight = more.get("fill", INK), more.get("weight", "400")
        self._shapes.append(
            f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" fill="{fill}"'
            f' font-weight="{weight}">{escape(text)}</text>'
        )

    def line(self, points: Sequence[tuple[float, float]], colour: str, width: float) -> None:
        drawn = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self._shapes.append(
            f'<polyline points="{drawn}" fill="none" stroke="{colour}" stroke-width="{width}"/>'
        )

    def box(self, x: float, y: float, width: float, height: float, colour: str) -> None:
        self._shapes.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="2"'
            f' fill="{colour}"/>'
        )

    def dot(self, x: float, y: float, colour: str) -> None:
        self._shapes.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colour}"/>')

    def diamond(self, x: float, y: float, colour: str) -> None:
        self._shapes.append(
            f'<path d="M{x:.1f} {y - 6:.1f}l5 6l-5 6l-5 -6z" fill="{colour}" stroke="#fff"'
            ' stroke-width="0.8"/>'
        )

    def svg(self) -> bytes:
        return "\n".join([*self._shapes, "</svg>\n"]).encode()


def rows_of(taken: Taken, goals: Mapping[tuple[str, str], float]) -> list[Row]:
    """What the drawing of ratios shows of the samples; goals by scenario and column."""
    rows = []
    for name, title, caption in SHOWN:
        samples = taken.get(name, ())
        others = [sample.peer for sample in samples[0]] if samples else []
        if PEER not in others:
            continue
        column = _column(name, title)
        place = others.index(PEER)
        ratios = [column.value(pair[0]) / column.value(pair[place]) for pair in samples]
        if min(ratios) <= 0:
            continue  # a delay that is less than the sync that was measured beside it
        rows.append(
            Row(
                caption,
                statistics.median(ratios),
                min(ratios),
                max(ratios),
                goals.get((name, title)),
            )
        )
    return rows


def _column(scenario: str, title: str) -> Column:
    return next(column for column in columns_of(SCENARIOS[scenario]) if column.title == title)


def ratios(taken: Taken, goals: Mapping[tuple[str, str], float]) -> bytes | None:
    """A bar for each cost, to the left of InspIRCd's where Hubbub's is less, to the right where it is more."""
    rows = rows_of(taken, goals)
    if not rows:
        return None
    top, step, left, right = 74, 27, 232, WIDTH - 60
    bottom = top + step * len(rows)
    sheet = Sheet(bottom + 62, "Hubbub's costs as multiples of InspIRCd's")
    low = min(-1, *(math.floor(math.log2(row.least)) for row in rows))
    high = max(1, *(math.ceil(math.log2(row.most)) for row in rows))

    def across(ratio: float) -> float:
        return left + (math.log2(ratio) - low) / (high - low) * (right - left)

    sheet.text(12, 24, "What Hubbub costs, as a multiple of InspIRCd", size=17, weight="600")
    sheet.text(
        12,
        46,
        "Hubbub keeps and indexes each message on the disk; InspIRCd keeps none. Logarithmic.",
    )
    for power in range(low, high + 1):
        x = across(2.0**power)
        sheet.line([(x, top - 6), (x, bottom + 4)], FAINT, 1.6 if power == 0 else 0.5)
        label = "the same" if power == 0 else f"{2**power}×" if power > 0 else f"1/{2**-power}"
        sheet.text(x, bottom + 20, label, anchor="middle")
    for number, row in enumerate(rows):
        y = top + step * number + step / 2
        colour = LESS if row.median <= 1 else MORE
        start, end = sorted((across(1), across(row.median)))
        sheet.text(left - 14, y + 4.5, row.caption, anchor="end")
        sheet.box(start, y - 8, max(end - start, 1.5), 16, colour)
        sheet.line([(across(row.least), y), (across(row.most), y)], INK, 1.4)
        if row.goal is not None:
            sheet.diamond(across(row.goal), y, GOAL)
        ends = (row.least, row.median, row.most, row.goal or row.median, 1.0)
        sheet.text(across(max(ends)) + 10, y + 4.5, f"{row.median:.2f}", fill=INK, weight="600")
    y, x = bottom + 48, 150
    sheet.box(x, y - 10, 22, 11, LESS)
    sheet.text(x + 28, y, "less")
    sheet.box(x + 76, y - 10, 22, 11, MORE)
    sheet.text(x + 104, y, "more")
    sheet.diamond(x + 164, y - 4.5, GOAL)
    sheet.text(x + 174, y, "goal, at most")
    sheet.line([(x + 286, y - 4.5), (x + 310, y - 4.5)], INK, 1.4)
    sheet.text(x + 318, y, "range of the pairs; in figures: their median")
    return sheet.svg()


def growth(taken: Taken) -> bytes | None:
    """Left: a message's cost by the number of recipients. Right: a delivery's by the length of the history."""
    bursts = sorted(
        (SCENARIOS[name].clients, name)
        for name in taken
        if name.startswith("burst") and taken[name]
    )
    lengths = {"burst500": 0, "history100k": 100_000, "history1m": 1_000_000}
    histories = [(length, name) for name, length in lengths.items() if taken.get(name)]
    if len(bursts) < 2:
        return None
    sheet = Sheet(400, "Cost by recipients and by the length of the history")
    _by_recipients(sheet, taken, bursts)
    if len(histories) > 1:
        _by_history(sheet, taken, histories)
    return sheet.svg()


def _of(samples: Sequence[tuple[Sample, ...]], peer: str) -> list[Sample]:
    return [sample for pair in samples for sample in pair if sample.peer == peer]


def _by_recipients(sheet: Sheet, taken: Taken, bursts: Sequence[tuple[int, str]]) -> None:
    left, right, top, bottom = 78, 440, 70, 330
    lines = {}
    for peer in ("hubbub", PEER):
        there = [(clients, _of(taken[name], peer)) for clients, name in bursts]
        lines[peer] = [
            (
                clients - 1,
                statistics.median(sample.cpu_us for sample in samples) * (clients - 1) / 1e3,
            )
            for clients, samples in there
            if samples
        ]
    ceiling = _round_up(max(cost for points in lines.values() for _, cost in points))
    most = _round_up(bursts[-1][0])
    sheet.text(12, 24, "A message's cost grows with its recipients …", size=16, weight="600")
    sheet.text(12, 46, "server CPU for one message of a burst, ms")

    def at(recipients: float, cost: float) -> tuple[float, float]:
        return (
            left + recipients / most * (right - left),
            bottom - cost / ceiling * (bottom - top),
        )

    for part in range(5):
        (_, y), (x, _) = at(0, ceiling * part / 4), at(most * part / 4, 0)
        sheet.line([(left, y), (right, y)], FAINT, 1 if part == 0 else 0.4)
        sheet.text(left - 10, y + 4.5, f"{ceiling * part / 4:g}", anchor="end")
        sheet.text(x, bottom + 20, f"{most * part / 4:,.0f}", anchor="middle")
    sheet.text((left + right) / 2, bottom + 44, "recipients in the room", anchor="middle")
    for peer, colour, name in ((PEER, MORE, "InspIRCd"), ("hubbub", LESS, "Hubbub")):
        points = [at(*point) for point in lines[peer]]
        if not points:
            continue
        sheet.line(points, colour, 2.2)
        for x, y in points:
            sheet.dot(x, y, colour)
        x, y = points[-1]
        sheet.text(x - 6, y - 12, name, anchor="end", fill=colour, weight="600")


def _by_history(sheet: Sheet, taken: Taken, histories: Sequence[tuple[int, str]]) -> None:
    left, right, top, bottom = 556, WIDTH - 16, 70, 330
    figures = [
        (length, [sample.cpu_us for sample in _of(taken[name], "hubbub")])
        for length, name in histories
    ]
    ceiling = _round_up(max(max(costs) for _, costs in figures))
    sheet.text(484, 24, "… and not with the history", size=16, weight="600")
    sheet.text(484, 46, "server CPU for one delivery to 500, µs")

    def height(cost: float) -> float:
        return bottom - cost / ceiling * (bottom - top)

    for part in range(5):
        y = height(ceiling * part / 4)
        sheet.line([(left, y), (right, y)], FAINT, 1 if part == 0 else 0.4)
        sheet.text(left - 10, y + 4.5, f"{ceiling * part / 4:g}", anchor="end")
    room = (right - left) / len(figures)
    for number, (length, costs) in enumerate(figures):
        x, median = left + room * (number + 0.5), statistics.median(costs)
        sheet.box(x - 24, height(median), 48, bottom - height(median), LESS)
        sheet.line([(x, height(min(costs))), (x, height(max(costs)))], INK, 1.4)
        sheet.text(x, height(max(costs)) - 8, f"{median:.2f}", anchor="middle", weight="600")
        sheet.text(x, bottom + 20, f"{length:,}", anchor="middle")
    middle = (left + right) / 2
    sheet.text(middle, bottom + 44, "messages in the room's history", anchor="middle")


def _round_up(figure: float) -> float:
    """The next number that four equal steps divide well."""
    scale = 10.0 ** math.floor(math.log10(figure))
    steps = (1, 1.2, 1.6, 2, 2.4, 3.2, 4, 6, 8, 10)
    return next(step * scale for step in steps if step * scale >= figure * 0.999)
