"""The erasure of one number: statistics, caps, and the do-not-call entry stay, the person goes.

1. Refuse while a call is live, a row waits to be called, or a list is not imported to its end.
2. In one transaction: give the rows and calls a pseudonym instead of the number, and take out all
   that is said about the person. Do-not-call entries become hashes, which still forbid calls.
3. Take the number out of the stored files, and then out of every text that mentions it: samples of
   a list without the number would no longer show which row was the person's.

Each step may run again, so an erasure that broke off is simply repeated.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q, QuerySet

from batchcalls import queue
from batchcalls.access import audit
from batchcalls.database import clock
from batchcalls.keeping import mentions, retention, stored_files, writings
from batchcalls.keeping.person import Person
from batchcalls.models import (
    AuditAction,
    Batch,
    BatchEvent,
    CallResult,
    ErasedNumber,
    Recipient,
    WebhookAttempt,
)
from batchcalls.states import (
    BATCH_TERMINAL,
    RECIPIENT_IN_FLIGHT,
    DeliveryStatus,
    RecipientStatus,
)
from campaigns import hashed_numbers
from campaigns.masked_numbers import masked
from campaigns.models import Suppression

if TYPE_CHECKING:
    from django.contrib.auth.models import User

#: Reason code of rows that were taken out of their batch, and of their batch's log.
ERASED = "erased"
MOST_NAMED = 5


class CannotErase(Exception):
    """The number cannot be erased now; the message says why, and what to do."""


@dataclass
class Report:
    """What an erasure changed, as counts by name."""

    counts: dict[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        parts = [f"{count:,} {name}" for name, count in self.counts.items() if count]
        return ", ".join(parts) or "nothing was stored"


def what_stands_against(person: Person) -> list[str]:
    """Return why a number cannot be erased now, in sentences; a waiting row is no reason."""
    reasons = []
    if _live(person):
        reasons.append(
            "A call to this number is live or its outcome is not known yet. Wait for its end."
        )
    if person.reviews.filter(decided_at=None).exists():
        reasons.append("A possible opt-out waits for a decision. Decide it under Review opt-outs.")
    return reasons


def waiting(person: Person) -> QuerySet[Recipient]:
    """Return the rows of open batches in which the number is still to be called."""
    rows = person.recipients.not_yet_placed().exclude(batch__status__in=BATCH_TERMINAL)
    return rows.select_related("batch")


def erase(person: Person, *, take_out: bool, actor: User | None = None) -> Report:
    """Erase a number, and return what changed. Raise `CannotErase` or `disks.StorageAway`.

    ``take_out`` cancels the rows of open batches first, in which it is still to be called.
    """
    files = stored_files.find(person.writings)
    if undecided := files.undecided:
        names = ", ".join(f"{one.file_name} ({one.batch})" for one in undecided[:MOST_NAMED])
        raise CannotErase(
            f"These lists have the number and are not imported to their end: {names}. Wait for the "
            "end of the import, or cancel the draft."
        )
    report = Report()
    accounts = _erase_rows(person, report, take_out=take_out, actor=actor)
    for account_id in accounts:
        queue.ring(queue.DISPATCH_TICK, account_id)
    stored_files.take_out(files, person.writings)
    report.counts["texts that mention it"] = sum(mentions.take_out(person.writings).values())
    report.counts["rows of uploaded lists"] = len(files.rows)
    report.counts["uploaded files deleted"] = len(files.lists) + len(files.others)
    report.counts["exports deleted"] = len(files.exports)
    _forget_old_pages()
    return report


def _live(person: Person) -> bool:
    in_doubt = Q(status=RecipientStatus.UNCONFIRMED, due_at__isnull=False)
    rows = person.recipients.filter(Q(status__in=RECIPIENT_IN_FLIGHT) | in_doubt)
    return rows.exists() or person.calls.not_ended().exists()


@transaction.atomic
def _erase_rows(person: Person, report: Report, *, take_out: bool, actor: User | None) -> set[int]:
    """Erase the rows, and return the accounts whose batches lost one."""
    touched = set(person.recipients.order_by().values_list("batch_id", flat=True))
    batches = Batch.objects.lock(touched)
    if reasons := what_stands_against(person):
        raise CannotErase(" ".join(reasons))
    accounts = _take_out(person, report, actor=actor) if take_out else set()
    if left := list(waiting(person)[: MOST_NAMED + 1]):
        named = ", ".join(f"{row.batch}, row {row.row_number:,}" for row in left[:MOST_NAMED])
        more = " and others" if len(left) > MOST_NAMED else ""
        raise CannotErase(
            f"The number is still to be called: {named}{more}. Have it taken out of open batches."
        )
    # Read before anything changes: afterwards, nothing has the number any more.
    calls, rows = person.call_ids, person.recipient_ids
    _erase_messages(person, report)
    _erase_calls(person, calls, report)
    _erase_recipients(person, rows, report)
    _erase_single_batches(
        person, [pk for pk, one in batches.items() if one.status in BATCH_TERMINAL]
    )
    reviews = person.reviews
    report.counts["opt-out reviews"] = reviews.update(e164=person.writings.pseudonym, heard="")
    _hash_entries(person, report)
    ErasedNumber.objects.update_or_create(
        pseudonym=person.writings.pseudonym, defaults={"erased_at": clock.now()}
    )
    audit.record(
        AuditAction.ERASED,
        ErasedNumber,
        note=masked(person.e164),
        after={name: count for name, count in report.counts.items() if count},
        number=person.e164,
        actor=actor,
    )
    return accounts


def _take_out(person: Person, report: Report, *, actor: User | None) -> set[int]:
    rows = list(waiting(person).select_related("batch"))
    keys = [row.pk for row in rows]
    report.counts["waiting rows canceled"] = (
        Recipient.objects.filter(pk__in=keys)
        .not_yet_placed()
        .update(
            status=RecipientStatus.CANCELED,
            reason_code=ERASED,
            reason="The number was erased.",
            due_at=None,
        )
    )
    for row in rows:
        BatchEvent.objects.create(
            batch=row.batch,
            actor=actor,
            code=ERASED,
            message=f"Row {row.row_number:,} was canceled: its number was erased.",
        )
    return {row.batch.account_id for row in rows}


def _erase_messages(person: Person, report: Report) -> None:
    """Empty the webhooks about the calls; those that wait are given up."""
    now, sent = clock.now(), person.deliveries
    keys = list(sent.values_list("pk", flat=True))
    sent.filter(next_attempt_at__isnull=False).update(
        status=DeliveryStatus.DEAD,
        next_attempt_at=None,
        ended_at=now,
        last_error="The number was erased before this was sent.",
    )
    report.counts["webhook deliveries"] = sent.update(body=retention.EMPTY_BODY)
    tries = WebhookAttempt.objects.filter(delivery__in=keys)
    tries.update(response_excerpt="", request_headers={})


def _erase_calls(person: Person, keys: list[int], report: Report) -> None:
    report.counts["provider events"] = person.events.update(payload={})
    calls = CallResult.objects.filter(pk__in=keys)
    for call in calls.only("error_message", "checks"):
        checks = person.writings.without(call.checks)
        calls.filter(pk=call.pk).update(
            error_message=person.writings.without(call.error_message), checks=checks
        )
    report.counts["calls"] = calls.update(
        to_number=person.writings.pseudonym,
        summary="",
        transcript=[],
        variables={},
        extracted={},
        recording_url="",
        webhook="",
    )


def _erase_recipients(person: Person, keys: list[int], report: Report) -> None:
    rows = Recipient.objects.filter(pk__in=keys)
    # Where the person may be was found from the number, and counts in figures.
    for row in rows.only("e164", "places", "reason", "checks"):
        rows.filter(pk=row.pk).update(
            places=row.possible_places if row.e164 else row.places,
            reason=person.writings.without(row.reason),
            checks=person.writings.without(row.checks),
        )
    rows.exclude(e164="").update(e164=person.writings.pseudonym)
    report.counts["recipients"] = rows.update(
        raw_number="",
        phone_numbers="",
        refused_numbers="",
        request_data={},
        metadata={},
        call_settings={},
        consent={},
        trusted="",
    )
    _erase_dry_runs(rows)
    for name in ("phone_numbers", "refused_numbers"):
        for one in person.spellings:
            for row in Recipient.objects.filter(**{f"{name}__contains": one}):
                others = [each for each in getattr(row, name).split(",") if each != one]
                kept = ",".join(others) if len(others) > 1 else ""
                Recipient.objects.filter(pk=row.pk).update(**{name: kept})


def _erase_dry_runs(rows: QuerySet[Recipient]) -> None:
    """Erase what the reports of dry runs show of the rows, such as their prompts."""
    of_batch: dict[UUID, set[int]] = {}
    for batch_id, number in rows.order_by().values_list("batch_id", "row_number"):
        of_batch.setdefault(batch_id, set()).add(number)
    for batch in Batch.objects.filter(pk__in=of_batch).exclude(dry_run={}).only("dry_run"):
        report = _without_rows(batch.dry_run, of_batch[batch.pk])
        Batch.objects.filter(pk=batch.pk).update(dry_run=report)


def _without_rows(value: Any, numbers: set[int]) -> Any:
    """Return JSON-like data in which objects about these rows have no texts."""
    if isinstance(value, list):
        return [_without_rows(part, numbers) for part in value]
    if not isinstance(value, dict):
        return value
    if value.get("row") in numbers:
        return {
            name: writings.ERASED if isinstance(part, str) and name != "reason" else part
            for name, part in value.items()
        }
    return {name: _without_rows(part, numbers) for name, part in value.items()}


def _erase_single_batches(person: Person, ended: list[Any]) -> None:
    """Erase what single calls and test calls were launched with: it is about one person."""
    alone = Batch.objects.filter(pk__in=ended).filter(~Q(single_call_id=None) | ~Q(test_of=None))
    alone.exclude(prompt="").update(prompt=writings.ERASED)
    alone.update(call_settings={}, dry_run={}, status_webhook="", batch_webhook="")
    for batch in alone.only("name"):
        alone.filter(pk=batch.pk).update(name=person.writings.without(batch.name))


def _hash_entries(person: Person, report: Report) -> None:
    """Let each do-not-call entry forbid calls by its hash alone."""
    count = 0
    for entry in Suppression.objects.filter(e164__in=person.spellings).order_by("pk"):
        hashed = hashed_numbers.hash_of(entry.e164)
        same = Suppression.objects.filter(
            e164=hashed,
            is_hold=entry.is_hold,
            campaign=entry.campaign,
            expires_at=entry.expires_at,
        )
        count += 1
        if same.exists():
            entry.delete()
            continue
        values: dict[str, Any] = {"e164": hashed}
        for name in ("reason", "evidence"):
            values[name] = person.writings.without(getattr(entry, name))
        Suppression.objects.filter(pk=entry.pk).update(**values)
    report.counts["do-not-call entries kept as hashes"] = count
    person.notes.update(object_repr=hashed_numbers.hash_of(person.e164))


def _forget_old_pages() -> None:
    """Have SQLite write its log back: the log still has the pages of before.

    Pages themselves are overwritten (PRAGMA secure_delete in config/settings.py).
    """
    if connection.vendor == "sqlite" and not connection.in_atomic_block:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
