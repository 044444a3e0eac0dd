"""Taking files in: an import is a submission; each row is sealed, unchanged, or refused with a finding.

A file never deletes, never blanks, never flips back (records.md, Importing). The same import again, after a crash too,
finds what is filed unchanged and goes on.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from hashlib import file_digest
from pathlib import Path

from catalog.filed import Filed
from node.node import Node
from node.submission_book import RowFinding, Submission
from node.submissions import UNDONE, Parts, Submitting, check_audience, noted, shown, submitting, version
from records import changes, kinds, reading, statement
from records.draft import Blank, Row
from records.finding import Finding
from records.rules import finding

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Choice:
    """How a file is taken: who may see it (None: as each kind says), and whether empty cells clear their fields."""

    audience: str | None = None
    clear_empty: bool = False
    wider_confirmed: bool = False


DEFAULT = Choice()


def take_file(
    node: Node, path: Path, person: str, choice: Choice = DEFAULT, progress: Progress = lambda rows: None
) -> Submission:
    """Import one file as a submission and return it. Raises UnreadableFile, OSError, UnknownAudience:
    then nothing is filed, not even a number used."""
    if choice.audience is not None:
        check_audience(choice.audience)
    reader = reading.recognise(path)
    with path.open("rb") as content:
        digest = file_digest(content, "sha256").hexdigest()
    with submitting(node, person, [path.name], digest) as under_way:
        taken = under_way.taken_before(digest)
        found = statement.rows(reader.drafts(), kinds.BUILT_IN, reader.stated)
        for rows in _batches((row for row in found if not isinstance(row, Blank)), under_way.room):
            _take(under_way, rows, choice, taken)
            progress(len(rows))
    return under_way.submission


def _take(under_way: Submitting, rows: list[Row], choice: Choice, taken: int) -> None:
    """File what a batch of rows changes, and account for each row."""
    held = under_way.filed([row.record.key for row in rows if row.record])
    entries: list[Parts] = []
    notes: list[RowFinding] = []
    for row in rows:
        found, key = list(row.findings), row.record.key if row.record else ""
        made = _change(row, held.get(key), choice, found, under_way.number, taken)
        entries += [made] if made else []
        notes += noted(row.row_no, key, found)
    under_way.add(len(rows), entries, sum(row.record is None for row in rows), notes)


def _change(
    row: Row, held: Filed | None, choice: Choice, found: list[Finding], number: int, taken: int
) -> Parts | None:
    """Return the entry that a row makes, or None where it changes nothing.

    Adds a finding where a person withdrew the record, and where the row is too old.

    It is too old as well where the same file was taken before, as submission `taken`, and the record changed since.
    """
    stated = row.record
    if stated is None or any(one.rule == "DUPLICATE_ROW" for one in found):
        return None
    if held and held.record.op == "withdraw" and held.record.reason != UNDONE:
        found.append(finding("WITHDRAWN", "", stated.key, number=held.record.source.get("submission", 0)))
        return None
    if held and held.record.op == "assert" and changes.older(held.record, stated):
        found.append(finding("OLDER", "", stated.key))
        return None
    new = changes.change(held.record if held else None, stated, row.stated, choice.clear_empty)
    if new and held and held.record.op == "assert" and 0 < taken < held.record.source.get("submission", 0):
        found.append(finding("OLDER", "", stated.key))
        return None
    if new is None and held and choice.audience not in (None, shown(held)):
        new = held.record  # only who may see it changes
    if new is None:
        return None
    return version(replace(new, source={"row": row.row_no}), held, number, choice.audience, choice.wider_confirmed)


def _batches(rows: Iterator[Row], room: Callable[[], int]) -> Iterator[list[Row]]:
    batch: list[Row] = []
    size = room()
    for row in rows:
        batch.append(row)
        if len(batch) >= size:
            yield batch
            batch, size = [], room()
    if batch:
        yield batch
