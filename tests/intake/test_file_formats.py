"""How a file was read, as programs and people are told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from batchcalls.intake import file_formats, uploads
from batchcalls.intake.uploads import ReadingOptions

FOLDER = Path(__file__).parents[1] / "data" / "field"


def read(name: str, **options: Any) -> Any:
    with (FOLDER / name).open("rb") as stream:
        return uploads.read(stream, ReadingOptions(region="US", **options), file_name=name)


@pytest.mark.parametrize(
    ("name", "options", "expected", "words"),
    [
        (
            "cp1251.csv",
            {},
            {"encoding": "cp1251", "delimiter": ",", "certainty": "likely", "sheet": None},
            "cp1251, separated by comma",
        ),
        (
            "one_bad_byte.csv",
            {},
            {"encoding": "utf-8", "certainty": "unsure", "other_encoding": "cp1252"},
            "utf-8 (unclear), separated by comma",
        ),
        (
            "one_bad_byte.csv",
            {"encoding": "cp1252"},
            {"encoding": "cp1252", "certainty": "certain", "other_encoding": None},
            "cp1252, separated by comma",
        ),
        (
            "filtered_rows.xlsx",
            {},
            {"encoding": None, "sheet": "Sheet", "sheets": ["Sheet"], "hidden_rows": 3},
            "workbook, sheet “Sheet”, 3 hidden rows skipped",
        ),
        (
            "filtered_rows.xlsx",
            {"include_hidden": True},
            {"include_hidden": True, "hidden_rows": 0},
            "workbook, sheet “Sheet”",
        ),
    ],
)
def test_encoding_certainty_sheet_and_hidden_rows_are_told(
    name: str, options: dict[str, Any], expected: dict[str, Any], words: str
) -> None:
    stored = read(name, **options)
    assert file_formats.as_json(stored).items() >= expected.items()
    assert file_formats.describe(stored) == words
