"""After the database was restored from a backup: find the calls that it does not know.

1. Each provider lists the calls since the backup.
2. A call with one of our ids is attached to its attempt. If the attempt is lost, it is stored anew
   with its recipient, who then counts as called, and its result is fetched from the provider.
3. If a provider cannot list its calls, all recipients who were waiting to be called become
   unconfirmed, and a person decides for each batch (`restored_rows`).

Everything may be repeated: a call that is known is skipped.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import Exists, Max, OuterRef

from batchcalls.batches import spending
from batchcalls.batches.halts import RESTORED
from batchcalls.calling import forgotten, recording, restored_rows, ticks, unknown_calls
from batchcalls.database import clock
from batchcalls.models import Batch, BatchEvent, CallResult, EmergencyStop, Recipient, VoiceAccount
from batchcalls.states import CALL_UNANSWERED, RecipientStatus
from batchcalls.voice.base import CallAccepted, CannotTell, ListedCall, Origin, VoiceProvider
from batchcalls.voice.errors import OptionsInvalid, VoiceError

log = structlog.get_logger(__name__)

#: How long to follow the calls that were live in the backup before looking for later ones.
FOLLOW_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """The sentence about one account; ``done`` is False if it must be asked again."""

    text: str
    done: bool = True


#: A listed call and what it says about who placed it.
Found = tuple[ListedCall, Origin]


def reconcile(stop: EmergencyStop, *, give_up: bool = False) -> list[Outcome]:
    """Find the calls since the backup, account by account; call nobody.

    The stop is reconciled when every account is. With ``give_up``, recipients of accounts that
    cannot be asked become unconfirmed, as if their provider could not list calls.
    """
    outcomes = []
    used = Exists(Batch.objects.filter(account=OuterRef("pk")))
    for account in VoiceAccount.objects.filter(used).order_by("name"):
        outcome = _reconcile(account, stop, give_up=give_up)
        log.info("restored.account", account_id=account.pk, done=outcome.done, text=outcome.text)
        outcomes.append(Outcome(f"{account}: {outcome.text}", outcome.done))
    is_done = all(outcome.done for outcome in outcomes)
    EmergencyStop.objects.restored().filter(pk=stop.pk, restored_from=stop.restored_from).update(
        reconciliation=[outcome.text for outcome in outcomes] or ["No batch exists."],
        reconciled_at=clock.now() if is_done else None,
    )
    return outcomes


def _reconcile(account: VoiceAccount, stop: EmergencyStop, *, give_up: bool) -> Outcome:
    # A call that was live in the backup may have ended in a retry, which is among the later ones.
    ticks.tick_account(account.pk, seconds=FOLLOW_SECONDS)
    since = stop.restored_from or stop.stopped_at
    try:
        provider = account.voice_provider()
        listed = provider.list_calls(since=since, until=stop.stopped_at)
        if isinstance(listed, CannotTell):
            return Outcome(
                restored_rows.leave_unconfirmed(account, why=listed.reason, since=stop.stopped_at)
            )
        return _take_in(account, provider, listed)
    except (VoiceError, OptionsInvalid) as error:
        if give_up:
            return Outcome(
                restored_rows.leave_unconfirmed(account, why=str(error), since=stop.stopped_at)
            )
        return Outcome(f"{error} It has to be asked again.", done=False)


def _take_in(
    account: VoiceAccount, provider: VoiceProvider, listed: Sequence[ListedCall]
) -> Outcome:
    """Store what the provider knows and the database does not."""
    new = unknown_calls.among(account, listed)
    answers = unknown_calls.to_our_recipients(account, provider, new)
    found = [(call, origin) for call, origin in answers if isinstance(origin, Origin)]
    counts: Counter[str] = Counter()
    for batch_id, calls in _by_batch(account, found).items():
        with transaction.atomic():
            counts += _store(account, batch_id, calls, now=clock.now())
    errors = [origin for _, origin in answers if isinstance(origin, VoiceError)]
    text = (
        f"Calls since the backup found at the provider: {counts['calls']:,}. "
        f"Unconfirmed recipients: {counts['doubtful']:,}."
    )
    if others := len(new) - len(answers):
        text += (
            f" Calls to numbers in no batch here: {others:,}. They may be of batches launched "
            "after the backup. Look them up before you upload those lists again."
        )
    if errors:
        return Outcome(
            f"{text} Calls that could not be read: {len(errors):,}. {errors[0]}", done=False
        )
    return Outcome(text)


def _by_batch(account: VoiceAccount, found: Sequence[Found]) -> dict[UUID, list[Found]]:
    """Return the calls by batch, oldest first.

    A call that names its batch belongs to it. One that does not, or does not even say who placed
    it, may belong to any batch that has its number.
    """
    grouped: dict[UUID, list[Found]] = defaultdict(list)
    for call, origin in sorted(found, key=lambda one: one[0].created_at):
        if origin.is_known and origin.correlation_id is None:
            continue  # Somebody else placed it.
        rows = Recipient.objects.filter(batch__account=account, e164=call.to)
        if origin.correlation_id and origin.batch_id:
            rows = rows.filter(batch=origin.batch_id)
        elif origin.correlation_id:
            attempt = CallResult.objects.filter(account=account, call_id=origin.correlation_id)
            rows = rows.filter(batch__in=attempt.values("batch")) if attempt.exists() else rows
        for batch_id in rows.order_by().values_list("batch", flat=True).distinct():
            grouped[batch_id].append((call, origin))
    return grouped


def _store(
    account: VoiceAccount, batch_id: UUID, calls: Sequence[Found], *, now: datetime
) -> Counter[str]:
    """Attach or adopt a batch's calls in the caller's transaction; return how many of each."""
    Batch.objects.lock([batch_id])
    counts: Counter[str] = Counter()
    for call, origin in calls:
        mine = CallResult.objects.filter(account=account)
        if mine.filter(provider_call_id=call.provider_call_id).exists():
            continue
        call_id = origin.correlation_id
        attempt = mine.filter(call_id=call_id).first() if call_id else None
        if attempt and attempt.provider_call_id is None:
            accepted = CallAccepted(provider_call_id=call.provider_call_id, next_event_at=now)
            recording.record_accepted([(attempt, accepted)], now=now)
            counts["calls"] += 1
        elif attempt is None and (row := forgotten.recipient_of(batch_id, call.to)):
            if call_id and origin.batch_id:
                _adopt(row, account, call, call_id, now=now)
                counts["calls"] += 1
            else:
                reason = f"{RESTORED} The provider has a call to this number since: "
                counts["doubtful"] += restored_rows.doubt(row, f"{reason}{call.provider_call_id}.")
    if counts:
        BatchEvent.objects.create(
            batch_id=batch_id,
            code="restored",
            message=f"{RESTORED} Calls since found at the provider: {counts['calls']:,}; "
            f"unconfirmed recipients: {counts['doubtful']:,}.",
        )
    return counts


def _adopt(
    row: Recipient, account: VoiceAccount, call: ListedCall, call_id: UUID, *, now: datetime
) -> None:
    """Store a lost attempt; its result is fetched next.

    An earlier attempt that is still unanswered was not placed, or this one would not exist. Later
    it would be found absent, and its recipient would be called again.
    """
    row.calls.filter(status__in=CALL_UNANSWERED, provider_call_id=None).delete()
    attempt = (row.calls.aggregate(latest=Max("attempt"))["latest"] or 0) + 1
    CallResult.objects.create(
        call_id=call_id,
        batch_id=row.batch_id,
        recipient=row,
        account=account,
        attempt=attempt,
        to_number=call.to,
        from_number=call.from_number,
        provider_call_id=call.provider_call_id,
        checks={"restored": f"{RESTORED} The provider had this call."},
        reserved=spending.most_of(account, row),
        claimed_at=call.created_at,
        placed_at=call.created_at,
        next_check_at=now,
    )
    Recipient.objects.filter(pk=row.pk).update(
        status=RecipientStatus.IN_CALL,
        outcome="",
        attempts=attempt,
        called=True,
        due_at=None,
        reason_code="",
        reason="",
    )
