"""head.lock's rows against what they say of themselves: each keeps a note that we signed, and what it promises.

A row that is damaged is put right by rule, and nothing is signed for it: its note verifies, and says what the columns
were; or the columns are those of a note of ours in log.db. What neither shows is for `recover`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sync import damage, head, signed
from sync.damage import Damage
from sync.errors import SyncError
from sync.head import Head
from sync.lock import HeadLock, Signed
from sync.signed import Keys
from sync.store import Store


@dataclass(frozen=True)
class LockRow:
    """One row: its number, what its columns say, and its note opened, None where it does not open.

    `origin` is the log that it is about, by its note where that can be read.
    """

    row: int
    stated: str
    origin: str
    columns: Signed
    opened: Head | None

    @property
    def detail(self) -> str:
        """Return what is wrong with the row; empty for a whole one."""
        if self.opened is None:
            return signed.NOTE
        return "" if self.stated == self.origin and _says(self.columns, self.opened) else signed.COLUMNS


def rows(lock: HeadLock, keys: Keys, me: str) -> Iterator[LockRow]:
    """Yield the rows of the node `me` that can be checked: it knows its own keys once it is registered."""
    for row, stated, columns in lock.rows():
        origin = _about(columns.note) or stated
        if not (keys.knows_log(me) if origin == me else keys.knows_mirror(me)):
            continue
        found: Head | None = None
        if isinstance(columns.note, bytes):
            found = keys.head(columns.note, me) if origin == me else keys.receipt(columns.note, me, origin)
        yield LockRow(row, stated, origin if found else stated, columns, found)


def of(lock: HeadLock | None, keys: Keys, me: str, origin: str) -> LockRow | None:
    """Return the row on one log, None for nothing that can be checked."""
    found = rows(lock, keys, me) if lock else iter(())
    return next((one for one in found if one.origin == origin), None)


def _about(note: object) -> str:
    try:
        return head.stated(note).origin if isinstance(note, bytes) else ""
    except SyncError:
        return ""


def damages(found: Iterable[LockRow]) -> Iterator[Damage]:
    """Yield those that are damaged."""
    for one in found:
        if one.detail:
            yield Damage(one.origin, damage.LOCK, 0, _size(one), one.row, one.detail)


def _size(one: LockRow) -> int:
    size = one.opened.size if one.opened else one.columns.size
    return size if isinstance(size, int) else 0


def mend(lock: HeadLock, store: Store, keys: Keys, me: str, row: int) -> str:
    """Put one row right; return how, nothing where neither its note nor log.db shows what was signed."""
    one = next((each for each in rows(lock, keys, me) if each.row == row), None)
    if one is None or not one.detail:
        return damage.HERE
    right = one.opened or _in_log(store, keys, me, one)
    if right is None:
        return ""
    done = lock.put_right(row, (one.stated, one.columns), one.origin, _signed(right))
    return damage.HERE if done else ""


def _in_log(store: Store, keys: Keys, me: str, one: LockRow) -> Head | None:
    """Return the note in log.db, by our own key, that says what the columns say, the time among it."""
    log = store.log(one.stated)
    if log is None:
        return None
    if one.stated == me:
        query = "select note from head where log = ?1 union all select note from sighting where log = ?1"
    else:
        query = "select first_note from receipt where log = ?1 union all select note from receipt where log = ?1"
    found = (each for (each,) in store.db.execute(query, (log.id,)).fetchall() if isinstance(each, bytes))
    opened = (keys.head(each, me) if one.stated == me else keys.receipt(each, me, one.stated) for each in found)
    return next((each for each in opened if each is not None and _says(one.columns, each)), None)


def _says(columns: Signed, found: Head) -> bool:
    return (columns.size, columns.root, columns.time_s) == (found.size, found.root, found.time_s)


def _signed(found: Head) -> Signed:
    return Signed(found.size, found.root, found.time_s, found.note)
