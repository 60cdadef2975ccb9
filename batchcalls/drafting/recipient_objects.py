"""Turns recipients that a program sends as objects into a list.

They are written as a CSV file with a column for every member that any of them has. Validation,
rejected rows, dry run and exports therefore treat them like an upload. The object at index ``i`` is
row ``i + 2`` of that file, because row 1 is the header.
"""

from __future__ import annotations

import csv
import io
import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from django.conf import settings

from batchcalls.drafting import draft_lists, drafts
from batchcalls.drafting.drafts import DraftError, DraftRequest
from batchcalls.intake.uploads import ReadingOptions
from batchcalls.lists.cleaning import clean_value
from batchcalls.lists.headers import clean_header
from batchcalls.lists.mapping import CONSENT_DETAILS, ColumnTarget, ListMapping, Target
from batchcalls.models import Batch, StoredList
from campaigns import call_settings
from campaigns.call_settings import sealing
from campaigns.setting_permissions import NOT_ALLOWED, refused_name

if TYPE_CHECKING:
    from django.contrib.auth.models import User

FILE_NAME = "recipients.csv"
#: The row number of the first object.
FIRST_ROW = 2
_OBJECTS = {"request_data": Target.REQUEST_DATA, "metadata": Target.METADATA}
_NAMELESS = {
    "phone_number": Target.PHONE_NUMBER,
    "consent": Target.CONSENT,
    "consent_type": Target.CONSENT_TYPE,
    "consent_date": Target.CONSENT_DATE,
    "consent_source": Target.CONSENT_SOURCE,
    "consent_evidence": Target.CONSENT_EVIDENCE,
    "opt_out": Target.OPT_OUT,
    "postcode": Target.POSTCODE,
    "state": Target.STATE,
}
#: The members about a recipient's consent.
CONSENT_MEMBERS = frozenset(
    name for name, to in _NAMELESS.items() if to in {Target.CONSENT, *CONSENT_DETAILS}
)
_IN_MEMORY = 1 << 20

