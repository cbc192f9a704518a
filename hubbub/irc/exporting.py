"""What a server keeps of somebody, as it comes page by page, made into lines of JSON.

Law: whoever asks for it, its person or the operator, gets the same lines; nothing is written here.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from hubbub.irc.message import Message

_KEPT_TAGS = ("msgid", "time", "account", "batch")


def page(lines: Sequence[Message]) -> tuple[tuple[str, ...], str]:
    """A batch of EXPORT as lines of JSON, and with what to ask for the next page, or ''."""
    written, following = [], ""
    for line in lines:
        if line.command != "NOTE":
            written.append(json.dumps(_happening(line), ensure_ascii=False))
            continue
        code, rest = line.params[1] if len(line.params) > 1 else "", line.params[2:]
        if code == "MORE":
            following = rest[0] if rest else ""
        elif code != "EXPORT_END":
            about = {"kind": code.lower(), "values": list(rest)}
            written.append(json.dumps(about, ensure_ascii=False))
    return tuple(written), following


def _happening(line: Message) -> dict[str, object]:
    rest = {key: value for key, value in line.tags.items() if key not in _KEPT_TAGS}
    return {
        "kind": "message" if line.command in ("PRIVMSG", "NOTICE") else "event",
        "id": line.tags.get("msgid", ""),
        "time": line.tags.get("time", ""),
        "from": (line.source or "").partition("!")[0],
        "command": line.command,
        "params": list(line.params),
        **({"tags": rest} if rest else {}),
    }
