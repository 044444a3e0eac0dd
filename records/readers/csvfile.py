"""CSV and TSV as rows of text: whatever separates the cells, with line breaks inside quotes, and what Excel adds."""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass

from records.errors import UnreadableFile
from records.readers import limits
from records.readers.table import NumberedRow
from records.readers.text import Lines, Text
from records.writers import inert

_SEPARATOR_LINE = re.compile(r'"?sep=([^"\r\n])"?[\r\n]*', re.IGNORECASE)  # what Excel writes and hides again
_LOOK_AHEAD_CHARS = 65_536


@dataclass(frozen=True, slots=True)
class CsvTable:
    """A text whose cells are told by `delimiter`; the first line may be Excel's `sep=`, which is no row."""

    text: Text
    delimiter: str
    has_separator_line: bool
    headings: tuple[str, ...] | None = None
    sheet: str = ""
    other_sheets: tuple[str, ...] = ()

    @property
    def format(self) -> str:
        return "tsv" if self.delimiter == "\t" else "csv"

    @property
    def encoding(self) -> str:
        return self.text.encoding

    def rows(self) -> Iterator[NumberedRow]:
        with self.text.open() as file:
            if self.has_separator_line:
                file.readline()
            lines = Lines(file)
            reader = csv.reader(lines, delimiter=self.delimiter, strict=True)
            try:
                for number, cells in enumerate(reader, 1):
                    if len(cells) > limits.MAX_COLUMNS or number > limits.MAX_ROWS:
                        limits.check_shape(number, len(cells))
                    lines.restart()
                    yield number, list(map(_unmarked, cells)) if self.text.marks_text else cells
            except csv.Error as error:
                raise _broken(reader.line_num, error) from error


def opened(text: Text) -> CsvTable:
    """Return the table of a text: the separator is what `sep=` says, else what occurs most in the first filled line."""
    with text.open() as file:
        first = file.readline(_LOOK_AHEAD_CHARS)
        said = _SEPARATOR_LINE.fullmatch(first)
        if said:
            return CsvTable(text, said[1], True)
        while first and not first.strip(" \r\n\t,;"):
            first = file.readline(_LOOK_AHEAD_CHARS)
    return CsvTable(text, max(",\t;", key=first.count), False)


def _unmarked(cell: str) -> str:
    """Return the text of ="…", which makes spreadsheets keep a long number as text, and of what our exports mark."""
    if not cell.startswith(("=", "'")):
        return cell
    is_forced = cell.startswith('="') and cell.endswith('"') and len(cell) > 3 and '"' not in cell[2:-1]
    return cell[2:-1] if is_forced else inert.plain(cell)


def _broken(line: int, error: csv.Error) -> UnreadableFile:
    return UnreadableFile(
        f"CSV 文件第 {line} 行附近有误（{error}）；请检查引号是否成对，或用表格软件另存为 CSV 后重试。",
        f"The CSV file is broken near line {line} ({error}); check that quotes are closed, or save it as CSV again.",
        line,
    )
