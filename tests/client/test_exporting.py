"""An export: page by page into one new file of JSON lines."""

from __future__ import annotations

import json
from pathlib import Path

from tests.client.rig import CAPS
from tests.client.test_commands import Person, person

SETTINGS = CAPS + " hubbub/settings"


def gets_page(one: Person, *lines: str) -> list[str]:
    """The lines as one page; what is asked then."""
    tagged = ["@batch=e" + (";" + line[1:] if line[0] == "@" else " " + line) for line in lines]
    sent = one.rig.gets(":s BATCH +e hubbub/export", *tagged, ":s BATCH -e")
    return [line.rpartition("  ")[2] for line in sent]


def test_all_pages_make_one_file(tmp_path: Path) -> None:
    one, file = person(SETTINGS), tmp_path / "mine.jsonl"
    assert one.types(f"/export {file}") == ["EXPORT"]
    said = (
        "@msgid=m1;time=2026-03-01T12:00:00.000Z;+reply=m0 :alice!u@h PRIVMSG #lobby :Grüße an alle"
    )
    asked = gets_page(
        one, ":s NOTE EXPORT ACCOUNT alice member", said, ":s NOTE EXPORT MORE m1 :Go on"
    )
    assert asked == ["EXPORT m1"]
    assert one.happens() == []
    assert gets_page(one, "@msgid=m2 :alice!u@h JOIN #den", ":s NOTE EXPORT EXPORT_END :Done") == []
    assert one.happens() == [f"*** all that the server keeps of you is in {file}"]
    written = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert written[0] == {"kind": "account", "values": ["alice", "member"]}
    assert written[1] == {
        "kind": "message",
        "id": "m1",
        "time": "2026-03-01T12:00:00.000Z",
        "from": "alice",
        "command": "PRIVMSG",
        "params": ["#lobby", "Grüße an alle"],
        "tags": {"+reply": "m0"},
    }
    assert [each["kind"] for each in written[2:]] == ["event"]
    assert file.stat().st_mode & 0o077 == 0


def test_a_file_that_is_there_is_left_as_it_is(tmp_path: Path) -> None:
    one, file = person(SETTINGS), tmp_path / "mine.jsonl"
    file.write_text("precious")
    assert one.types(f"/export {file}") == []
    assert "can't be made" in one.happens()[0]
    assert file.read_text() == "precious"


def test_a_server_that_exports_nothing_is_said_to(tmp_path: Path) -> None:
    one, file = person(), tmp_path / "mine.jsonl"
    assert one.types(f"/export {file}") == []
    assert one.happens() == ["*** This server doesn't offer to export what it keeps."]
    assert not file.exists()


def test_what_wasnt_asked_for_is_written_nowhere() -> None:
    one = person(SETTINGS)
    assert gets_page(one, ":s NOTE EXPORT MORE m1 :Go on") == []
    assert one.happens() == []
