"""Keys are found on their lines whatever stands between them."""

import tomllib

from hypothesis import given
from hypothesis import strategies as st

from hubbub.server.config_text import toml_value
from hubbub.server.toml_lines import key_lines, line_of

TRICKY = '''\
# [not.a.table]
first = """
[server]
key = "value" \\"""
""" # comment = 1
[ server . "na\\u006De" ] # ]
  'quoted key' = 'a # b'
listen = [ # a list
  "[x]", # y = 2
  """]""",
]
inline = { a = 1, b = [ { c = "}" } ] }
a.b.c = 1
literal = \'\'\'
d = 4
\'\'\'\'
[[tables]]
last = 1'''


def test_lines_of_a_tricky_text() -> None:
    tomllib.loads(TRICKY)  # what is scanned is always valid TOML
    assert key_lines(TRICKY) == {
        ("first",): 2,
        ("server",): 6,
        ("server", "name"): 6,
        ("server", "name", "quoted key"): 7,
        ("server", "name", "listen"): 8,
        ("server", "name", "inline"): 12,
        ("server", "name", "a"): 13,
        ("server", "name", "a", "b"): 13,
        ("server", "name", "a", "b", "c"): 13,
        ("server", "name", "literal"): 14,
        ("tables",): 17,
        ("tables", "last"): 18,
    }


def test_a_key_without_a_line_has_its_parents() -> None:
    lines = key_lines("\nlimits = { rooms = 1 }\n")
    assert line_of(lines, ("limits", "rooms")) == 2
    assert line_of(lines, ("server",)) is None


def test_windows_line_ends() -> None:
    assert key_lines("[a]\r\nb = 1\r\n\r\nc = 2\r\n") == {("a",): 1, ("a", "b"): 2, ("a", "c"): 4}


VALUES = st.one_of(
    st.integers(0, 99).map(str),
    st.text(st.characters(blacklist_categories=["Cs", "Cc"])).map(toml_value),
    st.text(st.sampled_from("[]{}#='\n\" a\\"))
    .filter(lambda text: "'''" not in text and not text.endswith("'"))
    .map(lambda text: f"'''{text}'''"),
    st.lists(st.text(st.sampled_from("[]#\"'= "))).map(
        lambda texts: "[\n" + ",\n".join(map(toml_value, texts)) + "]"
    ),
)


@given(st.lists(VALUES, max_size=8))
def test_every_key_is_found_between_any_values(values: list[str]) -> None:
    text, expected = "", {}
    for number, value in enumerate(values):
        expected[f"key{number}",] = text.count("\n") + 1
        text += f"key{number} = {value}\n"
    tomllib.loads(text)
    assert key_lines(text) == expected


@given(st.text(st.sampled_from("[]{}#='\n\" a.\\")))
def test_no_text_raises_or_hangs(text: str) -> None:
    for path, line in key_lines(text).items():
        assert path
        assert 1 <= line <= text.count("\n") + 1
