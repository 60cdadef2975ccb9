"""Reviews of possible opt-outs: hold the numbers at once, until a person decides."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING

from django.contrib.admin.models import CHANGE, LogEntry
from django.db import transaction

from batchcalls import queue
from batchcalls.access import audit
from batchcalls.batches import suppressing
from batchcalls.batches.suppressing import NewEntry
from batchcalls.database import clock
from batchcalls.database.bulk import insert_each
from batchcalls.models import (
    AuditAction,
    Batch,
    CallResult,
    OptOutDecision,
    OptOutReview,
    Recipient,
)
from batchcalls.states import RECIPIENT_CLAIMABLE
from campaigns.models import Ban, Suppression, SuppressionSource
from campaigns.opt_outs_heard import Heard

if TYPE_CHECKING:
    from django.contrib.auth.models import User

_FIELDS = ("call_id", "e164", "heard", "language", "created_at")


class AlreadyDecided(Exception):
    """Somebody has decided this review."""


@transaction.atomic(savepoint=False)
def open_reviews(heard: Mapping[CallResult, Heard]) -> int:
    """Hold the numbers of calls in which an opt-out may have been heard; return how many are new.

    Numbers that are listed for good are not reviewed. Safe to repeat: a call has one review.
    """
    now = clock.now()
    good = Suppression.objects.entries().filter(campaign=None, expires_at=None)
    listed = good.bans_among((call.to_number for call in heard), now=now)
    new = {call: what for call, what in heard.items() if not listed.on(call.to_number, None)}
    if not new:
        return 0
    holds = [
        NewEntry(
            e164=call.to_number,
            source=SuppressionSource.CALL,
            reason=f"May have opted out: “{what.text}”",
            call_id=call.call_id,
            is_hold=True,
        )
        for call, what in new.items()
    ]
    suppressing.add(holds)
    # A hold that was there already may end by a decision about an earlier call, made just now.
    kept = {hold.e164 for hold in _locked_holds({hold.e164 for hold in holds})}
    if lost := [hold for hold in holds if hold.e164 not in kept]:
        suppressing.add(lost)
    rows = [(call.pk, call.to_number, what.text, what.language, now) for call, what in new.items()]
    return insert_each(OptOutReview, _FIELDS, rows, ignore_conflicts=True)


@transaction.atomic
def decide(review: OptOutReview, decision: OptOutDecision, *, actor: User) -> None:
    """Put a number on the do-not-call list, or let it be called again.

    An opt-out also decides the other reviews of the number. Otherwise the number stays held while
    one of them is pending. Raise `AlreadyDecided`.
    """
    # A call that ends now adds a review before this lock, or its hold after it.
    holds = _locked_holds([review.e164])
    # One lock for all reviews of a number, so that the last of two decisions ends the hold.
    pending = OptOutReview.objects.pending().filter(e164=review.e164)
    locked = {one.pk: one for one in pending.select_for_update().order_by("pk")}
    if review.pk not in locked:
        raise AlreadyDecided(f"The call to {review.e164} has already been reviewed.")
    opted_out = decision == OptOutDecision.OPTED_OUT
    decided = locked if opted_out else {review.pk: review}
    OptOutReview.objects.filter(pk__in=decided).update(
        decision=decision, decided_at=clock.now(), decided_by=actor
    )
    review.refresh_from_db()
    if opted_out:
        entry = NewEntry(
            e164=review.e164,
            source=SuppressionSource.CALL,
            reason=f"Opted out: “{review.heard}”",
            call_id=review.call.call_id,
        )
        suppressing.add([entry], actor=actor)
    _note(next(iter(holds), None), decision, review, actor)
    audit.record(
        AuditAction.DECIDED,
        review,
        before={"decision": ""},
        after={"decision": decision},
        count=len(decided),
        number=review.e164,
        actor=actor,
    )
    if len(decided) == len(locked):
        Suppression.objects.filter(pk__in=[hold.pk for hold in holds]).delete()
        _wake({review.e164})


def _locked_holds(numbers: Collection[str]) -> list[Suppression]:
    """Lock the holds of numbers for the rest of the transaction, in the order of the numbers."""
    holds = Suppression.objects.holds().filter(e164__in=numbers).order_by("e164", "pk")
    return list(holds.select_for_update())


def _note(
    hold: Suppression | None, decision: OptOutDecision, review: OptOutReview, actor: User
) -> None:
    if hold is not None:
        message = f"Reviewed: {decision.label.lower()}. Heard: “{review.heard}”"
        LogEntry.objects.log_actions(actor.pk, [hold], CHANGE, message, single_object=True)


def _wake(numbers: Iterable[str]) -> None:
    """Let waiting rows with these numbers be checked again now."""
    batches = dict(Batch.objects.calling().order_by().values_list("pk", "account_id"))
    waiting = Recipient.objects.filter(
        batch__in=batches,
        e164__in=numbers,
        status__in=RECIPIENT_CLAIMABLE,
        reason_code=Ban.HELD.code,
    )
    woken = set(waiting.order_by().values_list("batch_id", flat=True))
    waiting.update(due_at=clock.now())
    for account_id in sorted({batches[batch] for batch in woken}):
        queue.ring(queue.DISPATCH_TICK, account_id)
