"""What leaves a catalogue as a file: the records that a query finds, as one view shows them, with their provenance.

One read transaction of catalog.db holds still what is exported, however long it takes and whatever is applied
meanwhile; 256 records at a time are read with their bodies. A statement whose licence lets nothing out is left out
before the merging, so that no field of it remains; what was left out is told, with the reason.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson

from catalog import published, search, views
from catalog.bodies import Bodies, place
from catalog.catalogue import OPEN_QUARANTINE, Catalogue
from catalog.composing import gathered
from catalog.judgement import shown_in
from catalog.search import Query
from catalog.sources import Sources
from catalog.standing import Held, current, stand, stated
from records import body, checks
from records.body import Record
from records.finding import Finding
from records.kinds import Kinds
from records.merge import Merged
from records.writers.line import Line, Provenance
from sync.entry import SALT_BYTES
from sync.schema import key
from sync.store import Store

BATCH = 256
AUDIENCE = "audience"  # why a record is left out: the view shows nothing of it
LICENCE = "licence"  # no statement of it may leave
LICENCE_PART = "licence-part"  # not left out, but some statement of it was
ERASED = "erased"  # nothing of it is held any more
Allowed = Callable[[dict[str, Any]], str]  # the fields of a statement → "" or why it may not leave


@dataclass(frozen=True, slots=True)
class LeftOut:
    """One record, or a part of one, that does not leave: `reason` is a word of this module or of a writer.

    `parts` are those, by their ids in log.db, that may say its title.
    """

    key: str
    title: str
    reason: str
    detail: str = ""
    parts: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """What is exported: what `query` finds in `view`, its page aside; of `own`, if given, only what it states."""

    query: Query
    view: int
    own: str = ""
    findings: bool = False
    provenance: bool = False
    audience: bool = False


@dataclass(slots=True)
class Export:
    """One export, to be used with `with`: the same state of the catalogue from its beginning to its end.

    `took` hears of the parts, by their ids in log.db, that go into the file; of those behind what is left out, it is
    told in `LeftOut`.
    """

    store: Store
    catalogue: Catalogue
    asked: Asked
    allowed: Allowed
    left_out: Callable[[LeftOut], None]
    took: Callable[[Iterable[int]], None] = lambda parts: None
    known: Kinds = field(init=False)
    _bodies: Bodies = field(init=False)
    _sources: Sources = field(init=False)

    def __enter__(self) -> "Export":
        self.catalogue.db.execute("begin")
        self.known = published.known(self.catalogue)  # from here on nothing moves
        self._bodies, self._sources = Bodies(self.store), Sources(self.catalogue)
        return self

    def __exit__(self, *_error: object) -> None:
        self.catalogue.db.rollback()

    def kinds(self) -> dict[str, int]:
        """Return how many records of each kind are found, by name."""
        condition, values = self._condition(self.asked.view)
        rows = self.catalogue.db.execute(
            f"select record.kind, count(*) from record where {condition} group by 1 order by 1", values
        )
        return dict(rows.fetchall())

    def lines(self) -> Iterator[Line]:
        """Yield what leaves, in the order in which the catalogue took it up; the rest goes to `left_out`."""
        condition, values = self._condition(self.asked.view)
        rows = self.catalogue.db.execute(
            f"select coalesce(record.wider, record.id), record.key, record.title from record where {condition} "
            "order by record.id",
            values,
        )
        while batch := rows.fetchmany(BATCH):
            parts = gathered(self.catalogue, [id for id, _, _ in batch], {})
            self._read(parts)
            kept_out = self._quarantined([name for _, name, _ in batch]) if self.asked.findings else {}
            for id, name, title in batch:
                made = self._line(parts[id], name, title, kept_out.get(name, []))
                if made:
                    yield made

    def hidden(self) -> Iterator[LeftOut]:
        """Yield what the query finds in everything held here, and the view shows nothing of."""
        condition, values = self._condition(views.FULL)
        rows = self.catalogue.db.execute(
            f"select coalesce(record.wider, record.id), record.key, record.title from record where {condition} "
            "and not exists ("
            "select 1 from record as one where (one.id = record.id or one.wider = record.id) "
            "and one.state = 'current' and one.views & ? <> 0) order by record.id",
            (*values, self.asked.view),
        )
        while batch := rows.fetchmany(BATCH):
            parts = gathered(self.catalogue, [id for id, _, _ in batch], {})
            for id, name, title in batch:
                why = self._limits(parts[id])
                ids = _ids(current(parts[id], views.FULL))
                yield LeftOut(name, title, LICENCE if why else AUDIENCE, why, ids)

    def _limits(self, parts: list[Held]) -> str:
        """Return what the terms of the sources say against showing these parts, "" where they say nothing."""
        said = [stated(some, self._bodies.load, self._sources) for some in current(parts, views.FULL)]
        found = (self.allowed(one.record.fields) for one in said if one and not shown_in(one.record) & self.asked.view)
        return "; ".join(dict.fromkeys(why for why in found if why))

    def _condition(self, view: int) -> tuple[str, tuple[str | int, ...]]:
        found = search.conditions(self.catalogue, self.asked.query, view)
        if self.asked.own:
            log = self.store.log(self.asked.own)
            first = log.id if log else -1
            found.append(
                (
                    "exists (select 1 from assertion where +assertion.id >= ? and +assertion.id < ? "
                    "and (assertion.record = "
                    "coalesce(record.wider, record.id) or assertion.record in (select joined.record from joined "
                    "where joined.right = coalesce(record.wider, record.id))))",
                    (key(first, 0), key(first + 1, 0)),
                )
            )
        return " and ".join(one for one, _ in found), tuple(value for _, some in found for value in some)

    def _read(self, parts: dict[int, list[Held]]) -> None:
        """Fill in what the current parts of these records say, all in a few questions."""
        wanted = {one.id: one for many in parts.values() for some in current(many, self.asked.view) for one in some}
        ids = list(wanted)
        for at in range(0, len(ids), BATCH):
            some = ids[at : at + BATCH]
            marks = ",".join("?" * len(some))
            rows = self.store.db.execute(f"select id, content from part where id in ({marks})", some)
            for id, content in rows:
                wanted[id].record = body.decode(content[SALT_BYTES:])

    def _line(self, parts: list[Held], name: str, title: str, kept_out: list[Finding]) -> Line | None:
        may_leave, blocked = self._may_leave(parts)
        standing = stand(may_leave, self.asked.view, self._bodies.load, self._sources) if may_leave else None
        if blocked:
            whole = standing is None or not standing.merged.fields
            ids = _ids(current(parts, self.asked.view))
            self.left_out(LeftOut(name, title, LICENCE if whole else LICENCE_PART, "; ".join(blocked), ids))
        if standing is None or not standing.merged.fields:
            if not blocked:
                self.left_out(LeftOut(name, title, ERASED))
            return None
        self.took(_ids(current(may_leave, self.asked.view)))
        merged = standing.merged
        kind = self.known.get(merged.kind)
        record = Record(name, "assert", merged.kind, kind.version if kind else 1, merged.fields)
        found = [*checks.check(record, self.known), *kept_out] if self.asked.findings else []
        return Line(
            record,
            self._audience(may_leave) if self.asked.audience else "",
            tuple(found),
            self._provenance(may_leave, merged) if self.asked.provenance else None,
        )

    def _may_leave(self, parts: list[Held]) -> tuple[list[Held], list[str]]:
        """Return the parts of the statements that may leave, and of the others the origin and the reason."""
        leaving, reasons = set(), []
        for some in current(parts, self.asked.view):
            said = stated(some, self._bodies.load, self._sources)
            why = self.allowed(said.record.fields) if said else ""
            if why:
                reasons.append(f"{self._sources.name(some[0].log)}: {why}")
            else:
                leaving.add((some[0].log, some[0].of))
        return [one for one in parts if (one.log, one.of) in leaving], reasons

    def _audience(self, parts: list[Held]) -> str:
        """Return the narrowest audience of what is shown: "path", "alliance" or "federation"."""
        masks = [one.views for some in current(parts, self.asked.view) for one in some]
        if any(not mask & views.ALLIANCE for mask in masks):
            return "path"
        return "alliance" if any(not mask & views.OPEN for mask in masks) else "federation"

    def _provenance(self, parts: list[Held], merged: Merged) -> Provenance:
        seen = [one.applied_at for one in parts if one.views & self.asked.view]
        found = {(one.log, place(one.id)[1]) for some in current(parts, self.asked.view) for one in some}
        statements = tuple(sorted((self._sources.name(log), index) for log, index in found))
        return Provenance(statements, merged.sources, merged.conflicts, min(seen), max(seen), merged.others)

    def _quarantined(self, keys: list[str]) -> dict[str, list[Finding]]:
        """Return by key what was found in versions that are kept out; they may say what only the full view may see."""
        if self.asked.view != views.FULL:
            return {}
        marks = ",".join("?" * len(keys))
        rows = self.catalogue.db.execute(
            f"select id, key, findings from quarantine where key in ({marks}) and {OPEN_QUARANTINE} order by id", keys
        )
        found: dict[str, list[Finding]] = {}
        for id, name, said in rows:
            self.took((id,))
            found.setdefault(name, []).extend(Finding(**one) for one in orjson.loads(said))
        return found


def _ids(parts: Iterable[list[Held]]) -> tuple[int, ...]:
    return tuple(one.id for some in parts for one in some)
