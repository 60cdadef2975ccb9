"""Phone numbers as people see them who may not see them in full: `+1 202 ••• ••90`.

This module knows how numbers are written and masked. Who may see them, and where they are masked,
is in `batchcalls.access.masking`.
"""

from __future__ import annotations

import re
from collections.abc import MutableMapping
from typing import Any, Final

import phonenumbers

_UUID: Final = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
#: Digits with at most two other characters between them, as people write numbers. No date; what may
#: be an IP address may also be a number in four groups.
_WRITTEN: Final = (
    r"(?<![\w.-])(?!\d{4}-\d\d-\d\d)(?:\(?\+|%2[Bb]|\()?\d(?:[ ().\-/\u00a0\u2011]{0,2}\d){8,14}"
    r"(?![\w])"
)
#: As the product stores and links them.
_STORED: Final = r"(?:\+|%2[Bb]|&#43;|\\u002[Bb])\d{7,15}(?!\d)"
_NUMBER: Final = re.compile(rf"({_UUID})|{_STORED}|{_WRITTEN}")
_STORED_NUMBER: Final = re.compile(rf"({_UUID})|{_STORED}")
_LINK: Final = re.compile(rf' (?:href|action|formaction|data-live)="[^"]*{_STORED}[^"]*"')
_ATTRIBUTE: Final = re.compile(r'(?<=\s)([\w:-]+)="([^"]*)"')
#: Attributes for browsers, with digits that are no numbers: drawings, names, and addresses.
_TECHNICAL: Final = {
    *("d", "points", "viewBox", "transform", "x", "y", "x1", "x2", "y1", "y2", "width", "height"),
    *("class", "id", "name", "for", "href", "src", "action", "style", "content", "datetime"),
}
_TAG: Final = re.compile(r"(<[^>]*>)")
#: Smaller JSON numbers are no phone numbers.
_LEAST: Final = 10**8
#: Fields of log lines that are no numbers, though an IP address may look like one.
_UNMASKED: Final = {
    *("timestamp", "level", "logger", "_record", "_from_structlog", "request_id"),
    *("ip", "address"),
}


def masked(number: str) -> str:
    """Return a number of which the country, the area, and two digits are left."""
    digits = re.sub(r"^(?:%2[Bb]|&#43;|\\u002[Bb])|\D", "", number)
    code, national = "", digits
    if not number[:1].isdigit() and not number.startswith("("):
        try:
            code = str(phonenumbers.parse(f"+{digits}").country_code)
        except phonenumbers.NumberParseException:
            code = ""
        national = digits[len(code) :]
    area = national[: max(min(3, len(national) - 5), 0)]
    parts = [f"+{code}" if code else "", area, "•••", f"••{national[-2:]}"]
    return " ".join(filter(None, parts))


def text_masked(text: str) -> str:
    """Mask every number of a text."""
    return _NUMBER.sub(_replacement, text)


def html_masked(text: str) -> str:
    """Mask every number of a page; within tags, only those with a plus, as links have them.

    A link with a number in its address leads nowhere any more, so only its text stays.
    """
    pieces = _TAG.split(text)
    return "".join(
        _tag_masked(piece) if place % 2 else text_masked(piece)
        for place, piece in enumerate(pieces)
    )


def _attribute_masked(match: re.Match[str]) -> str:
    return match[0] if match[1] in _TECHNICAL else f'{match[1]}="{text_masked(match[2])}"'


def _tag_masked(tag: str) -> str:
    tag = _ATTRIBUTE.sub(_attribute_masked, _LINK.sub("", tag))
    return _STORED_NUMBER.sub(_replacement, tag)


def json_masked(value: Any) -> Any:
    """Mask every number of JSON-like data."""
    if isinstance(value, str):
        return text_masked(value)
    if isinstance(value, dict):
        return {text_masked(str(name)): json_masked(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [json_masked(part) for part in value]
    if isinstance(value, int) and not isinstance(value, bool) and value >= _LEAST:
        return text_masked(str(value))
    return value


def _replacement(match: re.Match[str]) -> str:
    return match[1] or masked(match[0])


def log_masked(
    logger: object, method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Mask every number of a log line; a processor of structlog."""
    for name, value in event.items():
        if name not in _UNMASKED and isinstance(value, str | list | dict | tuple):
            event[name] = json_masked(value)
    return event
