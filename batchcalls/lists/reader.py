"""Read a recipient list: turn bytes into numbered rows, one at a time.

Row numbers are those that a spreadsheet shows. Every record counts, including blank ones and
those above the header; a quoted cell with line breaks is one row; Excel's ``sep=;`` line does
not count.

Mismatched quotes are the only damage that can hide rows. A quote closed in the wrong place spoils
the lines in between: each becomes a row with the problem ``mismatched_quote``. After a quote that
is never closed, no row can be trusted (half a cell might hold a phone number), so the list is
refused as ``unclosed_quote``, with the number of the row that opens it.

Bytes that do not fit the encoding spoil their row only, which has the problem ``broken_character``.

In most lists, each line is a row. Some hundred lines of which csv makes as many records
are therefore read at once, which is the same as reading them one by one, in half of the time.
"""

from __future__ import annotations

import csv
import io
import re
from collections import deque
from collections.abc import Iterator
from typing import Any, BinaryIO

from batchcalls.lists.dialect import BOMS, DELIMITERS, SEP_LINE, Dialect, allow_cells_of
from batchcalls.lists.encodings import BLOCK, MARK, MARKING
from batchcalls.lists.headers import clean_header, without_beyond
from batchcalls.lists.rows import (
    Limits,
    Row,
    from_row,
    looks_like_recipient,
    make_row,
    row_problem,
    without_header,
)
from batchcalls.lists.unreadable import UnreadableList

#: How much text is read at once where each line is a row.
_BLOCK_CHARACTERS = 1 << 16


