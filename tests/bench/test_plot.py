"""The drawings: what they say of the figures, and that they are SVG at all."""

from xml.etree import ElementTree

import pytest

from bench import plot
from bench.load import Report
from bench.pairs import Sample
from bench.scenarios import SCENARIOS


def sample(peer: str, scenario: str, cpu_us: float) -> Sample:
    """A sample whose server used so many microseconds of CPU for a delivery."""
    deliveries = SCENARIOS[scenario].deliveries
    report = Report(deliveries=deliveries, server_cpu_total=int(cpu_us * deliveries * 1000))
    return Sample(peer, SCENARIOS[scenario], report)


def pair(scenario: str, ours: float, theirs: float) -> tuple[Sample, ...]:
    return (sample("hubbub", scenario, ours), sample("inspircd", scenario, theirs))


def words(drawn: bytes | None) -> list[str]:
    assert drawn is not None
    return [text.text or "" for text in ElementTree.fromstring(drawn).iter() if text.text]


def test_a_row_has_the_pairs_median_and_range() -> None:
    taken = {"burst500": [pair("burst500", ours, 1.0) for ours in (0.5, 0.25, 0.75)]}
    (row,) = plot.rows_of(taken, {("burst500", "CPU us/delivery"): 0.6})
    assert (row.least, row.median, row.most) == pytest.approx((0.25, 0.5, 0.75), rel=1e-3)
    assert row.goal == 0.6


def test_what_inspircd_was_not_measured_in_has_no_row() -> None:
    taken = {"burst500": [(sample("hubbub", "burst500", 0.3), sample("ergo", "burst500", 5))]}
    assert plot.rows_of(taken, {}) == []
    assert plot.ratios(taken, {}) is None


def test_the_ratio_stands_at_its_bar() -> None:
    said = words(plot.ratios({"single2000": [pair("single2000", 9.9, 10.0)]}, {}))
    assert {"0.99", "the same", "1/2", "2×"} <= set(said)


def test_more_is_drawn_to_the_right_of_the_same() -> None:
    taken = {"burst500": [pair("burst500", 1, 2)], "burst2000": [pair("burst2000", 2, 1)]}
    drawn = plot.ratios(taken, {})
    assert drawn is not None
    boxes = [
        (box.get("fill"), float(box.get("x", 0)))
        for box in ElementTree.fromstring(drawn).iter()
        if box.tag.endswith("rect")
    ]
    (less, left), (more, right) = boxes[:2]
    assert (less, more) == (plot.LESS, plot.MORE)
    assert left < right


def test_growth_shows_recipients_and_histories() -> None:
    taken = {
        name: [pair(name, 0.3, 0.6)]
        for name in ("burst500", "burst2000", "burst10000", "history100k", "history1m")
    }
    said = words(plot.growth(taken))
    assert {"Hubbub", "InspIRCd", "10,000", "100,000", "1,000,000", "0.30"} <= set(said)


def test_growth_needs_two_sizes() -> None:
    assert plot.growth({"burst500": [pair("burst500", 0.3, 0.6)]}) is None
