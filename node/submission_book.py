"""What was submitted here: each import with its counts, and what was found in its rows."""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from node.errors import NoSubmission
from node.page import Page


@dataclass(frozen=True, slots=True)
class Submission:
    """One import: `state` is open, done, interrupted or undone; its sealed entries are [first, last) of the own log.

    `findings` counts by rule; `undoes` is the number of the submission that this one takes back, 0 if none.
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

    def open_submission(self, person: str, files: Iterable[str], file_sha256: str, now: float, undoes: int = 0) -> int:
        """Write down that an import has begun; return its number. Numbers are never used again."""
        with self._write() as db:
            row = db.execute(
                "insert into submission (started_at, state, person, files, file_sha256, rows, sealed, unchanged,"
                " refused, first, last, findings, undoes) values (?, 'open', ?, ?, ?, 0, 0, 0, 0, 0, 0, '{}', ?)",
                [int(now), person, json.dumps(list(files), ensure_ascii=False), file_sha256, undoes],
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
    ) -> None:
        """Write down how an import ended; one that takes another back makes that one undone. Raises NoSubmission."""
        with self._write() as db:
            changed = db.execute(
                "update submission set ended_at = ?, state = ?, rows = ?, sealed = ?, unchanged = ?, refused = ?,"
                " first = ?, last = ?, findings = ? where number = ?",
                [int(now), state, rows, sealed, unchanged, refused, first, last, json.dumps(dict(findings)), number],
            )
            if changed.rowcount != 1:
                raise NoSubmission(number)
            if state == "done":
                db.execute(
                    "update submission set state = 'undone'"
                    " where number = (select undoes from submission where number = ?)",
                    [number],
                )

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
