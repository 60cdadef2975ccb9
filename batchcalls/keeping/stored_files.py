"""Stored files that have a number: uploads, the parts they are imported in, and exports.

Rows of others stay: in the parts of a list, from which everything is read once it is imported, the
cells of the number's own rows become blank, and all rows keep their places. The uploaded file goes
as a whole. So do exports, which can be requested again.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from zipfile import BadZipFile, ZipFile

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db.models.fields.files import FieldFile

from batchcalls.database import disks
from batchcalls.intake import parts
from batchcalls.keeping.writings import Writings
from batchcalls.lists.rows import Row, RowProblem
from batchcalls.lists.tables import open_table
from batchcalls.lists.unreadable import UnreadableList
from batchcalls.models import Export, ListPart, StoredList
from batchcalls.states import BATCH_TERMINAL, ExportStatus, ListStatus

#: Source: django-import-export, `tmp_storages.MediaStorage`.
_BETWEEN_STEPS: Final = "django-import-export"


@dataclass
class Found:
    """The files that have a number, and the rows of lists."""

    parts: list[ListPart] = field(default_factory=list)
    lists: list[StoredList] = field(default_factory=list)
    exports: list[Export] = field(default_factory=list)
    rows: list[tuple[StoredList, Row]] = field(default_factory=list)
    #: Names of uploads that the stock import page keeps between its two steps.
    others: list[str] = field(default_factory=list)

    @property
    def undecided(self) -> list[StoredList]:
        """The lists that are not imported to their end, so that nothing may be taken out."""
        return [one for one in self.lists if not _is_settled(one)]


def find(writings: Writings) -> Found:
    """Read all stored files, and return those with the number. Raise `disks.StorageAway`."""
    found = Found()
    for stored in StoredList.objects.select_related("batch").iterator(chunk_size=100):
        rows = list(_rows_with(stored, writings, found))
        found.rows += rows
        if rows or writings.are_in([stored.samples, stored.headers, stored.file_name]):
            found.lists.append(stored)
    written = Export.objects.filter(status=ExportStatus.DONE).exclude(file="")
    found.exports = [one for one in written if _has_number(one.file, writings)]
    found.others = list(_between_steps(writings))
    return found


def take_out(found: Found, writings: Writings) -> None:
    """Blank the rows, and delete the uploads and exports. Raise `disks.StorageAway`."""
    for part in found.parts:
        rows = parts.rows_of(part)
        _replace(part.file, parts.encode(_erased(row, writings) for row in rows))
    for stored in found.lists:
        _delete(stored.file)
        samples = [_erased(Row(0, cells), writings).cells for cells in stored.samples]
        StoredList.objects.filter(pk=stored.pk).update(samples=samples)
    for name in found.others:
        default_storage.delete(name)
    for export in found.exports:
        _delete(export.file)
        Export.objects.filter(pk=export.pk).update(
            file="",
            status=ExportStatus.FAILED,
            reason="A number in this file was erased. Request the export again.",
        )


def _between_steps(writings: Writings) -> Iterator[str]:
    folder, likely = _BETWEEN_STEPS, re.compile(writings.likely.encode())
    if not default_storage.exists(folder):
        return
    for name in default_storage.listdir(folder)[1]:
        with default_storage.open(f"{folder}/{name}") as stream:
            if likely.search(stream.read()):
                yield f"{folder}/{name}"


def _is_settled(stored: StoredList) -> bool:
    if stored.status == ListStatus.IMPORTING:
        return False
    is_over = stored.batch is None or stored.batch.status in BATCH_TERMINAL
    return stored.is_split or is_over


def _rows_with(
    stored: StoredList, writings: Writings, found: Found
) -> Iterator[tuple[StoredList, Row]]:
    likely = re.compile(writings.likely.encode())
    kept = parts.rows_without_file(stored)
    yield from ((stored, row) for row in kept if _is_about(row, writings))
    for part in stored.parts.order_by("number"):
        try:
            with disks.opened(part.file) as lines:
                if not likely.search(lines.read()):
                    continue
        except FileNotFoundError:
            continue
        about = [row for row in parts.rows_of(part) if _is_about(row, writings)]
        if about:
            found.parts.append(part)
        yield from ((stored, row) for row in about)
    if stored.is_split:
        return
    try:
        with stored.open_file() as stream, open_table(stored, stream) as table:
            yield from ((stored, row) for row in table if _is_about(row, writings))
    except (FileNotFoundError, UnreadableList):
        return


def _erased(row: Row, writings: Writings) -> Row:
    """Return a row as it is kept: blank if it is the person's own, else without the number."""
    if not _is_about(row, writings):
        return row
    if any(map(writings.is_all_of, row.cells)):
        return Row(row.number, [""] * len(row.cells))
    problem = row.problem and RowProblem(row.problem.code, writings.without(row.problem.message))
    return Row(row.number, writings.without(row.cells), problem)


def _is_about(row: Row, writings: Writings) -> bool:
    return writings.are_in(row.cells) or (
        row.problem is not None and writings.are_in(row.problem.message)
    )


def _has_number(file: FieldFile, writings: Writings) -> bool:
    """Return whether a workbook has the number in any of its parts."""
    likely = re.compile(writings.likely.encode())
    try:
        with disks.opened(file) as stream, ZipFile(stream) as book:
            return any(likely.search(book.read(name)) for name in book.namelist())
    except FileNotFoundError:
        return False
    except BadZipFile:
        return True


def _replace(file: FieldFile, content: bytes) -> None:
    """Write a file anew under its name, so that readers find the old or the new one."""
    path = Path(file.path)
    beside = path.with_name(f"{path.name}.new")
    mode = path.stat().st_mode & 0o777
    try:
        with open(beside, "xb") as out:
            os.fchmod(out.fileno(), mode)
            out.writelines(ContentFile(content).chunks())
        beside.replace(path)
    except OSError as error:
        with suppress(OSError):
            beside.unlink()
        raise disks.why(error, holds=disks.MEDIA) from error


def _delete(file: FieldFile) -> None:
    if file:
        file.storage.delete(str(file.name))
