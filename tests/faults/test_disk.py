"""Disks that fill, and files that can't be used: nothing is shown that isn't stored, and words that help.

A full disk is a small tmpfs where the tests may mount one, and a limit on the size of files anywhere.
"""

from __future__ import annotations

import asyncio
import os
import re
import resource
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.ledger import Ledger
from tests.faults.rig import MODERN, Lost, NotStarted, Server, Session, is_sound, report

HOME = Path(__file__).parent
UNHURRIED = "[limits]\nlines_per_second = 100000.0\nburst_lines = 100000\n"
DISK = 3 << 20
FILE = 600_000
"""Bytes: enough to start, and for some hundred messages."""
FILLER = "x" * 250

Freed = Callable[[Server], None]


def _mount(place: Path) -> bool:
    """Mounts a small disk, where that is allowed."""
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK},mode=0700", "none", str(place)]
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of a few megabytes."""
    place = tmp_path / "disk"
    if not _mount(place):
        pytest.skip("mounting a small file system needs root (and a container that lets it)")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_full_disk_is_survived(small_disk: Path) -> None:
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(DISK - (1 << 20)))
    server = Server(small_disk, UNHURRIED)
    _survives(server, lambda _: ballast.unlink())


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets us raise another's limit")
def test_files_that_cannot_grow_are_survived(tmp_path: Path) -> None:
    limited = (sys.executable, str(HOME / "limited.py"), str(FILE))
    server = Server(tmp_path, UNHURRIED, before=limited)
    unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    _survives(server, lambda s: _raise_limit(s.pid, unlimited))


def _raise_limit(pid: int, limits: tuple[int, int]) -> None:
    resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)


def _survives(server: Server, free: Freed) -> None:
    try:
        server.start()
        asyncio.run(_filled_and_freed(server, free))
        assert server.stop() == 0
    finally:
        server.kill()
    assert is_sound(server.database)


async def _filled_and_freed(server: Server, free: Freed) -> None:
    alice, bob = Session("alice", MODERN), Session("bob", MODERN)
    await alice.connect(server.port)
    await bob.connect(server.port)
    try:
        stored = await _say_until_refused(alice)
        await _while_full(server, alice, bob)
        refused = [said for said in alice.said.values() if said.refusal]
        free(server)
        await _until_stored(bob)
        for said in refused:
            said.refusal = ""
        alice.say_again()
        said = alice.say("#lobby", "the first word after it")
        await alice.ping()
        assert not alice.unanswered
        assert not any(said.refusal for said in alice.said.values())
        await bob.ping()
        ledger = Ledger(server.database)
        ledger.read()
        ledger.check([alice, bob])
        heard = [line.text for line in bob.life.live if line.source.startswith("alice!")]
        kept = [row.text for row in ledger.rows if row.source.startswith("alice!") and row.text]
        assert heard == kept
        assert sorted(kept) == sorted(said.text for said in alice.said.values())
        assert said.msgid
        lines = await bob.all_history("#lobby")
        assert [line.msgid for line in lines] == ledger.in_room("#lobby")
        report("disk", stored_before=stored, refused=len(refused), rows=len(ledger.rows))
    finally:
        for session in (alice, bob):
            await session.close()
    errors = [line for line in server.log() if " error " in line]
    assert errors, "the log says nothing of the full disk"
    assert not [line for line in server.log() if "Traceback" in line or "bug" in line]
    assert any("storing again" in line for line in server.log()), server.log()


async def _say_until_refused(alice: Session) -> int:
    """Fills the disk by talking; how many messages were taken before one was refused."""
    for count in range(100_000):
        said = alice.say("#lobby", f"{count} {secrets.token_hex(8)} {FILLER}")
        if count % 10 == 9:
            await alice.ping()
        if said.refusal or any(message.refusal for message in alice.said.values()):
            await alice.ping()
            return sum(bool(message.msgid) for message in alice.said.values())
    raise AssertionError("the disk never filled")


async def _while_full(server: Server, alice: Session, bob: Session) -> None:
    """What is refused is shown to nobody and told to its sender; the rest goes on."""
    shown = len(bob.life.live)
    await _say_until_none_is_taken(alice)
    refused = {said.text for said in alice.said.values() if said.refusal}
    assert refused, "nothing was refused"
    await bob.ping()
    heard = {line.text for line in bob.life.live[shown:]}
    assert not heard & refused
    page = await bob.history("LATEST #lobby * 50")
    assert len(page) > 20
    assert not {line.text for line in page} & refused
    assert re.search(r"Not stored.*Try again later", await _why_sent_away(server, alice))


async def _why_sent_away(server: Server, alice: Session) -> str:
    """Somebody comes, and the next when there was room for one more; the word that one is sent away with."""
    for number in range(20):
        late = Session(f"late{number}", MODERN)
        try:
            await late.connect(server.port)
        except Lost as lost:
            return str(lost)
        await late.close()
        await _say_until_none_is_taken(alice)
    raise AssertionError("nobody was sent away")


async def _say_until_none_is_taken(alice: Session) -> None:
    """What is moved out of the write-ahead log makes room once more, until there is none at all."""
    in_a_row = 0
    for _ in range(10_000):
        said = alice.say("#lobby", f"lost {secrets.token_hex(8)} {FILLER}")
        await alice.ping()
        if said.refusal:
            assert said.refusal.startswith("FAIL PRIVMSG TEMPORARILY_UNAVAILABLE"), said
        in_a_row = in_a_row + 1 if said.refusal else 0
        if in_a_row == 20:
            return
    raise AssertionError("the disk never stayed full")


async def _until_stored(bob: Session) -> None:
    """Says something until it is taken."""
    async with asyncio.timeout(10):
        while True:
            said = bob.say("#lobby", f"is it over? {secrets.token_hex(8)}")
            await bob.ping()
            if said.msgid:
                return
            await asyncio.sleep(0.1)


# -- files that can't be used -----------------------------------------------------------------


def _refused(server: Server, *words: str) -> None:
    """The server doesn't start: status 1 and one line on stderr with these words in it."""
    with pytest.raises(NotStarted) as refusal:
        server.start()
    server.kill()
    text = refusal.value.text
    assert refusal.value.status == 1, text
    assert "Traceback" not in text
    assert len(text.strip().splitlines()) == 1, text
    for word in (*words, str(server.data)):
        assert word in text, text


