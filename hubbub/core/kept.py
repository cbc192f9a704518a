"""What it is to be kept: a thing of the state with a row in a table.

Law: what is here can be written to its table and read back equal; nothing else is state.
"""

from __future__ import annotations

from typing import ClassVar, Protocol

import msgspec
from msgspec.structs import astuple

Cell = str | int | None
Row = tuple[Cell, ...]


class Entity(Protocol):
    """Something with a row: a Record or something Composed."""

    TABLE: ClassVar[str]
    """Its table's name."""
    KEY_WIDTH: ClassVar[int]
    """How many of the table's first columns are its primary key."""
    LOAD_ORDER: ClassVar[str]
    """The columns by which rows have to be sorted to be loaded; empty: by the primary key."""

    @classmethod
    def columns(cls) -> tuple[str, ...]:
        """The table's columns."""

    def primary_key(self) -> Row:
        """The primary key's cells, the first cells of `row`."""

    def row(self) -> Row:
        """All cells, in the order of the columns."""


class Record(msgspec.Struct, eq=False, gc=False):
    """An entity that is its row: its fields are the columns, each holding a cell.

    As cells refer to nothing, the garbage collector needn't look at it (gc=False).
    """

    TABLE: ClassVar[str]
    KEY_WIDTH: ClassVar[int] = 1
    LOAD_ORDER: ClassVar[str] = ""

    @classmethod
    def columns(cls) -> tuple[str, ...]:
        return cls.__struct_fields__

    def primary_key(self) -> Row:
        return astuple(self)[: self.KEY_WIDTH]

    def row(self) -> Row:
        return astuple(self)

    def __repr__(self) -> str:
        """Which one it is and no more: some hold what no log may show."""
        return f"{type(self).__name__}{self.primary_key()}"


class Composed:
    """An entity that holds more than its row: it says its columns, and makes its row itself."""

    TABLE: ClassVar[str]
    COLUMNS: ClassVar[str]
    KEY_WIDTH: ClassVar[int] = 1
    LOAD_ORDER: ClassVar[str] = ""
    __slots__ = ()

    @classmethod
    def columns(cls) -> tuple[str, ...]:
        return tuple(cls.COLUMNS.split())
