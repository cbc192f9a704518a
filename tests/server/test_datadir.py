"""One server, one directory, nobody else's eyes."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from hubbub.server.datadir import LOCK_FILE, DataDir, DataDirError, DataDirInUseError

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="modes and owners are POSIX's")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_it_is_made_private_with_its_parents(tmp_path: Path) -> None:
    with DataDir.open(tmp_path / "share" / "hubbub") as data:
        assert data.path == tmp_path / "share" / "hubbub"
        assert mode(data.path) == 0o700
        assert mode(data.path / LOCK_FILE) == 0o600


def test_a_second_server_is_refused_by_number_and_place(tmp_path: Path) -> None:
    with DataDir.open(tmp_path / "d"), pytest.raises(DataDirInUseError) as caught:
        DataDir.open(tmp_path / "d")
    assert f"(process {os.getpid()})" in str(caught.value)
    assert str(tmp_path / "d") in str(caught.value)


def test_another_process_is_refused_too_until_the_first_lets_go(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from hubbub.server.datadir import DataDir\n"
        "try: DataDir.open(Path(sys.argv[1])).close()\n"
        "except Exception as error: sys.exit(type(error).__name__)\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "d")]
    root = Path(__file__).parents[2]
    with DataDir.open(tmp_path / "d"):
        refused = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert refused.stderr.strip() == "DataDirInUseError"
    subprocess.run(command, cwd=root, check=True)


def test_the_lock_of_a_killed_server_is_no_hindrance(tmp_path: Path) -> None:
    (tmp_path / LOCK_FILE).write_text("99999\nrubbish")
    with DataDir.open(tmp_path):
        assert (tmp_path / LOCK_FILE).read_text() == f"{os.getpid()}\n"
    DataDir.open(tmp_path).close()


def test_closing_twice_harms_nobody(tmp_path: Path) -> None:
    data = DataDir.open(tmp_path)
    data.close()
    with DataDir.open(tmp_path):
        data.close()
        with pytest.raises(DataDirInUseError):
            DataDir.open(tmp_path)


@pytest.mark.parametrize("ours", ["", LOCK_FILE, "hubbub.toml"])
def test_an_open_directory_of_ours_is_closed_to_others(tmp_path: Path, ours: str) -> None:
    if ours:
        (tmp_path / ours).touch()
    tmp_path.chmod(0o755)
    with DataDir.open(tmp_path):
        assert mode(tmp_path) == 0o700


def test_an_open_directory_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").touch()
    tmp_path.chmod(0o755)
    with pytest.raises(DataDirError, match="in use for something else"):
        DataDir.open(tmp_path)
    assert mode(tmp_path) == 0o755
    assert not (tmp_path / LOCK_FILE).exists()


def test_a_file_in_its_place_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataDirError, match="is a file, not a directory"):
        DataDir.open(tmp_path / "file")
    with pytest.raises(DataDirError, match="a part of the path is a file"):
        DataDir.open(tmp_path / "file" / "below" / "it")


def test_another_owner_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = tmp_path.stat().st_uid
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    with pytest.raises(DataDirError, match="belongs to another user"):
        DataDir.open(tmp_path)


@pytest.mark.skipif(os.name == "posix" and os.geteuid() == 0, reason="root may write everywhere")
def test_a_directory_that_cannot_be_written_is_explained(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(DataDirError, match="can't be written to"):
        DataDir.open(tmp_path)
    with pytest.raises(DataDirError, match="this user may not use it"):
        DataDir.open(tmp_path / "below")
