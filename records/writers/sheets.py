"""Workbooks that are written row by row: every cell is text, a full sheet is followed by another.

XlsxWriter in its constant-memory mode keeps one row; of openpyxl's write-only mode, the other candidate, it has the
better measure in time and memory, and it writes comments, drop-downs and the mark that keeps a cell text.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, BinaryIO

import xlsxwriter

from records.writers import columns
from records.writers.inert import inert
from records.writers.line import Line, Plan, Written

MAX_ROWS = 1_048_576  # of a sheet, the headings included
MAX_CELL_CHARS = 32_767  # in UTF-16
_MAX_NAME_CHARS = 31
_NOT_IN_NAMES = re.compile(r"[\[\]:*?/\\']")
_WIDTHS = (10, 40)


def workbook(out: BinaryIO, in_rows: bool = True) -> Any:
    """Return a new workbook that is written to `out` when it is closed; with `in_rows`, cells must come in order."""
    return xlsxwriter.Workbook(out, {"constant_memory": in_rows, "in_memory": False})


class Sheet:
    """One table in a workbook, over as many sheets as its rows need; each has the headings."""

    def __init__(self, book: Any, name: str, headings: Sequence[str], max_rows: int = MAX_ROWS) -> None:
        self._book, self._name, self._headings, self._max_rows = book, sheet_name(name), list(headings), max_rows
        self._heading_format = book.add_format({"bold": True, "bg_color": "#DDEBF7", "num_format": "@"})
        self._text = book.add_format({"num_format": "@"})
        self._quoted = book.add_format({"num_format": "@", "quote_prefix": True})
        self._number, self._row = 0, 0
        self._sheet: Any = None
        self.long_cells = 0
        self.names: list[str] = []
        self._begin()

    def _begin(self) -> None:
        self._number += 1
        tail = "" if self._number == 1 else f" ({self._number})"
        name = f"{self._name[: _MAX_NAME_CHARS - len(tail)]}{tail}"
        self._sheet, self._row = self._book.add_worksheet(name), 0
        self.names.append(name)
        for at, heading in enumerate(self._headings):
            width = min(max(2 * len(heading) + 2, _WIDTHS[0]), _WIDTHS[1])
            self._sheet.set_column(at, at, width, self._text)
        self._sheet.freeze_panes(1, 0)
        self._put(self._headings, lambda at: self._heading_format)

    def add(self, cells: Iterable[str], formats: Callable[[int], Any] | None = None) -> None:
        """Write a row; a cell that is longer than a sheet can hold stays empty and is counted."""
        if self._row == self._max_rows:
            self._end()
            self._begin()
        self._put(cells, formats)

    def _put(self, cells: Iterable[str], formats: Callable[[int], Any] | None) -> None:
        for at, cell in enumerate(cells):
            if len(cell) > MAX_CELL_CHARS // 2 and len(cell.encode("utf-16-le")) > 2 * MAX_CELL_CHARS:
                self.long_cells += 1
            elif cell:
                usual = self._text if cell.isalnum() or inert(cell) is cell else self._quoted
                self._sheet.write_string(self._row, at, cell, (formats and formats(at)) or usual)
        self._row += 1

    def _end(self) -> None:
        if self._headings:
            self._sheet.autofilter(0, 0, max(self._row - 1, 0), len(self._headings) - 1)

    def close(self) -> None:
        """End the last sheet; the workbook is closed by who opened it."""
        self._end()


def sheet_name(name: str) -> str:
    """Return a text as a sheet may be named."""
    return _NOT_IN_NAMES.sub(" ", name).strip()[:_MAX_NAME_CHARS].strip() or "1"


class Workbook:
    """Writes XLSX: a sheet for each group of kinds with the same columns."""

    def __init__(self, out: BinaryIO, plan: Plan, max_rows: int = MAX_ROWS) -> None:
        self.written = Written()
        self._book = workbook(out)
        self._by_kind: dict[str, tuple[columns.Layout, Sheet]] = {}
        self._sheets: list[Sheet] = []
        for layout in columns.layouts(plan):
            sheet = Sheet(self._book, _free(layout.name, self._sheets), layout.headings, max_rows)
            self._sheets.append(sheet)
            self._by_kind |= dict.fromkeys(layout.cells, (layout, sheet))
        if not self._sheets:
            self._book.add_worksheet()

    def add(self, line: Line) -> str:
        layout, sheet = self._by_kind[line.record.kind]
        sheet.add(layout.row(line))
        self.written.records += 1
        return ""

    def close(self) -> None:
        for sheet in self._sheets:
            sheet.close()
            self.written.long_cells += sheet.long_cells
            self.written.sheets += sheet.names
        self._book.close()


def _free(name: str, sheets: list[Sheet]) -> str:
    """Return a name that no other sheet has: the same 31 characters would not be taken twice."""
    taken = {one.names[0].casefold() for one in sheets}
    found = sheet_name(name)
    return found if found.casefold() not in taken else f"{found[:27]} {len(sheets) + 1}"
