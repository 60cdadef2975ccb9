"""Compare how a folder of public files is read with what other readers make of it.

    python -m tests.benchmarks.reading_corpora FOLDER [--show N]

Every .csv, .tsv and .txt file is compared cell by cell with Python's csv module, in the encoding
and with the delimiter that were detected; every .xlsx and .xlsm file with openpyxl, and with
python-calamine where that is installed. A difference that is a decision of ours is no difference:
what a cell shows instead of its value, blank rows and cells at the end, hidden rows, and rows that
are reported with a problem. Prints counts of files and of differing cells. Exit status: 1 if there
are any, or if reading crashed. See tests/README.md for folders worth reading.
"""

from __future__ import annotations

import argparse
import csv
import io
import signal
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import openpyxl

from batchcalls.lists.dialect import detect
from batchcalls.lists.reader import open_list
from batchcalls.lists.rows import Limits
from batchcalls.lists.unreadable import UnreadableList
from batchcalls.lists.workbook import HEAD_BYTES, is_workbook, open_workbook

try:
    import python_calamine
except ImportError:  # an extra reader, for those who have it
    python_calamine = None

LIMITS = Limits(max_columns=16_384, max_row_characters=10_000_000)
TEXTS, WORKBOOKS = {".csv", ".tsv", ".txt"}, {".xlsx", ".xlsm"}

SECONDS = 5  # for another reader of a file

#: Cells by row number and position.
Cells = dict[tuple[int, int], Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--show", type=int, default=10, help="Differing files to show.")
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # openpyxl warns of what it does not keep
    counts: Counter[str] = Counter()
    for path in sorted(path for path in options.folder.rglob("*") if path.is_file()):
        kind = path.suffix.lower()
        if kind in TEXTS | WORKBOOKS:
            _compare(path, counts, shown=options.show)
    for name, count in sorted(counts.items()):
        print(f"{count:>9,} {name}")
    sys.exit(bool(counts["crashes"] or any("differing" in name for name in counts)))


def _compare(path: Path, counts: Counter[str], *, shown: int) -> None:
    data = path.read_bytes()
    as_workbook = is_workbook(data[:HEAD_BYTES])
    kind = "workbooks" if as_workbook else "texts"
    try:
        first_row, ours, problems, extra = (_sheet if as_workbook else _list)(data)
    except UnreadableList as error:
        counts[f"{kind} refused: {error.code}"] += 1
        return
    except Exception as error:
        counts["crashes"] += 1
        print(f"CRASH {path}: {error!r}")
        return
    counts[f"{kind} read"] += 1
    counts[f"rows with a problem in {kind}"] += len(problems)
    for name, reader in (WORKBOOK_READERS if as_workbook else TEXT_READERS).items():
        try:
            with _at_most(SECONDS):
                theirs = reader(data, extra)
        except Exception:
            counts[f"{kind} that {name} cannot read"] += 1
            continue
        rows_left_out = problems | {row for row, _ in theirs if row < first_row}
        keys = sorted(key for key in ours.keys() | theirs.keys() if key[0] not in rows_left_out)
        counts[f"cells compared with {name}"] += len(keys)
        wrong = [key for key in keys if not _is_same(ours.get(key, ""), theirs.get(key, ""))]
        if wrong:
            counts[f"{kind} differing from {name}"] += 1
            counts[f"cells differing from {name}"] += len(wrong)
            if counts[f"{kind} differing from {name}"] <= shown:
                (row, place), found = wrong[0], [one.get(wrong[0], "") for one in (ours, theirs)]
                found = [getattr(one, "value", one) for one in found]
                print(
                    f"{path}: {len(wrong)} cells differ from {name}, the first in row {row}, "
                    f"column {place + 1}: ours {found[0]!r:.200}, theirs {found[1]!r:.200}"
                )


@contextmanager
def _at_most(seconds: int) -> Iterator[None]:
    """Raise `TimeoutError` in a reader that takes longer, such as openpyxl for merged columns."""

    def give_up(*_: object) -> None:
        raise TimeoutError

    signal.signal(signal.SIGALRM, give_up)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)


def _list(data: bytes) -> tuple[int, Cells, set[int], Any]:
    stream = io.BytesIO(data)
    dialect = detect(stream)
    table = open_list(stream, dialect, LIMITS)
    return *_cells_of(table), dialect


