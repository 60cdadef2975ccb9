"""Lift and restore an account's legal floor, with a reason, an end, and a log."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import QuerySet

from batchcalls.access import audit
from batchcalls.database import clock
from batchcalls.models import AccountEvent, VoiceAccount
from campaigns.times_in_words import moment_in_words

if TYPE_CHECKING:
    from django.contrib.auth.models import User

#: A person must decide again after this time.
LONGEST = timedelta(days=366)
LIFTED, RESTORED = "floor_lifted", "floor_restored"


def log_of(account: VoiceAccount) -> QuerySet[AccountEvent]:
    """Return who lifted and restored an account's floor, the latest first."""
    return account.events.filter(code__in=(LIFTED, RESTORED)).select_related("actor")


@transaction.atomic
def lift(account: VoiceAccount, *, until: datetime, reason: str, actor: User | None = None) -> None:
    """Let an account's calls go beyond the legal floor until a time (aware).

    Raise ValueError without a reason, and unless the time is in the next 366 days.
    """
    now = clock.now()
    if not reason.strip():
        raise ValueError("Enter a reason for going beyond the legal floor.")
    if not now < until <= now + LONGEST:
        raise ValueError("Choose an end within the next 366 days.")
    with audit.changing(account, actor=actor):
        _write(account, until=until, reason=reason.strip())
    message = f"Calls may go beyond the legal floor until {until:%Y-%m-%d %H:%M} UTC: {reason}"
    AccountEvent.objects.create(account=account, actor=actor, code=LIFTED, message=message)


@transaction.atomic
def restore(account: VoiceAccount, *, actor: User | None = None) -> None:
    """Hold an account's calls to the legal floor again, from its next claim on."""
    with audit.changing(account, actor=actor):
        _write(account, until=None, reason="")
    message = "The legal floor applies again."
    AccountEvent.objects.create(account=account, actor=actor, code=RESTORED, message=message)


def lifted_in_words(account: VoiceAccount, *, now: datetime) -> str:
    """Return who lifted an account's floor, until when and why; blank while it holds."""
    if not account.dials_people or not account.is_beyond_floor(now):
        return ""
    lifted = account.events.filter(code=LIFTED).select_related("actor").first()
    who = f" by {lifted.actor}" if lifted and lifted.actor else ""
    until = moment_in_words(account.beyond_floor_until or now)
    return f"lifted{who} until {until}: {account.beyond_floor_reason}"


def _write(account: VoiceAccount, *, until: datetime | None, reason: str) -> None:
    # Only these columns: workers write the lease and the pace in the meantime.
    account.beyond_floor_until, account.beyond_floor_reason = until, reason
    account.save(update_fields=["beyond_floor_until", "beyond_floor_reason"])