@pytest.fixture
def used(tmp_path: Path) -> Server:
    """A server that has run and was stopped."""
    server = Server(tmp_path)
    server.start()
    assert server.stop() == 0
    return server


def test_a_second_server_is_refused(used: Server) -> None:
    with used:
        second = Server(used.data.parent / "second")
        second.data = used.data
        _refused(second, "nother", str(used.pid), "--data")
        assert Path(f"/proc/{used.pid}").exists() or sys.platform != "linux"


def test_a_corrupt_database_is_told(used: Server) -> None:
    content = bytearray(used.database.read_bytes())
    content[: 1 << 12] = secrets.token_bytes(1 << 12)
    used.database.write_bytes(content)
    _refused(used, "damaged", "backup")
    assert used.database.read_bytes() == bytes(content), "the damaged file was touched"


def test_a_database_that_was_cut_is_told(used: Server) -> None:
    os.truncate(used.database, used.database.stat().st_size // 2)
    _refused(used, "damaged", "backup")


def test_a_file_of_another_program_is_told(used: Server) -> None:
    used.database.write_bytes(b"Dear diary, today I was no database. " * 100)
    _refused(used, "damaged or is not a Hubbub database")


@pytest.mark.skipif(os.name != "posix", reason="permissions are another thing elsewhere")
@pytest.mark.parametrize("part", ["directory", "file"])
def test_what_cannot_be_written_is_told(used: Server, part: str) -> None:
    path = used.data if part == "directory" else used.database
    if os.geteuid() == 0:
        # Root may write everything but what lies on a read-only file system.
        if not _mount_read_only(path):
            pytest.skip("root may write everything, and can't mount read-only here")
        try:
            _refused(used, "can't be written")
        finally:
            subprocess.run(["umount", "-l", str(path)], check=True)
        return
    mode = path.stat().st_mode
    path.chmod(0o500 if part == "directory" else 0o400)
    try:
        _refused(used, "can't be written")
    finally:
        path.chmod(mode)


def _mount_read_only(place: Path) -> bool:
    """Makes a directory or a file on a read-only file system, where that is allowed."""
    for options in (["--bind", str(place), str(place)], ["-o", "remount,ro,bind", str(place)]):
        if subprocess.run(["mount", *options], capture_output=True, check=False).returncode:
            return False
    return True
