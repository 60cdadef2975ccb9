"""Files of rows, and disks that are full or away.

A list that cannot be understood is the list's fault. A mount that is away or a disk that is full is
nobody's fault and passes: the work waits and is tried again.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from errno import EDQUOT, ENOENT, ENOSPC
from http import HTTPStatus
from pathlib import PurePosixPath
from typing import BinaryIO, cast

from django.conf import settings
from django.core.files import File
from django.db import DatabaseError
from django.db.models.fields.files import FieldFile

MEDIA, TEMPORARY, DATABASE = "MEDIA_ROOT", "temporary files (TMPDIR)", "the database"
#: Stable codes of what is wrong with a disk.
FULL, AWAY = "disk_full", "storage_away"
#: The HTTP status of an answer, by code.
HTTP_STATUS = {FULL: HTTPStatus.INSUFFICIENT_STORAGE, AWAY: HTTPStatus.SERVICE_UNAVAILABLE}
#: Waits between tries grow with the time since the first one; after a day, the work is given up.
SHORTEST_WAIT, LONGEST_WAIT = timedelta(seconds=5), timedelta(minutes=10)
GIVE_UP_AFTER = timedelta(days=1)

_FULL = frozenset({ENOSPC, EDQUOT})
#: Source: PostgreSQL, appendix A (disk_full), and SQLite's result codes (SQLITE_FULL).
_FULL_SQLSTATE, _SQLITE_FULL = "53100", 13


class DiskFull(Exception):
    """A disk is full; the message says which one and what to do."""

    code = FULL

    def __init__(self, holds: str) -> None:
        super().__init__(f"The disk that holds {holds} is full. Free some space there.")


class StorageAway(OSError):
    """The stored files cannot be reached; the message says why and what to do."""

    code = AWAY

    def __init__(self, error: OSError | None = None) -> None:
        number = ENOENT if error is None else error.errno
        super().__init__(number, os.strerror(number) if number else None)

    def __str__(self) -> str:
        why = f": {self.strerror}" if self.strerror else ""
        return (
            f"The folder of stored files (MEDIA_ROOT) cannot be reached{why}. Check that it is "
            "mounted on every host and that the server may read and write it."
        )


def full_disk(error: BaseException, *, holds: str = TEMPORARY) -> DiskFull | None:
    """Return which disk an error reports as full, or None. ``holds`` is what a file error means."""
    if isinstance(error, DiskFull):
        return error
    if isinstance(error, OSError):
        return DiskFull(holds) if error.errno in _FULL else None
    cause = error.__cause__ if isinstance(error, DatabaseError) else None
    is_full = (
        getattr(cause, "sqlstate", None) == _FULL_SQLSTATE
        or getattr(cause, "sqlite_errorcode", 0) & 0xFF == _SQLITE_FULL
    )
    return DiskFull(DATABASE) if is_full else None


def why(error: OSError | DiskFull, *, holds: str = TEMPORARY) -> DiskFull | StorageAway:
    """Return what is wrong with the disk on which reading or writing a file failed."""
    if isinstance(error, DiskFull | StorageAway):
        return error
    return full_disk(error, holds=holds) or StorageAway(error)


@contextmanager
def naming_full_disks(*, holds: str = TEMPORARY) -> Iterator[None]:
    """Raise `DiskFull` instead of the errors of a full disk."""
    try:
        yield
    except (OSError, DatabaseError) as error:
        if full := full_disk(error, holds=holds):
            raise full from error
        raise


@contextmanager
def opened(file: FieldFile) -> Iterator[BinaryIO]:
    """Open a row's file. Raise `FileNotFoundError` if only the file is gone, or `StorageAway`."""
    try:
        stream = file.open("rb")
    except OSError as error:
        if is_deleted(error, file):
            raise
        raise StorageAway(error) from error
    with stream:
        yield cast("BinaryIO", stream)


def is_deleted(error: OSError, file: FieldFile) -> bool:
    """Return whether a missing file was deleted: its folder, which is the row's own, is there."""
    return isinstance(error, FileNotFoundError) and file.storage.exists(_folder(file.name or ""))


def keep(file: FieldFile, name: str, content: File[bytes], *, is_first: bool = True) -> None:
    """Store a file, and its name in the unsaved row. Leave no half-written file behind.

    ``is_first`` makes the row's folder. A mount that is away is noticed by the folders that are
    missing; making them would store the file on the disk below, hidden once the mount is back.
    Raise `DiskFull` or `StorageAway`.
    """
    storage, field = file.storage, file.field
    path = storage.get_available_name(
        field.generate_filename(file.instance, name), max_length=field.max_length
    )
    try:
        if not is_first:
            _write_into_folder(storage.path(path), content)
            file.name = path
            return
        others = type(file.instance)._default_manager.exclude(**{field.name: ""})
        if not storage.exists(PurePosixPath(path).parts[0]) and others.exists():
            raise StorageAway
        file.name = storage.save(path, content, max_length=field.max_length)
    except OSError as error:
        if not isinstance(error, FileExistsError):  # that file is another process's
            for remnant in (path, _folder(path)) if is_first else (path,):
                with suppress(OSError):
                    storage.delete(remnant)  # a folder only if it is empty
        raise why(error, holds=MEDIA) from error


def _write_into_folder(path: str, content: File[bytes]) -> None:
    with open(path, "xb") as out:
        if settings.FILE_UPLOAD_PERMISSIONS is not None:
            os.fchmod(out.fileno(), settings.FILE_UPLOAD_PERMISSIONS)
        out.writelines(content.chunks())


def next_try(since: datetime, now: datetime) -> datetime | None:
    """Return when to try again what first failed at ``since``, or None to give up."""
    if now - since > GIVE_UP_AFTER:
        return None
    return now + min(max((now - since) / 4, SHORTEST_WAIT), LONGEST_WAIT)


def _folder(path: str) -> str:
    return str(PurePosixPath(path).parent)
