"""Rules for templates that the formatter cannot enforce."""

from __future__ import annotations

import re
from pathlib import Path

from django.conf import settings
from django.template.loader import render_to_string

LONGEST_LINE = 120
#: An element whose CSS shows every space and line break inside it, with its contents.
PREWRAP = re.compile(r"<(\w+)\b[^<>]*\bprewrap\b[^<>]*>(.*?)</\1>", re.DOTALL)


def templates() -> dict[str, str]:
    """Return the text of each template by its path."""
    [folder] = settings.TEMPLATES[0]["DIRS"]
    found = {
        str(path.relative_to(settings.BASE_DIR)): path.read_text()
        for path in Path(folder).rglob("*.html")
    }
    assert len(found) > 80
    return found


def test_no_line_is_longer_than_the_formatter_would_make_it() -> None:
    long = [
        f"{path}:{number} has {len(line)} characters"
        for path, text in templates().items()
        for number, line in enumerate(text.splitlines(), start=1)
        if len(line) > LONGEST_LINE
    ]
    assert not long, "\n".join(long)


def test_elements_that_show_every_space_get_none_from_their_template() -> None:
    elements = [
        (path, text.count("\n", 0, found.start()) + 1, re.sub(r"<[^<>]*>", "", found[2]))
        for path, text in templates().items()
        for found in PREWRAP.finditer(text)
    ]
    spaced = [
        f"{path}:{line} shows the white space around “{inside.strip()}”"
        for path, line, inside in elements
        if inside != inside.strip() or "\n" in inside
    ]
    assert elements
    assert not spaced, "\n".join(spaced)


def test_a_page_without_actions_has_no_gap_beside_its_title() -> None:
    # The CSS hides the element only if it is empty, without even a space.
    assert '<div class="page-actions"></div>' in render_to_string("admin/index.html")
