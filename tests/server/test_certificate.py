"""The server's certificate: made once, kept, pinned by its fingerprint, and read again when it changes."""

import os
import ssl
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from hubbub.server.certificate import (
    CertificateError,
    fingerprint,
    make_certificate,
    open_certificate,
    own_certificate,
    tls_context,
    write_private,
)

NOW = datetime(2026, 5, 1, tzinfo=UTC)


def pair(directory: Path, name: str = "chat.example.org") -> tuple[Path, Path]:
    certificate, key = make_certificate(name, NOW)
    paths = directory / f"{name}.crt", directory / f"{name}.key"
    paths[0].write_bytes(certificate)
    paths[1].write_bytes(key)
    return paths


def handshake(server: ssl.SSLContext, client: ssl.SSLContext, host: str) -> ssl.SSLObject:
    """Shake hands in memory; the client's end."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    asks = client.wrap_bio(to_client, to_server, server_hostname=host)
    answers = server.wrap_bio(to_server, to_client, server_side=True)
    waiting = [asks, answers]
    for _ in range(10):
        for end in waiting[:]:
            try:
                end.do_handshake()
                waiting.remove(end)
            except ssl.SSLWantReadError:
                pass
    assert not waiting
    return asks


def test_it_is_made_once_and_kept(tmp_path: Path) -> None:
    first = own_certificate(tmp_path, "chat.example.org", NOW)
    again = own_certificate(tmp_path, "other.example.org", NOW)
    assert first.fingerprint == again.fingerprint
    assert first.warnings(NOW) == ()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["certificate.pem", "key.pem"]
    for path in tmp_path.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_it_says_who_the_server_is_for_ten_years(tmp_path: Path) -> None:
    made = x509.load_pem_x509_certificate(make_certificate("chat.example.org", NOW)[0])
    names = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["chat.example.org", "localhost"]
    assert [str(ip) for ip in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1", "::1"]
    assert made.not_valid_before_utc < NOW
    assert made.not_valid_after_utc >= NOW + timedelta(days=3650)


@pytest.mark.parametrize("host", ["chat.example.org", "localhost", "127.0.0.1", "::1"])
def test_a_client_that_trusts_it_connects(tmp_path: Path, host: str) -> None:
    certificate, key = make_certificate("chat.example.org", datetime.now(UTC))
    (tmp_path / "c").write_bytes(certificate)
    (tmp_path / "k").write_bytes(key)
    client = ssl.create_default_context(cafile=str(tmp_path / "c"))
    asks = handshake(tls_context(tmp_path / "c", tmp_path / "k"), client, host)
    assert asks.version() == "TLSv1.3"


def test_old_tls_is_not_spoken(tmp_path: Path) -> None:
    assert tls_context(*pair(tmp_path)).minimum_version == ssl.TLSVersion.TLSv1_2


def test_the_fingerprint_is_what_openssl_says(tmp_path: Path) -> None:
    certificate, _ = pair(tmp_path)
    certificate.write_bytes(b"a comment\n" + certificate.read_bytes())
    loaded = x509.load_pem_x509_certificate(certificate.read_bytes())
    assert (
        fingerprint(certificate) == "sha256:" + loaded.fingerprint(hashes.SHA256()).hex(":").upper()
    )


def test_a_crash_between_the_two_files_is_made_good(tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_bytes(make_certificate("a.b", NOW)[1])
    own_certificate(tmp_path, "chat.example.org", NOW)
    tls_context(tmp_path / "certificate.pem", tmp_path / "key.pem")


def test_a_lost_key_is_told_and_nothing_is_replaced(tmp_path: Path) -> None:
    own_certificate(tmp_path, "chat.example.org", NOW)
    before = (tmp_path / "certificate.pem").read_bytes()
    (tmp_path / "key.pem").unlink()
    with pytest.raises(CertificateError, match="put the key back, or delete the certificate"):
        own_certificate(tmp_path, "chat.example.org", NOW)
    assert (tmp_path / "certificate.pem").read_bytes() == before


def test_a_change_of_the_files_gives_a_new_certificate(tmp_path: Path) -> None:
    certificate, key = pair(tmp_path)
    first = open_certificate(certificate, key)
    assert first.renewed() is None
    made, made_key = make_certificate("new.example.org", NOW)
    write_private(certificate, made)
    with pytest.raises(CertificateError, match="doesn't belong"):
        first.renewed()  # half of the pair has changed: the old one stays in use
    write_private(key, made_key)
    second = first.renewed()
    assert second is not None
    assert second.fingerprint != first.fingerprint
    assert second.context is not first.context
    assert second.renewed() is None


def test_wrong_files_are_explained(tmp_path: Path) -> None:
    certificate, key = pair(tmp_path)
    _, other_key = pair(tmp_path, "other.example.org")
    rubbish = tmp_path / "rubbish"
    rubbish.write_bytes(b"\xff\x00 no PEM")
    missing = tmp_path / "missing"
    for first, second, words in (
        (missing, key, "There is no file .*missing"),
        (certificate, missing, "There is no file .*missing"),
        (certificate, tmp_path, "can't be read: Is a directory"),
        (certificate, other_key, "doesn't belong to the certificate"),
        (rubbish, key, "can't be used for TLS"),
        (certificate, rubbish, "can't be used for TLS"),
        (certificate, certificate, "can't be used for TLS"),
    ):
        with pytest.raises(CertificateError, match=words):
            tls_context(first, second)
    for path in (rubbish, key):
        with pytest.raises(CertificateError, match="no certificate in PEM form"):
            fingerprint(path)


def test_a_key_with_a_passphrase_is_refused_without_asking(tmp_path: Path) -> None:
    certificate, key = pair(tmp_path)
    loaded = load_pem_private_key(key.read_bytes(), None)
    key.write_bytes(
        loaded.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"secret"),
        )
    )
    with pytest.raises(CertificateError, match="has a passphrase"):
        tls_context(certificate, key)


@pytest.mark.parametrize(
    ("days", "words"),
    [(-3, "valid only from"), (0, None), (3600, None), (3650, "renew it soon"), (3660, "expired")],
)
def test_dates_are_warned_of_not_refused(tmp_path: Path, days: int, words: str | None) -> None:
    warnings = open_certificate(*pair(tmp_path)).warnings(NOW + timedelta(days=days))
    if words is None:
        assert warnings == ()
    else:
        [warning] = warnings
        assert words in warning


def test_a_failed_write_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "key.pem"
    write_private(file, b"old")

    def fails(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fails)
    with pytest.raises(OSError, match="No space left"):
        write_private(file, b"new")
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"old"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(CertificateError, match=r"can't be written to .*No space left"):
        own_certificate(tmp_path / "empty", "a.b", NOW)
