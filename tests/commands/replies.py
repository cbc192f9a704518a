"""What tests read out of replies, and how they write what logging in takes."""

from __future__ import annotations

import base64

import msgspec

from tests.world import RULES, World

SASL = "CAP REQ sasl"


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def plain(name: str, password: str) -> tuple[str, str]:
    """The lines that log in by SASL PLAIN, once the capability is there."""
    return "AUTHENTICATE PLAIN", f"AUTHENTICATE {b64(f'{chr(0)}{name}{chr(0)}{password}')}"


def told(lines: list[str], *words: str) -> bool:
    """Whether one of the lines has all of the words."""
    return any(all(word in line for word in words) for line in lines)


def codes(lines: list[str]) -> list[str]:
    """Each line's command or numeric."""
    return [line.split(" ")[1] for line in lines]


def ruled(**rules: str) -> World:
    """A world where these rules are otherwise."""
    return World(msgspec.structs.replace(RULES, **rules))
