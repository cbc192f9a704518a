"""Bytes in, lines out, however they are cut."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbub.irc.framing import SERVER_TAGS_LIMIT, BadLine, Framer

TOO_LONG = BadLine.TOO_LONG
# Small limits, so that generated streams cross them: 12 bytes of tags, 10 of body with CR LF.
SMALL_TAGS, SMALL_BODY = 12, 10
streams = st.lists(
    st.sampled_from([b"\n", b"\r\n", b"\r", b"@", b" ", b"a", b"bcdefg", b"\xff", b"@123456789 "])
).map(b"".join)


def expected(stream: bytes, tags_limit: int, body_limit: int) -> list[bytes | BadLine]:
    """The law, said of a whole stream at once; the last piece, without its end, is left out."""
    lines: list[bytes | BadLine] = []
    for piece in stream.split(b"\n")[:-1]:
        line = piece.removesuffix(b"\r")
        tags, _, body = line.partition(b" ") if line.startswith(b"@") else (b"", b"", line)
        if not line:
            continue
        fits = len(tags) + 1 <= tags_limit and len(body) + 2 <= body_limit
        lines.append(line if fits else TOO_LONG)
    return lines


@given(streams, st.lists(st.integers(1, 9)))
def test_any_cut_gives_what_the_whole_gives(stream: bytes, cuts: list[int]) -> None:
    stream += b"\n"
    whole = Framer(SMALL_TAGS, SMALL_BODY).feed(stream)
    assert whole == expected(stream, SMALL_TAGS, SMALL_BODY)

    framer = Framer(SMALL_TAGS, SMALL_BODY)
    by_bytes = []
    for index in range(len(stream)):
        by_bytes += framer.feed(stream[index : index + 1])
        assert framer.held <= SMALL_TAGS + SMALL_BODY
    assert by_bytes == whole

    framer, by_pieces, rest = Framer(SMALL_TAGS, SMALL_BODY), [], stream
    for cut in cuts:
        by_pieces += framer.feed(rest[:cut])
        rest = rest[cut:]
    assert by_pieces + framer.feed(rest) == whole


def test_lines_end_with_lf_or_crlf_and_empty_ones_are_skipped() -> None:
    assert Framer().feed(b"A\r\nB\n\r\n\nC\rD\r\r\n") == [b"A", b"B", b"C\rD\r"]


def test_a_half_line_waits_for_its_end() -> None:
    framer = Framer()
    assert framer.feed(b"PI") == []
    assert framer.held == 2
    assert framer.feed(b"NG\r") == []
    assert framer.feed(b"\nPONG\n") == [b"PING", b"PONG"]
    assert framer.held == 0


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_the_body_is_bounded_at_512_bytes_with_crlf(end: bytes) -> None:
    assert Framer().feed(b"x" * 510 + end) == [b"x" * 510]
    assert Framer().feed(b"x" * 511 + end) == [TOO_LONG]


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_a_client_may_send_4094_bytes_of_tag_data_and_a_full_body(end: bytes) -> None:
    longest = b"@" + b"t" * 4094 + b" " + b"x" * 510
    assert Framer().feed(longest + end) == [longest]
    assert Framer().feed(longest + b"x" + end) == [TOO_LONG]
    assert Framer().feed(b"@t" + longest[1:] + end) == [TOO_LONG]
    assert Framer().feed(b"@" + b"t" * 4095 + end) == [TOO_LONG]


def test_a_client_reads_8191_bytes_of_tags() -> None:
    longest = b"@" + b"t" * 8189 + b" " + b"x" * 510
    assert Framer(SERVER_TAGS_LIMIT).feed(longest + b"\r\n") == [longest]
    assert Framer(SERVER_TAGS_LIMIT).feed(b"@t" + longest[1:] + b"\r\n") == [TOO_LONG]


def test_an_over_long_line_is_told_once_and_at_once_and_the_next_line_is_read() -> None:
    framer = Framer()
    assert framer.feed(b"x" * 600) == [TOO_LONG]
    assert framer.feed(b"x" * 600) == []
    assert framer.feed(b"x\r\nPING\r\n") == [b"PING"]


@pytest.mark.parametrize("start", [b"x", b"@", b"@ "])
def test_ten_megabytes_without_a_newline_hold_no_more_than_the_bound(start: bytes) -> None:
    framer = Framer()
    said = framer.feed(start)
    most = 0
    chunk = b"y" * 1000
    for _ in range(10_000):
        said += framer.feed(chunk)
        most = max(most, framer.held)
    assert said == [TOO_LONG]
    assert most <= 4096 + 512
    assert framer.held == 0
    assert framer.feed(b"\nPING\n") == [b"PING"]


def test_a_framer_is_small_because_every_connection_has_one() -> None:
    framer = Framer()
    framer.feed(b"PING\r\nPO")
    framer.feed(b"NG\r\n")
    assert sys.getsizeof(framer) <= 64
    assert not hasattr(framer, "__dict__")
    assert framer.held == 0
