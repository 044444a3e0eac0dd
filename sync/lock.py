"""head.lock: what this node has signed, outside every data backup (wire.md section 9).

One row for every origin that it signs for: its own log, and each log that it gave a receipt for. A swap holds the
file's write lock from reading the row to committing the new one, so that two processes never sign from the same row.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlite_utils import Database

from sync.errors import NeedsRecovery
from sync.store import connect


@dataclass(frozen=True, slots=True)
class Signed:
    """The last thing signed for one origin: size, root (32 bytes), POSIX seconds, and the note."""

    size: int
    root: bytes
    time_s: int
    note: bytes


class Swap:
    """One row while it is locked: `held` is what was signed last, `set` replaces exactly that."""

    def __init__(self, db: sqlite3.Connection, origin: str, held: Signed | None):
        self._db = db
        self._origin = origin
        self.held = held

    def set(self, new: Signed) -> None:
        """Replace the row; it is durable once the swap is left without an error."""
        if self.held is None:
            self._db.execute(
                "insert into head(origin, size, root, time, note) values (?, ?, ?, ?, ?)",
                (self._origin, new.size, new.root, new.time_s, new.note),
            )
            return
        changed = self._db.execute(
            "update head set size = ?, root = ?, time = ?, note = ? where origin = ? and size = ? and root = ?",
            (new.size, new.root, new.time_s, new.note, self._origin, self.held.size, self.held.root),
        )
        if changed.rowcount != 1:
            raise NeedsRecovery(self._origin, "head.lock changed under a swap")


class HeadLock:
    """head.lock, opened. A missing file is never made anew by opening: that would forget what was signed."""

    def __init__(self, path: Path):
        if not path.exists():
            raise NeedsRecovery("", "head.lock is missing")
        self.path = path
        self._db = connect(path)

    @classmethod
    def create(cls, path: Path, rows: Iterable[tuple[str, Signed]] = ()) -> "HeadLock":
        """Make the file, whole or not at all: empty for a new node, or with what is known to have been signed.

        Raises NeedsRecovery where one exists.
        """
        if path.exists():
            raise NeedsRecovery("", "head.lock exists already")
        beside = path.with_name(path.name + ".new")
        beside.unlink(missing_ok=True)
        db = connect(beside)
        Database(db).table("head").create(
            {"origin": str, "size": int, "root": bytes, "time": int, "note": bytes}, pk="origin"
        )
        db.executemany(
            "insert into head(origin, size, root, time, note) values (?, ?, ?, ?, ?)",
            ((origin, one.size, one.root, one.time_s, one.note) for origin, one in rows),
        )
        db.close()  # which empties its write-ahead log into the file
        beside.rename(path)
        return cls(path)

    def close(self) -> None:
        self._db.close()

    def signed(self, origin: str) -> Signed | None:
        """Return what was signed last for `origin`."""
        row = self._db.execute("select size, root, time, note from head where origin = ?", (origin,)).fetchone()
        return Signed(*row) if row else None

    def origins(self) -> list[str]:
        """Return every origin that something was signed for, in order."""
        return [name for (name,) in self._db.execute("select origin from head order by origin")]

    def rows(self) -> list[tuple[int, str, Signed]]:
        """Return (number, origin, signed) of each row as it stands there, whatever it is, without the index."""
        found = self._db.execute("select rowid, origin, size, root, time, note from head not indexed order by rowid")
        return [(row, origin, Signed(*columns)) for row, origin, *columns in found.fetchall()]

    def reindex(self) -> None:
        """Make the index of the rows again."""
        self._db.execute("reindex")

    def put_right(self, row: int, was: tuple[str, Signed], origin: str, new: Signed) -> bool:
        """Let a row that was damaged say again what was signed; tell whether it still was as it was found.

        One transaction, with the index made again; a crash before it leaves the damage. Where something was signed for
        that log since, the damaged row goes.
        """
        self._db.execute("begin immediate")
        try:
            held = next((one[1:] for one in self.rows() if one[0] == row), None)
            if held == was:
                self._db.execute("reindex head")
                self._db.execute(
                    "delete from head where origin = ? and rowid <> ? and size < ?", (origin, row, new.size)
                )
                if self._db.execute("select 1 from head where origin = ? and rowid <> ?", (origin, row)).fetchone():
                    self._db.execute("delete from head where rowid = ?", (row,))
                self._db.execute(
                    "update head set origin = ?, size = ?, root = ?, time = ?, note = ? where rowid = ?",
                    (origin, new.size, new.root, new.time_s, new.note, row),
                )
        except BaseException:
            self._db.rollback()
            raise
        self._db.execute("commit")
        return held == was

    @contextmanager
    def swap(self, origin: str) -> Iterator[Swap]:
        """Hold the row of `origin`; an error inside leaves it as it was."""
        self._db.execute("begin immediate")
        try:
            yield Swap(self._db, origin, self.signed(origin))
        except BaseException:
            self._db.rollback()
            raise
        self._db.execute("commit")
