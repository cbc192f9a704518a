"""WebSockets: one line a frame, the same frames for everybody, against wsproto's client."""

from __future__ import annotations

import asyncio
import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wsproto import ConnectionType, WSConnection
from wsproto.connection import CLIENT, Connection
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Event,
    Message,
    Ping,
    Pong,
    Request,
    TextMessage,
)
from wsproto.frame_protocol import CloseReason

from hubbub.irc.framing import BadLine
from hubbub.server.certificate import own_certificate
from hubbub.server.websocket import BINARY, IDLE_FRAMES, TEXT, WebSocket, accept, frames
from tests.server.line import TLS_VERSIONS, Line, on_line
from tests.server.rig import Fast


def messages(data: bytes) -> list[str | bytes]:
    """What a client reads of a server's frames; each has to be a whole message."""
    client = Connection(CLIENT)
    client.receive_data(data)
    found: list[str | bytes] = []
    for event in client.events():
        assert isinstance(event, Message)
        assert event.message_finished
        found.append(event.data)
    return found


line = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"), min_size=1, max_size=600)
lines = st.lists(st.one_of(line, line.map(lambda text: text * 40)), max_size=20)


@given(lines)
def test_frames_hold_exactly_the_lines(texts: list[str]) -> None:
    stream = "".join(f"{text}\r\n" for text in texts).encode()
    assert messages(frames(stream, TEXT)) == texts
    assert messages(frames(stream, BINARY)) == [text.encode() for text in texts]


@pytest.mark.parametrize("size", [1, 125, 126, 127, 65_535, 65_536, 200_000])
def test_lengths_are_written_as_short_as_can_be(size: int) -> None:
    text = "x" * size
    assert messages(frames(f"{text}\r\nend\r\n".encode(), TEXT)) == [text, "end"]


def test_what_many_are_sent_is_framed_once() -> None:
    stream = b"".join([b"PING 1\r\n", b"PING 2\r\n"])
    assert frames(stream, TEXT) is frames(stream, TEXT)
    assert frames(stream, BINARY) is frames(stream, BINARY)
    assert frames(stream, TEXT) != frames(stream, BINARY)


def test_what_a_room_is_shown_comes_out_as_it_went_in() -> None:
    chat = Fast()
    arriving = [chat.arrive() for _ in range(4)]
    for number, session in enumerate(arriving):
        asked = "CAP REQ :message-tags server-time" if number % 2 else "CAP LS"
        said = (asked, f"NICK p{number}", f"USER p 0 * :p{number}", "CAP END")
        chat.play([(session.id, line) for line in said])
    chat.play([(session.id, "JOIN #a") for session in arriving])
    words = [
        f"PRIVMSG {room} :grüße {'x' * size}" for room in ("#a", "#lobby") for size in (1, 300)
    ]
    chat.play([(session.id, line) for session in arriving for line in words])
    for session in arriving:
        written = chat.written(session.id)
        assert written.count(b" PRIVMSG #") == 12
        assert messages(frames(written, TEXT)) == written.decode().split("\r\n")[:-1]
        assert messages(frames(written, BINARY)) == written.split(b"\r\n")[:-1]


# -- what comes in ------------------------------------------------------------------------


def request(*subprotocols: str) -> bytes:
    client = WSConnection(ConnectionType.CLIENT)
    return client.send(Request(host="localhost", target="/", subprotocols=list(subprotocols)))


def pair(*subprotocols: str) -> tuple[Connection, WebSocket, str | None]:
    """A client and a server after their handshake, and the subprotocol that it gave."""
    client = WSConnection(ConnectionType.CLIENT)
    data = client.send(Request(host="localhost", target="/", subprotocols=list(subprotocols)))
    response, opened = accept(data)
    client.receive_data(response)
    [answer] = client.events()
    assert isinstance(answer, AcceptConnection)
    assert not answer.extensions
    assert client.connection is not None
    return client.connection, opened, answer.subprotocol


@pytest.mark.parametrize(
    ("asked", "given", "kind"),
    [
        (["text.ircv3.net"], "text.ircv3.net", str),
        (["binary.ircv3.net"], "binary.ircv3.net", bytes),
        (["binary.ircv3.net", "text.ircv3.net"], "binary.ircv3.net", bytes),
        (["text.ircv3.net", "binary.ircv3.net"], "text.ircv3.net", str),
        (["other", "binary.ircv3.net"], "binary.ircv3.net", bytes),
        (["other"], None, str),
        ([], None, str),
    ],
)
def test_the_clients_first_choice_is_taken(asked: list[str], given: str, kind: type) -> None:
    client, opened, subprotocol = pair(*asked)
    assert subprotocol == given
    client.receive_data(opened.frames(":hub PING 1é\r\n".encode()))
    [event] = client.events()
    assert isinstance(event, Message)
    assert isinstance(event.data, kind)


