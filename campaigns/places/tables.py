"""Read the data files of this package, once per process."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_DATA: Final = Path(__file__).parent / "data"


def rows_of(name: str) -> Iterator[dict[str, str]]:
    """Yield the rows of a data file."""
    with (_DATA / name).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)
