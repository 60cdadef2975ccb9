"""The call log as a table: the calls that a filter of the page lets through, whole."""

from __future__ import annotations

import json
from collections.abc import Iterator

from django.db.models import QuerySet
from django.http import QueryDict

from batchcalls.models import CallResult
from batchcalls.reporting.exports.tables import ROWS_AT_A_TIME, Cell, Table
from batchcalls.reporting.filters.calls import CallFilter

COLUMNS = [
    "call_id",
    "batch_id",
    "batch",
    "campaign",
    "row",
    "to",
    "from",
    "attempt",
    "status",
    "answered_by",
    "disposition",
    "duration_seconds",
    "price",
    "currency",
    "claimed_at",
    "placed_at",
    "answered_at",
    "ended_at",
    "summary",
    "transcript",
    "request_data",
    "metadata",
    "variables",
    "extracted",
    "recording_url",
    "error_code",
    "error_message",
]


class UnknownFilter(Exception):
    """A filter that the export cannot apply: more calls than were asked for would go out."""


def matching(query: str) -> QuerySet[CallResult]:
    """Return the calls that the page shows under a query string; raise `UnknownFilter`."""
    narrowed = CallFilter(QueryDict(query), queryset=CallResult.objects.all())
    if narrowed.unknown:
        name = narrowed.unknown[0]
        raise UnknownFilter(f"The log cannot be exported by “{name}”. Remove that filter.")
    if not narrowed.is_valid():
        name, errors = next(iter(narrowed.form.errors.items()))
        shown = ", ".join(narrowed.data.getlist(name)).replace("\0", "␀")
        raise UnknownFilter(f"“{shown}” cannot be looked for in {name}: {errors[0]}")
    rows: QuerySet[CallResult] = narrowed.qs
    return rows


def call_log(calls: QuerySet[CallResult]) -> Table:
    """Return calls with all that is known of them, the newest first."""

    def rows() -> Iterator[list[Cell]]:
        page = calls.select_related("batch__campaign", "recipient").order_by("-pk")
        found = list(page[:ROWS_AT_A_TIME])
        while found:
            yield from map(_row, found)
            found = list(page.filter(pk__lt=found[-1].pk)[:ROWS_AT_A_TIME])

    return Table(name="call log", header=COLUMNS, rows=rows())


def _row(call: CallResult) -> list[Cell]:
    campaign = call.batch.campaign
    times = (call.claimed_at, call.placed_at, call.answered_at, call.ended_at)
    return [
        str(call.call_id),
        str(call.batch_id),
        call.batch.name,
        campaign.name if campaign else "",
        call.recipient.row_number,
        call.to_number,
        call.from_number,
        call.attempt,
        call.status,
        call.answered_by,
        call.disposition,
        call.duration_seconds,
        call.price,
        call.currency,
        *(time.isoformat(timespec="seconds") if time else "" for time in times),
        call.summary,
        "\n".join(f"{turn['speaker']}: {turn['text']}" for turn in call.transcript),
        *(
            json.dumps(value, ensure_ascii=False) if value else ""
            for value in (
                call.recipient.request_data,
                call.recipient.metadata,
                call.variables,
                call.extracted,
            )
        ),
        call.recording_url,
        call.error_code,
        call.error_message,
    ]
