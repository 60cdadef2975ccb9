"""What comes back, by the names of the operations."""

from __future__ import annotations

from typing import Any

from batchcalls.api.example_webhooks import WEBHOOKS

_ID = "6f1d3c52-2f0e-4e6a-9a57-0d5e5d1c9b10"
_AT = "https://calls.example.com/api/v1"
_WHEN = "2026-11-24T09:00:00Z"
NUMBER = "+12025550123"

_TOTALS = {
    "rows": 2,
    "called": 0,
    "reached": 0,
    "voicemail": 0,
    "not_reached": 0,
    "failed": 0,
    "skipped": 0,
    "unconfirmed": 0,
    "canceled": 0,
    "waiting": 2,
    "live": 0,
    "finished": 0,
}
_LINKS = {
    "self": f"{_AT}/batches/{_ID}",
    "recipients": f"{_AT}/batches/{_ID}/recipients",
    "events": f"{_AT}/batches/{_ID}/events",
    "progress": f"{_AT}/batches/{_ID}/progress",
    "dry_run": f"{_AT}/batches/{_ID}/dry-run",
    "rejected": f"{_AT}/batches/{_ID}/rejected",
    "results": f"{_AT}/batches/{_ID}/results",
    "settings": f"{_AT}/batches/{_ID}/settings",
    "calls": f"{_AT}/calls?batch={_ID}",
}
SETTINGS = {"voice": "June", "max_duration": 5}


def _batch(status: str, **fields: Any) -> dict[str, Any]:
    return {
        "id": _ID,
        "name": "October reminders",
        "status": status,
        "reason_code": "",
        "reason": "",
        "campaign": None,
        "account": 1,
        "region": "US",
        "duplicates": "call_once",
        "cps": None,
        "concurrency": None,
        "start_at": None,
        "row_count": None,
        "test_of": None,
        "created_by": "ada",
        "created_at": _WHEN,
        "launched_at": None,
        "ended_at": None,
        "totals": _TOTALS,
        "links": _LINKS,
        **fields,
    }


_RECIPIENT = {
    "id": 7,
    "row_number": 2,
    "raw_number": "202-555-0123",
    "e164": NUMBER,
    "region": "US",
    "time_zones": "America/New_York",
    "request_data": {"name": "Emily", "date": "July 12"},
    "metadata": {"crm_id": "A-17"},
    "call_settings": {"voice": "Derek"},
    "start_at": None,
    "status": "done",
    "outcome": "reached",
    "reason_code": "",
    "reason": "",
    "due_at": None,
    "attempts": 1,
}
_CALL = {
    "id": "0b0f2a7e-7d2c-4f0b-8f0c-1f8f4f3f2a11",
    "batch": _ID,
    "campaign": None,
    "recipient": 7,
    "row": 2,
    "account": 1,
    "attempt": 1,
    "to": NUMBER,
    "from": "+12025550100",
    "status": "completed",
    "answered_by": "human",
    "disposition": "COMPLETED_ACTION",
    "error_code": "",
    "error_message": "",
    "duration_seconds": 42,
    "price": "0.09900",
    "currency": "USD",
    "summary": "Emily confirmed July 12.",
    "provider_call_id": "sim-0b0f2a7e",
    "provider_status": "completed",
    "claimed_at": _WHEN,
    "placed_at": _WHEN,
    "answered_at": "2026-11-24T09:00:06Z",
    "ended_at": "2026-11-24T09:00:48Z",
    "recording": None,
}
_WHOLE_CALL = {
    **_CALL,
    "transcript": [{"speaker": "assistant", "text": "Good morning, is this Emily?"}],
    "variables": {"name": "Emily"},
    "extracted": {"confirmed": True},
    "request_data": {"name": "Emily", "date": "July 12"},
    "metadata": {"crm_id": "A-17"},
    "checks": {"do_not_call": "ok"},
    "said": {
        "prompt": "Remind Emily of July 12.",
        "pathway_id": "",
        "pathway_version": "",
        "call_settings": SETTINGS,
        "problem": "",
    },
}
CAMPAIGN = {
    "name": "Reminder",
    "purpose": "informational",
    "prompt": "Remind {{name}} of {{date}}.",
    "call_settings": SETTINGS,
}
PATHWAY = {"name": "Survey", "pathway_id": "pw-1", "version": "production"}
TOOL = {"name": "Calendar", "reference": "TL-1"}
_REJECTED = {
    "count": 1,
    "errors": [
        {
            "pointer": "/recipients/1",
            "row": 3,
            "raw_number": "123",
            "code": "too_short",
            "detail": "This number is too short.",
        }
    ],
    "url": _LINKS["rejected"],
}
_DRY_RUN = {
    "status": "ready",
    "is_done": True,
    "report": {
        "computed_at": _WHEN,
        "rows": 2,
        "now": 1,
        "later": {"count": 0, "first_at": None},
        "never": {},
        "skipped": {"too_short": 1},
        "duplicates": {"choice": "call_once", "rows": 0},
        "countries": {"US": 1},
        "time_zones": [{"zones": "America/New_York", "now": 1, "later": 0, "first_at": None}],
        "estimate": {
            "calls": [1, 1],
            "seconds": [45, 195],
            "cost": ["0.08", "0.38"],
            "currency": "USD",
        },
        "assumptions": ["Each recipient gets one call; 15 s of ringing before each answer."],
        "prompts": [{"row": 2, "number": NUMBER, "text": "Remind Emily of July 12."}],
        "problems": [],
    },
    "rejected": _REJECTED,
}
_ACCOUNT = {
    "id": 1,
    "name": "simulator",
    "provider": "simulator",
    "enabled": True,
    "dials_people": False,
    "caller_ids": ["+12025550100"],
    "cps": None,
    "concurrency": 1000,
    "live_calls": 0,
    "price_per_minute": "0.12000",
    "price_per_attempt": "0.01500",
    "currency": "USD",
    "created_at": _WHEN,
}
_POLICY = {
    "id": 1,
    "name": "Office hours",
    "description": "",
    "consent_required": "nobody",
    "calling_hours_restricted": True,
    "calling_windows": [{"weekday": 0, "opens_at": "09:00:00", "closes_at": "17:00:00"}],
    "blackout_dates": [{"date": "2026-12-25", "reason": "Christmas"}],
    "retry_rules": [{"outcome": "busy", "max_retries": 2, "wait_seconds": 600}],
    "created_at": _WHEN,
}
_ENTRY = {
    "id": 3,
    "phone_number": NUMBER,
    "reason": "Asked not to be called.",
    "source": "api",
    "created_at": _WHEN,
}
_TIMES = {"created_at": _WHEN, "updated_at": _WHEN}
_CAMPAIGN_SHOWN = {"id": 1, **CAMPAIGN, "pathway": None, "tools": [], "policy": None, **_TIMES}
_PATHWAY_SHOWN = {"id": 1, **PATHWAY, "description": "", "created_at": _WHEN}
_TOOL_SHOWN = {"id": 1, **TOOL, "description": "", "created_at": _WHEN}

