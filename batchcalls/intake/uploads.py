"""Read the header of an uploaded file: detect its format and match its columns.

Shared by pages, API and command line, for recipients and do-not-call numbers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, filterfalse, islice
from typing import TYPE_CHECKING, BinaryIO

from django.conf import settings
from django.core.files import File
from django.db import transaction

from batchcalls.database import disks
from batchcalls.intake import allowed_columns, file_formats
from batchcalls.lists import guessing, matching
from batchcalls.lists.headers import Header, describe_headers
from batchcalls.lists.mapping import (
    ColumnTarget,
    ListMapping,
    MappingError,
    Target,
    check,
    headers_key,
)
from batchcalls.lists.rows import Row
from batchcalls.lists.tables import header_as_uploaded, open_table, rows_as_uploaded, understand
from batchcalls.lists.unreadable import UnreadableList
from batchcalls.models import StoredList
from campaigns import call_settings, e164
from campaigns.models import ColumnMapping
from campaigns.number_writing import Written

if TYPE_CHECKING:
    from django.contrib.auth.models import User

SAMPLE_ROWS = 5
SAMPLE_CHARACTERS = 80
#: How far down the header may be, below a title, for its row to be suggested.
HEADER_WITHIN_ROWS = 20
_BLOCK = 1 << 20


class UploadError(Exception):
    """The upload was refused and nothing was stored; ``code`` is stable."""

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingOptions:
    """A person's choices for reading and matching a file; blank means "detect".

    With ``must_be_clear``, a list whose encoding is unclear is refused, because no one looks at it
    before its rows may be called.
    """

    encoding: str = ""
    must_be_clear: bool = False
    delimiter: str = ""
    sheet: str = ""
    header_row: int = 0
    include_hidden: bool = False
    region: str = ""
    dates: str = ""
    numbers_written: str = ""
    column_options: Sequence[str] = ()
    map_all: Target | None = None

    @property
    def names_a_format(self) -> bool:
        """Whether a person chose something about the file's format."""
        chosen = self.encoding, self.delimiter, self.sheet, self.header_row, self.include_hidden
        return any(chosen)


def read(
    stream: BinaryIO,
    options: ReadingOptions,
    *,
    file_name: str,
    is_row: Callable[[list[str], str], bool] | None = None,
) -> StoredList:
    """Return an unsaved list with its first rows read and its columns not matched yet.

    ``is_row`` tells from the first cells of a list, and the region, that they are no header. Raises
    `UnreadableList`, also for a list without rows, or `UploadError`.
    """
    _check_size(stream)
    region = (options.region or settings.DEFAULT_REGION).upper()
    if not e164.is_region(region):
        raise UploadError(
            f"{region!r} is not a country. Use two letters, such as US or GB.", code="bad_region"
        )
    dates = options.dates.strip().lower()
    if dates and dates not in set(call_settings.DateOrder):
        raise UploadError(
            f"{options.dates!r} is not an order of day, month and year. Use dmy, mdy or ymd.",
            code="bad_dates",
        )
    written = options.numbers_written.strip().lower()
    if written and written not in set(Written):
        known = ", ".join(Written)
        raise UploadError(
            f"Numbers cannot be written as {options.numbers_written!r}. Use one of {known}.",
            code="bad_numbers_written",
        )
    stored = StoredList(
        file_name=file_name[-255:], region=region, date_order=dates, numbers_written=written
    )
    understand(
        stored,
        stream,
        encoding=options.encoding,
        delimiter=options.delimiter,
        sheet=options.sheet.strip(),
        header_row=options.header_row,
        include_hidden=options.include_hidden,
    )
    if is_row:
        stored.has_header = not is_row(_first_cells(stored, stream), region)
    with open_table(stored, stream) as table:
        stored.headers = header_as_uploaded(stored, table.header)
        rows = filterfalse(_is_hidden, rows_as_uploaded(stored, table))
        first = list(islice(rows, SAMPLE_ROWS))
        if not any(row.problem or any(map(str.strip, row.cells)) for row in chain(first, rows)):
            raise UnreadableList("no_rows")
        stored.samples = [[cell[:SAMPLE_CHARACTERS] for cell in row.cells] for row in first]
        below = chain(first, islice(rows, HEADER_WITHIN_ROWS))
        if likely := file_formats.likely_header(stored.headers, below):
            stored.format_details["likely_header"] = likely
    if options.must_be_clear and file_formats.is_risky(stored):
        raise UploadError(file_formats.why_risky(stored, stream), code="unclear_encoding")
    stored.digest = _digest(stream)
    return stored


def match_columns(
    stored: StoredList, options: ReadingOptions, *, like: ListMapping | None = None
) -> ListMapping:
    """Match columns by a saved mapping for the same headers or a guess, then apply the options.

    ``like`` is the mapping of another list, used for equal headers. Sensitive call settings are
    never guessed; the caller checks who may map them. Raises `MappingError` that names every
    problem.
    """
    mapping = _matched(stored, options, like=like, is_guessed=allowed_columns.is_guessed)
    hint = file_formats.where_phones_may_be(stored)
    if problems := check(mapping, is_call_setting=call_settings.is_call_setting, hint=hint):
        raise MappingError(problems)
    return mapping


