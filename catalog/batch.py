"""One journal row into the catalogue, inside one transaction of it.

New rights and events with a single statement, nearly all there are, go straight into their row; every other key is put
together from all its current statements (composing.py).
"""

from collections.abc import Set
from dataclasses import replace

from catalog import aliases, decisions, events, judgement, standing, statements
from catalog.bodies import log_of
from catalog.catalogue import Catalogue
from catalog.composing import Composer, Links
from catalog.journal import Batch
from catalog.judgement import Judged, RoleOf, Statement
from sync.schema import key
from sync.store import Store


def apply_batch(store: Store, catalogue: Catalogue, batch: Batch, me: str, role_of: RoleOf) -> tuple[int, int, int]:
    """Put the batch's entries into the view of the node `me`, and move its cursor behind them.

    Entries that are in the view already are taken out first. Returns (parts asserting, withdrawing, quarantined).
    """
    work, judged = _Work(store, catalogue, batch), Judged()
    if batch.last > batch.first:
        log = log_of(store, batch.log)
        role = role_of(log.origin)
        work.cover(log.origin, role)
        judged = judgement.judge(store, log, batch.first, batch.last, role, work.known)
        judged = decisions.honour(store, catalogue, log, batch.first, batch.last, judged, me)
        work.put(judged)
    work.finish()
    withdrawn = sum(one.record.op == "withdraw" for one in judged.statements)
    return len(judged.statements) - withdrawn, withdrawn, len(judged.rejected)


class _Work:
    """The rows that one batch writes."""

    def __init__(self, store: Store, catalogue: Catalogue, batch: Batch):
        self._db = catalogue.db
        self._batch = batch
        self._catalogue = catalogue
        self._touched: dict[int, str] = {}  # records that lost an assertion, with their key
        self._composer = Composer(store, catalogue)
        self.known = self._composer.known
        self._db.execute(
            "insert into batch(id, log, first, last, applied_at, rules) values (?, ?, ?, ?, ?, ?)",
            (batch.id, batch.log, batch.first, batch.last, batch.applied_at, batch.rules),
        )

    def cover(self, origin: str, role: str) -> None:
        """Know the log, and how far it is covered; take out what the batch takes up again."""
        batch, city = self._batch, standing.city(origin)
        known = self._catalogue.covered(batch.log)
        self._db.execute(
            "insert into origin(id, name, city, role, covered) values (?, ?, ?, ?, ?) "
            "on conflict do update set covered = max(covered, excluded.covered)",
            (batch.log, origin, city, role, batch.last),
        )
        if batch.first < known:
            self._take_out(key(batch.log, batch.first), key(batch.log, batch.last))
        statements.taken(self._db, batch.log, batch.first, batch.last)

    def _take_out(self, start: int, end: int) -> None:
        rows = self._db.execute(
            "select distinct record, key from assertion join record on record.id = assertion.record "
            "where assertion.id >= ? and assertion.id < ?",
            (start, end),
        )
        self._touched = dict(rows.fetchall())
        for table in ("assertion", "waiting", "quarantine"):
            self._db.execute(f"delete from {table} where id >= ? and id < ?", (start, end))
        statements.take_out(self._db, start, end)

    def put(self, judged: Judged) -> None:
        """Write assertions, records, statements of the federation, waiting and quarantined parts."""
        records, said = statements.split(judged.statements)
        statements.put(self._db, said, self._batch.id)
        stated: dict[str, list[Statement]] = {}
        for one in records:
            stated.setdefault(one.record.key, []).append(one)
        ids = {name: id for id, name in self._touched.items()}
        ids.update(self._catalogue.many("select key, id from record where wider is null and key in ({})", list(stated)))
        known = set(ids)
        new = [name for name in stated if name not in ids]
        ids.update(zip(new, self._composer.new_ids(len(new)), strict=True))
        self._put_assertions(stated, ids)
        self._db.executemany("insert into waiting(id) values (?)", [(id,) for id in judged.waiting])
        self._db.executemany(
            "insert into quarantine(id, key, findings, batch) values (?, ?, ?, ?)",
            [(*one, self._batch.id) for one in judged.rejected],
        )
        simple = self._simple(stated, known)
        self._put_simple(simple, ids)
        others = {name: id for name, id in ids.items() if name not in simple}
        self._composer.compose(others, {one.id: one.record for name in others for one in stated.get(name, ())})

    def _put_assertions(self, stated: dict[str, list[Statement]], ids: dict[str, int]) -> None:
        rows = [
            (one.id, ids[name], one.views, one.record.op == "withdraw", self._batch.id)
            for name, many in stated.items()
            for one in many
        ]
        rows.sort()
        self._db.executemany("insert into assertion(id, record, views, op, batch) values (?, ?, ?, ?, ?)", rows)

    def _simple(self, stated: dict[str, list[Statement]], known: Set[str]) -> dict[str, Statement]:
        """Return the new rights and events with one statement, which need no more than a row and their links."""
        found = {}
        for name, many in stated.items():
            if len(many) == 1 and name not in known:
                kind = self.known.get(many[0].record.kind)
                if kind and kind.category in ("right", "event"):
                    found[name] = many[0]
        return found

    def _put_simple(self, simple: dict[str, Statement], ids: dict[str, int]) -> None:
        at, origin, known = self._batch.applied_at, self._composer.sources.name(self._batch.log), self.known
        rows, links = [], Links()
        for name, one in simple.items():
            record, id = one.record, ids[name]
            state = "current" if record.op == "assert" else "tombstone"
            if state == "tombstone":
                record = replace(record, fields={})
            rows.append((id, name, None, *standing.shape(record, one.views, origin, state, at, at, known)))
            kind = known[record.kind]
            if kind.category == "event":
                links.about += [(right, id) for right in events.rights(kind, record.fields)]
            elif aliases.is_loose(kind, name):
                links.loose.append((id, name))
            else:
                links.claims += [(alias, id, one.views) for alias in aliases.claimed(kind, record.fields)]
        self._composer.put_new(rows, links)

    def finish(self) -> None:
        """Mark what must be indexed."""
        self._composer.finish()
