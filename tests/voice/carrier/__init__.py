"""A stand-in for the carrier: a real HTTP server with the Bland API and configurable faults.

It runs in its own process (`python -m tests.voice.carrier`), keeps a ledger of every request it
received, and is configured with ``PUT /control``. `process.Carrier` starts it.
"""
