"""Add numbers to the do-not-call list, by hand or from lists of any length."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, BinaryIO

from batchcalls.batches import list_imports
from batchcalls.batches.suppressing import REASON_LENGTH, suppress
from batchcalls.intake import uploads
from batchcalls.intake.uploads import ReadingOptions
from batchcalls.lists.cleaning import clean_value
from batchcalls.models import ListKind, StoredList
from campaigns import e164
from campaigns.models import SuppressionSource

if TYPE_CHECKING:
    from django.contrib.auth.models import User

#: Most lines to add while the user waits; more must be uploaded as a list.
MOST_LINES = 5_000
#: Separators between a number and its reason; the tab is for cells copied from a spreadsheet.
_SEPARATOR = re.compile(r"[,;\t]")


class TooManyLines(Exception):
    """More lines than can be added while the user waits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongLine:
    """A line without a valid number: its position, counted from 1, its text, and the problem."""

    number: int
    text: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """The result of adding lines; ``repeated`` lines have the same number as an earlier line."""

    new: int
    listed: int
    repeated: int
    wrong: list[WrongLine] = field(default_factory=list)


def add_numbers(text: str, *, region: str, reason: str = "", actor: User | None = None) -> Added:
    """Suppress the numbers of a text, one per line, each with an optional reason after a comma.

    ``reason`` is used for lines without their own reason. Existing entries stay unchanged, and
    invalid lines do not block the others. Raises `TooManyLines` and then adds nothing.
    """
    lines = [(n, line.strip()) for n, line in enumerate(text.splitlines(), start=1) if line.strip()]
    if len(lines) > MOST_LINES:
        raise TooManyLines(
            f"These are {len(lines):,} lines; {MOST_LINES:,} are taken in here at most. "
            "Save them as a file and import it as a long list."
        )
    reasons: dict[str, str] = {}
    wrong = []
    for number, line in lines:
        read = _read_line(line, region)
        if isinstance(read, str):
            wrong.append(WrongLine(number=number, text=line, message=read))
            continue
        found, own = read
        reasons.setdefault(found, own or reason)
    new = suppress(reasons, source=SuppressionSource.MANUAL, actor=actor)
    named = len(lines) - len(wrong)
    return Added(new=new, listed=len(reasons) - new, repeated=named - len(reasons), wrong=wrong)


def _read_line(line: str, region: str) -> tuple[str, str] | str:
    """Return a line's number and reason, or what is wrong with it."""
    raw, *more = _SEPARATOR.split(line, maxsplit=1)
    parsed = e164.parse(raw.strip(), region=region)
    if isinstance(parsed, e164.NumberProblem):
        return parsed.message
    rest = clean_value(more[0]) if more else ""
    if len(rest) > REASON_LENGTH:
        return f"The reason has {len(rest):,} characters; {REASON_LENGTH} are kept. Shorten it."
    # A second number must not become the reason of the first, or it would still be called.
    if any(isinstance(e164.parse(part, region=region), e164.Number) for part in _parts(rest)):
        return "Several numbers stand on this line; write each on a line of its own."
    return parsed.e164, rest


def _parts(text: str) -> Iterator[str]:
    return (part.strip() for part in _SEPARATOR.split(text) if part.strip())


def add_list(
    stream: BinaryIO,
    *,
    file_name: str,
    reading: ReadingOptions,
    note: str = "",
    actor: User | None = None,
) -> StoredList:
    """Store a list for the workers, who suppress its numbers.

    ``note`` is the reason for numbers without one in the list. Raises `UnreadableList`,
    `MappingError` or `UploadError` and then stores nothing.
    """
    # A number that is only hidden must not be called either.
    reading = replace(reading, include_hidden=True)
    stored = uploads.read(stream, reading, file_name=file_name)
    stored.kind = ListKind.DO_NOT_CALL
    stored.mapping = uploads.match_columns(stored, reading).to_list()
    stored.note, stored.created_by = note.strip()[:200], actor
    with uploads.storing(stored, stream):
        stored.save(force_insert=True)
        list_imports.begin(stored)
    return stored
