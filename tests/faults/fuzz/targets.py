"""All that is fuzzed, by name. `share` follows how fast a target is: the cheap ones get most inputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tests.faults.fuzz import files, first_bytes, people, wire
from tests.faults.fuzz.engine import Target

TARGETS: Final[Mapping[str, Target]] = {
    "lines": Target(
        "framing, messages and tags", wire.run_lines, wire.LINE_WORDS, 400, longest=9_000
    ),
    "proxy": Target("a proxy's header", wire.run_proxy, wire.PROXY_WORDS, 300),
    "http": Target("HTTP requests", wire.run_http, wire.HTTP_WORDS, 50, longest=9_000),
    "websocket": Target("a WebSocket's frames", wire.run_websocket, wire.FRAME_WORDS, 100),
    "connection": Target(
        "first bytes: TLS or not, HTTP or lines",
        first_bytes.run_first_bytes,
        first_bytes.FIRST_WORDS,
        50,
    ),
    "session": Target(
        "a session's lines, before and after registration",
        people.run_session,
        people.SESSION_WORDS,
        4,
    ),
    "fanout": Target(
        "valid clients against the definition of fan-out",
        people.run_play,
        share=4,
        make=people.make_play,
    ),
    "config": Target(
        "the configuration's reader", files.run_config, files.CONFIG_WORDS, 30, longest=8_000
    ),
    "imports": Target(
        "other chats' files", files.run_import, files.IMPORT_WORDS, 50, longest=8_000
    ),
}
