"""What an import gives back: the file's rows with their verdicts, where there is anything to be mended or looked at."""

from collections.abc import Iterator
from itertools import groupby, islice
from pathlib import Path

from node import export_book, handouts
from node.intake import Opened
from node.node import Node
from node.results import ResultBook, Verdict
from node.submission_book import RowFinding, Submission
from node.versions import source_of
from records.draft import Draft
from sync.bundles import Bundles
from sync.tree import BUNDLE

MAX_WHOLE_ROWS = 100_000  # of a larger file, only the rows with findings are given back
_LOOKED_AT = 1_000
_MAX_HEADINGS = 256


def write(node: Node, done: Submission, file: Opened, path: Path, language: str = "zh") -> Path | None:
    """Write the result workbook of an import to `path` and return that; None where nothing was found in any row.

    What became of each row is read from the log and the notebook, so that it can be written again at any time. Raises
    UnreadableFile where the file is not what it was.
    """
    if not done.findings:
        return None
    if done.last > done.first:
        held = {(node.origin, export_book.WHOLE): [(done.first, done.last)]}
        handouts.note(node, path, handouts.RESULT, held)
    sealed = _sealed_rows(node, done)
    notes = groupby(node.notebook.findings(done.number), lambda note: note.row)
    with ResultBook(path, _headings(file), "zh" if language == "zh" else "en") as book:
        row, found = _next(notes)
        for draft in _drafts(file):
            while row < draft.place:
                row, found = _next(notes)
            mine = found if row == draft.place else []
            if mine or done.rows <= MAX_WHOLE_ROWS:
                book.add(draft.place, dict(draft.raw), _verdict(draft.place, mine, sealed), mine)
    return path


def _verdict(row: int, notes: list[RowFinding], sealed: bytearray) -> Verdict:
    if any(note.severity == "error" for note in notes):  # of one of its records, the others may be sealed
        return "refused"
    if any(note.rule == "HELD" for note in notes):
        return "held"
    return "sealed" if row < len(sealed) and sealed[row] else "unchanged"


def _next(notes: Iterator[tuple[int, Iterator[RowFinding]]]) -> tuple[int, list[RowFinding]]:
    row, found = next(notes, (1 << 62, iter(())))
    return row, list(found)


def _drafts(file: Opened) -> Iterator[Draft]:
    """Yield what was written in each row, once; rows that hold nothing are left out."""
    last = -1
    for one in file.reader.drafts():
        if isinstance(one, Draft) and one.place != last:
            last = one.place
            yield one


def _headings(file: Opened) -> list[str]:
    """Return the columns of a table; for other files, what the first rows are written under."""
    if file.columns is not None:
        return [one.heading or str(place) for place, one in enumerate(file.columns.columns, 1)]
    names = (name for draft in islice(_drafts(file), _LOOKED_AT) for name in draft.raw)
    return list(dict.fromkeys(names))[:_MAX_HEADINGS]


def _sealed_rows(node: Node, done: Submission) -> bytearray:
    """Return for each row of the file whether the submission sealed something of it."""
    found = bytearray()
    with node.opened() as opened:
        log = opened.own.log
        bundles = Bundles(opened.store, log)
        for first in range(done.first, done.last, BUNDLE):
            for _name, content in bundles.parts(first, min(first + BUNDLE, done.last)):
                source = source_of(content)
                row = source.get("row", 0)
                if source.get("submission") == done.number and row > 0:
                    found.extend(bytes(max(0, row + 1 - len(found))))
                    found[row] = 1
    return found
