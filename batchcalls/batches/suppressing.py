"""Every change of the do-not-call list: add numbers, change their reasons, remove numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from django.contrib.admin.models import CHANGE, DELETION, LogEntry
from django.db import transaction
from django.utils import timezone

from batchcalls.database import clock
from batchcalls.database.bulk import insert_each
from batchcalls.lists.cleaning import clean_value
from campaigns.models import Suppression, SuppressionSource

if TYPE_CHECKING:
    from django.contrib.auth.models import User

REASON_LENGTH = 200
_FIELDS = ("e164", "reason", "source", "created_by_id", "created_at")


class NotListed(Exception):
    """The number is no longer on the list."""


@transaction.atomic(savepoint=False)
def suppress(
    reasons: Mapping[str, str], *, source: SuppressionSource, actor: User | None = None
) -> int:
    """Add numbers (E.164), each with its reason; return how many are new.

    Numbers that are already listed are not changed. Numbers are written in sorted order, so that
    two concurrent writers cannot deadlock.
    """
    now, creator = clock.now(), actor.pk if actor else None
    rows = (
        (number, _fit(reasons[number]), source.value, creator, now) for number in sorted(reasons)
    )
    return insert_each(Suppression, _FIELDS, rows, ignore_conflicts=True)


def change_reason(entry: Suppression, reason: str, *, actor: User) -> bool:
    """Change a number's reason; return False if it already has that reason.

    Raise `NotListed` when the number is no longer on the list.
    """
    before, after = entry.reason, _fit(reason)
    if before == after:
        return False
    with transaction.atomic():
        if not Suppression.objects.filter(pk=entry.pk).update(reason=after):
            raise NotListed(f"{entry.e164} is not on the list any more.")
        message = f"Reason changed from “{before}” to “{after}”."
        if not (before and after):
            message = f"Reason given: “{after}”." if after else f"Reason “{before}” taken away."
        LogEntry.objects.log_actions(actor.pk, [entry], CHANGE, message, single_object=True)
    entry.reason = after
    return True


def remove(entry: Suppression, *, why: str = "", actor: User) -> None:
    """Remove a number from the list, and log who removed it, why, and its previous entry.

    Raise `NotListed` when the number is no longer on the list.
    """
    with transaction.atomic():
        if not Suppression.objects.filter(pk=entry.pk).delete()[0]:
            raise NotListed(f"{entry.e164} is not on the list any more.")
        listed = f"Listed since {timezone.localtime(entry.created_at):%Y-%m-%d}"
        listed += f" ({entry.get_source_display()})"
        listed += f" because: {entry.reason}" if entry.reason else ""
        message = f"Removed: {why.strip()[:REASON_LENGTH] or 'no reason given'}. {listed}"
        LogEntry.objects.log_actions(actor.pk, [entry], DELETION, message, single_object=True)


def _fit(reason: str) -> str:
    return clean_value(reason)[:REASON_LENGTH]
