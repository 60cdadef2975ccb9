"""What is kept for how long: each kind of data once, with its setting and its purge.

Only batches that are over lose anything. What figures, caps, and do-not-call entries need stays.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet

from batchcalls.access import audit_values
from batchcalls.database.bulk import update_each
from batchcalls.models import (
    Batch,
    BatchEvent,
    BatchPurge,
    CallEvent,
    CallResult,
    Export,
    ListPart,
    OptOutReview,
    Recipient,
    StoredList,
    WebhookDelivery,
)
from batchcalls.states import BATCH_TERMINAL, ExportStatus
from campaigns import pseudonyms

#: What is left of a message, so that sending it again tells nothing.
EMPTY_BODY: Final = "{}"
#: Takes rows of one batch in the order of ``position`` and purges them.
Step = Callable[[list[Any]], None]


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of a batch that a kind of data is purged from, some at a time.

    ``order`` is the column that they are read by, which an index has after the batch.
    """

    rows: Callable[[Batch], QuerySet[Any]]
    order: str
    step: Step
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of data, and what becomes of it after ``setting`` days."""

    key: str
    label: str
    what: str
    setting: str
    parts: tuple[Part, ...] = ()

    @property
    def days(self) -> int | None:
        """How long it is kept; None for good."""
        return getattr(settings, self.setting)  # type: ignore[no-any-return]

    def limit(self, now: datetime) -> datetime | None:
        """Return the moment before which data is too old."""
        return None if self.days is None else now - timedelta(days=self.days)

    def batches(self, now: datetime) -> QuerySet[Batch]:
        """Return the batches that are to be purged, those that ended first at the beginning."""
        limit = self.limit(now)
        if limit is None or not self.parts:
            return Batch.objects.none()
        done = BatchPurge.objects.filter(
            batch=OuterRef("pk"), kind=self.key, done_at__gt=OuterRef("ended_at")
        )
        over = Batch.objects.filter(status__in=BATCH_TERMINAL, ended_at__lt=limit)
        return over.filter(~Exists(done)).order_by("ended_at", "pk")


def _calls(batch: Batch) -> QuerySet[CallResult]:
    return CallResult.objects.filter(batch=batch)


def _recipients(batch: Batch) -> QuerySet[Recipient]:
    return Recipient.objects.filter(batch=batch)


def _lists(batch: Batch) -> QuerySet[StoredList]:
    return StoredList.objects.filter(batch=batch)


def _hide_numbers_of_rows(rows: list[Any]) -> None:
    """Give rows a pseudonym, and take out their variables. Where they may be counts in figures."""
    values: list[tuple[Any, ...]] = [
        (row.pk, _pseudonym(row.e164), "", "", "", {}, {}, {}, {}, "") for row in rows
    ]
    update_each(
        Recipient,
        [
            *("e164", "raw_number", "phone_numbers", "refused_numbers", "request_data"),
            *("metadata", "call_settings", "consent", "trusted"),
        ],
        values,
    )
    named = [(row.pk, _masked(row.reason)) for row in rows if row.reason != _masked(row.reason)]
    update_each(Recipient, ["reason"], named)
    checked: list[tuple[Any, ...]] = [(row.pk, []) for row in rows if row.checks]
    update_each(Recipient, ["checks"], checked)


def _hide_numbers_of_calls(rows: list[Any]) -> None:
    update_each(
        CallResult,
        ["to_number", "webhook", "error_message", "checks"],
        [(row.pk, _pseudonym(row.to_number), "", _masked(row.error_message), {}) for row in rows],
    )
    keys = [row.pk for row in rows]
    ended = WebhookDelivery.objects.filter(call__in=keys, ended_at__isnull=False)
    ended.exclude(body=EMPTY_BODY).update(body=EMPTY_BODY)
    _empty_payloads(rows)
    for review in OptOutReview.objects.filter(call__in=keys):
        hidden = {"e164": _pseudonym(review.e164), "heard": _masked(review.heard)}
        OptOutReview.objects.filter(pk=review.pk).exclude(decided_at=None).update(**hidden)


def _hide_numbers_of_events(rows: list[Any]) -> None:
    update_each(BatchEvent, ["message"], [(row.pk, _masked(row.message)) for row in rows])
    Batch.objects.filter(pk__in={row.batch_id for row in rows}).update(dry_run={})


def _hide_transcripts(rows: list[Any]) -> None:
    update_each(
        CallResult,
        ["summary", "transcript", "variables", "extracted"],
        [(row.pk, "", [], {}, {}) for row in rows],
    )
    OptOutReview.objects.filter(call__in=[row.pk for row in rows]).exclude(decided_at=None).update(
        heard=""
    )


def _hide_recordings(rows: list[Any]) -> None:
    update_each(CallResult, ["recording_url"], [(row.pk, "") for row in rows if row.recording_url])


def _empty_payloads(rows: list[Any]) -> None:
    CallEvent.objects.filter(call__in=[row.pk for row in rows]).exclude(payload={}).update(
        payload={}
    )


def delete_files(rows: list[Any]) -> None:
    """Delete the files of lists and of their parts. The rows of lists stay as their headings."""
    for stored in rows:
        parts = list(ListPart.objects.filter(stored_list=stored))
        for part in parts:
            part.file.delete(save=False)
        if stored.file:
            stored.file.delete(save=False)
        ListPart.objects.filter(pk__in=[part.pk for part in parts]).delete()
        # Without a file, a list counts as read to its end.
        StoredList.objects.filter(pk=stored.pk).update(file="", samples=[], is_split=True)


def old_lists(now: datetime) -> QuerySet[StoredList]:
    """Return the do-not-call lists whose files are too old; they belong to no batch."""
    limit = UPLOADS.limit(now)
    if limit is None:
        return StoredList.objects.none()
    return StoredList.objects.filter(batch=None, ended_at__lt=limit).exclude(file="")


def old_exports(now: datetime) -> QuerySet[Export]:
    """Return the exports that are too old."""
    limit = EXPORTS.limit(now)
    if limit is None:
        return Export.objects.none()
    return Export.objects.filter(ended_at__lt=limit).exclude(status=ExportStatus.WAITING)


def old_events(now: datetime) -> QuerySet[CallEvent]:
    """Return the reports about calls that nobody knows, which are too old."""
    limit = PAYLOADS.limit(now)
    if limit is None:
        return CallEvent.objects.none()
    return CallEvent.objects.filter(call=None, received_at__lt=limit, apply_at=None)


def _pseudonym(number: str) -> str:
    if not number or pseudonyms.is_pseudonym(number):
        return number
    return pseudonyms.pseudonym_of(number)


def _masked(text: str) -> str:
    return audit_values.without_numbers(text)


UPLOADS = Kind(
    "uploads",
    "Uploaded files",
    "The files of lists, and their rows as uploaded. Results can then be exported without the "
    "original columns.",
    "KEEP_UPLOADS_DAYS",
    (Part(_lists, "row_offset", delete_files),),
)
NUMBERS = Kind(
    "numbers",
    "Numbers and variables",
    "Numbers of recipients and calls become pseudonyms; variables, metadata, consent, uploaded "
    "files, raw reports, and what webhooks said are deleted. Do-not-call entries stay.",
    "KEEP_NUMBERS_DAYS",
    (
        Part(_lists, "row_offset", delete_files),
        Part(_recipients, "row_number", _hide_numbers_of_rows, ("e164", "reason", "checks")),
        Part(_calls, "pk", _hide_numbers_of_calls, ("to_number", "error_message")),
        Part(
            lambda batch: BatchEvent.objects.filter(batch=batch),
            "pk",
            _hide_numbers_of_events,
            ("message", "batch_id"),
        ),
    ),
)
TRANSCRIPTS = Kind(
    "transcripts",
    "Transcripts",
    "Conversations, summaries, and what was read from them. Outcomes stay.",
    "KEEP_TRANSCRIPTS_DAYS",
    (Part(_calls, "pk", _hide_transcripts, ("pk",)),),
)
RECORDINGS = Kind(
    "recordings",
    "Addresses of recordings",
    "Where the provider keeps the recording of a call. The recording itself stays there.",
    "KEEP_RECORDINGS_DAYS",
    (Part(_calls, "pk", _hide_recordings, ("recording_url",)),),
)
PAYLOADS = Kind(
    "payloads",
    "Raw reports of providers",
    "What providers sent about calls, as received. Times and statuses stay.",
    "KEEP_PAYLOADS_DAYS",
    (Part(_calls, "pk", _empty_payloads, ("pk",)),),
)
EXPORTS = Kind(
    "exports",
    "Exports",
    "Workbooks that workers wrote. They can be requested again.",
    "KEEP_EXPORTS_DAYS",
)
KINDS: Final = (UPLOADS, NUMBERS, TRANSCRIPTS, RECORDINGS, PAYLOADS, EXPORTS)
#: What other code keeps for a time of its own: label, what, and setting.
OTHERS: Final = (
    (
        "Webhook deliveries",
        "Messages to other systems, and their answers.",
        "WEBHOOK_LOG_DAYS",
    ),
    ("Failed sign-ins", "Names and addresses of failed sign-ins.", "SIGN_IN_LOG_DAYS"),
    ("Audit log", "Deleted only by the command purgeaudit.", "AUDIT_DAYS"),
)
