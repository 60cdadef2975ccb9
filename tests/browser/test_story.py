"""The whole story, from signing in to a transcript, as a person goes through it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESKTOP, PASSWORD, PHONE, OpenPage, Site, log_in

pytestmark = pytest.mark.browser

PROMPT = "Call {{customer_name}} about their {{service}} on {{date}}."
OVER = re.compile("Completed")


def to_batch_calls(page: Page, size: tuple[int, int]) -> None:
    """Go there by the sidebar, or on a phone by its menu."""
    if size == PHONE:
        page.locator("details.phone-menu > summary").click()
        page.get_by_role("navigation", name="Menu").get_by_role("link", name="Batch Calls").click()
    else:
        side = page.get_by_role("navigation", name="Sidebar")
        side.get_by_role("link", name="Batch Calls").click()
    expect(page.get_by_role("heading", name="Batch Calls", level=1)).to_be_visible()


def fill_in(page: Page, name: str, customers: Path) -> None:
    page.get_by_label("Batch name").fill(name)
    page.get_by_label("Upload recipients").set_input_files(customers)
    page.get_by_label("Informational:").check()
    page.get_by_label("Prompt", exact=True).last.fill(PROMPT)
    page.get_by_role("button", name="Match columns").click()
    expect(page.get_by_role("heading", name="Match columns", level=1)).to_be_visible()


def reload_until(page: Page, text: str) -> None:
    """Without scripts a page shows what is new when it is asked for again."""
    for _ in range(60):
        if page.get_by_text(text).count():
            return
        page.wait_for_timeout(500)
        page.reload()
    raise AssertionError(f"“{text}” never came.")


def look_into_the_call(page: Page) -> None:
    page.locator("table.data a.number").first.click()
    expect(page.get_by_role("heading", name="Conversation")).to_be_visible()
    expect(page.get_by_role("heading", name="Outcome")).to_be_visible()
    expect(page.get_by_text("customer_name", exact=True)).to_be_visible()
    expect(page.get_by_text("Home Cleaning", exact=True)).to_be_visible()


@pytest.mark.parametrize(
    ("size", "scheme"),
    [(DESKTOP, "light"), (PHONE, "dark")],
    ids=["light desktop", "dark phone"],
)
def test_a_list_becomes_calls_by_clicks_only(
    open_page: OpenPage, customers: Path, size: tuple[int, int], scheme: str
) -> None:
    page = open_page(size, scheme)
    name = f"Follow-up {size[0]} {scheme}"
    log_in(page)
    to_batch_calls(page, size)
    page.get_by_role("link", name="Create Batch Call").click()
    fill_in(page, name, customers)
    page.get_by_role("button", name="Map all to request_data").click()
    expect(page.locator("#preview")).to_contain_text("Call Emily about their Home Cleaning")
    page.get_by_role("button", name="Continue to review").click()
    # The check runs in a worker, and its report comes without reloading.
    expect(page.get_by_role("button", name="Launch")).to_be_visible()
    expect(page.get_by_text("is not a phone number")).to_be_visible()
    page.get_by_label("the number of people to call").fill("4")
    page.get_by_role("button", name="Launch").click()
    expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()
    # The figures move without reloading.
    expect(page.locator("#batch-live .status-line")).to_contain_text(OVER, timeout=90_000)

    to_batch_calls(page, size)
    row = page.locator("table.data tbody tr", has_text=name)
    expect(row).to_contain_text("Completed")
    expect(row.locator("time")).to_be_visible()
    expect(row.locator(".copy-id")).to_be_visible()
    row.get_by_role("link", name=re.compile("View Logs")).click()
    expect(page.locator("table.data tbody tr")).not_to_have_count(0)
    look_into_the_call(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]


def test_the_same_without_scripts(open_page: OpenPage, customers: Path) -> None:
    page = open_page(scripts=False)
    log_in(page)
    to_batch_calls(page, DESKTOP)
    page.get_by_role("link", name="Create Batch Call").click()
    fill_in(page, "Without scripts", customers)
    page.get_by_role("button", name="Map all to request_data").click()
    page.get_by_role("button", name="Continue to review").click()
    reload_until(page, "Calling now")
    page.get_by_label("the number of people to call").fill("4")
    page.get_by_role("button", name="Launch").click()
    reload_until(page, "Completed Partial")
    page.get_by_role("link", name=re.compile("^Call logs")).click()
    look_into_the_call(page)


class Keyboard:
    """Goes through a page by Tab, as far as what is looked for has the focus."""

    FOCUSED = """() => {
        const one = document.activeElement;
        const label = one.labels && one.labels.length ? one.labels[0].innerText : "";
        const style = getComputedStyle(one);
        return [
            (one.getAttribute("aria-label") || label || one.innerText || one.value || "").trim(),
            one === document.body || style.outlineStyle !== "none" || one.type === "file"
                || one.type === "radio" || one.type === "checkbox",
        ];
    }"""

    def __init__(self, page: Page) -> None:
        self.page = page

    def to(self, name: str) -> None:
        """Press Tab until something of that name is focused; the focus is always seen."""
        for _ in range(150):
            self.page.keyboard.press("Tab")
            focused, is_seen = self.page.evaluate(self.FOCUSED)
            assert is_seen, f"Nobody sees that “{focused}” has the focus."
            if focused.startswith(name):
                return
        raise AssertionError(f"“{name}” is not reached by Tab on {self.page.url}.")

    def press(self, name: str) -> None:
        self.to(name)
        self.page.keyboard.press("Enter")


def test_the_same_by_keyboard_only(open_page: OpenPage, customers: Path) -> None:
    page = open_page()
    keys = Keyboard(page)
    page.goto("/login/?next=/")
    page.get_by_label("Username").focus()
    page.keyboard.type("ada")
    keys.to("Password")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Dashboard", level=1).wait_for()
    keys.to("Dashboard")  # behind the brand's own link
    keys.press("Batch Calls")
    page.wait_for_url("**/batchcalls/batch/")
    keys.press("Create Batch Call")
    page.wait_for_url("**/add/")
    keys.to("Batch name")
    page.keyboard.type("By keyboard")
    keys.to("Upload recipients")
    page.get_by_label("Upload recipients").set_input_files(customers)
    keys.to("Prompt")
    keys.to("Prompt")
    page.keyboard.type(PROMPT)
    keys.to("Informational")
    page.keyboard.press("Space")
    keys.press("Match columns")
    page.wait_for_url("**/columns/")
    keys.press("Map all to request_data")
    expect(page.get_by_text("All columns are now mapped to request data.")).to_be_visible()
    keys.press("Continue to review")
    expect(page.get_by_role("button", name="Launch")).to_be_visible()
    keys.to("Type 4")
    page.keyboard.type("4")
    keys.press("Launch")
    expect(page.locator("#batch-live .status-line")).to_contain_text(OVER, timeout=90_000)
    keys.press("Call logs")
    page.wait_for_url("**/callresult/?batch=*")
    page.locator("table.data a.number").first.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Conversation")).to_be_visible()


def test_a_file_is_dropped_onto_the_page(open_page: OpenPage) -> None:
    page = open_page()
    log_in(page)
    page.goto("/batchcalls/batch/add/")
    page.evaluate("""() => {
        const data = new DataTransfer();
        data.items.add(new File(["phone_number,first_name\\n+12025550160,\\n"], "dropped.csv"));
        const zone = document.querySelector("[data-dropzone]");
        zone.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true }));
    }""")
    # The list is stored at once: its rows and figures are shown, and reloading keeps it.
    expect(page.get_by_text("Read dropped.csv.")).to_be_visible()
    page.wait_for_url("**/upload/")
    page.reload()
    expect(page.locator("#glance")).to_contain_text("Can be called")
    page.get_by_label("Informational:").check()
    prompt = page.get_by_label("Prompt", exact=True).last
    prompt.fill("Hello ")
    page.get_by_role("button", name="first_name").first.click()
    expect(prompt).to_have_value("Hello {{first_name}}")
    expect(prompt).to_be_focused()
    # The figures follow what is typed.
    expect(page.locator("#glance")).to_contain_text("Missing variable")
    prompt.fill("Hello.")
    expect(page.locator("#beside")).to_contain_text("Hello.")
    page.get_by_text("Advanced", exact=False).first.click()
    page.locator("#section-dispatch > summary").click()
    page.get_by_role("button", name="Add a transfer number").click()
    page.locator("#id_setting-transfer_list_0_name").fill("Sales")
    page.locator("#id_setting-transfer_list_0_value").fill("+12025550100")
    page.get_by_role("button", name="Add a transfer number").click()
    page.get_by_role("button", name="Remove this row").last.click()
    page.get_by_role("button", name="Match columns").click()
    expect(page.get_by_text("dropped.csv")).to_be_visible()


def test_figures_move_and_the_focus_stays(open_page: OpenPage, site: Site) -> None:
    # Slow enough to be still calling when the page is open.
    batch = site.make_batch(400, "--name", "Watched", "--cps", "5", first=5000)
    page = open_page()
    log_in(page)
    page.goto(f"/batchcalls/batch/{batch}/change/")
    figures = page.locator("#batch-live dl.stats")
    before = figures.inner_text()
    page.locator("#batch-live dl.stats a").nth(2).focus()
    expect(figures).not_to_have_text(before, timeout=60_000)
    focused = page.evaluate("document.activeElement.closest('#batch-live') !== null")
    assert focused
