"""Results as files: the original columns first, row for row, and nothing a spreadsheet runs."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest

from batchcalls import exports
from batchcalls.management.draft_options import Refused
from batchcalls.management.results_file import check_writable, write_results_file
from batchcalls.models import CallResult

pytestmark = pytest.mark.django_db


def table(batch: Any) -> list[list[str]]:
    out = io.StringIO()
    exports.write_results(batch, out)
    return list(csv.reader(io.StringIO(out.getvalue())))


def test_each_row_of_the_list_comes_back_with_what_became_of_it(make_batch: Any, run: Any) -> None:
    text = "\nphone_number;business_name\n+12025550190;Ann's\n\n12;Bob's;\n+12025550191;Cy's\n"
    batch = run(make_batch(text=text))
    header, ann, blank, bob, cy = table(batch)
    call = CallResult.objects.get(to_number="+12025550190")

    assert header == ["phone_number", "business_name", *exports.RESULT_COLUMNS]
    assert ann[:3] == ["+12025550190", "Ann's", "done"]
    assert ann[3:] == [
        call.disposition,
        "human",
        str(call.duration_seconds),
        f"{call.price:f}",
        call.summary,
        str(call.call_id),
    ]
    assert blank == ["", "", "skipped", "", "", "", "", "", ""]
    assert bob[:3] == ["12", "Bob's", "skipped"]
    assert cy[2:5] == ["done", "NO_ANSWER", "no_answer"]


def test_the_latest_attempt_is_the_one_that_counts(make_batch: Any, run: Any) -> None:
    batch = make_batch("+12025550191")
    rule = {"outcome": "no_answer", "max_retries": 1, "wait_seconds": 0}
    type(batch).objects.update(policy={"retry": {"rules": [rule]}})
    batch = run(batch)

    assert CallResult.objects.count() == 2
    assert table(batch)[1][-1] == str(CallResult.objects.get(attempt=2).call_id)


def test_rows_that_were_not_reached_when_the_batch_failed_are_blank(
    make_batch: Any, run: Any, settings: Any
) -> None:
    settings.MAX_ROWS = 2
    batch = make_batch("+12025550190", "+12025550191")
    settings.MAX_ROWS = 1
    batch = run(batch)
    settings.MAX_ROWS = 2

    assert [row[2] for row in table(batch)[1:]] == ["", ""]


def test_a_long_list_is_joined_piece_by_piece(
    make_batch: Any, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "ROWS_AT_A_TIME", 2)
    batch = run(make_batch(*(f"+1202555010{digit}" for digit in range(5))))

    rows = table(batch)[1:]
    assert [row[0] for row in rows] == [f"+1202555010{digit}" for digit in range(5)]
    assert len({row[-1] for row in rows}) == 5


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ("=1+1", "'=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
        ("-2+3+cmd", "'-2+3+cmd"),
        ("\t=1", "'\t=1"),
        ("+12025550190", "+12025550190"),
        ("+1 (202) 555-0190", "+1 (202) 555-0190"),
        ("-3.5", "-3.5"),
        ("a=b", "a=b"),
        ("", ""),
    ],
)
def test_what_a_spreadsheet_would_run_is_neutralised_and_numbers_are_not(
    cell: str, shown: str
) -> None:
    assert exports.neutralise(cell) == shown


def test_a_results_file_appears_whole_or_not_at_all(
    make_batch: Any, run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = run(make_batch("+12025550190"))
    path = tmp_path / "out" / "results.csv"
    with pytest.raises(Refused, match="folder that exists"):
        check_writable(path)
    path.parent.mkdir()
    check_writable(path)
    write_results_file(batch, path)
    assert path.read_text(encoding="utf-8").count("+12025550190") == 1

    def explode(*args: Any) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(exports, "write_results", explode)
    with pytest.raises(OSError, match="disk full"):
        write_results_file(batch, path.with_name("second.csv"))
    assert [one.name for one in path.parent.iterdir()] == ["results.csv"]
