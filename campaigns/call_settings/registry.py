"""The single list of all call settings.

Forms, wizard sections, CSV mapping targets, row validation, the API schema, the table at
/api/docs/ and provider payloads derive from this list. To add a setting, add one entry here and
one sample to its test.
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
    text,
    uuid_text,
    webhook_url,
    whole_number,
)
from campaigns.call_settings.provider_shapes import (
    custom_tool,
    dialing_strategy,
    dynamic_data_source,
    guard_rail,
    keyword,
    post_call_evals,
    pronunciation,
    retry,
    tool_id,
    voicemail,
)
from campaigns.call_settings.shapes import items, named
from campaigns.call_settings.structural import STRUCTURAL
from campaigns.call_settings.times import start_time, timezone_name
from campaigns.call_settings.types import CallSetting, Kind, Section, setting

_SPEECH = (
    setting(
        "persona_id",
        "Persona",
        Section.SPEECH,
        Kind.TEXT,
        identifier,
        help="ID of a persona. Its settings apply wherever you set nothing here.",
    ),
    setting(
        "agent_id",
        "Agent",
        Section.SPEECH,
        Kind.TEXT,
        uuid_text,
        help="UUID of a web agent. Cannot be combined with a pathway or a persona.",
    ),
    setting(
        "voice",
        "Voice",
        Section.SPEECH,
        Kind.TEXT,
        text(at_most=200),
        help="Name or ID of one of the provider's voices.",
        essential=True,
    ),
    setting(
        "first_sentence",
        "First sentence",
        Section.SPEECH,
        Kind.TEXT,
        text(at_most=2_000),
        help="Exact words the agent says first.",
        rendered=True,
        essential=True,
    ),
    setting(
        "language",
        "Language",
        Section.SPEECH,
        Kind.CHOICE,
        choice(*LANGUAGES),
        help="Language the agent speaks and understands.",
        default="babel-en",
    ),
    setting(
        "wait_for_greeting",
        "Wait for greeting",
        Section.SPEECH,
        Kind.BOOLEAN,
        boolean,
        help="Wait for the person to speak before the agent does.",
        default=False,
    ),
    setting(
        "pronunciation_guide",
        "Pronunciation guide",
        Section.SPEECH,
        Kind.LIST,
        items(pronunciation, at_most=200, commas=False),
        help="How to pronounce certain words.",
    ),
    setting(
        "background_track",
        "Background track",
        Section.SPEECH,
        Kind.CHOICE,
        choice_or_null(*BACKGROUND_TRACKS),
        help="Background sound. null plays faint line noise, none is silent.",
        nullable=True,
    ),
    setting(
        "noise_cancellation",
        "Noise cancellation",
        Section.SPEECH,
        Kind.BOOLEAN,
        boolean,
        help="Filter out noise on the other end of the line.",
    ),
)

_MODEL = (
    setting(
        "model",
        "Model",
        Section.MODEL,
        Kind.CHOICE,
        choice(*MODELS),
        help="Language model. base supports every feature, turbo responds fastest.",
        default="base",
    ),
    setting(
        "temperature",
        "Temperature",
        Section.MODEL,
        Kind.DECIMAL,
        number(0, 1),
        help="How much the wording varies, from 0 (least) to 1 (most).",
        default=0.7,
    ),
    setting(
        "interruption_threshold",
        "Interruption threshold",
        Section.MODEL,
        Kind.DECIMAL,
        number(0, 10_000, "milliseconds"),
        help="Milliseconds of silence before the agent speaks. Higher values interrupt less.",
        default=500,
    ),
    setting(
        "interruptibility",
        "Interruptibility",
        Section.MODEL,
        Kind.INTEGER,
        whole_number(0, 3),
        help="How easily the person can interrupt the agent: 0 never, 1 rarely, 2 normally, "
        "3 easily.",
        default=2,
    ),
    setting(
        "keywords",
        "Keywords",
        Section.MODEL,
        Kind.LIST,
        items(keyword, at_most=20),
        help="Words to listen for, each written as word or word:boost.",
    ),
    setting(
        "ignore_button_press",
        "Ignore button presses",
        Section.MODEL,
        Kind.BOOLEAN,
        boolean,
        help="Ignore keys the person presses.",
        default=False,
    ),
    setting(
        "guard_rails",
        "Guard rails",
        Section.MODEL,
        Kind.LIST,
        items(guard_rail, at_most=50, commas=False),
        help="Rules to enforce during the call.",
    ),
)

_DISPATCH = (
    setting(
        "from",
        "Caller ID",
        Section.DISPATCH,
        Kind.PHONE,
        phone,
        help="Number to call from, with country code. It must be one of your own.",
    ),
    setting(
        "dialing_strategy",
        "Dialing strategy",
        Section.DISPATCH,
        Kind.OBJECT,
        dialing_strategy,
        help="How to choose the caller ID: a local number, or one from a pool of your numbers.",
    ),
    setting(
        "max_duration",
        "Max duration",
        Section.DISPATCH,
        Kind.INTEGER,
        whole_number(1, 720, "minutes"),
        help="Maximum length of the call in minutes.",
        default=30,
    ),
    setting(
        "transfer_phone_number",
        "Transfer number",
        Section.DISPATCH,
        Kind.PHONE,
        phone,
        help="Number the agent can transfer the call to. Pathways define their own.",
    ),
    setting(
        "transfer_list",
        "Transfer list",
        Section.DISPATCH,
        Kind.OBJECT,
        named(phone, at_most=50),
        help="Transfer numbers by name. The one named default replaces the transfer number.",
    ),
    setting(
        "precall_dtmf_sequence",
        "Keys before the call",
        Section.DISPATCH,
        Kind.TEXT,
        matching(r"[0-9*#w]+", "use only 0-9, *, # and w, which waits half a second"),
        help="Keys to press once connected: 0-9, *, #, and w to wait half a second.",
    ),
    setting(
        "record",
        "Record",
        Section.DISPATCH,
        Kind.BOOLEAN,
        boolean,
        help="Record the call.",
        default=False,
    ),
    setting(
        "stream_post_transfer_transcript",
        "Transcript after transfer",
        Section.DISPATCH,
        Kind.BOOLEAN,
        boolean,
        help="Continue the transcript after a transfer.",
        default=False,
    ),
)

_KNOWLEDGE = (
    setting(
        "tools",
        "Tools",
        Section.KNOWLEDGE,
        Kind.LIST,
        items(tool_id, at_most=100),
        help="IDs of tools (TL-…) and knowledge bases (KB-…) the agent can use.",
    ),
    setting(
        "custom_tools",
        "Custom tools",
        Section.KNOWLEDGE,
        Kind.LIST,
        items(custom_tool, at_most=100, commas=False),
        help="Requests the agent can make during the call, each defined in full. Tools of a row "
        "replace those of the batch.",
        sensitive=True,
    ),
    setting(
        "dynamic_data",
        "Dynamic data",
        Section.KNOWLEDGE,
        Kind.LIST,
        items(dynamic_data_source, at_most=20, commas=False),
        help="Requests to make when the call starts. The agent knows their responses.",
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
        help="What to do at a voicemail. The default is to hang up.",
        rendered=True,
        essential=True,
    ),
    setting(
        "retry",
        "Retry after voicemail",
        Section.VOICEMAIL,
        Kind.OBJECT,
        retry,
        help="Call once more after a voicemail. wait is in seconds.",
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
        help="Instructions for summarizing the call.",
        rendered=True,
    ),
    setting(
        "dispositions",
        "Dispositions",
        Section.ANALYSIS,
        Kind.LIST,
        items(text(at_most=100), at_most=100),
        help="Outcomes to choose from for each call. The default is 16 built-in outcomes.",
    ),
    setting(
        "citation_schema_ids",
        "Citation schemas",
        Section.ANALYSIS,
        Kind.LIST,
        items(identifier, at_most=100),
        help="IDs of the schemas that define which fields to extract from the call.",
    ),
    setting(
        "post_call_evals",
        "Evaluation",
        Section.ANALYSIS,
        Kind.OBJECT,
        post_call_evals,
        help="Evaluation to run after the call. It turns recording on.",
    ),
)

_WEBHOOKS = (
    setting(
        "webhook",
        "Webhook",
        Section.WEBHOOKS,
        Kind.URL,
        webhook_url,
        help="HTTPS URL that receives the result of the call.",
    ),
    setting(
        "webhook_events",
        "Webhook events",
        Section.WEBHOOKS,
        Kind.LIST,
        items(choice(*WEBHOOK_EVENTS), at_most=50),
        help="Events to also send to the webhook during the call.",
    ),
)

_SCHEDULE = (
    # Before the start time, which is read in this time zone.
    setting(
        "timezone",
        "Agent’s time zone",
        Section.SCHEDULE,
        Kind.TIMEZONE,
        timezone_name,
        help="Time zone of the agent's clock, and of start times without an offset. It never moves "
        "calling hours. In a list, a timezone column is where the recipient is.",
        default="America/Los_Angeles",
    ),
    setting(
        "start_time",
        "Start time",
        Section.SCHEDULE,
        Kind.DATETIME,
        start_time,
        help="Call no earlier than this, for example 2026-01-31 09:00:00 -05:00. A past time "
        "means now.",
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
    """Return the setting with this canonical name; None for an alias or an unknown name."""
    return REGISTRY.get(name)


def is_call_setting(name: str) -> bool:
    """Return whether the name is a canonical or older name of a setting."""
    return name in REGISTRY or name in ALIASES


def all_names() -> tuple[str, ...]:
    """Return every accepted name: canonical names in form order, then older names."""
    return (*REGISTRY, *ALIASES)
