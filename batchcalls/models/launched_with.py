"""The fields a batch is launched with, each listed once with the ways it is used."""

from __future__ import annotations

from enum import Flag, auto
from typing import Any

from batchcalls.models.batch import Batch


class Use(Flag):
    """How a field is used. A request for a draft may set the fields that are ``ASKED``."""

    ASKED = auto()
    #: Can be changed while the batch is a draft.
    EDITED = auto()
    CLONED = auto()
    #: Copied to a test call.
    TRIED = auto()
    #: Included in the settings of a batch in the API.
    TOLD = auto()


_SETTING = Use.ASKED | Use.EDITED | Use.TOLD

LAUNCHED_WITH: dict[str, Use] = {
    # A copy gets its own name.
    "name": Use.ASKED | Use.EDITED,
    "campaign": _SETTING | Use.CLONED | Use.TRIED,
    "account": _SETTING | Use.CLONED | Use.TRIED,
    "purpose": _SETTING | Use.CLONED | Use.TRIED,
    # Until somebody states one.
    "purpose_assumed": Use.EDITED | Use.CLONED | Use.TRIED,
    "prompt": _SETTING | Use.CLONED | Use.TRIED,
    "pathway_id": _SETTING | Use.CLONED | Use.TRIED,
    "pathway_version": _SETTING | Use.CLONED | Use.TRIED,
    "call_settings": _SETTING | Use.CLONED | Use.TRIED,
    # A clone gets the policy as it is today, so that it follows a rule that became stricter.
    "policy": Use.EDITED | Use.TRIED | Use.TOLD,
    # Set at the launch; a copy gets the versions of its own.
    "rule_packs": Use.TOLD,
    # Set with the list, which is read with it.
    "region": Use.EDITED | Use.CLONED | Use.TRIED | Use.TOLD,
    "duplicates": _SETTING | Use.CLONED,
    # A copy does not keep the start time.
    "start_at": _SETTING,
    "cps": _SETTING | Use.CLONED,
    "concurrency": _SETTING | Use.CLONED,
    "budget": _SETTING | Use.CLONED,
    "breaker_percent": _SETTING | Use.CLONED,
    "chunk_size": Use.TOLD,
    # A copy says what others wrote, who must still be allowed to.
    "set_by": Use.CLONED | Use.TRIED,
    # URLs may contain secrets, and test calls are not reported to them.
    "status_webhook": Use.ASKED | Use.CLONED,
    "batch_webhook": Use.ASKED | Use.CLONED,
}

#: All other fields of a batch, and why they are not in `LAUNCHED_WITH`.
NOT_LAUNCHED_WITH = {
    "id": "Each batch has its own.",
    "status": "How far it is.",
    "reason_code": "Why it is where it is.",
    "reason": "Why it is where it is.",
    "spent": "What its own calls cost.",
    "spent_counted_at": "When the sum was last recounted.",
    "budget_warned": "Which budget was warned about.",
    "next_slot_at": "The engine's pace.",
    "served_at": "The engine's turn.",
    "row_count": "Known once its lists are read.",
    "ready_through": "How far its rows are checked.",
    "queued_through": "How far its chunks went out.",
    "dry_run": "The report on its own rows.",
    "launch_when_ready": "A decision about this batch alone.",
    "test_of": "What makes it a test call.",
    "single_call_id": "What makes it a single call.",
    "created_by": "Whoever makes a copy is its author.",
    "created_at": "When it was made.",
    "launched_at": "When it was launched.",
    "ended_at": "When it was over.",
}


def names_of(use: Use) -> list[str]:
    """Return the names of the fields with a use."""
    return [name for name, uses in LAUNCHED_WITH.items() if use in uses]


def values_of(batch: Batch, use: Use) -> dict[str, Any]:
    """Return a batch's values of the fields with a use."""
    return {name: getattr(batch, name) for name in names_of(use)}
