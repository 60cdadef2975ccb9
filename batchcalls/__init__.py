"""Sending batches of calls, in rooms: each imports only from rooms below it (pyproject.toml)."""
