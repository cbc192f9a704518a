"""A store to write to."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from hubbub.store.store import Store, open_store


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "hubbub.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    with closing(open_store(path)) as opened:
        yield opened
