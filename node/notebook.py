"""node.db: what belongs to this node alone: invitations (hashed), runs of jobs, submissions and their findings.

Never rebuilt from anything, so it is in the backup. Times are POSIX seconds, given by the caller.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlite_utils import Database, Migrations

from node.errors import MissingStore, NoInvitation, NoSubmission, TokenExpired, TokenUsed, TokenWithdrawn

migrations = Migrations("node")
_BUSY_S = 10.0


@dataclass(frozen=True, slots=True)
class Invitation:
    """An invitation and what became of it: invited, used, expired or withdrawn; only hashes of secret and keys."""

    secret_hash: bytes
    origin: str
    role: str
    name: str
    alliance_id: str
    expires: int
    state: str
    used_keys_hash: bytes
    created_at: int


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a job: `outcome` is "" while it runs, then ok, failed or interrupted."""

    id: int
    job: str
    started_at: float
    ended_at: float | None
    outcome: str
    detail: str


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


@migrations()
def m001_first(db: Any) -> None:
    db["invitation"].create(
        {
            "secret_hash": bytes,
            "origin": str,
            "role": str,
            "name": str,
            "alliance_id": str,
            "expires": int,
            "state": str,
            "used_keys_hash": bytes,
            "created_at": int,
        },
        pk="secret_hash",
    )
    db["run"].create(
        {"id": int, "job": str, "started_at": float, "ended_at": float, "outcome": str, "detail": str}, pk="id"
    )
    db["run"].create_index(["job", "started_at"])
    numbers = ("rows", "sealed", "unchanged", "refused", "first", "last")
    db["submission"].create(
        {
            "number": int,
            "started_at": int,
            "ended_at": int,
            "state": str,
            "person": str,
            "files": str,
            "file_sha256": str,
            **dict.fromkeys(numbers, int),
            "findings": str,
            "undoes": int,
        },
        pk="number",
    )
    texts = ("key", "rule", "severity", "field", "value", "zh", "en")
    db["finding"].create({"id": int, "number": int, "row": int, **dict.fromkeys(texts, str)}, pk="id")
    db["finding"].create_index(["number", "row"])


