"""Reads a workbook in a process of its own and writes it to standard output as JSON lines.

The library that reads workbooks takes memory for the rectangle up to the last cell, and aborts the process when there
is none; one wrong cell in a damaged or hostile file is enough. So sheets.py runs this module with a limit on memory and
time. Macros are never run: only the values are read.

First line: {"sheet", "others", "rows", "columns"}, or {"refused": "password" or the library's words}; then some hundred
rows a line, [number of the first, cells, cells, …]. After the first LOOKED_AT filled rows a line "wait": a line from
standard input says how to go on, empty for rows as they are, or what apart.py asks for. At last "end".
"""

import sys
import zipfile
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, BinaryIO

import orjson
import python_calamine

from records import apart
from records.readers import bigsheet, limits

MAX_MEMORY_BYTES = 2 << 30
MAX_CPU_S = 600
STREAMED_BYTES = 240 << 20  # a sheet of more XML is read piece by piece, slower, in little memory
_BATCH = 128
LOOKED_AT = 240  # more than anybody looks at before saying what the columns are
_MAX_MERGED = 100_000
_MAX_COPIED_CHARS = 64 << 20  # of merged cells, which every row of them holds again


def main() -> None:
    """Write the first sheet that holds something, from A1; without any, "sheet" is ""."""
    path = Path(sys.argv[1])
    limit_process()
    out = sys.stdout.buffer
    try:
        if _is_big(path):
            write(out, *bigsheet.opened(path))
        else:
            with path.open("rb") as file, python_calamine.CalamineWorkbook.from_filelike(file) as book:
                write(out, *_opened(book))
    except python_calamine.PasswordError:
        out.write(b'{"refused":"password"}\n')
    except bigsheet.TooWide as error:
        out.write(orjson.dumps({"rows": error.args[0], "columns": error.args[1]}) + b"\n")
    except BrokenPipeError:
        sys.stderr.close()  # nobody reads any more
    except (python_calamine.CalamineError, bigsheet.Damaged, zipfile.BadZipFile, OSError, ValueError) as error:
        out.write(orjson.dumps({"refused": str(error)[:500]}) + b"\n")


def write(out: BinaryIO, head: dict[str, object], rows: Iterable[tuple[int, list[str]]]) -> None:
    """Write the head and all rows; a batch holds rows that follow each other, and about as much as a row may.

    Raises Damaged for a row that holds more.
    """
    out.write(orjson.dumps(head) + b"\n")
    batch: list[Any] = []
    following = filled = held = 0
    rows = _bounded(rows)
    for number, cells in rows:
        chars = sum(map(len, cells))
        if batch and (number != following or len(batch) > _BATCH or held + chars > limits.MAX_ROW_CHARS):
            out.write(orjson.dumps(batch) + b"\n")
            batch, held = [], 0
        if not batch:
            batch.append(number)
        batch.append(cells)
        held += chars
        following = number + 1
        filled += any(cells)
        if filled == LOOKED_AT:
            filled += 1  # it waits once
            out.write(orjson.dumps(batch) + b'\n"wait"\n')
            out.flush()
            batch, held = [], 0
            if order := sys.stdin.buffer.readline().strip():
                out.writelines(apart.answers(order, _with_gaps(rows, following)))
                break
    if batch:
        out.write(orjson.dumps(batch) + b"\n")
    out.write(b'"end"\n')
    out.flush()


def _bounded(rows: Iterable[tuple[int, list[str]]]) -> Iterator[tuple[int, list[str]]]:
    for number, cells in rows:
        if sum(map(len, cells)) > limits.MAX_ROW_CHARS:
            raise bigsheet.Damaged("a row is too long")
        yield number, cells


def _with_gaps(rows: Iterable[tuple[int, list[str]]], following: int) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows, and an empty one for each number that is left out."""
    for number, cells in rows:
        yield from ((gap, []) for gap in range(following, number))
        yield number, cells
        following = number + 1


def limit_process() -> None:
    """Let this process have so much memory and time, and leave no core file."""
    try:
        import resource
    except ImportError:  # not on Windows: there the limits on the file's size are all there is
        return
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (MAX_CPU_S, MAX_CPU_S))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _is_big(path: Path) -> bool:
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        sheets = (item.file_size for item in archive.infolist() if item.filename.startswith("xl/worksheets/"))
        return sum(sheets) > STREAMED_BYTES


def _opened(book: python_calamine.CalamineWorkbook) -> tuple[dict[str, object], Iterator[tuple[int, list[str]]]]:
    filled = [sheet for sheet in map(book.get_sheet_by_name, _visible(book)) if sheet.end is not None]
    row, column = (filled[0].end if filled else None) or (-1, -1)
    names = [sheet.name for sheet in filled]
    head = {"sheet": "".join(names[:1]), "others": names[1:], "rows": row + 1, "columns": column + 1}
    return head, _rows(filled[0]) if filled else iter(())


def _visible(book: python_calamine.CalamineWorkbook) -> list[str]:
    visible, work = python_calamine.SheetVisibleEnum.Visible, python_calamine.SheetTypeEnum.WorkSheet
    names = [one.name for one in book.sheets_metadata if one.visible == visible and one.typ == work]
    if len(names) > bigsheet.MAX_SHEETS:
        raise bigsheet.Damaged("too many sheets")
    return names


def _rows(sheet: python_calamine.CalamineSheet) -> Iterator[tuple[int, list[str]]]:
    left = [""] * (sheet.start or (0, 0))[1]
    merged = _merged(sheet)
    for number, row in enumerate(sheet.iter_rows(), 1):
        cells = [cell if type(cell) is str else text(cell) for cell in row]
        if left:
            cells = left + cells
        yield number, merged.filled(number, cells) if merged else cells


def text(cell: object) -> str:
    """Return a cell as text: whole numbers without a point, dates and times in ISO form."""
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else repr(cell)
    if isinstance(cell, datetime | date | time):
        return cell.isoformat()
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    return str(cell)


class Merged:
    """Cells merged over several rows: each of the rows has what the first one holds, as people see it."""

    def __init__(self, ranges: Iterable[tuple[int, int, int]]) -> None:
        self._starting: dict[int, list[tuple[int, int]]] = {}
        for first, last, column in ranges:
            self._starting.setdefault(first, []).append((column, last))
        self._held: dict[int, tuple[int, str]] = {}
        self._left = _MAX_COPIED_CHARS

    def __bool__(self) -> bool:
        return bool(self._starting)

    def filled(self, number: int, cells: list[str]) -> list[str]:
        """Return the cells of row `number`, which comes after all those asked for before. Raises Damaged."""
        for column, (last, held) in list(self._held.items()):
            if number > last:
                del self._held[column]
            elif column < len(cells) and not cells[column]:
                cells[column] = held
                self._left -= len(held)
        if self._left < 0:
            raise bigsheet.Damaged("merged cells hold too much")
        for column, last in self._starting.get(number, ()):
            if column < len(cells):
                self._held[column] = (last, cells[column])
        return cells


def _merged(sheet: python_calamine.CalamineSheet) -> Merged:
    ranges = (sheet.merged_cell_ranges or [])[:_MAX_MERGED]
    return Merged((start[0] + 1, end[0] + 1, start[1]) for start, end in ranges if end[0] > start[0])
