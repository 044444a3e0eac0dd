"""Keys put together from all their current statements, with everything else that follows from them.

What a key rests on besides its statements (joined keys, events, registered names) is read as it is now. So whoever
changes that has the key put together again (`Catalogue.stale`), and the result is the same whatever came first.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from catalog import aliases, events, organisations, published, schema, standing, views
from catalog.aliases import Joins
from catalog.bodies import Bodies, held
from catalog.catalogue import Catalogue
from catalog.sources import Sources
from catalog.standing import Held, Standing
from records import merge, view
from records.body import Record
from records.merge import Merged
from sync.origin import generation
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


@dataclass(slots=True)
class Links:
    """What follows from new rights and events: claims (alias, record, views), loose keys (record, alias), events."""

    claims: list[tuple[str, int, int]] = field(default_factory=list)
    loose: list[tuple[int, str]] = field(default_factory=list)
    about: list[tuple[str, int]] = field(default_factory=list)  # (right, record)


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

    def new_ids(self, count: int) -> range:
        """Return ids that no record has, in this transaction or before it."""
        if not self._next_id:
            (self._next_id,) = self._db.execute("select coalesce(max(id), 0) + 1 from record").fetchone()
        self._next_id += count
        return range(self._next_id - count, self._next_id)

    def put(self, rows: list[tuple]) -> None:
        """Write whole rows."""
        self._db.executemany(_PUT, rows)
        self._dirty.update(row[0] for row in rows)

    def put_new(self, rows: list[tuple], links: Links) -> None:
        """Write the rows of new rights and events, and what follows from them."""
        self.put(rows)
        self._joins.add(links.claims, links.loose)
        if links.about:
            events.add(self._catalogue, links.about)
        if self._has_events:
            named = events.with_events(self._catalogue, [row[1] for row in rows])
            events.touch(self._catalogue, named)

    def compose(self, ids: dict[str, int], read: dict[int, Record]) -> None:
        """Put keys together, by key their record; bodies in `read`, by part, need not be loaded."""
        wanted = list(ids.values())
        own = held(self._catalogue, wanted, read)
        self._link(ids, own)
        self._joins.tell(wanted)
        parts, away = gathered(self._catalogue, wanted, read), self._joins.out_of(wanted)
        narrower: dict[int, list[int]] = {}
        for wider, id in self._catalogue.many("select wider, id from record where wider in ({}) order by id", wanted):
            narrower.setdefault(wider, []).append(id)
        written: list[tuple] = []
        gone: list[int] = []
        for name, record in ids.items():
            rows = self._rows(name, record, parts[record])
            if away.get(record, 0) & views.FULL and own[record]:  # what the full view shows is another key
                rows.insert(0, self._joined(name, own[record], away[record]))
            free = narrower.get(record, [])
            written += self._placed(name, record, rows, free)
            gone += free if rows else [record, *free]
        self._db.executemany("delete from record where id = ?", [(id,) for id in gone])
        self._dirty.update(gone)
        self.put(written)

    def _link(self, ids: dict[str, int], own: dict[int, list[Held]]) -> None:
        """Know what follows from the keys' own statements: what they claim, which are loose, whose events they are."""
        claims: dict[int, dict[str, int]] = {}
        loose = []
        for name, record in ids.items():
            said = self._said(own[record])
            kind = self.known.get(said[0][0].kind) if said else None
            if kind and kind.category == "event":
                live = [(one.fields, mask) for one, mask in said if one.op == "assert"]
                events.link(self._catalogue, record, {right for one, _ in live for right in events.rights(kind, one)})
            elif kind and aliases.is_loose(kind, name):
                loose.append((record, name))
            elif kind and kind.category == "right":
                mine = claims.setdefault(record, {})
                for fields, mask in self._counting(own[record]):
                    mine.update({alias: mine.get(alias, 0) | mask for alias in aliases.claimed(kind, fields)})
        self._joins.change(claims, loose)

    def _counting(self, own: list[Held]) -> Iterator[tuple[dict[str, Any], int]]:
        """Yield what is stated of a right under its own key by those whose word counts (merge.py), view by view."""
        for one_view in views.ALL:
            found = standing.assertions(own, one_view, self._load, self.sources)
            live = [one for one in found if one.record.op == "assert"]
            for one in [one for one in live if one.rank != merge.OTHER] or live:
                yield one.record.fields, one_view

    def _said(self, own: list[Held]) -> list[tuple[Record, int]]:
        """Return what is stated now under a key itself, with the views that show it."""
        shown: dict[tuple[int, ...], tuple[list[Held], int]] = {}
        for one_view in views.ALL:
            for parts in standing.current(own, one_view):
                ids = tuple(part.id for part in parts)
                shown[ids] = parts, shown.get(ids, (parts, 0))[1] | one_view
        said = ((standing.stated(parts, self._load, self.sources), mask) for parts, mask in shown.values())
        return [(one.record, mask) for one, mask in said if one]

    def _rows(self, name: str, record: int, parts: list[Held]) -> list[tuple]:
        """Return the columns of the key's rows behind id, key and wider, the full view's first."""
        stands = standing.stands(parts, self._load, self.sources)
        self._know(name, stands[0].merged if stands else None)
        rows = []
        for one in stands:
            for followed, mask in self._followed(name, record, one, parts).items():
                rows.append(standing.row(name, replace(one, views=mask), parts, self.known, followed))
        return rows

    def _know(self, name: str, merged: Merged | None) -> None:
        """Know the registered names and the kinds that a key states."""
        kind, fields = (merged.kind, merged.fields) if merged else (name.partition(":")[0], {})
        if kind == "organisation":
            organisations.know(self._catalogue, name, fields)
        elif kind == published.NAME:
            published.know(self._catalogue, name, fields)

    def _followed(self, name: str, record: int, one: Standing, parts: list[Held]) -> dict[tuple[str, str], int]:
        """Return the status that events give a right, and whose, in which views of a standing, the full one first.

        Where an authority or an owner states the right, the word of anybody else changes nothing.
        """
        kind = self.known.get(one.merged.kind)
        if not (self._has_events and kind and kind.category == "right" and one.merged.fields):
            return {("", ""): one.views}
        if view.columns(one.record(name), self.known).status:
            return {("", ""): one.views}
        found: dict[tuple[str, str], int] = {}
        for one_view in reversed(views.ALL):
            if one.views & one_view:
                told = events.told(self._catalogue, name, record, one_view)
                followed = self._first(told, parts, one_view) if told else ("", "")
                found[followed] = found.get(followed, 0) | one_view
        return found

    def _first(self, told: list[tuple[str, str, str]], parts: list[Held], one_view: int) -> tuple[str, str]:
        """Return the status of the newest of these events whose word counts, and its key."""
        speakers = standing.speakers(parts, one_view, self._load, self.sources)
        for status, event, origin in told:
            if not speakers or generation(origin)[0] in speakers or merge.is_authority(self.sources.source(origin)):
                return status, event
        return "", ""

    def _joined(self, name: str, own: list[Held], mask: int) -> tuple:
        """Return the columns of the row that keeps the id of a key that stands elsewhere in the full view."""
        said = own[0].record or self._load(own[0].id)
        times = [one.applied_at for one in own]
        record = Record(name, "assert", said.kind if said else "", 1)
        return standing.shape(record, mask, "", "joined", min(times), max(times), self.known)

    def _placed(self, name: str, record: int, rows: list[tuple], free: list[int]) -> list[tuple]:
        """Return whole rows, with the ids that the key has, which are taken out of `free`, and new ones."""
        found: list[tuple] = []
        for row in rows:
            id = record if not found else free.pop(0) if free else self.new_ids(1)[0]
            found.append((id, name, record if found else None, *row))
        if not found:
            self._joins.forget(record)
            events.link(self._catalogue, record, ())
        return found

    def finish(self) -> None:
        """Mark what must be indexed."""
        self._db.executemany("insert or ignore into dirty(record) values (?)", [(one,) for one in sorted(self._dirty)])
