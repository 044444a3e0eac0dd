"""Spreadsheets and CSV files as rows of text, whatever wrote them.

The format is told by the first bytes, not by the file's name. CSV is decoded strictly, in the order byte order mark,
UTF-8, GB18030, and read as a stream; a workbook is held in memory.
"""

import codecs
import csv
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Literal

import python_calamine

from records.errors import UnreadableFile

MAX_CSV_BYTES = 1 << 30
MAX_WORKBOOK_BYTES = 64 << 20
MAX_UNZIPPED_BYTES = 512 << 20
MAX_ROWS = 1_048_576  # what a sheet can hold
MAX_COLUMNS = 512
MAX_CELL_CHARS = 32_767  # what a cell can hold
_CHUNK = 1 << 20
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
    cells: Sequence[Sequence[object]]

    def read(self) -> Iterator[Row]:
        return ((number, [_text(cell) for cell in row]) for number, row in enumerate(self.cells, 1))


@dataclass(frozen=True, slots=True)
class _CsvRows:
    path: Path
    encoding: str
    delimiter: str

    def read(self) -> Iterator[Row]:
        with self.path.open(encoding=self.encoding, newline="") as file:
            reader = csv.reader(file, delimiter=self.delimiter, strict=True)
            try:
                yield from enumerate(reader, 1)
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
    try:
        with python_calamine.CalamineWorkbook.from_path(path) as book:
            sheets = {name: book.get_sheet_by_name(name) for name in _visible(book)}
            filled = [name for name, sheet in sheets.items() if sheet.end is not None]
            if not filled:
                raise _empty()
            sheet = sheets[filled[0]]
            _limit_shape(sheet.total_height, sheet.total_width)
            cells = sheet.to_python(skip_empty_area=False)
    except python_calamine.PasswordError as error:
        raise UnreadableFile(
            "文件有密码保护，无法读取；请去掉密码后重试。", "The file is protected by a password; remove it and retry."
        ) from error
    except (python_calamine.CalamineError, OSError) as error:
        raise UnreadableFile(
            f"无法读取工作簿（{error}）；请用表格软件打开并另存为 xlsx 后重试。",
            f"The workbook cannot be read ({error}); open it, save it as xlsx and retry.",
        ) from error
    return _table(form, "", filled[0], tuple(filled[1:]), _SheetRows(cells))


def _visible(book: python_calamine.CalamineWorkbook) -> list[str]:
    visible, work = python_calamine.SheetVisibleEnum.Visible, python_calamine.SheetTypeEnum.WorkSheet
    return [one.name for one in book.sheets_metadata if one.visible == visible and one.typ == work]


def _csv(path: Path, start: bytes) -> Table:
    _limit_size(path, MAX_CSV_BYTES)
    candidates = [name for bom, name in _BOMS if start.startswith(bom)] or ["utf-8", "gb18030"]
    encoding = next((name for name in candidates if _decodes(path, name)), None)
    if encoding is None or start[:5].lower() in (b"<html", b"<!doc", b"%pdf-"):
        raise UnreadableFile(
            "文件不是 xls、xlsx，也不是 UTF-8 或 GB18030 编码的 CSV 文本；请用表格软件另存为 xlsx 后重试。",
            "The file is neither xls nor xlsx nor CSV text in UTF-8 or GB18030; save it as xlsx and retry.",
        )
    with path.open(encoding=encoding, newline="") as file:
        first = file.readline(MAX_COLUMNS * 100)
    delimiter = max(",\t;", key=first.count)
    return _table("csv", encoding, "", (), _CsvRows(path, encoding, delimiter))


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


def _text(cell: object) -> str:
    if isinstance(cell, str):
        return cell
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else repr(cell)
    if isinstance(cell, datetime | date):
        return cell.isoformat()
    return str(cell)


def _limit_size(path: Path, max_bytes: int) -> None:
    size = path.stat().st_size
    if size > max_bytes:
        raise UnreadableFile(
            f"文件有 {size >> 20} MiB，超过 {max_bytes >> 20} MiB；请分成几个文件。",
            f"The file has {size >> 20} MiB, more than {max_bytes >> 20} MiB; split it into several files.",
            size,
        )


def _limit_unzipped(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(item.file_size for item in archive.infolist())
    except (zipfile.BadZipFile, OSError) as error:
        raise UnreadableFile(
            "文件已损坏，不是完整的 xlsx；请重新导出。", "The file is damaged, not a whole xlsx; export it again."
        ) from error
    if size > MAX_UNZIPPED_BYTES:
        raise UnreadableFile(
            f"文件解压后有 {size >> 20} MiB，超过 {MAX_UNZIPPED_BYTES >> 20} MiB；请分成几个文件。",
            f"Unpacked the file has {size >> 20} MiB, more than {MAX_UNZIPPED_BYTES >> 20} MiB; split it.",
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
