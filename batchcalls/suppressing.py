"""Numbers that programs put on the do-not-call list, and take from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.contrib.admin.models import DELETION, LogEntry
from django.db import transaction

from campaigns.models import Suppression, SuppressionSource

if TYPE_CHECKING:
    from django.contrib.auth.models import User


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """What became of numbers: those that are new, and those that stood there already."""

    new: list[str]
    known: list[str]


@transaction.atomic
def suppress(reasons: Mapping[str, str], *, actor: User | None = None) -> Listed:
    """Put numbers (E.164) on the list, each with its reason; those that stand there stay as is."""
    known = Suppression.objects.numbers_among(list(reasons))
    # In their order: whoever adds the same numbers waits, and not in a circle.
    new = sorted(set(reasons) - known)
    Suppression.objects.bulk_create(
        [
            Suppression(
                e164=number, reason=reasons[number], source=SuppressionSource.API, created_by=actor
            )
            for number in new
        ],
        ignore_conflicts=True,
    )
    return Listed(new=new, known=sorted(known))


@transaction.atomic
def release(entry: Suppression, *, actor: User) -> None:
    """Let a number be called again, and note who did that and what the list had said."""
    said = f"Removed by API. Listed since {entry.created_at:%Y-%m-%d}"
    said += f" because: {entry.reason}" if entry.reason else ""
    LogEntry.objects.log_actions(actor.pk, [entry], DELETION, said, single_object=True)
    entry.delete()
