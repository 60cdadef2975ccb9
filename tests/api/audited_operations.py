"""The audit entry that each operation of the API leaves, or the reason why it leaves none."""

from __future__ import annotations

from batchcalls.models import AuditAction as A

BATCH, CALL, CAMPAIGN = "batchcalls.batch", "batchcalls.callresult", "campaigns.campaign"
LIST, NUMBER = "batchcalls.storedlist", "campaigns.suppression"
ENDPOINT, DELIVERY = "batchcalls.webhookendpoint", "batchcalls.webhookdelivery"

AUDITED: dict[str, tuple[A, str]] = {
    "accounts_try_now": (A.CHANGED, "batchcalls.voiceaccount"),
    "allowed_hosts_create": (A.ADDED, "campaigns.allowedhost"),
    "allowed_hosts_partial_update": (A.CHANGED, "campaigns.allowedhost"),
    "batches_budget": (A.CHANGED, BATCH),
    "batches_cancel": (A.CANCELED, BATCH),
    "batches_check": (A.SUBMITTED, BATCH),
    "batches_clone": (A.IMPORTED, LIST),
    "batches_create": (A.IMPORTED, LIST),
    "batches_launch": (A.LAUNCHED, BATCH),
    "batches_pause": (A.PAUSED, BATCH),
    "batches_rejected": (A.EXPORTED, BATCH),
    "batches_results": (A.EXPORTED, BATCH),
    "batches_resume": (A.RESUMED, BATCH),
    "batches_retry": (A.REOPENED, BATCH),
    "batches_rows": (A.IMPORTED, LIST),
    "batches_suppress_refused": (A.ADDED, BATCH),
    "calls_retrieve": (A.VIEWED, CALL),
    "calls_stop": (A.STOPPED, CALL),
    "campaigns_create": (A.ADDED, CAMPAIGN),
    "campaigns_partial_update": (A.CHANGED, CAMPAIGN),
    "do_not_call_create": (A.ADDED, NUMBER),
    "pathways_create": (A.ADDED, "campaigns.pathway"),
    "pathways_partial_update": (A.CHANGED, "campaigns.pathway"),
    "tools_create": (A.ADDED, "campaigns.tool"),
    "tools_partial_update": (A.CHANGED, "campaigns.tool"),
    "webhook_deliveries_resend": (A.SENT_AGAIN, DELIVERY),
    "webhook_deliveries_retrieve": (A.VIEWED, CALL),
    "webhook_endpoints_create": (A.ADDED, ENDPOINT),
    "webhook_endpoints_rotate": (A.SECRET_ROTATED, ENDPOINT),
    "webhook_endpoints_secret": (A.SECRET_SHOWN, ENDPOINT),
    "webhook_endpoints_test": (A.TESTED, ENDPOINT),
}
#: Operations without an example, whose entries `test_audit.py` shows.
SHOWN_THERE = {
    *(
        "allowed_hosts_destroy",
        "campaigns_destroy",
        "pathways_destroy",
        "tools_destroy",
        "do_not_call_destroy",
    ),
    *("webhook_endpoints_destroy", "webhook_endpoints_partial_update", "calls_recording"),
}
#: Operations that write no entry.
SILENT: dict[str, str] = {
    **dict.fromkeys(
        [
            *("allowed_hosts_list", "allowed_hosts_retrieve"),
            *("accounts_list", "accounts_retrieve", "me_show", "rules_check", "rules_packs"),
            *("audit_entries_list", "audit_entries_retrieve", "policies_list"),
            *("policies_retrieve", "campaigns_list", "campaigns_retrieve", "pathways_list"),
            *("pathways_retrieve", "tools_list", "tools_retrieve", "webhook_endpoints_list"),
            *("webhook_endpoints_retrieve", "webhook_deliveries_list", "do_not_call_list"),
            *("do_not_call_retrieve", "batches_list", "batches_retrieve", "batches_progress"),
            *("batches_dry_run", "batches_events_list", "batches_recipients_list"),
            *("batches_recipients_retrieve", "batches_recipients_why", "batches_snapshot"),
            *("calls_list", "calls_why", "allowed_hosts_list", "allowed_hosts_retrieve"),
        ],
        "shows no transcript, recording, or secret",
    ),
    "batches_partial_update": "a name; what changes a draft's conversation is an entry",
}
