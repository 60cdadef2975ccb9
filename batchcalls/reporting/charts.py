"""Charts that are drawn on the server: SVG, with the same figures as a table."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.contrib.humanize.templatetags.humanize import intcomma
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.text import slugify

#: Pixels from the top of the drawing. Across, everything is a percentage, so that a chart fits
#: any width and its words keep their size.
TOP, BASE = 10.0, 150.0
#: A bar takes so much of its place, and of the whole, at most.
BAR_SHARE, WIDEST_BAR = 0.7, 8.0
#: So many labels fit beside one another on a phone.
MOST_LABELS = 6
#: Grid lines above the base, at most.
MOST_STEPS = 4
#: What is more than nothing is seen.
LOWEST_BAR = 2.0


@dataclass(frozen=True, slots=True)
class Bar:
    """A value as it is drawn: across in percent, down in pixels."""

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


@dataclass(frozen=True, slots=True)
class GridLine:
    """A level that the bars are read against."""

    label: str
    y: float


def bar_chart(points: Sequence[tuple[str, float]], *, title: str, unit: str = "") -> SafeString:
    """Draw values that are not negative as bars, first to last; ``points`` are (label, value).

    The chart scales to the width that it is given. The unit follows each value; what the chart
    shows stands once more in a table that can be opened.
    """
    top = _top_of([value for _, value in points])
    context = {
        "title": title,
        "unit": unit,
        "name": f"chart-{slugify(title)}",
        "bars": list(_bars(points, top=top, unit=unit)),
        "grid": _grid(top, unit),
        "is_flat": not any(value for _, value in points),
        "base": BASE,
        "plot_top": TOP,
        "plot_height": BASE - TOP,
    }
    return render_to_string("batchcalls/bar_chart.html", context)


def _bars(points: Sequence[tuple[str, float]], *, top: float, unit: str) -> Iterator[Bar]:
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
            # Counted from the end: the newest value always has its label.
            is_labeled=(len(points) - 1 - number) % every == 0,
        )


def _top_of(values: Sequence[float]) -> float:
    """Return the level of the highest grid line: a whole number of round steps."""
    highest = max(values, default=0.0)
    return _step(highest) * math.ceil(highest / _step(highest)) if highest else 0.0


def _step(highest: float) -> float:
    """Return the least of 1, 2, 5, 10 … that parts the height into few enough steps."""
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
    return f"{number} {unit}".strip()
