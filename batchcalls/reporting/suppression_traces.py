"""What a do-not-call number has left behind: calls, rows that were not called, notes of changes."""

from __future__ import annotations

from django.contrib.admin.models import DELETION, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import QuerySet

from batchcalls.models import Batch, CallResult, Recipient
from batchcalls.states import RecipientStatus
from campaigns.models import Suppression
from campaigns.vocabulary import Disposition

#: Rows are found by their batch and number, so each batch that is looked at costs a look-up.
BATCHES_LOOKED_AT = 200
CALLS_SHOWN, NOTES_SHOWN = 10, 50


def calls_that_asked(e164: str) -> list[CallResult]:
    """Return the last calls in which somebody at the number asked not to be called again."""
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
    # Sorted here: a database that is told to sort and stop goes through all rows by their keys.
    return sorted(shown.order_by(), key=lambda row: -row.pk)


def notes() -> QuerySet[LogEntry]:
    """Return what is noted about the list's numbers, by whom."""
    kind = ContentType.objects.get_for_model(Suppression)
    return LogEntry.objects.filter(content_type=kind).select_related("user")


def notes_about(e164: str) -> list[LogEntry]:
    """Return the last that is noted about a number, the newest first, whether it is listed or not.

    By the number and not by its row: a number that was removed and came back is another row.
    """
    return list(notes().filter(object_repr=e164).order_by("-pk")[:NOTES_SHOWN])


def last_removal(e164: str) -> LogEntry | None:
    """Return when, by whom and why a number was last removed; None if it never was."""
    return notes().filter(object_repr=e164, action_flag=DELETION).order_by("-pk").first()
