"""A child's own row in its parent's nightly manifest, compared with what is known here (rollcall.py)."""

from dataclasses import dataclass

from sync import control, rollcall
from sync.bundles import Bundles
from sync.errors import Malformed
from sync.manifest import Row, check_row, keys_hash
from sync.registry import Registry
from sync.schema import key
from sync.store import Log, Store


@dataclass(frozen=True, slots=True)
class Shown:
    """The own row as the parent shows it: of entry `index` of its log, at `place`, with its proof."""

    index: int
    place: int
    row: bytes
    proof: tuple[bytes, ...]


def checked(store: Store, parent: str) -> int:
    """Return 1 + index of the parent's manifest in which the own row was checked last; 0 for none."""
    return int(store.meta(f"manifest:{parent}") or b"0")


def check_own_row(store: Store, registry: Registry, parent: str, shown: Shown | None) -> None:
    """Compare the own row in the parent's newest manifest with what is known here, and alarm for what differs.

    The parent's log must have been fetched up to the head that came with `shown`. Raises Malformed, BadProof.
    """
    log = store.log(parent)
    last = rollcall.newest_statement(store, log, log.stored) if log else None
    if log is None or last is None or last[0] < checked(store, parent):
        return
    me = registry.me
    if not _registered_as(store, log, last[0], me)[0]:
        return  # registered there since: the next manifest has a row
    if shown is None or shown.index < last[0]:
        with store.write():
            store.alarm("no-row", parent, f"shows no row on {me} in the manifest at entry {last[0]} of its log")
        return
    said, made_at = rollcall.statement(store, log, shown.index)
    row = check_row(shown.row, shown.place, shown.proof, said)
    if row.origin != me:
        raise Malformed("manifest row", f"on {row.origin}")
    problems = _problems(store, log, shown.index, row, made_at)
    with store.write():
        for one in problems:
            store.alarm("manifest-differs", parent, f"our row in its manifest of {said.night} {one}")
        store.set_meta(f"manifest:{parent}", str(shown.index + 1).encode())


def _problems(store: Store, log: Log, index: int, row: Row, made_at: int) -> list[str]:
    own = store.log(row.origin)
    assert own is not None
    found = []
    promised = store.size_before(own, log.origin, made_at)
    if row.size < promised:
        found.append(f"says {row.size} entries; it gave us a receipt for {promised} before")
    if row.size <= own.next_entry and Bundles(store, own).root(row.size) != row.root:
        found.append(f"has another root at size {row.size} than our log")
    status, keys = _registered_as(store, log, index, row.origin)
    if row.status != status:
        found.append(f"says {row.status}; its log registers us as {status}")
    if keys is not None and row.keys != keys:
        found.append("has other keys than its log registers for us")
    return found


def _registered_as(store: Store, log: Log, index: int, me: str) -> tuple[str, bytes | None]:
    """Return the status that a parent's log gives before its entry `index`, and the keys' hash where it is the home."""
    rows = store.db.execute(
        "select entry from control where about = ? and what in ('node', 'member') and log = ? and id < ? "
        "order by id desc limit 1",
        (me, log.id, key(log.id, index)),
    ).fetchall()
    said = control.decode(control.body_of(rows[0][0])) if rows else None
    if isinstance(said, control.Node):
        return said.status, keys_hash(said)
    return (said.status, None) if isinstance(said, control.Member) else ("", None)
