"""Results as files: the original columns first, row for row, and nothing a spreadsheet runs."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchcalls import tasks
from batchcalls.drafting import drafts
from batchcalls.intake import runner
from batchcalls.management.csv_file import check_writable, write_csv_file
from batchcalls.management.draft_options import Refused
from batchcalls.models import CallResult, Export, ExportKind, Recipient
from batchcalls.models.call_fields import Place, fields_of, names_in
from batchcalls.reporting.exports import batch_tables, call_log, jobs, writing
from batchcalls.reporting.exports.tables import Table
from batchcalls.reporting.exports.writing import csv_blocks, write_xlsx
from campaigns.spreadsheet_cells import neutralise, restore

pytestmark = pytest.mark.django_db


def table(batch: Any) -> list[list[str]]:
    return read(batch_tables.results(batch))


def read(made: Table) -> list[list[str]]:
    """Write a table and read it again."""
    return list(csv.reader(io.StringIO(b"".join(csv_blocks(made)).decode(), newline="")))


def test_each_row_of_the_list_comes_back_with_what_became_of_it(make_batch: Any, run: Any) -> None:
    text = "\nphone_number;business_name\n+12025550190;Ann's\n\n12;Bob's;\n+12025550191;Cy's\n"
    batch = run(make_batch(text=text))
    header, ann, blank, bob, cy = table(batch)
    call = CallResult.objects.get(to_number="+12025550190")

    assert header == ["phone_number", "business_name", *batch_tables.RESULT_COLUMNS]
    assert ann[:3] == ["+12025550190", "Ann's", "done"]
    told = dict(zip(header, ann, strict=True))
    for name, value in {
        "disposition": call.disposition,
        "answered_by": "human",
        "duration_seconds": str(call.duration_seconds),
        "price": f"{call.price:f}",
        "summary": call.summary,
        "call_id": str(call.call_id),
    }.items():
        assert told[name] == value
    assert blank == ["", "", "skipped", *[""] * (len(header) - 3)]
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

    assert [row[2] for row in table(batch)[1:]] == ["not_taken_in", "not_taken_in"]


def test_a_long_list_is_joined_piece_by_piece(
    make_batch: Any, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_tables, "ROWS_AT_A_TIME", 2)
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
        ("'=1+1", "''=1+1"),
        ("+12025550190", "+12025550190"),
        ("+1 (202) 555-0190", "+1 (202) 555-0190"),
        ("-3.5", "-3.5"),
        ("a=b", "a=b"),
        ("  =1+1", "'  =1+1"),
        ("\u3000\u00a0=1+1", "'\u3000\u00a0=1+1"),
        ("\n=1+1", "'\n=1+1"),
        ("\uff1d1+1", "'\uff1d1+1"),  # full-width = @ + -
        ("\uff20SUM(A1)", "'\uff20SUM(A1)"),
        ("\uff0bcmd|' /C calc'!A0", "'\uff0bcmd|' /C calc'!A0"),
        (" \uff0d2+cmd", "' \uff0d2+cmd"),
        ("\uff0b\uff11\uff12 \uff13", "\uff0b\uff11\uff12 \uff13"),
        (" +12025550190", " +12025550190"),
        ("'tis", "'tis"),
        ("", ""),
    ],
)
def test_what_a_spreadsheet_would_run_is_neutralised_and_numbers_are_not(
    cell: str, shown: str
) -> None:
    assert neutralise(cell) == shown
    assert restore(shown) == cell


@given(st.text(alphabet="'=@+-\t\r1a \u3000\uff1d\uff0b"))
def test_restoring_undoes_neutralising(cell: str) -> None:
    assert restore(neutralise(cell)) == cell


REJECTS = (
    "Phone;name;note\n"
    "+12025550190;Ann;\n"
    "12;=Bob's;+nope\n"
    "\n"
    "+12025550191;Cy;x;surplus\n"
    "+12025550190;Ann again;\n"
)


def test_rejected_rows_have_their_columns_and_a_reason_and_can_come_back(
    make_batch: Any, run: Any
) -> None:
    batch = run(make_batch(text=REJECTS, prompt="Call {{name}}."))
    header, *rows = read(batch_tables.rejected(batch))
    assert header == ["Phone", "name", "note", "rejected_reason", "beyond_header_1"]
    assert [[*row[:3], row[4]] for row in rows] == [
        ["12", "'=Bob's", "'+nope", ""],
        ["", "", "", ""],
        ["+12025550191", "Cy", "x", "surplus"],
        ["+12025550190", "Ann again", "", ""],
    ]
    assert "too short" in rows[0][3]
    assert rows[1][3] == "The row is empty."
    assert rows[2][3].startswith("The row has 4 cells")
    assert rows[3][3] == "Row 2 has the same number, +12025550190."

    # One number and the surplus cell are put right, in the very file that was given out.
    text = b"".join(csv_blocks(batch_tables.rejected(batch))).decode()
    fixed = text.replace("12,'=Bob", "+12025550192,'=Bob").replace(",surplus", "")
    drafts.add_list(batch, io.BytesIO(fixed.encode()), file_name="fixed.csv")
    while runner.run_batch(batch.pk, seconds=30):
        pass
    batch.refresh_from_db()
    batch = run(batch, launch=False)
    joined = Recipient.objects.filter(batch=batch, row_number__gt=7).order_by("row_number")
    assert list(joined.values_list("e164", "status", "request_data__name")) == [
        ("+12025550192", "done", "=Bob's"),
        ("", "skipped", ""),
        ("+12025550191", "done", "Cy"),
        ("+12025550190", "skipped", "Ann again"),
    ]
    again = read(batch_tables.rejected(batch))
    assert again[0] == header
    assert len(again) == 7
    assert Recipient.objects.filter(batch=batch).skipped().count() == 6


def test_the_survey_and_the_samples_see_rejected_rows_as_they_were_uploaded(
    make_batch: Any, run: Any
) -> None:
    numbers = "".join(f'"=""49151234567{n}""",x,-\n' for n in range(10, 20))
    text = f"phone,=who,name\n{numbers}"
    batch = run(make_batch(text=text + "+12025550190,x,Ann\n", prompt="Hello {{name}}."))
    text = b"".join(csv_blocks(batch_tables.rejected(batch))).decode()
    assert "'=who" in text
    assert text.count("'=\"") == 10
    again = drafts.add_list(batch, io.BytesIO(text.encode()), file_name="fixed.csv")
    assert again.headers[:2] == ["phone", "=who"]
    assert again.samples[0][0] == '="4915123456710"'
    runner.run_batch(batch.pk, seconds=30)
    again.refresh_from_db()
    assert again.evidence["numbers"]["codes"] == {"49": 20}  # of the first list and of this one


