"""The reports of finished calls: their log, resending, and reporting to another URL."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError
from django.http import JsonResponse

from batchcalls.access import audit
from batchcalls.access.permissions import Need
from batchcalls.blandapi import known_calls
from batchcalls.blandapi.errors import Refused, invalid, not_found
from batchcalls.blandapi.views import Action, Asked, door
from batchcalls.database import clock
from batchcalls.models import (
    AttemptKind,
    CallResult,
    Scope,
    WebhookDelivery,
    WebhookEvent,
    WebhookFormat,
)
from batchcalls.webhooks import outbox, targets
from campaigns.allowed_hosts import AllowedHost, refused_url
from campaigns.call_settings.sensitivity import Sensitivity
from campaigns.setting_permissions import PERMISSIONS

READ = Need(Scope.WEBHOOKS_READ, "batchcalls.view_callresult", "batchcalls.view_webhookdelivery")
SEND = Need(Scope.WEBHOOKS_WRITE, "batchcalls.view_callresult", "batchcalls.resend_webhookdelivery")
#: For operations that return the conversation of a call, or send it elsewhere.
CONVERSATIONS = Need(Scope.CALLS_READ, "batchcalls.view_callresult")
#: For sending conversations to an address of the client's choice.
ADDRESS = Need(None, PERMISSIONS[Sensitivity.DATA])
MOST_CALLS = 1_000
#: The API's words for the kinds of attempts.
_SEND_TYPES = {
    AttemptKind.FIRST: "spawn",
    AttemptKind.RETRY: "spawn",
    AttemptKind.RESEND: "resend",
}


def _log(asked: Asked, call_id: str) -> JsonResponse:
    """Return the report of a call, and each attempt to send it."""
    CONVERSATIONS.require(asked.key)
    call = _call(call_id)
    delivery = _delivery_of(call)
    audit.viewed([call])
    attempts = [
        {
            "sent_at": clock.text_of(attempt.at),
            "response_code": attempt.response_status,
            "response_time": f"{attempt.duration_ms}ms",
            "send_type": _SEND_TYPES.get(AttemptKind(attempt.kind), "spawn"),
        }
        for attempt in delivery.tries.order_by("number", "pk")
    ]
    data = {
        "payload": json.loads(delivery.body),
        "url": delivery.target,
        "call_id": call_id,
        "user_id": str(asked.actor.pk),
        "created_at": clock.text_of(delivery.created_at),
        "metadata": attempts,
    }
    return JsonResponse({"data": data, "errors": None})


def _resend(asked: Asked) -> JsonResponse:
    """Resend the reports of calls, byte for byte."""
    return _for_each_call(asked, lambda call: outbox.resend(_delivery_of(call)))


def _create(asked: Asked) -> JsonResponse:
    """Report calls to a URL that has not received them yet."""
    CONVERSATIONS.require(asked.key)
    ADDRESS.require(asked.key)
    url = asked.body.get("webhook_url")
    if not isinstance(url, str) or not url.strip():
        raise invalid("Missing required parameter: webhook_url.")
    try:
        targets.require(url)
    except ValidationError as error:
        raise invalid(f"webhook_url: {' '.join(error.messages)}") from error
    if refused := refused_url(url, AllowedHost.objects.current(), path="webhook_url"):
        raise invalid(refused.message)
    return _for_each_call(asked, lambda call: outbox.report(call, url))


def _for_each_call(asked: Asked, act: Callable[[CallResult], Any]) -> JsonResponse:
    """Act on each call in the request, and report the calls where that failed."""
    ids = asked.body.get("call_ids")
    if not isinstance(ids, list) or not ids or not all(isinstance(one, str) for one in ids):
        raise invalid("call_ids must be an array of call ids.")
    if len(ids) > MOST_CALLS:
        raise invalid(f"call_ids has {len(ids):,} ids; {MOST_CALLS:,} are allowed.")
    sent, wrong = [], []
    for call_id in dict.fromkeys(ids):
        try:
            act(_call(call_id))
        except (outbox.CannotSend, Refused) as error:
            code = error.code if isinstance(error, Refused) else "CANNOT_SEND"
            wrong.append((code, f"{call_id[:60]}: {error}"))
        else:
            sent.append(call_id)
    if not sent:
        raise Refused(400, wrong[0][0], wrong[0][1], errors=wrong)
    errors = [{"error": code, "message": text} for code, text in wrong]
    data = {"message": f"{len(sent)} reports are sent.", "call_ids": sent}
    return JsonResponse({"status": "success", "data": data, "errors": errors or None})


def _call(call_id: str) -> CallResult:
    found = known_calls.find(call_id)
    if not isinstance(found, CallResult):
        raise not_found("webhook")
    return found


def _delivery_of(call: CallResult) -> WebhookDelivery:
    """Return the report of a call: to its own URL, otherwise to an endpoint of the same format."""
    sent = WebhookDelivery.objects.filter(call=call, event_type=WebhookEvent.CALL_FINISHED)
    reports = list(sent.select_related("endpoint").order_by("pk"))
    reports.sort(key=lambda one: (one.endpoint_id is not None, one.format != WebhookFormat.BLAND))
    if not reports:
        raise Refused(404, "WEBHOOK_NOT_FOUND", "This call has no reports.")
    return reports[0]


log = door(GET=Action(view=_log, need=READ))
resend = door(POST=Action(view=_resend, need=SEND))
create = door(POST=Action(view=_create, need=SEND, once=True))
