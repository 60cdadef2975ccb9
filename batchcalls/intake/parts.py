"""A list as parts of JSON lines, the only format that steps after the upload read.

Whatever the file's encoding, delimiter or type, a line of a part is one row: its number in the
file, its cells, and what is wrong with its form.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from json.encoder import encode_basestring as quoted
from typing import BinaryIO

from batchcalls.database import disks
from batchcalls.lists.rows import Row, RowProblem
from batchcalls.lists.tables import open_table
from batchcalls.lists.unreadable import UnreadableList
from batchcalls.models import ListPart, StoredList


def encode(rows: Iterable[Row]) -> bytes:
    """Return rows as JSON lines."""
    lines = []
    for number, cells, problem in rows:
        form = f",{quoted(problem.code)},{quoted(problem.message)}" if problem else ""
        lines.append(f"[{number},[{','.join(map(quoted, cells))}]{form}]")
    # UTF-8 cannot encode a lone surrogate, which no row of a text file has.
    return ("\n".join(lines) + "\n").encode(errors="replace")


def decode(lines: BinaryIO) -> Iterator[Row]:
    """Yield the rows of JSON lines, which are parsed together, as one array."""
    array = b"[%b]" % lines.read().rstrip(b"\n").replace(b"\n", b",")
    for number, cells, *problem in json.loads(array):
        yield Row(number, cells, RowProblem(*problem) if problem else None)


def rows_of(part: ListPart) -> list[Row]:
    """Return the rows of a part. Raise as `disks.opened` does."""
    with disks.opened(part.file) as stored:
        return list(decode(stored))


def rows_without_file(stored: StoredList) -> list[Row]:
    """Return the rows of a list that has no file, or nothing if it has or had one."""
    return [Row(number, cells, None) for number, cells in enumerate(stored.rows_kept_here, 2)]


def rows_of_list(stored: StoredList) -> Iterator[Row]:
    """Yield the rows of a list in file order, as far as their numbers are definite.

    Rows that are in no part are read from the file: those of a list older than parts, and those of
    a batch's only list when it was unusable. They are left out for an additional list that was not
    read to its end, because the next list continues with their numbers. Raise `disks.StorageAway`.
    """
    yield from rows_without_file(stored)
    last = 0
    for part in stored.parts.order_by("number").iterator(chunk_size=100):
        for row in rows_of(part):
            yield row
            last = row.number
    if stored.is_split or stored.row_offset:
        return
    try:
        with stored.open_file() as stream, open_table(stored, stream) as table:
            yield from (row for row in table if row.number > last)
    except (UnreadableList, FileNotFoundError):
        return  # The list and the batch record why.
