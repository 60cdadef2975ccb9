"""The do-not-call list as a table."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.db.models import Q, QuerySet

from batchcalls.database import clock
from batchcalls.models import StoredList
from batchcalls.reporting.exports.tables import ROWS_AT_A_TIME, Cell, Table
from campaigns.models import Suppression

COLUMNS = ["e164", "reason", "source", "created_at"]
#: What only some entries have. A list that is imported again is read by these headers.
SCOPE_COLUMNS = ["only_for_campaign", "expires_at", "evidence", "call_id"]


def do_not_call(listed: QuerySet[Suppression] | None = None) -> Table:
    """Return the entries in ``listed``, or all, in order of their numbers. Holds are left out."""

    def rows() -> Iterator[list[Cell]]:
        last, last_pk = "", 0
        found = Suppression.objects.all() if listed is None else listed
        entries = found.filter(is_hold=False).select_related("campaign").order_by("e164", "pk")
        after = Q(e164__gt=last)
        while chunk := list(entries.filter(after)[:ROWS_AT_A_TIME]):
            for entry in chunk:
                yield [
                    *(entry.e164, entry.reason, entry.source, instant(entry.created_at)),
                    *(entry.campaign.name if entry.campaign else "", instant(entry.expires_at)),
                    *(entry.evidence, str(entry.call_id or "")),
                ]
            last, last_pk = chunk[-1].e164, chunk[-1].pk
            after = Q(e164__gt=last) | Q(e164=last, pk__gt=last_pk)

    return Table(name="do not call", header=[*COLUMNS, *SCOPE_COLUMNS], rows=rows())


def instant(moment: datetime | None) -> str:
    """Return a time as ISO 8601, or "" if there is none."""
    return clock.text_of(moment) if moment else ""


def not_taken_in(stored: StoredList) -> Table:
    """Return the rows of a do-not-call file that contain no number, with reasons."""

    def rows() -> Iterator[list[Cell]]:
        for part in stored.parts.exclude(problems=[]).order_by("number").iterator(chunk_size=100):
            yield from part.problems

    return Table(name="not taken in", header=["row", "number", "reason", "message"], rows=rows())