def test_a_row_that_still_has_cells_beyond_the_header_is_not_called(
    make_batch: Any, run: Any
) -> None:
    batch = run(make_batch(text=REJECTS, prompt="Call {{name}}."))
    text = b"".join(csv_blocks(batch_tables.rejected(batch)))
    drafts.add_list(batch, io.BytesIO(text + b"+12025550193,Di,,,\r\n"), file_name="same.csv")
    while runner.run_batch(batch.pk, seconds=30):
        pass
    joined = Recipient.objects.filter(batch=batch, row_number__gt=7).order_by("row_number")
    assert list(joined.values_list("reason_code", flat=True)) == [
        "too_short",
        "blank_row",
        "too_many_cells",
        "duplicate",
        "",
    ]


def test_a_skipped_row_without_any_text_is_among_the_rejected_ones(
    make_batch: Any, run: Any
) -> None:
    text = "Phone,name\n+12025550190,Ann\n+12025550191,B\n"
    batch = run(make_batch(text=text, prompt="Hello."))
    rows = Recipient.objects.filter(batch=batch)
    skipped = {"status": "skipped", "outcome": "", "reason_code": "x"}
    rows.filter(row_number=2).update(**skipped, reason="Its file is gone.", row_number=99)
    rows.filter(row_number=3).update(**skipped, reason="Skipped.")
    assert read(batch_tables.rejected(batch))[1:] == [
        ["+12025550191", "B", "Skipped."],
        ["", "", "Its file is gone."],
    ]


def test_recipients_come_with_what_their_columns_became(make_batch: Any, run: Any) -> None:
    text = "phone,city,metadata.id,settings.max_duration\n+12025550190,Bonn,7,5\nnot one,Ulm,8,\n"
    mapped = {"map_all": None, "column_options": ["settings.max_duration=max_duration"]}
    batch = run(make_batch(text=text, prompt="Hello.", **mapped))
    header, first, second = read(batch_tables.recipients(batch))
    assert header[-3:] == ["request_data.city", "metadata.id", "settings.max_duration"]
    assert dict(zip(header, first, strict=True)) | {"due_at": ""} == {
        "row": "2",
        "number": "+12025550190",
        "raw_number": "+12025550190",
        "phone_numbers": "+12025550190",
        "country": "US",
        "time_zones": "America/New_York",
        "zones_by": "number",
        "status": "done",
        "outcome": "reached",
        "reason_code": "",
        "reason": "",
        "attempts": "1",
        "start_at": "",
        "due_at": "",
        "consent": "",
        "consent_type": "",
        "consent_date": "",
        "consent_source": "",
        "consent_evidence": "",
        "request_data.city": "Bonn",
        "metadata.id": "7",
        "settings.max_duration": "5",
    }
    assert second[7:10] == ["skipped", "", "not_a_number"]


