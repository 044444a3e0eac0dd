"""The nightly roll call: what a node says of all that it registers, and how those above it check that.

Who is left out of a manifest, or said to have less than it has, finds it out: nobody above can do it in silence.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from sync import control, entry
from sync.bundles import Bundles
from sync.errors import BadProof, Conflict, Malformed
from sync.manifest import NO_HASH, Leaves, Row, keys_hash
from sync.ownlog import OwnLog
from sync.registry import Registry
from sync.schema import index_of, key
from sync.store import Log, Store
from sync.tree import EMPTY_ROOT

KEPT = 3  # manifests of one node whose rows are held
MAX_ROWS = 10_000  # in one message
_MOST_ALARMS = 20  # of one kind about one manifest

DigestOf = Callable[[str, int], bytes]  # log, size → digest of what is applied of it, zeros for unknown


@dataclass(frozen=True, slots=True)
class Held:
    """A manifest whose rows are held: entry `index` of its author's log."""

    index: int
    night: int
    count: int


@dataclass(frozen=True, slots=True)
class LeftOut:
    """`by` says that it has `size` entries of `origin`; `other` had `larger` already the night before."""

    by: str
    origin: str
    size: int
    other: str
    larger: int
    night: int


# -- saying it --------------------------------------------------------------------------------------------------------


def state(
    store: Store,
    own: OwnLog,
    registry: Registry,
    night: int,
    since_s: float = 0.0,
    digest_of: DigestOf = lambda origin, size: NO_HASH,
) -> int | None:
    """Add this night's manifest to the own log and keep its rows, in one transaction; return its index.

    None, and nothing is added, where that night has one already that was made after `since_s`, POSIX seconds.
    """
    log = own.log
    held = newest(store, log)
    if held is not None and held.night >= night and statement(store, log, held.index)[1] >= since_s:
        return None
    rows = [_row(store, registry, one, digest_of).encode() for one in registry.children()]
    said = control.Manifest(night, len(rows), Leaves(rows).root, _previous(store, log))
    return own.state(said, lambda index: keep(store, log, index, said, rows))


def _previous(store: Store, log: Log) -> int:
    last = newest_statement(store, log, log.next_entry)
    return last[0] + 1 if last else 0


def _row(store: Store, registry: Registry, child: control.Node | control.Member, digest_of: DigestOf) -> Row:
    log, known = store.log(child.origin), registry.find(child.origin)
    keys = keys_hash(known.node if known else None)
    if log is None:
        return Row(child.origin, 0, EMPTY_ROOT, child.status, False, keys, 0, NO_HASH, 0)
    bundles, receipt = Bundles(store, log), store.newest_receipt(log, registry.me)
    size, root, time_s = (receipt.size, receipt.root, receipt.time_s) if receipt else (0, EMPTY_ROOT, 0)
    digest = digest_of(child.origin, size) if size else NO_HASH
    return Row(child.origin, size, root, child.status, bool(log.frozen), keys, bundles.count_wanted(), digest, time_s)


def keep(store: Store, log: Log, index: int, said: control.Manifest, rows: Sequence[bytes]) -> None:
    """Keep a manifest whose rows were checked, and forget those before the newest few; inside `write()`."""
    db = store.db
    db.execute(
        "insert or replace into manifest(log, idx, night, count, root) values (?, ?, ?, ?, ?)",
        (log.id, index, said.night, said.count, said.root),
    )
    named = ((log.id, index, Row.decode(raw).origin, raw) for raw in rows)
    db.executemany("insert or replace into manifest_row(log, idx, origin, row) values (?, ?, ?, ?)", named)
    old = "log = ? and idx not in (select idx from manifest where log = ? order by idx desc limit ?)"
    for table in ("manifest_row", "manifest"):
        db.execute(f"delete from {table} where {old}", (log.id, log.id, KEPT))


# -- what is held -----------------------------------------------------------------------------------------------------


def held(store: Store, log: Log) -> list[Held]:
    """Return the manifests of one log whose rows are held, newest first."""
    rows = store.db.execute("select idx, night, count from manifest where log = ? order by idx desc", (log.id,))
    return [Held(*row) for row in rows]


def newest(store: Store, log: Log, below: int = 2**62) -> Held | None:
    """Return the newest of them whose entry is below that index."""
    return next((one for one in held(store, log) if one.index < below), None)


def rows_of(store: Store, log: Log, index: int) -> list[bytes]:
    """Return the rows of a manifest, by origin."""
    found = store.db.execute(
        "select row from manifest_row where log = ? and idx = ? order by origin", (log.id, index)
    ).fetchall()
    return [row for (row,) in found]


def row_on(store: Store, log: Log, index: int, origin: str) -> Row | None:
    """Return what a manifest says of one origin."""
    found = store.db.execute(
        "select row from manifest_row where log = ? and idx = ? and origin = ?", (log.id, index, origin)
    ).fetchone()
    return Row.decode(found[0]) if found else None