def _sheet(data: bytes) -> tuple[int, Cells, set[int], Any]:
    with open_workbook(io.BytesIO(data), sheet="", limits=LIMITS) as table:
        return *_cells_of(table), table.sheet


def _cells_of(table: Any) -> tuple[int, Cells, set[int]]:
    cells = {(table.header_row, place): text for place, text in enumerate(table.header)}
    problems = set()
    for row in table:
        if row.problem:
            problems.add(row.number)
        cells |= {(row.number, place): text for place, text in enumerate(row.cells)}
    return table.header_row, cells, problems


def _by_csv(data: bytes, dialect: Any) -> Cells:
    text = data.decode(dialect.encoding, "replace").removeprefix("\ufeff")
    if text.lower().startswith(("sep=", '"sep=')):
        text = text.split("\n", 1)[1]
    csv.field_size_limit(sys.maxsize)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=dialect.delimiter)
    return {
        (number, place): cell
        for number, row in enumerate(rows, 1)
        for place, cell in enumerate(row)
        if cell.strip()
    }


def _by_openpyxl(data: bytes, sheet: str) -> Cells:
    cells = openpyxl.load_workbook(io.BytesIO(data), data_only=True)[sheet]
    hidden = _hidden_columns(cells)
    # Not `iter_rows`, which makes a cell of every place up to the last one.
    return {
        (cell.row, cell.column - 1 - sum(one < cell.column for one in hidden)): cell
        for cell in cells._cells.values()
        if cell.value is not None and cell.column not in hidden
    }


def _by_calamine(data: bytes, sheet: str) -> Cells:
    hidden = _hidden_columns(openpyxl.load_workbook(io.BytesIO(data), data_only=True)[sheet])
    book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
    cells = book.get_sheet_by_name(sheet)
    first_row, first_column = cells.start or (0, 0)
    return {
        (number, place - sum(one <= place for one in hidden)): value
        for number, row in enumerate(cells.to_python(skip_empty_area=True), first_row + 1)
        for place, value in enumerate(row, first_column)
        if value != "" and place + 1 not in hidden
    }


def _hidden_columns(sheet: Any) -> set[int]:
    return {
        column
        for one in sheet.column_dimensions.values()
        if one.hidden
        for column in range(one.min, one.max + 1)
    }


def _is_same(ours: str, theirs: Any) -> bool:
    """Tell whether a text is how a value can be shown: as it is, or by its number format."""
    code = getattr(theirs, "number_format", "")
    value = getattr(theirs, "value", theirs)
    if isinstance(value, str):
        return _comparable(ours) == _comparable(value)
    if any(candidate == ours for candidate in _shown(value)):
        return True
    # By its format, which calamine does not tell: the digits say the same, rounded as shown.
    has_format = not hasattr(theirs, "number_format") or code.lower() not in {"", "general", "@"}
    return has_format and _digits_agree(ours, value)


def _comparable(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("_x000D_", "").strip()


def _shown(value: Any) -> Iterator[str]:
    if isinstance(value, bool):
        yield str(value).lower()
    elif isinstance(value, datetime):
        yield from (
            value.isoformat(),
            value.date().isoformat(),
            value.replace(microsecond=0).isoformat(),
        )
    elif isinstance(value, (date, time)):
        yield value.isoformat()
    elif isinstance(value, float):
        yield from (repr(value), repr(value).removesuffix(".0"), f"{value:.0f}")
    else:
        yield str(value)


def _digits_agree(ours: str, value: Any) -> bool:
    if not isinstance(value, (int, float)):
        return isinstance(value, (date, time, timedelta))  # shown by parts
    digits = "".join(char for char in ours if char in "0123456789.").strip(".")
    try:
        shown = float(digits)
    except ValueError:
        return not digits  # a section that shows no digits
    decimals = len(digits.partition(".")[2])
    scaled = (abs(value) * factor for factor in (1, 100, 0.001, 0.000001))
    return any(abs(one - shown) <= 0.5000001 * 10**-decimals for one in scaled)


Reader = Callable[[bytes, Any], Cells]
TEXT_READERS: dict[str, Reader] = {"csv": _by_csv}
WORKBOOK_READERS: dict[str, Reader] = {"openpyxl": _by_openpyxl}
if python_calamine:
    WORKBOOK_READERS["calamine"] = _by_calamine

if __name__ == "__main__":
    main()
