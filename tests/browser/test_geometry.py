"""What looks broken is found, and what is shortened or scrolled on purpose is left alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.inspection import broken_places, look_over

pytestmark = pytest.mark.browser

CARD = "width: 200px; border: 1px solid gray"
LONG = "Waiting for Scheduled Calls"


@pytest.fixture(scope="module")
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1024, "height": 768})
    yield context.new_page()
    context.close()


def places(page: Page, body: str) -> list[str]:
    """Return what looks broken on a page of this content."""
    page.set_content(f"<!doctype html><body style='font: 14px sans-serif'>{body}</body>")
    return broken_places(page)


BROKEN = {
    "child beside its card": (
        f"<div id=card style='{CARD}'><input style='width: 300px'></div>",
        "input sticks out at the right of div#card",
    ),
    "text beside its card": (
        f"<div id=card style='{CARD}'>Kundenzufriedenheitsbefragungswiederholung</div>",
        "sticks out at the right of div#card",
    ),
    "card that ends behind its first label": (
        f"<div id=card style='{CARD}; padding: 24px'>"
        "<form style='float: left'>Username:<br><br><input id=name></form></div>",
        "input#name sticks out at the bottom of div#card",
    ),
    "card told from the page by its color alone": (
        f"<div id=card style='width: 90px; background: #eee; white-space: nowrap'>{LONG}</div>",
        "sticks out at the right of div#card",
    ),
    "text beside its button": (
        f"<button id=go style='width: 60px; white-space: nowrap'>{LONG}</button>",
        "of button#go",
    ),
    "text cut in a button": (
        "<button id=go style='width: 60px; overflow: hidden; white-space: nowrap; "
        f"text-align: left'>{LONG}</button>",
        "is cut at the right of button#go",
    ),
    "text cut in a button that is an input": (
        f"<input type=submit id=go style='width: 60px' value='{LONG}'>",
        f"“{LONG}” is cut in input#go",
    ),
    "choice cut in a select": (
        "<select id=to style='width: 100px'><option>A</option>"
        "<option selected>Phone number of the customer</option></select>",
        "“Phone number of the customer” is cut in select#to",
    ),
    "choice cut by the arrow alone": (
        "<select id=to style='width: 104px; padding: 6px 28px 6px 10px'>"
        "<option>Phone number</option></select>",
        "“Phone number” is cut in select#to",
    ),
    "choice that ends in an ellipsis though it is short": (
        "<select id=to style='width: 90px; text-overflow: ellipsis'>"
        "<option>Phone number</option></select>",
        "“Phone number” is cut in select#to",
    ),
    "choices cut in a list": (
        f"<select multiple id=to style='width: 90px'><option>{LONG}</option></select>",
        "is cut in select#to",
    ),
    "value cut in a field": (
        "<input id=name style='width: 60px' value='customer_name'>",
        "“customer_name” is cut in input#name",
    ),
    "hint cut in a field": (
        "<input id=name style='width: 60px' placeholder='Name or batch ID'>",
        "“Name or batch ID” is cut in input#name",
    ),
    "text cut in a cell": (
        "<table style='table-layout: fixed; width: 100px'><td id=status "
        f"style='overflow: hidden; white-space: nowrap'>{LONG}</td></table>",
        "is cut at the right of td#status",
    ),
    "text that runs into the next cell": (
        "<table style='table-layout: fixed; width: 100px'>"
        f"<td id=status style='white-space: nowrap'>{LONG}</td><td>x</td></table>",
        "sticks out at the right of td#status",
    ),
    "ellipsis that nothing says whole": (
        "<p id=name style='width: 60px; overflow: hidden; white-space: nowrap; "
        f"text-overflow: ellipsis'>{LONG}</p>",
        "is cut at the right of p#name",
    ),
    "ellipsis whose title says something else": (
        "<p id=name title=Name style='width: 60px; overflow: hidden; white-space: nowrap; "
        f"text-overflow: ellipsis'>{LONG}</p>",
        "is cut at the right of p#name",
    ),
    "lines cut at the bottom": (
        f"<p id=name style='width: 60px; height: 20px; overflow: hidden'>{LONG}</p>",
        "is cut at the bottom of p#name",
    ),
    "word broken in the middle": (
        "<p id=name style='width: 40px; overflow-wrap: anywhere'>Informational</p>",
        "“Informational” is broken in the middle in p#name",
    ),
    "page that scrolls sideways": (
        "<div id=wide style='width: 1400px; height: 20px'></div>",
        "the page is 1408 px wide, up to div#wide",
    ),
    "table that scrolls without anybody's knowing": (
        "<div id=wrap style='width: 100px; overflow-x: auto'>"
        f"<p style='width: 300px'>{LONG}</p></div>",
        "div#wrap scrolls sideways, 300 in 100 px",
    ),
}

SOUND = {
    "everything has room": (
        f"<div style='{CARD}'><p>{LONG}</p><button>Filter</button>"
        "<select><option>Phone number</option></select><input placeholder='Search'></div>"
    ),
    "ellipsis with a title": (
        f"<p title='{LONG}' style='width: 60px; overflow: hidden; white-space: nowrap; "
        f"text-overflow: ellipsis'>{LONG}</p>"
    ),
    "ellipsis in a link within what has the title": (
        f"<p title='Home, {LONG}'><a style='display: block; width: 60px; overflow: hidden; "
        f"white-space: nowrap; text-overflow: ellipsis'>{LONG}</a></p>"
    ),
    "area that the keyboard can scroll": (
        "<div tabindex=0 role=region aria-label=Calls style='width: 100px; overflow-x: auto'>"
        f"<p style='width: 300px'>{LONG}</p></div>"
    ),
    "long text that scrolls down": (
        f"<div tabindex=0 style='{CARD}; height: 40px; overflow-y: auto'>{LONG * 20}</div>"
    ),
    "choice of great length that ends in an ellipsis": (
        "<select style='width: 200px; text-overflow: ellipsis'>"
        f"<option>{LONG} of the northern region, second attempt</option></select>"
    ),
    "long value that is scrolled in its field": (
        f"<input style='width: 100px' value='{LONG} of the northern region'>"
    ),
    "menu that hangs out of its bar": (
        "<div style='position: relative; border: 1px solid; height: 30px'>"
        "<ul style='position: absolute; top: 28px; left: 0; border: 1px solid'>"
        "<li>Change password</ul></div>"
    ),
    "words for assistive technology only": (
        "<div style='width: 50px; border: 1px solid'><span style='position: absolute; width: 1px;"
        f" height: 1px; overflow: hidden; white-space: nowrap'>{LONG}</span></div>"
    ),
    "what is not shown": (
        f"<details style='width: 90px; border: 1px solid'><summary>More</summary>"
        f"<p style='white-space: nowrap'>{LONG}</p></details>"
    ),
    "id that is broken where it must be": (
        "<p style='width: 90px; overflow-wrap: anywhere'>7f3c1b9a-52d4-4f0e-9a64-2f1f6f3b8c17</p>"
    ),
}


@pytest.mark.parametrize(("body", "place"), BROKEN.values(), ids=BROKEN)
def test_what_looks_broken_is_found(page: Page, body: str, place: str) -> None:
    found = places(page, body)
    assert any(place in problem for problem in found), found


@pytest.mark.parametrize("body", SOUND.values(), ids=SOUND)
def test_what_is_meant_is_left_alone(page: Page, body: str) -> None:
    assert places(page, body) == []


def test_looking_changes_nothing(page: Page) -> None:
    body = "<input value=customer_name style='width: 60px !important'><select><option>A</select>"
    assert places(page, body) == broken_places(page)
    sizes = "[...document.querySelectorAll('input, select')].map((one) => one.offsetWidth)"
    before = page.evaluate(sizes)
    broken_places(page)
    assert page.evaluate(sizes) == before


def test_pale_words_are_found_in_the_dark_theme_alone(page: Page) -> None:
    page.set_content(
        "<!doctype html><html lang=en><title>Calls</title><style>"
        "@media (prefers-color-scheme: dark) { body { background: #111 } .pale { color: #333 } }"
        "</style><main><h1 class=pale>Calls</h1><p class=pale>Pale</p><p class=pale>Pale</p></main>"
    )
    found = look_over(page)
    # Of two that are alike one stands for both; a heading is of another size.
    assert [problem.split(": ")[0] for problem in found] == [
        *["dark at 1360 px color-contrast"] * 2,
        *["dark at 390 px color-contrast"] * 2,
    ], found
