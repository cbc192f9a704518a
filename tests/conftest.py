"""What all tests share: Hypothesis without deadlines, because a busy machine is no defect, and that
what a test leaves open is a failure of its own.

Where CI is set the examples are the same at each run, so that a change is judged by what it
changed; everywhere else each run looks for new ones.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

settings.register_profile("hubbub", deadline=None, print_blob=True)
settings.register_profile("ci", settings.get_profile("hubbub"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "hubbub")


@pytest.fixture(scope="module", autouse=True)
def _frozen() -> None:
    """What lives when a module begins lives on: the collector needn't look at it after each test."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _nothing_left_open(_frozen: None) -> Iterator[None]:
    """Has the collector find at once what a test left open, and not in the middle of some later test.

    The warning of it is an error, which is then said to have come at this test's end.
    """
    yield
    gc.collect()
