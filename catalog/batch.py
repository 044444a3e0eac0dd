"""One journal row into the catalogue, inside one transaction of it.

New keys with a single statement, nearly all there are, go straight into their row; every other key is put together from
all its current statements.
"""

from collections.abc import Set
from dataclasses import replace
from functools import cache

from catalog import judgement, schema, standing
from catalog.bodies import Bodies, held, log_of
from catalog.catalogue import Catalogue
from catalog.journal import Batch
from catalog.judgement import Judged, Statement
from sync.schema import key
from sync.store import Store

_PUT = f"insert or replace into record values ({','.join('?' * len(schema.RECORD_COLUMNS))})"


def apply_batch(store: Store, catalogue: Catalogue, batch: Batch) -> tuple[int, int, int]:
    """Put the batch's entries into the view, and move its cursor behind them.

    Entries that are in the view already are taken out first. Returns (parts asserting, withdrawing, quarantined).
    """
    work, judged = _Work(store, catalogue, batch), Judged()
    if batch.last > batch.first:
        log = log_of(store, batch.log)
        work.cover(log.origin)
        judged = judgement.judge(store, log, batch.first, batch.last)
        work.put(judged)
    work.finish()
    withdrawn = sum(one.record.op == "withdraw" for one in judged.statements)
    return len(judged.statements) - withdrawn, withdrawn, len(judged.rejected)


class _Work:
    """The rows that one batch writes."""

    def __init__(self, store: Store, catalogue: Catalogue, batch: Batch):
        self._store = store
        self._db = catalogue.db
        self._batch = batch
        self._catalogue = catalogue
        self._touched: dict[int, str] = {}  # records that lost an assertion, with their key
        self._dirty: set[int] = set()
        self._name_of = cache(catalogue.origin)
        self._db.execute(
            "insert into batch(id, log, first, last, applied_at, rules) values (?, ?, ?, ?, ?, ?)",
            (batch.id, batch.log, batch.first, batch.last, batch.applied_at, batch.rules),
        )

    def cover(self, origin: str) -> None:
        """Know the log, and how far it is covered; take out what the batch takes up again."""
        batch, city = self._batch, standing.city(origin)
        known = self._catalogue.covered(batch.log)
        self._db.execute(
            "insert into origin(id, name, city, covered) values (?, ?, ?, ?) "
            "on conflict do update set covered = max(covered, excluded.covered)",
            (batch.log, origin, city, batch.last),
        )
        if batch.first < known:
            self._take_out(key(batch.log, batch.first), key(batch.log, batch.last))

    def _take_out(self, start: int, end: int) -> None:
        rows = self._db.execute(
            "select distinct record, key from assertion join record on record.id = assertion.record "
            "where assertion.id >= ? and assertion.id < ?",
            (start, end),
        )
        self._touched = dict(rows.fetchall())
        for table in ("assertion", "waiting", "quarantine"):
            self._db.execute(f"delete from {table} where id >= ? and id < ?", (start, end))

    def put(self, judged: Judged) -> None:
        """Write assertions, records, waiting and quarantined parts."""
        stated: dict[str, list[Statement]] = {}
        for one in judged.statements:
            stated.setdefault(one.record.key, []).append(one)
        ids = {name: id for id, name in self._touched.items()}
        ids.update(self._catalogue.many("select key, id from record where wider is null and key in ({})", list(stated)))
        known = set(ids)
        (next_id,) = self._db.execute("select coalesce(max(id), 0) + 1 from record").fetchone()
        for name in stated:
            if name not in ids:
                ids[name] = next_id
                next_id += 1
        self._put_assertions(stated, ids)
        self._db.executemany("insert into waiting(id) values (?)", [(id,) for id in judged.waiting])
        self._db.executemany(
            "insert into quarantine(id, key, findings, batch) values (?, ?, ?, ?)",
            [(*one, self._batch.id) for one in judged.rejected],
        )
        self._put_simple(stated, ids, known)
        self._put_others(stated, ids, known, next_id)

    def _put_assertions(self, stated: dict[str, list[Statement]], ids: dict[str, int]) -> None:
        rows = [
            (one.id, ids[name], one.views, one.record.op == "withdraw", self._batch.id)
            for name, many in stated.items()
            for one in many
        ]
        rows.sort()
        self._db.executemany("insert into assertion(id, record, views, op, batch) values (?, ?, ?, ?, ?)", rows)

    def _put_simple(self, stated: dict[str, list[Statement]], ids: dict[str, int], known: Set[str]) -> None:
        at, origin = self._batch.applied_at, self._name_of(self._batch.log)
        rows = []
        for name, many in stated.items():
            if len(many) == 1 and name not in known:
                record = many[0].record
                state = "current" if record.op == "assert" else "tombstone"
                if state == "tombstone":
                    record = replace(record, fields={})
                rows.append((ids[name], name, None, *standing.shape(record, many[0].views, origin, state, at, at)))
        self._db.executemany(_PUT, rows)
        self._dirty.update(row[0] for row in rows)

    def _put_others(
        self, stated: dict[str, list[Statement]], ids: dict[str, int], known: Set[str], next_id: int
    ) -> None:
        """Put together the keys that have more than one statement, or had a row."""
        names = [name for name in ids if name in known or len(stated.get(name, ())) > 1]
        read = {one.id: one.record for name in names for one in stated.get(name, ())}
        by_record = held(self._catalogue, [ids[name] for name in names], read)
        narrower: dict[int, list[int]] = {}
        wanted = [ids[name] for name in names if name in known]
        for wider, id in self._catalogue.many("select wider, id from record where wider in ({}) order by id", wanted):
            narrower.setdefault(wider, []).append(id)
        load = Bodies(self._store).load
        for name in names:
            free, parts = narrower.get(ids[name], []), by_record[ids[name]]
            rows: list[tuple] = []
            for one in standing.stands(parts, load, self._name_of):
                shape = standing.row(name, one, parts)
                if not rows:
                    rows.append((ids[name], name, None, *shape))
                    continue
                id = free.pop(0) if free else next_id
                next_id = max(next_id, id + 1)
                rows.append((id, name, ids[name], *shape))
            gone = free if rows else [ids[name], *free]
            self._db.executemany("delete from record where id = ?", [(id,) for id in gone])
            self._db.executemany(_PUT, rows)
            self._dirty.update(gone, (row[0] for row in rows))

    def finish(self) -> None:
        """Mark what must be indexed."""
        self._db.executemany(
            "insert or ignore into dirty(record) values (?)", [(record,) for record in sorted(self._dirty)]
        )
