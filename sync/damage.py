"""What was found damaged in log.db, and what became of it. A place that was mended keeps its row, with how."""

from collections.abc import Iterable
from dataclasses import dataclass

from sync.store import Store

ENTRIES = "entries"  # do not give the hashes that they were signed under: only another node can help
LEAVES, NODE, CONTROL, LOG = "leaves", "node", "control", "log"  # follow from what is whole here
HEAD, SIGHTING, RECEIPT = "head", "sighting", "receipt"
PART, WANTED = "part", "wanted"
INTRODUCTION, LOCK, DATABASE = "introduction", "lock", "database"
FORK, MANIFEST, TOMBSTONE, TIP = "fork", "manifest", "tombstone", "tip"
NAME, STRAY = "name", "stray"  # a log under another name than its own; rows of no log, or that came by nobody
CATALOGUE = "catalogue"
HERE, AWAY = "from what is whole here", "removed"  # how something was mended


@dataclass(frozen=True, slots=True)
class Damage:
    """One damaged place: of which log ("" for none), which sort of row, the entries [first, last) that it is about.

    `part` is a part's number within its entry, or the number of a row; -1 for neither.
    """

    origin: str
    what: str
    first: int = 0
    last: int = 0
    part: int = -1
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Noted:
    """A damaged place in the book: when it was found, when mended (None: not yet) and how; POSIX seconds."""

    damage: Damage
    found_at: int
    mended_at: int | None
    how: str


_COLUMNS = "origin, what, first, last, part, detail, found_at, mended_at, how"


class Book:
    """The table `damage` of a store."""

    def __init__(self, store: Store):
        self.store = store

    def note(self, found: Iterable[Damage], now_s: int) -> list[Damage]:
        """Keep what was found, and tell a person; return what is new, or damaged again."""
        new = []
        with self.store.write() as db:
            for one in found:
                changed = db.execute(
                    "insert into damage(origin, what, first, last, part, detail, found_at, how) "
                    "values (?, ?, ?, ?, ?, ?, ?, '') on conflict do update set found_at = excluded.found_at, "
                    "mended_at = null, how = '', detail = excluded.detail where mended_at is not null",
                    (one.origin, one.what, one.first, one.last, one.part, one.detail, now_s),
                )
                if changed.rowcount == 1:
                    new.append(one)
                    self.store.alarm("damage", one.origin, said(one))
        return new

    def mended(self, one: Damage, how: str, now_s: int) -> None:
        """Note that a place is whole again; inside `store.write()`, together with what made it whole."""
        self.store.db.execute(
            "update damage set mended_at = ?, how = ? where mended_at is null and "
            "(origin, what, first, last, part) = (?, ?, ?, ?, ?)",
            (now_s, how, one.origin, one.what, one.first, one.last, one.part),
        )

    def open(self, origin: str | None = None, what: str | None = None) -> list[Damage]:
        """Return what is damaged still, of one log or of all, by origin and index."""
        return [one.damage for one in self.noted(origin, what) if one.mended_at is None]

    def noted(self, origin: str | None = None, what: str | None = None) -> list[Noted]:
        """Return everything in the book, by origin and index."""
        rows = self.store.db.execute(
            f"select {_COLUMNS} from damage where (?1 is null or origin = ?1) and (?2 is null or what = ?2) "
            "order by origin, first, part, id",
            (origin, what),
        )
        return [Noted(Damage(*row[:6]), *row[6:]) for row in rows]

    def settle(self, origins: Iterable[str], found: Iterable[Damage], now_s: int) -> None:
        """Note as whole what a check of all of these logs did not find any more; a part is whole once it is held."""
        again = {(one.origin, one.what, one.first, one.last, one.part) for one in found}
        with self.store.write():
            for origin in origins:
                for one in self.open(origin):
                    here = (one.origin, one.what, one.first, one.last, one.part)
                    if here not in again and one.what not in (PART, CATALOGUE):
                        self.mended(one, "not found any more", now_s)

    def ranges(self, origin: str) -> list[tuple[int, int]]:
        """Return the ranges of entries of a log that another node must bring again."""
        return [(one.first, one.last) for one in self.open(origin, ENTRIES)]


def said(one: Damage) -> str:
    """Return a place in words, the same every time."""
    where = f"{one.first} to {one.last}" if one.last > one.first + 1 else str(one.first)
    part = f", part {one.part}" if one.what == PART else ""
    return f"{one.what} {where}{part}: {one.detail}"
