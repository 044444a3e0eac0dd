"""What the federation itself states of records, kept apart from them: verdicts, how far was judged, decisions.

Decisions on single records, and on what the brake holds (brake.py), each at the place that it is about.

`stated` names the parts that say it; what they say stays in log.db. `retake` holds entries that must be judged again
because somebody has decided on them, until the apply journal takes them up.
"""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from catalog import answers
from catalog.errors import MalformedVerdict
from catalog.judgement import Statement
from sync.schema import INDEX_SHIFT, LOG_SHIFT, key

VERDICT, JUDGED, DECISION, HOLD = KINDS = ("verdict", "judged", "decision", "hold")
FORWARD = "forward"  # a decision that changes nothing: the outlet is told what a person remarks
MAX_PLACES = 5_000  # of one decision; each is a row, however short it is written
MAX_INDEX = 1 << LOG_SHIFT - INDEX_SHIFT


@dataclass(frozen=True, slots=True)
class Stated:
    """What one statement says of one place: the id of its own part, its kind, the origin that it is about.

    Of a decision also the place and the word, of one on what is held the word and up to where it reaches; other kinds
    have one row each, without a place.
    """

    id: int
    kind: str
    about: str
    index: int = 0
    part: int = 0
    word: str = ""


def read(one: Statement) -> list[Stated]:
    """Return what a statement of the federation says; nothing for a decision on what nobody could mean."""
    record = one.record
    about = record.key.partition(":")[2]
    if record.kind == HOLD:
        until, word = int(record.fields.get("until", 0)), str(record.fields.get("decision", ""))
        return [Stated(one.id, HOLD, about, until, 0, word)] if until < MAX_INDEX else []
    if record.kind != DECISION:
        return [Stated(one.id, record.kind, about)]
    word = str(record.fields.get("decision", ""))
    try:
        found: list[Stated] = []
        for group in record.fields.get("places", ()):
            at = answers.indices(group["at"], MAX_INDEX, MAX_PLACES - len(found))
            found += [Stated(one.id, DECISION, about, index, group["part"], word) for index in at]
    except MalformedVerdict:
        return []
    return found


def split(statements: Iterable[Statement]) -> tuple[list[Statement], list[Stated]]:
    """Return the records that people search, and what the federation states of them."""
    records: list[Statement] = []
    found: list[Stated] = []
    for one in statements:
        if one.record.kind in KINDS:
            found += read(one)
        else:
            records.append(one)
    return records, found


def put(db: sqlite3.Connection, found: Iterable[Stated], batch: int) -> None:
    """Keep statements; entries in the view that somebody decides on are to be judged again."""
    rows = [(one.id, one.kind, one.about, one.index, one.part, one.word, batch) for one in found]
    db.executemany(
        "insert or ignore into stated(id, kind, about, idx, part, word, batch) values (?, ?, ?, ?, ?, ?, ?)", rows
    )
    _retake(db, [(row[2], row[3]) for row in rows if row[1] == DECISION and row[5] != FORWARD])


def take_out(db: sqlite3.Connection, start: int, end: int) -> None:
    """Forget the statements with ids in [start, end); what was decided by them is to be judged again."""
    span = (start, end)
    rows = db.execute(
        f"select about, idx from stated where kind = '{DECISION}' and word <> '{FORWARD}' and id >= ? and id < ?", span
    )
    _retake(db, rows.fetchall())
    db.execute("delete from stated where id >= ? and id < ?", span)


def _retake(db: sqlite3.Connection, entries: Iterable[tuple[str, int]]) -> None:
    """An entry that is not in the view yet is judged with the decision when it comes."""
    db.executemany(
        "insert or ignore into retake(log, idx) select id, ?2 from origin where name = ?1 and covered > ?2", entries
    )


def taken(db: sqlite3.Connection, log: int, first: int, last: int) -> None:
    """The entries [first, last) of a log are judged again now."""
    db.execute("delete from retake where log = ? and idx >= ? and idx < ?", (log, first, last))


def to_retake(db: sqlite3.Connection) -> list[int]:
    """Return the entries that must be judged again, as part ids, in order."""
    return [key(log, index) for log, index in db.execute("select log, idx from retake order by log, idx")]
