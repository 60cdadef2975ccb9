"""A workbook as a package of untrusted parts (ISO/IEC 29500-2)."""

from __future__ import annotations

import errno
import posixpath
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, BinaryIO, cast
from xml.etree.ElementTree import Element, ParseError

from defusedxml.ElementTree import fromstring, iterparse

from batchcalls.lists.unreadable import UnreadableList

#: Limits on the unpacked contents of a workbook, not on the file.
MAX_MEMBERS = 10_000
MAX_UNPACKED_BYTES = 1 << 30
MAX_PART_BYTES = 4 << 20  # of a part that is read in one piece, and of a row
MAX_RATIO, RATIO_COUNTS_FROM = 200, 10 << 20
MAX_NAME_CHARACTERS = 100  # of a sheet; spreadsheet programs allow 31

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # legacy workbooks, and encrypted ones
_BLOCK = 1 << 16
_BROKEN = (
    *(zipfile.BadZipFile, zlib.error, struct.error, EOFError),
    *(ParseError, LookupError, ValueError, ArithmeticError),  # defusedxml's are ValueErrors
    RuntimeError,  # encrypted members, unknown compression
)


class Package:
    """The untrusted parts of a workbook."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._members = {info.filename.lower(): info for info in archive.infolist()}
        self._book = next(iter(self._relations("", "officeDocument").values()), "")
        book, worksheets = self._tree(self._book), self._relations(self._book, "worksheet")
        if local_name(book) != "workbook":
            raise UnreadableList("broken_workbook")
        self.sheets: dict[str, str] = {}
        self.starts_in_1904 = False
        for element in book.iter():
            if local_name(element) == "workbookPr":
                self.starts_in_1904 = element.get("date1904") in {"1", "true"}
            elif local_name(element) == "sheet" and element.get("state", "visible") == "visible":
                places = (worksheets.get(v) for k, v in element.items() if k.endswith("}id"))
                if path := next(places, None):  # chart and macro sheets have none
                    self.sheets[element.attrib["name"][:MAX_NAME_CHARACTERS]] = path

    def related(self, kind: str) -> str:
        """Return the path of the workbook's part of this kind, or "" if it has none."""
        return next(iter(self._relations(self._book, kind).values()), "")

    def items(self, path: str, *, until: str, depth: int = 3) -> Iterator[tuple[str, Element]]:
        """Yield the elements at a depth with their section's name, up to the end of a section."""
        with self._archive.open(self._members[path.lower()]) as file:
            source, above = _Metered(file), list[Element]()
            for event, element in iterparse(source, events=("start", "end")):
                if event == "start":
                    above.append(element)
                    continue
                above.pop()
                if len(above) == depth - 1:
                    yield local_name(above[-1]), element
                    above[-1].clear()
                    source.since = 0
                elif len(above) == depth - 2 and local_name(element) == until:
                    break
            while file.read(_BLOCK):  # at the end of a part, zipfile checks its integrity
                pass

    def check_size(self, path: str, limit: int, what: str) -> None:
        if self._members[path.lower()].file_size > limit:
            raise too_large(what, limit)

    def _tree(self, path: str) -> Element:
        self.check_size(path, MAX_PART_BYTES, path)
        with self._archive.open(self._members[path.lower()]) as file:
            # In pieces: a read of everything makes zipfile unpack more than the size it checks.
            tree: Element = fromstring(b"".join(iter(lambda: file.read(_BLOCK), b"")))
        return tree

    def _relations(self, path: str, kind: str) -> dict[str, str]:
        folder, name = posixpath.split(path)
        return {
            each.attrib["Id"]: posixpath.normpath(
                posixpath.join("/", folder, each.attrib["Target"])
            ).lstrip("/")
            for each in self._tree(posixpath.join(folder, "_rels", f"{name}.rels"))
            if posixpath.basename(each.get("Type", "")) == kind
        }


class _Metered:
    """Reads a part as it is unpacked; refuses a row or an element that grows too large."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self.since = file, 0

    def read(self, size: int) -> bytes:
        self.since += size
        if self.since > MAX_PART_BYTES:
            raise too_large("one row", MAX_PART_BYTES)
        return self._file.read(size)


class _Pieces:
    """Wraps a stream; refuses a large single read, such as zipfile's of its list of members."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.seek, self.tell, self.seekable = stream.seek, stream.tell, stream.seekable

    def read(self, size: int = -1) -> bytes:
        if size > MAX_PART_BYTES:
            raise too_large("its table of contents", MAX_PART_BYTES)
        return self._stream.read(size)


def unpack(stream: BinaryIO) -> zipfile.ZipFile:
    stream.seek(0)
    if stream.read(len(OLE)) == OLE:
        raise UnreadableList("legacy_workbook")
    archive = zipfile.ZipFile(cast("IO[bytes]", _Pieces(stream)))
    members = archive.infolist()
    if len(members) > MAX_MEMBERS:
        raise UnreadableList("workbook_too_large", what=f"it has more than {MAX_MEMBERS:,} parts")
    if sum(member.file_size for member in members) > MAX_UNPACKED_BYTES:
        raise too_large("all of it", MAX_UNPACKED_BYTES)
    for member in members:
        if member.file_size > max(RATIO_COUNTS_FROM, MAX_RATIO * member.compress_size):
            what = f"{member.filename[:50]} grows to more than {MAX_RATIO} times its size"
            raise UnreadableList("workbook_too_large", what=what)
    if "mimetype" in archive.namelist():
        with archive.open("mimetype") as file:
            if file.read(100).startswith(b"application/vnd.oasis.opendocument"):
                raise UnreadableList("opendocument_workbook")
    return archive


@contextmanager
def refusing() -> Iterator[None]:
    try:
        yield
    except _BROKEN as error:
        raise UnreadableList("broken_workbook") from error
    except OSError as error:
        if error.errno not in {None, errno.EINVAL}:  # not the file's fault
            raise
        raise UnreadableList("broken_workbook") from error


def too_large(what: str, limit: int) -> UnreadableList:
    return UnreadableList("workbook_too_large", what=f"{what} has more than {limit >> 20:,} MiB")


def local_name(element: Element) -> str:
    return element.tag.rpartition("}")[2]