def test_the_call_log_has_the_calls_of_the_filter_whole(make_batch: Any, run: Any) -> None:
    batch = run(make_batch("+12025550190", "+12025550191"))
    everything = read(call_log.call_log(call_log.matching(""), fields_of(Place.EXPORT)))
    assert everything[0] == names_in(Place.EXPORT)
    assert len(everything) == 3
    reached = read(
        call_log.call_log(
            call_log.matching("answered_by=human&columns=status&at=oldest"),
            fields_of(Place.EXPORT),
        )
    )
    (row,) = (dict(zip(reached[0], cells, strict=True)) for cells in reached[1:])
    assert (row["batch_id"], row["to"], row["row"]) == (str(batch.pk), "+12025550190", "2")
    assert row["transcript"].startswith("agent: ")
    assert json.loads(row["request_data"]) == {"business_name": "Shop 0"}
    by_number = read(call_log.call_log(call_log.matching("q=550191"), fields_of(Place.EXPORT)))
    assert [cells[5] for cells in by_number[1:]] == ["+12025550191"]
    with pytest.raises(call_log.UnknownFilter, match="batch__name"):
        call_log.matching("batch__name=x")
    with pytest.raises(call_log.UnknownFilter, match="cannot be looked for"):
        call_log.matching("from=soon")


def test_a_workbook_holds_text_as_text() -> None:
    out = io.BytesIO()
    forbidden = "a\x07b\ufffec\uffffd\ud800e\U0001f600"
    long = Table(name="t", header=["=h"], rows=iter([["=1+1"], ["x" * 40_000], [3], [forbidden]]))
    assert write_xlsx(long, out) == 4
    sheet = openpyxl.load_workbook(out).active
    header, formula, cut, number, bell = (row[0] for row in sheet.iter_rows())
    assert (header.value, formula.value, formula.data_type) == ("=h", "=1+1", "s")
    assert len(cut.value) == writing.MAX_CELL_CHARACTERS
    assert cut.value.endswith("the CSV file has all of it)")
    assert (number.value, bell.value) == (3, "a�b�c�d�e\U0001f600")


def test_a_large_workbook_is_written_by_a_worker_once(make_batch: Any, run: Any) -> None:
    batch = run(make_batch("+12025550190"))
    export = jobs.request(ExportKind.RESULTS, batch=batch)
    tasks.export(str(export.pk))
    export.refresh_from_db()
    assert (export.status, export.row_count) == ("done", 1)
    name = export.file.name
    with export.file.open("rb") as stored:
        assert openpyxl.load_workbook(stored).active["A2"].value == "+12025550190"
    tasks.export(str(export.pk))
    assert Export.objects.get().file.name == name


def test_a_table_that_no_sheet_holds_fails_with_the_reason(
    make_batch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "MAX_SHEET_ROWS", 2)
    batch = make_batch("+12025550190", "+12025550191")
    export = jobs.request(ExportKind.RESULTS, batch=batch)
    jobs.run(export.pk)
    export.refresh_from_db()
    assert export.status == "failed"
    assert "Take the CSV file" in export.reason


def test_a_file_appears_whole_or_not_at_all(make_batch: Any, run: Any, tmp_path: Path) -> None:
    batch = run(make_batch("+12025550190"))
    path = tmp_path / "out" / "results.csv"
    with pytest.raises(Refused, match="folder that exists"):
        check_writable(path)
    path.parent.mkdir()
    check_writable(path)
    write_csv_file(batch_tables.results(batch), path)
    assert path.read_text(encoding="utf-8").count("+12025550190") == 1

    def explode() -> Any:
        yield ["one"]
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_csv_file(Table(name="t", header=["a"], rows=explode()), path.with_name("second.csv"))
    assert [one.name for one in path.parent.iterdir()] == ["results.csv"]


def test_excel_is_told_the_encoding_on_request() -> None:
    made = Table(name="t", header=["ä"], rows=iter([]))
    assert b"".join(csv_blocks(made, bom=True)) == "\ufeffä\r\n".encode()
