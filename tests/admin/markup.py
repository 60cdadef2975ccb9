"""A page's HTML without the whitespace that a browser does not show, for tests to compare."""

from __future__ import annotations

import re
from typing import Any

#: Elements with a line, a cell or a box of their own: whitespace around them is not shown.
BLOCKS = (
    "html|head|title|meta|link|script|body|main|nav|header|footer|aside|section|article|div|p|ul|ol"
    "|li|dl|dt|dd|form|fieldset|legend|table|caption|thead|tbody|tr|th|td|h[1-6]|details|summary"
    "|datalist|option|svg|g|rect|line|circle|path|text"
)
#: Elements in a line of text: whitespace is shown around them, and not just inside them.
BOXES = "button|progress"
KEPT = re.compile(r"(<(pre|textarea)\b.*?</\2>)", re.DOTALL)


def markup(answer: Any) -> str:
    """Return the HTML of a response, compact."""
    return compact(answer.content.decode())


def compact(html: str) -> str:
    """Leave out whitespace that is not shown; a space between words and inline elements stays."""
    parts = KEPT.split(html)
    return "".join(
        text + kept
        for text, kept in zip(map(_compact, parts[::3]), [*parts[1::3], ""], strict=True)
    ).strip()


def _compact(html: str) -> str:
    html = re.sub(r"\s+", " ", html)
    html = re.sub(r"(<\w[^<>]*?) (/?>)", r"\1\2", html)
    html = re.sub(rf" ?(</?(?:{BLOCKS})\b[^<>]*>) ?", r"\1", html)
    return re.sub(rf"(<(?:{BOXES})\b[^<>]*>) | (</(?:{BOXES})>)", r"\1\2", html)
