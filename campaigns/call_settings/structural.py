"""Settings that a batch stores elsewhere: number, prompt or pathway, variables.

Read them from the batch. They are listed here so that every parameter of a call has a type.
Source: Bland API, Send Call.
"""

from __future__ import annotations

from campaigns.call_settings.parsers import identifier, integer_or_word, text
from campaigns.call_settings.shapes import json_object
from campaigns.call_settings.types import Kind, Section, setting

STRUCTURAL = (
    setting(
        "phone_number",
        "Phone number",
        Section.DISPATCH,
        Kind.PHONE,
        # What the number means depends on the batch's region, so it is parsed elsewhere.
        text(at_most=50),
        help="Number to call. The batch's region applies when it has no country code.",
        per_row=False,
        structural=True,
    ),
    setting(
        "task",
        "Prompt",
        Section.SPEECH,
        Kind.TEXT,
        text(at_most=50_000),
        help="What the agent should do and how. Required unless there is a pathway, a persona, or "
        "an agent.",
        rendered=True,
        structural=True,
    ),
    setting(
        "pathway_id",
        "Pathway",
        Section.SPEECH,
        Kind.TEXT,
        identifier,
        help="ID of a pathway to follow instead of a prompt.",
        structural=True,
    ),
    setting(
        "pathway_version",
        "Pathway version",
        Section.SPEECH,
        Kind.TEXT,
        integer_or_word(1, 1_000_000, "production", "staging"),
        help="Version of the pathway.",
        default="production",
        structural=True,
    ),
    setting(
        "request_data",
        "Request data",
        Section.KNOWLEDGE,
        Kind.OBJECT,
        json_object,
        help="Values for the {{variables}} of one call.",
        per_row=False,
        structural=True,
    ),
    setting(
        "metadata",
        "Metadata",
        Section.WEBHOOKS,
        Kind.OBJECT,
        json_object,
        help="Values to return with the result of the call, answered or not.",
        per_row=False,
        structural=True,
    ),
)
