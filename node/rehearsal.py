"""A dry run: what importing a file would do, and nothing is filed. It needs no node, and compares if there is one."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from catalog.filed import Filed, filed
from node import cataloguing, comparison, intake, mappings
from node.comparison import Choice, Tally
from node.intake import Opened
from node.node import Node
from node.submission_book import RowFinding
from records.draft import Blank, Row
from sync.tree import BUNDLE

SAMPLE_ROWS = 20
Held = Callable[[list[str]], Mapping[str, Filed]]


@dataclass
class Rehearsal:
    """What came of it: the counts, an example of each finding by rule, and the first rows as written and as read."""

    file: Opened
    tally: Tally = field(default_factory=Tally)
    examples: dict[str, RowFinding] = field(default_factory=dict)
    sample: list[dict[str, Any]] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Return it as one JSON object."""
        read, tally = self.file.read_as(), self.tally
        return {
            "file": self.file.path.name,
            "format": read.format,
            "encoding": read.encoding,
            "layout": read.layout,
            "other_sheets": list(self.file.other_sheets),
            "mapping": mappings.described(self.file),
            "rows": tally.rows,
            "blank": tally.blank,
            "records": tally.records,
            "new": tally.sealed,
            "unchanged": tally.unchanged,
            "refused": tally.refused,
            "findings": dict(tally.findings),
            "sample": self.sample,
        }


def rehearse(
    file: Opened,
    choice: Choice = intake.DEFAULT,
    node: Node | None = None,
    progress: intake.Progress = lambda rows: None,
) -> Rehearsal:
    """Read and judge a whole file, compare it with what `node` has filed, and file nothing. Raises as imports do."""
    found = Rehearsal(file)
    with _filed_at(node) as held:
        for batch in intake.batches(file.rows(), lambda: BUNDLE):
            _sample(found.sample, batch)
            one = comparison.compare(batch, held(comparison.keys(batch)), choice, known=file.known)
            found.tally.add(one.tally)
            found.tally.findings.update(note.rule for note in one.notes)
            for note in one.notes:
                found.examples.setdefault(note.rule, note)
            progress(len(batch))
    return found


def first_rows(file: Opened) -> Rehearsal:
    """Read the first rows of a file only, for a look at what its columns are taken for. Raises UnreadableFile."""
    found = Rehearsal(file)
    _sample(found.sample, islice(file.rows(), SAMPLE_ROWS))
    return found


@contextmanager
def _filed_at(node: Node | None) -> Iterator[Held]:
    """Yield what returns what is filed for keys: nothing, without a node."""
    if node is None:
        yield lambda keys: {}
        return
    cataloguing.apply_own(node)
    with node.opened() as opened, cataloguing.catalogue(node) as catalogue:
        log = opened.own.log
        yield lambda keys: filed(opened.store, catalogue, log, keys)


def _sample(sample: list[dict[str, Any]], batch: Iterable[Row | Blank]) -> None:
    for row in batch:
        if len(sample) >= SAMPLE_ROWS:
            return
        if isinstance(row, Row):
            record = row.record
            sample.append(
                {
                    "row": row.row_no,
                    "key": record.key if record else "",
                    "written": dict(row.raw),
                    "read": dict(record.fields) if record else {},
                    "findings": [one.as_dict() for one in row.findings],
                }
            )
