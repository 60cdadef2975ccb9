"""Writing a campaign: what it would say follows what is typed."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenPage, log_in

pytestmark = pytest.mark.browser

PROMPT = "Call {{customer_name}} about {{thing|the order}}."


def test_what_is_written_is_tried_out_at_once(open_page: OpenPage) -> None:
    page = open_page()
    log_in(page)
    page.goto("/campaigns/campaign/add/")
    prompt = page.get_by_role("textbox", name="Prompt", exact=True)
    prompt.fill(PROMPT)
    trial = page.locator("#trial")
    expect(trial).to_contain_text("Call {{customer_name}} about the order.")
    marks = page.locator(".marked-text .behind mark")
    expect(marks).to_have_text(["{{customer_name}}", "{{thing|the order}}"])
    # The field that is typed into is made anew with each answer, and keeps what is typed.
    name = trial.get_by_label("customer_name")
    name.press_sequentially("Emily Brown", delay=60)
    expect(trial).to_contain_text("Call Emily Brown about the order.")
    expect(name).to_be_focused()
    expect(name).to_have_value("Emily Brown")
    # A column of a list that was sent before is inserted at the cursor.
    prompt.fill("Call about ")
    page.get_by_role("group", name="Insert a column").first.get_by_role(
        "button", name="service", exact=True
    ).click()
    expect(prompt).to_have_value("Call about {{service}}")
    prompt.fill("Call {{customer_name")
    expect(trial).to_contain_text("{{ is never closed")
    expect(page.locator(".marked-text .behind mark.broken")).to_have_text("{{")


def test_marks_lie_under_the_words_they_mark(open_page: OpenPage) -> None:
    page = open_page()
    log_in(page)
    page.goto("/campaigns/campaign/add/")
    text = "Tell {{customer_name}} about their order. " * 30
    page.get_by_role("textbox", name="Prompt", exact=True).fill(text)
    heights = page.evaluate("""() => {
        const area = document.querySelector("textarea[data-prompt]");
        const behind = document.querySelector(".marked-text .behind");
        area.scrollTop = area.scrollHeight;
        return [area.scrollHeight, behind.scrollHeight, area.clientWidth, behind.clientWidth];
    }""")
    # The same text in the same width: the lines break at the same words.
    assert heights[2] == heights[3]
    assert abs(heights[0] - heights[1]) <= 20


def test_without_scripts_it_is_tried_out_on_a_page_of_its_own(open_page: OpenPage) -> None:
    page = open_page(scripts=False)
    log_in(page)
    page.goto("/campaigns/campaign/1/change/")
    page.get_by_label("customer_name").fill("Emily")
    with page.context.expect_page() as opened:
        page.get_by_role("button", name="Show with these values").click()
    beside = opened.value
    expect(beside.get_by_text("You are calling Emily for Bright Homes.")).to_be_visible()
    expect(page.get_by_label("customer_name")).to_have_value("Emily")
