"""A carrier for tests: a real HTTP server, in a process of its own, that speaks the Bland API.

It fails on request in every way that a network and a provider can, and keeps a ledger of what
reached it: the evidence of who was dialled how often.
"""
