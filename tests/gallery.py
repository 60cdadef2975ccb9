"""Take a picture of every page, to look at: each width, light and dark, and real and long content.

    python -m tests.gallery FOLDER [PART OF AN ADDRESS]…            (needs Chromium)

The pages are those that `tests.browser.test_every_page` inspects. ``FOLDER/WIDTH-THEME/`` has each
page as a whole, and ``FOLDER/WIDTH-THEME-N.png`` are contact sheets.
"""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from itertools import product
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.conftest import FLAGS, Site, filled_site, log_in
from tests.browser.inspection import HEIGHTS
from tests.browser.test_every_page import KEYS, PAGES

FILLED = "tests.showcase", "tests.browser.long_words"
#: Columns of a contact sheet, and pages on it, by width.
SHEETS = {1360: (3, 6), 1024: (4, 8), 390: (6, 12)}
SHEET = (2_000, 1_700)
THEMES = ("light", "dark")
LOGIN = "/login/"


def main() -> None:
    """Take the pictures of all pages, or of those whose address has one of the parts."""
    folder, parts = Path(sys.argv[1]), sys.argv[2:]
    with (
        tempfile.TemporaryDirectory(prefix="batchcalls-gallery-") as place,
        filled_site(Path(place), *FILLED, LOG_LEVEL="WARNING") as site,
        sync_playwright() as playwright,
    ):
        pages = {
            name: address
            for name, address in _pages(site)
            if address == LOGIN or not parts or any(part in address for part in parts)
        }
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        for width, theme in product(HEIGHTS, THEMES):
            taken = folder / f"{width}-{theme}"
            taken.mkdir(parents=True, exist_ok=True)
            page = browser.new_page(
                viewport={"width": width, "height": HEIGHTS[width]},
                color_scheme=theme,
                base_url=site.url,
            )
            _take(page, pages, taken)
            _put_together(browser, [taken / f"{name}.png" for name in pages], width, taken)
        browser.close()


def _pages(site: Site) -> Iterator[tuple[str, str]]:
    fields = (f"{name!r}: str({query}.pk)" for name, query in KEYS.items())
    keys = site.ask(f"{{{', '.join(fields)}}}")
    addresses = [LOGIN, *PAGES, "/no-such-page/", "/batchcalls/batch/?q=nothing-like-this"]
    for number, address in enumerate(addresses):
        words = re.sub(r"[^a-z0-9]+", "-", address.lower()).strip("-")
        yield f"{number:03}-{words or 'dashboard'}", address.format(**keys)


def _take(page: Page, pages: dict[str, str], folder: Path) -> None:
    for name, address in pages.items():
        page.goto(address)
        page.wait_for_load_state("networkidle")
        page.screenshot(path=folder / f"{name}.png", full_page=True)
        if address == LOGIN:
            log_in(page)


def _put_together(browser: Browser, pictures: list[Path], width: int, folder: Path) -> None:
    columns, on_sheet = SHEETS[width]
    page = browser.new_page(viewport={"width": SHEET[0], "height": SHEET[1]})
    each = SHEET[0] // columns - 12
    height = SHEET[1] // (on_sheet // columns) - 34
    for number, first in enumerate(range(0, len(pictures), on_sheet), start=1):
        some = pictures[first : first + on_sheet]
        cells = "".join(
            f"<figure><figcaption>{one.stem}</figcaption><div><img src='{one.as_uri()}'></div>"
            "</figure>"
            for one in some
        )
        style = (
            f"body{{margin:0;background:#888;font:12px sans-serif;display:grid;gap:8px;"
            f"grid-template-columns:repeat({columns},{each}px)}}figure{{margin:0}}"
            f"figure div{{height:{height}px;overflow:hidden}}img{{width:{each}px}}"
        )
        sheet = folder.with_name(f"{folder.name}-{number}.html")
        sheet.write_text(f"<style>{style}</style>{cells}", encoding="utf-8")
        page.goto(sheet.as_uri())
        page.wait_for_load_state("networkidle")
        page.screenshot(path=sheet.with_suffix(".png"))
        sheet.unlink()
    page.close()


if __name__ == "__main__":
    main()
