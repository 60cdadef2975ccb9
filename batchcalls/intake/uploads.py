"""An uploaded file, understood as far as its header: how it is read, what its columns become.

The same for page, API and command line, for recipients and for do-not-call numbers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, BinaryIO

from django.conf import settings
from django.core.files import File

from batchcalls.lists import matching
from batchcalls.lists.dialect import DELIMITERS
from batchcalls.lists.headers import Header, describe_headers
from batchcalls.lists.mapping import ListMapping, MappingError, Target, check, headers_key
from batchcalls.lists.tables import open_table, understand
from batchcalls.models import StoredList
from campaigns import call_settings, e164
from campaigns.models import ColumnMapping

if TYPE_CHECKING:
    from django.contrib.auth.models import User

SAMPLE_ROWS = 5
SAMPLE_CHARACTERS = 80
_BLOCK = 1 << 20


class UploadError(Exception):
    """What was asked for was refused, and nothing was stored; ``code`` is stable."""

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingOptions:
    """How a file is to be read and matched, where a person says so; blank is detected."""

    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""
    region: str = ""
    column_options: Sequence[str] = ()
    map_all: Target | None = None


def read(stream: BinaryIO, options: ReadingOptions, *, file_name: str) -> StoredList:
    """Return an unsaved list: read as far as its first rows, its columns not matched yet.

    Raises `UnreadableList` or `UploadError`.
    """
    _check_size(stream)
    region = (options.region or settings.DEFAULT_REGION).upper()
    if not e164.is_region(region):
        raise UploadError(
            f"{region!r} is not a country. Use two letters, such as US or GB.", code="bad_region"
        )
    stored = StoredList(file_name=file_name[-255:], region=region)
    understand(
        stored,
        stream,
        encoding=options.encoding,
        delimiter=options.delimiter,
        sheet=options.sheet.strip(),
    )
    with open_table(stored, stream) as table:
        stored.headers = list(table.header)
        stored.samples = [
            [cell[:SAMPLE_CHARACTERS] for cell in row.cells] for row in islice(table, SAMPLE_ROWS)
        ]
    stored.digest = _digest(stream)
    return stored


def match_columns(
    stored: StoredList, options: ReadingOptions, *, like: ListMapping | None = None
) -> ListMapping:
    """Match columns: a saved mapping of the same headers or a guess, then what was asked for.

    ``like`` is the mapping of another list, used where headers are the same. Raises `MappingError`
    naming every problem.
    """
    mapping = suggest_mapping(stored, options, like=like)
    if problems := check(mapping, is_call_setting=call_settings.is_call_setting):
        raise MappingError(problems)
    return mapping


def suggest_mapping(
    stored: StoredList, options: ReadingOptions, *, like: ListMapping | None = None
) -> ListMapping:
    """Match columns as `match_columns` does, and leave to a person what is still wrong.

    Raises `MappingError` only for options that cannot be followed.
    """
    headers = describe_headers(stored.headers)
    is_setting = call_settings.is_call_setting
    saved = ColumnMapping.objects.filter(headers_key=headers_key(headers))
    if like is not None:
        mapping = matching.follow(like, headers, is_call_setting=is_setting)
    elif (match := saved.order_by("-created_at").first()) and options.map_all is None:
        mapping = matching.reapply(ListMapping.from_list(match.columns), headers)
    else:
        mapping = matching.guess(headers, is_call_setting=is_setting)
    if options.map_all is not None:
        mapping = matching.map_all(mapping, options.map_all)
    return matching.apply_options(
        mapping,
        headers,
        [matching.parse_option(option) for option in options.column_options],
        is_call_setting=is_setting,
    )


def save_mapping(stored: StoredList, *, name: str, actor: User | None = None) -> ColumnMapping:
    """Keep how a list's columns were matched, for lists with the same headers.

    A mapping of that name is replaced.
    """
    saved, _ = ColumnMapping.objects.update_or_create(
        name=name,
        defaults={
            "headers_key": headers_key(describe_headers(stored.headers)),
            "columns": stored.mapping,
            "created_by": actor,
        },
    )
    return saved


def keep_file(stored: StoredList, stream: BinaryIO) -> None:
    """Store the file; whoever then fails to save the list deletes it again."""
    stream.seek(0)
    stored.file.save(stored.file_name, File(stream), save=False)


def describe_reading(stored: StoredList) -> str:
    """Say how a file is read, for people."""
    if stored.sheet:
        return f"workbook, sheet “{stored.sheet}”"
    return f"{stored.encoding}, separated by {DELIMITERS.get(stored.delimiter, stored.delimiter)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnPreview:
    """One column as a person checks it: header, first values, and what it becomes."""

    header: Header
    samples: list[str]
    target: str


def preview(stored: StoredList) -> list[ColumnPreview]:
    """Return the columns of a list in its order."""
    targets = {column.position: column for column in ListMapping.from_list(stored.mapping).columns}
    found = []
    for header in describe_headers(stored.headers):
        column = targets.get(header.position)
        target = column.written if column else Target.IGNORE.value
        samples = [row[header.position] for row in stored.samples if header.position < len(row)]
        found.append(ColumnPreview(header=header, samples=samples, target=target))
    return found


def _check_size(stream: BinaryIO) -> None:
    size = stream.seek(0, 2)
    stream.seek(0)
    if size > settings.MAX_FILE_BYTES:
        raise UploadError(
            f"The file has {size:,} bytes; {settings.MAX_FILE_BYTES:,} are allowed. Split it, or "
            "raise MAX_FILE_BYTES.",
            code="file_too_large",
        )


def _digest(stream: BinaryIO) -> str:
    digest = hashlib.sha256()
    stream.seek(0)
    while block := stream.read(_BLOCK):
        digest.update(block)
    return digest.hexdigest()
