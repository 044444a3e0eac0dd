"""Taking files in: an import is a submission; each row is sealed, unchanged, or refused with a finding.

A file never deletes, never blanks, never flips back (records.md, Importing). The same import again, after a crash too,
finds what is filed unchanged and goes on. What would change too much at once waits for a person (holding.py).
"""

import gc
import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from hashlib import file_digest
from pathlib import Path
from typing import Any

from node import cataloguing, comparison, holding, spool
from node.comparison import NOTHING, Choice, Waiting
from node.hold_book import Hold
from node.node import Node
from node.submission_book import ReadAs, Submission
from node.submissions import Submitting, check_audience, submitting
from records import kinds, reading, statement
from records.draft import Blank, Reader, Row
from records.kinds import Kinds
from records.layout import Mapping, TableReader
from sync.tree import BUNDLE

log = logging.getLogger(__name__)
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

    @property
    def called(self) -> str:
        """Return the name that people know it by."""
        return self.title or self.path.name

    def recipe(self) -> dict[str, Any]:
        """Return how to read the file just so again; what is worked out from the file itself is left out."""
        kinds_named = [one.name for one in self.known.all()]
        columns = self.columns.as_dict() if self.mapping and self.columns else None
        prefix = self.reader.layout if self.reader.format == spool.FORMAT else ""
        only = kinds_named[0] if len(kinds_named) == 1 else ""
        return {"mapping": self.mapping, "columns": columns, "kind": only, "prefix": prefix}

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
    released: Hold | None = None,
) -> Submission:
    """Import a file as a submission and return it. Raises UnreadableFile, OSError, UnknownAudience, WiderAudience.

    What was filed before an error stays filed; the submission is closed as interrupted. `filed` hears of each batch
    once that is done. `released` is the hold under which a person lets the file through: what was changed since it
    came is left alone.
    """
    if choice.audience is not None:
        check_audience(choice.audience)
    with file.path.open("rb") as content:
        digest = file_digest(content, "sha256").hexdigest()
    with (
        _seldom_collecting(),
        submitting(
            node, person, [file.called], digest, read=file.read_as(via), hold=released.id if released else 0
        ) as under_way,
    ):
        if released:
            taken, hold = under_way.notebook.newest_of(digest, released.submission) or released.submission, 0
        else:
            taken = under_way.taken_before(digest)
            hold = _held(node, under_way, file, digest, choice, taken)
        for batch in batches(file.rows(), under_way.room):
            waiting = holding.waiting(node, under_way, batch, hold)
            take_batch(under_way, batch, choice, taken, file.known, waiting)
            filed(batch)
            progress(len(batch))
    return under_way.submission


def _held(node: Node, under_way: Submitting, file: Opened, digest: str, choice: Choice, taken: int) -> int:
    """Return under which hold the changes of a file must wait, written down before anything is filed; 0 for none.

    A file that waits already, read in the same way, waits under the same hold: so after a crash, too.
    """
    recipe = {**asdict(choice), **file.recipe()}
    known = under_way.notebook.waiting_import(digest, recipe, under_way.number)
    if known or not holding.may_hold(under_way):
        return known
    rows = batches(file.rows(), lambda: BUNDLE)
    found = holding.measure(under_way, rows, choice, taken, file.known, node.clock())
    made = holding.hold(node, under_way, file.path, file.called, digest, recipe, found)
    if made:
        log.error("held file=%s hold=%d changed=%d live=%d", file.called, made, found.changed, found.live)
    return made


@contextmanager
def _seldom_collecting() -> Iterator[None]:
    """Let the cycle collector look less often while rows by the thousand come and go; saves a seventh."""
    held = gc.get_threshold()
    gc.set_threshold(50_000, 20, 100)
    try:
        yield
    finally:
        gc.set_threshold(*held)


def take_batch(
    under_way: Submitting,
    batch: list[Row | Blank],
    choice: Choice,
    taken: int,
    known: Kinds,
    waiting: Waiting = NOTHING,
) -> None:
    """File what a batch of rows changes, but for what must wait, and account for each row."""
    held = under_way.filed(comparison.keys(batch))
    found = comparison.compare(batch, held, choice, under_way.number, taken, known, waiting)
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
