"""What others and we have signed, as it is kept: each note is opened again, and the columns beside it are compared.

Rows are read without indexes, which repeat columns and may be whole where the row is not.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sync import control, damage, head, proved
from sync.damage import Damage
from sync.errors import BadSignature, SyncError
from sync.head import Head, Receipt
from sync.note import Note, VerifierKey
from sync.registry import Registry
from sync.store import Log, Store

_ALWAYS_S = 2**62  # whether a receipt was from the future was asked when it came
COLUMNS = "not what its note says"
NOTE = "its signatures do not verify"

LogKeys = tuple[VerifierKey, ...]


class Keys:
    """Every key that an origin was ever registered with, as far as is known here: old notes are by old keys."""

    def __init__(self, store: Store, registry: Registry):
        self._store = store
        self._registry = registry
        self._known: dict[str, tuple[list[LogKeys], list[VerifierKey]]] = {}

    def _of(self, origin: str) -> tuple[list[LogKeys], list[VerifierKey]]:
        """Return the pairs of log keys and the mirror keys of an origin."""
        if origin not in self._known:
            log_keys: dict[LogKeys, None] = {}
            mirror_keys: dict[VerifierKey, None] = {}
            for pair, mirror_key in [*self._eras(origin), *self._stated(origin)]:
                log_keys[pair] = None
                if mirror_key is not None:
                    mirror_keys[mirror_key] = None
            self._known[origin] = list(log_keys), list(mirror_keys)
        return self._known[origin]

    def _eras(self, origin: str) -> Iterator[tuple[LogKeys, VerifierKey | None]]:
        try:
            for era in self._registry.eras(origin):
                yield era.log_keys, era.mirror_key
        except SyncError:  # what registers it is damaged itself
            return

    def _stated(self, origin: str) -> Iterator[tuple[LogKeys, VerifierKey | None]]:
        """Yield also keys that count for nothing any more: a note may be whole and prove nothing.

        A node that was registered a moment ago has its own keys from its genesis.
        """
        rows = self._store.db.execute(
            "select entry from control where about = ? and what in ('node', 'rotate', 'genesis') order by id desc",
            (origin,),
        )
        for (raw,) in rows.fetchall():
            try:
                said = control.decode(control.body_of(raw))
            except SyncError:
                continue
            if isinstance(said, control.Node | control.Rotate | control.Genesis) and said.origin == origin:
                yield said.log_keys, None if isinstance(said, control.Genesis) else said.mirror_key

    def head(self, raw: bytes, origin: str) -> Head | None:
        """Return the head of `origin` in a note, None where no key of it ever signed that."""
        for log_keys in self._of(origin)[0]:
            try:
                found = head.open_head(raw, log_keys)
            except SyncError:
                continue
            if found.origin == origin:
                return found
        return None

    def receipt(self, raw: bytes, signer: str, origin: str) -> Receipt | None:
        """Return the receipt by `signer` on the log `origin` in a note, None where no key of it ever signed that."""
        for mirror_key in self._of(signer)[1]:
            try:
                found = head.open_receipt(raw, signer, mirror_key, _ALWAYS_S)
            except SyncError:
                continue
            if found.origin == origin:
                return found
        return None

    def knows_log(self, origin: str) -> bool:
        return bool(self._of(origin)[0])

    def knows_mirror(self, origin: str) -> bool:
        return bool(self._of(origin)[1])

    def proves(self, raw: bytes, home: str, index: int, stated: bytes) -> bool:
        """Tell whether a tlog-proof shows that entry of the log `home`."""
        for log_keys in self._of(home)[0]:
            try:
                step = proved.open_entry(raw, log_keys)
            except BadSignature:
                continue
            except SyncError:
                return False
            return (step.head.origin, step.index, step.raw) == (home, index, stated)
        return False


@dataclass(frozen=True)
class Kept:
    """A row that keeps a note: where, what its columns say, and the note opened, None where it does not open."""

    table: str
    row: int
    size: int
    detail: str
    opened: Head | None


def heads(store: Store, keys: Keys, log: Log) -> Iterator[Kept]:
    """Yield the heads that are kept of a log, recorded ones and those that were only seen."""
    if not keys.knows_log(log.origin):
        return
    for table in (damage.HEAD, damage.SIGHTING):
        rows = store.db.execute(
            f"select rowid, size, root, time, note from {table} not indexed where log = ?", (log.id,)
        )
        for row, size, root, time_s, raw in rows.fetchall():
            found = keys.head(raw, log.origin) if isinstance(raw, bytes) else None
            same = found is not None and (found.size, found.root, found.time_s) == (size, root, time_s)
            yield Kept(table, row, size if isinstance(size, int) else 0, _why(found, same), found)


def receipts(store: Store, keys: Keys, log: Log) -> Iterator[Kept]:
    """Yield the receipts that are kept on a log, one for each row, with whichever of its two notes is whole."""
    columns = "rowid, signer, size, first_time, first_note, time, note"
    rows = store.db.execute(f"select {columns} from receipt not indexed where log = ?", (log.id,))
    for row, signer, size, first_time, first_note, time_s, raw in rows.fetchall():
        named = signer_of(first_note) or signer_of(raw) or signer
        if not keys.knows_mirror(named):
            continue
        notes = [keys.receipt(one, named, log.origin) if isinstance(one, bytes) else None for one in (first_note, raw)]
        whole = [one for one in notes if one is not None]
        stated = [(one.signer, one.size, one.time_s) for one in whole]
        same = stated == [(signer, size, first_time), (signer, size, time_s)]
        found = whole[0] if whole else None
        known = size if isinstance(size, int) else 0
        yield Kept(damage.RECEIPT, row, known, _why(found if len(whole) == 2 else None, same), found)


def signer_of(raw: object) -> str:
    """Return the origin that a receipt's note names as its signer; nothing where it cannot be read."""
    try:
        return Note.parse(raw).signatures[0].name.removesuffix("/mirror") if isinstance(raw, bytes) else ""
    except SyncError:
        return ""


def _why(found: Head | None, same: bool) -> str:
    return "" if same else COLUMNS if found is not None else NOTE


def damaged(log: Log, kept: Iterable[Kept]) -> Iterator[Damage]:
    """Yield those of the rows that are damaged."""
    for one in kept:
        if one.detail:
            yield Damage(log.origin, one.table, one.size, one.size, one.row, one.detail)


def introductions(store: Store, keys: Keys) -> Iterator[Damage]:
    """Yield the proofs of registrations that prove nothing any more."""
    rows = store.db.execute("select rowid, origin, home, idx, entry, proof from introduction not indexed")
    for row, origin, home, index, stated, raw in rows.fetchall():
        is_whole = isinstance(raw, bytes) and isinstance(stated, bytes) and keys.proves(raw, home, index, stated)
        if not is_whole or control.describe(control.body_of(stated))[1] != origin:
            yield Damage(origin, damage.INTRODUCTION, 0, 0, row, "proves no registration")
