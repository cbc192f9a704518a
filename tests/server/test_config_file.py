"""A configuration file is read strictly, and its mistakes are told by line, all at once."""

from pathlib import Path

import pytest

from hubbub.server.config import Config
from hubbub.server.config_file import MAX_FILE_BYTES, ConfigError, load, parse


def problems(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        parse(text)
    return [str(problem) for problem in caught.value.problems]


def test_no_file_and_an_empty_file_are_the_defaults(tmp_path: Path) -> None:
    file = tmp_path / "hubbub.toml"
    file.write_bytes(b"\xef\xbb\xbf# nothing yet\r\n")
    assert load(None) == load(file) == Config()


def test_settings_take_effect() -> None:
    config = parse(
        '[server]\nlisten = ["[::1]:1", "unix:/run/irc"]\nguests = "invite"\n'
        "[limits]\nnick_bytes = 20\nlines_per_second = 5\n"
    )
    assert config.server.listen == ("[::1]:1", "unix:/run/irc")
    assert config.server.guests == "invite"
    assert config.limits.nick_bytes == 20
    assert config.limits.lines_per_second == 5.0
    assert isinstance(config.limits.lines_per_second, float)
    assert config.limits.room_bytes == Config().limits.room_bytes


def test_every_problem_is_told_in_the_order_of_the_file() -> None:
    assert problems(
        '[limit]\nrooms = 1\n[limits]\nnick_byte = 3\nrooms = "many"\n[server]\nplain = "privat"\n'
    ) == [
        "hubbub.toml:1: [limit]: unknown section; did you mean limits?",
        "hubbub.toml:4: [limits] nick_byte: unknown setting; did you mean nick_bytes?",
        'hubbub.toml:5: [limits] rooms: given "many", expected a whole number from 1 to 10000000',
        'hubbub.toml:7: [server] plain: given "privat",'
        ' expected one of "loopback", "private", "never"; did you mean private?',
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("rooms = 1", ":1: [rooms]: stands outside a section; put it below [limits]"),
        ("server = 1", ":1: [server]: given 1, expected a section, [server]"),
        ("[[limits]]", ":1: [limits]: given [a section], expected a section, [limits]"),
        ("[limits]\nmotd = ''", ":2: [limits] motd: unknown here; it belongs below [server]"),
        ("[tls]\nqqq = 1", "[tls] qqq: unknown setting; `hubbub config` prints all settings"),
        ("[limits]\nrooms = true", "given true, expected a whole number"),
        ("[limits]\nrooms = 1.0", "given 1.0, expected a whole number"),
        ("[limits]\nrooms = 0", "given 0, expected a whole number from 1"),
        (f"[limits]\nrooms = 1{'0' * 40}", "given a huge number"),
        (f"[limits]\nrooms = 1{'0' * 5000}", "too large to read"),
        ("a = " + "[" * 5000 + "]" * 5000, "too large to read"),
        ("[limits]\nnick_bytes = 65", "given 65, expected a whole number from 9 to 64 (bytes)"),
        ("[limits]\nlines_per_second = nan", "given nan, expected a number from 0.1"),
        ("[limits]\nlines_per_second = inf", "given inf, expected a number from 0.1"),
        ("[limits]\nlines_per_second = true", "given true, expected a number from 0.1"),
        ("[server]\nlisten = ':1'", 'given ":1", expected a list of texts'),
        ("[server]\nlisten = [1]", "given [1], expected a list of texts"),
        ("[server]\nlisten = []", "expected at least one address"),
        ("[server]\nlisten = [':1', 'x']", '"x" is no address to listen on'),
        ("[server]\nname = 'nodot'", "expected a name with a dot"),
        ("[server]\nname = '-a.b'", "expected letters, digits"),
        ("[server]\nnetwork = 'two words'", "without spaces"),
        ("[server]\nmotd = 'a\tb\\n'\nlobby = 'hall'", "A room's name starts with '#'"),
        ('[server]\nmotd = "\\u0007"', "without control characters"),
        ("[server]\ninvite = 'two words'", "without spaces"),
        ("[server]\ninvite = 'short'", "expected 8 to 100"),
        ("[tls]\nkey = 'k.pem'", ":2: [tls] key: given without certificate"),
        ("[server]\nname = 2020-01-01", "given 2020-01-01, expected a text"),
    ],
)
def test_a_mistake_is_explained(text: str, problem: str) -> None:
    [told] = problems(text)
    assert problem in told


def test_what_is_no_toml_is_told_by_line() -> None:
    assert problems("[server]\nname = \n") == ["hubbub.toml:2: is not TOML: Invalid value"]
    [told] = problems('[server]\nname = """\n')
    assert told.startswith("hubbub.toml:2: is not TOML: ")


def test_a_file_that_cannot_be_read_is_explained(tmp_path: Path) -> None:
    file = tmp_path / "hubbub.toml"
    with pytest.raises(ConfigError, match="there is no such file; `hubbub config > "):
        load(file)
    with pytest.raises(ConfigError, match="can't be read: Is a directory"):
        load(tmp_path)
    file.write_bytes(b"[server]\nmotd = '\xff'\n")
    with pytest.raises(ConfigError, match=r"hubbub\.toml:2: is not UTF-8"):
        load(file)
    file.write_bytes(b"#" * (MAX_FILE_BYTES + 1))
    with pytest.raises(ConfigError, match="is larger than"):
        load(file)
