"""From a plan that fails to one that still fails and has little in it.

Law: a plan is only ever made smaller; what is left fails for the same reason.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from tests.faults.simulation.plan import INSIDERS, Plan, Step

Fails = Callable[[Plan], str]
"""Plays a plan; what is wrong at its end, first of all, or nothing."""


def reason(wrong: str) -> str:
    """What two failures of the same kind have in common: their words without names and numbers."""
    words = re.findall(r"[a-z' ]{4,}", re.sub(r"Row\(.*?\)|Line\(.*?\)|\[.*?\]", "", wrong))
    return " ".join(words)[:60]


def shrink(plan: Plan, wrong: str, fails: Fails, tries: int = 400) -> Plan:
    """The smallest plan found within so many tries that fails as `wrong` says."""
    kind, left = reason(wrong), tries

    def still(candidate: Plan) -> bool:
        nonlocal left
        left -= 1
        found = fails(candidate) if left >= 0 else ""
        return bool(found) and reason(found) == kind

    size = max(1, len(plan.steps) // 2)
    while size and left > 0:
        start = 0
        while start < len(plan.steps) and left > 0:
            candidate = replace(plan, steps=_without(plan.steps, start, start + size))
            if still(candidate):
                plan = candidate
            else:
                start += size
        size //= 2
    return _fewer_people(plan, still)


def _without(steps: Sequence[Step], start: int, end: int) -> tuple[Step, ...]:
    return (*steps[:start], *steps[end:])


def _fewer_people(plan: Plan, still: Callable[[Plan], bool]) -> Plan:
    for name in plan.people:
        people = tuple(other for other in plan.people if other != name)
        steps = [step for step in plan.steps if name != step.who and name not in step.how[:1]]
        # The accounts make the secret room.
        if name not in INSIDERS[::2] and len(steps) == len(plan.steps):
            candidate = replace(plan, people=people)
            if still(candidate):
                plan = candidate
    return plan
