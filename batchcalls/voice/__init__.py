"""Voice providers: a `CallRequest` becomes a call, a provider's answers become `VoiceEvent`s.

Nothing in this package knows the database.
"""
