"""Parameters that the provider no longer documents but clients still send.

Those with a current equivalent are aliases of it; the others are separate settings.
Source: older revisions of the Bland API, Send Call, and public client code.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
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
from campaigns.call_settings.provider_shapes import dispatch_hours, sms
from campaigns.call_settings.shapes import items, json_object, named
from campaigns.call_settings.types import Alias, Kind, Section, returns, setting

LEGACY = (
    setting(
        "start_node_id",
        "Start node",
        Section.SPEECH,
        Kind.TEXT,
        identifier,
        help="ID of the pathway node where the conversation starts.",
        legacy=True,
    ),
    setting(
        "voice_preset_id",
        "Voice preset",
        Section.SPEECH,
        Kind.TEXT,
        identifier,
        help="ID of a saved voice and its settings.",
        legacy=True,
    ),
    setting(
        "voice_settings",
        "Voice settings",
        Section.SPEECH,
        Kind.OBJECT,
        json_object,
        help="Fine-tuning of the voice, such as its speed.",
        legacy=True,
    ),
    setting(
        "reduce_latency",
        "Reduce latency",
        Section.MODEL,
        Kind.BOOLEAN,
        boolean,
        help="Respond sooner, at the cost of interrupting more often.",
        legacy=True,
    ),
    setting(
        "language_detection_period",
        "Language detection period",
        Section.MODEL,
        Kind.INTEGER,
        whole_number(10, 100, "seconds"),
        help="Seconds of speech used to detect a change of language.",
        legacy=True,
    ),
    setting(
        "language_detection_options",
        "Language detection options",
        Section.MODEL,
        Kind.LIST,
        items(choice(*LANGUAGES), at_most=len(LANGUAGES)),
        help="Languages the agent can switch to.",
        legacy=True,
    ),
    setting(
        "campaign_id",
        "Provider's campaign",
        Section.DISPATCH,
        Kind.TEXT,
        text(at_most=200),
        help="Name or ID the provider uses to group batches.",
        legacy=True,
    ),
    setting(
        "ivr_mode",
        "IVR mode",
        Section.DISPATCH,
        Kind.BOOLEAN,
        boolean,
        help="Expect a phone menu and turn voicemail handling off.",
        legacy=True,
    ),
    setting(
        "answered_by_enabled",
        "Detect who answered",
        Section.VOICEMAIL,
        Kind.BOOLEAN,
        boolean,
        help="Distinguish people from voicemails. This is now always on.",
        legacy=True,
    ),
    setting(
        "amd",
        "Answering machine detection",
        Section.VOICEMAIL,
        Kind.BOOLEAN,
        boolean,
        help="Detect answering machines and phone menus.",
        legacy=True,
    ),
    setting(
        "analysis_schema",
        "Fields to extract",
        Section.ANALYSIS,
        Kind.OBJECT,
        named(text(at_most=200), at_most=100),
        help="Fields to extract from the call, each with its type or format.",
        legacy=True,
        offered=True,
    ),
    setting(
        "analysis_prompt",
        "Analysis prompt",
        Section.ANALYSIS,
        Kind.TEXT,
        text(at_most=2_000),
        help="Instructions for extracting the fields of the analysis schema.",
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
        help="Hours in which calls can start, in the recipient's time zone. "
        "An end before the start is on the next day.",
        legacy=True,
    ),
)


def _member(member: str, **implied: str) -> Callable[[Any], dict[str, Any]]:
    """Return a meaning that sets one member of an object, and the members it implies."""
    return lambda value: {member: value, **implied}


# Voices once had numbers; today's field accepts the number as an ID in text form.
@returns(identifier.schema)
def _voice_number(name: str, value: Any) -> Any:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return identifier(name, str(value) if is_number and abs(value) < 10**9 else value)


ALIASES: Mapping[str, Alias] = MappingProxyType(
    {
        alias.name: alias
        for alias in (
            Alias(
                name="voicemail_message",
                target="voicemail",
                parser=text(at_most=5_000),
                meaning=_member("message", action="leave_message"),
                partial=True,
            ),
            Alias(
                name="voicemail_action",
                target="voicemail",
                parser=choice(*VOICEMAIL_ACTIONS),
                meaning=_member("action"),
                partial=True,
                # Documented: if a message is set, it is left whatever the action says.
                overruled_by="voicemail_message",
            ),
            Alias(
                name="voicemail_sms",
                target="voicemail",
                parser=sms,
                meaning=_member("sms"),
                partial=True,
            ),
            Alias(
                name="sensitive_voicemail_detection",
                target="voicemail",
                parser=boolean,
                meaning=_member("sensitive"),
                partial=True,
            ),
            Alias(
                name="block_interruptions",
                target="interruptibility",
                parser=boolean,
                meaning=lambda blocks: 0 if blocks else None,
            ),
            Alias(
                name="local_dialing",
                target="dialing_strategy",
                parser=boolean,
                meaning=lambda is_local: {"type": "local"} if is_local else None,
            ),
            Alias(
                name="geospatial_dialing",
                target="dialing_strategy",
                parser=identifier,
                meaning=_member("pool_id", type="custom_pooling"),
            ),
            Alias(
                name="available_tags",
                target="dispositions",
                parser=items(text(at_most=100), at_most=100),
            ),
            Alias(name="voice_id", target="voice", parser=_voice_number),
            Alias(
                name="version_number",
                target="pathway_version",
                parser=integer_or_word(1, 1_000_000, "production", "staging"),
            ),
        )
    }
)