def proved_row(store: Store, log: Log, index: int, origin: str) -> tuple[int, bytes, list[bytes]] | None:
    """Return (place, row, inclusion proof) of what a manifest says of one origin."""
    rows = rows_of(store, log, index)
    for place, raw in enumerate(rows):
        if Row.decode(raw).origin == origin:
            return place, raw, Leaves(rows).prove(place)
    return None


def newest_statement(store: Store, log: Log, below: int) -> tuple[int, bytes] | None:
    """Return (index, entry) of the newest manifest in a log among its entries below that index."""
    row = store.db.execute(
        "select id, entry from control where about = '' and what = 'manifest' and log = ? and id < ? "
        "order by id desc limit 1",
        (log.id, key(log.id, below)),
    ).fetchone()
    return (index_of(row[0]), row[1]) if row else None


def statement(store: Store, log: Log, index: int) -> tuple[control.Manifest, int]:
    """Return the manifest that entry `index` states, and when it says that it was made (POSIX seconds)."""
    row = store.db.execute("select entry from control where id = ?", (key(log.id, index),)).fetchone()
    read = entry.Entry.decode(row[0]) if row else None
    said = control.decode(read.control) if read else None
    if read is None or not isinstance(said, control.Manifest):
        raise Malformed("manifest", f"entry {index} of {log.origin} states none")
    return said, read.time_ms // 1000


# -- above: rows that a child brings ----------------------------------------------------------------------------------


def take(store: Store, registry: Registry, child: str, index: int, rows: Iterable[bytes]) -> int:
    """Keep the rows of a child's manifest once they are what its entry states; alarm for what does not add up.

    It may leave out whom the hub has moved away from it, and may have said it before it heard of that.

    Raises Malformed, BadProof, and Conflict where the entry is not stored under a head; keeps nothing then.
    """
    log = store.log(child)
    if log is None or index >= log.stored:
        raise Conflict(index, log.stored if log else 0, log.next_entry if log else 0)
    said, _made_at = statement(store, log, index)
    registered = _registered(store, log, index)
    found: list[bytes] = []
    names: list[str] = []
    for raw in rows:
        name = Row.decode(raw).origin
        if len(found) == said.count or name not in registered or (names and names[-1] >= name):
            raise Malformed("manifest", f"a row too many, or out of order, or on one not registered: {name}")
        found.append(raw)
        names.append(name)
    if len(found) != said.count or Leaves(found).root != said.root:
        raise BadProof("the rows are not those that the manifest states")
    before = newest(store, log, below=index)
    with store.write():
        keep(store, log, index, said, found)
        lacking = [name for name in sorted(registered - set(names)) if registry.is_parent(child, name)]
        for name in lacking[:_MOST_ALARMS]:
            store.alarm("manifest-lacks", child, f"its manifest of {said.night} has no row on {name}")
        if before is not None:
            _alarm_for_less(store, log, before, said.night, found)
    return len(found)


def _registered(store: Store, log: Log, index: int) -> set[str]:
    """Return whom the entries of a log before `index` register or count as members."""
    found = store.db.execute(
        "select distinct about from control where log = ? and what in ('node', 'member') and id < ?",
        (log.id, key(log.id, index)),
    )
    return {name for (name,) in found}


def _alarm_for_less(store: Store, log: Log, before: Held, night: int, rows: Sequence[bytes]) -> None:
    said = {one.origin: one for one in map(Row.decode, rows_of(store, log, before.index))}
    less = 0
    for now in map(Row.decode, rows):
        then = said.get(now.origin)
        if then is not None and now.size < then.size and less < _MOST_ALARMS:
            less += 1
            detail = f"its manifest of {night} says {now.size} entries of {now.origin}, the one before said {then.size}"
            store.alarm("manifest-shrinks", log.origin, detail)


def left_out(store: Store, registry: Registry) -> list[LeftOut]:
    """Return the origins of which one child says less than another child said already the night before.

    Who brings a log to both calls both every night: what one of them had a night earlier, the other has by now.
    """
    said: dict[str, dict[str, list[tuple[int, Row]]]] = {}
    for child in registry.children():
        log = store.log(child.origin)
        if log is None or child.status != "active":
            continue
        for one in held(store, log):  # newest first
            for row in map(Row.decode, rows_of(store, log, one.index)):
                if row.status == "active" and not row.frozen and registry.is_parent(child.origin, row.origin):
                    said.setdefault(row.origin, {}).setdefault(child.origin, []).append((one.night, row))
    found = []
    for origin, by_author in sorted(said.items()):
        for by, of_one in sorted(by_author.items()):
            night, row = of_one[0]
            for other, of_other in sorted(by_author.items()):
                earlier = next((told for then, told in of_other if then < night), None)
                if other != by and earlier is not None and row.size < earlier.size:
                    found.append(LeftOut(by, origin, row.size, other, earlier.size, night))
    return found


def alarm_for_left_out(store: Store, registry: Registry) -> list[LeftOut]:
    """Tell a person who leaves out what another has; return them."""
    found = left_out(store, registry)
    if found:
        with store.write():
            for one in found:
                store.alarm(
                    "left-out",
                    one.by,
                    f"has {one.size} entries of {one.origin} in its manifest of {one.night}; "
                    f"{one.other} had {one.larger} the night before",
                )
    return found
