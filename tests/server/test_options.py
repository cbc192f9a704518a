"""The command line goes before the file, and the file beside the data is found."""

import io
import sys
from pathlib import Path

import pytest

from hubbub.server import options as options_module
from hubbub.server.config import Config
from hubbub.server.config_file import ConfigError
from hubbub.server.options import ServeOptions


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setattr(options_module, "default_data_dir", lambda: home)
    return home


def test_without_anything_the_defaults_hold(home: Path) -> None:
    options = ServeOptions()
    config = options.load()
    assert options.found_file() is None
    assert config.server == Config().server
    assert config.storage.data == str(home)


def test_the_file_in_the_data_directory_is_read(home: Path, tmp_path: Path) -> None:
    (home / "hubbub.toml").write_text("[limits]\nrooms = 7\n")
    assert ServeOptions().load().limits.rooms == 7
    assert ServeOptions(data=tmp_path).load().limits.rooms == Config().limits.rooms


def test_paths_in_a_file_start_at_the_file(tmp_path: Path) -> None:
    file = tmp_path / "etc" / "hubbub.toml"
    file.parent.mkdir()
    file.write_text(
        '[storage]\ndata = "../chat"\n[tls]\ncertificate = "c.pem"\nkey = "/abs/k.pem"\n'
    )
    config = ServeOptions(config_file=file).load()
    assert Path(config.storage.data).resolve() == tmp_path / "chat"
    assert config.tls.certificate == str(tmp_path / "etc" / "c.pem")
    assert config.tls.key == "/abs/k.pem"


def test_what_is_typed_goes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "other.toml"
    file.write_text('[server]\nlisten = [":1"]\nmotd = "hi"\n[storage]\ndata = "elsewhere"\n')
    monkeypatch.chdir(tmp_path)
    config = ServeOptions(config_file=file, data=Path("here"), listen=(":2", ":3")).load()
    assert config.server.listen == (":2", ":3")
    assert config.server.motd == "hi"
    assert config.storage.data == str(tmp_path / "here")


def test_a_wrong_listen_is_told_before_anything_starts() -> None:
    with pytest.raises(ConfigError, match=r"--listen: .*port is missing"):
        ServeOptions(listen=("localhost",)).load()


def test_a_reload_reads_the_file_again(tmp_path: Path) -> None:
    file = tmp_path / "hubbub.toml"
    options = ServeOptions(data=tmp_path)
    assert options.load().server.motd == ""
    file.write_text('[server]\nmotd = "new"\n')
    assert options.load().server.motd == "new"


def test_a_console_needs_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr(sys, "stdout", Terminal())
    monkeypatch.setenv("TERM", "xterm")
    assert ServeOptions().wants_console()
    assert not ServeOptions(console=False).wants_console()
    monkeypatch.setenv("TERM", "dumb")
    assert not ServeOptions().wants_console()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    assert not ServeOptions().wants_console()
