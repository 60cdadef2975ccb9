"""How sensitive each call setting is: what is said, where data goes, what a call costs.

Each class is a permission (`campaigns.setting_permissions`). A setting may be of several classes,
and most are of none. Every setting is listed here, so that nobody forgets to decide.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final


class Sensitivity(StrEnum):
    """A class of call settings that could take over a call."""

    CONVERSATION = "conversation"
    DATA = "data"
    COST = "cost"

    @property
    def label(self) -> str:
        """Return what settings of the class decide, as part of a sentence."""
        return _LABELS[self]


_LABELS: Final = {
    Sensitivity.CONVERSATION: "what is said",
    Sensitivity.DATA: "where data goes",
    Sensitivity.COST: "what a call costs",
}

_CONVERSATION = frozenset({Sensitivity.CONVERSATION})
_DATA = frozenset({Sensitivity.DATA})
_COST = frozenset({Sensitivity.COST})
_NONE: frozenset[Sensitivity] = frozenset()

#: The classes of each setting.
SENSITIVITY: Final[Mapping[str, frozenset[Sensitivity]]] = MappingProxyType(
    {
        # The agent's words, and the instructions by which a call is understood.
        **dict.fromkeys(("task", "pathway_id", "pathway_version", "start_node_id"), _CONVERSATION),
        **dict.fromkeys(("persona_id", "agent_id", "first_sentence"), _CONVERSATION),
        # It can replace any word by another.
        "pronunciation_guide": _CONVERSATION,
        "tools": _CONVERSATION,
        "voicemail": _CONVERSATION,
        # Opt-outs are heard by the dispositions.
        **dict.fromkeys(("summary_prompt", "dispositions", "citation_schema_ids"), _CONVERSATION),
        **dict.fromkeys(("analysis_schema", "analysis_prompt", "analysis_preset"), _CONVERSATION),
        # Requests that carry data away, and whose responses the agent knows.
        **dict.fromkeys(("dynamic_data", "custom_tools"), _CONVERSATION | _DATA),
        # A rule can transfer the call.
        "guard_rails": _CONVERSATION | _COST,
        # Another call, which says something else.
        "retry": _CONVERSATION | _COST,
        # Addresses, and what is recorded for them.
        **dict.fromkeys(("webhook", "webhook_events", "record"), _DATA),
        **dict.fromkeys(("stream_post_transfer_transcript", "post_call_evals"), _DATA),
        # Whom it is billed to, and how long and how dear it is.
        **dict.fromkeys(("from", "dialing_strategy", "max_duration", "model"), _COST),
        **dict.fromkeys(("transfer_phone_number", "transfer_list"), _COST),
        "precall_dtmf_sequence": _COST,
        # How the agent sounds and listens.
        **dict.fromkeys(("voice", "voice_preset_id", "voice_settings", "language"), _NONE),
        **dict.fromkeys(("wait_for_greeting", "background_track", "noise_cancellation"), _NONE),
        **dict.fromkeys(("temperature", "interruption_threshold", "interruptibility"), _NONE),
        **dict.fromkeys(("keywords", "ignore_button_press", "reduce_latency"), _NONE),
        **dict.fromkeys(("language_detection_period", "language_detection_options"), _NONE),
        **dict.fromkeys(("ivr_mode", "answered_by_enabled", "amd"), _NONE),
        # The recipient's own data, and times, which calling hours only narrow.
        **dict.fromkeys(("phone_number", "request_data", "metadata"), _NONE),
        **dict.fromkeys(("timezone", "start_time", "dispatch_hours", "campaign_id"), _NONE),
    }
)
#: Members of objects that are of further classes: a text message is paid for, and goes anywhere.
MEMBERS: Final[Mapping[str, Mapping[str, frozenset[Sensitivity]]]] = MappingProxyType(
    {"voicemail": {"sms": _COST | _DATA}}
)


def classes_of(name: str) -> frozenset[Sensitivity]:
    """Return the classes of whatever value the setting with this canonical name may have."""
    return SENSITIVITY[name].union(*MEMBERS.get(name, {}).values())


def classes_changed(name: str, before: Any, after: Any) -> frozenset[Sensitivity]:
    """Return the classes in which two values of a setting differ; None stands for no value."""
    if before == after:
        return _NONE
    members = MEMBERS.get(name, {})
    found: set[Sensitivity] = set()
    for member, classes in members.items():
        if _member(before, member) != _member(after, member):
            found |= classes
    if _without(before, members) != _without(after, members) or not members:
        found |= SENSITIVITY[name]
    return frozenset(found)


def _member(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, Mapping) else None


def _without(value: Any, members: Mapping[str, Any]) -> Any:
    if not isinstance(value, Mapping):
        return value
    return {name: item for name, item in value.items() if name not in members} or None
