"""A large XLSX sheet read piece by piece: slower than the library, in memory that does not grow with the rows.

Shared strings go to a temporary file. Source: ECMA-376 part 1, chapters 12 and 18. A document type is refused, so
there are no entities.
"""

import lzma
import posixpath
import re
import struct
import tempfile
import zipfile
import zlib
from array import array
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import IO, Any
from xml.parsers import expat

import orjson

from records.readers import limits

_CHUNK = 1 << 16
_MAX_PART_BYTES = 64 << 20  # of the parts that are held in memory
MAX_SHEETS = 1024
_MAX_FORMAT_CHARS = 1024  # a spreadsheet takes 255
_MAX_CELL_CHARS = 1 << 20
_BLOCK = 1024
_BUILT_IN_DATES = frozenset([*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)])
_NO_DATE = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]|_.')
_DIGITS = "0123456789"
_DAY_ZERO = {False: datetime(1899, 12, 30), True: datetime(1904, 1, 1)}
_BROKEN = (  # what a damaged or encrypted archive gives
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError),
    *(KeyError, ValueError, NotImplementedError, RuntimeError, IndexError, struct.error),
)
Row = tuple[int, list[str]]


class Damaged(Exception):
    """The workbook cannot be read; the first argument says why."""


class TooWide(Exception):
    """A cell lies beyond the columns or rows that a table may have: the arguments are its row and column, from 1."""


def opened(path: Path) -> tuple[dict[str, object], Iterator[Row]]:
    """Return the head as workbook.py writes it, and the rows of the first sheet that holds a cell. Raises Damaged."""
    try:
        archive = zipfile.ZipFile(path)
    except _BROKEN as error:
        raise Damaged(str(error)) from error
    book = _Book(archive)
    filled = [(name, part) for name, part in book.sheets if _has_cells(archive, part)]
    head = {"sheet": "".join(name for name, _ in filled[:1]), "others": [name for name, _ in filled[1:]]}
    rows = _Sheet(archive, filled[0][1], book).rows() if filled else iter(())
    return head | {"rows": 0, "columns": 0}, rows


