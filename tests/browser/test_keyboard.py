"""Menus and keyboard shortcuts, as somebody without a mouse uses them."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenPage, Site, log_in

pytestmark = [pytest.mark.browser, pytest.mark.one_database]


def test_menus_close_and_keys_search_create_and_explain_themselves(
    open_page: OpenPage, site: Site
) -> None:
    page = open_page()
    log_in(page)
    page.goto("/batchcalls/callresult/")
    columns, save = page.locator("#columns-menu"), page.locator("#keep-menu")
    columns.locator("summary").click()
    save.locator("summary").click()  # one menu is open at a time
    expect(columns).not_to_have_attribute("open", "")
    page.keyboard.press("Escape")
    expect(save).not_to_have_attribute("open", "")
    expect(save.locator("summary")).to_be_focused()
    columns.locator("summary").click()
    page.locator("h1").click()
    expect(columns).not_to_have_attribute("open", "")

    page.keyboard.press("/")
    search = page.locator("#filters input[type=search]").first
    expect(search).to_be_focused()
    search.press_sequentially("c?/")  # typed, not obeyed
    expect(search).to_have_value("c?/")
    page.locator("h1").click()
    page.keyboard.press("?")
    sheet = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(sheet).to_be_visible()
    page.keyboard.press("c")  # nothing, while the sheet is open
    page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    expect(page.locator("#call-totals")).to_contain_text("answered by a person")

    page.locator("#call-rows tbody a.number").nth(1).click()
    first = page.url
    page.keyboard.press("j")
    page.wait_for_url(lambda url: url != first)
    page.keyboard.press("k")
    page.wait_for_url(first)
    page.keyboard.press("c")
    page.wait_for_url("**/batchcalls/batch/add/")


def test_the_transcript_follows_the_recording(open_page: OpenPage, site: Site) -> None:
    call = site.ask(
        "CallResult.objects.exclude(transcript=[]).filter(ended_at__isnull=False).first().pk"
    )
    site.act(
        f"CallResult.objects.filter(pk={call}).update(recording_url='https://calls.example/a.mp3', "
        "transcript=[{'speaker': 'agent', 'text': 'Hello.', 'at_seconds': 0},"
        " {'speaker': 'callee', 'text': 'Yes?', 'at_seconds': 4.5}])"
    )
    page = open_page()
    # No sound is fetched: the page alone decides what follows the player's time.
    page.add_init_script(
        "let at = 0; Object.defineProperty(HTMLMediaElement.prototype, 'currentTime',"
        " {get: () => at, set: (value) => { at = value; }});"
        "HTMLMediaElement.prototype.play = function () { this.dataset.played = 'yes';"
        " return Promise.resolve(); };"
    )
    log_in(page)
    page.goto(f"/batchcalls/callresult/{call}/change/")
    turns = page.locator(".conversation li")
    page.get_by_role("button", name="Play from 4 s").click()
    expect(turns.nth(1)).to_have_attribute("aria-current", "true")
    expect(page.locator("audio")).to_have_attribute("data-played", "yes")
    page.locator("h1").click()
    page.keyboard.press("ArrowLeft")
    expect(turns.nth(0)).to_have_attribute("aria-current", "true")
    expect(turns.nth(1)).not_to_have_attribute("aria-current", "true")
