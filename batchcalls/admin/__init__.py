"""The back office's pages for sending. Importing the modules registers them."""

from batchcalls.admin import batches, calls, recipients, voice_accounts, workers

__all__ = ["batches", "calls", "recipients", "voice_accounts", "workers"]