class Notebook:
    """The notebook of one home; every method opens its own connection, so threads and processes may share it."""

    def __init__(self, path: Path) -> None:
        """Open an existing notebook, bringing its tables up to date; raise MissingStore."""
        if not path.is_file():
            raise MissingStore(str(path))
        self._path = path
        with self._open() as db:
            migrations.apply(Database(db))

    @classmethod
    def create(cls, path: Path) -> "Notebook":
        """Make a new, empty notebook, mode 0600; raise FileExistsError if there is one."""
        path.touch(mode=0o600, exist_ok=False)
        return cls(path)

    def invite(self, invitation: Invitation) -> None:
        """Write down a new invitation."""
        with self._write() as db:
            _insert(db, "invitation", invitation)

    def find_invitation(self, secret_hash: bytes) -> Invitation | None:
        """Return the invitation with this hash of a secret, in whatever state."""
        with self._open() as db:
            row = db.execute("select * from invitation where secret_hash = ?", [secret_hash]).fetchone()
        return Invitation(**row) if row else None

    def invitations(self) -> list[Invitation]:
        """Return all invitations, newest first."""
        with self._open() as db:
            return [Invitation(**row) for row in db.execute("select * from invitation order by created_at desc, rowid")]

    def use_invitation(self, secret_hash: bytes, keys_hash: bytes, now: float) -> Invitation:
        """Mark an invitation as used with these keys and return it; the same keys again get the same answer.

        Raises NoInvitation, TokenWithdrawn, TokenExpired, and TokenUsed when other keys have used it.
        """
        with self._write() as db:
            row = db.execute("select * from invitation where secret_hash = ?", [secret_hash]).fetchone()
            if row is None:
                raise NoInvitation()
            found = Invitation(**row)
            if found.state == "used":
                if found.used_keys_hash != keys_hash:
                    raise TokenUsed(found.origin)
                return found
            if found.state == "withdrawn":
                raise TokenWithdrawn(found.origin)
            if found.state == "expired" or found.expires <= now:
                raise TokenExpired(found.expires)
            db.execute(
                "update invitation set state = 'used', used_keys_hash = ? where secret_hash = ? and state = 'invited'",
                [keys_hash, secret_hash],
            )
        return found

    def withdraw_invitations(self, origin: str) -> int:
        """Take back what was not used yet of the invitations for `origin`; return how many."""
        with self._write() as db:
            return db.execute(
                "update invitation set state = 'withdrawn' where origin = ? and state = 'invited'", [origin]
            ).rowcount

    def expire_invitations(self, now: float) -> int:
        """Mark unused invitations past their time as expired; return how many."""
        with self._write() as db:
            return db.execute(
                "update invitation set state = 'expired' where state = 'invited' and expires <= ?", [now]
            ).rowcount

    def start_run(self, job: str, now: float) -> int:
        """Write down that a job has begun; return the run's id."""
        with self._write() as db:
            row = db.execute("insert into run (job, started_at, outcome, detail) values (?, ?, '', '')", [job, now])
            return int(row.lastrowid or 0)

    def end_run(self, run: int, outcome: str, detail: str, now: float) -> None:
        """Write down how a run ended: ok, failed or interrupted, and why."""
        with self._write() as db:
            db.execute("update run set ended_at = ?, outcome = ?, detail = ? where id = ?", [now, outcome, detail, run])

    def interrupt_open_runs(self, now: float) -> int:
        """Mark runs as interrupted that a crash left open, and return how many."""
        with self._write() as db:
            return db.execute(
                "update run set outcome = 'interrupted', ended_at = ? where ended_at is null", [now]
            ).rowcount

    def last_ok(self, job: str) -> float | None:
        """Return when the newest successful run of a job began: the last written down, clocks may jump."""
        with self._open() as db:
            row = db.execute(
                "select started_at from run where job = ? and outcome = 'ok' order by id desc limit 1", [job]
            ).fetchone()
        return row["started_at"] if row else None

    def failures(self, job: str, since: float) -> tuple[int, float]:
        """Return (failed runs that began at `since` or later and after the last good one, when the newest ended)."""
        with self._open() as db:
            row = db.execute(
                "select count(*) as n, max(ended_at) as t from run where job = :job and outcome = 'failed'"
                " and started_at >= :since and id >"
                " coalesce((select max(id) from run where job = :job and outcome = 'ok'), 0)",
                {"job": job, "since": since},
            ).fetchone()
        return row["n"], row["t"] or 0.0

    def runs(self, limit: int = 100) -> list[Run]:
        """Return the newest runs of all jobs, newest first."""
        with self._open() as db:
            return [Run(**row) for row in db.execute("select * from run order by id desc limit ?", [limit])]

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

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self._path, timeout=_BUSY_S, isolation_level=None)) as db:
            db.row_factory = sqlite3.Row
            db.execute("pragma journal_mode = wal")
            db.execute("pragma synchronous = full")
            yield db

    @contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        """One transaction, durable when the block is left, undone when the block raises."""
        with self._open() as db:
            db.execute("begin immediate")
            try:
                yield db
            except BaseException:
                db.rollback()
                raise
            db.commit()


def _insert(db: sqlite3.Connection, table: str, value: Invitation) -> None:
    names = value.__dataclass_fields__
    marks = ", ".join("?" * len(names))
    db.execute(f"insert into {table} ({', '.join(names)}) values ({marks})", [getattr(value, name) for name in names])


def _submission(row: sqlite3.Row) -> Submission:
    return Submission(**{**row, "files": tuple(json.loads(row["files"])), "findings": json.loads(row["findings"])})
