"""Walk through five tasks as a new user would, and count the clicks and the fields filled in.

    python -m tests.benchmarks.clicks           (needs Chromium)

Each begins on the dashboard and ends when the result is on the screen. Choosing a file, and typing
into a field, count as one field each.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from playwright.sync_api import Locator, Page, expect, sync_playwright

from tests.browser.conftest import DESKTOP, FLAGS, log_in
from tests.pictures import showcase

HEADER = "phone_number,customer_name,service,date\n"
LIST = f"{HEADER}+12025550160,Emily,Cleaning,July 10\nn/a,Eve,Roof,July 12\n"
FIXED = f"{HEADER}+12025550162,Eve,Roof,July 12\n"


class Visitor:
    """A page, and how often it was clicked and filled in."""

    def __init__(self, page: Page, folder: Path) -> None:
        self.page, self.folder = page, folder
        self.clicks = self.fields = 0

    def click(self, what: str, *, role: str = "link", last: bool = False) -> None:
        """Click a link or a button by its name."""
        found = self.page.get_by_role(role, name=re.compile(what))  # type: ignore[arg-type]
        self.press(found.last if last else found.first)

    def go_to(self, page: str) -> None:
        """Click a page in the sidebar."""
        sidebar = self.page.get_by_role("navigation", name="Sidebar")
        self.press(sidebar.get_by_role("link", name=page))

    def press(self, where: Locator) -> None:
        where.click()
        self.clicks += 1

    def fill(self, label: str, text: str) -> None:
        self.page.get_by_label(re.compile(label)).last.fill(text)
        self.fields += 1

    def choose(self, text: str) -> None:
        """Choose a file with this text."""
        path = self.folder / f"list-{self.fields}-{self.clicks}.csv"
        path.write_text(text, encoding="utf-8")
        self.page.locator("input[type=file]").first.set_input_files(path)
        self.fields += 1


def send_a_list(visitor: Visitor) -> None:
    visitor.click("Create Batch Call")
    visitor.fill("^Batch name", "My first list")
    visitor.choose(LIST)
    expect(visitor.page.locator("#glance")).to_contain_text("Can be called")
    visitor.page.get_by_label("Campaign", exact=True).select_option(label="Appointment reminder")
    visitor.fields += 1
    visitor.click("Match columns", role="button")
    visitor.click("Map all", role="button")
    visitor.click("Continue to review", role="button")
    visitor.click("^Launch", role="button")
    expect(visitor.page.locator("#batch-live")).to_contain_text("Completed", timeout=90_000)


def fix_rejected_rows(visitor: Visitor) -> None:
    visitor.go_to("Batch Calls")
    visitor.click("My first list")
    visitor.press(visitor.page.locator("summary", has_text="More"))
    visitor.click("[Aa]dd rows")
    visitor.choose(FIXED)
    visitor.page.locator("main form button.primary").last.click()
    visitor.clicks += 1
    expect(visitor.page.locator("#batch-live")).to_be_visible(timeout=90_000)


def open_filter(visitor: Visitor) -> None:
    if not visitor.page.locator("#id_number").is_visible():
        visitor.press(visitor.page.locator("summary", has_text="Filter").first)


def find_a_call(visitor: Visitor) -> None:
    visitor.go_to("Call Logs")
    open_filter(visitor)
    visitor.page.locator("#id_number").fill("5550160")
    visitor.fields += 1
    visitor.page.keyboard.press("Enter")
    expect(visitor.page.locator("table.data a.number").first).to_contain_text("5550160")
    visitor.press(visitor.page.locator("table.data a.number").first)
    expect(visitor.page.get_by_role("heading", name="Conversation")).to_be_visible()


def stop_everything(visitor: Visitor) -> None:
    visitor.click("Stop all calls")
    visitor.fill("[Rr]eason", "Wrong prompt")
    visitor.page.locator("main form button.danger, main form button.primary").last.click()
    visitor.clicks += 1
    expect(visitor.page.locator(".stop-banner")).to_contain_text("Wrong prompt")


def read_yesterdays_results(visitor: Visitor) -> None:
    visitor.go_to("Call Logs")
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    open_filter(visitor)
    for field in ("#id_from", "#id_to"):
        visitor.page.locator(field).fill(yesterday.isoformat())
        visitor.fields += 1
    visitor.click("^Filter$", role="button")
    expect(visitor.page.locator("table.data tbody tr").first).to_be_visible()


TASKS: dict[str, Callable[[Visitor], None]] = {
    "Send a list": send_a_list,
    "Fix rejected rows": fix_rejected_rows,
    "Find a call": find_a_call,
    "Read yesterday's results": read_yesterdays_results,
    "Stop everything": stop_everything,
}


def main() -> None:
    """Print the clicks and fields of each task."""
    with (
        tempfile.TemporaryDirectory(prefix="batchcalls-clicks-") as folder,
        showcase() as site,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        size = {"width": DESKTOP[0], "height": DESKTOP[1]}
        page = browser.new_page(viewport=size, base_url=site.url)
        page.set_default_timeout(20_000)
        log_in(page)
        for name, task in TASKS.items():
            page.goto("/")
            visitor = Visitor(page, Path(folder))
            task(visitor)
            print(f"{name}: {visitor.clicks} clicks, {visitor.fields} fields", flush=True)
        browser.close()


if __name__ == "__main__":
    main()
