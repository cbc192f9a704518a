"""Message tags: the text between '@' and the first space, as a mapping of key to unescaped value.

A key that breaks the grammar is kept, never refused: the specification forbids refusing a message
for its keys. Specification: https://ircv3.net/specs/extensions/message-tags
"""

import re
from collections.abc import Mapping

_ESCAPES = {":": ";", "s": " ", "\\": "\\", "r": "\r", "n": "\n"}
_ESCAPING = str.maketrans({plain: f"\\{code}" for code, plain in _ESCAPES.items()})
# A backslash at the very end has nothing after it and vanishes, hence the '?'.
_ESCAPED = re.compile(r"\\(.?)", re.DOTALL)
_KEY = re.compile(
    r"\+?"  # the client-only prefix
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?/)?"  # the vendor, a host name
    r"[A-Za-z0-9-]+"
)
# What would end the key, the section or the line; NUL is never allowed on the wire.
_KEY_BREAKERS = frozenset("\0\r\n ;=")


def escape(value: str) -> str:
    """The value as it stands on the wire."""
    return value.translate(_ESCAPING)


def unescape(value: str) -> str:
    """The value that the wire's `value` means; unknown escapes lose their backslash."""
    if "\\" not in value:
        return value
    return _ESCAPED.sub(lambda escaped: _ESCAPES.get(escaped[1], escaped[1]), value)


def parse_tags(text: str) -> dict[str, str]:
    """The tags in `text` (without '@' and space); of a key given twice the last value counts.

    A missing value and an empty one are the same: ''. An empty tag (as in 'a;;b') is passed over.
    """
    tags: dict[str, str] = {}
    for tag in text.split(";"):
        key, _, value = tag.partition("=")
        if key:
            tags[key] = unescape(value) if "\\" in value else value
    return tags


def format_tags(tags: Mapping[str, str]) -> str:
    """The tags as they stand on the wire, in the mapping's order, without '@' and space.

    Raises ValueError for a key that can't be written and for NUL in a value.
    """
    written = []
    for key, value in tags.items():
        # The grammar is ASCII, so the quick test settles nearly every key.
        if not _KEY.fullmatch(key) and (not key or not _KEY_BREAKERS.isdisjoint(key)):
            raise ValueError(f"not a tag key: {key!r}")
        if "\0" in value:
            raise ValueError(f"NUL in the value of the tag {key!r}")
        written.append(f"{key}={value.translate(_ESCAPING)}" if value else key)
    return ";".join(written)


def is_client_only(key: str) -> bool:
    """Whether the tag is a client's own, relayed as it is (its key starts with '+')."""
    return key.startswith("+")
