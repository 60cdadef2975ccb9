"""The dashboard's figures of the whole installation, counted from rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q

from batchcalls.calling.turned_up import POSSIBLE_DOUBLE_DIAL
from batchcalls.database import clock
from batchcalls.models import (
    Batch,
    BatchEvent,
    Export,
    StoredList,
    VoiceAccount,
    WebhookEndpoint,
)
from batchcalls.models.spending import DAILY_BUDGET
from batchcalls.states import BATCH_RESUMABLE, BatchStatus, ExportStatus, ListStatus
from campaigns.times_in_words import moment_in_words

ERRORS_SHOWN = 8
ERRORS_SINCE = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """A problem that needs attention. ``kind`` and ``key`` identify its row."""

    at: datetime
    what: str
    why: str
    kind: str
    key: object


def troubles() -> list[Trouble]:
    """Return recent problems, newest first."""
    found = [*_batches(), *_double_dials(), *_files(), *_accounts(), *_webhooks()]
    return sorted(found, key=lambda one: one.at, reverse=True)[:ERRORS_SHOWN]


def statuses() -> Counter[str]:
    """Count the batches by status."""
    rows = Batch.objects.filter(test_of=None).order_by().values_list("status")
    return Counter(dict(rows.annotate(n=Count("pk"))))


def _batches() -> Iterator[Trouble]:
    failed = Q(status=BatchStatus.FAILED, ended_at__gte=clock.now() - ERRORS_SINCE)
    halted = Q(status__in=BATCH_RESUMABLE) & ~Q(reason="")
    rows = Batch.objects.filter(failed | halted).order_by("-created_at")[:ERRORS_SHOWN]
    for batch in rows:
        what = f"{batch} {batch.get_status_display().lower()}"
        at = batch.ended_at or batch.launched_at or batch.created_at
        yield Trouble(at=at, what=what, why=batch.reason, kind="batch", key=batch.pk)


def _double_dials() -> Iterator[Trouble]:
    events = BatchEvent.objects.filter(
        code=POSSIBLE_DOUBLE_DIAL, at__gte=clock.now() - ERRORS_SINCE
    ).select_related("batch")
    for event in events.order_by("-at")[:ERRORS_SHOWN]:
        yield Trouble(
            at=event.at,
            what=f"{event.batch}: someone may have been called twice",
            why=event.message,
            kind="batch",
            key=event.batch_id,
        )


def _files() -> Iterator[Trouble]:
    since = clock.now() - ERRORS_SINCE
    lists = StoredList.objects.filter(status=ListStatus.FAILED, created_at__gte=since)
    for stored in lists.order_by("-created_at")[:ERRORS_SHOWN]:
        what = f"The list {stored.file_name} could not be imported"
        yield Trouble(
            at=stored.created_at, what=what, why=stored.reason, kind="storedlist", key=stored.pk
        )
    exports = Export.objects.filter(status=ExportStatus.FAILED, created_at__gte=since)
    for export in exports.order_by("-created_at")[:ERRORS_SHOWN]:
        yield Trouble(
            at=export.created_at,
            what=f"{export} could not be written",
            why=export.reason,
            kind="export",
            key=export.pk,
        )


def _accounts() -> Iterator[Trouble]:
    for account in VoiceAccount.objects.filter(enabled=False):
        yield Trouble(
            at=account.created_at,
            what=f"The voice account {account} is switched off",
            why="It places no calls.",
            kind="voiceaccount",
            key=account.pk,
        )
    now = clock.now()
    for account in VoiceAccount.objects.filter(held_code=DAILY_BUDGET, held_until__gt=now):
        until = moment_in_words(account.held_until or now)
        yield Trouble(
            at=now,
            what=f"The voice account {account} waits until {until}",
            why=account.held_reason,
            kind="voiceaccount",
            key=account.pk,
        )
    for account in VoiceAccount.objects.filter(enabled=True, database_slow_at__isnull=False):
        if problem := account.database_problem(now):
            yield Trouble(
                at=account.database_slow_at or now,
                what=f"The voice account {account} is waiting for the database",
                why=problem,
                kind="voiceaccount",
                key=account.pk,
            )


def _webhooks() -> Iterator[Trouble]:
    for endpoint in WebhookEndpoint.objects.failing()[:ERRORS_SHOWN]:
        off = not endpoint.enabled
        yield Trouble(
            at=endpoint.disabled_at or endpoint.failing_since or endpoint.created_at,
            what=f"The webhook {endpoint} {'was switched off' if off else 'is failing'}",
            why=endpoint.disabled_reason
            or f"Failed deliveries in a row: {endpoint.consecutive_failures:,}.",
            kind="webhookendpoint",
            key=endpoint.pk,
        )