class _Borrowed(io.RawIOBase):
    """Reads a stream without closing it at the end."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        block = self._stream.read(len(buffer))
        buffer[: len(block)] = block
        return len(block)


class _RowTooLong(Exception):
    """A row has more lines than allowed."""


class _Lines:
    """Feeds lines to csv.reader and counts them per record, so that no record can fill memory."""

    def __init__(self, text: io.TextIOWrapper, limit: int) -> None:
        self._text, self.limit = text, limit
        self._back: deque[str] = deque()
        self._is_cut_at_cr = False
        self.start()

    def start(self) -> None:
        self.taken: list[str] = []
        self.size = 0
        self.is_damaged = False
        self.is_at_end = False

    def back(self, lines: list[str]) -> None:
        """Push lines back to be read again, and begin a record."""
        self._back.extendleft(reversed(lines))
        self.start()

    def next_block(self) -> list[str]:
        """Return some lines, all of them whole or too long; none if lines were pushed back."""
        if self._back:
            return []
        text = self.read() + self._text.read(_BLOCK_CHARACTERS)
        self._is_cut_at_cr = False
        if text and text[-1] != "\n":
            text += self.read()
        return io.StringIO(text, newline="").readlines()

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self.read()
        if not line:
            self.is_at_end = True
            raise StopIteration
        self.taken.append(line)
        self.size += len(line)
        if self.size > self.limit:
            raise _RowTooLong
        if "\0" in line or MARK in line:
            self.is_damaged = True
        return line

    def read(self) -> str:
        """Return the next line with its end, or only the part of it that is already too long."""
        if self._back:
            return self._back.popleft()
        line = self._text.readline(self.limit + 1)
        if line == "\n" and self._is_cut_at_cr:  # the second half of a CRLF
            line = self._text.readline(self.limit + 1)
        self._is_cut_at_cr = len(line) > self.limit and line[-1] == "\r"
        return line


class ListReader:
    """The header of a list and its rows, which can be iterated over once."""

    def __init__(
        self,
        stream: BinaryIO,
        dialect: Dialect,
        limits: Limits,
        *,
        has_header: bool = True,
        header_row: int = 0,
    ) -> None:
        self.dialect, self.limits = dialect, limits
        allow_cells_of(limits.max_row_characters)
        stream.seek(0)
        start = stream.read(3)
        stream.seek(next((len(bom) for bom, _ in BOMS if start.startswith(bom)), 0))
        buffered = io.BufferedReader(_Borrowed(stream), BLOCK)
        text = io.TextIOWrapper(buffered, dialect.encoding, MARKING, newline="")
        self._lines = _Lines(text, limits.max_row_characters)
        first = self._lines.read()
        if not SEP_LINE.fullmatch(first.rstrip("\r\n")):
            self._lines.back([first])
        self._rows = self._read_rows()
        if has_header:
            self.header_row, self.header = self._read_header(header_row)
        else:
            self.header_row = 0
            self._rows, self.header = without_header(self._rows)

    def __iter__(self) -> Iterator[Row]:
        width, left = len(self.header), self.limits.max_rows
        delimiter = DELIMITERS[self.dialect.delimiter]
        for row in self._rows:
            number, cells, problem = row
            if any(cells):
                left -= 1
                if left < 0:
                    raise UnreadableList("too_many_rows", limit=self.limits.max_rows)
            if len(cells) <= width or problem:
                yield row
            elif any(map(str.strip, cells[width:])):
                sizes = {"found": len(cells), "width": width}
                problem = row_problem("too_many_cells", delimiter=delimiter, **sizes)
                yield make_row(number, cells, problem)
            else:
                yield Row(number, cells[:width])

    def _read_header(self, header_row: int) -> tuple[int, list[str]]:
        for number, cells, problem in from_row(header_row, self._rows):
            if problem:
                raise UnreadableList("bad_header", row=number, why=problem.message)
            if len(cells) > (limit := self.limits.max_columns):
                raise UnreadableList("too_many_columns", found=len(cells), limit=limit)
            if looks_like_recipient(cells):
                break
            if any(map(clean_header, cells)):
                return number, without_beyond(cells)
        raise UnreadableList("no_header")

    def _read_rows(self) -> Iterator[Row]:
        lines = self._lines
        records = csv.reader(lines, delimiter=self.dialect.delimiter, strict=True)
        number = 0
        while True:
            if block := lines.next_block():
                if rows := self._one_row_a_line(block):
                    yield from map(Row, range(number + 1, number + 1 + len(rows)), rows)
                    number += len(rows)
                    continue
                lines.back(block)
            number += 1
            lines.start()
            try:
                cells = next(records)
            except StopIteration:
                return
            except (csv.Error, _RowTooLong):
                for row in self._sort_out(number):
                    number = row.number
                    yield row
            else:
                yield Row(number, cells) if not lines.is_damaged else make_row(number, cells)

    def _one_row_a_line(self, block: list[str]) -> list[list[str]]:
        """Return the cells of each line, or nothing unless all lines are flawless rows."""
        text = "".join(block)
        if "\0" in text or MARK in text or len(max(block, key=len)) > self._lines.limit:
            return []
        try:
            rows = list(csv.reader(block, delimiter=self.dialect.delimiter, strict=True))
        except csv.Error:
            return []
        return rows if len(rows) == len(block) else []

    def _sort_out(self, number: int) -> Iterator[Row]:
        """Yield the row or rows of a record that is malformed or too long to keep."""
        lines = self._lines
        lines.back(lines.taken)
        try:
            cells = next(csv.reader(lines, delimiter=self.dialect.delimiter))
        except (csv.Error, _RowTooLong):
            limit = self.limits.max_row_characters
            cells = self._cells_of(lines.taken[0][: min(1000, limit + 1)])
            lines.back(lines.taken)
            if not self._skip_record():
                raise UnreadableList("unclosed_quote", row=number) from None
            yield make_row(number, cells, row_problem("row_too_long", limit=limit))
            return
        if lines.is_at_end:
            raise UnreadableList("unclosed_quote", row=number)
        if len(lines.taken) == 1:  # "Big" Joe: malformed, but the row ends with its line
            yield make_row(number, cells)
        else:
            for place, line in enumerate(lines.taken, number):
                problem = row_problem("mismatched_quote", row=number)
                yield make_row(place, self._cells_of(line), problem)

    def _skip_record(self) -> bool:
        """Read a record to its end without keeping it; return whether its quotes match."""
        delimiter, state = self.dialect.delimiter, "start"
        tokens = re.compile(f'["\r\n{delimiter}]|[^"\r\n{delimiter}]+')
        has_breaks = is_broken = False
        while piece := self._lines.read():
            if state == "quoted" and '"' not in piece:  # most lines of an over-long cell
                has_breaks = has_breaks or piece[-1] in "\r\n"
                continue
            for token in tokens.finditer(piece):
                char = token[0][0]
                if state == "quoted":
                    has_breaks = has_breaks or char in "\r\n"
                    state = "closing" if char == '"' else "quoted"
                elif char in "\r\n":
                    return not (is_broken and has_breaks)
                elif char == '"' and state != "plain":  # opening, or the second of a double
                    state = "quoted"
                elif char == delimiter:
                    state = "start"
                else:
                    is_broken = is_broken or state == "closing"
                    state = "plain"
        return state != "quoted" and not (is_broken and has_breaks)

    def _cells_of(self, line: str) -> list[str]:
        return next(csv.reader([line], delimiter=self.dialect.delimiter), [])


def open_list(
    stream: BinaryIO,
    dialect: Dialect,
    limits: Limits,
    *,
    has_header: bool = True,
    header_row: int = 0,
) -> ListReader:
    """Read the header of a list; raise UnreadableList when it has no usable header.

    ``header_row`` is its number, or 0 for the first row with text.
    """
    return ListReader(stream, dialect, limits, has_header=has_header, header_row=header_row)
