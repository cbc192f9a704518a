"""Plans as JSON: what a failing seed prints, and what the list of known plans is made of."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from tests.faults.simulation.plan import Plan

KNOWN = Path(__file__).with_name("known.jsonl")
"""Plans that have failed once, one a line; they are played by the tests."""


def write(plan: Plan) -> str:
    """One line."""
    return msgspec.json.encode(plan).decode()


def read(line: str) -> Plan:
    """Raises msgspec.MsgspecError for what is no plan."""
    return msgspec.json.decode(line, type=Plan)


def known() -> Iterator[Plan]:
    """The plans that have failed once."""
    for line in KNOWN.read_text().splitlines():
        yield read(line)
