"""Charts are read by people who see them, and by people who do not."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from batchcalls.reporting.charts import BASE, TOP, bar_chart

SVG = "{http://www.w3.org/2000/svg}"
DAYS = [(f"{day} Nov", float(day)) for day in range(1, 15)]


def drawing(html: str) -> ElementTree.Element:
    """Return the SVG; the markup is well-formed, or this raises."""
    found = re.search(r"<svg.*?</svg>", html, re.DOTALL)
    assert found
    return ElementTree.fromstring(found[0])  # noqa: S314


def bars(svg: ElementTree.Element) -> list[tuple[float, float]]:
    """Return top and height of each bar."""
    found = [rect for rect in svg.iter("rect") if rect.get("class") == "bar"]
    return [(float(rect.get("y", "")), float(rect.get("height", ""))) for rect in found]


def words(svg: ElementTree.Element, kind: str) -> list[str]:
    return [(text.text or "").strip() for text in svg.iter("text") if text.get("class") == kind]


class Cells(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self._cell = False
        self.feed(html[html.index("<tbody>") :])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "tr":
            self.rows.append([])
        self._cell = tag in {"td", "th"}

    def handle_data(self, data: str) -> None:
        if self._cell:
            self.rows[-1].append(data)
            self._cell = False


def test_every_value_has_a_bar_that_says_what_it_is() -> None:
    svg = drawing(bar_chart(DAYS, title="Minutes per day", unit="min"))
    assert [title.text for title in svg.iter("title")][:3] == [
        "Minutes per day",
        "1 Nov: 1 min",
        "2 Nov: 2 min",
    ]
    assert len(bars(svg)) == 14


def test_bars_stand_on_the_base_and_are_as_high_as_their_values() -> None:
    drawn = bars(drawing(bar_chart([("a", 5), ("b", 10)], title="Two")))
    assert [top + height for top, height in drawn] == [BASE, BASE]
    assert drawn[1][1] == BASE - TOP
    assert drawn[1][1] == 2 * drawn[0][1]


def test_the_picture_is_named_for_those_who_cannot_see_it() -> None:
    svg = drawing(bar_chart(DAYS, title="Calls per day"))
    assert svg.get("role") == "img"
    [name] = [title for title in svg.iter("title") if title.get("id")]
    assert (svg.get("aria-labelledby"), name.text) == (name.get("id"), "Calls per day")


def test_the_same_figures_stand_in_a_table() -> None:
    html = bar_chart([("Mon", 1200), ("Tue", 0.5)], title="Minutes", unit="min")
    assert '<details class="as-table"' in html
    rows = [[cell.strip() for cell in row] for row in Cells(html).rows]
    assert rows == [["Mon", "1,200 min"], ["Tue", "0.5 min"]]


def test_each_value_of_the_table_leads_to_its_rows_if_there_are_any() -> None:
    html = bar_chart([("Mon", 3), ("Tue", 0)], title="Calls", urls=["/?day=1", "/?day=2"])
    assert '<a href="/?day=1">3</a>' in html
    assert "/?day=2" not in html


@pytest.mark.parametrize("count", [1, 6, 7, 14, 60, 365])
def test_labels_are_few_enough_for_a_phone_and_the_newest_has_one(count: int) -> None:
    points = [(f"day {number}", 1.0) for number in range(count)]
    labels = words(drawing(bar_chart(points, title="Days")), "label")
    assert 1 <= len(labels) <= 6
    assert labels[-1] == f"day {count - 1}"


@pytest.mark.parametrize(
    ("highest", "levels"),
    [
        (1, ["0", "0.5", "1"]),
        (7, ["0", "2", "4", "6", "8"]),
        (14, ["0", "5", "10", "15"]),
        (100, ["0", "50", "100"]),
        (4300, ["0", "2,000", "4,000", "6,000"]),
    ],
)
def test_bars_are_read_against_round_figures(highest: float, levels: list[str]) -> None:
    assert words(drawing(bar_chart([("a", highest)], title="One")), "level") == levels


def test_a_series_of_nothing_but_zeros_has_a_base_and_no_bar() -> None:
    svg = drawing(bar_chart([("a", 0), ("b", 0)], title="Quiet days", unit="%"))
    assert bars(svg) == []
    assert words(svg, "level") == ["0%"]
    assert words(svg, "flat") == ["All values are 0."]
    assert words(svg, "label") == ["a", "b"]


def test_a_single_value_is_a_bar_and_not_a_wall() -> None:
    svg = drawing(bar_chart([("today", 3)], title="One day"))
    [bar] = [rect for rect in svg.iter("rect") if rect.get("class") == "bar"]
    assert (bar.get("x"), bar.get("width")) == ("46.000%", "8.000%")


def test_a_small_value_beside_a_large_one_can_be_seen() -> None:
    drawn = bars(drawing(bar_chart([("a", 1), ("b", 1_000_000)], title="Both")))
    assert drawn[0][1] >= 2


def test_without_values_it_says_so() -> None:
    assert "Nothing to show yet." in bar_chart([], title="None")


def test_labels_are_text_whatever_they_hold() -> None:
    html = bar_chart([("<b>&", 1)], title="<script>")
    assert "<script>" not in html
    assert "&lt;b&gt;&amp;: 1" in html
