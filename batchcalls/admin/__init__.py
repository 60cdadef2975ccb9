"""The pages of the back office. Importing the modules registers them."""

from batchcalls.admin import (
    api_keys,
    batches,
    calls,
    column_mappings,
    do_not_call,
    downloads,
    lists,
    opt_out_sources,
    opt_outs,
    people,
    recipients,
    rule_packs,
    voice_accounts,
    webhook_deliveries,
    webhook_endpoints,
    workers,
)

__all__ = [
    "api_keys",
    "batches",
    "calls",
    "column_mappings",
    "do_not_call",
    "downloads",
    "lists",
    "opt_out_sources",
    "opt_outs",
    "people",
    "recipients",
    "rule_packs",
    "voice_accounts",
    "webhook_deliveries",
    "webhook_endpoints",
    "workers",
]
