"""Settings that have a place of their own in a batch: number, prompt or pathway, variables.

Whoever reads a batch takes them from there; they are listed so that every parameter of a call has
a type. Source: Bland API, Send Call.
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
        # The batch's region decides what the number means, so its reading happens elsewhere.
        text(at_most=50),
        help="The number to call; it is read with the default region of the batch.",
        per_row=False,
        structural=True,
    ),
    setting(
        "task",
        "Prompt",
        Section.SPEECH,
        Kind.TEXT,
        text(at_most=50_000),
        help="What the agent is told to do and how to behave; needed unless there is a pathway.",
        rendered=True,
        structural=True,
    ),
    setting(
        "pathway_id",
        "Pathway",
        Section.SPEECH,
        Kind.TEXT,
        identifier,
        help="Id of the conversation graph to follow in place of a prompt.",
        structural=True,
    ),
    setting(
        "pathway_version",
        "Pathway version",
        Section.SPEECH,
        Kind.TEXT,
        integer_or_word(1, 1_000_000, "production", "staging"),
        help="Number of the pathway's version, or production or staging.",
        default="production",
        structural=True,
    ),
    setting(
        "request_data",
        "Request data",
        Section.KNOWLEDGE,
        Kind.OBJECT,
        json_object,
        help="Values of the {{variables}} for one call.",
        per_row=False,
        structural=True,
    ),
    setting(
        "metadata",
        "Metadata",
        Section.WEBHOOKS,
        Kind.OBJECT,
        json_object,
        help="Values that come back with the result of every call, answered or not.",
        per_row=False,
        structural=True,
    ),
)
