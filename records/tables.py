"""Spreadsheets and CSV files as rows of text, whatever wrote them.

The format is told by the first bytes, not by the file's name. CSV is decoded strictly, in the order byte order mark,
UTF-8, GB18030, and read as a stream; a workbook is read by workbook.py and its rows are held in memory.
"""

import codecs
import csv
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import orjson

from records.errors import UnreadableFile

MAX_CSV_BYTES = 1 << 30
MAX_WORKBOOK_BYTES = 64 << 20
MAX_UNZIPPED_BYTES = 512 << 20
MAX_ROWS = 1_048_576  # what a sheet can hold
MAX_COLUMNS = 512
MAX_CELL_CHARS = 32_767  # what a cell can hold
_CHUNK = 1 << 20
_SEPARATOR_LINE = re.compile(r'"?sep=([^"\r\n])"?[\r\n]*', re.IGNORECASE)  # what Excel writes and hides again
_READER = Path(__file__).with_name("workbook.py")
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
Format = Literal["xls", "xlsx", "csv"]
Row = tuple[int, list[str]]


@dataclass(frozen=True, slots=True)
class Table:
    """A sheet whose first row that holds anything is its headings.

    `encoding` is "" for a workbook; `sheet` its sheet's name, and `other_sheets` those that hold something too and were
    not read. `rows()` may be called again.
    """

    format: Format
    encoding: str
    headers: list[str]
    sheet: str
    other_sheets: tuple[str, ...]
    _all_rows: "_Rows"

    def rows(self) -> Iterator[Row]:
        """Give (row number as people see it in the sheet, cells) for each row below the headings that holds anything.

        Cells are as they are, more or fewer than the headings too. Raises UnreadableFile at a limit or at broken CSV.
        """
        rows = _within_limits(self._all_rows.read())
        next(rows)
        return rows


def read(path: Path) -> Table:
    """Open a file for reading; raise UnreadableFile if it is none of the three formats, too large, empty or broken."""
    with path.open("rb") as file:
        start = file.read(8)
    if start.startswith(b"\xd0\xcf\x11\xe0"):
        return _workbook(path, "xls")
    if start.startswith(b"PK\x03\x04"):
        return _workbook(path, "xlsx")
    return _csv(path, start)


@dataclass(frozen=True, slots=True)
class _SheetRows:
    lines: list[bytes]

    def read(self) -> Iterator[Row]:
        return ((number, orjson.loads(line)) for number, line in enumerate(self.lines, 1))


@dataclass(frozen=True, slots=True)
class _CsvRows:
    path: Path
    encoding: str
    delimiter: str
    has_separator_line: bool

    def read(self) -> Iterator[Row]:
        with self.path.open(encoding=self.encoding, newline="") as file:
            if self.has_separator_line:
                file.readline()
            reader = csv.reader(file, delimiter=self.delimiter, strict=True)
            try:
                for number, cells in enumerate(reader, 1):
                    yield number, [cell[2:-1] if _is_quoted_text(cell) else cell for cell in cells]
            except csv.Error as error:
                raise UnreadableFile(
                    f"CSV 文件第 {reader.line_num} 行附近有误（{error}）；请用表格软件另存为 CSV 后重试。",
                    f"The CSV file is broken near line {reader.line_num} ({error}); save it as CSV again and retry.",
                ) from error


_Rows = _SheetRows | _CsvRows


def _workbook(path: Path, form: Format) -> Table:
    _limit_size(path, MAX_WORKBOOK_BYTES)
    if form == "xlsx":
        _limit_unzipped(path)
    done = subprocess.run([sys.executable, "-I", _READER, path.resolve()], capture_output=True, check=False)
    head, *lines = done.stdout.splitlines() or [b'{"refused":"damaged"}']
    found = orjson.loads(head)
    if found.get("refused") == "password":
        raise UnreadableFile(
            "文件有密码保护，无法读取；请去掉密码后重试。", "The file is protected by a password; remove it and retry."
        )
    if done.returncode or "refused" in found:
        raise _damaged()
    if not found["sheet"]:
        raise _empty()
    _limit_shape(found["rows"], found["columns"])
    return _table(form, "", found["sheet"], tuple(found["others"]), _SheetRows(lines))