class _Book:
    """What a workbook says outside its sheets: visible sheets, shared strings, which styles are dates."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self.sheets: list[tuple[str, str]] = []
        self.is_1904 = False
        self.dates: list[bool] = []
        self._formats: dict[str, str] = {}
        self._in_cell_styles = False
        targets: dict[str, str] = {}

        def relation(name: str, attributes: dict[str, str]) -> None:
            if name == "Relationship":
                targets[attributes.get("Id", "")] = attributes.get("Target", "")

        _parse(archive, "xl/_rels/workbook.xml.rels", relation)
        _parse(archive, "xl/workbook.xml", lambda name, a: self._workbook(name, a, targets))
        names = archive.NameToInfo
        if "xl/styles.xml" in names:
            _parse(archive, "xl/styles.xml", self._style, self._style_end)
        self.strings = _Strings()
        if "xl/sharedStrings.xml" in names:
            self.strings.read(archive, "xl/sharedStrings.xml")

    def _workbook(self, name: str, attributes: dict[str, str], targets: dict[str, str]) -> None:
        if name == "workbookPr":
            self.is_1904 = attributes.get("date1904", "") in ("1", "true")
        if name == "sheet" and attributes.get("state", "visible") == "visible":
            relation = next((value for key, value in attributes.items() if key.rpartition(":")[2] == "id"), "")
            target = targets.get(relation, "")
            part = posixpath.normpath(posixpath.join("/xl", target)).lstrip("/")
            if part.startswith("xl/worksheets/"):
                self.sheets.append((attributes.get("name", ""), part))
                if len(self.sheets) > MAX_SHEETS:
                    raise Damaged("too many sheets")

    def _style(self, name: str, attributes: dict[str, str]) -> None:
        if name == "numFmt":
            self._formats[attributes.get("numFmtId", "")] = attributes.get("formatCode", "")
        elif name == "cellXfs":
            self._in_cell_styles = True
        elif name == "xf" and self._in_cell_styles:
            number = attributes.get("numFmtId", "0")
            self.dates.append(_is_date(number, self._formats.get(number)))

    def _style_end(self, name: str) -> None:
        if name == "cellXfs":
            self._in_cell_styles = False


def _is_date(number: str, code: str | None) -> bool:
    if code is None:
        return number.isdigit() and int(number) in _BUILT_IN_DATES
    return bool(re.search("[dmyhs年月日]", _NO_DATE.sub("", code[:_MAX_FORMAT_CHARS].lower().split(";")[0])))


class _Strings:
    """The shared strings, in a temporary file, some thousand of them in memory at a time."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 (open as long as the strings are asked for)
        self._starts = array("Q", [0])
        self._block: list[str] = []
        self._parts: list[str] = []
        self._collects = self._is_phonetic = False
        self._chars = 0
        self._held = lru_cache(maxsize=64)(self._read_block)

    def read(self, archive: zipfile.ZipFile, part: str) -> None:
        """Take in the part; raise Damaged."""
        _parse(archive, part, self._start, self._end, self._text, _no_limit)
        self._write_block()

    def __getitem__(self, number: int) -> str:
        """Return a string; raise Damaged for one that is not there."""
        block = number // _BLOCK
        if not 0 <= block < len(self._starts) - 1:
            raise Damaged("a shared string that is not there")
        strings = self._held(block)
        if number % _BLOCK >= len(strings):
            raise Damaged("a shared string that is not there")
        return strings[number % _BLOCK]

    def _read_block(self, block: int) -> list[str]:
        self._file.seek(self._starts[block])
        strings: list[str] = orjson.loads(self._file.read(self._starts[block + 1] - self._starts[block]))
        return strings

    def _start(self, name: str, _: dict[str, str]) -> None:
        if name == "si":
            self._parts, self._chars = [], 0
        elif name == "rPh":
            self._is_phonetic = True
        elif name == "t":
            self._collects = not self._is_phonetic

    def _text(self, text: str) -> None:
        if self._collects:
            self._parts.append(text)
            self._chars += len(text)
            if self._chars > _MAX_CELL_CHARS:
                raise Damaged("a cell is too long")

    def _end(self, name: str) -> None:
        if name == "t":
            self._collects = False
        elif name == "rPh":
            self._is_phonetic = False
        elif name == "si":
            self._block.append("".join(self._parts))
            if len(self._block) == _BLOCK:
                self._write_block()

    def _write_block(self) -> None:
        if self._block:
            self._file.write(orjson.dumps(self._block))
            self._starts.append(self._file.tell())
            self._block = []


class _Sheet:
    """One sheet's rows while they are parsed."""

    def __init__(self, archive: zipfile.ZipFile, part: str, book: _Book) -> None:
        self._archive, self._part, self._book = archive, part, book
        self._done: list[Row] = []
        self._cells: list[str] = []
        self._row = 0
        self._column = 0
        self._kind = self._style = ""
        self._parts: list[str] = []
        self._chars = 0
        self._collects = self._is_phonetic = False

    def rows(self) -> Iterator[Row]:
        """Give (number, cells) of the rows that are there. Raises Damaged, TooWide."""
        parser = _parser(self._start, self._end, self._text)
        with _part(self._archive, self._part) as file:
            for _ in _fed(parser, file, _no_limit):
                yield from self._done
                self._done = []

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "c":
            ref = attributes.get("r")
            self._column = _column(ref.rstrip(_DIGITS)) if ref else len(self._cells)
            self._kind, self._style = attributes.get("t", "n"), attributes.get("s", "")
            self._parts, self._chars = [], 0
            if self._column >= limits.MAX_COLUMNS:
                raise TooWide(self._row, self._column + 1)
        elif name in ("v", "t"):
            self._collects = not self._is_phonetic
        elif name == "rPh":
            self._is_phonetic = True
        elif name == "row":
            ref = attributes.get("r", "")
            self._row = max(int(ref), self._row + 1) if ref.isdecimal() and len(ref) < 9 else self._row + 1
            self._cells = []
            if self._row > limits.MAX_ROWS:
                raise TooWide(self._row, 0)

    def _text(self, text: str) -> None:
        if self._collects:
            self._parts.append(text)
            self._chars += len(text)
            if self._chars > _MAX_CELL_CHARS:
                raise Damaged("a cell is too long")

    def _end(self, name: str) -> None:
        if name in ("v", "t"):
            self._collects = False
        elif name == "rPh":
            self._is_phonetic = False
        elif name == "c":
            if self._parts:
                cells, column = self._cells, self._column
                if column >= len(cells):
                    cells.extend([""] * (column - len(cells) + 1))
                cells[column] = self._value("".join(self._parts))
        elif name == "row":
            self._done.append((self._row, self._cells))

    def _value(self, text: str) -> str:
        kind = self._kind
        if kind == "s":
            return self._book.strings[int(text)] if text.strip().isdecimal() else ""
        if kind == "n":
            return self._number(text)
        if kind == "b":
            return "TRUE" if text.strip() == "1" else "FALSE"
        return text

    def _number(self, text: str) -> str:
        try:
            number = float(text)
        except ValueError:
            return text
        style = self._style
        if style.isdecimal() and int(style) < len(self._book.dates) and self._book.dates[int(style)]:
            return _date(number, self._book.is_1904)
        return str(int(number)) if number.is_integer() else repr(number)


