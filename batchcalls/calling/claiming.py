"""Choose and record the next calls: room → claim and gate, in one transaction.

Every attempt is stored as a row before it is dialed. If the process dies after that, its
recipients stay `dialing` until `reconcile` marks them unconfirmed and asks the provider. No
recipient is dialed again on a guess.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain
from typing import Any
from uuid import UUID, uuid4

import structlog
from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef

from batchcalls.batches import epochs, legal_floor, lifecycle
from batchcalls.calling import (
    budget,
    destinations,
    frequency,
    gate,
    out_of_budget,
    pacing,
    recent_attempts,
    rule_packs,
    verdicts,
)
from batchcalls.calling.caller_ids import CallerIds
from batchcalls.calling.instants import Instant
from batchcalls.calling.next_attempts import NextAttempt, next_attempt
from batchcalls.database import clock
from batchcalls.database.bulk import insert_each, update_each
from batchcalls.database.lease import Lease, LeaseLost
from batchcalls.models import Batch, CallResult, Recipient, VoiceAccount
from batchcalls.states import BATCH_CALLING, RECIPIENT_CLAIMABLE, RecipientStatus
from batchcalls.voice.base import CallRequest
from campaigns import same_phone
from campaigns.caps import Attempt
from campaigns.models import Suppression

log = structlog.get_logger(__name__)

#: Key of the account's rate in a claim's intervals. A batch's rate uses the batch id.
ACCOUNT = "account"

#: Fields of an attempt that are set before it is placed.
CLAIM_FIELDS = (
    "call_id",
    "batch_id",
    "recipient_id",
    "account_id",
    "attempt",
    "tries",
    "to_number",
    "from_number",
    "webhook",
    "checks",
    "reserved",
    "claimed_at",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A stored attempt that may be placed at its slot.

    ``made_at`` is the moment of ``call.claimed_at`` on the clocks of this process. ``until`` is
    when calling hours close, if that is soon. ``intervals`` maps each rate that applies (`ACCOUNT`
    or a batch id) to its seconds per call.
    """

    call: CallResult
    request: CallRequest
    until: datetime | None
    slot: datetime
    made_at: Instant
    intervals: dict[object, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """The result of one claim.

    ``placeable``: attempts to place, in slot order. ``batches``: batches with processed
    recipients, including refused ones. ``full``: the claim was limited by rates, lines or budgets,
    not by a lack of recipients.
    """

    placeable: list[Claim] = field(default_factory=list)
    batches: set[UUID] = field(default_factory=set)
    full: bool = False


def claim(lease: Lease[VoiceAccount], *, want: int) -> Claims:
    """Store an account's next attempts, at most ``want``, in one transaction.

    1. Batches with due recipients take turns, so a large batch does not block a small one.
    2. The gate checks each recipient. A refused recipient gets a status and a reason.
    3. The attempts of all other recipients are stored, and each takes a slot.

    Raise `LeaseLost` when another process has taken over the account; `epochs.WentBack` when the
    database was restored from a backup.
    """
    made_at, now = Instant.now(), clock.now()
    with transaction.atomic():
        account = lease.lock()
        due_now = Recipient.objects.filter(batch=OuterRef("pk")).due(now)
        running = Batch.objects.dialing().filter(Exists(due_now), account=account)
        batches = [
            batch
            for batch in Batch.objects.lock(running.values_list("pk", flat=True)).values()
            if batch.status in BATCH_CALLING
        ]
        if not batches:
            return Claims()
        gate.look_up_policies(account, batches)
        batches = _without_unusable(batches)
        purse = budget.open_purse(account, batches, now=now)
        drawn, full = _draw(account, batches, purse, now=now, want=want)
        if not drawn:
            return Claims(full=full)
        placeable = _write_claims(account, drawn, purse, now=now, made_at=made_at)
        # Last, because other accounts wait for this row. A restored database claims nothing.
        epoch = epochs.rise() if placeable else None
    if epoch:
        epochs.keep(epoch)
    out_of_budget.act(account, batches, purse, now=now)
    return Claims(placeable=placeable, batches={batch.pk for batch, _ in drawn}, full=full)


def _without_unusable(batches: list[Batch]) -> list[Batch]:
    """Pause the batches with a number that may not be used any more; return the others."""
    usable = []
    for batch in batches:
        if refused := destinations.why_unusable(batch):
            lifecycle.pause(batch, code=refused.code, message=refused.message)
        else:
            usable.append(batch)
    return usable


def _draw(
    account: VoiceAccount, batches: list[Batch], purse: budget.Purse, *, now: datetime, want: int
) -> tuple[list[tuple[Batch, list[Recipient]]], bool]:
    """Choose due recipients, batch by batch; also return whether there was no room for more.

    1. The batch that has waited longest comes first. With room for only one call, successive
       claims therefore serve different batches.
    2. Each batch gets an equal share, up to its own room. Unused room is shared out again.
    """
    room = pacing.room(account, batches, now=now, at_most=want)
    full = purse.narrow(room, batches) or room.account < want
    drawn: dict[Batch, list[Recipient]] = {}
    waiting = sorted(batches, key=lambda batch: (batch.served_at or batch.created_at, batch.pk))
    while room.account > 0 and waiting:
        equal_share, unfinished = max(1, room.account // len(waiting)), []
        for batch in waiting:
            batch_room = room.batches[batch.pk]
            share = min(equal_share, room.account, batch_room)
            already_drawn = drawn.get(batch, [])
            due = list(_due(batch, already_drawn, now=now)[:share]) if share else []
            drawn[batch] = [*already_drawn, *due]
            room.account -= len(due)
            room.batches[batch.pk] -= len(due)
            if len(due) == share < batch_room:
                unfinished.append(batch)
            full = full or len(due) == batch_room
        waiting = unfinished
    return [(batch, due) for batch, due in drawn.items() if due], full


def _due(batch: Batch, already_drawn: list[Recipient], *, now: datetime) -> Any:
    rows = Recipient.objects.filter(batch=batch).due(now).order_by("due_at", "pk")
    if already_drawn:
        rows = rows.exclude(pk__in=[recipient.pk for recipient in already_drawn])
    if connection.features.has_select_for_update_skip_locked:
        return rows.select_for_update(skip_locked=True, of=("self",))
    return rows


def _write_claims(
    account: VoiceAccount,
    drawn: list[tuple[Batch, list[Recipient]]],
    purse: budget.Purse,
    *,
    now: datetime,
    made_at: Instant,
) -> list[Claim]:
    numbers = (row.e164 for _, due in drawn for row in due)
    bans = Suppression.objects.bans_among(numbers, now=now)
    off = rule_packs.switched_off(account, now=now)
    attempts = _count_attempts(account, drawn, off, now=now)
    recent = recent_attempts.Recent(attempts, gate.times_of_retries(drawn))
    caller_ids = CallerIds(account, chain.from_iterable(due for _, due in drawn), now=now)
    facts = gate.Facts(
        now=now,
        floor_lifted=legal_floor.lifted_in_words(account, now=now),
        bans=bans,
        recent=recent,
        caller_ids=caller_ids,
        packs_off=off,
        packs_back_at=rule_packs.back_at(off, now=now),
        purse=purse,
    )
    allowed: list[list[NextAttempt]] = []
    refused: list[tuple[int, verdicts.Refused]] = []
    for batch, due in drawn:
        calls: list[NextAttempt] = []
        for recipient in due:
            verdict = next_attempt(account, batch, recipient, facts)
            if isinstance(verdict, verdicts.Refused):
                refused.append((recipient.pk, verdict))
            else:
                calls.append(verdict)
                attempts[same_phone.key_of(recipient.e164)].append(
                    Attempt(verdict.call.latest_sent_at, under_way=True)
                )
                purse.reserve(batch, verdict.call.reserved)
        allowed.append(calls)
    update_each(
        Recipient,
        ["status", "reason_code", "reason", "due_at", "checks", "checked_at"],
        [
            (pk, why.status, why.code, why.message, why.due_at, list(why.checks), now)
            for pk, why in refused
        ],
        where_in=("status", RECIPIENT_CLAIMABLE),
    )
    claimed = Recipient.objects.filter(
        pk__in=[one.call.recipient_id for one in chain.from_iterable(allowed)],
        status__in=RECIPIENT_CLAIMABLE,
    ).update(
        status=RecipientStatus.DIALING,
        attempts=F("attempts") + 1,
        claim_token=uuid4(),
        claimed_at=now,
        due_at=None,
        reason_code="",
        reason="",
        checks=[],
        checked_at=None,
    )
    if claimed != sum(map(len, allowed)):
        # Rolls the whole claim back. Rows are locked, so only a foreign writer gets here.
        raise LeaseLost
    _store([one.call for one in chain.from_iterable(allowed)])
    caller_ids.store()
    Batch.objects.filter(pk__in=[batch.pk for batch, _ in drawn]).update(served_at=now)
    calls_of = [(batch, calls) for (batch, _), calls in zip(drawn, allowed, strict=True)]
    return _take_slots(account, calls_of, now=now, made_at=made_at)


def _count_attempts(
    account: VoiceAccount,
    drawn: list[tuple[Batch, list[Recipient]]],
    off: frozenset[str],
    *,
    now: datetime,
) -> recent_attempts.Attempts:
    """Return the recent attempts to the numbers that have caps; no other claim may add to them."""
    capped: set[str] = set()
    longest = timedelta(0)
    for batch, due in drawn:
        lengths = {
            places: frequency.longest_cap(
                batch, rule_packs.holding(batch, places, now=now, off=off), now=now
            )
            for places in {row.possible_places for row in due}
        }
        capped.update(row.e164 for row in due if lengths[row.possible_places])
        longest = max(longest, *lengths.values())
    recent_attempts.lock(capped)
    return recent_attempts.of(capped, account, longest=longest, now=now)


def _store(calls: list[CallResult]) -> None:
    """Insert the attempts and set each one's primary key."""
    insert_each(
        CallResult, CLAIM_FIELDS, [[getattr(call, name) for name in CLAIM_FIELDS] for call in calls]
    )
    stored = CallResult.objects.filter(call_id__in=[call.call_id for call in calls])
    keys = dict(stored.order_by().values_list("call_id", "pk"))
    for call in calls:
        call.pk = keys[call.call_id]


def _take_slots(
    account: VoiceAccount,
    calls_of: list[tuple[Batch, list[NextAttempt]]],
    *,
    now: datetime,
    made_at: Instant,
) -> list[Claim]:
    """Give each call the first slot that is free for both its batch and the account.

    The batch that can start a call earliest comes first; of several, the one whose turn it is.
    """
    rates: dict[object, float] = {ACCOUNT: 1 / account.cps} if account.cps else {}
    turns = [
        (pacing.first_slot(batch, now=now), 0, number)
        for number, (batch, calls) in enumerate(calls_of)
        if calls
    ]
    heapq.heapify(turns)
    claims: list[Claim] = []
    while turns:
        free_at, turn, number = heapq.heappop(turns)
        batch, calls = calls_of[number]
        call, request, until = calls[turn]
        slot = pacing.first_slot(account, now=free_at)
        for row in (account, batch):
            pacing.take_slot(row, slot)
        intervals = {**rates, batch.pk: 1 / batch.cps} if batch.cps else rates
        claims.append(
            Claim(
                call=call,
                request=request,
                until=until,
                slot=slot,
                made_at=made_at,
                intervals=intervals,
            )
        )
        if turn + 1 < len(calls):
            heapq.heappush(turns, (pacing.first_slot(batch, now=now), turn + 1, number))
    if account.cps and claims:
        VoiceAccount.objects.filter(pk=account.pk).update(next_slot_at=account.next_slot_at)
    for batch, calls in calls_of:
        if batch.cps and calls:
            Batch.objects.filter(pk=batch.pk).update(next_slot_at=batch.next_slot_at)
    return claims
