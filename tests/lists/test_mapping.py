"""What each column maps to: checked, and stored."""

from __future__ import annotations

import json
from typing import Any

import pytest

from batchcalls.lists.headers import describe_headers
from batchcalls.lists.mapping import (
    ColumnTarget,
    ListMapping,
    MappingError,
    Target,
    check,
    headers_key,
)
from tests.lists.columns import SEED, change, guess, is_setting


def test_variables_are_listed_in_the_order_of_the_columns() -> None:
    assert guess("b", "phone", "request_data.a", "metadata.c", "webhook").variables() == ["b", "a"]


@pytest.mark.parametrize(
    ("headers", "options", "code", "says"),
    [
        (SEED, [], "", ""),
        (["name", "city"], [], "no_phone_column", "Columns found: name, city."),
        ([f"c{n}" for n in range(30)], [], "no_phone_column", "c19, …"),
        (["a", "b"], ["a=phone_number", "b=phone_number"], "", ""),
        (["phone", "a", "b"], ["a=metadata.x", "b=metadata.x"], "duplicate_metadata", "“x”"),
        (
            ["phone", "a", "b"],
            ["a=request_data.x", "b=request_data.x"],
            "duplicate_variable",
            "The variable “x” comes from several columns: a, b.",
        ),
        (["phone", "a", "b"], ["a=voice", "b=voice"], "duplicate_call_setting", "“voice”"),
    ],
)
def test_a_mapping_is_checked(headers: list[str], options: list[str], code: str, says: str) -> None:
    problems = check(change(headers, *options), is_call_setting=is_setting)
    assert [problem.code for problem in problems] == ([code] if code else [])
    assert all(says in problem.message for problem in problems)


def test_a_stored_mapping_is_checked_for_settings_and_names_that_are_not_there() -> None:
    columns = ListMapping(
        (
            ColumnTarget(position=0, header="phone", target=Target.PHONE_NUMBER),
            ColumnTarget(position=1, header="", target=Target.CALL_SETTING, name="gone"),
            ColumnTarget(position=2, header="c", target=Target.CALL_SETTING, name="phone_number"),
            ColumnTarget(position=3, header="d", target=Target.CALL_SETTING),
            ColumnTarget(position=4, header="e", target=Target.REQUEST_DATA),
            ColumnTarget(position=5, header="f", target=Target.REQUEST_DATA),
            ColumnTarget(position=6, header="g", target=Target.IGNORE),
        )
    )
    problems = check(columns, is_call_setting=is_setting)
    assert [(problem.code, problem.column) for problem in problems] == [
        ("unknown_call_setting", "Column 2"),
        ("unknown_call_setting", "c"),
        ("unknown_call_setting", "d"),
        ("missing_name", "e"),
        ("missing_name", "f"),
    ]


def test_a_mapping_survives_being_stored_as_json() -> None:
    columns = change(["phone", "", "request_data.x", "voice", "m"], "m=metadata.n")
    stored = json.loads(json.dumps(columns.to_list()))
    assert stored[2] == {
        "position": 2,
        "header": "request_data.x",
        "target": "request_data",
        "name": "x",
    }
    assert ListMapping.from_list(stored) == columns
    assert ListMapping.from_list(stored[::-1]) == columns


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (None, ["malformed_mapping"]),
        ("phone", ["malformed_mapping"]),
        ([1, {"position": 0}], ["malformed_mapping", "malformed_mapping"]),
        ([{"position": -1, "header": "a", "target": "ignore"}], ["malformed_mapping"]),
        ([{"position": 0, "header": "a", "target": "ignore", "name": 3}], ["malformed_mapping"]),
        ([{"position": 0, "header": "a", "target": "phone"}], ["unknown_target"]),
        ([{"position": 0, "header": "a", "target": "ignore"}] * 2, ["duplicate_column"]),
    ],
)
def test_data_that_is_no_mapping_is_refused(data: Any, expected: list[str]) -> None:
    with pytest.raises(MappingError) as caught:
        ListMapping.from_list(data)
    assert [problem.code for problem in caught.value.problems] == expected


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (["a", "b"], ["b", "a"], True),
        (["a", "b"], [" b\u200b", "a", ""], True),
        (["a", "b"], ["a", "B"], False),
        (["a", "a"], ["a"], False),
        (["a,b"], ["a", "b"], False),
    ],
)
def test_the_key_of_headers_does_not_depend_on_their_order(
    one: list[str], other: list[str], same: bool
) -> None:
    keys = [headers_key(describe_headers(headers)) for headers in (one, other)]
    assert (keys[0] == keys[1]) is same
    assert len(keys[0]) == 64
