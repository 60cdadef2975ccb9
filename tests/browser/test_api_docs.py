"""The pages of the API in a real browser: read, tried, and nothing for the console."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import DESKTOP, PHONE, OpenPage, Site
from tests.browser.inspection import look_over

pytestmark = pytest.mark.browser

MAKE_KEY = """
from django.contrib.auth.models import User
from batchcalls.access import api_keys
owner = User.objects.get(username="ada")
print(api_keys.create(owner, name="docs", scopes=["batches:read"])[1])
"""


@pytest.fixture(scope="module")
def secret(site: Site) -> str:
    return site.manage("shell", "--no-imports", "-c", MAKE_KEY).strip()


@pytest.mark.parametrize(
    ("size", "scheme"),
    [(DESKTOP, "light"), (PHONE, "dark")],
    ids=["light desktop", "dark phone"],
)
def test_an_operation_is_read_and_tried(
    open_page: OpenPage, secret: str, *, size: tuple[int, int], scheme: str
) -> None:
    page = open_page(size, scheme)
    page.goto("/api/docs/")
    page.get_by_text("Create a batch", exact=True).click()
    page.get_by_text("October reminders").first.wait_for()
    page.get_by_role("button", name="Authorize").first.click()
    page.locator(".auth-container input").fill(secret)
    page.locator(".auth-btn-wrapper").get_by_role("button", name="Authorize").or_(
        page.get_by_label("Apply credentials")
    ).first.click()
    page.get_by_role("button", name="Close").first.click()
    me = page.locator("#operations-me-me_show")
    me.get_by_text("Get the current API key", exact=True).click()
    me.get_by_role("button", name="Try it out").click()
    me.get_by_role("button", name="Execute").click()
    me.locator(".live-responses-table").get_by_text('"ada"').wait_for()
    page.locator("#operations-batches-batches_list").get_by_text("List batches").click()
    is_dark = page.evaluate("document.documentElement.classList.contains('dark-mode')")
    assert is_dark is (scheme == "dark")
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]


@pytest.mark.parametrize(
    ("name", "anchor", "size"),
    [("Call settings", "call-settings", DESKTOP), ("Quick guides", "quick-guides", PHONE)],
    ids=["call settings on a desktop", "guides on a phone"],
)
def test_what_is_below_the_operations_is_reached_by_its_link_and_its_address(
    open_page: OpenPage, *, name: str, anchor: str, size: tuple[int, int]
) -> None:
    page = open_page(size)
    page.goto("/api/docs/")
    page.get_by_text("Create a batch", exact=True).wait_for()
    page.get_by_role("link", name=name).first.click()
    heading = page.get_by_role("heading", name=name, exact=True)
    expect(heading).to_be_in_viewport()
    page.goto("about:blank")
    page.goto(f"/api/docs/#{anchor}")
    page.get_by_text("Create a batch", exact=True).wait_for()
    expect(heading).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]


@pytest.mark.parametrize(
    ("size", "scheme"),
    [(DESKTOP, "dark"), (PHONE, "light")],
    ids=["dark desktop", "light phone"],
)
def test_the_compatible_api_has_a_page_and_a_guide(
    open_page: OpenPage, *, size: tuple[int, int], scheme: str
) -> None:
    page = open_page(size, scheme)
    page.goto("/api/docs/bland/")
    page.locator(".opblock").get_by_text("Send a call", exact=True).first.click()
    page.get_by_text("Call successfully queued.").first.wait_for()
    page.get_by_role("link", name="From Bland AI to here").first.click()
    page.get_by_role("heading", name="Refused requests").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]


def test_the_guide_for_those_who_change_over_looks_right(open_page: OpenPage) -> None:
    page = open_page()
    page.goto("/api/docs/from-bland/")
    assert look_over(page) == []


def test_the_pages_lead_back_and_load_nothing_from_elsewhere(
    open_page: OpenPage, site: Site
) -> None:
    page = open_page()
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url))
    page.goto("/api/docs/")
    page.get_by_text("Create a batch", exact=True).wait_for()
    assert all(url.startswith((site.url, "data:")) for url in asked)
    page.get_by_role("link", name="Batch Calls", exact=True).click()
    page.get_by_label("Username").wait_for()


def test_a_policy_keeps_everything_else_out(open_page: OpenPage) -> None:
    answer = open_page().request.get("/api/docs/")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "img-src 'self' data:" in policy
    assert "unsafe" not in policy
