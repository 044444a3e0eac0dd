"""The catalogue against the logs: every row is worked out again and compared with the row that is there.

What entries are worth is judged again. A record with all that follows from it is put together again by the code that
did it first, in a transaction that is given up at the end. What search reads is made again from the record.
"""

import sqlite3
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from catalog import decisions, indexing, journal, judgement, published, statements
from catalog.catalogue import Catalogue
from catalog.composing import Composer
from catalog.judgement import Judged, RoleOf
from catalog.sources import role_by_name
from sync.damage import CATALOGUE, Damage
from sync.rows import WHOLE, Slice
from sync.schema import index_of, key
from sync.store import Log, Store

_CHUNK = 1024  # entries that are judged at once
_BATCH = 256  # records that are put together at once
_RECORDS = {  # what is put together with a record, by the column that names it
    "record": "coalesce(wider, id)",
    "claim": "record",
    "loose": "record",
    "joined": "record",
    "about": "record",
}
Row = tuple[Any, ...]
ENTRY, RECORD, INDEX, ORPHAN = "entry", "record", "index", "orphan"  # mended by applying again
BATCH, LEFT = "batch", "left"  # mended by making the catalogue again


class Check:
    """One check of a catalogue that is up to date; `skip` are entries, (log, index), that are damaged themselves."""

    def __init__(
        self,
        store: Store,
        catalogue: Catalogue,
        me: str,
        role_of: RoleOf,
        which: Slice = WHOLE,
        skip: frozenset[tuple[int, int]] = frozenset(),
    ):
        self._store = store
        self._catalogue = catalogue
        self._db = catalogue.db
        self._me = me
        self._role_of = lambda origin: role_of(origin) or role_by_name(origin)
        self._slice = which
        self._skip = skip

    def damages(self, progress: Callable[[int], None] = lambda rows: None) -> Iterator[Damage]:
        """Yield rows that are not what the logs say; `progress` hears of rows looked at."""
        yield from self._batches()
        for log in self._store.logs():
            covered = self._catalogue.covered(log.id)
            batches = _Batches(self._db, log.id)
            for first in range(0, covered, _CHUNK):
                if self._slice.holds(first // _CHUNK):
                    last = min(first + _CHUNK, covered)
                    yield from self._entries(log, first, last, batches)
                    progress(last - first)
        orphans = "select id from record where wider not in (select id from record where wider is null) and id % ? = ?"
        for (id,) in self._db.execute(orphans, (self._slice.of, self._slice.number - 1)).fetchall():
            yield Damage("", CATALOGUE, id, id, -1, f"{ORPHAN}: a narrower view of no record")
        for ids in self._chosen():
            yield from self._records(ids)
            yield from self._index(list(ids.values()))
            progress(len(ids))
        is_indexed = not self._db.execute("select 1 from dirty limit 1").fetchone()
        if self._slice.number == 1 and is_indexed and not indexing.is_counted(self._catalogue):
            yield Damage("", CATALOGUE, 0, 0, -1, f"{LEFT}: search reads rows of no record")

    def _batches(self) -> Iterator[Damage]:
        """Compare what was applied with the journal, row by row."""
        applied = self._db.execute("select id, log, first, last, applied_at, rules from batch order by id")
        for row in applied:
            known = journal.row(self._store, row[0])
            if known is None or (known.id, known.log, known.first, known.last, known.applied_at, known.rules) != row:
                yield Damage("", CATALOGUE, row[0], row[0], -1, f"{BATCH}: not what the journal says")

    # -- what entries are worth ---------------------------------------------------------------------------------------

    def _entries(self, log: Log, first: int, last: int, batches: "_Batches") -> Iterator[Damage]:
        known = published.known(self._catalogue)
        judged = judgement.judge(self._store, log, first, last, self._role_of(log.origin), known)
        judged = decisions.honour(self._store, self._catalogue, log, first, last, judged, self._me)
        wrong = _due(judged, batches) ^ self._rows(key(log.id, first), key(log.id, last))
        for index in sorted({index_of(row[1]) for row in wrong}):
            if (log.id, index) not in self._skip:
                yield Damage(log.origin, CATALOGUE, index, index + 1, -1, f"{ENTRY}: its rows are not what it says")

    def _rows(self, start: int, end: int) -> set[Row]:
        """Return the rows that hang on entries, as `_due` makes them."""
        span = (start, end)
        found: set[Row] = set()
        for name, query in (
            (
                "assertion",
                "select assertion.id, coalesce(key, ''), assertion.views, op, batch from assertion left join record "
                "on record.id = assertion.record where assertion.id >= ? and assertion.id < ?",
            ),
            ("waiting", "select id from waiting where id >= ? and id < ?"),
            ("quarantine", "select id, key, findings, batch from quarantine where id >= ? and id < ?"),
            ("stated", "select id, kind, about, idx, part, word, batch from stated where id >= ? and id < ?"),
        ):
            found.update((name, *row) for row in self._db.execute(query, span))
        return found

    # -- records ------------------------------------------------------------------------------------------------------

    def _chosen(self) -> Iterator[dict[str, int]]:
        """Yield the records of the slice, by key, in batches; also what bears no row of its own any more."""
        last = -1
        while rows := self._db.execute(
            "select id, key from record where wider is null and id > ? and id % ? = ? order by id limit ?",
            (last, self._slice.of, self._slice.number - 1, _BATCH),
        ).fetchall():
            last = rows[-1][0]
            yield {name: id for id, name in rows if not self._is_skipped(id)}

    def _is_skipped(self, record: int) -> bool:
        if not self._skip:
            return False
        parts = self._db.execute("select id from assertion where record = ?", (record,)).fetchall()
        return any((id >> 40, index_of(id)) in self._skip for (id,) in parts)

    def _records(self, ids: dict[str, int]) -> Iterator[Damage]:
        with _given_up(self._db):
            before = {table: self._of(table, ids.values()) for table in _RECORDS}
            composer = Composer(self._store, self._catalogue)
            composer.compose(ids, {})
            wrong = {
                id: table
                for table in reversed(_RECORDS)
                for id, rows in self._of(table, ids.values()).items()
                if rows != before[table][id]
            }
        for id, table in sorted(wrong.items()):
            yield Damage("", CATALOGUE, id, id, -1, f"{RECORD}: {table} is not what its entries say")

    def _of(self, table: str, ids: Iterable[int]) -> dict[int, list[Row]]:
        """Return the rows of a table that belong to records, by record."""
        found: dict[int, list[Row]] = {id: [] for id in ids}
        column = _RECORDS[table]
        for id, *row in self._catalogue.many(f"select {column}, * from {table} where {column} in ({{}})", list(found)):
            found[id].append(tuple(row))
        return {id: sorted(rows, key=repr) for id, rows in found.items()}

    # -- search -------------------------------------------------------------------------------------------------------

    def _index(self, ids: list[int]) -> Iterator[Damage]:
        dirty = {id for (id,) in self._db.execute("select record from dirty")}
        narrower = [id for (id,) in self._catalogue.many("select id from record where wider in ({})", ids)]
        clean = [id for id in [*ids, *narrower] if id not in dirty]
        for id in indexing.differing(self._store, self._catalogue, clean):
            yield Damage("", CATALOGUE, id, id, -1, f"{INDEX}: search reads something else")


class _Batches:
    """Which batch each entry of a log counts from: the newest that took it up."""

    def __init__(self, db: sqlite3.Connection, log: int):
        rows = db.execute("select id, first, last from batch where log = ? order by id", (log,)).fetchall()
        self._edges = sorted({edge for _id, first, last in rows for edge in (first, last)})
        self._newest = [0] * len(self._edges)
        for id, first, last in rows:
            for at in range(bisect_left(self._edges, first), bisect_left(self._edges, last)):
                self._newest[at] = id

    def of(self, id: int) -> int:
        """Return the batch of a part, by its id."""
        at = bisect_right(self._edges, index_of(id)) - 1
        return self._newest[at] if at >= 0 else 0


def _due(judged: Judged, batches: _Batches) -> set[Row]:
    """Return the rows that should hang on the entries that were judged."""
    records, said = statements.split(judged.statements)
    found: set[Row] = {
        ("assertion", one.id, one.record.key, one.views, int(one.record.op == "withdraw"), batches.of(one.id))
        for one in records
    }
    for one in said:
        found.add(("stated", one.id, one.kind, one.about, one.index, one.part, one.word, batches.of(one.id)))
    found.update(("waiting", id) for id in judged.waiting)
    found.update(("quarantine", *one, batches.of(one[0])) for one in judged.rejected)
    return found


def mend(catalogue: Catalogue, store: Store, found: Iterable[Damage]) -> int:
    """Have what a check found taken up again when the catalogue is brought up to date; return how many places.

    Batches, whose times are the journal's, and what is left of no record are not mended so: the catalogue must be
    made again.
    """
    count = 0
    with catalogue.write():
        for one in found:
            word = one.detail.partition(":")[0]
            log = store.log(one.origin)
            if word == ENTRY and log is not None:
                _retake(catalogue, log, one.first)
            elif word == RECORD:
                catalogue.stale([one.first])
            elif word == INDEX:
                indexing.again(store, catalogue, one.first)
            elif word == ORPHAN:
                _remove(catalogue, "id = ?", one.first)
            count += word in (ENTRY, RECORD, INDEX, ORPHAN)
    return count


def _remove(catalogue: Catalogue, where: str, record: int) -> None:
    """Take rows out of `record`, and have search forget them."""
    catalogue.db.execute(f"insert or ignore into dirty(record) select id from record where {where}", (record,))
    catalogue.db.execute(f"delete from record where {where}", (record,))


def _retake(catalogue: Catalogue, log: Log, index: int) -> None:
    """Have an entry judged again, and everything that stands under the same records."""
    db = catalogue.db
    span = (key(log.id, index), key(log.id, index + 1))
    records = db.execute("select distinct record from assertion where id >= ? and id < ?", span).fetchall()
    db.execute("insert or ignore into retake(log, idx) values (?, ?)", (log.id, index))
    for (record,) in records:
        if db.execute("select 1 from record where id = ?", (record,)).fetchone() is None:
            for table in ("claim", "loose", "joined", "about"):  # what hangs on a record that is gone goes as well
                db.execute(f"delete from {table} where record = ?", (record,))
            _remove(catalogue, "wider = ?", record)
        db.execute("insert or ignore into dirty(record) values (?)", (record,))  # so that search forgets it
        for (id,) in db.execute("select id from assertion where record = ?", (record,)).fetchall():
            db.execute("insert or ignore into retake(log, idx) values (?, ?)", (id >> 40, index_of(id)))


@contextmanager
def _given_up(db: sqlite3.Connection) -> Iterator[None]:
    """A transaction of which nothing remains."""
    db.execute("begin immediate")
    try:
        yield
    finally:
        db.execute("rollback")
