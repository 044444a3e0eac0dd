"""Erasing: a part that its owner, the owner's home or the hub wants forgotten goes, and stays away (wire.md section 7).

A tombstone is left in its place. It stands for the part wherever it may come from later: `Bundles.add_parts` and
`Bundles.want` leave it out. Salt and bytes go in the transaction that sets the tombstone; what else a node knows of
the part is cleared by its program (`cleared`), and only then the node states in its own log that it has forgotten.
"""

import sqlite3
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sync import control, entry
from sync.bundles import Bundles
from sync.control import Erase, Erased
from sync.ownlog import OwnLog
from sync.registry import Registry
from sync.rights import Rights
from sync.schema import INDEX_SHIFT, LOG_SHIFT, index_of, key
from sync.store import Log, Store

GROUNDS = ("owner", "mistake", "court")
_CURSOR = "erasing"
_MAX_INDEX = (1 << LOG_SHIFT - INDEX_SHIFT) - 1
_COLUMNS = "id, by, at, ground, seen_at, due, cleared, stated"


@dataclass(frozen=True, slots=True)
class Tombstone:
    """A part that was erased here: asked for in entry `at` of the log `by`; times in POSIX seconds.

    `due`: it was held or awaited here. `cleared`: nothing else here knows it any more. `stated`: this node says so.
    """

    id: int
    origin: str
    by: str
    at: int
    ground: str
    seen_at: int
    due: bool
    cleared: bool
    stated: bool

    @property
    def index(self) -> int:
        return index_of(self.id)

    @property
    def part(self) -> int:
        return self.id & (1 << INDEX_SHIFT) - 1


@dataclass(frozen=True, slots=True)
class Request:
    """A statement that counts as a wish to have a part forgotten."""

    origin: str
    index: int
    part: int
    by: str
    at: int
    ground: str


def obey(store: Store, registry: Registry) -> list[bytes]:
    """Delete what is to be forgotten and set its tombstones; return the salts and bytes of what was held here.

    One transaction. Costs next to nothing where nothing was stated since the last call. Again after a crash: the same.
    """
    now = registry.fingerprint()
    if store.meta(_CURSOR) == now:
        return []
    gone: list[bytes] = []
    requests = list(_open(store, registry))
    with store.write() as db:  # a crash in here leaves parts, wants and tombstones of before
        for one in requests:
            log = store.add_log(one.origin)
            if _names_a_part(Bundles(store, log), log, one):
                gone += _forget(db, log, one)
        store.set_meta(_CURSOR, now)
    return gone


def is_up_to_date(store: Store, registry: Registry) -> bool:
    """Tell whether everything that was stated so far is obeyed."""
    return store.meta(_CURSOR) == registry.fingerprint()


def obey_again(store: Store) -> None:
    """Have the next call of `obey` look at every statement again; inside `store.write()`."""
    store.set_meta(_CURSOR, b"")


def _open(store: Store, registry: Registry) -> Iterator[Request]:
    """Yield the believed requests of which no tombstone stands here yet; what is void raises an alarm."""
    logs = {log.id: log for log in store.logs()}
    named = {log.origin: log.id for log in logs.values()}
    rows = store.db.execute(
        "select id, log, entry from control where what in ('erase', 'erased') order by id",
    ).fetchall()
    for id, log_id, raw in rows:
        author = logs[log_id]
        statement = control.decode(control.body_of(raw))
        if index_of(id) >= registry.believed(author) or not isinstance(statement, Erase | Erased):
            continue
        about = named.get(statement.origin)
        if about is not None and _tombstone(store, about, statement):
            continue
        if statement.origin == registry.me != author.origin and statement.index >= _signed(logs, about):
            continue  # others speak of what was signed: what waits for a seal here may go to another place
        if not may_ask(registry, author.origin, statement):
            _alarm_if_void(store, author.origin, statement)
        elif about is not None or registry.find(statement.origin):
            yield _request(author.origin, index_of(id), statement)


def _signed(logs: dict[int, Log], id: int | None) -> int:
    return logs[id].stored if id is not None else 0


def may_ask(registry: Registry, author: str, statement: Erase | Erased) -> bool:
    """Tell whether a statement by `author` counts: of the owner, its home or the hub.

    That the owner or the hub has forgotten a part itself counts like its wish: by the hub's log, which goes everywhere,
    what a home wants forgotten reaches those who do not mirror the home.
    """
    owner, hub = statement.origin, registry.federation.name
    if statement.part >= entry.MAX_PARTS or statement.index > _MAX_INDEX:
        return False
    asking = (owner, hub, registry.home(owner)) if isinstance(statement, Erase) else (owner, hub)
    return author in asking


def _request(author: str, at: int, statement: Erase | Erased) -> Request:
    name = (statement.origin, statement.index, statement.part)
    if isinstance(statement, Erase):
        return Request(*name, author, at, statement.ground)
    return Request(*name, statement.by, statement.at, "")


