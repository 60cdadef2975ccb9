"""Parameters that the provider no longer documents and that clients still send.

Those with a present-day equivalent are aliases of it; the others are settings of their own.
Source: older revisions of the Bland API, Send Call, and public client code.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

from campaigns.call_settings.options import LANGUAGES, VOICEMAIL_ACTIONS
from campaigns.call_settings.parsers import (
    boolean,
    choice,
    identifier,
    integer_or_word,
    text,
    uuid_text,
    whole_number,
)
from campaigns.call_settings.shapes import dispatch_hours, items, json_object, named, sms
from campaigns.call_settings.types import Alias, Kind, Parser, Section, setting

LEGACY = (
    setting(
        "start_node_id",
        "Start node",
        Section.SPEECH,
        Kind.TEXT,
        identifier,
        help="Id of the pathway's node at which the conversation begins.",
        legacy=True,
    ),
    setting(
        "voice_preset_id",
        "Voice preset",
        Section.SPEECH,
        Kind.TEXT,
        identifier,
        help="Id of a saved voice with its settings.",
        legacy=True,
    ),
    setting(
        "voice_settings",
        "Voice settings",
        Section.SPEECH,
        Kind.OBJECT,
        json_object,
        help="Fine tuning of the voice, such as its speed.",
        legacy=True,
    ),
    setting(
        "reduce_latency",
        "Reduce latency",
        Section.MODEL,
        Kind.BOOLEAN,
        boolean,
        help="Whether the agent answers sooner at the price of interrupting more.",
        legacy=True,
    ),
    setting(
        "language_detection_period",
        "Language detection period",
        Section.MODEL,
        Kind.INTEGER,
        whole_number(10, 100, "seconds"),
        help="Seconds of speech by which a change of language is detected, from 10 to 100.",
        legacy=True,
    ),
    setting(
        "language_detection_options",
        "Language detection options",
        Section.MODEL,
        Kind.LIST,
        items(choice(*LANGUAGES), at_most=len(LANGUAGES)),
        help="Codes of the languages to which the agent may switch.",
        choices=LANGUAGES,
        legacy=True,
    ),
    setting(
        "campaign_id",
        "Provider's campaign",
        Section.DISPATCH,
        Kind.TEXT,
        text(at_most=200),
        help="Name or id under which the provider groups batches.",
        legacy=True,
    ),
    setting(
        "ivr_mode",
        "IVR mode",
        Section.DISPATCH,
        Kind.BOOLEAN,
        boolean,
        help="Whether the agent expects a phone menu and leaves voicemail handling off.",
        legacy=True,
    ),
    setting(
        "answered_by_enabled",
        "Detect who answered",
        Section.VOICEMAIL,
        Kind.BOOLEAN,
        boolean,
        help="Whether people and voicemails are told apart, which is always the case by now.",
        legacy=True,
    ),
    setting(
        "amd",
        "Answering machine detection",
        Section.VOICEMAIL,
        Kind.BOOLEAN,
        boolean,
        help="Whether answering machines and phone menus are detected.",
        legacy=True,
    ),
    setting(
        "analysis_schema",
        "Analysis schema",
        Section.ANALYSIS,
        Kind.OBJECT,
        named(text(at_most=200), at_most=100),
        help="Fields to extract from the call, each with its type or format.",
        legacy=True,
    ),
    setting(
        "analysis_prompt",
        "Analysis prompt",
        Section.ANALYSIS,
        Kind.TEXT,
        text(at_most=2_000),
        help="How to extract the fields of the analysis schema, in up to 2,000 characters.",
        rendered=True,
        legacy=True,
    ),
    setting(
        "analysis_preset",
        "Analysis preset",
        Section.ANALYSIS,
        Kind.TEXT,
        uuid_text,
        help="UUID of a saved analysis.",
        legacy=True,
    ),
    setting(
        "dispatch_hours",
        "Dispatch hours",
        Section.SCHEDULE,
        Kind.OBJECT,
        dispatch_hours,
        help="Hours in which calls may start, as {start, end} in the callee's time; "
        "an end before the start is on the next day.",
        legacy=True,
    ),
)


def _member(parser: Parser, name: str, member: str, **implied: str) -> Callable[[Any], Any]:
    """Return an expansion into one member of an object and what follows from it."""

    def expand(value: Any) -> dict[str, Any]:
        return {member: parser(name, value), **implied}

    return expand


def _switch(name: str, meaning: Any) -> Callable[[Any], Any]:
    """Return an expansion of true into its meaning; false says nothing."""

    def expand(value: Any) -> Any:
        return meaning if boolean(name, value) else None

    return expand


def _voice_number(value: Any) -> Any:
    # Voices once had numbers; a number is a valid id in the field of today, as text.
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return identifier("voice_id", str(value) if is_number and abs(value) < 10**9 else value)


ALIASES: Mapping[str, Alias] = MappingProxyType(
    {
        alias.name: alias
        for alias in (
            Alias(
                name="voicemail_message",
                target="voicemail",
                expand=_member(
                    text(at_most=5_000), "voicemail_message", "message", action="leave_message"
                ),
                partial=True,
            ),
            Alias(
                name="voicemail_action",
                target="voicemail",
                expand=_member(choice(*VOICEMAIL_ACTIONS), "voicemail_action", "action"),
                partial=True,
                # Documented: a message that is set is left, whatever the action says.
                overruled_by="voicemail_message",
            ),
            Alias(
                name="voicemail_sms",
                target="voicemail",
                expand=_member(sms, "voicemail_sms", "sms"),
                partial=True,
            ),
            Alias(
                name="sensitive_voicemail_detection",
                target="voicemail",
                expand=_member(boolean, "sensitive_voicemail_detection", "sensitive"),
                partial=True,
            ),
            Alias(
                name="block_interruptions",
                target="interruptibility",
                expand=_switch("block_interruptions", 0),
            ),
            Alias(
                name="local_dialing",
                target="dialing_strategy",
                expand=_switch("local_dialing", {"type": "local"}),
            ),
            Alias(
                name="geospatial_dialing",
                target="dialing_strategy",
                expand=_member(identifier, "geospatial_dialing", "pool_id", type="custom_pooling"),
            ),
            Alias(
                name="available_tags",
                target="dispositions",
                expand=partial(items(text(at_most=100), at_most=100), "available_tags"),
            ),
            Alias(name="voice_id", target="voice", expand=_voice_number),
            Alias(
                name="version_number",
                target="pathway_version",
                expand=partial(
                    integer_or_word(1, 1_000_000, "production", "staging"), "version_number"
                ),
            ),
        )
    }
)
