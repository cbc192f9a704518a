"""WeeChat's logger: a line is a time, a prefix and a text, with tabs between.

https://weechat.org/files/doc/weechat/stable/weechat_user.en.html#logger_plugin
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Final

from hubbub.core.imports import Imported, ImportProblem
from hubbub.importers.lines import bare, milliseconds, numbered

_ACTION: Final = "*"
_OTHERS: Final = frozenset({"", "-->", "<--", "--", "=!="})
"""The prefixes of what nobody said: joins, parts, changes, errors."""


def read(path: Path, zone: tzinfo | None, channel: str) -> Iterator[Imported]:
    """What was said, as the log has it. Raises ImportProblem and OSError."""
    for number, line in numbered(path):
        if not line.strip():
            continue
        stamp, _, rest = line.partition("\t")
        prefix, tab, text = rest.partition("\t")
        try:
            time = milliseconds(datetime.fromisoformat(stamp), zone)
        except ValueError:
            raise ImportProblem(
                path, number, f"it should begin with a time and a tab, not {stamp[:30]!r}."
            ) from None
        prefix = prefix.strip()
        if not tab or prefix in _OTHERS:
            continue
        if prefix == _ACTION:
            nick, _, text = text.partition(" ")
            yield Imported(time, bare(nick), text, action=True)
        else:
            yield Imported(time, bare(prefix), text)
