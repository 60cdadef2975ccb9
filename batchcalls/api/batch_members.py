"""What members of a batch and of its recipients mean, wherever they are sent or shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

#: Of a batch, for columns without a help text.
BATCH: Final[Mapping[str, str]] = {
    "name": "Name of the batch, as people see it.",
    "status": "Status of the batch.",
    "reason_code": "Why it has this status, for programs; blank if that needs no reason.",
    "reason": "Why it has this status, in words.",
    "prompt": "What the agent is told, with variables such as {{name}}; instead of a pathway.",
    "pathway_id": "ID of a pathway at the voice provider, instead of a prompt.",
    "pathway_version": "Version of the pathway. Leave blank for the published one.",
    "call_settings": "Settings that all calls share.",
    "duplicates": "What happens to numbers that several rows have.",
    "start_at": "Start no earlier than this. Null to start right away.",
    "cps": "Calls per second of this batch. Null to use the account's limit.",
    "concurrency": "Live calls of this batch. Null to use the account's limit.",
    "chunk_size": "How many recipients are sent out at a time.",
    "policy": "The calling policy, as it was at the launch.",
    "row_count": "Rows of its lists; null before they are counted.",
    "created_by": "Name of the user who created it; null if that user was deleted.",
    "launched_at": "When it was launched; null for a draft.",
    "ended_at": "When it ended; null until then.",
}
#: Of a recipient, for columns without a help text.
RECIPIENT: Final[Mapping[str, str]] = {
    "row_number": "Row of the list; the header is row 1. Lists added later continue the count.",
    "raw_number": "The number as the list has it.",
    "e164": "The number that is dialed, in E.164; blank if the row has none.",
    "request_data": "Variables of the row.",
    "metadata": "Data of the row that is stored with its calls and not said.",
    "call_settings": "Call settings of this row alone.",
    "start_at": "The row is not called before this; null for no such time.",
    "status": "Status of the recipient.",
    "outcome": "How the last call ended; blank until then.",
    "reason_code": "Why the row has this status, for programs; blank if that needs no reason.",
    "reason": "Why the row has this status, in words.",
    "due_at": "When the next call is due; null if none is.",
    "attempts": "How often a call was placed.",
}
