"""What a batch is launched with, each listed once: who may say it, change it, copy it, see it."""

from __future__ import annotations

from enum import Flag, auto
from typing import Any

from batchcalls.models.batch import Batch


class Use(Flag):
    """What is done with a field. A request for a draft says what is ``ASKED`` for."""

    ASKED = auto()
    #: Changed with a draft; afterwards it stays as it is.
    EDITED = auto()
    CLONED = auto()
    #: Copied to a test call.
    TRIED = auto()
    #: Shown to programs that ask for the settings of a batch.
    TOLD = auto()


_SAID = Use.ASKED | Use.EDITED | Use.TOLD

LAUNCHED_WITH: dict[str, Use] = {
    # A copy has a name of its own.
    "name": Use.ASKED | Use.EDITED,
    "campaign": _SAID | Use.CLONED | Use.TRIED,
    "account": _SAID | Use.CLONED | Use.TRIED,
    "prompt": _SAID | Use.CLONED | Use.TRIED,
    "pathway_id": _SAID | Use.CLONED | Use.TRIED,
    "pathway_version": _SAID | Use.CLONED | Use.TRIED,
    "call_settings": _SAID | Use.CLONED | Use.TRIED,
    # The campaign's of the moment, in a clone too: a copy does not outlive a stricter rule.
    "policy": Use.EDITED | Use.TRIED | Use.TOLD,
    # With the list, which is read by it.
    "region": Use.EDITED | Use.CLONED | Use.TRIED | Use.TOLD,
    "duplicates": _SAID | Use.CLONED,
    # The time of a batch is not that of its copy.
    "start_at": _SAID,
    "cps": _SAID | Use.CLONED,
    "concurrency": _SAID | Use.CLONED,
    "chunk_size": Use.TOLD,
    # Addresses may hold secrets, and whoever listens is not told of a test call.
    "status_webhook": Use.ASKED | Use.CLONED,
    "batch_webhook": Use.ASKED | Use.CLONED,
}

#: Fields of a batch that it is not launched with, and why.
NOT_LAUNCHED_WITH = {
    "id": "Each batch has its own.",
    "status": "How far it is.",
    "reason_code": "Why it is where it is.",
    "reason": "Why it is where it is.",
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
    """Return the names of the fields with which that is done."""
    return [name for name, uses in LAUNCHED_WITH.items() if use in uses]


def values_of(batch: Batch, use: Use) -> dict[str, Any]:
    """Return a batch's values of the fields with which that is done."""
    return {name: getattr(batch, name) for name in names_of(use)}
