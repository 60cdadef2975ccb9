"""Everything on record about one number, as proof of when it opted out and what was done."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from batchcalls.reporting import suppression_traces
from batchcalls.reporting.exports.do_not_call import instant
from batchcalls.reporting.exports.tables import Table

#: Most calls and log entries in a proof.
MOST_CALLS = 1_000
HEADER = ["at", "what", "details", "campaign_or_batch", "by", "call_id"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One thing that happened to a number."""

    at: datetime
    what: str
    details: str = ""
    where: str = ""
    by: str = ""
    call_id: str = ""


def records(e164: str, *, with_calls: bool, with_reviews: bool) -> list[Record]:
    """Return what happened to a number, in order: entries, reviews, calls, and the log."""
    found = [*_entries(e164), *_notes(e164)]
    if with_reviews:
        found += _reviews(e164)
    if with_calls:
        found += _calls(e164)
    return sorted(found, key=lambda record: record.at)


def as_table(e164: str, found: list[Record]) -> Table:
    """Return the records as a table, one a row."""
    rows = (
        [instant(one.at), one.what, one.details, one.where, one.by, one.call_id] for one in found
    )
    return Table(name=f"proof {e164}", header=HEADER, rows=iter(map(list, rows)))


def as_json(e164: str, found: list[Record], *, now: datetime) -> dict[str, Any]:
    """Return the records as JSON-like data."""
    rows = as_table(e164, found).rows
    return {
        "number": e164,
        "written_at": instant(now),
        "records": [dict(zip(HEADER, row, strict=True)) for row in rows],
    }


def _entries(e164: str) -> Iterator[Record]:
    for entry in suppression_traces.entries_about(e164):
        until = f"Until {instant(entry.expires_at)}" if entry.expires_at else "For good"
        details = [str(entry.get_source_display()), entry.reason, entry.evidence, until]
        if entry.is_hashed:
            details.append(f"Listed as {entry.e164}")
        yield Record(
            at=entry.created_at,
            what="Held for review" if entry.is_hold else "Added to the do-not-call list",
            details=". ".join(filter(None, details)),
            where=str(entry.campaign) if entry.campaign else "All calls",
            by=str(entry.created_by or ""),
            call_id=str(entry.call_id or ""),
        )


def _reviews(e164: str) -> Iterator[Record]:
    for review in suppression_traces.reviews_of(e164):
        shared = {"where": review.call.batch.name, "call_id": str(review.call.call_id)}
        heard = f"“{review.heard}” ({review.language})"
        yield Record(at=review.created_at, what="Possible opt-out heard", details=heard, **shared)
        if review.decided_at is not None:
            yield Record(
                at=review.decided_at,
                what=f"Reviewed: {review.get_decision_display()}",
                by=str(review.decided_by or ""),
                **shared,
            )


def _calls(e164: str) -> Iterator[Record]:
    for call in suppression_traces.calls_to(e164, at_most=MOST_CALLS):
        details = [str(call.get_status_display()), call.disposition, call.answered_by]
        yield Record(
            at=call.sent_at or call.claimed_at,
            what="Call",
            details=", ".join(filter(None, details)),
            where=call.batch.name,
            call_id=str(call.call_id),
        )


def _notes(e164: str) -> Iterator[Record]:
    for note in suppression_traces.notes_about(e164):
        yield Record(
            at=note.action_time, what="Change", details=note.get_change_message(), by=str(note.user)
        )
