"""Traces of a number: entries, reviews, calls, skipped rows, and log entries."""

from __future__ import annotations

from django.contrib.admin.models import DELETION, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import Q, QuerySet

from batchcalls.models import Batch, CallResult, OptOutReview, Recipient
from batchcalls.states import RecipientStatus
from campaigns import same_phone
from campaigns.models import Suppression
from campaigns.vocabulary import Disposition

#: Rows are looked up by batch and number, so each batch costs a lookup.
BATCHES_LOOKED_AT = 200
CALLS_SHOWN, NOTES_SHOWN = 10, 50


def entries_about(e164: str) -> list[Suppression]:
    """Return all entries about a number, expired ones and hashes too, the latest first."""
    entries = Suppression.objects.about(e164).select_related("created_by", "campaign")
    return list(entries.order_by("-pk"))


def reviews_of(e164: str) -> list[OptOutReview]:
    """Return all reviews of a number's calls, the latest first."""
    reviews = OptOutReview.objects.filter(e164__in=same_phone.spellings_of(e164))
    return list(reviews.select_related("call__batch", "decided_by").order_by("-pk"))


def calls_to(e164: str, *, at_most: int = CALLS_SHOWN) -> list[CallResult]:
    """Return the last calls to a number, the latest first."""
    calls = CallResult.objects.filter(to_number__in=same_phone.spellings_of(e164))
    calls = calls.select_related("batch").defer("transcript", "variables", "extracted")
    return list(calls.order_by("-pk")[:at_most])


def calls_that_asked(e164: str) -> list[CallResult]:
    """Return the last calls in which the person at the number asked not to be called again."""
    evidence = Suppression.objects.entries().about(e164).exclude(call_id=None).values("call_id")
    calls = CallResult.objects.filter(
        Q(disposition=Disposition.DO_NOT_CONTACT) | Q(call_id__in=evidence),
        to_number__in=same_phone.spellings_of(e164),
    )
    shown = calls.select_related("batch").only("claimed_at", "attempt", "to_number", "batch__name")
    return list(shown.order_by("-pk")[:CALLS_SHOWN])


def rows_not_called(e164: str) -> list[Recipient]:
    """Return the rows of the latest batches that were skipped because the number is listed."""
    rows = _of_latest_batches(e164).filter(
        status=RecipientStatus.SKIPPED, reason_code="do_not_call"
    )
    shown = rows.select_related("batch").only("row_number", "e164", "batch__name")
    return sorted(shown, key=_newest_first)


def rows_with(e164: str) -> list[Recipient]:
    """Return the rows of the latest batches that have the number, the newest first."""
    rows = _of_latest_batches(e164).select_related("batch__account", "batch__campaign")
    return sorted(rows, key=_newest_first)


def _of_latest_batches(e164: str) -> QuerySet[Recipient]:
    """Return rows without an order: with ORDER BY and LIMIT a database scans all rows by key."""
    latest = Batch.objects.order_by("-created_at", "-pk").values_list("pk", flat=True)
    batches = list(latest[:BATCHES_LOOKED_AT])
    return Recipient.objects.filter(
        batch__in=batches, e164__in=same_phone.spellings_of(e164)
    ).order_by()


def _newest_first(row: Recipient) -> int:
    return -row.pk


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
