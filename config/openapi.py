"""How the OpenAPI schema of /api/v1 is made (drf-spectacular)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

BASE_DIR = Path(__file__).resolve().parent.parent

SETTINGS: dict[str, Any] = {
    "TITLE": "Batch Calls",
    "VERSION": "1",
    "DESCRIPTION": (BASE_DIR / "batchcalls" / "api" / "description.md").read_text("utf-8"),
    "SERVERS": [{"url": "/", "description": "This site"}],
    "LICENSE": {"name": "MIT", "url": "https://opensource.org/license/mit"},
    "CONTACT": {"name": "The administrators of this site"},
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {
        "deepLinking": True,
        "docExpansion": "list",
        "defaultModelsExpandDepth": 0,
        "displayRequestDuration": True,
        "filter": True,
    },
    "SWAGGER_UI_FAVICON_HREF": "/static/batchcalls/icon.svg",
    "COMPONENT_SPLIT_REQUEST": True,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "batchcalls.api.whole_schema.correct_required_members",
        "batchcalls.api.whole_schema.describe_call_settings",
        "batchcalls.api.whole_schema.allow_null_in_references",
        "batchcalls.api.whole_schema.describe_components",
        "batchcalls.api.whole_schema.name_server",
    ],
    "ENUM_NAME_OVERRIDES": {
        "BatchStatus": "batchcalls.states.BatchStatus",
        "RecipientStatus": "batchcalls.states.RecipientStatus",
        "CallStatus": "batchcalls.states.CallStatus",
        "DeliveryStatus": "batchcalls.states.DeliveryStatus",
        "PurposeEnum": "campaigns.vocabulary.Purpose",
        "RetryRuleOutcomeEnum": "campaigns.vocabulary.RetryOutcome",
    },
    "TAGS": [
        {"name": "batches", "description": "Batches: create, follow, and stop them."},
        {"name": "calls", "description": "Every attempt, with its transcript and outcome."},
        {
            "name": "campaigns",
            "description": "Reusable prompts or pathways, call settings, and policies.",
        },
        {"name": "pathways", "description": "Conversation graphs at the voice provider."},
        {"name": "tools", "description": "Tools and knowledge bases at the voice provider."},
        {"name": "policies", "description": "When people may be called, and retries."},
        {"name": "rules", "description": "Calling rules of countries and states."},
        {"name": "do-not-call", "description": "Numbers that must not be called."},
        {"name": "webhook-endpoints", "description": "Endpoints that are notified of events."},
        {
            "name": "webhook-deliveries",
            "description": "What was sent to them, and their responses.",
        },
        {"name": "allowed-hosts", "description": "Hosts that calls and batches may send data to."},
        {"name": "accounts", "description": "Ways to place calls."},
        {"name": "audit-entries", "description": "Who changed or viewed what, and from where."},
        {"name": "me", "description": "The API key of the request."},
    ],
}
