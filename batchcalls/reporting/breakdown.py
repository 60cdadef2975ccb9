"""A batch's figures as bars: from rows to people reached, by result, and by outcome of calls."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from batchcalls.models.querysets import Totals
from batchcalls.reporting.batch_figures import Outcome
from batchcalls.states import CallStatus
from campaigns.vocabulary import outcome_in_words

#: Outcomes that are shown one by one; the rest is one bar.
MOST_OUTCOMES = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A bar: its label and count, its share of all in percent, and the query of its rows."""

    label: str
    count: int
    percent: float
    query: str = ""
    tone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Breakdown:
    """Bars with their title, what they are, what they count, and the URL of the rows behind."""

    title: str
    head: str
    unit: str
    parts: list[Part]
    base: str = ""


def of_batch(
    totals: Totals, outcomes_of: Mapping[Outcome, int], *, rows: str, calls: str
) -> list[Breakdown]:
    """Return the bars of a batch's page. ``rows`` and ``calls`` are blank where nobody may look."""
    return [
        Breakdown(
            title="From rows to reached", head="Step", unit="Rows", parts=funnel(totals), base=rows
        ),
        Breakdown(title="Results", head="Result", unit="Rows", parts=results(totals), base=rows),
        Breakdown(
            title="Calls by outcome",
            head="Outcome",
            unit="Calls",
            parts=outcomes(outcomes_of),
            base=calls,
        ),
    ]


def funnel(totals: Totals) -> list[Part]:
    """Return the steps from the rows of the list to the people reached, as parts of all rows."""
    steps = [
        ("Rows", totals.rows, ""),
        ("Callable", totals.rows - totals.skipped, "status=callable"),
        ("Called", totals.called, "status=called"),
        ("Answered", totals.reached + totals.voicemail, "status=answered"),
        ("Reached", totals.reached, "outcome=reached"),
    ]
    return [
        Part(label=label, count=count, percent=_percent(count, totals.rows), query=query)
        for label, count, query in steps
    ]


def results(totals: Totals) -> list[Part]:
    """Return how the rows ended so far. Each finished row is counted once."""
    parts = [
        ("Reached", totals.reached, "outcome=reached", "done"),
        ("Voicemail", totals.voicemail, "outcome=voicemail", "live"),
        ("No answer or busy", totals.not_reached, "outcome=not_reached", "missed"),
        ("Failed", totals.failed, "status=failed", "failed"),
        ("Unconfirmed", totals.unconfirmed, "status=unconfirmed", "skipped"),
        ("Skipped", totals.skipped, "status=skipped", "skipped"),
        ("Canceled", totals.canceled, "status=canceled", "canceled"),
    ]
    ended = sum(count for _, count, _, _ in parts)
    return [
        Part(label=label, count=count, percent=_percent(count, ended), query=query, tone=tone)
        for label, count, query, tone in parts
        if count
    ]


def outcomes(counts: Mapping[Outcome, int]) -> list[Part]:
    """Return the ended calls by outcome, the most frequent first."""
    found = Counter(counts)
    ended = found.total()
    shown = found.most_common(MOST_OUTCOMES)
    parts = [
        Part(
            label=outcome_in_words(value) if field == "disposition" else CallStatus(value).label,
            count=count,
            percent=_percent(count, ended),
            query=urlencode({field: value}),
        )
        for (field, value), count in shown
    ]
    rest = ended - sum(part.count for part in parts)
    if rest:
        parts.append(Part(label="Other", count=rest, percent=_percent(rest, ended)))
    return parts


def _percent(count: int, whole: int) -> float:
    return round(100 * count / whole, 3) if whole else 0.0
