"""log.db: a node's own log, its mirrors, and what was signed on them. One Store a thread or call.

WAL with synchronous=FULL: NORMAL may lose a signed head with the power, which would be our own fork.
"""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sync import schema
from sync.checkpoint import Checkpoint
from sync.errors import Damaged, OverLimit
from sync.head import Head, Receipt
from sync.note import Note

MAX_SIGHTINGS = 64
_TEXT = partial(str, encoding="utf-8", errors="replace")


class NoStore(Exception):
    """The file is not there; making one is its own command: (path,)."""


@dataclass(frozen=True, slots=True)
class Log:
    """One log as it stands: `next_entry` entries are held, `stored` of them under a receipt (our own: signed)."""

    id: int
    origin: str
    next_entry: int
    stored: int
    frozen: str


def connect(path: Path, one_thread: bool = True) -> sqlite3.Connection:
    """Return a connection to an existing durable database: WAL, FULL, what is deleted is overwritten.

    Text in which a bit has turned is read as other text, which is then found to be wrong; it stops no query.
    """
    connection = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=one_thread)
    connection.text_factory = _TEXT
    for pragma in ("journal_mode=wal", "synchronous=full", "secure_delete=on"):
        connection.execute(f"pragma {pragma}")
    return connection


class Store:
    """Reads and writes of log.db. Writers use `with store.write()`; a crash inside leaves the rows of before."""

    def __init__(self, path: Path, one_thread: bool = True):
        """Open an existing file; without `one_thread`, threads may hand it on, never use it at once. Or NoStore."""
        if not path.exists():
            raise NoStore(path)
        self.path = path
        self.db = connect(path, one_thread)
        if not schema.is_current(self.db):  # made by an older program, or put back from an older backup
            schema.prepare(self.db)

    @classmethod
    def create(cls, path: Path) -> "Store":
        """Make the file, or bring an older one up to date, and open it."""
        connection = connect(path)
        schema.prepare(connection)
        connection.close()
        return cls(path)

    def close(self) -> None:
        self.db.close()

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """One durable transaction."""
        self.db.execute("begin immediate")
        try:
            yield self.db
        except BaseException:
            self.db.rollback()
            raise
        self.db.execute("commit")

    # -- settings of the store ----------------------------------------------------------------------------------------

    def meta(self, name: str) -> bytes | None:
        row = self.db.execute("select value from meta where name = ?", (name,)).fetchone()
        return row and row[0]

    def set_meta(self, name: str, value: bytes) -> None:
        self.db.execute("insert or replace into meta(name, value) values (?, ?)", (name, value))

    # -- logs ---------------------------------------------------------------------------------------------------------

    def log(self, origin: str) -> Log | None:
        """Return the log of that origin, or None where this node holds nothing of it."""
        row = self.db.execute(
            "select id, origin, next_entry, stored, frozen from log where origin = ?", (origin,)
        ).fetchone()
        return Log(*row) if row else None

    def logs(self) -> list[Log]:
        """Return all logs, by origin."""
        rows = self.db.execute("select id, origin, next_entry, stored, frozen from log order by origin")
        return [Log(*row) for row in rows]

    def logs_with_wanted(self) -> list[Log]:
        """Return the logs of which parts are missing here."""
        return [log for log in self.logs() if self._wants(log)] if self._wants() else []

    def _wants(self, log: Log | None = None) -> bool:
        if log is None:
            return self.db.execute("select 1 from wanted limit 1").fetchone() is not None
        span = (schema.key(log.id, 0), schema.key(log.id + 1, 0))
        return self.db.execute("select 1 from wanted where id >= ? and id < ? limit 1", span).fetchone() is not None

    def outstanding(self, signer: str) -> list[Log]:
        """Return the logs that hold more under a head than `signer`'s newest receipt covers, by origin."""
        rows = self.db.execute(
            "select id, origin, next_entry, stored, frozen from log where stored > coalesce("
            "(select max(size) from receipt where receipt.log = log.id and signer = ?), 0) order by origin",
            (signer,),
        )
        return [Log(*row) for row in rows]

    def add_log(self, origin: str) -> Log:
        """Return the log of that origin, empty if it is new; raise Damaged where its name stands in the index alone."""
        self.db.execute("insert or ignore into log(origin) values (?)", (origin,))
        found = self.log(origin)
        if found is None:
            raise Damaged(origin, "the row of its log bears another name")
        return found

    def set_stored(self, log: Log, size: int) -> None:
        self.db.execute("update log set stored = max(stored, ?) where id = ?", (size, log.id))

    def freeze(self, log: Log, why: str) -> None:
        self.db.execute("update log set frozen = ? where id = ?", (why, log.id))

    # -- heads --------------------------------------------------------------------------------------------------------

    def head(self, log: Log, path: str = "") -> Head | None:
        """Return the newest recorded head of a log that came by `path`; the empty path is the log's own or parent's."""
        row = self.db.execute(
            "select size, root, time, note from head where log = ? and path = ?", (log.id, path)
        ).fetchone()
        return _head(log.origin, row) if row else None

    def newest_head(self, log: Log, at_most: int | None = None) -> Head | None:
        """Return the largest recorded head by any path, of at most that size."""
        limit = log.next_entry if at_most is None else at_most
        row = self.db.execute(
            "select size, root, time, note from head where log = ? and size <= ? order by size desc, time desc limit 1",
            (log.id, limit),
        ).fetchone()
        return _head(log.origin, row) if row else None

    def signed_up_to(self, log: Log, at_most: int) -> list[Head]:
        """Return the kept and recorded heads of at most that size, largest and newest first; one a size and root."""
        return sorted(self.promises(log, 0, at_most), key=lambda one: (one.size, one.time_s), reverse=True)

    def put_head(self, log: Log, head: Head, path: str = "") -> None:
        self.db.execute(
            "insert or replace into head(log, path, size, root, time, note) values (?, ?, ?, ?, ?, ?)",
            (log.id, path, head.size, head.root, head.time_s, head.note),
        )

    def sight(self, log: Log, head: Head, path: str, proved: bool = False) -> None:
        """Keep a head whose signatures verify, whatever becomes of it; raise OverLimit where a path has no room.

        Within a quota the oldest make room, but not those that a receipt was given for, which are evidence, nor those
        that nobody has compared with what is stored yet: one of them may be the other branch. Of several notes on one
        checkpoint the newest stays: its keys are the newest, too.
        """
        (waiting,) = self.db.execute(
            "select count(*) from sighting where log = ? and path = ? and proved = 0 and size > ? "
            "and (size, root) <> (?, ?)",
            (log.id, path, log.next_entry, head.size, head.root),
        ).fetchone()
        if waiting >= MAX_SIGHTINGS and head.size > log.next_entry:
            raise OverLimit("heads that nothing was compared with", waiting + 1, MAX_SIGHTINGS)
        self.db.execute(
            "insert into sighting(log, path, size, root, time, note, seen_at) values (?, ?, ?, ?, ?, ?, ?) "
            "on conflict do update set time = excluded.time, note = excluded.note where excluded.time > time",
            (log.id, path, head.size, head.root, head.time_s, head.note, int(time.time())),
        )
        if proved:
            self.prove_sighting(log, head.checkpoint, path)

    def prove_sighting(self, log: Log, promised: Checkpoint, path: str | None = None) -> None:
        """Note that this head contradicts nothing that a later one of its path, or what is stored, does not show."""
        self.db.execute(
            "update sighting set proved = 1 where log = ? and size = ? and root = ? and path = coalesce(?, path)",
            (log.id, promised.size, promised.root, path),
        )
        self.db.execute(
            "delete from sighting where log = ? and path = coalesce(?, path) and proved and rowid not in "
            "(select rowid from sighting as kept where kept.log = sighting.log and kept.path = sighting.path "
            "order by rowid desc limit ?) and size not in (select size from receipt where log = sighting.log)",
            (log.id, path, MAX_SIGHTINGS),
        )

    def uncompared(self, log: Log, at_most: int) -> list[Head]:
        """Return the kept heads of at most that size that were never compared with what is stored, smallest first."""
        rows = self.db.execute(
            "select size, root, max(time), note from sighting where log = ? and proved = 0 and size <= ? "
            "group by size, root order by size",
            (log.id, at_most),
        )
        return [_head(log.origin, row) for row in rows]

    def promises(self, log: Log, at_least: int, at_most: int) -> list[Head]:
        """Return the kept and recorded heads of those sizes, smallest first; one a size and root."""
        rows = self.db.execute(
            "select size, root, max(time), note from (select size, root, time, note from sighting where log = :log "
            "union all select size, root, time, note from head where log = :log) "
            "where size between :first and :last group by size, root order by size",
            {"log": log.id, "first": at_least, "last": at_most},
        )
        return [_head(log.origin, row) for row in rows]

    def sighted(self, log: Log, size: int) -> list[Head]:
        """Return the kept heads of one size, by any path."""
        rows = self.db.execute("select size, root, time, note from sighting where log = ? and size = ?", (log.id, size))
        return [_head(log.origin, row) for row in rows]

    def signed_head(self, log: Log, promised: Checkpoint) -> Head | None:
        """Return a kept head that promises just this."""
        return next((one for one in self.sighted(log, promised.size) if one.root == promised.root), None)

    # -- receipts -----------------------------------------------------------------------------------------------------

    def put_receipt(self, log: Log, receipt: Receipt) -> None:
        """Keep the first and the newest receipt of each size by each parent."""
        values = (receipt.time_s, receipt.note)
        self.db.execute(
            "insert into receipt(log, signer, size, first_time, first_note, time, note) values (?, ?, ?, ?, ?, ?, ?) "
            "on conflict do update set time = excluded.time, note = excluded.note where excluded.time > time",
            (log.id, receipt.signer, receipt.size, *values, *values),
        )

    def receipts(self, log: Log, reaching: int = 0) -> list[Receipt]:
        """Return by signer the first receipt that covers `reaching` entries."""
        rows = self.db.execute(
            "select signer, min(size), first_time, first_note from receipt where log = ? and size >= ? group by signer",
            (log.id, reaching),
        )
        return [self._receipt(log, *row) for row in rows]

    def newest_receipt(self, log: Log, signer: str) -> Receipt | None:
        """Return that parent's largest and newest receipt."""
        row = self.db.execute(
            "select signer, size, time, note from receipt where log = ? and signer = ? order by size desc limit 1",
            (log.id, signer),
        ).fetchone()
        return self._receipt(log, *row) if row else None

    def size_before(self, log: Log, signer: str, time_s: int) -> int:
        """Return how many entries `signer` had given a receipt for before that time."""
        (size,) = self.db.execute(
            "select coalesce(max(size), 0) from receipt where log = ? and signer = ? and first_time < ?",
            (log.id, signer, time_s),
        ).fetchone()
        return int(size)

    def newest_receipt_time(self, signer: str) -> int | None:
        """Return when `signer` last gave a first receipt for a size of any log, None for never."""
        row = self.db.execute("select max(first_time) from receipt where signer = ?", (signer,)).fetchone()
        return None if row[0] is None else int(row[0])

    def newest_receipts(self, log: Log) -> list[Receipt]:
        """Return the newest receipt of each signer."""
        signers = self.db.execute("select distinct signer from receipt where log = ? order by signer", (log.id,))
        found = (self.newest_receipt(log, signer) for (signer,) in signers.fetchall())
        return [one for one in found if one]

    @staticmethod
    def _receipt(log: Log, signer: str, size: int, time_s: int, note: bytes) -> Receipt:
        return Receipt(Checkpoint.parse(Note.parse(note).text), time_s, note, signer)

    # -- what a person must know --------------------------------------------------------------------------------------

    def alarm(self, what: str, origin: str, detail: str, evidence: bytes = b"") -> None:
        """Keep something that an operator must look at; the same thing is kept once."""
        known = self.db.execute(
            "select 1 from alarm where what = ? and origin = ? and detail = ?", (what, origin, detail)
        ).fetchone()
        if not known:
            self.db.execute(
                "insert into alarm(at, what, origin, detail, evidence) values (?, ?, ?, ?, ?)",
                (int(time.time()), what, origin, detail, evidence),
            )

    def alarms(self) -> list[tuple[int, str, str, str]]:
        """Return (POSIX seconds, what, origin, detail) of those that nobody has dealt with yet, oldest first."""
        return [row[1:] for row in self.numbered_alarms()]

    def numbered_alarms(self) -> list[tuple[int, int, str, str, str]]:
        """Return (number, POSIX seconds, what, origin, detail) of the same."""
        return self.db.execute(
            "select id, at, what, origin, detail from alarm where done_at = 0 order by id"
        ).fetchall()

    def end_alarm(self, number: int) -> bool:
        """Show an alarm no more; tell whether there was such an open one. The same thing is not told again."""
        done = self.db.execute("update alarm set done_at = ? where id = ? and done_at = 0", (int(time.time()), number))
        return done.rowcount == 1


def _head(origin: str, row: tuple[int, bytes, int, bytes]) -> Head:
    size, root, time_s, note = row
    return Head(Checkpoint(origin, size, root), time_s, note)
