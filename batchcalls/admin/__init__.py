"""The back office's pages for sending. Importing the modules registers them."""

from batchcalls.admin import (
    api_keys,
    batches,
    calls,
    downloads,
    lists,
    people,
    recipients,
    voice_accounts,
    workers,
)

__all__ = [
    "api_keys",
    "batches",
    "calls",
    "downloads",
    "lists",
    "people",
    "recipients",
    "voice_accounts",
    "workers",
]
