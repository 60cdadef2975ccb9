"""The recent attempts to numbers, in all batches, for the caps of `campaigns.caps`.

Attempts through accounts that ring people and simulated ones are counted separately.
"""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection

from batchcalls.models import CallResult, ErasedNumber, VoiceAccount
from batchcalls.states import CallStatus
from campaigns import pseudonyms, same_phone
from campaigns.caps import Attempt
from campaigns.vocabulary import AnsweredBy

#: First key of PostgreSQL's advisory locks on numbers; the second is the number's hash.
_LOCKS = 0x63617073

_NEEDED = (
    *("to_number", "claimed_at", "sent_at", "ended_at"),
    *("status", "answered_by", "answered_at"),
)

Attempts = dict[str, list[Attempt]]


@dataclass(frozen=True, slots=True)
class Recent:
    """Attempts by phone, and when recipients were called who may not be called at that hour."""

    attempts: Mapping[str, list[Attempt]] = field(default_factory=dict)
    called_at: Mapping[int, list[datetime]] = field(default_factory=dict)

    def to(self, e164: str) -> Sequence[Attempt]:
        """Return the attempts to a number, and to others that reach the same phone."""
        return self.attempts.get(same_phone.key_of(e164), ())


def lock(numbers: Collection[str]) -> None:
    """Let no other claim count these numbers until the transaction ends.

    PostgreSQL locks a hash of each number, always in the same order. SQLite needs no lock: a
    transaction that writes is alone from its beginning.
    """
    if connection.vendor != "postgresql" or not numbers:
        return
    phones = {same_phone.key_of(number) for number in numbers}
    keys = sorted({zlib.crc32(phone.encode()) - 2**31 for phone in phones})
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(%s, key) FROM unnest(%s::int[]) AS key", [_LOCKS, keys]
        )


def of(
    numbers: Collection[str], account: VoiceAccount, *, longest: timedelta, now: datetime
) -> Attempts:
    """Return the attempts to each phone in the time before now, through accounts of this kind.

    Phones are named by `same_phone.key_of`.
    """
    found: Attempts = defaultdict(list)
    if not numbers or not longest:
        return found
    # An attempt counts from when it was sent, which may be this long after its claim.
    since = now - longest - timedelta(seconds=settings.SEND_WITHIN_SECONDS)
    calls = CallResult.objects.that_may_have_rung(like=account, since=since)
    key_of = {one: same_phone.key_of(one) for n in numbers for one in same_phone.spellings_of(n)}
    key_of |= _pseudonyms_of(key_of.values())
    for call in calls.filter(to_number__in=key_of).order_by().only(*_NEEDED):
        attempt = Attempt(call.latest_sent_at, _is_answered(call), under_way=call.ended_at is None)
        found[key_of[call.to_number]].append(attempt)
    return found


def _pseudonyms_of(phones: Iterable[str]) -> dict[str, str]:
    """Return the pseudonyms under which erased calls to phones are stored, with their phones."""
    if settings.KEEP_NUMBERS_DAYS is None and not ErasedNumber.objects.exists():
        return {}
    return {name: phone for phone in phones for name in pseudonyms.pseudonyms_of(phone)}


def times_of(recipients: Collection[int]) -> dict[int, list[datetime]]:
    """Return when each recipient was called so far."""
    found: dict[int, list[datetime]] = {}
    calls = CallResult.objects.counted().filter(recipient__in=recipients).order_by()
    for recipient, sent_at, claimed_at in calls.values_list("recipient", "sent_at", "claimed_at"):
        found.setdefault(recipient, []).append(sent_at or claimed_at)
    return found


def _is_answered(call: CallResult) -> bool:
    if call.answered_by in {AnsweredBy.VOICEMAIL, AnsweredBy.NO_ANSWER}:
        return False
    return call.answered_at is not None or call.status == CallStatus.COMPLETED
