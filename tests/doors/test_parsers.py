"""Text that is JSON inside of something else: in cells, cursors, forms, and bodies."""

from __future__ import annotations

import base64
import json

import pytest

from batchcalls.access import json_bodies
from batchcalls.models import Batch
from batchcalls.reporting import keyset
from campaigns.call_settings.shapes import decode
from campaigns.quoted_values import passed_on

DEEP = "[" * 50_000


def test_a_deeply_nested_cell_is_passed_on_as_text() -> None:
    assert passed_on(DEEP) == DEEP


def test_a_deeply_nested_cursor_gives_the_newest_page() -> None:
    cursor = base64.urlsafe_b64encode(DEEP.encode()).decode()
    assert keyset.read_cursor(Batch, cursor, ("pk",)) is None


@pytest.mark.parametrize("text", [DEEP, '{"a": "\\ud800"}', '["\\u0000"]'])
def test_a_setting_written_as_json_that_nobody_can_store_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"nested|character"):
        decode(text)


@pytest.mark.parametrize("half", ["\\ud800", "\\udfff", "\\uDBFF x"])
def test_half_a_character_in_a_body_is_refused_and_a_whole_one_is_read(half: str) -> None:
    for body in (f'{{"a": "{half}"}}', f'{{"{half}": 1}}', f'[["{half}"]]'):
        with pytest.raises(json_bodies.BodyUnreadable, match="half a character"):
            json_bodies.parse(body.encode())
    assert json_bodies.parse(json.dumps(["😀"]).encode()) == ["😀"]


def test_a_name_that_stands_twice_is_found_in_one_pass() -> None:
    members = ",".join(f'"{number}": 1' for number in range(100_000))
    with pytest.raises(json_bodies.BodyUnreadable, match="'99999' appears twice"):
        json_bodies.parse(f'{{{members}, "99999": 2}}'.encode())