def suggest_mapping(
    stored: StoredList,
    options: ReadingOptions,
    *,
    like: ListMapping | None = None,
    actor: User | None = None,
) -> ListMapping:
    """Match columns as `match_columns` does, for a person to look at and to fix.

    Columns become sensitive call settings only if the person may map them. Raises `MappingError`
    only for options that cannot be applied.
    """
    mapping = _matched(stored, options, like=like, is_guessed=call_settings.is_call_setting)
    return allowed_columns.as_allowed(mapping, describe_headers(stored.headers), actor)


def _matched(
    stored: StoredList,
    options: ReadingOptions,
    *,
    like: ListMapping | None,
    is_guessed: Callable[[str], bool],
) -> ListMapping:
    """Match columns. A saved mapping also says how numbers and dates are written.

    The list remembers that one was applied, and what it replaced.
    """
    headers = describe_headers(stored.headers)
    is_setting = call_settings.is_call_setting
    saved = ColumnMapping.objects.filter(headers_key=headers_key(headers))
    if like is not None:
        mapping = matching.follow(like, headers, is_call_setting=allowed_columns.is_guessed)
    elif (match := saved.order_by("-created_at").first()) and options.map_all is None:
        mapping = matching.reapply(ListMapping.from_list(match.columns), headers)
        guessed = guessing.guess(headers, is_call_setting=is_guessed)
        stored.remember_mapping(match.name, before=guessed.to_list())
        stored.numbers_written = stored.numbers_written or match.numbers_written
        stored.date_order = stored.date_order or match.date_order
    else:
        mapping = guessing.guess(headers, is_call_setting=is_guessed)
    if options.map_all is not None:
        mapping = matching.map_all(mapping, options.map_all)
    return matching.apply_options(
        mapping,
        headers,
        [matching.parse_option(option) for option in options.column_options],
        is_call_setting=is_setting,
    )


def save_mapping(stored: StoredList, *, name: str, actor: User | None = None) -> ColumnMapping:
    """Save a list's column mapping, and how it is written, for lists with the same headers.

    Replaces a mapping of the same name. Raise `MappingError` for a mapping that no list could be
    used with, and for columns that the person may not map: it would be applied to lists of others.
    """
    mapping = ListMapping.from_list(stored.mapping)
    allowed_columns.require(mapping, actor)
    if problems := check(mapping, is_call_setting=call_settings.is_call_setting):
        raise MappingError(problems)
    saved, _ = ColumnMapping.objects.update_or_create(
        name=name,
        defaults={
            "headers_key": headers_key(describe_headers(stored.headers)),
            "columns": stored.mapping,
            "numbers_written": stored.numbers_written,
            "date_order": stored.date_order,
            "created_by": actor,
        },
    )
    return saved


@contextmanager
def storing(stored: StoredList, stream: BinaryIO) -> Iterator[None]:
    """Store the file, and what the block saves, in one transaction: everything or nothing.

    Raise `UploadError` if a disk is full or away.
    """
    try:
        with disks.naming_full_disks():
            stream.seek(0)
            disks.keep(stored.file, stored.file_name, File(stream))
            try:
                with transaction.atomic():
                    yield
            except BaseException:
                stored.file.delete(save=False)
                raise
    except (disks.DiskFull, disks.StorageAway) as error:
        raise UploadError(f"{error} Nothing was stored.", code=error.code) from error


def offered_setting(column: ColumnTarget) -> str:
    """Return the call setting of rows that a variable could be by its header, or ""."""
    names = (name for name, one in call_settings.REGISTRY.items() if one.per_row and not one.legacy)
    return guessing.offered_setting(column, names)


def describe_offers(stored: StoredList) -> list[str]:
    """Return a sentence for each variable that has the name of a call setting."""
    return [
        f"Column “{column.header}” is a variable. Map it to {name} to use it as the call setting."
        for column in ListMapping.from_list(stored.mapping).columns
        if (name := offered_setting(column))
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnPreview:
    """One column for a person to check: header, first values and target."""

    header: Header
    samples: list[str]
    target: str


def preview(stored: StoredList) -> list[ColumnPreview]:
    """Return the columns of a list in order."""
    targets = {column.position: column for column in ListMapping.from_list(stored.mapping).columns}
    columns = []
    for header in describe_headers(stored.headers):
        column = targets.get(header.position)
        target = column.written if column else Target.IGNORE.value
        samples = [row[header.position] for row in stored.samples if header.position < len(row)]
        columns.append(ColumnPreview(header=header, samples=samples, target=target))
    return columns


def _first_cells(stored: StoredList, stream: BinaryIO) -> list[str]:
    """Return the cells of the first row with text, whether it is a header or not."""
    stored.has_header = False
    with open_table(stored, stream) as table:
        return next(row.cells for row in table if any(map(str.strip, row.cells)))


def _is_hidden(row: Row) -> bool:
    return row.problem is not None and row.problem.code == "hidden_row"


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
