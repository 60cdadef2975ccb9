"""Charts as plain SVG, drawn by the server, each with the same figures as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

WIDTH, HEIGHT = 640, 160
_TOP, _BOTTOM = 10, 22
_LABELS = 8
_ids = count(1)


@dataclass(frozen=True, slots=True)
class Bar:
    """One value, and where it is drawn, in units of the picture."""

    label: str
    value: str
    x: str
    y: str
    width: str
    height: str
    #: In the middle under the bar; blank where there is no room for all.
    shown_label: str
    middle: str


def bar_chart(points: Sequence[tuple[str, float]], *, title: str, unit: str = "") -> SafeString:
    """Draw values as bars from zero, with their table; ``unit`` stands behind each value."""
    top = max((value for _, value in points), default=0) or 1
    step = WIDTH / max(len(points), 1)
    every = max(1, -(-len(points) // _LABELS))
    room = HEIGHT - _TOP - _BOTTOM
    bars = []
    for index, (label, value) in enumerate(points):
        height = room * value / top
        bars.append(
            Bar(
                label=label,
                value=f"{value:,.0f}{unit and f' {unit}'}",
                x=f"{index * step + step * 0.12:.2f}",
                y=f"{_TOP + room - height:.2f}",
                width=f"{step * 0.76:.2f}",
                height=f"{height:.2f}",
                shown_label=label if index % every == 0 else "",
                middle=f"{index * step + step / 2:.2f}",
            )
        )
    context = {
        "bars": bars,
        "title": title,
        "id": f"chart-{next(_ids)}",
        "width": WIDTH,
        "height": HEIGHT,
        "floor": HEIGHT - _BOTTOM,
        "label_y": HEIGHT - 6,
        "top": f"{top:,.0f}{unit and f' {unit}'}",
    }
    return render_to_string("batchcalls/bar_chart.html", context)
