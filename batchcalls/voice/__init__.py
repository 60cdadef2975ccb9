"""Voice providers: they turn a `CallRequest` into a call, and answers into `VoiceEvent`s.

Nothing in this package knows the database.
"""
