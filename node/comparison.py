"""What a batch of rows changes of what is filed: the entries to add, and how each row is accounted for."""

from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from catalog.filed import Filed
from node.submission_book import RowFinding
from node.versions import UNDONE, Parts, shown, version
from records import changes, kinds
from records.body import Record
from records.draft import Blank, Row
from records.finding import Finding
from records.kinds import Kinds
from records.rules import finding


@dataclass(frozen=True, slots=True)
class Choice:
    """How a file is taken: who may see it (None: as each kind says), and whether empty cells clear their fields."""

    audience: str | None = None
    clear_empty: bool = False
    wider_confirmed: bool = False


@dataclass
class Tally:
    """How rows were accounted for: rows = blank + refused + those taken whole; records = sealed + unchanged + held.

    A row that states several records is refused where one of them is: a person must look at it.
    """

    rows: int = 0
    blank: int = 0
    records: int = 0
    sealed: int = 0
    unchanged: int = 0
    held: int = 0
    refused: int = 0
    findings: Counter[str] = field(default_factory=Counter)

    def add(self, other: "Tally") -> None:
        """Count what another batch was."""
        for name in ("rows", "blank", "records", "sealed", "unchanged", "held", "refused"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.findings.update(other.findings)


@dataclass(frozen=True, slots=True)
class Waiting:
    """What must wait for a person: entries of these keys. `hold` is what people call that by."""

    keys: Container[str] = ()
    hold: str = ""


NOTHING = Waiting()


@dataclass(frozen=True, slots=True)
class Compared:
    """A batch of rows: the entries that they make, what was found in them, and their counts without the findings.

    `held` is (key, entry) of each that must wait.
    """

    entries: list[Parts]
    notes: list[RowFinding]
    tally: Tally
    held: list[tuple[str, Parts]]


def compare(
    batch: Iterable[Row | Blank],
    held: Mapping[str, Filed],
    choice: Choice,
    number: int = 0,
    taken: int = 0,
    known: Kinds = kinds.BUILT_IN,
    waiting: Waiting = NOTHING,
) -> Compared:
    """Return what a batch of rows makes; `held` is what is filed by key, `number` the submission's.

    `taken` is the submission that took the same file before, 0 for none: what was changed since is left alone.
    """
    entries: list[Parts] = []
    waits: list[tuple[str, Parts]] = []
    notes: list[RowFinding] = []
    blank, records = 0, 0
    places, refused = set(), set()
    for row in batch:
        if isinstance(row, Blank):
            blank += 1
            continue
        places.add(row.row_no)
        found, record = row.findings, row.record
        if record is not None:
            records += 1
            found = list(found)
            made = _change(row, record, held.get(record.key), choice, found, number, taken, known)
            if made and record.key in waiting.keys:
                waits.append((record.key, made))
                found.append(finding("HELD", "", record.key, number=waiting.hold))
            elif made:
                entries.append(made)
        else:
            refused.add(row.row_no)
        if found:
            notes += noted(row.row_no, record.key if record else "", found)
    unchanged = records - len(entries) - len(waits)
    tally = Tally(blank + len(places), blank, records, len(entries), unchanged, len(waits), len(refused))
    return Compared(entries, notes, tally, waits)


def keys(batch: Iterable[Row | Blank]) -> list[str]:
    """Return the keys that a batch states."""
    return [row.record.key for row in batch if isinstance(row, Row) and row.record is not None]


def noted(row: int, key: str, found: Iterable[Finding]) -> Iterator[RowFinding]:
    """Yield the findings of one row as they are kept."""
    for one in found:
        yield RowFinding(row, key, one.rule, one.severity, one.field, one.value, one.zh, one.en)


def _change(
    row: Row,
    stated: Record,
    held: Filed | None,
    choice: Choice,
    found: list[Finding],
    number: int,
    taken: int,
    known: Kinds,
) -> Parts | None:
    """Return the entry that a row makes, or None where it changes nothing.

    Adds a finding where a person withdrew the record, and where the row is too old.

    It is too old as well where the same file was taken before, as submission `taken`, and the record changed since.
    """
    if found and any(one.rule == "DUPLICATE_ROW" for one in found):
        return None
    new: Record | None = stated
    if held is not None:
        new = _changed(row, stated, held, choice, found, taken)
        if new is None:
            return None
    assert new is not None
    source = {**stated.source, "row": row.row_no, "submission": number}
    filed = Record(new.key, new.op, new.kind, new.version, new.fields, source, new.reason)
    return version(filed, held, choice.audience, choice.wider_confirmed, known)


def _changed(row: Row, stated: Record, held: Filed, choice: Choice, found: list[Finding], taken: int) -> Record | None:
    """Return what is to be filed where something is filed already, or None."""
    before = held.record
    since = before.source.get("submission", 0)
    if before.op == "withdraw" and before.reason != UNDONE:
        found.append(finding("WITHDRAWN", "", stated.key, number=since))
        return None
    if before.op == "assert" and changes.older(before, stated):
        found.append(finding("OLDER", "", stated.key))
        return None
    new = changes.change(before, stated, row.stated, choice.clear_empty)
    if new and before.op == "assert" and 0 < taken < since:
        found.append(finding("OLDER", "", stated.key))
        return None
    if new is None and choice.audience not in (None, shown(held)):
        return before  # only who may see it changes
    return new
