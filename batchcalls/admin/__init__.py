"""The back office's pages for sending. Importing the modules registers them."""

from batchcalls.admin import batches, calls, lists, recipients, voice_accounts, workers

__all__ = ["batches", "calls", "lists", "recipients", "voice_accounts", "workers"]
