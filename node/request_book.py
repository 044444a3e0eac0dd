"""Who asked to be a node below this one, what a person decided, and how this node itself stands with its parents."""

import json
import sqlite3
from dataclasses import dataclass, fields, replace
from typing import Any

from node.errors import NodeError
from node.messages import N_
from node.page import Page
from sync.errors import OverLimit

MAX_WAITING, MAX_OF_ONE_ORIGIN, MAX_FROM_ONE_ADDRESS = 200, 5, 20
WAITING, APPROVED, REJECTED = "waiting", "approved", "rejected"


class NoRequest(NodeError):
    """No request has this number: (number,)."""

    facts = ("number",)
    sentence = N_("There is no request number {number} here. `requests list` shows them.")


@dataclass(frozen=True, slots=True)
class Request:
    """A request to join as it came, and what became of it: waiting, approved or rejected. Times in POSIX seconds.

    `keys_hash` names the set of keys; `tls_hash` is SHA-256 of the TLS key in the certificate request.
    """

    origin: str
    role: str
    name: str
    uscc: str
    contact: str
    log_keys: tuple[str, ...]
    mirror_key: str
    hpke_key: bytes
    keys_hash: bytes
    tls_hash: bytes
    address: str
    token_hash: bytes
    alliance_id: str
    first_at: int
    last_at: int
    times: int = 1
    state: str = WAITING
    reason: str = ""
    decided_by: str = ""
    decided_at: int = 0
    number: int = 0


@dataclass(frozen=True, slots=True)
class Stands:
    """How this node stands with one parent, as that parent said last: a state, why, and since when."""

    parent: str
    state: str
    reason: str
    since: int


class RequestBook(Page):
    """The requests of one notebook, and this node's own standing with its parents."""

    def ask(self, asked: Request) -> Request:
        """Write down a request, or that it came again, and return it; a decision stays. Raises OverLimit.

        The same keys for the same origin are the same request, whatever else it says now.
        """
        with self._write() as db:
            row = db.execute(
                "select * from request where origin = ? and keys_hash = ?", [asked.origin, asked.keys_hash]
            ).fetchone()
            if row is None:
                _check_room(db, asked)
                made = db.execute(*_insert(asked)).lastrowid
                return replace(asked, number=int(made or 0))
            held = _request(row)
            said: dict[str, Any] = {"last_at": asked.last_at, "times": held.times + 1}
            for name in ("role", "name", "uscc", "contact", "tls_hash", "address", "token_hash"):
                if held.state == WAITING:  # what a person decided on is not changed any more
                    said[name] = getattr(asked, name)
            marks = ", ".join(f"{name} = ?" for name in said)
            db.execute(f"update request set {marks} where number = ?", [*said.values(), held.number])
        return replace(held, **said)

    def request(self, number: int) -> Request:
        """Return one request; raise NoRequest."""
        with self._open() as db:
            row = db.execute("select * from request where number = ?", [number]).fetchone()
        if row is None:
            raise NoRequest(number)
        return _request(row)

    def requests(self, state: str = "") -> list[Request]:
        """Return the requests in one state, or all, newest first."""
        with self._open() as db:
            rows = db.execute("select * from request where ? in ('', state) order by number desc", [state]).fetchall()
        return [_request(row) for row in rows]

    def decide_request(self, number: int, state: str, reason: str, person: str, now: float) -> Request:
        """Write down what was decided on a request, and return it; raise NoRequest."""
        with self._write() as db:
            db.execute(
                "update request set state = ?, reason = ?, decided_by = ?, decided_at = ? where number = ?",
                [state, reason, person, int(now), number],
            )
        return self.request(number)

    def decided_since(self, person: str, since: float) -> int:
        """Return how many requests `person` has approved since then."""
        with self._open() as db:
            row = db.execute(
                "select count(*) from request where state = ? and decided_by = ? and decided_at >= ?",
                [APPROVED, person, int(since)],
            ).fetchone()
        return int(row[0])

    # -- this node's own standing -------------------------------------------------------------------------------------

    def stands(self, parent: str, state: str, reason: str, now: float) -> None:
        """Write down how this node stands with a parent; `since` stays while nothing changes."""
        with self._open() as db:
            row = db.execute("select state, reason from stands where parent = ?", [parent]).fetchone()
        if row is not None and (row["state"], row["reason"]) == (state, reason):
            return
        with self._write() as db:
            db.execute(
                "insert or replace into stands (parent, state, reason, since) values (?, ?, ?, ?)",
                [parent, state, reason, int(now)],
            )

    def standings(self) -> dict[str, Stands]:
        """Return by parent how this node stands there, as far as it was told."""
        with self._open() as db:
            return {row["parent"]: Stands(**row) for row in db.execute("select * from stands order by parent")}


def _check_room(db: sqlite3.Connection, asked: Request) -> None:
    for what, limit, column in (
        ("requests of one origin", MAX_OF_ONE_ORIGIN, "origin"),
        ("requests from one address", MAX_FROM_ONE_ADDRESS, "address"),
        ("requests that wait", MAX_WAITING, ""),
    ):
        where, given = (f" and {column} = ?", [getattr(asked, column)]) if column else ("", [])
        (found,) = db.execute(f"select count(*) from request where state = '{WAITING}'{where}", given).fetchone()
        if found >= limit:
            raise OverLimit(what, found + 1, limit)


def _insert(asked: Request) -> tuple[str, list[object]]:
    values = {one.name: getattr(asked, one.name) for one in fields(Request) if one.name != "number"}
    values["log_keys"] = json.dumps(asked.log_keys)
    marks = ", ".join("?" * len(values))
    return f"insert into request ({', '.join(values)}) values ({marks})", list(values.values())


def _request(row: sqlite3.Row) -> Request:
    return Request(**{**dict(row), "log_keys": tuple(json.loads(row["log_keys"]))})
