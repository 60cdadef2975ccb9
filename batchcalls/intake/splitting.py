"""An uploaded file becomes parts, so that several workers can take it in at once.

Reading is the only step that must go from the first byte to the last; it is a small fraction of
the work. A split that was cut short goes on behind the last part that is there.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from itertools import islice

from django.core.files.base import ContentFile
from django.db import transaction

from batchcalls import queue
from batchcalls.database.lease import Lease
from batchcalls.intake import parts
from batchcalls.lists.matching import REJECTED_REASON
from batchcalls.lists.reader import Row
from batchcalls.lists.tables import open_table
from batchcalls.models import ListPart, StoredList
from campaigns.spreadsheet_cells import restore

#: Rows a transaction takes in: on SQLite everybody else's writes wait for it.
PART_ROWS = 2_000
#: Workers that are called when there is something to take in.
HELPERS_RUNG = 4


def split(stored: StoredList, lease: Lease[StoredList], *, until: float) -> bool:
    """Write the parts that are missing, at most until a monotonic time; return whether all are.

    Raises `UnreadableList` for a file that turns out to be unusable further down.
    """
    number = ListPart.objects.filter(stored_list=stored).count()
    with stored.open_file() as stream, open_table(stored, stream) as table:
        done = max(stored.split_through, table.header_row)
        rows_left = _behind(done, table, lease)
        if not stored.sheet and REJECTED_REASON in map(str.strip, stored.headers):
            # A file of ours that comes back: what was neutralised in it is as it was again.
            rows_left = (row._replace(cells=list(map(restore, row.cells))) for row in rows_left)
        for rows in _groups(rows_left):
            number += 1
            _write(stored, lease, number, rows)
            if number <= HELPERS_RUNG:
                queue.ring(queue.IMPORT_LIST, str(stored.pk))
            if time.monotonic() >= until:
                return False
    if not lease.mine.update(is_split=True, split_through=max(stored.split_through, done)):
        return False
    stored.is_split = True
    for _ in range(min(number, HELPERS_RUNG) - 1):
        queue.ring(queue.IMPORT_LIST, str(stored.pk))
    return True


def _write(stored: StoredList, lease: Lease[StoredList], number: int, rows: list[Row]) -> None:
    """Store a part and how far the file is split, together; raise `LeaseLost`.

    The file is written first: one that a process left behind when it died belongs to nobody.
    """
    part = ListPart(stored_list=stored, number=number, row_count=len(rows))
    part.file.save(f"part-{number:05}.jsonl", ContentFile(parts.encode(rows)), save=False)
    try:
        with transaction.atomic():
            lease.keep()
            part.save(force_insert=True)
            stored.split_through = rows[-1].number
            lease.mine.update(split_through=stored.split_through)
    except BaseException:
        part.file.delete(save=False)
        raise


def _behind(done: int, table: Iterable[Row], lease: Lease[StoredList]) -> Iterator[Row]:
    """Yield the rows after the last one that is in a part, keeping the lease on the way there."""
    for row in table:
        if row.number > done:
            yield row
        elif row.number % PART_ROWS == 0:
            lease.keep()


def _groups(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while group := list(islice(rows, PART_ROWS)):
        yield group
