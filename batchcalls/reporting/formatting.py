"""How the back office shows statuses, progress, times, durations and money."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.contrib.humanize.templatetags.humanize import intcomma, naturaltime
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString

from batchcalls.models import Batch
from batchcalls.models.querysets import Totals
from batchcalls.reporting.waiting import EMERGENCY_STOP
from batchcalls.states import DeliveryStatus, Stage, Status, Tone
from batchcalls.voice import prices

#: status -> tone. Deliveries have their own: one of their statuses is also a recipient status.
TONES: dict[str, Tone] = {
    status.value: status.role.tone
    for kind in Status.__subclasses__()
    if kind is not DeliveryStatus
    for status in kind
}


def pill(status: str, label: str = "", tone: str = "") -> SafeString | str:
    """Show a status as a word on a soft background, or nothing for a blank status."""
    if not status:
        return ""
    text = label or str(status).replace("_", " ").capitalize()
    return format_html(
        '<span class="pill {}">{}</span>', tone or TONES.get(str(status), Tone.NEUTRAL), text
    )


def batch_pill(batch: Batch, waiting_code: str = "") -> SafeString | str:
    """Show a batch's status. An emergency stop is part of it, because nothing else is true then."""
    label = batch.get_status_display()
    if waiting_code == EMERGENCY_STOP:
        return pill(batch.status, f"{label} · Stopped", Tone.DANGER)
    return pill(batch.status, label)


def ago(moment: datetime | None, blank: str = "–") -> SafeString | str:
    """Show how long ago or how far ahead a time is, with the exact time in the title."""
    if moment is None:
        return blank
    local = timezone.localtime(moment)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        moment.isoformat(timespec="seconds"),
        date_format(local, "M j, Y, H:i:s T"),
        _span_of(str(naturaltime(moment))),
    )


def _span_of(text: str) -> str:
    """Leave out the smaller of two units: "4 days, 21 hours ago" is four days ago."""
    return re.sub(r",.*?\d+\s\w+", "", text)


def at(moment: datetime | date | None, blank: str = "–") -> SafeString | str:
    """Show an exact time."""
    if moment is None:
        return blank
    shown = timezone.localtime(moment) if isinstance(moment, datetime) else moment
    form = "M j, Y, H:i:s T" if isinstance(moment, datetime) else "M j, Y"
    return format_html(
        '<time datetime="{}">{}</time>', moment.isoformat(), date_format(shown, form)
    )


def short_date(day: date) -> str:
    """Format a day of this year, such as Nov 6."""
    return date_format(day, "M j")


def duration(seconds: float | None) -> str:
    """Format a duration, such as 2 m 14 s, or a blank for None."""
    if seconds is None:
        return "–"
    whole = round(seconds)
    parts = [(whole // 86_400, "d"), (whole // 3_600 % 24, "h"), (whole // 60 % 60, "m")]
    parts.append((whole % 60, "s"))
    shown = [f"{count} {unit}" for count, unit in parts if count]
    return " ".join(shown[:2]) or "0 s"


def money(amount: Decimal | float | None, currency: str = "") -> str:
    """Format an amount with its currency, or a blank for None."""
    return "–" if amount is None else prices.money(Decimal(amount), currency)


def words(code: str) -> str:
    """Format a code such as ``not_a_number`` as words."""
    return str(code).replace("_", " ").capitalize()


def share(part: float, whole: float) -> str:
    """Format a part as a percentage of the whole, or a dash if the whole is zero."""
    return f"{100 * part / whole:.0f}%" if whole else "–"


def copy_id(identifier: Any) -> SafeString:
    """Show the beginning of a long id as a button that copies the whole id."""
    text = str(identifier)
    return format_html(
        '<button type="button" class="copy-id" data-copy="{}" title="{} – copy">'
        '<span class="visually-hidden">Copy ID </span>{}</button>',
        text,
        text,
        text[:8],
    )


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a progress bar. ``start`` and ``width`` are percentages; ``name`` is its color."""

    name: str
    count: int
    start: float
    width: float


def segments(totals: Totals) -> list[Segment]:
    """Divide a batch's rows by stage. The segments add up to all rows.

    Rows that someone canceled are no skipped rows: they have a segment of their own.
    """
    counts: list[tuple[str, int]] = []
    for stage in Stage:
        count = totals.at(stage)
        if stage == Stage.SKIPPED:
            counts += [(stage.value, count - totals.canceled), ("canceled", totals.canceled)]
        else:
            counts.append((stage.value, count))
    found: list[Segment] = []
    start = 0.0
    for name, count in counts:
        width = 100 * count / totals.rows if totals.rows else 0
        found.append(Segment(name, count, round(start, 3), round(width, 3)))
        start += width
    return found


def progress(totals: Totals, name: str = "Progress") -> dict[str, Any]:
    """Return the context of a progress bar: its segments, and the counts in words."""
    parts = segments(totals)
    # A count and its word stay on one line.
    words = [f"{intcomma(part.count)}\N{NO-BREAK SPACE}{part.name}" for part in parts if part.count]
    return {
        "totals": totals,
        "segments": [part for part in parts if part.count],
        "words": " · ".join(words) or "no rows yet",
        "name": name,
    }
