"""The table of numerics against itself and a few facts of the documents."""

import re

import pytest

from hubbub.irc.message import Message, parse, serialise
from hubbub.irc.numerics import TEXTS, Numeric


def test_each_numeric_is_three_digits_and_has_one_name() -> None:
    assert len(Numeric.__members__) == len(Numeric)  # no aliases
    for numeric in Numeric:
        assert re.fullmatch(r"[0-9]{3}", numeric)
        assert re.fullmatch(r"(RPL|ERR)_[A-Z0-9]+", numeric.name)


def test_numerics_stand_in_order() -> None:
    assert list(Numeric) == sorted(Numeric)


@pytest.mark.parametrize(
    ("digits", "name"),
    [
        ("001", "RPL_WELCOME"),
        ("005", "RPL_ISUPPORT"),
        ("010", "RPL_BOUNCE"),
        ("303", "RPL_ISON"),
        ("335", "RPL_WHOISBOT"),
        ("336", "RPL_INVITELIST"),
        ("354", "RPL_WHOSPCRPL"),
        ("410", "ERR_INVALIDCAPCMD"),
        ("417", "ERR_INPUTTOOLONG"),
        ("432", "ERR_ERRONEUSNICKNAME"),
        ("470", "ERR_LINKCHANNEL"),
        ("696", "ERR_INVALIDMODEPARAM"),
        ("730", "RPL_MONONLINE"),
        ("734", "ERR_MONLISTFULL"),
        ("766", "RPL_KEYNOTSET"),
        ("774", "RPL_METADATASYNCLATER"),
        ("908", "RPL_SASLMECHS"),
    ],
)
def test_the_documents_names(digits: str, name: str) -> None:
    assert Numeric(digits).name == name


def test_each_text_can_be_a_last_parameter() -> None:
    for numeric, text in TEXTS.items():
        message = Message(numeric.value, ("me", text))
        assert parse(serialise(message)[:-2]) == message
        assert not set("<>{}") & set(text), "a placeholder was left in"


def test_texts_are_the_documents() -> None:
    assert TEXTS[Numeric.ERR_NICKNAMEINUSE] == "Nickname is already in use"
    assert TEXTS[Numeric.ERR_INPUTTOOLONG] == "Input line was too long"
    assert Numeric.RPL_WELCOME not in TEXTS
