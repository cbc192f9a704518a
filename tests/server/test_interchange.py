"""`hubbub import` and `hubbub export` as they are typed."""

from __future__ import annotations

from pathlib import Path

import pytest

from hubbub.cli import main
from hubbub.server.datadir import DataDir

LOG = "2024-01-01 12:00:00\tann\thello\n2024-01-01 12:00:01\tbob\thi ann\n"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "tea.weechatlog"
    path.write_text(LOG)
    return path


def imported(log: Path, data: Path, *more: str) -> int:
    words = ["import", "weechat", str(log), "--room", "#tea", "--timezone", "UTC"]
    return main([*words, "--data", str(data), *more])


def test_what_is_imported_is_exported(
    data: Path, log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert imported(log, data) == 0
    assert capsys.readouterr().err.startswith("2 messages added (")
    assert imported(log, data) == 0
    assert capsys.readouterr().err.startswith("0 messages added, 2 were there already (")
    assert main(["export", "--format", "text", "--room", "#TEA", "--data", str(data)]) == 0
    expected = "[2024-01-01 12:00:00] #tea <ann> hello\n[2024-01-01 12:00:01] #tea <bob> hi ann\n"
    assert capsys.readouterr().out == expected
    output = tmp_path / "out.txt"
    words = ["export", "--since", "2024-01-01T12:00:01", "--timezone", "UTC", "--whispers"]
    words += ["--format", "text", "--output", str(output), "--data", str(data)]
    assert main(words) == 0
    assert output.read_text() == expected.splitlines(keepends=True)[1]
    assert output.stat().st_mode & 0o077 == 0
    assert "in private: keep it safe" in capsys.readouterr().err


def test_an_import_is_refused_while_a_server_runs(
    data: Path, log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with DataDir.open(data):
        assert imported(log, data) == 1
    assert "is already using" in capsys.readouterr().err


def test_an_export_works_while_a_server_runs(
    data: Path, log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    imported(log, data)
    with DataDir.open(data):
        assert main(["export", "--data", str(data)]) == 0
    assert '"params": ["hello"]' in capsys.readouterr().out


def test_what_is_wrong_is_said_in_a_sentence(
    data: Path, log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log.write_text(LOG + "nonsense\n")
    assert imported(log, data) == 1
    assert f"{log}, line 3: it should begin with a time" in capsys.readouterr().err
    assert imported(tmp_path / "none", data) == 1
    assert "No such file" in capsys.readouterr().err
    assert imported(log, data, "--timezone", "Nowhere") == 1
    assert "there is no 'Nowhere'" in capsys.readouterr().err
    assert main(["import", "mirc", str(log), "--room", "#tea", "--data", str(data)]) == 2
    assert "mirc isn't a format; they are discord," in capsys.readouterr().err
    assert main(["import", "znc", str(log), "--room", "tea", "--data", str(data)]) == 1
    assert "--room: A room's name starts with '#'" in capsys.readouterr().err
    assert main(["export", "--room", "#none", "--data", str(data)]) == 1
    assert "There is no room #none" in capsys.readouterr().err
    assert main(["export", "--since", "soon", "--data", str(data)]) == 1
    assert "--since: a time is written" in capsys.readouterr().err
