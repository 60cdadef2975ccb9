"""Calls in a provider's list that the database does not know."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from batchcalls.calling.reconcile import ASKING_THREADS
from batchcalls.models import Batch, CallResult, Recipient, VoiceAccount
from batchcalls.voice.base import ListedCall, Origin, VoiceProvider
from batchcalls.voice.errors import VoiceError

#: Numbers or ids in one query.
GROUP = 500


def among(account: VoiceAccount, listed: Sequence[ListedCall]) -> list[ListedCall]:
    """Return the listed calls that we do not know."""
    known = {
        provider_id
        for ids in _groups([call.provider_call_id for call in listed])
        for provider_id in CallResult.objects.filter(
            account=account, provider_call_id__in=ids
        ).values_list("provider_call_id", flat=True)
    }
    return [call for call in listed if call.provider_call_id not in known]


def to_our_recipients(
    account: VoiceAccount, provider: VoiceProvider, new: Sequence[ListedCall]
) -> list[tuple[ListedCall, Origin | VoiceError]]:
    """Return the calls to recipients of the account's batches, and who placed them."""
    ours = _numbers_among(account, {call.to for call in new})
    asked = [call for call in new if call.to in ours]
    with ThreadPoolExecutor(ASKING_THREADS) as threads:
        origins = list(threads.map(lambda call: _origin(provider, call), asked))
    return list(zip(asked, origins, strict=True))


def _origin(provider: VoiceProvider, call: ListedCall) -> Origin | VoiceError:
    """Ask who placed a call; runs in a thread."""
    try:
        return provider.origin_of(call.provider_call_id)
    except VoiceError as error:
        return error


def _numbers_among(account: VoiceAccount, numbers: set[str]) -> set[str]:
    """Return the numbers that some recipient of the account's batches has."""
    batches = list(Batch.objects.filter(account=account).order_by().values_list("pk", flat=True))
    return {
        number
        for group in _groups(sorted(numbers))
        for number in Recipient.objects.filter(batch__in=batches, e164__in=group)
        .order_by()
        .values_list("e164", flat=True)
    }


def _groups(values: Sequence[str]) -> Iterator[Sequence[str]]:
    for first in range(0, len(values), GROUP):
        yield values[first : first + GROUP]