def test_compression_isnt_taken_up() -> None:
    data = request("text.ircv3.net").replace(
        b"Sec-WebSocket-Version", b"Sec-WebSocket-Extensions: permessage-deflate\r\nSec-WebSocket-Version"
    )  # fmt: skip
    response, _ = accept(data)
    assert b"deflate" not in response


@pytest.mark.parametrize("size", [1, 2, 7, 1 << 20])
@pytest.mark.parametrize("kind", [TextMessage, BytesMessage])
def test_a_message_is_a_line_however_it_is_cut(
    kind: type[TextMessage] | type[BytesMessage], size: int
) -> None:
    client, opened, _ = pair("text.ircv3.net")

    def said(text: str, *, last: bool = True) -> bytes:
        if kind is TextMessage:
            return client.send(TextMessage(data=text, message_finished=last))
        return client.send(BytesMessage(data=text.encode(), message_finished=last))

    sent = said("NICK änn") + said("USER a", last=False) + client.send(Ping(b"now"))
    sent += said(" 0 * :ä", last=False) + said("") + said("") + said("PING 1\r\n") + said("PING 2")
    stream, answers = b"", b""
    for start in range(0, len(sent), size):
        received = opened.receive(sent[start : start + size], 0.0)
        assert not received.ended
        stream += received.stream
        answers += received.answer
    found = [piece.rstrip(b"\r") for piece in stream.split(b"\n")]
    assert [piece.decode() for piece in found if piece] == [
        "NICK änn",
        "USER a 0 * :ä",
        "PING 1",
        "PING 2",
    ]
    client.receive_data(answers)
    assert list(client.events()) == [Pong(b"now")]


def test_of_many_pings_the_last_is_answered() -> None:
    client, opened, _ = pair()
    received = opened.receive(b"".join(client.send(Ping(bytes([n]))) for n in range(9)), 0.0)
    client.receive_data(received.answer)
    assert list(client.events()) == [Pong(b"\x08")]


def test_frames_without_lines_are_taken_at_a_pace() -> None:
    client, opened, _ = pair()

    def pings(count: int, now: float) -> str:
        data = b"".join(client.send(Ping()) for _ in range(count))
        return opened.receive(data, now).ended

    assert pings(IDLE_FRAMES, 0.0) == ""
    assert pings(10, 1.0) == ""
    assert pings(10, 2.0) == ""
    assert opened.receive(client.send(TextMessage("PING 1")), 2.0).ended == ""
    assert pings(1, 2.0) == "WebSocket: Too many frames without a line"


def test_empty_messages_and_pieces_count_as_well() -> None:
    client, opened, _ = pair()
    data = client.send(TextMessage("")) * (IDLE_FRAMES + 1)
    assert opened.receive(data, 0.0).ended
    client, opened, _ = pair()
    first = client.send(TextMessage("a", message_finished=False))
    rest = b"".join(
        client.send(TextMessage("a", message_finished=False)) for _ in range(IDLE_FRAMES)
    )
    assert opened.receive(first + rest, 0.0).ended


def closed(client: Connection, answer: bytes) -> CloseConnection:
    client.receive_data(answer)
    *_, last = client.events()
    assert isinstance(last, CloseConnection)
    return last


def test_a_close_is_answered_with_its_code() -> None:
    client, opened, _ = pair()
    sent = client.send(TextMessage("QUIT")) + client.send(CloseConnection(1001, "bye"))
    received = opened.receive(sent, 0.0)
    assert received.stream == b"QUIT\n"
    assert received.ended == "Connection closed"
    assert closed(client, received.answer).code == 1001
    assert opened.close() == b""


def test_a_close_without_a_code_is_answered_without() -> None:
    client, opened, _ = pair()
    received = opened.receive(client.send(CloseConnection(CloseReason.NO_STATUS_RCVD)), 0.0)
    assert closed(client, received.answer).code == CloseReason.NO_STATUS_RCVD


