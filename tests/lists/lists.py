"""Lists as bytes or text, read whole."""

from __future__ import annotations

import io
from typing import Any

import pytest

from batchcalls.lists.dialect import detect
from batchcalls.lists.reader import open_list
from batchcalls.lists.rows import Limits, Row
from batchcalls.lists.unreadable import UnreadableList

DEFAULTS = Limits()
LIST = "phone_number;näme\r\n+12025550123;Zoë\r\n"


def read(data: bytes | str, limits: Limits = DEFAULTS, **asked: Any) -> tuple[list[str], list[Row]]:
    stream = io.BytesIO(data.encode() if isinstance(data, str) else data)
    rows = open_list(stream, detect(stream, **asked), limits)
    return rows.header, list(rows)


def brief(rows: list[Row]) -> list[tuple[int, list[str], str]]:
    return [(row.number, row.cells, row.problem.code if row.problem else "") for row in rows]


def refusal(data: bytes | str, limits: Limits = DEFAULTS, **asked: Any) -> UnreadableList:
    with pytest.raises(UnreadableList) as caught:
        read(data, limits, **asked)
    assert str(caught.value) == caught.value.message
    return caught.value
