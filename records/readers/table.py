"""What every tabular reader gives: rows of text."""

from collections.abc import Iterator
from typing import Protocol

from records.draft import Blank, Draft, Told
from records.finding import Finding

Cells = list[str]
NumberedRow = tuple[int, Cells | Finding | Told | Draft | Blank]


class Table(Protocol):
    """Rows of text, whatever wrote them.

    `format` is "xls", "xlsx", "ods", "csv", "tsv", "trs" or "jsonl"; `encoding` "" for a workbook. `headings` are what
    the format itself names each cell, else None: then a row holds them, or none does. `sheet` is the name of the sheet
    that was read, and `other_sheets` those that hold something too and were not.
    """

    @property
    def format(self) -> str: ...
    @property
    def encoding(self) -> str: ...
    @property
    def headings(self) -> tuple[str, ...] | None: ...
    @property
    def sheet(self) -> str: ...
    @property
    def other_sheets(self) -> tuple[str, ...]: ...

    def rows(self) -> Iterator[NumberedRow]:
        """Give (row number as people see it, cells) for every row, blank ones too, from the beginning at each call.

        Cells are as they are, more or fewer than in other rows too; a finding stands for a row that cannot be read.
        Raises UnreadableFile at a limit or a fault of the whole file.
        """
        ...


def is_blank(cells: Cells) -> bool:
    """Return whether a row holds nothing but blanks."""
    return not any(map(str.strip, cells))