MASKED = bytes(4)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\x81\x82" + MASKED + b"\xc3\x28", CloseReason.INVALID_FRAME_PAYLOAD_DATA),
        (b"\x81\x01a", CloseReason.PROTOCOL_ERROR),  # not masked
        (b"\xc1\x81" + MASKED + b"a", CloseReason.PROTOCOL_ERROR),  # compressed, it seems
        (b"\x83\x80" + MASKED, CloseReason.PROTOCOL_ERROR),  # no such opcode
        (b"\x80\x80" + MASKED, CloseReason.PROTOCOL_ERROR),  # goes on with nothing
        (b"\x09\x80" + MASKED, CloseReason.PROTOCOL_ERROR),  # a ping in pieces
        (b"\x88\x81" + MASKED + b"a", CloseReason.PROTOCOL_ERROR),  # half a code
        (b"\x89\xfe\x00\x7e" + MASKED, CloseReason.PROTOCOL_ERROR),  # a ping too long
        (b"\x81\xff\xff" + bytes(7) + MASKED, CloseReason.PROTOCOL_ERROR),
    ],
)
def test_what_breaks_the_protocol_ends_it_with_a_code(data: bytes, code: CloseReason) -> None:
    client, opened, _ = pair()
    received = opened.receive(client.send(TextMessage("PING 1")) + data, 0.0)
    assert received.stream == b"PING 1\n"
    assert received.ended.startswith("WebSocket: ")
    assert closed(client, received.answer).code == code


@given(st.binary(max_size=300), st.integers(1, 50))
def test_no_bytes_break_it(data: bytes, size: int) -> None:
    _, opened, _ = pair()
    for start in range(0, len(data), size):
        if opened.receive(data[start : start + size], 0.0).ended:
            break


frame = st.builds(
    lambda first, payload: bytes((first, 0x80 | len(payload))) + MASKED + payload,
    st.one_of(
        st.sampled_from((0x81, 0x01, 0x80, 0x00, 0x82, 0x88, 0x89, 0x8A)), st.integers(0, 255)
    ),
    st.one_of(st.binary(max_size=20), st.text(max_size=9).map(str.encode)),
)


@given(st.lists(frame, max_size=8), st.integers(1, 50))
def test_no_frames_break_it(parts: list[bytes], size: int) -> None:
    _, opened, _ = pair()
    data = b"".join(parts)
    for start in range(0, len(data), size):
        received = opened.receive(data[start : start + size], 0.0)
        assert len(received.stream) <= len(data)
        if received.ended:
            break


# -- over real sockets --------------------------------------------------------------------


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    return own_certificate(tmp_path_factory.mktemp("certificate"), "hub.test").context


