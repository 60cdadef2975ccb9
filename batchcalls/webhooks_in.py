"""Where providers send their events: verified, stored once, answered; applied by the engine."""

from __future__ import annotations

import time

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from batchcalls import inbox, queue
from batchcalls.models import VoiceAccount
from batchcalls.voice.base import VoiceProvider
from batchcalls.voice.errors import OptionsInvalid, WebhookRefused, WebhookUnreadable

log = structlog.get_logger(__name__)

#: While nobody works on an account, its webhooks ring for a worker no more often than this.
RING_SECONDS = 1.0
_rung_at: dict[int, float] = {}
#: Webhooks come in crowds: each of them would ask for the same account.
REMEMBER_SECONDS = 1.0
_accounts: dict[int, tuple[float, VoiceAccount, VoiceProvider]] = {}


@csrf_exempt
@require_POST
def receive(request: HttpRequest, account_id: int) -> HttpResponse:
    """Store one webhook of a voice account's provider and say so in milliseconds.

    204 stored, or stored before; 400 not what the provider documents; 403 not certainly the
    provider's; 404 no such account; 413 too large. Nothing that is refused is stored.
    """
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdigit() or int(length) > settings.MAX_WEBHOOK_BYTES:
        return _refuse(413, f"At most {settings.MAX_WEBHOOK_BYTES:,} bytes are taken.")
    headers = {name.lower(): value for name, value in request.headers.items()}
    try:
        account, provider = _account(account_id)
        payload = provider.read_webhook(headers, request.body)
        event = provider.event_of(payload)
    except VoiceAccount.DoesNotExist:
        return _refuse(404, "There is no such voice account.")
    except (WebhookRefused, OptionsInvalid) as error:
        log.warning("webhook.refused", account_id=account_id, why=str(error))
        return _refuse(403, "The webhook is not certainly the provider's.")
    except WebhookUnreadable as error:
        log.warning("webhook.unreadable", account_id=account_id, why=str(error))
        return _refuse(400, str(error))
    inbox.keep(account.pk, event, payload, now=timezone.now())
    _wake_a_worker(account)
    return HttpResponse(status=204)


def _account(account_id: int) -> tuple[VoiceAccount, VoiceProvider]:
    """Return an account and its adapter as they were a second ago at most.

    Raise `VoiceAccount.DoesNotExist` or `OptionsInvalid`.
    """
    now = time.monotonic()
    known = _accounts.get(account_id)
    if known is None or now - known[0] > REMEMBER_SECONDS:
        account = VoiceAccount.objects.get(pk=account_id)
        known = _accounts[account_id] = (now, account, account.voice_provider())
    return known[1], known[2]


def _refuse(status: int, sentence: str) -> HttpResponse:
    return HttpResponse(f"{sentence}\n", status=status, content_type="text/plain")


def _wake_a_worker(account: VoiceAccount) -> None:
    """Ring when nobody holds the account's lease; whoever holds it looks by itself."""
    if account.lease_until is not None and account.lease_until > timezone.now():
        return
    now = time.monotonic()
    if now - _rung_at.get(account.pk, -RING_SECONDS) >= RING_SECONDS:
        _rung_at[account.pk] = now
        queue.ring(queue.DISPATCH_TICK, account.pk)
