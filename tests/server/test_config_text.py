"""What is printed loads back, and the documentation says what the program does."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbub.server.config import Config, rows
from hubbub.server.config_file import parse
from hubbub.server.config_text import markdown, render, toml_value

DOCUMENT = Path(__file__).parents[2] / "docs" / "configuration.md"


def test_the_printed_defaults_are_the_defaults() -> None:
    text = render()
    assert parse(text) == Config()
    assert text.isascii()
    for row in rows():
        assert f"\n{row.key} = {toml_value(row.default)}\n" in text


def test_lines_are_short_enough_to_read() -> None:
    assert max(map(len, render().splitlines())) <= 100


@given(
    motd=st.lists(st.text(max_size=50).filter(str.isprintable), max_size=5).map("\n".join),
    rate=st.floats(0.1, 1_000_000),
    nick_bytes=st.integers(9, 64),
    path=st.from_regex(r"/[a-z #\"\\'\]]*", fullmatch=True),
)
def test_any_configuration_comes_back_from_its_text(
    motd: str, rate: float, nick_bytes: int, path: str
) -> None:
    config = Config()
    config = replace(
        config,
        server=replace(config.server, motd=motd, listen=(":1", f"unix:{path}".strip())),
        limits=replace(config.limits, lines_per_second=rate, nick_bytes=nick_bytes),
    )
    assert parse(render(config)) == config


@pytest.mark.parametrize("section", sorted({row.section for row in rows()}))
def test_the_documentation_has_the_table_of_a_section(section: str) -> None:
    document = DOCUMENT.read_text(encoding="utf-8")
    _, _, after = document.partition(f"## [{section}]\n")
    table = [line for line in after.partition("\n## ")[0].splitlines() if line.startswith("|")]
    assert table == markdown(section).splitlines()
