"""Tombstones as they are kept: each follows from a statement that asks for it, and none that counts is without one."""

from collections.abc import Iterator
from dataclasses import dataclass

from sync import control, damage, entry, erasing
from sync.bundles import Bundles
from sync.control import Erase, Erased
from sync.damage import AWAY, HERE, Book, Damage
from sync.errors import SyncError
from sync.registry import Registry
from sync.schema import INDEX_SHIFT, LOG_SHIFT, index_of, key
from sync.store import Log, Store

_PART = (1 << INDEX_SHIFT) - 1


@dataclass(frozen=True)
class Tombstones:
    """The table `tombstone` of one store."""

    store: Store
    registry: Registry

    def damages(self) -> Iterator[Damage]:
        """Compare tombstones with the statements that ask for them: one that nobody asked for hides a part."""
        stated, names = self._stated(), {log.id: log for log in self.store.logs()}
        held = {id: tuple(rest) for id, *rest in self.store.db.execute("select id, by, at, ground from tombstone")}
        for id, told in held.items():
            if id >> LOG_SHIFT in names and told not in [one.told for one in stated.get(id, ())]:
                why = "not what was stated" if id in stated else "nobody wants that part forgotten"
                yield _of_part(names[id >> LOG_SHIFT], id, why)
        if erasing.is_up_to_date(self.store, self.registry):
            for id in stated.keys() - held.keys():
                if any(one.counts for one in stated[id]) and self._is_part(names[id >> LOG_SHIFT], id):
                    yield _of_part(names[id >> LOG_SHIFT], id, "missing")

    def _is_part(self, log: Log, id: int) -> bool:
        """Tell whether there is such a part, or its entry has not come yet."""
        index = index_of(id)
        raw = Bundles(self.store, log).entries(index, index + 1) if index < log.next_entry else []
        return not raw or id & _PART < len(entry.commitments(raw[0])[1])

    def _stated(self) -> dict[int, list["_Asked"]]:
        """Return what is stated to be forgotten, or to have been, by the part's id, in the order of the rows."""
        logs = {log.id: log for log in self.store.logs()}
        named = {log.origin: log.id for log in logs.values()}
        found: dict[int, list[_Asked]] = {}
        rows = self.store.db.execute("select id, log, entry from control where what in ('erase', 'erased') order by id")
        for id, log_id, raw in rows.fetchall():
            said, author = _erasing(raw), logs.get(log_id)
            if author is None or said is None or said.origin not in named:
                continue
            if said.part > _PART or index_of(id) >= self.registry.believed(author):
                continue
            told = (author.origin, index_of(id), said.ground) if isinstance(said, Erase) else (said.by, said.at, "")
            counts = self._counts(author.origin, said)
            here = key(named[said.origin], said.index, said.part)
            found.setdefault(here, []).append(_Asked(told, counts))
        return found

    def _counts(self, author: str, said: Erase | Erased) -> bool:
        try:
            return erasing.may_ask(self.registry, author, said)
        except SyncError:  # who registers them is damaged itself
            return False

    def mend(self, one: Damage) -> str:
        """It follows from entries; while any of these is damaged, nothing is given free for the want of one."""
        log = self.store.log(one.origin)
        if log is None or any(Book(self.store).open(what=what) for what in (damage.CONTROL, damage.ENTRIES)):
            return ""
        id = key(log.id, one.first, one.part)
        stated = self._stated().get(id, [])
        if not stated:
            self.store.db.execute("delete from tombstone where id = ?", (id,))
            return AWAY
        self.store.db.execute("update tombstone set by = ?, at = ?, ground = ? where id = ?", (*stated[0].told, id))
        erasing.obey_again(self.store)  # the next session sets those that are missing, and takes their parts away
        return HERE if self.store.db.execute("select 1 from tombstone where id = ?", (id,)).fetchone() else ""


@dataclass(frozen=True, slots=True)
class _Asked:
    """A statement that a part is to be forgotten: what a tombstone says of it, and whether it counts today."""

    told: tuple[str, int, str]
    counts: bool


def _erasing(raw: object) -> Erase | Erased | None:
    try:
        said = control.decode(control.body_of(raw)) if isinstance(raw, bytes) else None
    except SyncError:
        return None
    return said if isinstance(said, Erase | Erased) else None


def _of_part(log: Log, id: int, why: str) -> Damage:
    return Damage(log.origin, damage.TOMBSTONE, index_of(id), index_of(id) + 1, id & _PART, why)
