"""What log.db keeps beside the logs, checked against what it was made of: evidence of forks, manifests, tombstones.

Each is a file with a hash, rows under a signed root, or follows from entries; so each can be checked by itself. What
is not right any more is turned back where one bit has turned, made again from entries, or taken out: whoever told it
tells it again.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sync import control, damage, forks
from sync.bundles import Bundles
from sync.control import Genesis
from sync.damage import AWAY, HERE, Damage
from sync.errors import SyncError
from sync.forkrows import ForkRows
from sync.manifestrows import ManifestRows
from sync.registry import Registry
from sync.rows import snapshot
from sync.schema import key
from sync.store import Log, Store
from sync.tombstones import Tombstones

_KEYED = ("bundle", "part", "wanted", "control", "tombstone")  # by the id of a log and the index within it
_NAMED = ("head", "sighting", "receipt", "node", "tip", "manifest", "manifest_row")  # by the id of a log


@dataclass(frozen=True)
class Annex:
    """What one store keeps beside its logs."""

    store: Store
    registry: Registry

    @property
    def _forks(self) -> ForkRows:
        return ForkRows(self.store, self.registry)

    @property
    def _manifests(self) -> ManifestRows:
        return ManifestRows(self.store, self.registry)

    @property
    def _tombstones(self) -> Tombstones:
        return Tombstones(self.store, self.registry)

    def damages(self) -> Iterator[Damage]:
        """Yield what is damaged."""
        with snapshot(self.store):
            found = [*self._names()]
            for room in (self._forks, self._manifests, self._tombstones):
                found += room.damages()
            found += [*self._tips(), *self._strays()]
        yield from found

    def mend(self, one: Damage) -> str:
        """Mend one place inside a transaction; return how, nothing for what must wait."""
        steps: dict[str, Callable[[Damage], str]] = {
            damage.FORK: self._forks.mend,
            damage.MANIFEST: self._manifests.mend,
            damage.TOMBSTONE: self._tombstones.mend,
            damage.TIP: self._mend_tip,
            damage.STRAY: self._mend_stray,
            damage.NAME: self._mend_name,
        }
        return steps[one.what](one)

    # -- whose log it is ---------------------------------------------------------------------------------------------

    def _names(self) -> Iterator[Damage]:
        """Compare the name of each log with its first entry, which says whose it is."""
        named = dict(self.store.db.execute("select id, origin from log not indexed").fetchall())
        for log in self.store.logs():
            origin = self._owner(log)
            if origin and origin != named[log.id]:
                yield Damage(origin, damage.NAME, 0, 0, log.id, f"stands as {named[log.id]!r:.200}")

    def _owner(self, log: Log) -> str:
        try:
            raw = Bundles(self.store, log).entries(0, 1)
            said = control.decode(control.body_of(raw[0])) if raw else None
        except SyncError:
            return ""
        return said.origin if isinstance(said, Genesis) else ""

    def _mend_name(self, one: Damage) -> str:
        """Name the log as its owner does, unless another one stands under that name by now."""
        taken = self.store.db.execute("select id from log not indexed where origin = ?", (one.origin,)).fetchone()
        if taken is None:
            self.store.db.execute("update log set origin = ? where id = ?", (one.origin, one.part))
        return HERE if taken is None or taken[0] == one.part else ""

    # -- where uploads stand, and rows of nothing ---------------------------------------------------------------------

    def _tips(self) -> Iterator[Damage]:
        for log in self.store.logs():
            if not forks.is_tip_whole(self.store, log):
                yield Damage(log.origin, damage.TIP, 0, 0, -1, "does not lead to the head that it is for")

    def _mend_tip(self, one: Damage) -> str:
        """The next package of that upload makes it again."""
        self.store.db.execute("delete from tip where log = (select id from log where origin = ?)", (one.origin,))
        return AWAY

    def _strays(self) -> Iterator[Damage]:
        for table, where, first in self._gaps():
            if self.store.db.execute(f"select 1 from {table} where {where} limit 1").fetchone():
                yield Damage("", damage.STRAY, first, first, -1, f"{table}: rows of no log")

        for table in ("head", "sighting"):
            rows = self.store.db.execute(f"select rowid, path from {table} not indexed where path <> ''").fetchall()
            for row, path in rows:
                if not self._is_known(path):
                    yield Damage("", damage.STRAY, 0, 0, row, f"{table}: came by nobody")

    def _is_known(self, path: object) -> bool:
        try:
            return isinstance(path, str) and bool(self.store.log(path) or self.registry.find(path))
        except SyncError:  # what registers it is damaged itself
            return True

    def _gaps(self) -> Iterator[tuple[str, str, int]]:
        """Yield (table, condition of ours, log) for what lies between the logs that are known."""
        ids = sorted(log.id for log in self.store.logs())
        edges = list(zip([0, *(id + 1 for id in ids)], [*ids, 1 << 22], strict=True))
        for begin, end in edges:
            for table in _KEYED:
                yield table, f"id >= {key(begin, 0)} and id < {key(end, 0)}", begin
            for table in _NAMED:
                yield table, f"log >= {begin} and log < {end}", begin

    def _mend_stray(self, one: Damage) -> str:
        table = one.detail.partition(":")[0]
        if one.part >= 0:
            self.store.db.execute(f"delete from {table} where rowid = ?", (one.part,))
            return AWAY
        for name, where, first in self._gaps():
            if (name, first) == (table, one.first):
                self.store.db.execute(f"delete from {table} where {where}")
        return AWAY
