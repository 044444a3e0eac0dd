"""What hangs on entries: the index of control entries, parts, and wants, compared with what the entries state.

An entry that is damaged itself states nothing: what hangs on it is looked at once it is whole.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sync import control, damage, entry
from sync.damage import Damage
from sync.rows import snapshot
from sync.schema import INDEX_SHIFT, LOG_SHIFT, index_of, key
from sync.store import Log, Store

_PART_MASK = (1 << INDEX_SHIFT) - 1


@dataclass
class Belongings:
    """What belongs to the entries of one log. `due` tells by audience and index whether a part belongs here."""

    store: Store
    log: Log
    committer: entry.Committer
    due: Callable[[str, int], bool]

    def damages(self, first: int, last: int, held: Mapping[int, bytes]) -> Iterator[Damage]:
        """Yield what is damaged of what belongs to the entries [first, last); `held` are those that are whole."""
        yield from self._controls(first, last, held)
        yield from self._parts(first, last, held)

    def _controls(self, first: int, last: int, held: Mapping[int, bytes]) -> Iterator[Damage]:
        found = self.store.db.execute(
            "select id, log, what, about, entry from control where id >= ? and id < ?",
            (key(self.log.id, first), key(self.log.id, last)),
        ).fetchall()
        indexed = {index_of(id): tuple(rest) for id, *rest in found}
        stated = {index for index, raw in held.items() if raw[1] == entry.CONTROL}
        for index in sorted(stated | (indexed.keys() & held.keys())):
            if index not in stated:
                yield Damage(self.log.origin, damage.CONTROL, index, index + 1, -1, "no control entry")
            elif indexed.get(index) != control_row(self.log, held[index]):
                yield Damage(self.log.origin, damage.CONTROL, index, index + 1, -1, "not what the entry says")

    def _parts(self, first: int, last: int, held: Mapping[int, bytes]) -> Iterator[Damage]:
        """Compare parts with the commitments of their entries, and what is due with what is held or wanted."""
        span = (key(self.log.id, first), key(self.log.id, last))
        base = self.log.id << LOG_SHIFT
        here = set()
        stated = {index: entry.commitments(raw)[1] for index, raw in held.items()}
        opens = self.committer.opens
        for id, content in self.store.db.execute("select id, content from part where id >= ? and id < ?", span):
            here.add(id)
            index, number = (id - base) >> INDEX_SHIFT, id & _PART_MASK
            named = stated.get(index)
            if named is None:
                continue  # its entry is damaged: it is looked at once that is whole
            if number >= len(named):
                yield Damage(self.log.origin, damage.PART, index, index + 1, number, "of no part of its entry")
            elif not (isinstance(content, bytes) and opens(named[number][1], named[number][0], content)):
                yield Damage(self.log.origin, damage.PART, index, index + 1, number, "not what the entry committed to")
        yield from self._wants(span, stated, here)

    def _wants(
        self, span: tuple[int, int], stated: Mapping[int, Iterable[tuple[str, bytes]]], here: set[int]
    ) -> Iterator[Damage]:
        wanted = dict(
            self.store.db.execute("select id, audience from wanted where id >= ? and id < ?", span).fetchall()
        )
        gone = self._tombstones(span)
        first, origin, due = key(self.log.id, 0), self.log.origin, self.due
        for index, named in stated.items():
            for number, (audience, _commitment) in enumerate(named):
                id = first + (index << INDEX_SHIFT) + number
                if id in wanted:
                    if wanted.pop(id) != audience or id in here:
                        yield Damage(origin, damage.WANTED, index, index + 1, number, "held, or of another audience")
                elif id not in here and id not in gone and due(audience, index):
                    yield Damage(origin, damage.PART, index, index + 1, number, "missing")
        for id in wanted:
            if index_of(id) in stated:
                number = id & _PART_MASK
                yield Damage(origin, damage.WANTED, index_of(id), index_of(id) + 1, number, "of no part of its entry")

    def _tombstones(self, span: tuple[int, int]) -> set[int]:
        """Return the parts that were erased here, by row id."""
        return {id for (id,) in self.store.db.execute("select id from tombstone where id >= ? and id < ?", span)}

    def behind(self, end: int) -> Iterator[Damage]:
        """Yield what is kept of entries that the log does not have."""
        span = (key(self.log.id, end), key(self.log.id + 1, 0))
        with snapshot(self.store):
            held = self.store.log(self.log.origin)
            if held is None or held.next_entry > end:
                return  # it has grown since
            for table, what in (("part", damage.PART), ("wanted", damage.WANTED), ("control", damage.CONTROL)):
                for (id,) in self.store.db.execute(f"select id from {table} where id >= ? and id < ?", span).fetchall():
                    number = -1 if what == damage.CONTROL else id & _PART_MASK
                    yield Damage(
                        self.log.origin, what, index_of(id), index_of(id) + 1, number, "of no part of its entry"
                    )


def control_row(log: Log, raw: bytes) -> tuple[int, str, str, bytes]:
    """Return what the index of control entries holds of an entry: log, what it states, of whom, its bytes."""
    return (log.id, *control.describe(entry.Entry.decode(raw).control), raw)


def index_controls(store: Store, log: Log, first: int, entries: Sequence[bytes]) -> None:
    """Write the index of control entries anew for these entries, from `first` on."""
    span = (key(log.id, first), key(log.id, first + len(entries)))
    store.db.execute("delete from control where id >= ? and id < ?", span)
    rows = [
        (key(log.id, index), *control_row(log, raw))
        for index, raw in enumerate(entries, first)
        if raw[1] == entry.CONTROL
    ]
    store.db.executemany("insert into control(id, log, what, about, entry) values (?, ?, ?, ?, ?)", rows)
