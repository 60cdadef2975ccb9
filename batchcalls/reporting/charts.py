"""Charts, drawn on the server as SVG, with the same figures as a table."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.contrib.humanize.templatetags.humanize import intcomma
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.text import slugify

#: Pixels from the top of the drawing. Horizontal positions are percentages, so that a chart fits
#: any width and its text keeps its size.
TOP, BASE = 10.0, 150.0
#: Maximum width of a bar: its share of its place, and its percentage of the chart.
BAR_SHARE, WIDEST_BAR = 0.7, 8.0
#: How many labels fit next to each other on a phone.
MOST_LABELS = 6
#: Maximum number of grid lines above the base.
MOST_STEPS = 4
#: Minimum height, so that every value above zero is visible.
LOWEST_BAR = 2.0


@dataclass(frozen=True, slots=True)
class Bar:
    """A drawn value: horizontal positions in percent, vertical ones in pixels."""

    label: str
    value: str
    place: float
    place_width: float
    start: float
    width: float
    top: float
    height: float
    middle: float
    is_labeled: bool
    url: str


@dataclass(frozen=True, slots=True)
class GridLine:
    """A horizontal line for reading the bars."""

    label: str
    y: float


def bar_chart(
    points: Sequence[tuple[str, float]], *, title: str, unit: str = "", urls: Sequence[str] = ()
) -> SafeString:
    """Draw nonnegative values as bars, in order. ``points`` are (label, value) pairs.

    The chart scales to the available width. The unit follows each value. The figures are also in a
    table that the reader can open. ``urls`` lead from its values to
    their rows.
    """
    top = _top_of([value for _, value in points])
    context = {
        "title": title,
        "unit": unit,
        "name": f"chart-{slugify(title)}",
        "bars": list(_bars(points, top=top, unit=unit, urls=urls)),
        "grid": _grid(top, unit),
        "is_flat": not any(value for _, value in points),
        "base": BASE,
        "plot_top": TOP,
        "plot_height": BASE - TOP,
    }
    return render_to_string("batchcalls/bar_chart.html", context)


def _bars(
    points: Sequence[tuple[str, float]], *, top: float, unit: str, urls: Sequence[str]
) -> Iterator[Bar]:
    place_width = 100 / max(1, len(points))
    width = min(place_width * BAR_SHARE, WIDEST_BAR)
    every = math.ceil(len(points) / MOST_LABELS)
    for number, (label, value) in enumerate(points):
        height = max(LOWEST_BAR, (BASE - TOP) * value / top) if value else 0.0
        middle = place_width * (number + 0.5)
        yield Bar(
            label=label,
            value=_written(value, unit),
            place=place_width * number,
            place_width=place_width,
            start=middle - width / 2,
            width=width,
            top=BASE - height,
            height=height,
            middle=middle,
            # Counted from the end, so that the newest value always has its label.
            is_labeled=(len(points) - 1 - number) % every == 0,
            url=urls[number] if urls and value else "",
        )


def _top_of(values: Sequence[float]) -> float:
    """Return the level of the highest grid line: a multiple of a round step."""
    highest = max(values, default=0.0)
    return _step(highest) * math.ceil(highest / _step(highest)) if highest else 0.0


def _step(highest: float) -> float:
    """Return the smallest of 1, 2, 5, 10 … that divides the height into few enough steps."""
    least = highest / MOST_STEPS
    power = 10.0 ** math.floor(math.log10(least))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= least * 0.999)


def _grid(top: float, unit: str) -> list[GridLine]:
    sign = unit if unit == "%" else ""
    if not top:
        return [GridLine(_written(0, sign), BASE)]
    step = _step(top)
    return [
        GridLine(_written(step * number, sign), BASE - (BASE - TOP) * step * number / top)
        for number in range(round(top / step) + 1)
    ]


def _written(value: float, unit: str) -> str:
    rounded = round(value, 1) if value >= 1 else float(f"{value:.2g}")
    number = intcomma(int(rounded) if rounded == int(rounded) else rounded)
    return f"{number}{unit}" if unit == "%" else f"{number} {unit}".strip()
