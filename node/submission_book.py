"""What was submitted here: each import with its counts, and what was found in its rows."""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, field

from node.errors import NoSubmission
from node.page import Page


@dataclass(frozen=True, slots=True)
class ReadAs:
    """What a file was recognised as: its format, encoding and layout, and the name of the mapping that was used.

    `via` says by which way it came: "" by a person's hand, "inbox/ID" or "source/NAME".
    """

    format: str = ""
    encoding: str = ""
    layout: str = ""
    mapping: str = ""
    via: str = ""


BY_HAND = ReadAs()


@dataclass(frozen=True, slots=True)
class Submission:
    """One import: `state` is open, done, interrupted or undone; its sealed entries are [first, last) of the own log.

    `rows` is blank rows, refused rows, and rows that state records; those state `records`, each of them sealed or
    unchanged, or `held`: it waits for a person under the number `hold` (hold_book.py). A submission with a hold and
    nothing held files what a person released. `findings` counts by rule; `undoes` is the number of the submission that
    this one takes back, 0 if none.
    """

    number: int
    started_at: int
    ended_at: int | None
    state: str
    person: str
    files: tuple[str, ...]
    file_sha256: str
    rows: int
    sealed: int
    unchanged: int
    refused: int
    first: int
    last: int
    findings: Mapping[str, int] = field(default_factory=dict)
    undoes: int = 0
    records: int = 0
    blank: int = 0
    format: str = ""
    encoding: str = ""
    layout: str = ""
    mapping: str = ""
    via: str = ""
    held: int = 0
    hold: int = 0

    def lasted(self, time_s: int) -> bool:
        """Tell whether this import was under way at that time, in POSIX seconds."""
        return self.started_at - 1 <= time_s <= (self.ended_at or 2**62) + 1


@dataclass(frozen=True, slots=True)
class RowFinding:
    """What a check said of one row (counted from 1) of a submission; `key` is "" if the row has none."""

    row: int
    key: str
    rule: str
    severity: str
    field: str
    value: str
    zh: str
    en: str


