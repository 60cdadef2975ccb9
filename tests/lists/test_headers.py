"""What the columns of a list are called."""

from __future__ import annotations

import pytest

from batchcalls.lists.headers import clean_header, describe_headers


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("phone_number", "phone_number"),
        ("  Business\u00a0 Name\t", "Business Name"),
        ("\ufeffname", "name"),
        ("na\u200bme\u00ad", "name"),
        ("line\r\nbreak", "line break"),
        ("a\0b", "a b"),
        ("\u3164", ""),
        ("☎\ufe0f", "☎"),
        ("Cafe\u0301", "Café"),
    ],
)
def test_a_header_is_cleaned_of_what_cannot_be_seen(raw: str, name: str) -> None:
    assert clean_header(raw) == name


def test_headers_are_described_by_their_place() -> None:
    described = describe_headers([" name ", "", "na\u200bme", "\xa0", "Name", "a\tb"])
    seen = [(h.position, h.name, h.is_blank, h.has_invisible, h.duplicate_of) for h in described]
    assert seen == [
        (0, "name", False, False, None),
        (1, "Column 2", True, False, None),
        (2, "name", False, True, 0),
        (3, "Column 4", True, True, None),
        (4, "Name", False, False, None),
        (5, "a b", False, False, None),
    ]
    assert described[2].raw == "na\u200bme"
