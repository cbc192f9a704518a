"""A name is compared only in folded form, and a folded name has its own type.

Folding is case folding and NFKC, repeated until nothing changes; on ASCII names it is
CASEMAPPING=ascii. What may be a name is decided on the name as typed and on its NFKC form, so that
no compatibility character smuggles in a space or a '#'.
"""

import unicodedata
from functools import lru_cache
from typing import NewType

FoldedNick = NewType("FoldedNick", str)
"""A nick fit for comparing and for keys; never shown to anybody."""

FoldedRoom = NewType("FoldedRoom", str)
"""A room's name fit for comparing and for keys; never shown to anybody."""

ROOM_PREFIX = "#"
STATUS_PREFIXES = "@+"
"""What may stand before a room as a target: only those of this rank and above (STATUSMSG)."""

_NICK_SPECIALS = frozenset("[]\\`_^{|}-")
_MAX_MARKS_IN_A_ROW = 4
# Letters and marks that show as nothing (Unicode's Default_Ignorable_Code_Point without category
# Cf, which is refused as a whole, and the hieroglyphs' blanks).
_INVISIBLE = frozenset(
    chr(code)
    for first, last in (
        (0x034F, 0x034F),
        (0x115F, 0x1160),
        (0x17B4, 0x17B5),
        (0x180B, 0x180F),
        (0x2800, 0x2800),
        (0x3164, 0x3164),
        (0xFE00, 0xFE0F),
        (0xFFA0, 0xFFA0),
        (0x13441, 0x13446),
        (0x16FE4, 0x16FE4),
        (0xE0100, 0xE01EF),
    )
    for code in range(first, last + 1)
)


def fold(text: str) -> str:
    """`text` folded for comparing, whatever it names; `fold(fold(x)) == fold(x)`."""
    return text.lower() if text.isascii() else _fold_unicode(text)


@lru_cache(maxsize=8192)
def fold_nick(nick: str) -> FoldedNick:
    """The nick as a key."""
    return FoldedNick(fold(nick))


@lru_cache(maxsize=8192)
def fold_room(room: str) -> FoldedRoom:
    """The room's name, with its '#', as a key."""
    return FoldedRoom(fold(room))


@lru_cache(maxsize=8192)
def _fold_unicode(text: str) -> str:
    # The Unicode Standard's compatibility caseless matching (definition D146), repeated because
    # NFKC can bring up letters that have a case again. NFD first puts combining marks in order.
    while True:
        folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFD", text).casefold())
        if folded == text:
            return folded
        text = folded


def nick_problem(text: str, max_length: int) -> str | None:
    """Why `text` can't be a nick, as a sentence for the person, or None. `max_length` is in bytes.

    Nicks are letters and digits of any script, with their combining marks, and []\\`_^{|}-.
    """
    if not text:
        return "A name needs at least one character."
    problem = _length_problem(text, max_length)
    if problem:
        return problem
    normal = unicodedata.normalize("NFKC", text)
    if normal[0].isdecimal() or normal[0] == "-":
        return f"A name can't start with {text[0]!r}: start with a letter."
    return _nick_characters_problem(text) or _nick_characters_problem(normal)


@lru_cache(maxsize=1024)
def room_problem(text: str, max_length: int) -> str | None:
    """Why `text` can't name a room, as a sentence, or None. `max_length` is in bytes, '#' too."""
    if not text.startswith(ROOM_PREFIX):
        return "A room's name starts with '#'."
    if len(text) == 1:
        return "A room's name needs at least one character after the '#'."
    problem = _length_problem(text, max_length)
    if problem:
        return problem
    for form in (text, unicodedata.normalize("NFKC", text)):
        for character in form:
            if character == "," or character.isspace() or _is_hidden(character):
                return f"A room's name can't contain {_shown(character)}."
    return None


def is_room(text: str) -> bool:
    """Whether a target means a room (valid or not) rather than a user."""
    return text.startswith(ROOM_PREFIX)


def split_status(target: str) -> tuple[str, str]:
    """A target's STATUSMSG prefixes and the rest: '@#room' is ('@', '#room').

    ('', target) when what follows the prefixes is not a room.
    """
    rest = target.lstrip(STATUS_PREFIXES)
    if len(rest) == len(target) or not is_room(rest):
        return "", target
    return target[: -len(rest)], rest


def _length_problem(text: str, max_length: int) -> str | None:
    # Lone surrogates can't be encoded; they can come from a console, never from the wire.
    length = len(text.encode(errors="surrogatepass"))
    if length <= max_length:
        return None
    return f"That is {length} bytes long; {max_length} is the most. Choose a shorter one."


def _nick_characters_problem(text: str) -> str | None:
    marks = _MAX_MARKS_IN_A_ROW  # so that a mark at the start has no letter to stand on
    for character in text:
        if character in _INVISIBLE:
            return f"A name can't contain {_shown(character)}."
        if character.isalnum():
            marks = 0
        elif unicodedata.category(character) in ("Mn", "Mc"):
            marks += 1
            if marks > _MAX_MARKS_IN_A_ROW:
                return f"A name can't have {_shown(character)} without a letter to stand on."
        elif character in _NICK_SPECIALS:
            marks = _MAX_MARKS_IN_A_ROW
        else:
            return f"A name can't contain {_shown(character)}."
    return None


def _is_hidden(character: str) -> bool:
    # Unassigned ones (Cn) too: a later Unicode may fold them otherwise, and folded names are kept.
    return character in _INVISIBLE or unicodedata.category(character) in ("Cc", "Cf", "Cs", "Cn")


def _shown(character: str) -> str:
    if character == " ":
        return "a space"
    if character.isprintable() and character not in _INVISIBLE:
        return repr(character)
    return f"the invisible character U+{ord(character):04X}"