#: Bodies that come back; of a list, one of its rows.

RESPONSES: dict[str, Any] = {
    "me_show": {
        "key": "crm",
        "prefix": "bc_Zk3TqY1",
        "owner": "ada",
        "scopes": ["batches:read", "batches:write", "batches:control"],
        "expires_at": None,
        "limits": {
            "requests_per_minute": 600,
            "body_bytes": 20_000_000,
            "file_bytes": 50_000_000,
            "rows": 1_000_000,
            "columns": 200,
        },
    },
    "batches_list": _batch("completed", row_count=2),
    "batches_retrieve": _batch("in_progress", row_count=2),
    "batches_create": {**_batch("initializing"), "dry_run": None},
    "batches_partial_update": _batch("draft", name="November reminders"),
    "batches_launch": _batch("initializing"),
    "batches_check": _batch("initializing"),
    "batches_rows": _batch("dispatching", row_count=2),
    "batches_pause": _batch("paused", row_count=2),
    "batches_resume": _batch("dispatching", row_count=2),
    "batches_cancel": _batch("canceled", row_count=2, ended_at=_WHEN),
    "batches_clone": _batch("draft", name="October reminders (copy)"),
    "batches_retry": {"retried": 1, "batch": _batch("dispatching", row_count=2)},
    "batches_progress": {
        "status": "in_progress",
        "is_over": False,
        "totals": _TOTALS,
        "checking": {"rows": 2, "checked": 2},
        "calls_per_second": 1.5,
        "seconds_left": 1.3,
        "costs": {"USD": "0.099"},
    },
    "batches_dry_run": _DRY_RUN,
    "batches_snapshot": {
        "campaign": None,
        "account": 1,
        "prompt": "Remind {{name}} of {{date}}.",
        "pathway_id": "",
        "pathway_version": "",
        "call_settings": SETTINGS,
        "policy": {},
        "region": "US",
        "duplicates": "call_once",
        "start_at": None,
        "cps": None,
        "concurrency": None,
        "chunk_size": 1000,
    },
    "batches_recipients_list": _RECIPIENT,
    "batches_recipients_retrieve": _RECIPIENT,
    "batches_events_list": {
        "id": 1,
        "at": _WHEN,
        "from_status": "dispatching",
        "to_status": "paused",
        "actor": "ada",
        "code": "",
        "message": "",
    },
    "calls_list": _CALL,
    "calls_retrieve": _WHOLE_CALL,
    "calls_stop": _WHOLE_CALL,
    "campaigns_list": _CAMPAIGN_SHOWN,
    "campaigns_retrieve": _CAMPAIGN_SHOWN,
    "campaigns_create": _CAMPAIGN_SHOWN,
    "campaigns_partial_update": {**_CAMPAIGN_SHOWN, "call_settings": {"voice": "Derek"}},
    "pathways_list": _PATHWAY_SHOWN,
    "pathways_retrieve": _PATHWAY_SHOWN,
    "pathways_create": _PATHWAY_SHOWN,
    "pathways_partial_update": {**_PATHWAY_SHOWN, "version": "2"},
    "tools_list": _TOOL_SHOWN,
    "tools_retrieve": _TOOL_SHOWN,
    "tools_create": _TOOL_SHOWN,
    "tools_partial_update": {**_TOOL_SHOWN, "name": "Calendar of the shop"},
    "policies_list": _POLICY,
    "policies_retrieve": _POLICY,
    "do_not_call_list": _ENTRY,
    "do_not_call_retrieve": _ENTRY,
    "do_not_call_create": {"added": 1, "known": 1, "numbers": [NUMBER, "+12025550124"]},
    **WEBHOOKS,
    "accounts_list": _ACCOUNT,
    "accounts_retrieve": _ACCOUNT,
    "batches_rejected": "phone_number,request_data.name,rejected_reason\r\n123,Eve,Too short.\r\n",
    "batches_results": "phone_number,request_data.name,status\r\n+12025550123,Emily,done\r\n",
}
