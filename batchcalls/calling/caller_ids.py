"""Choose the number that a call is placed from.

The ``from`` of the row or of its batch is used, if it may be. Otherwise the account's caller IDs
are used in turn: those with the recipient's area code first, then those of its state, then of its
country, then all. A retry keeps its caller ID. One at its daily cap waits until the cap allows
another call.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final

from django.db.models import F

from batchcalls.calling.caller_id_use import Use
from batchcalls.models import Batch, CallResult, Recipient, VoiceAccount
from campaigns.countries import Permitted
from campaigns.numbering_plans import reach_abroad
from campaigns.places import jurisdictions

OWN_NUMBER, SWITCHED_OFF = "caller_id_is_recipient", "caller_id_off"
AT_CAP, NONE_ON = "caller_id_at_cap", "caller_ids_off"
CODES = (OWN_NUMBER, SWITCHED_OFF, AT_CAP, NONE_ON)
#: A person switches caller IDs on, so rows that wait for it are checked this often.
CHECK_AGAIN_AFTER = timedelta(hours=1)

_AMERICAN: Final = re.compile(r"\+1([2-9]\d\d)\d{7}", re.ASCII)
SAME_AS_RECIPIENT: Final = (
    "The caller ID is the recipient’s own number. Choose another caller ID for this call."
)
_ALL: Final = ("next in turn", "")


@dataclass(frozen=True, slots=True)
class Chosen:
    """The number to call from, blank if the provider chooses, and why it was chosen."""

    e164: str
    message: str


@dataclass(frozen=True, slots=True)
class Unavailable:
    """Why there is no number to call from: for good, or until ``due_at``."""

    code: str
    message: str
    due_at: datetime | None = None


class CallerIds:
    """The caller IDs of an account for one claim of some recipients."""

    def __init__(
        self, account: VoiceAccount, recipients: Iterable[Recipient], *, now: datetime
    ) -> None:
        rows = list(account.caller_ids.order_by(F("used_at").asc(nulls_first=True), "pk"))
        permitted = account.permitted
        self._now = now
        # Who is called from their own number hears their own voicemail. Simulated calls may be.
        self._dials_people = account.dials_people
        self._on = [row for row in rows if row.enabled and _may_use(permitted, row.e164)]
        self._off = {row.e164 for row in rows} - {row.e164 for row in self._on}
        self._use = Use(account, self._on, now=now)
        self._numbers = {row.e164: one for one, row in enumerate(self._on)}
        again = [one.pk for one in recipients if one.attempts] if self._on else []
        self._before = _last_caller_ids(again)
        self._members = self._group()
        self._queues: dict[tuple[str, str], list[tuple[int, int]]] = {}

    def choose(self, recipient: Recipient, own: str) -> Chosen | Unavailable:
        """Choose a number for a call; ``own`` is the one that its row or batch asks for."""
        if own:
            return self._own(recipient, own)
        if not self._on and not self._off:
            return Chosen("", "chosen by the provider")
        if not self._on:
            message = (
                "All caller IDs of the voice account are switched off or in countries that it may "
                "not call. Switch one on, or choose another caller ID for the batch."
            )
            return Unavailable(NONE_ON, message, self._now + CHECK_AGAIN_AFTER)
        same = self._numbers.get(self._before.get(recipient.pk, ""))
        if same is not None and self._may_call(same, recipient) and not self._use.is_full(same):
            return self._take(same, "the same as before")
        for likeness in (*_likenesses(recipient.e164, recipient.region), _ALL):
            if likeness not in self._members:
                continue
            if likeness not in self._queues:
                self._queues[likeness] = self._use.queue(self._members[likeness])
            queue = self._queues[likeness]
            found = self._use.first(queue, lambda one: self._may_call(one, recipient))
            if found is not None:
                return self._take(found, likeness[0])
        return self._none_for(recipient)

    def store(self) -> None:
        """Store the use of the caller IDs that were chosen."""
        self._use.store()

    def _group(self) -> Mapping[tuple[str, str], Collection[int]]:
        """Return the caller IDs by each likeness to a recipient that they may have."""
        members: dict[tuple[str, str], list[int]] = defaultdict(list)
        members[_ALL] = list(range(len(self._on)))
        for one, row in enumerate(self._on):
            for likeness in _likenesses_of_caller_id(row.e164):
                members[likeness].append(one)
        return dict(members)

    def _own(self, recipient: Recipient, own: str) -> Chosen | Unavailable:
        if self._dials_people and own == recipient.e164:
            return Unavailable(OWN_NUMBER, SAME_AS_RECIPIENT)
        if own in self._off:
            return Unavailable(SWITCHED_OFF, why_off(own))
        one = self._numbers.get(own)
        if one is None:
            return Chosen(own, f"from {own}: set for this call")
        if self._use.is_full(one):
            row = self._on[one]
            message = f"{own} is at its daily cap of {row.daily_cap:,} calls."
            return Unavailable(AT_CAP, message, row.full_until)
        return self._take(one, "set for this call")

    def _take(self, one: int, why: str) -> Chosen:
        number = self._on[one].e164
        return Chosen(number, f"from {number}: {why}{self._use.take(one)}")

    def _may_call(self, one: int, recipient: Recipient) -> bool:
        return not self._dials_people or self._on[one].e164 != recipient.e164

    def _none_for(self, recipient: Recipient) -> Unavailable:
        usable = [row for one, row in enumerate(self._on) if self._may_call(one, recipient)]
        if not usable:
            return Unavailable(OWN_NUMBER, SAME_AS_RECIPIENT)
        message = (
            "All caller IDs of the voice account are at their daily caps. Add caller IDs or raise "
            "a cap to call sooner."
        )
        free_at = min(row.full_until for row in usable if row.full_until)
        return Unavailable(AT_CAP, message, free_at)


def own_of(batch: Batch, recipient: Recipient) -> str:
    """Return the caller ID that a row or its batch asks for; the row's comes first."""
    return str(recipient.call_settings.get("from") or batch.call_settings.get("from") or "")


def why_off(e164: str) -> str:
    """Return why a caller ID of an account cannot be used, and what to do."""
    return (
        f"The caller ID {e164} is switched off, or in a country that the voice account may not "
        "call. Switch it on, or choose another one."
    )


def _likenesses(e164: str, region: str) -> Iterator[tuple[str, str]]:
    """Yield what a number may have in common with a caller ID, the best first."""
    if match := _AMERICAN.fullmatch(e164):
        yield "same area code", match[1]
    for place in jurisdictions.of_number(e164, region):
        if "-" in place:
            yield "same state", place
    if region:
        yield "same country", region


@lru_cache(maxsize=16_384)
def _likenesses_of_caller_id(e164: str) -> tuple[tuple[str, str], ...]:
    found = reach_abroad(e164.removeprefix("+"))
    return tuple(_likenesses(e164, found.region if found else ""))


@lru_cache(maxsize=16_384)
def _is_permitted(permitted: Permitted, e164: str) -> bool:
    return permitted.check(e164) is None


def _may_use(permitted: Permitted | None, e164: str) -> bool:
    return permitted is None or _is_permitted(permitted, e164)


def _last_caller_ids(recipients: Collection[int]) -> dict[int, str]:
    """Return the caller ID of each recipient's last call."""
    if not recipients:
        return {}
    calls = CallResult.objects.filter(recipient__in=recipients).order_by("attempt")
    return dict(calls.values_list("recipient", "from_number"))
