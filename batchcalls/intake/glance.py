"""A first look at a draft's list while the draft is being written: who could be called.

It checks the first rows as the full check does, without storing anything. The full check still
looks at every row, and at the times and caps that hold at the moment of dialing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from batchcalls.database import clock, disks
from batchcalls.intake import estimate
from batchcalls.intake.resource import JudgedRow, RecipientResource
from batchcalls.intake.validation import REFUSALS, RowRules
from batchcalls.lists.mapping import ListMapping
from batchcalls.lists.tables import open_table, rows_as_uploaded
from batchcalls.lists.unreadable import UnreadableList
from batchcalls.models import Batch, StoredList
from batchcalls.models.batch import DuplicateChoice
from campaigns import same_phone
from campaigns.models import Suppression
from campaigns.prompts import PromptError

#: Rows that are looked at: as many as take a few tenths of a second.
ROWS = 1_000
#: Reasons that are named; the others are added up.
MOST_REASONS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """What the first ``rows`` rows of a list say; ``is_whole`` if there are no others.

    ``skipped`` are the commonest reason codes with their counts, and ``others`` counts the rest.
    ``estimate`` describes calls, time and cost of a whole list, and is blank for a part of one.
    """

    rows: int
    is_whole: bool
    callable_rows: int
    skipped: Sequence[tuple[str, int]] = ()
    others: int = 0
    estimate: str = ""

    @property
    def skipped_rows(self) -> int:
        """The number of rows that would be skipped."""
        return self.rows - self.callable_rows


def of(batch: Batch, stored: StoredList, mapping: ListMapping) -> Glance | None:
    """Check the first rows of a list for a batch, which need not be saved.

    Return None for a list without a phone column or a readable file, and for a prompt that cannot
    be read: the page says so elsewhere.
    """
    if mapping.phone_position is None:
        return None
    try:
        rules = RowRules.of(batch)
        with stored.open_file() as stream, open_table(stored, stream) as table:
            rows = list(islice(rows_as_uploaded(stored, table), ROWS + 1))
    except (PromptError, UnreadableList, FileNotFoundError, disks.StorageAway):
        return None
    resource = RecipientResource(stored=stored, mapping=mapping, rules=rules)
    judged = resource.judged(rows[:ROWS])
    counts = Counter(_reasons(batch, judged))
    callable_rows = counts.pop("", 0)
    named = counts.most_common(MOST_REASONS)
    is_whole = len(rows) <= ROWS
    return Glance(
        rows=len(judged),
        is_whole=is_whole,
        callable_rows=callable_rows,
        skipped=named,
        others=sum(counts.values()) - sum(count for _, count in named),
        estimate=_estimate(batch, callable_rows) if is_whole else "",
    )


def _reasons(batch: Batch, judged: Sequence[JudgedRow]) -> list[str]:
    """Return the reason code of each row that would be skipped, blank for the others."""
    bans: Any = Suppression.objects.bans_among(
        [row.e164 for row in judged if not row.reason_code], now=clock.now()
    )
    refused = {
        same_phone.key_of(number): row.reason_code
        for row in reversed(judged)
        if row.reason_code in REFUSALS
        for number in (row.refused_numbers or row.e164).split(",")
    }
    is_once = batch.duplicates == DuplicateChoice.CALL_ONCE
    seen: set[str] = set()
    reasons = []
    for row in judged:
        code = row.reason_code
        if not code:
            key = same_phone.key_of(row.e164)
            ban = bans.on(row.e164, batch.campaign_id)
            code = refused.get(key) or ("duplicate" if is_once and key in seen else "")
            code = code or (ban.code if ban else "")
            seen.add(key)
        reasons.append(code)
    return reasons


def _estimate(batch: Batch, recipients: int) -> str:
    figures, _ = estimate.of(batch, recipients=recipients, now=clock.now())
    return estimate.describe(figures)
