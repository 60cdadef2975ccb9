"""After a silence, ask the providers for newer calls of ours before anyone is dialed.

A database that was restored on a new host, or along with its host, cannot be told from one whose
workers were off. Only the providers know: they list calls that the database never placed.
"""

from __future__ import annotations

from datetime import datetime

import structlog

from batchcalls.batches import epochs
from batchcalls.calling import unknown_calls
from batchcalls.models import CallResult, VoiceAccount
from batchcalls.states import BATCH_CALLING, BATCH_RESUMABLE
from batchcalls.voice.base import CannotTell, Origin
from batchcalls.voice.errors import OptionsInvalid, VoiceError

log = structlog.get_logger(__name__)


def confirm() -> None:
    """Confirm the epoch; after a silence, stop all calling if the database may be a backup.

    If a provider cannot tell, the number beside the database decides: a host that keeps none may
    be new, with a backup on it.
    """
    since = epochs.silent_since()
    if since is None:
        epochs.confirm()
        return
    verdicts = {_has_newer_calls(account, since=since) for account in _accounts()}
    log.warning("silence.checked", since=since.isoformat(), newer_calls=sorted(map(str, verdicts)))
    if True in verdicts or (None in verdicts and not epochs.is_kept()):
        epochs.declare_restored(since=since)
    else:
        epochs.confirm(is_checked=True)


def _accounts() -> list[VoiceAccount]:
    """Return the accounts whose batches may continue to call people."""
    continuing = VoiceAccount.objects.filter(batches__status__in=BATCH_CALLING | BATCH_RESUMABLE)
    return [account for account in continuing.distinct() if account.dials_people]


def _has_newer_calls(account: VoiceAccount, *, since: datetime) -> bool | None:
    """Return whether the provider has calls of ours that we do not know; None if unknown."""
    try:
        provider = account.voice_provider()
        listed = provider.list_calls(since=since, until=since)
    except (VoiceError, OptionsInvalid) as error:
        log.warning("silence.cannot_ask", account_id=account.pk, error=str(error))
        return None
    if isinstance(listed, CannotTell):
        return None
    new = unknown_calls.among(account, listed)
    origins = [origin for _, origin in unknown_calls.to_our_recipients(account, provider, new)]
    ids = (one.correlation_id for one in origins if isinstance(one, Origin))
    ours = {call_id for call_id in ids if call_id}
    if ours - set(CallResult.objects.filter(call_id__in=ours).values_list("call_id", flat=True)):
        return True
    is_clear = all(isinstance(one, Origin) and one.is_known for one in origins)
    return False if is_clear else None
