"""A submission under way: its number, its batches of entries, and how each of its rows was accounted for.

Entries are added 256 at a time; a crash leaves whole batches, and what it left open is closed by the next submission.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from catalog.catalogue import Catalogue
from catalog.filed import Filed, filed
from node import cataloguing
from node.errors import NodeError
from node.messages import N_
from node.node import Node, Opened
from node.notebook import Notebook
from node.submission_book import RowFinding, Submission
from records import audience as audiences
from records import body
from records.body import Record
from records.finding import Finding
from sync import entry
from sync.bundles import Bundles
from sync.entry import SALT_BYTES
from sync.errors import Malformed
from sync.tree import BUNDLE

_WIDTH = {"path": 0, "alliance": 1, "federation": 2, "public": 3}
UNDONE = "undo"  # the reason of a withdrawal that takes an import back
Parts = list[tuple[str, bytes]]


class WiderAudience(NodeError):
    """More people would see it than by default: (audience,)."""

    facts = ("audience",)
    sentence = N_(
        "The audience {audience} shows records to more people than by default. Confirm it with --confirm-wider."
    )


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


@dataclass
class Tally:
    """How the rows of a submission were accounted for: rows = sealed + unchanged + refused."""

    rows: int = 0
    sealed: int = 0
    unchanged: int = 0
    refused: int = 0
    findings: Counter[str] = field(default_factory=Counter)


class Submitting:
    """One submission under way, under the home's import lock."""

    def __init__(self, opened: Opened, catalogue: Catalogue, notebook: Notebook, number: int):
        self._opened = opened
        self._own = opened.own
        self.catalogue = catalogue
        self._notebook = notebook
        self.number = number
        self.log = self._own.log
        self._first = self.log.next_entry
        self._tally = Tally()

    @property
    def submission(self) -> Submission:
        return self._notebook.submission(self.number)

    def room(self) -> int:
        """Return how many rows make the next batch, so that batches end where bundles end."""
        return BUNDLE - self._own.log.next_entry % BUNDLE

    def taken_before(self, digest: str) -> int:
        """Return the number of the newest earlier submission of the same file that was not undone, 0 for none."""
        return self._notebook.newest_of(digest)

    def filed(self, keys: list[str], before: int | None = None) -> dict[str, Filed]:
        return filed(self._opened.store, self.catalogue, self.log, keys, before)

    def add(self, rows: int, entries: list[Parts], refused: int, notes: list[RowFinding]) -> None:
        """File the entries of one batch and account for its rows; what is neither filed nor refused is unchanged."""
        if entries:
            self._own.add(entries)
        self._tally.rows += rows
        self._tally.sealed += len(entries)
        self._tally.refused += refused
        self._tally.unchanged += rows - len(entries) - refused
        self._tally.findings.update(note.rule for note in notes)
        if notes:
            self._notebook.add_findings(self.number, notes)

    def close(self, now: float, state: str) -> None:
        tally, last = self._tally, self._own.log.next_entry
        self._notebook.close_submission(
            self.number, now, rows=tally.rows, sealed=tally.sealed, unchanged=tally.unchanged, refused=tally.refused,
            first=self._first, last=last, findings=tally.findings, state=state,
        )  # fmt: skip


@contextmanager
def submitting(node: Node, person: str, files: list[str], digest: str, undoes: int = 0) -> Iterator[Submitting]:
    """Open a submission under the home's import lock, and close it, as interrupted where an error ends it.

    The own catalogue is brought up to the log before, for comparing; whoever reads it next does so again.
    """
    with node.home.hold("import", wait_s=5.0):
        cataloguing.apply_own(node)
        with node.opened() as opened, cataloguing.catalogue(node) as catalogue:
            notebook = node.notebook
            _close_interrupted(opened, notebook, node.clock())
            number = notebook.open_submission(person, files, digest, node.clock(), undoes)
            found = Submitting(opened, catalogue, notebook, number)
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
            at.setdefault(body.decode(content[SALT_BYTES:]).source.get("submission", 0), []).append(index)
    for one in open_ones:
        mine = sorted(set(at.get(one.number, [])))
        first, last = (mine[0], mine[-1] + 1) if mine else (after, after)
        notebook.close_submission(
            one.number, now, rows=len(mine), sealed=len(mine), unchanged=0, refused=0,
            first=first, last=last, findings={}, state="interrupted",
        )  # fmt: skip


def noted(row: int, key: str, found: list[Finding]) -> list[RowFinding]:
    """Return the findings of one row as they are kept."""
    return [RowFinding(row, key, one.rule, one.severity, one.field, one.value, one.zh, one.en) for one in found]


def shown(held: Filed | None) -> str | None:
    """Return the widest audience that sees what is filed; None where nothing is, or not any more."""
    seen = [audience for audience, record in held.parts if record.op == "assert"] if held else []
    return max(seen, key=_width, default=None)


def version(new: Record, held: Filed | None, number: int, audience: str | None = None, wider: bool = False) -> Parts:
    """Return the parts of a new version: one for its audience, and one for each audience that ever saw the key.

    Without `audience` it keeps the one that a person chose for what is filed, else it has the default. An audience that
    must not see it any more is told that it was withdrawn from there.
    """
    default = audiences.default_audience(new)
    now = shown(held)
    chosen = now if held and now != audiences.default_audience(held.record) else None
    wanted = audience or chosen or default
    if _wider(wanted, default) and wanted != now and not wider:
        raise WiderAudience(wanted)
    new = replace(new, source={**new.source, "submission": number})
    said = {wanted: body.encode(new)}
    for seen, _record in held.parts if held else ():
        if seen not in said:
            gone = replace(new, op="withdraw", fields={}, reason="audience")
            said[seen] = body.encode(gone if _wider(seen, wanted) else new)
    return list(said.items())


def _wider(one: str, other: str) -> bool:
    return _width(one) > _width(other)


def _width(audience: str) -> int:
    return _WIDTH.get(audience.split(":")[0], 0)


def withdrawal(held: Filed, reason: str, number: int) -> Parts:
    """Return the parts of a withdrawal, one for each audience that ever saw the key."""
    record = held.record
    gone = Record(record.key, "withdraw", record.kind, record.version, {}, {"submission": number}, reason)
    return [(seen, body.encode(gone)) for seen, _record in held.parts]
