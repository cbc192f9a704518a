"""What the benchmarks accept as delivered, and what they don't."""

import pytest

from bench.judge import DeliveryError, judge, pong
from bench.scenarios import SCENARIOS
from bench.wire import join_frames, split_frames, split_lines

ANN, BOB = b":ann!a@h", b":bob!b@h"
SAID = {ANN: [ANN + b" PRIVMSG #r :1", ANN + b" PRIVMSG #r :2"], BOB: [BOB + b" PRIVMSG #r :3"]}


def test_all_once_and_in_each_senders_order_is_right() -> None:
    one, two = SAID[ANN]
    verdict = judge([one, *SAID[BOB], b"@time=now;msgid=x " + two, b"PING :here"], SAID)
    assert (verdict.received, verdict.missing, verdict.pings) == (3, 0, (b"PING :here",))
    assert pong(b"PING :here") == b"PONG :here"


def test_what_is_lacking_is_counted() -> None:
    assert judge([SAID[ANN][0]], SAID).missing == 2


@pytest.mark.parametrize(
    "lines",
    [
        [SAID[ANN][1]],
        [SAID[BOB][0], SAID[BOB][0]],
        [ANN + b" PRIVMSG #r :something else"],
        [b":eve!e@h PRIVMSG #r :1"],
        [b":ann!a@h JOIN #r"],
    ],
    ids=["lost or reordered", "doubled", "changed", "invented", "not asked for"],
)
def test_all_else_is_an_error(lines: list[bytes]) -> None:
    with pytest.raises(DeliveryError):
        judge(lines, SAID)


def test_lines_and_frames_come_apart_as_they_were_put_together() -> None:
    assert split_lines(b"one\r\ntwo\r\nth") == ([b"one", b"two"], b"th")
    long = b"x" * 300
    stream = b"\x81\x03one" + b"\x81\x7e\x01\x2c" + long + b"\x81\x05ab"
    assert split_frames(stream) == ([b"one", long], b"\x81\x05ab")
    assert join_frames([b"one"]) == b"\x81\x83\0\0\0\0one"
    with pytest.raises(DeliveryError):
        split_frames(b"\x88\x00")


def test_a_scenario_owes_what_its_hearers_hear() -> None:
    for scenario in SCENARIOS.values():
        for number in (0, 1, scenario.clients - 1):
            heard = scenario.heard_by(number)
            assert number not in heard
            assert len(heard) == scenario.hearers
            assert set(heard) <= set(range(scenario.clients))
