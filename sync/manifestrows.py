"""Manifests as they are kept: what their entries state, and rows that give the root in these."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from sync import damage, proof, rollcall, tree, turned
from sync.damage import AWAY, HERE, Book, Damage
from sync.errors import BadProof, SyncError
from sync.manifest import Leaves, Row
from sync.registry import Registry
from sync.store import Log, Store

_MOST_TRIED = 300_000  # bits of a manifest's rows


@dataclass(frozen=True)
class ManifestRows:
    """The tables `manifest` and `manifest_row` of one store."""

    store: Store
    registry: Registry

    def damages(self) -> Iterator[Damage]:
        rows = self._all_rows()
        for log in self.store.logs():
            held = self.store.db.execute("select idx from manifest where log = ?", (log.id,)).fetchall()
            kept = {index for (index,) in held} | {index for log_id, index in rows if log_id == log.id}
            for index in sorted(kept):
                if not self._is_stated(log, index, rows.get((log.id, index), [])):
                    yield Damage(log.origin, damage.MANIFEST, index, index + 1, -1, "not what its entry states")

    def _all_rows(self) -> dict[tuple[int, int], list[tuple[str, bytes]]]:
        """Return (origin, row) by log and index, in order, as they stand in the table itself."""
        found: dict[tuple[int, int], list[tuple[str, bytes]]] = {}
        rows = self.store.db.execute(
            "select log, idx, origin, row from manifest_row not indexed order by log, idx, origin"
        )
        for log, index, origin, raw in rows:
            found.setdefault((log, index), []).append((origin, raw))
        return found

    def _is_stated(self, log: Log, index: int, rows: Sequence[tuple[str, bytes]]) -> bool:
        columns = self.store.db.execute(
            "select night, count, root from manifest where log = ? and idx = ?", (log.id, index)
        ).fetchone()
        try:
            said, _made_at = rollcall.statement(self.store, log, index)
        except SyncError:
            return False
        is_named = all(_name(raw) == origin for origin, raw in rows)
        return columns == (said.night, said.count, said.root) and is_named and _root(rows) == (said.count, said.root)

    def mend(self, one: Damage) -> str:
        """Its numbers are in its entry; of its rows one bit may have turned. Else the child brings it again."""
        log, db = self.store.log(one.origin), self.store.db
        found = self._all_rows().get((log.id, one.first), []) if log else []
        if log is None or self._is_stated(log, one.first, found):
            return HERE
        if any(each.first == one.first for each in Book(self.store).open(one.origin, damage.CONTROL)):
            return ""
        for table in ("manifest", "manifest_row"):
            db.execute(f"delete from {table} where log = ? and idx = ?", (log.id, one.first))
        try:
            said, _made_at = rollcall.statement(self.store, log, one.first)
        except SyncError:
            return AWAY
        rows = _whole(found, said.count, said.root)
        if rows is None:
            return AWAY
        rollcall.keep(self.store, log, one.first, said, rows)
        return HERE


def _name(raw: object) -> str:
    try:
        return Row.decode(raw).origin if isinstance(raw, bytes) else ""
    except SyncError:
        return ""


def _root(rows: Sequence[tuple[str, bytes]]) -> tuple[int, bytes]:
    return len(rows), Leaves([raw for _origin, raw in rows]).root


def _whole(found: Sequence[tuple[str, bytes]], count: int, root: bytes) -> list[bytes] | None:
    """Return the rows of a manifest in their order, one of them put right, if they give its root; None otherwise.

    They stand in the order of origins: of those beside them, or of those in them.
    """
    if len(found) != count or not all(isinstance(raw, bytes) for _origin, raw in found):
        return None
    rows = [raw for _origin, raw in found]
    for ordered in (rows, sorted(rows, key=_name)):
        if Leaves(ordered).root == root:
            return ordered
    return _turned_back(rows, count, root) if sum(map(len, rows)) * 8 <= _MOST_TRIED else None


def _turned_back(rows: list[bytes], count: int, root: bytes) -> list[bytes] | None:
    leaves = Leaves(rows)
    for place, raw in enumerate(rows):
        right = turned.back(raw, partial(_fits, place, count, leaves.prove(place), root))
        if right is not None:
            return [*rows[:place], right, *rows[place + 1 :]]
    return None


def _fits(place: int, count: int, hashes: Sequence[bytes], root: bytes, raw: bytes) -> bool:
    try:
        proof.check_inclusion(tree.leaf_hash(raw), place, count, hashes, root)
    except BadProof:
        return False
    return True