def _csv(path: Path, start: bytes) -> Table:
    _limit_size(path, MAX_CSV_BYTES)
    candidates = [name for bom, name in _BOMS if start.startswith(bom)] or ["utf-8", "gb18030"]
    encoding = next((name for name in candidates if _decodes(path, name)), None)
    if encoding is None or start[:5].lower() in (b"<html", b"<!doc", b"%pdf-"):
        raise UnreadableFile(
            "文件不是 xls、xlsx，也不是 UTF-8 或 GB18030 编码的 CSV 文本；请用表格软件另存为 xlsx 后重试。",
            "The file is neither xls nor xlsx nor CSV text in UTF-8 or GB18030; save it as xlsx and retry.",
        )
    delimiter, has_separator_line = _delimiter(path, encoding)
    return _table("csv", encoding, "", (), _CsvRows(path, encoding, delimiter, has_separator_line))


def _delimiter(path: Path, encoding: str) -> tuple[str, bool]:
    """Return what separates cells, and whether the first line says so and is no row: `sep=;`.

    Without such a line it is what occurs most in the first line that holds anything else.
    """
    with path.open(encoding=encoding, newline="") as file:
        first = file.readline(MAX_COLUMNS * 100)
        said = _SEPARATOR_LINE.fullmatch(first)
        if said:
            return said[1], True
        while first and not first.strip(" \r\n\t,;"):
            first = file.readline(MAX_COLUMNS * 100)
    return max(",\t;", key=first.count), False


def _is_quoted_text(cell: str) -> bool:
    """Return whether a cell is ="…", which makes spreadsheets keep a long number as text."""
    return cell.startswith('="') and cell.endswith('"') and len(cell) > 3 and '"' not in cell[2:-1]


def _decodes(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    with path.open("rb") as file:
        try:
            while chunk := file.read(_CHUNK):
                if "\0" in decoder.decode(chunk):
                    return False
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def _table(form: Format, encoding: str, sheet: str, others: tuple[str, ...], rows: _Rows) -> Table:
    _, headers = next(_within_limits(rows.read()), (0, None))
    if headers is None:
        raise _empty()
    while headers and not headers[-1].strip():
        headers.pop()
    return Table(form, encoding, headers, sheet, others, rows)


def _within_limits(rows: Iterable[Row]) -> Iterator[Row]:
    for number, cells in rows:
        if number > MAX_ROWS or len(cells) > MAX_COLUMNS:
            _limit_shape(number, len(cells))
        if max(map(len, cells), default=0) > MAX_CELL_CHARS:
            raise UnreadableFile(
                f"第 {number} 行有单元格超过 {MAX_CELL_CHARS} 个字符；请缩短后重试，并检查引号是否成对。",
                f"A cell in row {number} has more than {MAX_CELL_CHARS} characters; shorten it or close its quote.",
                number,
            )
        if any(cells) and not all(map(str.isspace, filter(None, cells))):
            yield number, cells


def _limit_size(path: Path, max_bytes: int) -> None:
    size = path.stat().st_size
    if size > max_bytes:
        raise _too_large(size, max_bytes)


def _limit_unzipped(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(item.file_size for item in archive.infolist())
    except (zipfile.BadZipFile, NotImplementedError, OSError) as error:
        raise _damaged() from error
    if size > MAX_UNZIPPED_BYTES:
        raise _too_large(size, MAX_UNZIPPED_BYTES)


def _damaged() -> UnreadableFile:
    return UnreadableFile(
        "文件已损坏，或不是完整的工作簿；请用表格软件打开并另存为 xlsx 后重试。",
        "The file is damaged or not a whole workbook; open it, save it as xlsx and retry.",
    )


def _too_large(size: int, max_bytes: int) -> UnreadableFile:
    return UnreadableFile(
        f"文件（解压后）有 {size >> 20} MiB，超过 {max_bytes >> 20} MiB；请分成几个文件。",
        f"The file has {size >> 20} MiB (unpacked), more than {max_bytes >> 20} MiB; split it into several files.",
        size,
    )


def _limit_shape(rows: int, columns: int) -> None:
    if rows > MAX_ROWS or columns > MAX_COLUMNS:
        raise UnreadableFile(
            f"表格有 {rows} 行、{columns} 列，最多 {MAX_ROWS} 行、{MAX_COLUMNS} 列；请分成几个文件或删去空列。",
            f"The sheet has {rows} rows and {columns} columns, at most {MAX_ROWS} and {MAX_COLUMNS} are read; "
            "split it, or delete empty columns.",
            rows,
            columns,
        )


def _empty() -> UnreadableFile:
    return UnreadableFile("文件里没有内容；请检查是否导出成功。", "The file holds nothing; check that it was exported.")
