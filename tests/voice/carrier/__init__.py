"""A stand-in for the carrier: a real HTTP server that speaks the Bland API, and is faulty at will.

It runs in a process of its own (`python -m tests.voice.carrier`), keeps a ledger of every request
that reached it, and is told by ``PUT /control`` what goes wrong. `process.Carrier` starts it.
"""
