"""Switch rule packs and entries off and on, with a reason; the rows are the log."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import structlog
from django.db import transaction

from batchcalls.access import audit
from batchcalls.database import clock
from batchcalls.models import AuditAction
from campaigns.models import RulePackSwitch
from campaigns.rules.packs import packs

if TYPE_CHECKING:
    from django.contrib.auth.models import User

log = structlog.get_logger(__name__)


class SwitchRefused(ValueError):
    """The pack or entry is unknown, or already in that state. The text says which."""


@transaction.atomic
def switch_off(
    key: str, *, reason: str, until: datetime | None = None, actor: User | None = None
) -> RulePackSwitch:
    """Switch off a pack (“us”) or an entry (“us/florida”) until a time (aware) or for good.

    It holds from the next claim on. Raise `SwitchRefused` for an unknown key, one that is already
    off, a blank reason, and an end that is past.
    """
    pack, _, entry = key.partition("/")
    known = packs().get(pack)
    if known is None or (entry and all(one.id != entry for one in known.entries)):
        raise SwitchRefused(f"There is no rule pack or entry “{key}”.")
    now = clock.now()
    if RulePackSwitch.objects.in_force(now).filter(pack=pack, entry=entry).exists():
        raise SwitchRefused(f"{key} is already switched off.")
    if not reason.strip():
        raise SwitchRefused("Enter a reason for switching these rules off.")
    if until is not None and until <= now:
        raise SwitchRefused("Choose an end in the future, or leave it blank.")
    switch = RulePackSwitch.objects.create(
        pack=pack,
        entry=entry,
        reason=reason.strip(),
        until=until,
        created_by=actor,
        created_at=now,
    )
    audit.record(
        AuditAction.SWITCHED_OFF,
        switch,
        before={"in_force": True},
        after={"in_force": False, "until": until},
        note=switch.reason,
        actor=actor,
    )
    log.warning("rules.switched_off", key=key, reason=switch.reason, actor=str(actor or ""))
    return switch


@transaction.atomic
def switch_on(key: str, *, actor: User | None = None) -> None:
    """Let a pack or entry hold again from the next claim on. Raise `SwitchRefused` if it does."""
    pack, _, entry = key.partition("/")
    now = clock.now()
    off = RulePackSwitch.objects.in_force(now).filter(pack=pack, entry=entry)
    ended = list(off)
    if not off.update(ended_at=now, ended_by=actor):
        raise SwitchRefused(f"{key} is not switched off.")
    for switch in ended:
        audit.record(
            AuditAction.SWITCHED_ON,
            switch,
            before={"in_force": False},
            after={"in_force": True},
            actor=actor,
        )
    log.warning("rules.switched_on", key=key, actor=str(actor or ""))
