"""The audit log as a table."""

from __future__ import annotations

import json
from collections.abc import Iterator

from django.db.models import QuerySet

from batchcalls.database import clock
from batchcalls.models import AuditEntry
from batchcalls.reporting.exports.tables import ROWS_AT_A_TIME, Cell, Table

COLUMNS = [
    *("id", "at", "action", "kind", "object_id", "object_name", "actor_name", "actor_key", "door"),
    *("address", "session", "api_key_name", "api_key_id", "request_id", "note", "count"),
    *("before", "after"),
]


def audit_log(entries: QuerySet[AuditEntry]) -> Table:
    """Return entries, the latest first."""

    def rows() -> Iterator[list[Cell]]:
        page = entries.order_by("-pk")
        found = list(page[:ROWS_AT_A_TIME])
        while found:
            yield from map(_row, found)
            found = list(page.filter(pk__lt=found[-1].pk)[:ROWS_AT_A_TIME])

    return Table(name="audit log", header=COLUMNS, rows=rows())


def _row(entry: AuditEntry) -> list[Cell]:
    own: dict[str, Cell] = {
        "at": clock.text_of(entry.at),
        "before": _json(entry.before),
        "after": _json(entry.after),
    }
    return [own[name] if name in own else getattr(entry, name) for name in COLUMNS]


def _json(value: object) -> str:
    return "" if value is None else json.dumps(value, ensure_ascii=False)
