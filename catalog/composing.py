"""Keys put together from all their current statements, with everything else that follows from them.

What a key rests on besides its statements (joined keys, events, registered names) is read as it is now. So whoever
changes that has the key put together again (`Catalogue.stale`), and the result is the same whatever came first.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache

from catalog import aliases, events, organisations, published, schema, standing, views
from catalog.aliases import Joins
from catalog.bodies import Bodies, held
from catalog.catalogue import Catalogue
from catalog.sources import Sources
from catalog.standing import Held, Standing
from records import view
from records.body import Record
from records.merge import Merged
from sync.store import Store

_PUT = f"insert or replace into record values ({','.join('?' * len(schema.RECORD_COLUMNS))})"
_STALE_BATCH = 512
_BODIES = 1024  # kept while one batch is put together


def gathered(catalogue: Catalogue, records: Sequence[int], read: dict[int, Record]) -> dict[int, list[Held]]:
    """Return by record the accepted parts that count for it: its own where it has joined no other, and its guests'."""
    joins = Joins(catalogue)
    found = held(catalogue, records, read)
    for record, mask in joins.out_of(records).items():
        found[record] = _seen(found[record], ~mask)
    guests = joins.into(records)
    of_guests = held(catalogue, [guest for many in guests.values() for guest, _ in many], read)
    for record, many in guests.items():
        found[record] += [part for guest, mask in many for part in _seen(of_guests[guest], mask)]
    return found


def _seen(parts: Iterable[Held], mask: int) -> list[Held]:
    return [replace(part, views=part.views & mask) for part in parts if part.views & mask]


def refresh(store: Store, catalogue: Catalogue) -> int:
    """Put together again some of what is stale, inside a transaction; return how many there were, 0 at the end."""
    rows = catalogue.db.execute("select record from stale order by record limit ?", (_STALE_BATCH,)).fetchall()
    catalogue.db.executemany("delete from stale where record = ?", rows)
    names = catalogue.many("select key, id from record where wider is null and id in ({})", [id for (id,) in rows])
    composer = Composer(store, catalogue)
    composer.compose(dict(names), {})
    composer.finish()
    return len(rows)


