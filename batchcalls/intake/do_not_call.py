"""Add numbers to the do-not-call list, by hand or from lists of any length."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, BinaryIO

from batchcalls.access import audit
from batchcalls.batches import list_imports
from batchcalls.batches.suppressing import NewEntry, add_on_request
from batchcalls.intake import uploads
from batchcalls.intake.uploads import ReadingOptions
from batchcalls.lists.mapping import ListMapping, MappingError, Target, check
from batchcalls.models import AuditAction, ListKind, StoredList
from campaigns import call_settings
from campaigns.models import Campaign, SuppressionSource
from campaigns.numbers_in_text import Found, find_in_cells, why_unread

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
    """A line that was not read, or only in part: its position from 1, its text, the problem."""

    number: int
    text: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """The result of adding lines; ``repeated`` counts numbers that an earlier line has too."""

    new: int
    listed: int
    repeated: int
    wrong: list[WrongLine] = field(default_factory=list)


def add_numbers(
    text: str,
    *,
    region: str,
    reason: str = "",
    campaign: Campaign | None = None,
    expires_at: datetime | None = None,
    actor: User | None = None,
) -> Added:
    """Suppress every number of a text, whose lines may have a reason after a comma.

    ``reason`` is used for lines without their own reason, and all numbers are blocked for
    ``campaign`` or, without one, everywhere, for good or until ``expires_at``. Existing
    entries stay unchanged, and unread lines do not block the others. Raises `TooManyLines` and
    then adds nothing.
    """
    lines = [(n, line.strip()) for n, line in enumerate(text.splitlines(), start=1) if line.strip()]
    if len(lines) > MOST_LINES:
        raise TooManyLines(
            f"You pasted {len(lines):,} lines; the limit is {MOST_LINES:,}. "
            "Save them as a file and import it as a long list."
        )
    reasons: dict[str, str] = {}
    wrong, named = [], 0
    for number, line in lines:
        cells = [cell.strip() for cell in _SEPARATOR.split(line)]
        found = find_in_cells(cells, region=region)
        named += len(found.numbers)
        for entry in found.numbers:
            reasons.setdefault(entry, _reason_in(cells, found) or reason)
        if found.unread or not found.numbers:
            message = why_unread(cells[0], found, region=region).message
            wrong.append(WrongLine(number=number, text=line, message=message))
    entries = [
        NewEntry(
            e164=entry,
            reason=why,
            source=SuppressionSource.MANUAL,
            campaign_id=campaign.pk if campaign else None,
            expires_at=expires_at,
        )
        for entry, why in reasons.items()
    ]
    new = add_on_request(entries, actor=actor)
    return Added(new=new, listed=len(reasons) - new, repeated=named - len(reasons), wrong=wrong)


def _reason_in(cells: Sequence[str], found: Found) -> str:
    """Return the text after the last number of a line, else before the first."""
    last, first = max(found.used), min(found.used)
    return ", ".join(filter(None, cells[last + 1 :])) or ", ".join(filter(None, cells[:first]))


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
    stored = uploads.read(stream, reading, file_name=file_name, is_row=_has_number)
    stored.kind = ListKind.DO_NOT_CALL
    stored.mapping = _match_columns(stored, reading).to_list()
    stored.note, stored.created_by = note.strip()[:200], actor
    with uploads.storing(stored, stream):
        stored.save(force_insert=True)
        list_imports.begin(stored)
        audit.record(AuditAction.IMPORTED, stored, note="Do-not-call list", actor=actor)
    return stored


def _has_number(cells: list[str], region: str) -> bool:
    return bool(find_in_cells(cells, region=region).numbers)


def _match_columns(stored: StoredList, reading: ReadingOptions) -> ListMapping:
    """Find the column of numbers by its header, else each column whose first rows have numbers.

    Raise `MappingError` if there is none.
    """
    mapping = uploads.suggest_mapping(stored, reading)
    if mapping.phone_position is None:
        found = [find_in_cells(row, region=stored.region) for row in stored.samples]
        used = {max(one.used) for one in found if one.used}
        mapping = ListMapping(
            tuple(
                replace(column, target=Target.PHONE_NUMBER, name="")
                if column.position in used
                else column
                for column in mapping.columns
            )
        )
    wrong = check(mapping, is_call_setting=call_settings.is_call_setting)
    if mapping.phone_position is None:
        raise MappingError(wrong)
    return mapping
