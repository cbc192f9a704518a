"""The certificate that the server shows: self-made at first start, or the operator's own by path.

A certificate that people have pinned is never replaced without the operator's word, and a new one
that can't be used never takes the place of one that works.
"""

import hashlib
import ipaddress
import os
import ssl
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hubbub.server.errors import OperatorError

CERTIFICATE_FILE = "certificate.pem"
KEY_FILE = "key.pem"

_LIFE = timedelta(days=3652)
_SOON = timedelta(days=14)

_Stamp = tuple[tuple[int, int, int], ...]


class CertificateError(OperatorError):
    """A certificate or its key can't be used, and what to do about it."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate in use, with its TLS context and what people compare it by."""

    certificate: Path
    key: Path
    context: ssl.SSLContext
    fingerprint: str
    stamp: _Stamp

    def warnings(self, now: datetime | None = None) -> tuple[str, ...]:
        """Sentences for the log when the certificate has expired, will soon, or isn't valid yet.

        Loads a large library (0.2 s), so ask once connections are accepted, off the event loop.
        """
        return _warnings(self.certificate, now or datetime.now(UTC))

    def renewed(self) -> "Certificate | None":
        """The certificate read again if its files have changed, else None.

        Raises CertificateError when they can't be used: go on with this one and say so.
        """
        if _stamp(self.certificate, self.key) == self.stamp:
            return None
        return open_certificate(self.certificate, self.key)


def open_certificate(certificate: Path, key: Path) -> Certificate:
    """Read a certificate and its key. Raises CertificateError."""
    # The stamp is taken first: a change while reading is then seen by the next renewed().
    stamp = _stamp(certificate, key)
    context = tls_context(certificate, key)
    return Certificate(certificate, key, context, fingerprint(certificate), stamp)


def own_certificate(directory: Path, server_name: str, now: datetime | None = None) -> Certificate:
    """The self-made certificate kept in `directory`, made if there is none. Raises CertificateError."""
    certificate, key = directory / CERTIFICATE_FILE, directory / KEY_FILE
    if certificate.exists() and not key.exists():
        raise CertificateError(
            f"{certificate} is there, but its key {key} is gone: put the key back, or delete the"
            " certificate to have a new one made (clients that know the old one will ask)."
        )
    if not certificate.exists():
        made, made_key = make_certificate(server_name, now or datetime.now(UTC))
        try:
            # The key goes first: a crash in between leaves a key alone, and both are made again.
            write_private(key, made_key)
            write_private(certificate, made)
        except OSError as error:
            raise CertificateError(
                f"The certificate can't be written to {directory}: {error.strerror}."
            ) from error
    return open_certificate(certificate, key)


def make_certificate(server_name: str, now: datetime) -> tuple[bytes, bytes]:
    """A self-signed EC P-256 certificate for ten years and its key, both as PEM."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    # X.520 bounds a common name to 64 characters; the names that count are the alternative ones.
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, server_name[:64])])
    names: list[x509.GeneralName] = [
        x509.DNSName(host) for host in dict.fromkeys([server_name, "localhost"])
    ]
    names += [x509.IPAddress(ipaddress.ip_address(host)) for host in ("127.0.0.1", "::1")]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        # A day of grace for clients whose clock is behind.
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + _LIFE)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    return (
        certificate.public_bytes(serialization.Encoding.PEM),
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
    )


def fingerprint(certificate: Path) -> str:
    """The SHA-256 of the first certificate in a PEM file, as "sha256:AB:CD:..."."""
    text = _pem(certificate)
    begin = text.find(ssl.PEM_HEADER)
    end = text.find(ssl.PEM_FOOTER, begin)
    if begin < 0 or end < 0:
        raise CertificateError(f"{certificate} has no certificate in PEM form.")
    try:
        der = ssl.PEM_cert_to_DER_cert(text[begin : end + len(ssl.PEM_FOOTER)])
    except ValueError:
        raise CertificateError(f"{certificate} has no certificate in PEM form.") from None
    return f"sha256:{hashlib.sha256(der).digest().hex(':').upper()}"


def tls_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """A server's TLS context (1.2 and later). Raises CertificateError."""
    _pem(certificate)
    _pem(key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # A client of TLS 1.2 could make the server work by asking for new keys again and again.
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
    try:
        context.load_cert_chain(certificate, key, password=_no_passphrase)
    except _Encrypted:
        raise CertificateError(
            f"The key {key} has a passphrase: the server starts unattended, so give it one without"
            " (openssl pkey -in OLD -out NEW)."
        ) from None
    except ssl.SSLError as error:
        if error.reason in ("KEY_VALUES_MISMATCH", "KEY_TYPE_MISMATCH"):
            raise CertificateError(
                f"The key {key} doesn't belong to the certificate {certificate}: give the pair"
                " that was made together (the server's own certificate stands first in its file)."
            ) from None
        raise CertificateError(
            f"{certificate} and {key} can't be used for TLS"
            f" ({error.reason or 'they are not in PEM form'})."
        ) from None
    except OSError as error:
        raise CertificateError(f"{certificate} or {key} can't be read: {error.strerror}.") from None
    return context


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read: either the whole new content is there, or the old."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:  # mkstemp makes it 0600
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
        _sync_directory(path.parent)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _sync_directory(path: Path) -> None:
    if os.name != "posix":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class _Encrypted(Exception):
    """Raised out of OpenSSL's question for a passphrase, which would wait at the terminal."""


def _no_passphrase() -> str:
    raise _Encrypted


def _pem(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except FileNotFoundError:
        raise CertificateError(
            f"There is no file {path}: correct its path in the [tls] section of the configuration."
        ) from None
    except OSError as error:
        raise CertificateError(f"{path} can't be read: {error.strerror}.") from None


def _warnings(path: Path, now: datetime) -> tuple[str, ...]:
    from cryptography import x509

    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
    except ValueError as error:
        return (f"The certificate {path} is unusual ({error}); clients may refuse it.",)
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if now < begins:
        return (f"The certificate {path} is valid only from {begins:%Y-%m-%d %H:%M} UTC on.",)
    if now >= ends:
        return (f"The certificate {path} expired on {ends:%Y-%m-%d}: clients will refuse it.",)
    if ends - now < _SOON:
        return (f"The certificate {path} expires on {ends:%Y-%m-%d}: renew it soon.",)
    return ()


def _stamp(*paths: Path) -> _Stamp:
    stamps = []
    for path in paths:
        try:
            status = path.stat()
            stamps.append((status.st_mtime_ns, status.st_size, status.st_ino))
        except OSError:
            stamps.append((0, 0, 0))
    return tuple(stamps)
