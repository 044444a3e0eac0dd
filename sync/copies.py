"""Notes mended from a copy of them: a head, a receipt or a proof of a registration whose row is damaged.

Nothing is signed here. What no copy is kept of goes, and comes again from whoever signed it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sync import damage, lockrow, signed
from sync.damage import AWAY, HERE, Book, Damage
from sync.head import Head, Receipt
from sync.lock import HeadLock
from sync.registry import Registry
from sync.signed import Keys
from sync.store import Log, Store


@dataclass(frozen=True)
class Copies:
    """The notes of one store. Each step is inside a transaction and returns how, nothing for what is not whole yet."""

    store: Store
    registry: Registry
    lock: HeadLock

    def head(self, log: Log, one: Damage) -> str:
        keys = Keys(self.store, self.registry)
        kept = list(signed.heads(self.store, keys, log))
        mine = next((each for each in kept if (each.table, each.row) == (one.what, one.part)), None)
        if mine is None:
            return AWAY
        whole = mine.opened or self._same(log, mine, kept, keys)
        if whole is None or self._is_kept_twice(log, one, whole):
            return self._remove(one.what, one)
        self.store.db.execute(
            f"update {one.what} set size = ?, root = ?, time = ?, note = ? where rowid = ?",
            (whole.size, whole.root, whole.time_s, whole.note, one.part),
        )
        return HERE

    def _same(self, log: Log, mine: signed.Kept, kept: Sequence[signed.Kept], keys: Keys) -> Head | None:
        """Return another note of the same promise; one's own newest stands in head.lock as well."""
        locked = lockrow.of(self.lock, keys, self.registry.me, log.origin)
        others = [each.opened for each in kept if each.opened is not None]
        if locked is not None and locked.opened is not None and log.origin == self.registry.me:
            others.append(locked.opened)
        return next((each for each in others if each.size == mine.size), None)

    def _is_kept_twice(self, log: Log, one: Damage, whole: Head) -> bool:
        """Tell whether another row of the sightings says the same, so that mending would make a second one."""
        if one.what != damage.SIGHTING:
            return False
        found = self.store.db.execute(
            "select 1 from sighting where log = ? and size = ? and root = ? and rowid <> ? "
            "and path = (select path from sighting where rowid = ?)",
            (log.id, whole.size, whole.root, one.part, one.part),
        )
        return found.fetchone() is not None

    def receipt(self, log: Log, one: Damage) -> str:
        """The newest or the first note of a receipt stands for the other; ours stands in head.lock as well.

        Without any the row goes: a parent gives a new receipt for what it holds.
        """
        row = self.store.db.execute("select first_note, note from receipt where rowid = ?", (one.part,)).fetchone()
        if row is None:
            return AWAY
        keys = Keys(self.store, self.registry)
        signer = next(filter(None, map(signed.signer_of, row)), "")
        whole = [each for each in (keys.receipt(raw, signer, log.origin) for raw in row if signer) if each]
        locked = lockrow.of(self.lock, keys, self.registry.me, log.origin)
        if not whole and locked and isinstance(locked.opened, Receipt) and locked.opened.size == one.first:
            whole = [locked.opened]
        if not whole:
            return self._remove(one.what, one)
        first, last = whole[0], whole[-1]
        values = (last.signer, last.size, first.time_s, first.note, last.time_s, last.note)
        self.store.db.execute(
            "update or replace receipt set signer = ?, size = ?, first_time = ?, first_note = ?, time = ?, note = ? "
            "where rowid = ?",
            (*values, one.part),
        )
        return HERE

    def lock_row(self, one: Damage) -> str:
        """A row of head.lock by the half of it that is whole, or by log.db; missing entries are not its fault."""
        keys = Keys(self.store, self.registry)
        return lockrow.mend(self.lock, self.store, keys, self.registry.me, one.part) if one.part >= 0 else ""

    def introduction(self, one: Damage) -> str:
        """A proof whose registrar was read wrongly is whole again once that is; only then does one that is not go."""
        keys = Keys(self.store, self.registry)
        if not any(each.part == one.part for each in signed.introductions(self.store, keys)):
            return HERE
        if any(Book(self.store).open(what=what) for what in (damage.CONTROL, damage.ENTRIES)):
            return ""
        return self._remove("introduction", one)

    def _remove(self, table: str, one: Damage) -> str:
        """Take a row out that nothing here can mend; it comes again from whoever signed it."""
        self.store.db.execute(f"delete from {table} where rowid = ?", (one.part,))
        return AWAY