class Browser:
    """wsproto's client at the other end of a line."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self.ws = WSConnection(ConnectionType.CLIENT)
        self.events: list[Event] = []

    async def open(self, *subprotocols: str, size: int = 1 << 20, after: bytes = b"") -> None:
        asked = Request(host="localhost:1", target="/", subprotocols=list(subprotocols))
        data = self.ws.send(asked) + after
        for start in range(0, len(data), size):
            await self.line.send(data[start : start + size])
        assert isinstance(await self.hear(), AcceptConnection)

    async def say(self, event: Event, size: int = 1 << 20) -> None:
        data = self.ws.send(event)
        for start in range(0, len(data), size):
            await self.line.send(data[start : start + size])

    async def hear(self) -> Event:
        """The next event, however many reads it takes."""
        while not self.events:
            data = await asyncio.to_thread(self.line.peer.recv, 65_536)
            assert data, "the connection ended"
            self.ws.receive_data(data)
            self.events += self.ws.events()
        return self.events.pop(0)


@pytest.mark.parametrize("version", TLS_VERSIONS)
@pytest.mark.parametrize("size", [1, 1 << 20])
def test_lines_in_and_frames_out(
    tls: ssl.SSLContext, version: ssl.TLSVersion | None, size: int
) -> None:
    async def scenario(line: Line) -> None:
        browser = Browser(line)
        await browser.open("binary.ircv3.net", "text.ircv3.net", size=size)
        await browser.say(BytesMessage(b"NICK ann"), size)
        await browser.say(TextMessage("USER ann 0 * :ä"), size)
        await line.owner.until(lambda: len(line.owner.lines) == 2)
        assert line.owner.lines == [b"NICK ann", "USER ann 0 * :ä".encode()]
        line.connection.write(b":hub 001 ann :hi\r\n:hub 002 ann :ho\r\n")
        assert await browser.hear() == BytesMessage(b":hub 001 ann :hi")
        assert await browser.hear() == BytesMessage(b":hub 002 ann :ho")
        await browser.say(Ping(b"?"), size)
        assert await browser.hear() == Pong(b"?")
        await browser.say(CloseConnection(1000), size)
        assert (await browser.hear()) == CloseConnection(1000, "")
        await line.owner.until(lambda: bool(line.owner.reasons))
        assert line.owner.reasons == ["Connection closed"]
        assert await line.rest() == b""

    on_line(scenario, tls, version=version)


def test_frames_may_come_with_the_handshake(tls: ssl.SSLContext) -> None:
    frame = Connection(CLIENT).send(TextMessage("NICK ann"))

    async def scenario(line: Line) -> None:
        await Browser(line).open("text.ircv3.net", after=frame)
        await line.owner.until(lambda: line.owner.lines == [b"NICK ann"])

    on_line(scenario, tls)


def test_a_line_too_long_is_said_to_be_and_the_next_is_read() -> None:
    async def scenario(line: Line) -> None:
        browser = Browser(line)
        await browser.open()
        await browser.say(TextMessage("x" * 2_000_000))
        await browser.say(TextMessage("PING 1"))
        await line.owner.until(lambda: len(line.owner.lines) == 2)
        assert line.owner.lines == [BadLine.TOO_LONG, b"PING 1"]
        assert line.connection._framer.held == 0

    on_line(scenario)


def test_a_line_of_the_greatest_length_is_read() -> None:
    text = "@+a=" + "b" * 4_091 + " " + "x" * 510  # without the CR LF that a plain line has

    async def scenario(line: Line) -> None:
        browser = Browser(line)
        await browser.open()
        await browser.say(TextMessage(text))
        await line.owner.until(lambda: bool(line.owner.lines))
        assert line.owner.lines == [text.encode()]

    on_line(scenario)


def test_answers_keep_their_places() -> None:
    async def scenario(line: Line) -> None:
        browser = Browser(line)
        await browser.open("text.ircv3.net")
        answer = object()
        line.connection.reserve(answer)
        line.connection.write(b"after\r\n")
        line.connection.fill(answer, b"one\r\ntwo\r\n")
        assert [await browser.hear() for _ in range(3)] == [
            TextMessage("one"),
            TextMessage("two"),
            TextMessage("after"),
        ]
        assert line.connection.unsent == 0

    on_line(scenario)


@pytest.mark.parametrize("version", TLS_VERSIONS)
def test_the_last_words_are_followed_by_a_close(
    tls: ssl.SSLContext, version: ssl.TLSVersion | None
) -> None:
    async def finished(line: Line) -> None:
        browser = Browser(line)
        await browser.open("text.ircv3.net")
        line.connection.finish(b"ERROR :bye\r\n")
        assert await browser.hear() == TextMessage("ERROR :bye")
        assert await browser.hear() == CloseConnection(1000, "")

    async def dropped(line: Line) -> None:
        browser = Browser(line)
        await browser.open("text.ircv3.net")
        line.connection.write(b"ERROR :bye\r\n")
        line.connection.drop("enough")
        assert await browser.hear() == TextMessage("ERROR :bye")
        assert await browser.hear() == CloseConnection(1000, "")

    on_line(finished, tls, version=version)
    on_line(dropped, tls, version=version)


def test_who_breaks_the_protocol_is_told_and_dropped() -> None:
    async def scenario(line: Line) -> None:
        browser = Browser(line)
        await browser.open()
        await line.send(b"NICK ann\r\n")
        event = await browser.hear()
        assert isinstance(event, CloseConnection)
        assert event.code == CloseReason.PROTOCOL_ERROR
        await line.owner.until(lambda: bool(line.owner.reasons))
        assert line.owner.reasons[0].startswith("WebSocket: ")
        assert not line.owner.lines

    on_line(scenario)


def test_without_tls_from_elsewhere_it_is_refused(tls: ssl.SSLContext) -> None:
    async def scenario(line: Line) -> None:
        await line.send(request("text.ircv3.net"))
        answer = await line.rest()
        assert answer.startswith(b"HTTP/1.1 403 ")
        assert answer.endswith(b"use wss.\n")

    on_line(scenario, tls, plain=False)


def test_a_page_that_isnt_ours_is_refused_and_the_log_told() -> None:
    async def scenario(line: Line) -> None:
        asked = request().replace(b"Upgrade: ", b"Origin: https://evil.example\r\nUpgrade: ")
        await line.send(asked)
        assert (await line.rest()).startswith(b"HTTP/1.1 403 ")
        assert line.owner.reasons[0].startswith("was refused over HTTP: Pages of that origin")

    on_line(scenario)
