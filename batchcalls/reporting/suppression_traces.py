"""Traces of a do-not-call number: calls, skipped rows, and log entries."""

from __future__ import annotations

from django.contrib.admin.models import DELETION, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import QuerySet

from batchcalls.models import Batch, CallResult, Recipient
from batchcalls.states import RecipientStatus
from campaigns.models import Suppression
from campaigns.vocabulary import Disposition

#: Rows are looked up by batch and number, so each batch costs a lookup.
BATCHES_LOOKED_AT = 200
CALLS_SHOWN, NOTES_SHOWN = 10, 50


def calls_that_asked(e164: str) -> list[CallResult]:
    """Return the last calls in which the person at the number asked not to be called again."""
    calls = CallResult.objects.filter(to_number=e164, disposition=Disposition.DO_NOT_CONTACT)
    shown = calls.select_related("batch").only("claimed_at", "attempt", "to_number", "batch__name")
    return list(shown.order_by("-pk")[:CALLS_SHOWN])


def rows_not_called(e164: str) -> list[Recipient]:
    """Return the rows of the latest batches that were skipped because the number is listed."""
    latest = Batch.objects.order_by("-created_at", "-pk").values_list("pk", flat=True)
    rows = Recipient.objects.filter(
        batch__in=list(latest[:BATCHES_LOOKED_AT]),
        e164=e164,
        status=RecipientStatus.SKIPPED,
        reason_code="do_not_call",
    )
    shown = rows.select_related("batch").only("row_number", "e164", "batch__name")
    # Sorted in Python: with ORDER BY and LIMIT a database scans all rows by key.
    return sorted(shown.order_by(), key=lambda row: -row.pk)


def notes() -> QuerySet[LogEntry]:
    """Return the log entries about numbers on the list, with their users."""
    kind = ContentType.objects.get_for_model(Suppression)
    return LogEntry.objects.filter(content_type=kind).select_related("user")


def notes_about(e164: str) -> list[LogEntry]:
    """Return the last log entries about a number, newest first, whether it is listed or not.

    Search by number, not by row: a number that was removed and added again has a new row.
    """
    return list(notes().filter(object_repr=e164).order_by("-pk")[:NOTES_SHOWN])


def last_removal(e164: str) -> LogEntry | None:
    """Return the log entry of a number's last removal, or None."""
    return notes().filter(object_repr=e164, action_flag=DELETION).order_by("-pk").first()
