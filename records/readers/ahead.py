"""A table whose first rows can be looked at without its being read twice."""

from collections.abc import Iterator
from itertools import chain

from records.readers.table import NumberedRow, Table, is_blank

MAX_LOOKED_AT = 20_000  # of blank rows, too


class Ahead:
    """The first rows of a table that hold anything, and then all of them."""

    def __init__(self, table: Table, count: int) -> None:
        """Look at the first `count` rows that hold anything. Raises UnreadableFile."""
        self._table = table
        self._rest: Iterator[NumberedRow] | None = table.rows()
        self._looked_at: list[NumberedRow] = []
        self.sample: list[tuple[int, list[str]]] = []
        for row in self._rest:
            self._looked_at.append(row)
            if isinstance(row[1], list) and not is_blank(row[1]):
                self.sample.append((row[0], row[1]))
            if len(self.sample) == count or len(self._looked_at) == MAX_LOOKED_AT:
                break

    def rows(self) -> Iterator[NumberedRow]:
        """Give every row, as the table does; the first time, the rows looked at are not read again."""
        if self._rest is None:
            return self._table.rows()
        rows, self._rest = chain(self._looked_at, self._rest), None
        self._looked_at = []
        return rows
