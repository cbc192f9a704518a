"""The mechanisms byte for byte: RFC 4616's form, RFC 7677's vector, and what isn't accepted."""

from __future__ import annotations

import base64

import pytest

from hubbub.edge.credentials import Check, Present, Prove, Recall, Recalled
from hubbub.edge.sasl import (
    CHUNK,
    Exchange,
    External,
    Plain,
    SaslError,
    Scram,
    TooLongError,
    chunks,
    decoded,
    mechanism,
    mechanisms,
    proof_fits,
)
from hubbub.server.credentials import read_scram, scram_text

# RFC 7677, section 3: user "user", password "pencil".
SALT = base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ==")
SERVER_NONCE = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
FIRST = b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO"
CHALLENGE = (
    b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
)
FINAL = (
    b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
    b"p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
)
CONCLUSION = b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="


def recalled(password: str = "pencil", account: int = 1) -> Recalled:
    parts = read_scram(scram_text(password, SALT, 4096))
    return Recalled(account, "user", *parts, SERVER_NONCE)


def test_plain_has_three_parts() -> None:
    assert Plain().respond(b"\0ann\0se cret") == Check("ann", "se cret")
    assert Plain().respond(b"ann\0ann\0secret") == Check("ann", "secret")


@pytest.mark.parametrize(
    "response",
    [
        b"",
        b"ann",
        b"\0ann",
        b"\0\0secret",
        b"\0ann\0",
        b"a\0b\0c\0d",
        b"eve\0ann\0secret",
        b"\0\xff\0x",
    ],
)
def test_plain_refuses_anything_else(response: bytes) -> None:
    with pytest.raises(SaslError):
        Plain().respond(response)


def test_scram_is_rfc_7677s_exchange() -> None:
    scram = Scram()
    assert scram.respond(FIRST) == Recall("user")
    assert scram.challenge(recalled()) == CHALLENGE
    prove = scram.respond(FINAL)
    assert isinstance(prove, Prove)
    assert proof_fits(prove)
    assert scram.conclusion() == CONCLUSION
    assert scram.respond(b"") is None


def test_scram_of_another_password_does_not_fit() -> None:
    scram = Scram()
    scram.respond(FIRST)
    scram.challenge(recalled("pen"))
    prove = scram.respond(FINAL)
    assert isinstance(prove, Prove)
    assert not proof_fits(prove)
    assert not proof_fits(Prove(prove.recalled, prove.message, b"short"))


@pytest.mark.parametrize(
    "first",
    [
        b"",
        b"p=tls-unique,,n=user,r=x",
        b"n,user,n=user,r=x",
        b"n,a=eve,n=user,r=x",
        b"n,,r=x,n=user",
        b"n,,n=,r=x",
        b"n,,n=user,r=",
        b"n,,n=us=er,r=x",
        b"n,,m=ext,n=user,r=x",
    ],
)
def test_scram_refuses_other_beginnings(first: bytes) -> None:
    with pytest.raises(SaslError):
        Scram().respond(first)


@pytest.mark.parametrize(
    "final",
    [
        FINAL.replace(b"c=biws", b"c=eSws"),
        FINAL.replace(b"r=rOpr", b"r=xOpr"),
        FINAL.split(b",p=")[0],
        FINAL.split(b",p=")[0] + b",p=!!!",
        b"",
    ],
)
def test_scram_refuses_other_proofs(final: bytes) -> None:
    scram = Scram()
    scram.respond(FIRST)
    scram.challenge(recalled())
    with pytest.raises(SaslError):
        scram.respond(final)


def test_scram_names_are_unescaped_and_may_be_their_own_authority() -> None:
    assert Scram().respond(b"y,a=a=2Cb=3Dc,n=a=2Cb=3Dc,r=x") == Recall("a,b=c")


def test_an_exchange_puts_chunks_together() -> None:
    exchange = Exchange(Plain())
    whole = base64.b64encode(b"x" * 450).decode()
    assert exchange.receive(whole[:CHUNK]) is None
    assert exchange.receive(whole[CHUNK:]) == b"x" * 450
    assert exchange.receive("+") == b""


def test_an_exchange_is_bounded() -> None:
    exchange = Exchange(Plain())
    with pytest.raises(TooLongError):
        exchange.receive("A" * (CHUNK + 1))
    for _ in range(10):
        assert exchange.receive("A" * CHUNK) is None
    with pytest.raises(TooLongError):
        exchange.receive("A" * CHUNK)


@pytest.mark.parametrize("size", [0, 1, 299, 300, 301, 600, 601])
def test_chunks_come_back_as_what_was_cut(size: int) -> None:
    exchange = Exchange(Plain())
    challenge = bytes(size)
    *firsts, last = chunks(challenge)
    assert all(len(chunk) == CHUNK for chunk in firsts)
    assert len(last) < CHUNK
    assert [exchange.receive(chunk) for chunk in firsts] == [None] * len(firsts)
    assert exchange.receive(last) == challenge


def test_base64_is_read_strictly() -> None:
    for text in ("a", "a b=", "YQ", "Ü===", "YQ==\n"):
        with pytest.raises(SaslError):
            decoded(text)


def test_passwords_are_in_no_repr() -> None:
    assert "secret" not in repr(Check("ann", "secret"))
    assert "pencil" not in repr(recalled())


def test_external_is_about_the_certificate_that_was_shown() -> None:
    assert External("ab" * 32).respond(b"") == Present("ab" * 32, "")
    assert External("ab" * 32).respond("Zoë".encode()) == Present("ab" * 32, "Zoë")


@pytest.mark.parametrize("response", [b"\xff", b"ann\0", b"\0ann\0password"])
def test_external_refuses_what_is_no_name(response: bytes) -> None:
    with pytest.raises(SaslError):
        External("ab" * 32).respond(response)


def test_external_is_offered_with_a_certificate_only() -> None:
    assert mechanisms("") == "PLAIN,SCRAM-SHA-256"
    assert mechanisms("ab" * 32) == "PLAIN,SCRAM-SHA-256,EXTERNAL"
    assert mechanism("EXTERNAL", "") is None
    assert isinstance(mechanism("EXTERNAL", "ab" * 32), External)
    assert isinstance(mechanism("PLAIN", ""), Plain)
