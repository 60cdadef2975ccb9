"""Everything about one number as one archive, for the person who asks for it (GDPR, article 15)."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, BinaryIO, Final
from zipfile import ZIP_DEFLATED, ZipFile

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Model, QuerySet

from batchcalls.keeping import mentions, stored_files
from batchcalls.keeping.person import Person
from batchcalls.models import OptOutMessage, WebhookAttempt
from campaigns.spreadsheet_cells import neutralise

#: What each file of the archive holds, in the order of its table of contents.
CONTENTS: Final[Mapping[str, str]] = {
    "recipients": "Rows of lists with the number: variables, metadata, consent, and why each was "
    "or was not called.",
    "calls": "Calls to the number: times, outcomes, transcripts, and what was read from them.",
    "provider_events": "What the voice provider reported about the calls.",
    "uploaded_rows": "Rows of uploaded lists that have the number in any column, as uploaded.",
    "do_not_call": "Entries of the do-not-call list, by number or by its hash.",
    "do_not_call_log": "Who added, changed, or removed entries.",
    "opt_outs": "What was heard in calls that may be an opt-out, and what was decided.",
    "opt_out_messages": "Reports of other systems that the person opted out.",
    "webhook_deliveries": "What was sent to other systems about the calls.",
    "webhook_attempts": "When it was sent, and what they answered.",
    "audit": "Who changed, saw, or exported something about the number.",
    "mentions": "Other texts that mention the number, such as logs of batches.",
}
#: Columns that say nothing about the person, or are secrets of the installation.
_LEFT_OUT: Final = {
    *("lease_token", "lease_until", "claim_token", "salt", "former_salt", "request_headers"),
    *("actor_key", "session", "api_key_id", "number_hash", "purged_through"),
}
_README: Final = """\
Everything that this installation of Batch Calls stores about {number},
as of {now:%Y-%m-%d %H:%M} UTC.

Each file has one record a row, as JSON and as CSV with the same columns. Times are in UTC.

{contents}

Recordings are stored by the voice provider; calls.json has their addresses. Logs of web servers
and backups are not included.
"""


def write(person: Person, out: BinaryIO, *, now: datetime) -> dict[str, int]:
    """Write the archive (ZIP). Return how many records each file has.

    Reads all stored files and texts, so it takes some time in a large installation. Raise
    `disks.StorageAway`.
    """
    counts: dict[str, int] = {}
    with ZipFile(out, "w", ZIP_DEFLATED) as archive:
        for name, records in _tables(person).items():
            rows = list(records)
            counts[name] = len(rows)
            text = json.dumps(rows, cls=DjangoJSONEncoder, indent=2, ensure_ascii=False)
            archive.writestr(f"{name}.json", text)
            archive.writestr(f"{name}.csv", _as_csv(rows))
        contents = "\n".join(
            f"{name}: {counts[name]:,} record{'' if counts[name] == 1 else 's'}. {what}"
            for name, what in CONTENTS.items()
        )
        archive.writestr(
            "README.txt", _README.format(number=person.e164, now=now, contents=contents)
        )
    return counts


def _tables(person: Person) -> dict[str, Iterable[dict[str, Any]]]:
    writings = person.writings
    tries = WebhookAttempt.objects.filter(delivery__in=person.deliveries.values("pk"))
    messages = [
        one for one in mentions.rows_with(OptOutMessage, writings) if writings.are_in(one.answer)
    ]
    return {
        "recipients": _records(person.recipients, batch="batch__name"),
        "calls": _records(person.calls, batch="batch__name", account="account__name"),
        "provider_events": _records(person.events),
        "uploaded_rows": _uploaded(person),
        "do_not_call": _records(person.entries, campaign="campaign__name"),
        "do_not_call_log": (
            {"at": one.action_time, "by": str(one.user), "what": one.get_change_message()}
            for one in person.notes.select_related("user")
        ),
        "opt_outs": _records(person.reviews),
        "opt_out_messages": _records(OptOutMessage.objects.filter(pk__in=[m.pk for m in messages])),
        "webhook_deliveries": _records(person.deliveries),
        "webhook_attempts": _records(tries.order_by("pk")),
        "audit": _records(person.audit_entries),
        "mentions": _mentions(person),
    }


def _records(rows: QuerySet[Any], **named: str) -> Iterable[dict[str, Any]]:
    """Yield the columns of rows, and further ones by their lookups."""
    columns = [
        one.attname for one in rows.model._meta.concrete_fields if one.attname not in _LEFT_OUT
    ]
    for row in rows.values(*columns, *named.values()).iterator(chunk_size=500):
        yield {name: row[name] for name in columns} | {
            name: row[lookup] for name, lookup in named.items()
        }


def _uploaded(person: Person) -> Iterable[dict[str, Any]]:
    for stored, row in stored_files.find(person.writings).rows:
        names = [str(one) for one in stored.headers]
        names += [f"Column {place + 1}" for place in range(len(names), len(row.cells))]
        yield {
            "file": stored.file_name,
            "batch": str(stored.batch or ""),
            "uploaded_at": stored.created_at,
            "row": row.number,
            "cells": [list(pair) for pair in zip(names, row.cells, strict=False)],
        }


def _mentions(person: Person) -> Iterable[dict[str, Any]]:
    shown: dict[type[Model], set[Any]] = {
        rows.model: set(rows.values_list("pk", flat=True))
        for rows in (person.recipients, person.calls, person.events, person.deliveries)
    }
    for model in mentions.tables():
        names = [column.attname for column in mentions.columns_of(model)]
        known = shown.get(model, set())
        for row in mentions.rows_with(model, person.writings).values("pk", *names):
            for name in names:
                if row["pk"] in known:
                    continue
                for part in _around(row[name], person):
                    kind = str(model._meta.verbose_name)
                    yield {"table": kind, "id": str(row["pk"]), "column": name, "text": part}


def _around(value: Any, person: Person) -> Iterator[Any]:
    """Yield the parts of JSON-like data that mention the number, without those about others."""
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    inner = [part for part in parts if isinstance(part, dict | list)]
    plain = [part for part in parts if not isinstance(part, dict | list)]
    if person.writings.are_in(plain if isinstance(value, dict | list) else value):
        yield value
        return
    for part in inner:
        yield from _around(part, person)


def _as_csv(rows: list[dict[str, Any]]) -> str:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    header = list(rows[0]) if rows else []
    writer.writerow(header)
    for row in rows:
        writer.writerow([neutralise(_cell(row[name])) for name in header])
    return out.getvalue()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, dict | list):
        return json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False)
    return value.isoformat() if isinstance(value, datetime) else str(value)
