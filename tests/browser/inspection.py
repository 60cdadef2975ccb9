"""Looks a page over as people would: what looks broken, and what assistive technology meets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

GEOMETRY = Path(__file__).with_name("geometry.js").read_text(encoding="utf-8")
STANDARD = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
OPTIONS = {
    "runOnly": {"type": "tag", "values": STANDARD},
    "resultTypes": ["violations"],
    "preload": False,
}
EVERYTHING = "async (options) => (await axe.run(options)).violations"
#: The rules whose answer depends on colors, and so on the theme.
COLORS = Path(__file__).with_name("colors.js").read_text(encoding="utf-8")
HEIGHTS = {1360: 900, 1024: 768, 390: 844}
#: Where everything is checked; at the widths between them, what the width alone decides.
MAIN_WIDTHS = (1360, 390)


def look_over(page: Page) -> list[str]:
    """Return what is wrong with an open page, at every width and in both themes."""
    return list(_look_over(page))


def broken_places(page: Page) -> list[str]:
    """Return what looks broken at the present width: cut, sticking out, scrolling sideways."""
    found: list[str] = page.evaluate(GEOMETRY)
    return found


def _look_over(page: Page) -> Iterator[str]:
    page.evaluate(Axe().axe_script)
    # A color on its way to another is nobody's color.
    page.emulate_media(reduced_motion="reduce")
    for width, height in HEIGHTS.items():
        page.set_viewport_size({"width": width, "height": height})
        yield from (f"at {width} px {problem}" for problem in broken_places(page))
        if width in MAIN_WIDTHS:
            yield from (f"at {width} px {one}" for one in _violations(page, EVERYTHING, OPTIONS))
            page.emulate_media(color_scheme="dark")
            yield from (f"dark at {width} px {one}" for one in _violations(page, COLORS))
            page.emulate_media(color_scheme="light")


def _violations(page: Page, script: str, options: Any = None) -> Iterator[str]:
    for rule in page.evaluate(script, options):
        for node in rule["nodes"][:3]:
            yield f"{rule['id']}: {node['html'][:160]} {node.get('failureSummary', '')[:200]}"
