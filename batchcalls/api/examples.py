"""What is sent and what comes back, by the names of the operations."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample

from batchcalls.api.example_answers import (
    CAMPAIGN,
    NUMBER,
    PATHWAY,
    RESPONSES,
    SETTINGS,
    TOOL,
)
from batchcalls.api.example_webhooks import ENDPOINT

#: Bodies that are sent, by the operation.
REQUESTS: dict[str, Any] = {
    "batches_create": {
        "name": "October reminders",
        "prompt": "Remind {{name}} of {{date}}.",
        "call_settings": SETTINGS,
        "recipients": [
            {
                "phone_number": NUMBER,
                "request_data": {"name": "Emily", "date": "July 12"},
                "metadata": {"crm_id": "A-17"},
                "voice": "Derek",
            },
            {"phone_number": "+12025550124", "request_data": {"name": "Noah", "date": "July 13"}},
        ],
        "launch": True,
    },
    "batches_partial_update": {"name": "November reminders"},
    "batches_rows": {
        "recipients": [
            {"phone_number": "+12025550125", "request_data": {"name": "Zoe", "date": "July 14"}}
        ]
    },
    "batches_cancel": {"hang_up": True},
    "batches_clone": {"with_list": True},
    "batches_retry": {"outcomes": ["not_reached", "voicemail"]},
    "campaigns_create": CAMPAIGN,
    "campaigns_partial_update": {"call_settings": {"voice": "Derek"}},
    "pathways_create": PATHWAY,
    "pathways_partial_update": {"version": "2"},
    "tools_create": TOOL,
    "tools_partial_update": {"name": "Calendar of the shop"},
    "webhook_endpoints_create": ENDPOINT,
    "webhook_endpoints_partial_update": {"enabled": False},
    "do_not_call_create": [
        {"phone_number": NUMBER, "reason": "Asked not to be called."},
        {"phone_number": "+12025550124"},
    ],
}


def examples_of(operation: str) -> list[OpenApiExample]:
    """Return the examples of an operation."""
    found = []
    if operation in REQUESTS:
        sent = REQUESTS[operation]
        found.append(OpenApiExample("Request", sent, request_only=True))
    if operation in RESPONSES:
        codes = ["200", "201", "202"]
        shown = RESPONSES[operation]
        found.append(
            OpenApiExample(
                "Answer",
                shown,
                response_only=True,
                status_codes=codes,
                media_type="text/csv" if isinstance(shown, str) else "application/json",
            )
        )
    return found