def _alarm_if_void(store: Store, author: str, statement: Erase | Erased) -> None:
    if isinstance(statement, Erase):
        with store.write():
            store.alarm("void-erase", author, f"wants parts of {statement.origin} erased, and is not above it")


def _tombstone(store: Store, log: int, statement: Erase | Erased) -> bool:
    if statement.part >= entry.MAX_PARTS or statement.index > _MAX_INDEX:
        return False
    id = key(log, statement.index, statement.part)
    return store.db.execute("select 1 from tombstone where id = ?", (id,)).fetchone() is not None


def _names_a_part(bundles: Bundles, log: Log, one: Request) -> bool:
    """Tell whether there is, or may be once the entry comes, such a part."""
    if one.index >= log.next_entry:
        return True
    return one.part < len(entry.commitments(bundles.entries(one.index, one.index + 1)[0])[1])


def _forget(db: sqlite3.Connection, log: Log, one: Request) -> list[bytes]:
    id = key(log.id, one.index, one.part)
    held = [content for (content,) in db.execute("select content from part where id = ?", (id,))]
    wanted = db.execute("select 1 from wanted where id = ?", (id,)).fetchone()
    db.execute(
        f"insert or ignore into tombstone({_COLUMNS}) values (?, ?, ?, ?, ?, ?, 0, 0)",
        (id, one.by, one.at, one.ground, int(time.time()), bool(held or wanted)),
    )
    for table in ("part", "wanted"):
        db.execute(f"delete from {table} where id = ?", (id,))
    return held


# -- what is to be done with tombstones -------------------------------------------------------------------------------


def tombstones(store: Store, where: str = "1", values: Iterable[object] = ()) -> list[Tombstone]:
    """Return tombstones by part id; `where` is a condition of ours on the columns."""
    names = {log.id: log.origin for log in store.logs()}
    rows = store.db.execute(f"select {_COLUMNS} from tombstone where {where} order by id", tuple(values)).fetchall()
    return [
        Tombstone(id, names[id >> LOG_SHIFT], by, at, ground, seen_at, bool(due), bool(cleared), bool(stated))
        for id, by, at, ground, seen_at, due, cleared, stated in rows
    ]


def find(store: Store, log: Log, index: int, part: int) -> Tombstone | None:
    """Return the tombstone of one part, or None."""
    found = tombstones(store, "id = ?", (key(log.id, index, part),))
    return found[0] if found else None


def asked(store: Store, one: Tombstone) -> tuple[str, int]:
    """Return on what ground a part was to be forgotten, and when, in POSIX seconds, by the statement that asked for it.

    Where that log is not held here: what the tombstone knows of the ground, perhaps "", and when it was set.
    """
    log = store.log(one.by)
    row = log and store.db.execute("select entry from control where id = ?", (key(log.id, one.at),)).fetchone()
    if not row:
        return one.ground, one.seen_at
    said = control.decode(control.body_of(row[0]))
    if not isinstance(said, Erase):
        return one.ground, one.seen_at
    return said.ground, entry.Entry.decode(row[0]).time_ms // 1000


def mark_cleared(store: Store, ids: Iterable[int]) -> None:
    """Note that nothing here but the tombstone knows these parts any more."""
    with store.write() as db:
        db.executemany("update tombstone set cleared = 1 where id = ?", [(id,) for id in ids])


def state_erased(store: Store, own: OwnLog, registry: Registry) -> int:
    """State in the own log what was forgotten here and is not stated yet; return how many.

    A part that was never due here is not spoken of; one whose entry has not come yet is spoken of when it has.
    """
    said = 0
    for one in tombstones(store, "cleared and not stated"):
        log = store.log(one.origin)
        if log is None or one.index >= log.next_entry:
            continue
        if not stated_by(store, own.origin, one) and is_due(store, registry, log, one, own.origin):
            own.state(Erased(one.origin, one.index, one.part, one.by, one.at))
            said += 1
        with store.write() as db:  # a crash before this: the statement is found by `stated_by` the next time
            db.execute("update tombstone set stated = 1 where id = ?", (one.id,))
    return said


def is_due(store: Store, registry: Registry, log: Log, one: Tombstone, me: str) -> bool:
    """Tell whether a node of that name would hold the part."""
    if one.due or log.origin == me:
        return True
    stated = entry.commitments(Bundles(store, log).entries(one.index, one.index + 1)[0])[1]
    return one.part < len(stated) and Rights(store, registry).may_see(stated[one.part][0], log.origin, me, one.index)


def stated_by(store: Store, author: str, one: Tombstone) -> int | None:
    """Return where in its log `author` states that it has forgotten the part, as far as held here, or None."""
    log = store.log(author)
    if log is None:
        return None
    rows = store.db.execute(
        "select id, entry from control where about = ? and what = 'erased' and log = ? order by id",
        (one.origin, log.id),
    )
    for id, raw in rows:
        said = control.decode(control.body_of(raw))
        if isinstance(said, Erased) and (said.index, said.part) == (one.index, one.part):
            return index_of(id)
    return None
