"""SASL over AUTHENTICATE: the chunks, and the mechanisms as pure machines.

Law: nothing here knows whether a password is right; a mechanism ends in a question for whoever does
(`edge.credentials`). https://ircv3.net/specs/extensions/sasl-3.2
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from typing import Final

from hubbub.edge.credentials import Check, Present, Prove, Recall, Recalled

CHUNK: Final = 400
"""Base64 characters in one AUTHENTICATE; a response that ends with a full one needs a '+' more."""
RESPONSE_CHARACTERS: Final = 4_000
"""The longest response in base64, all chunks together."""


class SaslError(Exception):
    """The client's response can't be understood or isn't accepted; the text is for the person."""


class TooLongError(SaslError):
    """A chunk or a response is over its bound."""


class Plain:
    """RFC 4616: authorization identity, authentication identity and password, NULs between."""

    def respond(self, response: bytes) -> Check:
        parts = _text(response).split("\0")
        if len(parts) != 3 or not parts[1] or not parts[2]:
            raise SaslError("A PLAIN response is [name], NUL, name, NUL, password")
        _require_same(parts[0], parts[1])
        return Check(parts[1], parts[2])


class Scram:
    """RFC 5802 and 7677, SCRAM-SHA-256 as the server, without channel binding.

    After `respond` has asked to Recall, `challenge` gives what the client is sent; after it has
    asked to Prove and that was so, `conclusion` does. Then the client's empty response is heard.
    """

    def __init__(self) -> None:
        self._header = ""
        self._bare = ""
        self._first = ""
        self._nonce = ""
        self._message = b""
        self._recalled: Recalled | None = None
        self.is_proven = False

    def respond(self, response: bytes) -> Recall | Prove | None:
        if self.is_proven:
            if response:
                raise SaslError("Nothing may follow a SCRAM proof")
            return None
        if self._recalled is None:
            return self._start(_text(response))
        return self._prove(self._recalled, _text(response))

    def _start(self, text: str) -> Recall:
        binding, _, rest = text.partition(",")
        identity, _, self._bare = rest.partition(",")
        # 'y': the client could bind the channel but believes that we can't, and that is so.
        if binding not in ("n", "y") or (identity and not identity.startswith("a=")):
            raise SaslError("Channel binding isn't offered")
        self._header = f"{binding},{identity},"
        fields = self._bare.split(",")
        if len(fields) < 2 or not fields[0].startswith("n=") or not fields[1].startswith("r="):
            raise SaslError("A SCRAM exchange begins with a name and a nonce")
        name, self._nonce = _name(fields[0][2:]), fields[1][2:]
        if not self._nonce or not self._nonce.isprintable() or not name:
            raise SaslError("A SCRAM exchange begins with a name and a nonce")
        if identity:
            _require_same(_name(identity[2:]), name)
        return Recall(name)

    def challenge(self, recalled: Recalled) -> bytes:
        """The server's first message."""
        self._recalled = recalled
        self._nonce += recalled.nonce
        salt = base64.b64encode(recalled.salt).decode()
        self._first = f"r={self._nonce},s={salt},i={recalled.iterations}"
        return self._first.encode()

    def _prove(self, recalled: Recalled, text: str) -> Prove:
        without_proof, found, proof = text.rpartition(",p=")
        fields = without_proof.split(",")
        if not found or len(fields) < 2 or fields[1] != f"r={self._nonce}":
            raise SaslError("That isn't the answer to this exchange")
        header = base64.b64encode(self._header.encode()).decode()
        if fields[0] != f"c={header}":
            raise SaslError("The channel binding isn't that of the first message")
        self._message = f"{self._bare},{self._first},{without_proof}".encode()
        return Prove(recalled, self._message, decoded(proof))

    def conclusion(self) -> bytes:
        """The server's final message, by which it proves to have known the verifier."""
        assert self._recalled is not None
        self.is_proven = True
        signature = hmac.digest(self._recalled.server_key, self._message, "sha256")
        return b"v=" + base64.b64encode(signature)


