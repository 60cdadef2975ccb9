"""Every change of the do-not-call list: add numbers, change their reasons, remove numbers."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib.admin.models import CHANGE, DELETION, LogEntry
from django.db import transaction
from django.utils import timezone

from batchcalls.access import audit
from batchcalls.database import clock
from batchcalls.database.bulk import insert_each
from batchcalls.lists.cleaning import clean_value
from batchcalls.models import AuditAction
from campaigns.masked_numbers import masked
from campaigns.models import Suppression, SuppressionSource

if TYPE_CHECKING:
    from django.contrib.auth.models import User

REASON_LENGTH, EVIDENCE_LENGTH = 200, 500
#: Up to this many numbers have an audit entry each; more have one together.
MOST_NOTED = 50
_FIELDS = (
    *("e164", "campaign_id", "reason", "source", "evidence", "call_id"),
    *("expires_at", "is_hold", "created_by_id", "created_at"),
)


class NotListed(Exception):
    """The number is no longer on the list."""


class IsHeld(Exception):
    """The entry is a hold, which ends with the review of its opt-out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEntry:
    """An entry to add, for one campaign or for all, and until when.

    ``call_id`` and ``evidence`` say where the request can be looked up.
    """

    e164: str
    source: SuppressionSource
    reason: str = ""
    campaign_id: int | None = None
    evidence: str = ""
    call_id: UUID | None = None
    expires_at: datetime | None = None
    is_hold: bool = False


def suppress(
    reasons: Mapping[str, str], *, source: SuppressionSource, actor: User | None = None
) -> int:
    """Add numbers (E.164) for all campaigns and for good, each with its reason; see `add`."""
    entries = (NewEntry(e164=e164, reason=why, source=source) for e164, why in reasons.items())
    return add(entries, actor=actor)


@transaction.atomic(savepoint=False)
def add(entries: Iterable[NewEntry], *, actor: User | None = None) -> int:
    """Add entries; return how many are new.

    Entries that are already there, for the same campaign and time, are not changed. Entries are
    written in sorted order, so that two concurrent writers cannot deadlock.
    """
    now, creator = clock.now(), actor.pk if actor else None
    rows = (
        (
            *(entry.e164, entry.campaign_id, _fit(entry.reason), entry.source.value),
            *(clean_value(entry.evidence)[:EVIDENCE_LENGTH], entry.call_id),
            *(entry.expires_at, entry.is_hold, creator, now),
        )
        for entry in sorted(entries, key=lambda entry: (entry.e164, entry.campaign_id or 0))
    )
    return insert_each(Suppression, _FIELDS, rows, ignore_conflicts=True)


@transaction.atomic
def add_on_request(entries: Collection[NewEntry], *, actor: User | None = None) -> int:
    """Add entries that a person or a program asks for, and say so in the audit log; see `add`."""
    new = add(entries, actor=actor)
    noted = list(entries) if len(entries) <= MOST_NOTED else []
    for entry in noted:
        audit.record(
            AuditAction.ADDED,
            Suppression,
            after=_values(entry),
            note=masked(entry.e164),
            number=entry.e164,
            actor=actor,
        )
    if not noted:
        sources = sorted({entry.source.label for entry in entries})
        audit.record(
            AuditAction.ADDED, Suppression, after={"source": sources}, count=new, actor=actor
        )
    return new


def _values(entry: NewEntry | Suppression) -> dict[str, Any]:
    names = ("campaign_id", "reason", "source", "evidence", "call_id", "expires_at")
    return {name: value for name in names if (value := getattr(entry, name))}


def change_reason(entry: Suppression, reason: str, *, actor: User) -> bool:
    """Change a number's reason; return False if it already has that reason.

    Raise `NotListed` when the number is no longer on the list.
    """
    before, after = entry.reason, _fit(reason)
    if before == after:
        return False
    with transaction.atomic():
        if not Suppression.objects.filter(pk=entry.pk).update(reason=after):
            raise NotListed(f"{entry.e164} is no longer on the list.")
        message = f"Reason changed from “{before}” to “{after}”."
        if not (before and after):
            message = f"Reason given: “{after}”." if after else f"Reason “{before}” taken away."
        LogEntry.objects.log_actions(actor.pk, [entry], CHANGE, message, single_object=True)
        audit.record(
            AuditAction.CHANGED,
            entry,
            before={"reason": before},
            after={"reason": after},
            number=entry.e164,
            actor=actor,
        )
    entry.reason = after
    return True


def remove(entry: Suppression, *, why: str = "", actor: User) -> None:
    """Remove an entry from the list, and log who removed it, why, and what it said.

    Raise `NotListed` when it is no longer on the list, and `IsHeld` for a number under review.
    """
    if entry.is_hold:
        raise IsHeld(f"{entry.e164} is held for a review. Decide it under Review opt-outs.")
    with transaction.atomic():
        subject = audit.Subject.of(entry)
        if not Suppression.objects.filter(pk=entry.pk).delete()[0]:
            raise NotListed(f"{entry.e164} is no longer on the list.")
        message = f"Removed: {why.strip()[:REASON_LENGTH] or 'no reason given'}. {described(entry)}"
        LogEntry.objects.log_actions(actor.pk, [entry], DELETION, message, single_object=True)
        audit.record(
            AuditAction.DELETED,
            subject,
            before=_values(entry),
            after={},
            note=why.strip(),
            number=entry.e164,
            actor=actor,
        )


def described(entry: Suppression) -> str:
    """Return an entry in words: since when, from where, for whom, until when, and why."""
    said = f"Listed since {timezone.localtime(entry.created_at):%Y-%m-%d}"
    said += f" ({entry.get_source_display()})"
    said += f" for the campaign {entry.campaign}" if entry.campaign else ""
    if entry.expires_at:
        said += f" until {timezone.localtime(entry.expires_at):%Y-%m-%d %H:%M %Z}"
    return f"{said} because: {entry.reason}" if entry.reason else said


def _fit(reason: str) -> str:
    return clean_value(reason)[:REASON_LENGTH]