#: A column: its target, and its name.
Column = tuple[Target, str]
_PHONE: Column = (Target.PHONE_NUMBER, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectError:
    """An error in one object: its index, the place of the member in it, and a message."""

    index: int
    place: tuple[str, ...] = ()
    code: str
    message: str


class RecipientsError(DraftError):
    """The recipients are malformed. ``errors`` names each wrong place.

    Without ``errors``, the message is about all of them together.
    """

    def __init__(self, message: str, *, code: str, errors: Sequence[ObjectError] = ()) -> None:
        super().__init__(message, code=code)
        self.errors = list(errors)


def create(
    request: DraftRequest, recipients: Iterable[Any], *, file_name: str = FILE_NAME
) -> Batch:
    """Store a draft of these recipients.

    Each is ``{"phone_number": …, "request_data": {…}, "metadata": {…}, "consent": …,
    "consent_type": …, "consent_date": …, "consent_source": …, "consent_evidence": …, "opt_out": …,
    "postcode": …, "state": …}``, and may have its own call settings as further members. All but the
    number are optional.
    Numbers and call settings are validated with the list, row by row, and a bad one only skips its
    row.

    Raise `RecipientsError` for objects that cannot be rows, and otherwise as `drafts.create` does.
    Nothing is stored then.
    """
    rows = _listed(recipients)
    with as_file(rows, request.reading, request.created_by) as (stream, reading, mapping):
        return drafts.create(
            replace(request, reading=reading), stream, file_name=file_name, mapping=mapping
        )


def add(
    batch: Batch,
    recipients: Iterable[Any],
    *,
    numbers_written: str = "",
    actor: User | None = None,
) -> StoredList:
    """Add recipients to a batch. Raise as `create` and `drafts.add_list` do."""
    given = ReadingOptions(numbers_written=numbers_written)
    rows = _listed(recipients)
    with as_file(rows, given, actor) as (stream, reading, mapping):
        return drafts.add_list(
            batch, stream, file_name=FILE_NAME, reading=reading, mapping=mapping, actor=actor
        )


def replace_lists(
    batch: Batch,
    recipients: Iterable[Any],
    *,
    numbers_written: str = "",
    actor: User | None = None,
) -> StoredList:
    """Replace the lists of a draft by recipients.

    Raise as `create` and `draft_lists.replace_lists` do.
    """
    given = ReadingOptions(numbers_written=numbers_written, region=batch.region)
    rows = _listed(recipients)
    with as_file(rows, given, actor) as (stream, reading, mapping):
        return draft_lists.replace_lists(
            batch, stream, file_name=FILE_NAME, reading=reading, mapping=mapping, actor=actor
        )


def _listed(recipients: Iterable[Any]) -> Sequence[Any]:
    return recipients if isinstance(recipients, Sequence) else list(recipients)


def _require(mapping: ListMapping, rows: Sequence[Any], actor: User | None) -> None:
    """Raise `RecipientsError` for settings that the actor may not set, at the first that has it."""
    errors = [
        ObjectError(
            index=next(at for at, row in enumerate(rows) if column.name in row),
            place=(column.name,),
            code=NOT_ALLOWED,
            message=why.message,
        )
        for column in mapping.columns
        if column.target == Target.CALL_SETTING and (why := refused_name(actor, column.name))
    ]
    if errors:
        message = " ".join(error.message for error in errors)
        raise RecipientsError(message, code=NOT_ALLOWED, errors=errors)


@contextmanager
def as_file(
    rows: Sequence[Any], reading: ReadingOptions, actor: User | None
) -> Iterator[tuple[BinaryIO, ReadingOptions, ListMapping]]:
    """Write the recipients to a file. Yield the file, its reading options and its mapping.

    Raise `RecipientsError`, also for settings that the actor may not set.
    """
    columns = columns_of(rows)
    mapping = _mapping(columns)
    _require(mapping, rows, actor)
    # The format is known. Only how plain numbers are read comes from the request.
    reading = replace(reading, encoding="utf-8", delimiter="comma", sheet="")
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as stream:
        text = io.TextIOWrapper(stream, "utf-8", newline="", write_through=True)
        writer = csv.writer(text)
        writer.writerow(map(_header, columns))
        writer.writerows(_cells(row, columns) for row in rows)
        text.detach()
        yield cast("BinaryIO", stream), reading, mapping


def columns_of(recipients: Sequence[Any]) -> list[Column]:
    """Return a column for every member that any recipient has. Raise `RecipientsError`."""
    if not recipients:
        raise RecipientsError("Send at least one recipient.", code="no_recipients")
    if len(recipients) > settings.MAX_ROWS:
        raise RecipientsError(
            f"{len(recipients):,} recipients were sent; {settings.MAX_ROWS:,} are allowed.",
            code="too_many_recipients",
        )
    columns: dict[Column, None] = {_PHONE: None}
    errors: list[ObjectError] = []
    for index, one in enumerate(recipients):
        if not isinstance(one, Mapping):
            message = 'A recipient is an object such as {"phone_number": "+12025550123"}.'
            errors.append(ObjectError(index=index, code="not_an_object", message=message))
            continue
        for name, value in one.items():
            for place, column in _columns_in(str(name), value):
                if isinstance(column, tuple):
                    columns[column] = None
                else:
                    errors.append(replace(column, index=index, place=place))
    if errors:
        count = len({error.index for error in errors})
        raise RecipientsError(
            f"{count:,} of {len(recipients):,} recipients are invalid.",
            code="bad_recipients",
            errors=errors,
        )
    if len(columns) > settings.MAX_COLUMNS:
        raise RecipientsError(
            f"The recipients have {len(columns):,} different members in total; "
            f"{settings.MAX_COLUMNS:,} are allowed.",
            code="too_many_columns",
        )
    return list(columns)


def _columns_in(name: str, value: Any) -> Iterator[tuple[tuple[str, ...], Column | ObjectError]]:
    """Yield the place of each column that a member needs, with the column or an error."""
    if name in _OBJECTS:
        yield from _members(name, value)
    elif name in _NAMELESS:
        yield (
            (name,),
            (
                _wrong("not_text", f"{name} is text.")
                if isinstance(value, Mapping | list)
                else (_NAMELESS[name], "")
            ),
        )
    elif call_settings.is_call_setting(name):
        yield (name,), (Target.CALL_SETTING, name)
    else:
        problem = call_settings.normalize({name: value}, per_row=True).problems[0]
        yield (name,), _wrong(problem.code, problem.message)


def _members(name: str, value: Any) -> Iterator[tuple[tuple[str, ...], Column | ObjectError]]:
    if value is None:
        return
    if not isinstance(value, Mapping):
        yield (name,), _wrong("not_an_object", f"{name} is an object of names and values.")
        return
    seen = set()
    for key in map(str, value):
        cleaned = _name_of(key)
        if not cleaned or cleaned in seen:
            why = "is a duplicate name" if cleaned else "is not a name"
            yield (name, key), _wrong("bad_name", f"“{key[:40]}” {why}.")
        seen.add(cleaned)
        yield (name, key), (_OBJECTS[name], cleaned)


@lru_cache(maxsize=2_000)
def _name_of(key: str) -> str:
    """Return the clean name of a member. Cached, because names repeat with each recipient."""
    return clean_header(key)


def _wrong(code: str, message: str) -> ObjectError:
    return ObjectError(index=0, code=code, message=message)


def _header(column: Column) -> str:
    target, name = column
    return name if target == Target.CALL_SETTING else f"{target}.{name}" if name else target.value


def _mapping(columns: Sequence[Column]) -> ListMapping:
    return ListMapping(
        tuple(
            ColumnTarget(
                position=position, header=clean_header(_header(column)), target=column[0], name=name
            )
            for position, column in enumerate(columns)
            for name in [column[1]]
        )
    )


def _cells(recipient: Mapping[str, Any], columns: Sequence[Column]) -> list[str]:
    """Return a recipient as the cells of its row."""
    given: dict[Column, str] = {}
    for name, value in recipient.items():
        if name in _OBJECTS:
            for key, inner in (value or {}).items():
                given[_OBJECTS[name], _name_of(str(key))] = text_of(inner)
        elif name in _NAMELESS:
            given[_NAMELESS[name], ""] = text_of(value)
        else:
            setting = call_settings.get(name)
            is_null = value is None and setting is not None and setting.nullable
            text = "null" if is_null else text_of(value)
            # Files of lists are kept, and their rows can be downloaded.
            is_secret = call_settings.is_secret(name)
            given[Target.CALL_SETTING, name] = sealing.seal_cell(text) if is_secret else text
    return [given.get(column, "") for column in columns]


def text_of(value: Any) -> str:
    """Return a JSON value as cell text: text unchanged, null as blank, else JSON."""
    if value is None:
        return ""
    return clean_value(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