class External:
    """RFC 4422, appendix A: the client showed a certificate in the TLS handshake, and is its holder.

    The response is empty, or the name of the account that it wants.
    """

    def __init__(self, fingerprint: str) -> None:
        self._fingerprint = fingerprint

    def respond(self, response: bytes) -> Present:
        name = _text(response)
        if "\0" in name:
            raise SaslError("An EXTERNAL response is empty or a name")
        return Present(self._fingerprint, name)


def proof_fits(prove: Prove) -> bool:
    """Whether a SCRAM proof was made with the password (RFC 5802, section 3)."""
    stored = prove.recalled.stored_key
    signature = hmac.digest(stored, prove.message, "sha256")
    if len(prove.proof) != len(signature):
        return False
    key = bytes(a ^ b for a, b in zip(prove.proof, signature, strict=True))
    return hmac.compare_digest(hashlib.sha256(key).digest(), stored)


Mechanism = Plain | Scram | External
_PASSWORDS: Final[Mapping[str, type[Plain] | type[Scram]]] = {
    "PLAIN": Plain,
    "SCRAM-SHA-256": Scram,
}


def mechanisms(fingerprint: str) -> str:
    """The mechanisms as `sasl` offers them: EXTERNAL to clients that have shown a certificate."""
    return ",".join([*_PASSWORDS, *(["EXTERNAL"] if fingerprint else [])])


def mechanism(name: str, fingerprint: str) -> Mechanism | None:
    """A new exchange's mechanism, or None if it isn't offered."""
    if name == "EXTERNAL" and fingerprint:
        return External(fingerprint)
    made = _PASSWORDS.get(name)
    return None if made is None else made()


class Exchange:
    """One exchange under way: its mechanism, and the chunks of a response that came so far."""

    def __init__(self, mechanism: Mechanism) -> None:
        self.mechanism = mechanism
        self.account: tuple[int, str] | None = None
        """Who a SCRAM client has proven to be, while its last response is awaited."""
        self._chunks = ""

    def receive(self, chunk: str) -> bytes | None:
        """The whole response when this was its last chunk, otherwise None. Raises SaslError."""
        if len(chunk) > CHUNK:
            raise TooLongError(f"An AUTHENTICATE holds at most {CHUNK} characters")
        if chunk != "+":
            self._chunks += chunk
            if len(self._chunks) > RESPONSE_CHARACTERS:
                raise TooLongError("That is longer than any name and password")
            if len(chunk) == CHUNK:
                return None
        whole, self._chunks = self._chunks, ""
        return decoded(whole)


def chunks(challenge: bytes) -> list[str]:
    """A challenge as the parameters of AUTHENTICATE."""
    text = base64.b64encode(challenge).decode()
    parts = [text[start : start + CHUNK] for start in range(0, len(text), CHUNK)]
    if not parts or len(parts[-1]) == CHUNK:
        parts.append("+")
    return parts


def decoded(text: str) -> bytes:
    """Base64 read strictly. Raises SaslError."""
    try:
        return base64.b64decode(text.encode(), validate=True)
    except (binascii.Error, ValueError):
        raise SaslError("That isn't base64") from None


def _text(response: bytes) -> str:
    try:
        return response.decode()
    except UnicodeDecodeError:
        raise SaslError("That isn't UTF-8") from None


def _name(text: str) -> str:
    """A SCRAM name with its escapes undone."""
    rest = text.replace("=2C", "").replace("=3D", "")
    if "=" in rest:
        raise SaslError("A name has '=' only as =3D or =2C")
    return text.replace("=2C", ",").replace("=3D", "=")


def _require_same(authorization: str, authentication: str) -> None:
    if authorization and authorization != authentication:
        raise SaslError("Nobody can log in as somebody else")
