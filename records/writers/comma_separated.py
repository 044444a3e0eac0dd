"""CSV: one table, in UTF-8 with a byte order mark or in GB18030, safe to open with a spreadsheet."""

import codecs
import csv
from io import TextIOWrapper
from typing import BinaryIO

from records.writers import columns
from records.writers.inert import inert
from records.writers.line import Line, Plan, Written


class CommaSeparated:
    """Writes CSV: a row of headings, then a row a record. All kinds share one table."""

    def __init__(self, out: BinaryIO, plan: Plan) -> None:
        self.written = Written()
        self._layout = columns.together(plan)
        if plan.encoding == "utf-8":
            out.write(codecs.BOM_UTF8)
        self._text = TextIOWrapper(out, encoding=plan.encoding, newline="", write_through=True)
        self._rows = csv.writer(self._text)
        self._rows.writerow(map(inert, self._layout.headings))

    def add(self, line: Line) -> str:
        self._rows.writerow(map(inert, self._layout.row(line)))
        self.written.records += 1
        return ""

    def close(self) -> None:
        self._text.flush()
        self._text.detach()
