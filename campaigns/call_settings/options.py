"""The values that the provider lists for its settings. Source: Bland API, Send Call."""

from __future__ import annotations

MODELS = ("base", "turbo")

LANGUAGES = (
    *("babel", "fluent", "auto"),
    *("babel-en", "en", "en-US", "en-GB", "en-AU", "en-NZ", "en-IN"),
    *("babel-es", "es", "es-419", "babel-fr", "fr", "fr-CA", "babel-de", "de"),
    *("bg", "cs", "da", "da-DK", "el", "fi", "hi", "hi-Latn", "hu", "id", "it", "ja"),
    *("ko", "ko-KR", "ms", "nl", "no", "pl", "pt", "pt-BR", "pt-PT", "ro", "ru", "sk"),
    *("sv", "sv-SE", "tr", "uk", "vi", "zh", "zh-CN", "zh-Hans", "zh-TW", "zh-Hant"),
)

BACKGROUND_TRACKS = ("office", "cafe", "restaurant", "none")

VOICEMAIL_ACTIONS = ("hangup", "leave_message", "ignore")

GUARD_RAILS = (
    "tcpa:ai_disclosure",
    "tcpa:self_introduction",
    "tcpa:recording_disclosure",
    "tcpa:opt_out",
    "custom",
)

WEBHOOK_EVENTS = (
    "queue",
    "call",
    "latency",
    "webhook",
    "tool",
    "dynamic_data",
    "citations",
    "evals",
    "post_transfer_transcript",
)
