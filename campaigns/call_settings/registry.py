"""Every call setting, once.

Forms, wizard sections, CSV mapping targets, row validation, the API schema and provider payloads
are derived from this list; to add a setting, add one entry here and one sample to its test.
Source of names, types, limits and defaults: Bland API, Send Call.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from campaigns.call_settings.legacy import ALIASES, LEGACY
from campaigns.call_settings.options import (
    BACKGROUND_TRACKS,
    LANGUAGES,
    MODELS,
    WEBHOOK_EVENTS,
)
from campaigns.call_settings.parsers import (
    boolean,
    choice,
    choice_or_null,
    identifier,
    matching,
    number,
    phone,
    start_time,
    text,
    timezone_name,
    uuid_text,
    webhook_url,
    whole_number,
)
from campaigns.call_settings.shapes import (
    dialing_strategy,
    dynamic_data_source,
    guard_rail,
    items,
    keyword,
    named,
    post_call_evals,
    pronunciation,
    retry,
    voicemail,
)
from campaigns.call_settings.structural import STRUCTURAL
from campaigns.call_settings.types import CallSetting, Kind, Section, setting

_SPEECH = (
    setting(
        "persona_id",
        "Persona",
        Section.SPEECH,
        Kind.TEXT,
        identifier,
        help="Id of a persona whose settings fill in whatever is not set here.",
    ),
    setting(
        "agent_id",
        "Agent",
        Section.SPEECH,
        Kind.TEXT,
        uuid_text,
        help="UUID of a web agent to call with; it goes with neither a pathway nor a persona.",
    ),
    setting(
        "voice",
        "Voice",
        Section.SPEECH,
        Kind.TEXT,
        text(at_most=200),
        help="Name or id of the provider's voice that speaks.",
    ),
    setting(
        "first_sentence",
        "First sentence",
        Section.SPEECH,
        Kind.TEXT,
        text(at_most=2_000),
        help="The exact words with which the agent opens the call.",
        rendered=True,
    ),
    setting(
        "language",
        "Language",
        Section.SPEECH,
        Kind.CHOICE,
        choice(*LANGUAGES),
        help="Code of the language to speak and to listen for.",
        default="babel-en",
        choices=LANGUAGES,
    ),
    setting(
        "wait_for_greeting",
        "Wait for greeting",
        Section.SPEECH,
        Kind.BOOLEAN,
        boolean,
        help="Whether the agent keeps silent until the callee has spoken.",
        default=False,
    ),
    setting(
        "pronunciation_guide",
        "Pronunciation guide",
        Section.SPEECH,
        Kind.LIST,
        items(pronunciation, at_most=200, commas=False),
        help="Words and how to say them: a list of {word, pronunciation, case_sensitive, spaced}.",
    ),
    setting(
        "background_track",
        "Background track",
        Section.SPEECH,
        Kind.CHOICE,
        choice_or_null(*BACKGROUND_TRACKS),
        help="Sound behind the voice; null is the faint noise of a phone line, none is silence.",
        choices=BACKGROUND_TRACKS,
        nullable=True,
    ),
    setting(
        "noise_cancellation",
        "Noise cancellation",
        Section.SPEECH,
        Kind.BOOLEAN,
        boolean,
        help="Whether noise on the callee's side is filtered out; the default has varied.",
    ),
)

_MODEL = (
    setting(
        "model",
        "Model",
        Section.MODEL,
        Kind.CHOICE,
        choice(*MODELS),
        help="Language model: base knows every feature, turbo answers fastest.",
        default="base",
        choices=MODELS,
    ),
    setting(
        "temperature",
        "Temperature",
        Section.MODEL,
        Kind.DECIMAL,
        number(0, 1),
        help="Freedom of the wording, from 0 (always alike) to 1 (most varied).",
        default=0.7,
    ),
    setting(
        "interruption_threshold",
        "Interruption threshold",
        Section.MODEL,
        Kind.DECIMAL,
        number(0, 10_000, "milliseconds"),
        help="Milliseconds the agent waits before it takes its turn; more interrupts less.",
        default=500,
    ),
    setting(
        "interruptibility",
        "Interruptibility",
        Section.MODEL,
        Kind.INTEGER,
        whole_number(0, 3),
        help="How easily the callee stops the agent: 0 never, 1 hardly, 2 balanced, 3 easily.",
        default=2,
    ),
    setting(
        "keywords",
        "Keywords",
        Section.MODEL,
        Kind.LIST,
        items(keyword, at_most=20),
        help="Up to 20 words to listen for, each as word or word:boost.",
    ),
    setting(
        "ignore_button_press",
        "Ignore button presses",
        Section.MODEL,
        Kind.BOOLEAN,
        boolean,
        help="Whether keys that the callee presses are ignored.",
        default=False,
    ),
    setting(
        "guard_rails",
        "Guard rails",
        Section.MODEL,
        Kind.LIST,
        items(guard_rail, at_most=50, commas=False),
        help="Rules watched during the call, as a list of {type, prompt, actions, config}.",
    ),
)

_DISPATCH = (
    setting(
        "from",
        "Caller ID",
        Section.DISPATCH,
        Kind.PHONE,
        phone,
        help="One of your own numbers to call from, with plus and country code.",
    ),
    setting(
        "dialing_strategy",
        "Dialing strategy",
        Section.DISPATCH,
        Kind.OBJECT,
        dialing_strategy,
        help='Choice of caller ID: {"type": "local"} or {"type": "custom_pooling", "pool_id": …}.',
    ),
    setting(
        "max_duration",
        "Max duration",
        Section.DISPATCH,
        Kind.INTEGER,
        whole_number(1, 720, "minutes"),
        help="Minutes after which the call is ended, from 1 to 720.",
        default=30,
    ),
    setting(
        "transfer_phone_number",
        "Transfer number",
        Section.DISPATCH,
        Kind.PHONE,
        phone,
        help="Number to which the agent may transfer the call; pathways have their own.",
    ),
    setting(
        "transfer_list",
        "Transfer list",
        Section.DISPATCH,
        Kind.OBJECT,
        named(phone, at_most=50),
        help="Named numbers for transfers; one named default replaces the transfer number.",
    ),
    setting(
        "precall_dtmf_sequence",
        "Keys before the call",
        Section.DISPATCH,
        Kind.TEXT,
        matching(r"[0-9*#w]+", "use only 0-9, *, # and w, which waits half a second"),
        help="Keys to press once connected: 0-9, *, # and w for half a second of waiting.",
    ),
    setting(
        "record",
        "Record",
        Section.DISPATCH,
        Kind.BOOLEAN,
        boolean,
        help="Whether the call is recorded.",
        default=False,
    ),
    setting(
        "stream_post_transfer_transcript",
        "Transcript after transfer",
        Section.DISPATCH,
        Kind.BOOLEAN,
        boolean,
        help="Whether the transcript goes on after a transfer.",
        default=False,
    ),
)

_KNOWLEDGE = (
    setting(
        "tools",
        "Tools",
        Section.KNOWLEDGE,
        Kind.LIST,
        items(
            matching(r"(TL|KB)-[\w-]+", "name a tool TL-… or a knowledge base KB-…"), at_most=100
        ),
        help="Ids of the tools (TL-…) and knowledge bases (KB-…) that the agent may use.",
    ),
    setting(
        "dynamic_data",
        "Dynamic data",
        Section.KNOWLEDGE,
        Kind.LIST,
        items(dynamic_data_source, at_most=20, commas=False),
        help="Requests made when the call starts, whose answers the agent then knows.",
        sensitive=True,
    ),
)

_VOICEMAIL = (
    setting(
        "voicemail",
        "Voicemail",
        Section.VOICEMAIL,
        Kind.OBJECT,
        voicemail,
        help="What to do at a voicemail: {action, message, sms, sensitive}; else it hangs up.",
        rendered=True,
    ),
    setting(
        "retry",
        "Retry after voicemail",
        Section.VOICEMAIL,
        Kind.OBJECT,
        retry,
        help="One more call by the provider after a voicemail, as {wait, voicemail_action, "
        "voicemail_message} with wait in seconds.",
        rendered=True,
    ),
)

_ANALYSIS = (
    setting(
        "summary_prompt",
        "Summary prompt",
        Section.ANALYSIS,
        Kind.TEXT,
        text(at_most=2_000),
        help="How to summarise the call, in up to 2,000 characters.",
        rendered=True,
    ),
    setting(
        "dispositions",
        "Dispositions",
        Section.ANALYSIS,
        Kind.LIST,
        items(text(at_most=100), at_most=100),
        help="Outcomes of which one is chosen for each call; without them, the 16 built-in ones.",
    ),
    setting(
        "citation_schema_ids",
        "Citation schemas",
        Section.ANALYSIS,
        Kind.LIST,
        items(identifier, at_most=100),
        help="Ids of the schemas by which fields are extracted from the call.",
    ),
    setting(
        "post_call_evals",
        "Evaluation",
        Section.ANALYSIS,
        Kind.OBJECT,
        post_call_evals,
        help="Evaluation after the call, as {workbench_setup_id} or {workbench_setup_version_id}; "
        "turns recording on.",
    ),
)

_WEBHOOKS = (
    setting(
        "webhook",
        "Webhook",
        Section.WEBHOOKS,
        Kind.URL,
        webhook_url,
        help="The https address that receives the result of the call.",
    ),
    setting(
        "webhook_events",
        "Webhook events",
        Section.WEBHOOKS,
        Kind.LIST,
        items(choice(*WEBHOOK_EVENTS), at_most=50),
        help="Kinds of events that the webhook also receives during the call.",
        choices=WEBHOOK_EVENTS,
    ),
)

_SCHEDULE = (
    # Before the start time, which is read in it.
    setting(
        "timezone",
        "Time zone",
        Section.SCHEDULE,
        Kind.TIMEZONE,
        timezone_name,
        help="IANA time zone of the callee, for the agent's clock and times without an offset.",
        default="America/Los_Angeles",
    ),
    setting(
        "start_time",
        "Start time",
        Section.SCHEDULE,
        Kind.DATETIME,
        start_time,
        help="Earliest moment of the call, such as 2026-01-31 09:00:00 -05:00; past means now.",
    ),
)

REGISTRY: Mapping[str, CallSetting] = MappingProxyType(
    {
        entry.name: entry
        for group in (
            STRUCTURAL,
            _SPEECH,
            _MODEL,
            _DISPATCH,
            _KNOWLEDGE,
            _VOICEMAIL,
            _ANALYSIS,
            _WEBHOOKS,
            _SCHEDULE,
            LEGACY,
        )
        for entry in group
    }
)


def get(name: str) -> CallSetting | None:
    """Return the setting of that canonical name; an alias has none of its own."""
    return REGISTRY.get(name)


def is_call_setting(name: str) -> bool:
    """Tell whether the name is a setting's or one of the older names."""
    return name in REGISTRY or name in ALIASES


def all_names() -> tuple[str, ...]:
    """Return every accepted name: canonical ones in form order, then the older ones."""
    return (*REGISTRY, *ALIASES)
