"""The back office's pages for sending. Importing the modules registers them."""

from batchcalls.admin import (
    batches,
    calls,
    downloads,
    lists,
    recipients,
    voice_accounts,
    webhook_deliveries,
    webhook_endpoints,
    workers,
)

__all__ = [
    "batches",
    "calls",
    "downloads",
    "lists",
    "recipients",
    "voice_accounts",
    "webhook_deliveries",
    "webhook_endpoints",
    "workers",
]
