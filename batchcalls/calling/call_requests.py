"""Build the rendered request that a voice provider gets for one attempt.

A request depends only on rows that no longer change (the batch's copy of the campaign, the
recipient's variables, the attempt). It is therefore rebuilt whenever needed and never stored.
"""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from batchcalls.models import Batch, CallResult, Recipient
from batchcalls.voice.base import CallRequest
from campaigns import call_settings, e164, prompts, quoted_values
from campaigns.conversations import LEADING

#: Call settings that are spoken or written to people and may contain {{variables}}.
RENDERED = frozenset(name for name, setting in call_settings.REGISTRY.items() if setting.rendered)


def agent_zone(batch: Batch, recipient: Recipient) -> str:
    """Return the time zone of the agent's clock, or "": the call setting, else the recipient's.

    It says nothing about calling hours. Those are the recipient's (`Recipient.whereabouts`).
    """
    own = recipient.call_settings.get("timezone") or batch.call_settings.get("timezone")
    return own or next(iter(recipient.whereabouts.zones), "")


def retry_setting(batch: Batch, recipient: Recipient) -> dict[str, Any] | None:
    """Return the call setting ``retry``: one more call after a voicemail, placed by us."""
    setting: dict[str, Any] | None = recipient.call_settings.get(
        "retry", batch.call_settings.get("retry")
    )
    return setting


def build(batch: Batch, recipient: Recipient, call: CallResult) -> CallRequest:
    """Return the request for an attempt.

    A row's own conversation replaces the batch's as `Conversation.for_row` says. Raise
    `prompts.MissingVariable` when the row lacks a variable.
    """
    said = batch.conversation.for_row(recipient.call_settings)
    settings = call_settings.for_row(batch.call_settings, recipient.call_settings)
    for name in (*LEADING, "pathway_version"):
        settings.pop(name, None)
    settings |= said.presets
    retry = settings.pop("retry", None)
    if retry and "voicemail_action" in retry and _follows_a_call(call):
        message = {"message": retry["voicemail_message"]} if "voicemail_message" in retry else {}
        settings["voicemail"] = {"action": retry["voicemail_action"], **message}
    values = _values(batch, recipient, call)
    spoken = values | {
        name: quoted_values.spoken(value) for name, value in recipient.request_data.items()
    }
    return CallRequest(
        correlation_id=call.call_id,
        to=call.to_number,
        from_number=call.from_number,
        prompt=quoted_values.render(
            prompts.Template.parse(said.prompt),
            values,
            recipient.request_data,
            trusted=recipient.trusted.splitlines(),
        ),
        pathway_id=said.pathway_id,
        pathway_version=said.pathway_version,
        settings={
            name: prompts.render_values(value, spoken) if name in RENDERED else value
            for name, value in settings.items()
        },
        variables={
            name: "" if prompts.is_blank(value) else quoted_values.passed_on(value)
            for name, value in recipient.request_data.items()
        },
        metadata=recipient.metadata,
        attempt=call.attempt,
        tries=call.tries,
        batch_id=batch.pk,
    )


def _follows_a_call(call: CallResult) -> bool:
    """Return whether the recipient was called before, as far as we know."""
    earlier = CallResult.objects.counted().filter(recipient=call.recipient_id)
    return call.attempt > 1 and earlier.filter(attempt__lt=call.attempt).exists()


def _values(batch: Batch, recipient: Recipient, call: CallResult) -> dict[str, Any]:
    """Return the values of {{variables}}: the built-in ones, overridden by the row's own."""
    settings = call_settings.for_row(batch.call_settings, recipient.call_settings)
    texts = [settings[name] for name in RENDERED if name in settings]
    used = prompts.names_in([batch.prompt, *texts]).names
    now = call.claimed_at
    built_in = {
        "phone_number": call.to_number,
        "to": call.to_number,
        "from": call.from_number,
    }
    # Work out other values only when they are used.
    if "call_id" in used:
        built_in["call_id"] = str(call.call_id)
    if "now_utc" in used:
        built_in["now_utc"] = f"{now:%Y-%m-%d %H:%M}"
    if "short_to" in used:
        built_in["short_to"] = e164.national_number(call.to_number)
    if "short_from" in used:
        built_in["short_from"] = e164.national_number(call.from_number)
    if used & {"timezone", "now"} and (zone := agent_zone(batch, recipient)):
        built_in["timezone"] = zone
        built_in["now"] = f"{now.astimezone(ZoneInfo(zone)):%A, %B %d, %Y %H:%M}"
    if "country" in used:
        number = e164.parse(call.to_number, region="ZZ")
        built_in["country"] = number.region if isinstance(number, e164.Number) else ""
    return {**built_in, **recipient.request_data}
