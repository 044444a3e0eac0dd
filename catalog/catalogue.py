"""catalog.db: the view that people search. WAL, synchronous=NORMAL: losing the last seconds only means applying again.

One Catalogue a thread or call.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from catalog import schema
from catalog.errors import NoCatalogue
from catalog.journal import Batch
from sync.origin import generation, is_successor
from sync.store import Store

_LOOKUP = 256

# An origin's newer accepted version of the same key clears what was quarantined before it.
OPEN_QUARANTINE = (
    "not exists (select 1 from record join assertion on assertion.record = record.id where record.key = quarantine.key "
    "and record.wider is null and assertion.id > quarantine.id and assertion.id >> 40 = quarantine.id >> 40)"
)


@dataclass(frozen=True, slots=True)
class Lag:
    """How far the view is behind: entries of log.db not yet applied, records not yet searchable by words."""

    entries: int
    records: int


@dataclass(frozen=True, slots=True)
class Origin:
    """A log as the catalogue knows it, with the role that its entries were judged by; `covered` of them are applied."""

    id: int
    name: str
    city: str
    role: str
    covered: int


class Catalogue:
    """Reads and writes of catalog.db. Writers use `with catalogue.write()`.

    `brake_share` of an origin's live rights may change without a person (brake.py); 0: any share.
    """

    def __init__(self, path: Path):
        if not path.exists():
            raise NoCatalogue(path)
        self.path = path
        self.db = _connect(path)
        self.brake_share = 0.0

    @classmethod
    def create(cls, path: Path) -> "Catalogue":
        """Make the file, or bring an older one up to date, and open it."""
        connection = _connect(path)
        schema.prepare(connection)
        connection.close()
        return cls(path)

    def close(self) -> None:
        self.db.close()

    def __enter__(self) -> "Catalogue":
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """One transaction; a crash inside leaves the rows of before."""
        self.db.execute("begin immediate")
        try:
            yield self.db
        except BaseException:
            self.db.rollback()
            raise
        self.db.execute("commit")

    def is_current(self) -> bool:
        """Return whether its tables are those of this program; `create` brings them up to date."""
        return schema.is_current(self.db)

    @property
    def generation(self) -> int:
        """Return the number that this making of the catalogue drew: after a rebuild, rows have other ids."""
        return _generation(self.db)

    def cursor(self) -> int:
        """Return the id of the last journal row that is in the view, 0 for an empty one."""
        return int(self.db.execute("select coalesce(max(id), 0) from batch").fetchone()[0])

    def origins(self) -> dict[int, Origin]:
        """Return the applied logs by their id."""
        return {row[0]: Origin(*row) for row in self.db.execute("select id, name, city, role, covered from origin")}

    def lines(self) -> dict[int, tuple[int, int]]:
        """Return of each log that goes on from another one, or is gone on from, the first log of the line and its turn.

        The names say so: `<old>.gN` is registered only where the hub has confirmed that it goes on from the old one.
        """
        named = self.db.execute("select name from origin where name glob '*.g[0-9]*'").fetchall()
        bases = sorted({generation(name)[0] for (name,) in named if is_successor(name)})
        found: dict[int, tuple[int, int]] = {}
        for base in bases:
            rows = self.db.execute("select id, name from origin where name = ?1 or name glob ?1 || '.g[0-9]*'", (base,))
            line = {id: generation(name)[1] for id, name in rows if generation(name)[0] == base}
            found |= {id: (min(line), turn) for id, turn in line.items()}
        return found

    def covered(self, log: int) -> int:
        """Return how many entries of the log are applied."""
        row = self.db.execute("select covered from origin where id = ?", (log,)).fetchone()
        return row[0] if row else 0

    def batch(self, id: int) -> Batch | None:
        """Return a journal row as it was applied."""
        row = self.db.execute(
            "select id, log, first, last, applied_at, rules from batch where id = ?", (id,)
        ).fetchone()
        return Batch(*row) if row else None

    def waiting(self, after: int, limit: int) -> list[int]:
        """Return the next parts beyond the id `after` that are not held here, by id."""
        rows = self.db.execute("select id from waiting where id > ? order by id limit ?", (after, limit))
        return [id for (id,) in rows]

    def many(self, query: str, values: Sequence[str | int]) -> Iterator[tuple]:
        """Yield the rows of `query` for any number of values, which stand where it has {}."""
        for start in range(0, len(values), _LOOKUP):
            some = values[start : start + _LOOKUP]
            yield from self.db.execute(query.format(",".join("?" * len(some))), some)

    def stale(self, records: Iterable[int]) -> None:
        """Have records put together again, because something changed that they rest on."""
        self.db.executemany("insert or ignore into stale(record) values (?)", [(one,) for one in sorted(records)])

    def is_stale(self) -> bool:
        """Return whether there are records to be put together again."""
        return bool(self._one("select exists (select 1 from stale)"))

    def basis(self, name: str) -> str:
        """Return what the view was last judged by, "" for nothing yet."""
        row = self.db.execute("select value from basis where name = ?", (name,)).fetchone()
        return str(row[0]) if row else ""

    def set_basis(self, name: str, value: str) -> None:
        """Note that everything in the view has been judged by this."""
        self.db.execute("insert or replace into basis(name, value) values (?, ?)", (name, value))

    def counts(self) -> dict[str, int | dict[str, int]]:
        """Return how much there is; all but tombstones and what is kept out or awaited counts current records.

        {"rights", "events", "registers", "tombstones" of rights, "quarantined", "waiting": int, "by_kind": {kind: int}}
        """
        by_kind: dict[str, int] = {}
        by_category = {"right": 0, "event": 0, "register": 0}
        tombstones = 0
        rows = self.db.execute(
            "select kind, category, state, count(*) from record where wider is null group by 1, 2, 3"
        )
        for kind, category, state, count in rows:
            if category == "statement" or state == "joined":
                continue
            if state == "current":
                by_kind[kind] = by_kind.get(kind, 0) + count
                by_category[category] = by_category.get(category, 0) + count
            elif category == "right":
                tombstones += count
        quarantined = self._one(f"select count(*) from quarantine where {OPEN_QUARANTINE}")
        waiting = self._one("select count(*) from waiting")
        return {
            "rights": by_category["right"],
            "events": by_category["event"],
            "registers": by_category["register"],
            "tombstones": tombstones,
            "quarantined": quarantined,
            "waiting": waiting,
            "by_kind": by_kind,
        }

    def kept_out(self) -> dict[str, int]:
        """Return by origin how many parts are quarantined and not mended."""
        rows = self.db.execute(
            f"select name, count(*) from quarantine join origin on origin.id = quarantine.id >> 40 "
            f"where {OPEN_QUARANTINE} group by name"
        )
        return dict(rows.fetchall())

    def lag(self, store: Store, me: str = "") -> Lag:
        """Return how far the view is behind `store`, where `me` is this node's own origin."""
        covered = {one.id: one.covered for one in self.origins().values()}
        held = ((log.id, log.next_entry if log.origin == me else log.stored) for log in store.logs())
        entries = sum(max(0, size - covered.get(log, 0)) for log, size in held)
        return Lag(entries, self._one("select count(*) from dirty"))

    def names(self) -> dict[str, str]:
        """Return the name of each node that its registrars state, by origin."""
        return dict(self.db.execute("select origin, name from organisation").fetchall())

    def _one(self, query: str) -> int:
        return int(self.db.execute(query).fetchone()[0])


def _generation(connection: sqlite3.Connection) -> int:
    return int(connection.execute("pragma user_version").fetchone()[0])


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=30, isolation_level=None)
    # a checkpoint every 32 MB: a batch touches the same pages of the indexes as the batches before it
    for pragma in ("journal_mode=wal", "synchronous=normal", "cache_size=-32768", "wal_autocheckpoint=8000"):
        connection.execute(f"pragma {pragma}")
    return connection
