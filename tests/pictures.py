"""Take the pictures of the README, in light and dark, from the running product.

    python -m tests.pictures                     (needs Chromium; writes into .pictures/)

Uses a new installation, which `tests.showcase` fills and which keeps calling meanwhile.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.browser.conftest import DESKTOP, FLAGS, Site, filled_site, log_in
from tests.installation import ROOT

FOLDER = ROOT / ".pictures"


def main() -> None:
    """Take each picture in both themes."""
    FOLDER.mkdir(exist_ok=True)
    with showcase() as site:
        _take(site)


@contextmanager
def showcase() -> Iterator[Site]:
    """Yield a new installation that `tests.showcase` filled, with a web server and a worker."""
    with (
        tempfile.TemporaryDirectory(prefix="batchcalls-pictures-") as folder,
        filled_site(Path(folder), "tests.showcase", LOG_LEVEL="WARNING") as site,
    ):
        yield site


def _take(site: Site) -> None:
    pages = dict(_pages(site))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        for scheme in ("light", "dark"):
            size = {"width": DESKTOP[0], "height": DESKTOP[1]}
            page = browser.new_page(viewport=size, color_scheme=scheme, base_url=site.url)
            log_in(page)
            for name, address in pages.items():
                page.goto(address)
                page.wait_for_load_state("networkidle")
                page.screenshot(path=FOLDER / f"{name}-{scheme}.png")
        browser.close()


def _pages(site: Site) -> Iterator[tuple[str, str]]:
    keys = site.ask(
        "{'running': str(Batch.objects.get(name='Annual boiler check').pk),"
        " 'draft': str(Batch.objects.get(name='Feedback round 12').pk),"
        " 'call': CallResult.objects.filter(disposition='CALL_BACK_SCHEDULED').first().pk}"
    )
    yield "batch", f"/batchcalls/batch/{keys['running']}/change/"
    yield "dashboard", "/"
    yield "wizard", f"/batchcalls/batch/{keys['draft']}/columns/"
    yield "call", f"/batchcalls/callresult/{keys['call']}/change/"


if __name__ == "__main__":
    main()
