"""The encoding and delimiter of a list, either detected or chosen by a person."""

from __future__ import annotations

import codecs
import csv
import io
import re
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO

from batchcalls.lists.encodings import (
    ENCODINGS,
    MARKING,
    Certainty,
    Guess,
    first_misfit,
    fit,
    guess,
)
from batchcalls.lists.phone_headers import names_phone
from batchcalls.lists.unreadable import UnreadableList

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}
BOMS = ((codecs.BOM_UTF8, "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
SEP_LINE = re.compile(r'"?sep=(.?)"?', re.IGNORECASE)

_HEAD = 1 << 16
_BOM_BYTES = b"\xef\xbb\xbf\xff\xfe"
#: Files that are no lists, whatever their names end in, by their first bytes.
_OTHER_KINDS = {
    code: re.compile(rb"(?is)\s*(?:" + pattern + rb")")
    for code, pattern in {
        "not_text": rb"\x89PNG|GIF8|%PDF-|{\\rtf",
        "xml_workbook": rb"<\?xml.{0,2000}(?:excel\.sheet|office:spreadsheet)",
        "web_page": rb"(?:<\?xml[^>]*>\s*)?(?:<!--.{0,2000}?-->\s*)?"
        rb"<(?:!doctype html|html|head|meta|body|style|table|div)\b|mime-version:",
        "xml_file": rb"<\?xml|<!doctype",
    }.items()
}
_CONTROLS = bytes([*range(9), *range(14, 27), *range(28, 32)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    encoding: str
    delimiter: str
    certainty: Certainty = Certainty.CERTAIN
    #: The encoding to compare with, unless the one above is certain.
    other_encoding: str = ""


def detect(
    stream: BinaryIO, *, encoding: str | None = None, delimiter: str | None = None
) -> Dialect:
    """Detect how to read the bytes, decoding them all once; raise UnreadableList on failure.

    1. Refuse anything that is not a list, by its first bytes.
    2. Encoding: the chosen one, else byte-order mark, pattern of NULs, UTF-8, the likeliest one.
    3. Delimiter: the chosen one, else the ``sep=`` line, else what splits the header best.
    """
    stream.seek(0)
    head = stream.read(_HEAD)
    for code, kind in _OTHER_KINDS.items():
        if kind.match(head.replace(b"\0", b"").lstrip(_BOM_BYTES)):
            raise UnreadableList(code)
    marked = next((name for bom, name in BOMS if head.startswith(bom)), None)
    likely = marked or _utf16_by_nuls(head)
    wanted = _requested_encoding(encoding, likely) if encoding else likely
    if marked and wanted != marked:
        raise UnreadableList("bad_encoding", misfits=f"not {wanted}: at byte 0 it says {marked}")
    controls = len(head) - len(head.translate(None, _CONTROLS))
    if controls > max(8, len(head) // 50) and wanted not in {"utf-16-le", "utf-16-be"}:
        raise UnreadableList("not_text")
    found = _judged(stream, wanted)
    text = codecs.getincrementaldecoder(found.encoding)(MARKING).decode(head)
    text = text.removeprefix("\ufeff")
    if not text.strip():
        raise UnreadableList("empty_file")
    if not delimiter and (stated := SEP_LINE.fullmatch(re.split("[\r\n]", text, maxsplit=1)[0])):
        delimiter = stated[1] or "sep="
    return Dialect(
        encoding=found.encoding,
        delimiter=_requested_delimiter(delimiter) if delimiter else _delimiter_by_header(text),
        certainty=found.certainty,
        other_encoding=found.other,
    )


def _utf16_by_nuls(head: bytes) -> str | None:
    # Lists have many digits and Latin letters; in UTF-16, every other byte of these is NUL.
    half, even, odd = len(head) // 2, head[0::2].count(0), head[1::2].count(0)
    for few, many, name in ((even, odd, "utf-16-le"), (odd, even, "utf-16-be")):
        if many > 2 + half * 2 // 5 and few <= half // 50:
            return name
    return None


def _requested_encoding(requested: str, likely: str | None) -> str:
    try:
        name = codecs.lookup(requested.strip()).name.removesuffix("-sig")
    except (LookupError, ValueError):
        name = ""
    if name not in ENCODINGS:
        raise UnreadableList("unknown_encoding", given=requested, known=", ".join(ENCODINGS))
    if name != "utf-16":
        return name
    return "utf-16-be" if likely == "utf-16-be" else "utf-16-le"


def _judged(stream: BinaryIO, wanted: str | None) -> Guess:
    """Return the wanted encoding if it fits, else the likeliest one."""
    if not wanted:
        if found := guess(stream):
            return found
        position = first_misfit(stream, "utf-8") or 0
        raise UnreadableList("bad_encoding", misfits=_misfit("utf-8", position))
    if not fit(stream, wanted).is_usable:
        position = first_misfit(stream, wanted) or 0
        raise UnreadableList("bad_encoding", misfits=_misfit(wanted, position))
    return Guess(encoding=wanted, certainty=Certainty.CERTAIN)


def _misfit(encoding: str, position: int) -> str:
    return f"not {encoding} (byte {position:,} does not fit)"


def _requested_delimiter(requested: str) -> str:
    for delimiter, name in DELIMITERS.items():
        if requested == delimiter or requested.strip().lower() == name:
            return delimiter
    raise UnreadableList("bad_delimiter", given=requested)


def _delimiter_by_header(text: str) -> str:
    allow_cells_of(len(text))
    best, best_score = ",", 0.0
    for delimiter in "\t;|,":  # on a tie, the one rarer in prose wins: “Name, first;Phone”
        lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        records = list(islice(lines, 30))
        widths = [len(cells) for cells in records if any(map(str.strip, cells))]
        score = (widths[0] - 1) * widths.count(widths[0]) / len(widths) if widths else 0.0
        if score > best_score:
            best, best_score = delimiter, score
        elif not best_score and any(map(names_phone, records)):  # below a title
            best = delimiter
    return best


def allow_cells_of(characters: int) -> None:
    """Allow the csv module to read cells this long.

    Its limit applies to the whole process, so it is only raised and never lowered.
    """
    csv.field_size_limit(max(csv.field_size_limit(), characters))
