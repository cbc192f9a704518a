"""What the client keeps: for its owner's eyes, whole, and one token for one program at a time."""

from __future__ import annotations

import stat
from pathlib import Path

from hubbub.client.address import Address
from hubbub.client.keeping import KnownServers, claim_device

HERE = Address("h.example", 8667, True)
THERE = Address("::1", 1, True)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_fingerprints_are_kept_per_address(tmp_path: Path) -> None:
    known = KnownServers(tmp_path / "new" / "known-servers")
    assert known.fingerprint(HERE) is None
    known.trust(HERE, "aa")
    known.trust(THERE, "bb")
    known.trust(HERE, "cc")
    again = KnownServers(known.path)
    assert (again.fingerprint(HERE), again.fingerprint(THERE)) == ("cc", "bb")
    assert again.fingerprint(Address("H.Example", 8667)) == "cc"
    assert mode(known.path) == 0o600
    assert mode(known.path.parent) == 0o700
    assert [path.name for path in known.path.parent.iterdir()] == ["known-servers"]


def test_a_fingerprint_may_be_written_as_it_is_shown(tmp_path: Path) -> None:
    path = tmp_path / "known-servers"
    path.write_text("h.example:8667 sha256:" + ":".join(["AB"] * 32) + "\n")
    assert KnownServers(path).fingerprint(HERE) == "ab" * 32


def test_a_token_is_long_private_and_the_same_next_time(tmp_path: Path) -> None:
    first = claim_device(tmp_path, HERE, "Alice")
    first.release()
    second = claim_device(tmp_path, HERE, "alice")
    second.release()
    assert first.token == second.token
    assert 22 <= len(first.token) <= 64
    (kept,) = (tmp_path / "devices").iterdir()
    assert mode(kept) == 0o600
    assert mode(kept.parent) == 0o700


def test_other_names_and_servers_have_other_tokens(tmp_path: Path) -> None:
    devices = [
        claim_device(tmp_path, address, name)
        for address, name in ((HERE, "alice"), (HERE, "bob"), (THERE, "alice"))
    ]
    assert len({device.token for device in devices}) == 3
    for device in devices:
        device.release()


def test_a_token_in_use_is_not_given_twice(tmp_path: Path) -> None:
    first = claim_device(tmp_path, HERE, "alice")
    second = claim_device(tmp_path, HERE, "alice")
    assert first.token != second.token
    first.release()
    third = claim_device(tmp_path, HERE, "alice")
    assert third.token == first.token
    third.release()


def test_a_damaged_token_is_made_anew(tmp_path: Path) -> None:
    claim_device(tmp_path, HERE, "alice").release()
    (kept,) = (tmp_path / "devices").iterdir()
    kept.write_bytes(b"\xff short")
    device = claim_device(tmp_path, HERE, "alice")
    device.release()
    assert len(device.token) >= 22
    assert kept.read_text() == device.token
