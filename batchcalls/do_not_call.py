"""Lists of numbers that must not be called, of any length, join the do-not-call list."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from django.db import transaction

from batchcalls import list_imports, uploads
from batchcalls.models import ListKind, StoredList
from batchcalls.uploads import ReadingOptions

if TYPE_CHECKING:
    from django.contrib.auth.models import User


def add_list(
    stream: BinaryIO,
    *,
    file_name: str,
    reading: ReadingOptions,
    note: str = "",
    actor: User | None = None,
) -> StoredList:
    """Store a list and have its numbers suppressed by the workers.

    ``note`` is the reason of numbers for which the list gives none. Raises `UnreadableList`,
    `MappingError` or `UploadError`; then nothing is kept.
    """
    stored = uploads.read(stream, reading, file_name=file_name)
    stored.kind = ListKind.DO_NOT_CALL
    stored.mapping = uploads.match_columns(stored, reading).to_list()
    stored.note, stored.created_by = note.strip()[:200], actor
    uploads.keep_file(stored, stream)
    try:
        with transaction.atomic():
            stored.save(force_insert=True)
            list_imports.begin(stored)
    except BaseException:
        stored.file.delete(save=False)
        raise
    return stored
