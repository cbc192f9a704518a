"""One setting of the configuration: its default, unit, range and meaning, as a dataclass's field.

Law: what is known of a setting stands where its default does, and nowhere else.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

Check = Callable[[Any], str | None]
"""Why a value of the right type can't be used, as words that follow what was given, or None."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What is known of one setting besides its name, type and default."""

    help: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    check: Check | None = None
    default_text: str = ""
    """The default in words, where its value depends on the machine or says too little."""


def setting(default: _T, about: Setting) -> _T:
    """A field with its default and what is known of it."""
    return field(default=default, metadata={"setting": about})


def size(default: int, help: str, *, low: int, high: int, unit: str = "bytes") -> int:
    """A bound in bytes."""
    return setting(default, Setting(help=help, unit=unit, low=low, high=high))


def count(default: int, help: str, *, low: int = 1, high: int = 10_000_000) -> int:
    """A number of things."""
    return setting(default, Setting(help=help, low=low, high=high))


def seconds(default: int, help: str, *, low: int = 1, high: int = 86_400) -> int:
    """A time in seconds."""
    return setting(default, Setting(help=help, unit="seconds", low=low, high=high))
