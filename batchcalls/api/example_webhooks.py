"""What comes back about webhooks, by the names of the operations."""

from __future__ import annotations

from typing import Any

_ID = "6f1d3c52-2f0e-4e6a-9a57-0d5e5d1c9b10"
_WHEN = "2026-11-24T09:00:00Z"
ENDPOINT = {
    "url": "https://crm.example.com/calls",
    "description": "The CRM",
    "events": ["call.finished"],
}
_ENDPOINT = {
    "id": _ID,
    **ENDPOINT,
    "campaign": None,
    "batch": None,
    "format": "standard",
    "enabled": True,
    "disabled_at": None,
    "disabled_reason": "",
    "consecutive_failures": 0,
    "failing_since": None,
    "last_delivered_at": _WHEN,
    "created_at": _WHEN,
}
_SECRET = {"secret": "whsec_c2VjcmV0IG9mIGFuIGV4YW1wbGUsIG5vdCBhIHJlYWwgb25l"}
_DELIVERY = {
    "id": 7,
    "event_id": "0d5e5d1c-9b10-4e6a-9a57-6f1d3c522f0e",
    "event_type": "call.finished",
    "endpoint": _ID,
    "url": ENDPOINT["url"],
    "format": "standard",
    "batch": _ID,
    "call": _ID,
    "status": "pending",
    "attempts": 1,
    "last_status": 503,
    "last_error": "",
    "next_attempt_at": _WHEN,
    "give_up_at": _WHEN,
    "created_at": _WHEN,
    "ended_at": None,
}
_TRY = {
    "number": 1,
    "kind": "first",
    "at": _WHEN,
    "duration_ms": 84,
    "response_status": 503,
    "response_excerpt": "Later, please.",
    "error": "",
}

WEBHOOKS: dict[str, Any] = {
    "webhook_endpoints_list": _ENDPOINT,
    "webhook_endpoints_retrieve": _ENDPOINT,
    "webhook_endpoints_create": _ENDPOINT,
    "webhook_endpoints_partial_update": {**_ENDPOINT, "enabled": False, "disabled_at": _WHEN},
    "webhook_endpoints_secret": _SECRET,
    "webhook_endpoints_rotate": _SECRET,
    "webhook_endpoints_test": {**_DELIVERY, "event_type": "webhook.test", "call": None},
    "webhook_deliveries_list": _DELIVERY,
    "webhook_deliveries_retrieve": {**_DELIVERY, "body": "{…}", "tries": [_TRY]},
    "webhook_deliveries_resend": _DELIVERY,
}
