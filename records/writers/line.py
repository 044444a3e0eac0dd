"""What a writer is given: one record with what is known of it, and what the whole file is to hold."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from records.body import Record
from records.finding import Finding
from records.kinds import Kind

Language = Literal["zh", "en"]


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a record comes from: the statements as (origin, index in its log), and the origin that each field is from.

    `conflicts` lists for a field every (origin, value), the one taken first; `others` are origins whose statement is
    not merged. Times are seconds since 1970.
    """

    statements: tuple[tuple[str, int], ...]
    sources: Mapping[str, str]
    conflicts: Mapping[str, list[tuple[str, Any]]]
    first_applied: int
    last_applied: int
    others: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return the members under their own names, for JSON."""
        return {
            "statements": [{"origin": origin, "index": index} for origin, index in self.statements],
            "sources": dict(self.sources),
            "conflicts": {
                name: [{"origin": origin, "value": value} for origin, value in values]
                for name, values in self.conflicts.items()
            },
            "first_applied": self.first_applied,
            "last_applied": self.last_applied,
            "others": list(self.others),
        }


@dataclass(frozen=True, slots=True)
class Line:
    """One record to be written; `audience` is "" where the file does not tell it."""

    record: Record
    audience: str = ""
    findings: tuple[Finding, ...] = ()
    provenance: Provenance | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What a file holds: records of these kinds, and which of findings, provenance and audience beside them.

    `language` is that of headings and sentences, `encoding` that of CSV.
    """

    kinds: tuple[Kind, ...]
    language: Language = "zh"
    findings: bool = False
    provenance: bool = False
    audience: bool = False
    encoding: Literal["utf-8", "gb18030"] = "utf-8"


@dataclass(slots=True)
class Written:
    """What became of the lines: how many are in the file, and how many cells a sheet could not hold."""

    records: int = 0
    long_cells: int = 0
    sheets: list[str] = field(default_factory=list)


class Writer(Protocol):
    """Writes one file; nothing is whole before `close`."""

    written: Written

    def add(self, line: Line) -> str:
        """Write a record and return "", or return why this format cannot carry it: a word of `REASONS`."""
        ...

    def close(self) -> None:
        """Write what ends the file. The stream that it goes to stays open."""
        ...
