"""The invite is the operator's, or one that stays the same."""

import stat
from pathlib import Path

import pytest

from hubbub.server.config import rows
from hubbub.server.config_file import value_problem
from hubbub.server.config_sections import Server
from hubbub.server.invite import InviteError, invite_word


def test_the_configured_word_goes_first(tmp_path: Path) -> None:
    assert invite_word("open sesame", tmp_path) == "open sesame"
    assert list(tmp_path.iterdir()) == []


def test_one_is_made_and_kept_private(tmp_path: Path) -> None:
    word = invite_word("", tmp_path)
    assert invite_word("", tmp_path) == word
    assert invite_word("", tmp_path.parent) != word
    assert stat.S_IMODE((tmp_path / "invite").stat().st_mode) == 0o600


def test_a_made_word_could_be_configured(tmp_path: Path) -> None:
    [row] = [row for row in rows() if (row.section, row.key) == ("server", "invite")]
    assert value_problem(row, invite_word("", tmp_path)) is None
    assert Server().invite == ""


def test_an_unreadable_one_is_explained(tmp_path: Path) -> None:
    (tmp_path / "invite").mkdir()
    with pytest.raises(InviteError, match="can't be kept in"):
        invite_word("", tmp_path)
