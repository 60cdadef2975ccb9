"""Split an uploaded file into parts, so that several workers can import it in parallel.

Reading is the only step that must run from the first byte to the last, and it is a small fraction
of the work. An interrupted split continues after the last existing part.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from itertools import islice

from django.core.files.base import ContentFile
from django.db import transaction

from batchcalls import queue
from batchcalls.database import disks
from batchcalls.database.lease import Lease
from batchcalls.intake import parts
from batchcalls.lists.rows import Row
from batchcalls.lists.tables import open_table, rows_as_uploaded
from batchcalls.models import ListPart, StoredList

#: Rows per transaction. On SQLite, all other writes wait for it.
PART_ROWS = 2_000
#: The number of workers to call when there is something to import.
HELPERS_RUNG = 4
#: Parts that are made known together, once all helpers have something to do: on SQLite, this waits
#: for the rows that others are writing.
PARTS_TOGETHER = 4


def split(stored: StoredList, lease: Lease[StoredList], *, until: float) -> bool:
    """Write the missing parts until a monotonic time; return whether all are written.

    Raises `UnreadableList` for a file that turns out to be unusable further down.
    """
    number = ListPart.objects.filter(stored_list=stored).count()
    with stored.open_file() as stream, open_table(stored, stream) as table:
        done = max(stored.split_through, table.header_row)
        left = _behind(done, rows_as_uploaded(stored, table), lease)
        while groups := list(_groups(left, PARTS_TOGETHER if number >= HELPERS_RUNG else 1)):
            _write(stored, lease, number + 1, groups)
            number += len(groups)
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


def _write(
    stored: StoredList, lease: Lease[StoredList], first: int, groups: list[list[Row]]
) -> None:
    """Store parts and the progress of the split together; ``first`` is the first one's number.

    The files are written first. If the process dies after that, no part refers to them. Raise
    `LeaseLost`, `DiskFull` or `StorageAway`.
    """
    written: list[ListPart] = []
    is_first = not stored.has_own_folder
    try:
        for number, rows in enumerate(groups, first):
            part = ListPart(stored_list=stored, number=number, row_count=len(rows))
            content = ContentFile(parts.encode(rows))
            disks.keep(part.file, f"part-{number:05}.jsonl", content, is_first=is_first)
            written.append(part)
        with transaction.atomic():
            lease.keep()
            ListPart.objects.bulk_create(written)
            stored.split_through = groups[-1][-1].number
            lease.mine.update(split_through=stored.split_through)
    except BaseException:
        for part in written:
            part.file.delete(save=False)
        raise


def _behind(done: int, table: Iterable[Row], lease: Lease[StoredList]) -> Iterator[Row]:
    """Yield the rows after the last one in a part; keep the lease while skipping the others."""
    for row in table:
        if row.number > done:
            yield row
        elif row.number % PART_ROWS == 0:
            lease.keep()


def _groups(rows: Iterator[Row], count: int) -> Iterator[list[Row]]:
    """Yield the rows of the next parts, ``count`` of them if there are as many."""
    for _ in range(count):
        if group := list(islice(rows, PART_ROWS)):
            yield group
