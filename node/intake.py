"""Taking files in: an import is a submission; each row is sealed, unchanged, or refused with a finding.

A file never deletes, never blanks, never flips back (records.md, Importing). The same import again, after a crash too,
finds what is filed unchanged and goes on.
"""

import gc
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path

from node import cataloguing, comparison
from node.comparison import Choice
from node.node import Node
from node.submission_book import ReadAs, Submission
from node.submissions import Submitting, check_audience, submitting
from records import kinds, reading, statement
from records.draft import Blank, Reader, Row
from records.kinds import Kinds
from records.layout import Mapping, TableReader

Progress = Callable[[int], None]
DEFAULT = Choice()
_MOST_ROWS = 4096  # of which nearly all are blank then


@dataclass(frozen=True, slots=True)
class Opened:
    """A file that was recognised, and the name of the mapping that it is read with, "" for none.

    `title` is what people know it as, where that is not the file's name.
    """

    path: Path
    reader: Reader
    known: Kinds
    mapping: str = ""
    title: str = ""

    def rows(self) -> Iterator[Row | Blank]:
        """Yield what each row states, from the beginning. Raises UnreadableFile."""
        drafts = self.reader.told(self.known) if isinstance(self.reader, TableReader) else self.reader.drafts()
        return statement.rows(drafts, self.known, self.reader.stated)

    @property
    def columns(self) -> Mapping | None:
        """Return what the columns of a table are; None for what is no table."""
        return getattr(self.reader, "mapping", None)

    @property
    def other_sheets(self) -> tuple[str, ...]:
        """Return the sheets of a workbook that hold something and are not read: only the first one is."""
        return self.reader.table.other_sheets if isinstance(self.reader, TableReader) else ()

    def read_as(self, via: str = "") -> ReadAs:
        """Return what the file was recognised as."""
        return ReadAs(self.reader.format, self.reader.encoding, self.reader.layout, self.mapping, via)


def open_file(path: Path, mapping: Mapping | None = None, name: str = "", known: Kinds = kinds.BUILT_IN) -> Opened:
    """Return the file at `path`, recognised, to be read with `mapping`. Raises UnreadableFile, OSError."""
    return Opened(path, reading.recognise(path, mapping, known), known, name)


def take_file(
    node: Node, path: Path, person: str, choice: Choice = DEFAULT, progress: Progress = lambda rows: None
) -> Submission:
    """Import one file, by its own headings, as a submission and return it. Raises as `open_file` and `take` do."""
    return take(node, open_file(path, known=cataloguing.known_kinds(node)), person, choice, progress)


def take(
    node: Node,
    file: Opened,
    person: str,
    choice: Choice = DEFAULT,
    progress: Progress = lambda rows: None,
    via: str = "",
    filed: Callable[[list[Row | Blank]], object] = lambda batch: None,
) -> Submission:
    """Import a file as a submission and return it. Raises UnreadableFile, OSError, UnknownAudience, WiderAudience.

    What was filed before an error stays filed; the submission is closed as interrupted. `filed` hears of each batch
    once that is done.
    """
    if choice.audience is not None:
        check_audience(choice.audience)
    with file.path.open("rb") as content:
        digest = file_digest(content, "sha256").hexdigest()
    with (
        _seldom_collecting(),
        submitting(node, person, [file.title or file.path.name], digest, read=file.read_as(via)) as under_way,
    ):
        taken = under_way.taken_before(digest)
        for batch in batches(file.rows(), under_way.room):
            take_batch(under_way, batch, choice, taken, file.known)
            filed(batch)
            progress(len(batch))
    return under_way.submission


@contextmanager
def _seldom_collecting() -> Iterator[None]:
    """Let the cycle collector look less often while rows by the thousand come and go; saves a seventh."""
    held = gc.get_threshold()
    gc.set_threshold(50_000, 20, 100)
    try:
        yield
    finally:
        gc.set_threshold(*held)


def take_batch(under_way: Submitting, batch: list[Row | Blank], choice: Choice, taken: int, known: Kinds) -> None:
    """File what a batch of rows changes, and account for each row."""
    held = under_way.filed(comparison.keys(batch))
    found = comparison.compare(batch, held, choice, under_way.number, taken, known)
    under_way.add(found.entries, found.tally, found.notes)


def batches(rows: Iterable[Row | Blank], room: Callable[[], int]) -> Iterator[list[Row | Blank]]:
    """Yield rows in lists of about `room` records; records of one row stay together, blank rows take no room."""
    batch: list[Row | Blank] = []
    left, place = room(), -1
    for row in rows:
        if isinstance(row, Row):
            if left <= 0 and row.row_no != place:
                yield batch
                batch, left = [], room()
            place = row.row_no
            left -= 1
        elif len(batch) >= _MOST_ROWS:
            yield batch
            batch, left = [], room()
        batch.append(row)
    if batch:
        yield batch