class Composer:
    """Writes the rows of keys in one transaction, and marks what must be indexed."""

    def __init__(self, store: Store, catalogue: Catalogue):
        self._catalogue = catalogue
        self._db = catalogue.db
        self._load = lru_cache(maxsize=_BODIES)(Bodies(store).load)
        self.sources = Sources(catalogue)
        self.known = self.sources.known
        self._joins = Joins(catalogue)
        self._dirty: set[int] = set()
        self._has_events = events.any_known(catalogue)
        self._next_id = 0

    def new_id(self) -> int:
        """Return an id that no record has had in this transaction or before."""
        if not self._next_id:
            (self._next_id,) = self._db.execute("select coalesce(max(id), 0) + 1 from record").fetchone()
        self._next_id += 1
        return self._next_id - 1

    def put(self, rows: list[tuple]) -> None:
        """Write whole rows."""
        self._db.executemany(_PUT, rows)
        self._dirty.update(row[0] for row in rows)

    def put_new(self, rows: list[tuple], claims: list[tuple[str, int, int]], about: list[tuple[str, int]]) -> None:
        """Write the rows of new rights and events, what rights claim (alias, record, views), whose events they are."""
        self.put(rows)
        self._joins.add(claims)
        if about:
            events.add(self._catalogue, about)
        if self._has_events:
            named = events.with_events(self._catalogue, [row[1] for row in rows])
            events.touch(self._catalogue, named)

    def compose(self, ids: dict[str, int], read: dict[int, Record]) -> None:
        """Put keys together, by key their record; bodies in `read`, by part, need not be loaded."""
        wanted = list(ids.values())
        own = held(self._catalogue, wanted, read)
        for name, record in ids.items():
            self._link(name, record, own[record])
        parts, away = gathered(self._catalogue, wanted, read), self._joins.out_of(wanted)
        narrower: dict[int, list[int]] = {}
        for wider, id in self._catalogue.many("select wider, id from record where wider in ({}) order by id", wanted):
            narrower.setdefault(wider, []).append(id)
        for name, record in ids.items():
            rows = self._rows(name, record, parts[record])
            if away.get(record, 0) & views.FULL and own[record]:  # what the full view shows is another key
                rows.insert(0, self._joined(name, own[record], away[record]))
            self._write(name, record, rows, narrower.get(record, []))

    def _link(self, name: str, record: int, own: list[Held]) -> None:
        """Know what follows from the key's own statements: what it claims, whose event it is."""
        claims: dict[str, int] = {}
        rights: set[str] = set()
        kind = None
        for one_view in views.ALL:
            for parts in standing.current(own, one_view):
                said = standing.stated(parts, self._load, self.sources)
                kind = self.known.get(said.record.kind) if said else kind
                if said and kind and said.record.op == "assert":
                    claims.update(
                        {alias: claims.get(alias, 0) | one_view for alias in aliases.claimed(kind, said.record.fields)}
                    )
                    rights.update(events.rights(kind, said.record.fields))
        if kind and kind.category == "right":
            self._joins.change(record, claims)
            if aliases.is_loose(kind, name):
                self._joins.loosen(record, name)
        elif kind and kind.category == "event":
            events.link(self._catalogue, record, rights)

    def _rows(self, name: str, record: int, parts: list[Held]) -> list[tuple]:
        """Return the columns of the key's rows behind id, key and wider, the full view's first."""
        stands = standing.stands(parts, self._load, self.sources)
        self._know(name, stands[0].merged if stands else None)
        rows = []
        for one in stands:
            for followed, mask in self._followed(name, record, one).items():
                rows.append(standing.row(name, replace(one, views=mask), parts, self.known, followed))
        return rows

    def _know(self, name: str, merged: Merged | None) -> None:
        """Know the registered names and the kinds that a key states."""
        kind, fields = (merged.kind, merged.fields) if merged else (name.partition(":")[0], {})
        if kind == "organisation":
            organisations.know(self._catalogue, name, fields)
        elif kind == published.NAME:
            published.know(self._catalogue, name, fields)

    def _followed(self, name: str, record: int, one: Standing) -> dict[tuple[str, str], int]:
        """Return the status that events give a right, and whose, in which views of a standing, the full one first."""
        kind = self.known.get(one.merged.kind)
        if not (self._has_events and kind and kind.category == "right" and one.merged.fields):
            return {("", ""): one.views}
        if view.columns(one.record(name), self.known).status:
            return {("", ""): one.views}
        found: dict[tuple[str, str], int] = {}
        for one_view in reversed(views.ALL):
            if one.views & one_view:
                followed = events.status(self._catalogue, name, record, one_view)
                found[followed] = found.get(followed, 0) | one_view
        return found

    def _joined(self, name: str, own: list[Held], mask: int) -> tuple:
        """Return the columns of the row that keeps the id of a key that stands elsewhere in the full view."""
        said = own[0].record or self._load(own[0].id)
        times = [one.applied_at for one in own]
        record = Record(name, "assert", said.kind if said else "", 1)
        return standing.shape(record, mask, "", "joined", min(times), max(times), self.known)

    def _write(self, name: str, record: int, rows: list[tuple], free: list[int]) -> None:
        written: list[tuple] = []
        for row in rows:
            id = record if not written else free.pop(0) if free else self.new_id()
            written.append((id, name, record if written else None, *row))
        gone = free if written else [record, *free]
        self._db.executemany("delete from record where id = ?", [(id,) for id in gone])
        self.put(written)
        self._dirty.update(gone)
        if not written:
            self._joins.forget(record)
            events.link(self._catalogue, record, ())

    def finish(self) -> None:
        """Mark what must be indexed."""
        self._db.executemany("insert or ignore into dirty(record) values (?)", [(one,) for one in sorted(self._dirty)])
