"""What readers give: one row or document of a file as fields of text; and what becomes of it.

A reader says what stands where. Reading the texts into canonical form, deciding the kind and judging is statement.py's.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from records.body import Record
from records.finding import Finding


@dataclass(slots=True)  # not frozen, as Record is not
class Draft:
    """What one row or document says, before it is read into canonical form.

    `place` is the row as people see it in the sheet, or the ordinal of the document in the file, from 1. `kind` is a
    kind's name, or "" where the values must tell. `values` are texts by field, as written: a text is split where the
    field is a list; a list of texts, or of objects of texts ({"name": …}), is taken as the items it holds. `raw` is
    what was written, under its headings or element paths. With an error among its findings nothing more is read.
    """

    place: int
    kind: str
    values: Mapping[str, Any]
    raw: Mapping[str, str]
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Blank:
    """A row that holds nothing."""

    place: int


@dataclass(frozen=True, slots=True)
class Told:
    """A draft that has been stated already, in the process that reads the file (apart.py).

    `statements` are as statement.py makes them; `raw` is left out of rows that are surely small.
    """

    place: int
    statements: list[tuple[Record | None, list[Finding]]]
    raw: Mapping[str, str]


@dataclass(slots=True)  # not frozen, as Record is not
class Row:
    """What became of a draft: its place, what it states, and what is wrong with it.

    `record` is None exactly if a finding is an error. `stated` are the fields that the file has a place for, and `raw`
    is what was written, left out where the row was stated in another process. A draft that states several records
    gives a row each, with the same number.
    """

    row_no: int
    record: Record | None
    findings: list[Finding]
    stated: frozenset[str]
    raw: Mapping[str, str]


class Reader(Protocol):
    """A file that was recognised.

    `format` is "xls", "xlsx", "ods", "csv", "tsv", "trs", "jsonl", "cnipa-xml", "st36" …; `encoding` "" for a binary
    format; `layout` "cnipa-search", "trs-25", "patsnap" … or "". `stated` are the fields that the file has a place for,
    or None where each draft states its own.
    """

    @property
    def format(self) -> str: ...
    @property
    def encoding(self) -> str: ...
    @property
    def layout(self) -> str: ...
    @property
    def stated(self) -> frozenset[str] | None: ...

    def drafts(self) -> Iterator[Draft | Blank]:
        """Give what the file holds, in its order, from the beginning at each call. Raises UnreadableFile."""
        ...
