"""A submission under way: its number, its batches of entries, and how each of its rows was accounted for.

Entries are added 256 at a time; a crash leaves whole batches, and what it left open is closed by the next submission.
In front of the first of them, in the same transaction, stands who submits what (acting.py).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from catalog.catalogue import Catalogue
from catalog.filed import Filed, filed, kept_out
from node import acting, cataloguing
from node.comparison import Tally
from node.errors import NodeError
from node.messages import N_
from node.node import Node, Opened
from node.notebook import Notebook
from node.submission_book import BY_HAND, ReadAs, RowFinding, Submission
from node.versions import Parts, source_of
from sync import entry
from sync.bundles import Bundles
from sync.errors import Malformed
from sync.tree import BUNDLE

IMPORT_WAIT_S = 5.0
_MOST_CHARS = 500  # of what an act says that a file is called


class UnknownAudience(NodeError):
    """Not an audience that can be imported for: (audience,)."""

    facts = ("audience",)
    sentence = N_(
        "There is no audience {audience}. Name path, federation, public, or alliance: with the alliance's id."
    )


def check_audience(audience: str) -> None:
    """Return if a person may choose this audience; raise UnknownAudience."""
    try:
        entry.check_audience(audience)
    except Malformed as error:
        raise UnknownAudience(audience) from error
    if audience.startswith("node:"):  # what is meant for one node is encrypted to it, never taken from a file
        raise UnknownAudience(audience)


@dataclass(frozen=True, slots=True)
class Deed:
    """What is being done, as the audit says it: to what, and why; of a file what is "", and both are said for it."""

    what: str = ""
    about: str = ""
    reason: str = ""


OF_A_FILE = Deed()


class Submitting:
    """One submission under way, under the home's import lock. `act` is the entry that says who submits what."""

    def __init__(self, opened: Opened, catalogue: Catalogue, notebook: Notebook, number: int, act: Parts):
        self._opened = opened
        self._act: Parts | None = act
        self._own = opened.own
        self.catalogue = catalogue
        self.notebook = notebook
        self.number = number
        self.log = self._own.log
        self._first = self.log.next_entry
        self.tally = Tally()

    @property
    def submission(self) -> Submission:
        return self.notebook.submission(self.number)

    def room(self) -> int:
        """Return how many rows make the next batch, so that batches end where bundles end."""
        return BUNDLE - (self._own.log.next_entry + (self._act is not None)) % BUNDLE

    def taken_before(self, digest: str) -> int:
        """Return the number of the newest earlier submission of the same file that was not undone, 0 for none."""
        return self.notebook.newest_of(digest)

    def filed(self, keys: list[str], before: int | None = None) -> dict[str, Filed]:
        return filed(self._opened.store, self.catalogue, self.log, keys, before)

    def kept_out(self, key: str) -> Filed | None:
        return kept_out(self._opened.store, self.catalogue, self.log, key)

    def add(self, entries: list[Parts], tally: Tally, notes: list[RowFinding]) -> None:
        """File the entries of one batch, and account for its rows."""
        if entries:
            self._file(entries)
        self.tally.add(tally)
        self.tally.findings.update(note.rule for note in notes)
        if notes:
            self.notebook.add_findings(self.number, notes)

    def _file(self, entries: list[Parts]) -> None:
        if self._act is None:
            self._own.add(entries)
            return
        index = self._own.add([self._act, *entries])
        self._act, self._first = None, index + 1
        self.notebook.add_act(index)  # a crash before leaves an act that the log proves and the list does not show

    def close(self, now: float, state: str) -> None:
        tally, last = self.tally, self._own.log.next_entry
        if self._act is not None and last > self._first:
            self._first += 1  # an error came behind the first batch: the act is there, and is no record
        self.notebook.close_submission(
            self.number, now, rows=tally.rows, sealed=tally.sealed, unchanged=tally.unchanged, refused=tally.refused,
            first=self._first, last=last, findings=tally.findings, state=state, records=tally.records,
            blank=tally.blank, held=tally.held,
        )  # fmt: skip


@contextmanager
def submitting(
    node: Node,
    person: str,
    files: list[str],
    digest: str,
    undoes: int = 0,
    read: ReadAs = BY_HAND,
    hold: int = 0,
    deed: Deed = OF_A_FILE,
) -> Iterator[Submitting]:
    """Open a submission under the home's import lock, and close it, as interrupted where an error ends it.

    `hold` is the number of the hold that a person releases by it, 0 for none.

    The own catalogue is brought up to the log before, for comparing; whoever reads it next does so again.
    """
    with node.home.hold("import", wait_s=IMPORT_WAIT_S):
        cataloguing.apply_own(node)
        with node.opened() as opened, cataloguing.catalogue(node) as catalogue:
            notebook = node.notebook
            _close_interrupted(opened, notebook, node.clock())
            number = notebook.open_submission(person, files, digest, node.clock(), undoes, read, hold)
            about = deed.about or ", ".join(filter(None, (f"{number}", *files, read.via)))[:_MOST_CHARS]
            act = acting.entry_for(node, deed.what or "import", about, deed.reason, person)
            found = Submitting(opened, catalogue, notebook, number, act)
            state = "interrupted"
            try:
                yield found
                state = "done"
            finally:
                found.close(node.clock(), state)


def _close_interrupted(opened: Opened, notebook: Notebook, now: float) -> None:
    """Account for submissions that a crash left open: what their number stands in is theirs."""
    open_ones = [one for one in notebook.submissions() if one.state == "open"]
    if not open_ones:
        return
    log = opened.own.log
    bundles = Bundles(opened.store, log)
    after = max((one.last for one in notebook.submissions()), default=0)
    at: dict[int, list[int]] = {}
    for start in range(after, log.next_entry, BUNDLE):
        for (index, _part), content in bundles.parts(start, min(start + BUNDLE, log.next_entry)):
            at.setdefault(source_of(content).get("submission", 0), []).append(index)
    for one in open_ones:
        mine = sorted(set(at.get(one.number, [])))
        first, last = (mine[0], mine[-1] + 1) if mine else (after, after)
        notebook.close_submission(
            one.number, now, rows=len(mine), sealed=len(mine), unchanged=0, refused=0,
            first=first, last=last, findings={}, state="interrupted",
        )  # fmt: skip
