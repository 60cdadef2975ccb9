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
from xml.parsers.expat import ExpatError, ParserCreate

from defusedxml.ElementTree import fromstring

from batchcalls.lists.unreadable import UnreadableList

#: Limits on the unpacked contents of a workbook, not on the file.
MAX_MEMBERS = 10_000
MAX_UNPACKED_BYTES = 1 << 30
MAX_PART_BYTES = 4 << 20  # of a part that is read in one piece, and of a row
#: Tags of a part that is read in one piece, and of the styles: 65,490 formats in all their parts.
MAX_PART_TAGS, MAX_STYLE_TAGS = 50_000, 500_000
#: Levels of elements within each other, and different names of them; real workbooks have 20 and 60.
MAX_DEPTH, MAX_ELEMENT_NAMES = 100, 1_000
MAX_RATIO, RATIO_COUNTS_FROM = 200, 10 << 20
MAX_NAME_CHARACTERS = 100  # of a sheet; spreadsheet programs allow 31

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # legacy workbooks, and encrypted ones
_BLOCK, _PARSED = 1 << 16, 1 << 14  # bytes unpacked, and bytes parsed at a time
_BROKEN = (
    *(zipfile.BadZipFile, zlib.error, struct.error, EOFError),
    *(
        ParseError,
        ExpatError,
        LookupError,
        ValueError,
        ArithmeticError,
    ),  # defusedxml's are ValueErrors
    RuntimeError,  # encrypted members, unknown compression
)


class Package:
    """The untrusted parts of a workbook."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._known_relations: dict[str, list[tuple[str, str, str]]] = {}
        # Some programs write the separators of their system, against the standard.
        self._members = {
            info.filename.replace("\\", "/").lower(): info for info in archive.infolist()
        }
        self._book = next(iter(self._relations("", "officeDocument").values()), "")
        book, worksheets = self.tree(self._book), self._relations(self._book, "worksheet")
        if local_name(book) != "workbook":
            raise UnreadableList("broken_workbook")
        self.sheets: dict[str, str] = {}
        self.starts_in_1904 = False
        properties = book.tag.replace("workbook", "workbookPr")
        for element in book.iter():
            if element.tag == properties:  # Excel adds another of this name for its own use
                self.starts_in_1904 = element.get("date1904") in {"1", "true"}
            elif local_name(element) == "sheet" and element.get("state", "visible") == "visible":
                places = (worksheets.get(v) for k, v in element.items() if k.endswith("}id"))
                if path := next(places, None):  # chart and macro sheets have none
                    self.sheets[element.attrib["name"][:MAX_NAME_CHARACTERS]] = path

    def related(self, kind: str) -> str:
        """Return the path of the workbook's part of this kind, or "" if it has none."""
        return next(iter(self._relations(self._book, kind).values()), "")

    def parse(self, path: str, handlers: PartHandlers) -> Iterator[None]:
        """Parse a part as it is unpacked, and yield after each block, until the handlers are done.

        Refuse declared entities, as defusedxml does, and an item that grows too large.
        """
        parser = ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = handlers.start
        parser.EndElementHandler = handlers.end
        parser.CharacterDataHandler = handlers.pieces.append
        parser.EntityDeclHandler = _refuse_entities
        with self._archive.open(self._members[path.lower()]) as file:
            while not handlers.is_done and (block := file.read(_PARSED)):
                handlers.size += len(block)
                if handlers.size > MAX_PART_BYTES:
                    raise too_large("one row", MAX_PART_BYTES)
                parser.Parse(block)
                yield
            if not handlers.is_done:
                parser.Parse(b"", True)
            while file.read(_BLOCK):  # at the end of a part, zipfile checks its integrity
                pass

    def blocks(self, path: str) -> Iterator[bytes]:
        """Yield the unpacked bytes of a part."""
        with self._archive.open(self._members[path.lower()]) as file:
            while block := file.read(_BLOCK):
                yield block

    def tree(self, path: str, *, max_tags: int = MAX_PART_TAGS) -> Element:
        """Return a part that is small enough to be read in one piece."""
        self.check_size(path, MAX_PART_BYTES, path)
        # In pieces: a read of everything makes zipfile unpack more than the size it checks.
        content = b"".join(self.blocks(path))
        # Before they are elements: a few kilobytes can unpack to a million of them.
        if content.count(b"<") > max_tags:
            raise too_many(path, "tags", max_tags)
        tree: Element = fromstring(content)
        return tree

    def check_size(self, path: str, limit: int, what: str) -> None:
        if self._members[path.lower()].file_size > limit:
            raise too_large(what, limit)

    def _relations(self, path: str, kind: str) -> dict[str, str]:
        if path not in self._known_relations:
            self._known_relations[path] = list(self._read_relations(path))
        return {
            name: target
            for name, its_kind, target in self._known_relations[path]
            if its_kind == kind
        }

    def _read_relations(self, path: str) -> Iterator[tuple[str, str, str]]:
        folder, name = posixpath.split(path)
        for each in self.tree(posixpath.join(folder, "_rels", f"{name}.rels")):
            target = posixpath.join("/", folder, each.attrib["Target"].replace("\\", "/"))
            kind = posixpath.basename(each.get("Type", ""))
            yield each.attrib["Id"], kind, posixpath.normpath(target).lstrip("/")


class _LocalNames(dict[str, str]):
    """The names of elements without the prefixes of their namespaces."""

    def __missing__(self, name: str) -> str:
        if len(self) >= MAX_ELEMENT_NAMES:
            raise too_many("one part", "different elements", MAX_ELEMENT_NAMES)
        self[name] = name.rpartition(":")[2]
        return self[name]


class PartHandlers:
    """Handles the elements of a part.

    A subclass resets ``size`` at the end of each item, so that it limits the size of an item. The
    parser adds all text to ``pieces``, without a call per text. ``is_done`` ends parsing. A
    subclass counts ``depth`` and refuses more than `MAX_DEPTH`.
    """

    def __init__(self) -> None:
        self.local_names = _LocalNames()
        self.size = 0
        self.depth = 0
        self.is_done = False
        self.pieces: list[str] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Handle a start tag."""
        raise NotImplementedError

    def end(self, name: str) -> None:
        """Handle an end tag."""
        raise NotImplementedError


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


def _refuse_entities(*declared: object) -> None:
    raise ValueError("A part declares entities.")


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


def too_many(where: str, what: str, limit: int) -> UnreadableList:
    return UnreadableList("workbook_too_large", what=f"{where} has more than {limit:,} {what}")


def too_deep() -> UnreadableList:
    return too_many("one part", "elements within each other", MAX_DEPTH)


def local_name(element: Element) -> str:
    return element.tag.rpartition("}")[2]
