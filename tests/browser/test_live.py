"""What people see while something happens: a refused launch, a batch canceled, a session ended."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PASSWORD, PHONE, OpenPage, Site, log_in

pytestmark = pytest.mark.browser

NOTEBOOK = (1360, 768)
SIGNED_OUT = "401 (Unauthorized)"


@pytest.fixture
def ready(site: Site) -> str:
    """A batch whose launch asks for the number of people."""
    path = site.folder / "ready.csv"
    rows = "".join(f"+1202555{n:04},Shop {n}\n" for n in range(134, 140))
    path.write_text(f"phone_number,shop\n{rows}", encoding="utf-8")
    said = ("--prompt", "Call {{shop}}.", "--purpose", "informational", "--dry-run")
    site.manage("sendbatch", str(path), *said)
    return str(site.ask("str(Batch.objects.order_by('-created_at').first().pk)"))


def return_to(page: Page) -> None:
    """Come back to a tab, which then asks at once what is new."""
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


@pytest.mark.parametrize(("size", "scripts"), [(NOTEBOOK, True), (PHONE, False)])
def test_a_refused_launch_is_explained_where_the_eyes_are(
    open_page: OpenPage, ready: str, size: tuple[int, int], scripts: bool
) -> None:
    page = open_page(size, scripts=scripts)
    log_in(page)
    page.goto(f"/batchcalls/batch/{ready}/review/")
    expect(page.get_by_role("button", name="Launch")).to_be_in_viewport(ratio=1)
    page.get_by_label("the number of people to call").fill("7")
    page.get_by_label("the number of people to call").press("Enter")
    sentence = "“7” is not the number of people to call. Type 6 to launch."
    expect(page.get_by_role("alert")).to_contain_text(sentence)
    expect(page.get_by_role("alert")).to_be_in_viewport(ratio=1)
    expect(page.locator("#count_error")).to_have_text(sentence)
    expect(page.locator("#count_error")).to_be_in_viewport(ratio=1)
    expect(page.get_by_label("the number of people to call")).to_be_focused()
    expect(page.get_by_role("button", name="Launch")).to_be_in_viewport(ratio=1)


def test_a_click_is_not_lost_when_the_page_refreshes_under_it(
    open_page: OpenPage, site: Site, ready: str
) -> None:
    page = open_page(NOTEBOOK)
    log_in(page)
    page.goto(f"/batchcalls/batch/{ready}/change/")
    tab = page.locator("#batch-tabs").get_by_role("link", name="Settings")
    tab.hover()
    page.mouse.down()
    # What the tabs count has changed meanwhile.
    site.act(f"Batch.objects.get(pk={ready!r}).recipients.last().delete()")
    with page.expect_response("**/change/*"):
        return_to(page)
    page.wait_for_timeout(300)
    page.mouse.up()
    page.wait_for_url("**/settings/")


def test_pages_follow_a_batch_that_is_launched_and_canceled_elsewhere(
    open_page: OpenPage, site: Site, ready: str
) -> None:
    # Calls begin tomorrow, so that nothing ends by itself.
    site.act(
        "from datetime import timedelta",
        "from django.utils import timezone",
        f"batch = Batch.objects.filter(pk={ready!r})",
        "batch.update(start_at=timezone.now() + timedelta(days=1))",
    )
    page = open_page(NOTEBOOK)
    log_in(page)
    page.goto(f"/batchcalls/batch/{ready}/review/")
    page.get_by_label("the number of people to call").fill("6")
    batch = page.context.new_page()
    batch.goto(f"/batchcalls/batch/{ready}/change/")
    site.act("from batchcalls.drafting import edits", "edits.launch_ready(batch.get(), actor=None)")
    return_to(page)
    return_to(batch)
    expect(page.get_by_text("Changed automatically")).to_be_visible()
    expect(page.get_by_role("button", name="Launch")).to_have_count(0)
    expect(batch.locator("#batch-actions").get_by_role("link", name="Pause")).to_be_visible()
    status = batch.locator("#batch-live .status-line")
    expect(status).to_contain_text("Waiting for Scheduled Calls", timeout=30_000)
    expect(batch.locator("#batch-live .notice.waiting")).to_contain_text("Calls start at")
    site.act(
        "from batchcalls.batches import lifecycle", "lifecycle.cancel(batch.get(), actor=None)"
    )
    expect(status).to_contain_text("Canceled")
    expect(batch.locator("#batch-tab ol.events li").first).to_contain_text("Canceled")
    expect(batch.locator("#batch-actions").get_by_role("link", name="Pause")).to_have_count(0)


def fill_in(page: Page, customers: Path) -> None:
    page.goto("/batchcalls/batch/add/")
    page.get_by_label("Batch name").fill("Interrupted")
    page.get_by_label("Upload recipients").set_input_files(customers)
    page.get_by_label("Informational:").check()
    page.get_by_label("Prompt", exact=True).last.fill("Call {{customer_name}}.")
    page.context.clear_cookies(name="sessionid")


def sign_in(page: Page) -> None:
    page.get_by_label("Username").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def test_a_session_that_ends_in_step_one_loses_neither_text_nor_file(
    open_page: OpenPage, customers: Path, wrong: list[str]
) -> None:
    page = open_page(PHONE, scripts=False)
    log_in(page)
    fill_in(page, customers)
    page.get_by_role("button", name="Match columns").click()
    expect(
        page.get_by_text("Everything you entered is kept, and so is customers.csv")
    ).to_be_visible()
    sign_in(page)
    expect(page.get_by_role("heading", name="You are signed in again")).to_be_visible()
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", name="Match columns", level=1)).to_be_visible()
    expect(page.get_by_text("customers.csv")).to_be_visible()
    expect(page.locator("#preview")).to_contain_text("Call Emily.")
    wrong[:] = [one for one in wrong if SIGNED_OUT not in one]


def test_a_page_says_that_its_session_ended_and_waits_for_another_tab(
    open_page: OpenPage, customers: Path, wrong: list[str]
) -> None:
    page = open_page(NOTEBOOK)
    log_in(page)
    fill_in(page, customers)
    return_to(page)
    expect(page.get_by_role("alert")).to_contain_text("You were signed out.")
    page.get_by_role("button", name="Match columns").click()
    expect(page.get_by_role("alert")).to_be_focused()
    with page.expect_popup() as popup:
        page.get_by_role("link", name="Sign in in a new tab").click()
    sign_in(popup.value)
    popup.value.get_by_role("heading", name="Dashboard", level=1).wait_for()
    popup.value.close()
    return_to(page)
    expect(page.locator("#live-problem")).to_be_hidden()
    page.get_by_role("button", name="Match columns").click()
    expect(page.get_by_role("heading", name="Match columns", level=1)).to_be_visible()
    wrong[:] = [one for one in wrong if SIGNED_OUT not in one]