def _date(number: float, is_1904: bool) -> str:
    shift = 1 if not is_1904 and 1 <= number < 60 else 0  # the year 1900 had no 29 February, which spreadsheets count
    try:
        moment = _DAY_ZERO[is_1904] + timedelta(days=shift, seconds=round(number * 86_400))
    except OverflowError:
        return repr(number)
    if 0 <= number < 1:
        return moment.time().isoformat()
    return moment.date().isoformat() if number == int(number) else moment.isoformat()


@lru_cache(maxsize=20_000)
def _column(letters: str) -> int:
    number = 0
    for letter in letters[:4]:
        number = number * 26 + ord(letter.upper()) - 64
    return number - 1 if number > 0 else limits.MAX_COLUMNS


_Start = Callable[[str, dict[str, str]], Any]
_no_limit = limits.MAX_UNZIPPED_BYTES


def _parse(
    archive: zipfile.ZipFile,
    part: str,
    start: _Start,
    end: Callable[[str], Any] = lambda _: None,
    text: Callable[[str], Any] | None = None,
    max_bytes: int = _MAX_PART_BYTES,
) -> None:
    with _part(archive, part) as file:
        for _ in _fed(_parser(start, end, text), file, max_bytes):
            pass


def _part(archive: zipfile.ZipFile, part: str) -> IO[bytes]:
    try:
        return archive.open(part)
    except _BROKEN as error:
        raise Damaged(f"{part} cannot be opened: {error}") from error


def _parser(start: _Start, end: Callable[[str], Any], text: Callable[[str], Any] | None) -> Any:
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = lambda name, attributes: start(name if ":" not in name else _local(name), attributes)
    parser.EndElementHandler = lambda name: end(name if ":" not in name else _local(name))
    parser.StartDoctypeDeclHandler = _no_doctype
    if text:
        parser.CharacterDataHandler = text
    return parser


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def _no_doctype(*_: object) -> None:
    raise Damaged("a document type")


def _fed(parser: Any, file: Any, max_bytes: int) -> Iterator[None]:
    left = max_bytes
    try:
        while chunk := file.read(_CHUNK):
            left -= len(chunk)
            if left < 0:
                raise Damaged("a part is too large")
            parser.Parse(chunk, False)
            yield
        parser.Parse(b"", True)
        yield
    except (expat.ExpatError, *_BROKEN) as error:
        raise Damaged(str(error)) from error


def _has_cells(archive: zipfile.ZipFile, part: str) -> bool:
    if part not in archive.NameToInfo:
        return False
    with _part(archive, part) as file:
        try:
            return bool(re.search(rb"<(\w+:)?c[ />]", file.read(1 << 20)))
        except _BROKEN as error:
            raise Damaged(str(error)) from error