class SubmissionBook(Page):
    """The submissions of one notebook, and their findings."""

    def open_submission(
        self,
        person: str,
        files: Iterable[str],
        file_sha256: str,
        now: float,
        undoes: int = 0,
        read: ReadAs = BY_HAND,
        hold: int = 0,
    ) -> int:
        """Write down that an import has begun; return its number. Numbers are never used again."""
        listed = json.dumps(list(files), ensure_ascii=False)
        with self._write() as db:
            row = db.execute(
                "insert into submission (started_at, state, person, files, file_sha256, rows, sealed, unchanged,"
                " refused, first, last, findings, undoes, format, encoding, layout, mapping, via, held, hold)"
                " values (?, 'open', ?, ?, ?, 0, 0, 0, 0, 0, 0, '{}', ?, ?, ?, ?, ?, ?, 0, ?)",
                [int(now), person, listed, file_sha256, undoes, *astuple(read), hold],
            )
            return int(row.lastrowid or 0)

    def close_submission(
        self,
        number: int,
        now: float,
        *,
        rows: int,
        sealed: int,
        unchanged: int,
        refused: int,
        first: int,
        last: int,
        findings: Mapping[str, int],
        state: str = "done",
        records: int = 0,
        blank: int = 0,
        held: int = 0,
    ) -> None:
        """Write down how an import ended; one that takes another back makes that one undone. Raises NoSubmission."""
        with self._write() as db:
            changed = db.execute(
                "update submission set ended_at = ?, state = ?, rows = ?, sealed = ?, unchanged = ?, refused = ?,"
                " first = ?, last = ?, findings = ?, records = ?, blank = ?, held = ? where number = ?",
                [
                    *(int(now), state, rows, sealed, unchanged, refused, first, last),
                    *(json.dumps(dict(findings)), records, blank, held, number),
                ],
            )
            if changed.rowcount != 1:
                raise NoSubmission(number)
            if state == "done":
                db.execute(
                    "update submission set state = 'undone'"
                    " where number = (select undoes from submission where number = ?)",
                    [number],
                )

    def place_submissions(self, found: Iterable[tuple[int, int, int, int, int]]) -> int:
        """Let submissions lie where the log has them; return how many changed or were written down anew.

        Each of `found` is (number, first, last, entries, time in POSIX seconds) of a run of entries in the own log. A
        number that means another import here, because node.db is older, is told apart by its time, and gets a new one.
        """
        changed = 0
        with self._write() as db:
            for number, first, last, entries, time_s in found:
                here = db.execute("select * from submission where number = ?", [number]).fetchone()
                if here and _submission(here).lasted(time_s):
                    changed += db.execute(
                        "update submission set first = ?, last = ? where number = ? and (first, last) != (?, ?)",
                        [first, last, number, first, last],
                    ).rowcount
                elif not db.execute("select 1 from submission where (first, last) = (?, ?)", [first, last]).fetchone():
                    changed += db.execute(
                        "insert into submission (number, started_at, ended_at, state, person, files, file_sha256, rows,"
                        " sealed, unchanged, refused, first, last, findings, undoes, records)"
                        " values (?, ?, ?, 'done', '', '[]', '', ?, ?, 0, 0, ?, ?, '{}', 0, ?)",
                        [None if here else number, time_s, time_s, entries, entries, first, last, entries],
                    ).rowcount
        return changed

    def interrupt_open_submissions(self, now: float) -> int:
        """Mark imports as interrupted that a crash left open, and return how many; hold the import lock meanwhile."""
        with self._write() as db:
            return db.execute(
                "update submission set state = 'interrupted', ended_at = ? where state = 'open'", [int(now)]
            ).rowcount

    def submission(self, number: int) -> Submission:
        """Return one import; raise NoSubmission."""
        with self._open() as db:
            row = db.execute("select * from submission where number = ?", [number]).fetchone()
        if row is None:
            raise NoSubmission(number)
        return _submission(row)

    def submissions(self, limit: int = 1000) -> list[Submission]:
        """Return the newest imports, newest first."""
        with self._open() as db:
            rows = db.execute("select * from submission order by number desc limit ?", [limit]).fetchall()
        return [_submission(row) for row in rows]

    def done_via(self, via: str) -> Submission | None:
        """Return the newest whole import that came this way, or None."""
        with self._open() as db:
            row = db.execute(
                "select * from submission where via = ? and state = 'done' order by number desc limit 1", [via]
            ).fetchone()
        return _submission(row) if row else None

    def newest_of(self, file_sha256: str, before: int = 2**62) -> int:
        """Return the newest import of this file that stands, whole or not, of a number below `before`; 0 for none."""
        with self._open() as db:
            row = db.execute(
                "select max(number) from submission where file_sha256 = ? and state in ('done', 'interrupted')"
                " and number < ?",
                [file_sha256, before],
            ).fetchone()
        return row[0] or 0

    def imported_since(self, since: float) -> list[tuple[int, int]]:
        """Return [first, last) of each import of a file that began since then, and stands by nobody's word.

        What a person changed by hand, took back or released is that person's; what a recovery wrote down counts.
        """
        with self._open() as db:
            rows = db.execute(
                "select first, last from submission where started_at > ? and first < last and state <> 'undone'"
                " and undoes = 0 and hold = 0 and (file_sha256 <> '' or person = '') order by number",
                [int(since)],
            )
            return [(row["first"], row["last"]) for row in rows]

    def add_findings(self, number: int, findings: Iterable[RowFinding]) -> None:
        """Write down findings of one import, all or none; raise NoSubmission."""
        with self._write() as db:
            if db.execute("select 1 from submission where number = ?", [number]).fetchone() is None:
                raise NoSubmission(number)
            db.executemany(
                "insert into finding (number, row, key, rule, severity, field, value, zh, en)"
                " values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    (number, one.row, one.key, one.rule, one.severity, one.field, one.value, one.zh, one.en)
                    for one in findings
                ),
            )

    def add_late_findings(self, number: int, findings: Sequence[RowFinding]) -> None:
        """Write down what was found after an import was closed, and count it with the rest; raise NoSubmission."""
        self.add_findings(number, findings)
        counts = Counter(self.submission(number).findings) + Counter(one.rule for one in findings)
        with self._write() as db:
            db.execute("update submission set findings = ? where number = ?", [json.dumps(counts), number])

    def findings(self, number: int) -> Iterator[RowFinding]:
        """Yield the findings of one import by row, in the order they were made."""
        with self._open() as db:
            rows = db.execute(
                "select row, key, rule, severity, field, value, zh, en from finding where number = ? order by row, id",
                [number],
            )
            yield from (RowFinding(**row) for row in rows)


def _submission(row: sqlite3.Row) -> Submission:
    return Submission(**{**row, "files": tuple(json.loads(row["files"])), "findings": json.loads(row["findings"])})
