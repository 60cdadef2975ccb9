"""A table to write to a file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

#: How many rows are fetched at a time.
ROWS_AT_A_TIME = 2_000

Cell = str | int | Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A header, the rows below it (iterated once), and the name of the file."""

    name: str
    header: list[str]
    rows: Iterator[list[Cell]]
