"""Opening an uploaded file as rows, whatever kind of file it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from django.conf import settings

from batchcalls.importing.dialect import Dialect
from batchcalls.importing.reader import Limits, ListReader, open_list
from batchcalls.models import StoredList


def limits() -> Limits:
    """Return the limits of a list, from the settings."""
    return Limits(
        max_rows=settings.MAX_ROWS,
        max_columns=settings.MAX_COLUMNS,
        max_row_characters=settings.MAX_ROW_CHARACTERS,
    )


@contextmanager
def open_table(stored: StoredList, stream: BinaryIO) -> Iterator[ListReader]:
    """Open a list as it was understood when it was uploaded; raise `UnreadableList`."""
    dialect = Dialect(encoding=stored.encoding, delimiter=stored.delimiter)
    yield open_list(stream, dialect, limits())
