"""Lines in batches: nested ones stand at their place, and a server can't fill the memory with them."""

from __future__ import annotations

import pytest

from hubbub.client import batches as module
from hubbub.client.batches import Batches
from hubbub.irc.message import parse


def feed(batches: Batches, *lines: str) -> list[module.Batch]:
    done = []
    for line in lines:
        message = parse(line.encode())
        if not batches.take(message) and (batch := batches.mark(message)) is not None:
            done.append(batch)
    return done


def test_a_batch_ends_with_its_lines_in_order() -> None:
    (batch,) = feed(
        Batches(),
        "@label=l :s BATCH +a chathistory #r",
        "@batch=a PRIVMSG #r x",
        "@batch=a PRIVMSG #r y",
        "BATCH -a",
    )
    assert (batch.type, batch.params, batch.label) == ("chathistory", ("#r",), "l")
    assert [line.params[1] for line in batch.lines] == ["x", "y"]


def test_an_inner_batch_stands_at_its_place() -> None:
    (batch,) = feed(
        Batches(),
        "BATCH +a netsplit",
        "@batch=a QUIT 1",
        "@batch=a BATCH +b other",
        "@batch=b QUIT 2",
        "@batch=a BATCH -b",
        "@batch=a QUIT 3",
        "BATCH -a",
    )
    assert [line.params[0] for line in batch.lines] == ["1", "2", "3"]


def test_a_history_inside_a_labelled_answer_is_a_history() -> None:
    (batch,) = feed(
        Batches(),
        "@label=h1 BATCH +l labeled-response",
        "@batch=l BATCH +h chathistory #r",
        "@batch=h PRIVMSG #r x",
        "@batch=l BATCH -h",
        "BATCH -l",
    )
    assert (batch.type, batch.label, len(batch.lines)) == ("chathistory", "h1", 1)


def test_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LINES_MOST", 1)
    monkeypatch.setattr(module, "OPEN_MOST", 2)
    with pytest.raises(OverflowError):
        feed(Batches(), "BATCH +a x", "@batch=a QUIT", "@batch=a QUIT")
    with pytest.raises(OverflowError):
        feed(Batches(), "BATCH +a x", "BATCH +b x", "BATCH +c x")


def test_an_end_without_a_beginning_is_nothing() -> None:
    assert feed(Batches(), "BATCH -a", "BATCH") == []
