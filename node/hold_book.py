"""Changes that wait for a person: pending entries of other nodes' logs, and what files would change too much of."""

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from node.errors import NodeError
from node.messages import N_, _
from node.page import Page

APPLY, IMPORT = "apply", "import"
OPEN, RELEASED, REFUSED = "open", "released", "refused"
CHANGED, WITHDRAWN = "changed", "withdrawn"
_NUMBERS = ("first", "last", "changed", "deleted", "live", "share", "submission")
_TEXTS = ("what", "origin", "state", "by", "reason", "file", "sha256", "mapping", "choice", "keys")
TABLE = {"id": int, "since": float, "decided_at": float, **dict.fromkeys(_NUMBERS, int), **dict.fromkeys(_TEXTS, str)}
_COUNTS = ("first", "last", "changed", "deleted", "live", "share")


class NoHold(NodeError):
    """Nothing waits here under this number: (number,)."""

    facts = ("number",)
    sentence = N_("Nothing waits here under the number {number}. `holds list` shows what does.")


@dataclass(frozen=True, slots=True)
class Hold:
    """One change that waits, or waited: `what` is apply or import, `state` open, released or refused.

    Of an apply entries [first, last) of `origin` wait. Of an import, `submission`, the changes in `file` wait: a copy
    of it is kept, `choice` says how it was read, `keys` of some of the rights whether they are changed or withdrawn,
    and `released_as` is the submission that files them. `changed` of `live` rights, `deleted` of them withdrawn, are
    more than `share` thousandths. `feed` names the feed whose import it is.
    """

    id: int
    what: str
    origin: str
    since: float
    state: str
    changed: int
    deleted: int
    live: int
    share: int
    first: int = 0
    last: int = 0
    by: str = ""
    reason: str = ""
    decided_at: float | None = None
    file: str = ""
    sha256: str = ""
    submission: int = 0
    choice: Mapping[str, Any] = field(default_factory=dict)
    keys: Mapping[str, str] = field(default_factory=dict)
    released_as: int = 0
    feed: str = ""

    @property
    def named(self) -> str:
        """Return what people call it by: its number, behind the name of the feed that it is of."""
        return f"{self.feed}/{self.id}" if self.feed else str(self.id)


class HoldBook(Page):
    """The holds of one notebook."""

    def note_applies(self, waiting: Iterable[Mapping[str, Any]], now: float) -> list[Hold]:
        """Write down what of other logs waits now, by origin; return what is new. What waits no longer is closed."""
        by_origin = {str(one["origin"]): one for one in waiting}
        known = {one.origin: one for one in self.open_holds() if one.what == APPLY}
        same = all(
            origin in known and all(getattr(known[origin], name) == one[name] for name in _COUNTS)
            for origin, one in by_origin.items()
        )
        if same and known.keys() == by_origin.keys():
            return []
        with self._write() as db:
            for origin in known.keys() - by_origin.keys():
                db.execute("update hold set state = ? where id = ?", [RELEASED, known[origin].id])
            for origin, one in by_origin.items():
                counts = [one[name] for name in _COUNTS]
                if origin in known:
                    changed = ", ".join(f"{name} = ?" for name in _COUNTS)
                    db.execute(f"update hold set {changed} where id = ?", [*counts, known[origin].id])
                else:
                    db.execute(
                        f"insert into hold (what, origin, since, state, {', '.join(_COUNTS)}) "
                        "values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                        [APPLY, origin, now, OPEN, *counts],
                    )
        return [one for one in self.open_holds() if one.what == APPLY and one.origin not in known]

    def hold_import(self, one: Hold) -> int:
        """Write down, with its submission, that what a file would change waits; return the hold's number."""
        keys, choice = json.dumps(dict(one.keys)), _canonical(one.choice)
        with self._write() as db:
            row = db.execute(
                "insert into hold (what, origin, since, state, first, last, changed, deleted, live, share, submission,"
                " file, sha256, choice, keys) values (?, ?, ?, ?, 0, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    *(IMPORT, one.origin, one.since, OPEN, one.changed, one.deleted, one.live, one.share),
                    *(one.submission, one.file, one.sha256, choice, keys),
                ],
            )
            id = int(row.lastrowid or 0)
            db.execute("update submission set hold = ? where number = ?", [id, one.submission])
        return id

    def waiting_import(self, sha256: str, choice: Mapping[str, Any], submission: int) -> int:
        """Return the number of the open hold on this file, read so, and note that `submission` waits there; 0: none."""
        with self._write() as db:
            row = db.execute(
                "select id from hold where what = ? and state = ? and sha256 = ? and choice = ? order by id",
                [IMPORT, OPEN, sha256, _canonical(choice)],
            ).fetchone()
            if row is not None:
                db.execute("update submission set hold = ? where number = ?", [row["id"], submission])
        return row["id"] if row else 0

    def decide_hold(self, id: int, state: str, by: str, reason: str, now: float, released_as: int = 0) -> None:
        """Write down what a person decided on a hold, once; raise NoHold."""
        with self._write() as db:
            done = db.execute(
                "update hold set state = ?, by = ?, reason = ?, decided_at = ?, released_as = ?"
                " where id = ? and state = 'open'",
                [state, by, reason, now, released_as, id],
            )
            if done.rowcount != 1:
                raise NoHold(id)

    def holds(self, limit: int = 1000) -> list[Hold]:
        """Return the newest holds, newest first."""
        with self._open() as db:
            return [_hold(row) for row in db.execute("select * from hold order by id desc limit ?", [limit])]

    def open_holds(self) -> list[Hold]:
        """Return every hold that waits, newest first."""
        with self._open() as db:
            return [_hold(row) for row in db.execute("select * from hold where state = ? order by id desc", [OPEN])]

    def hold(self, id: int) -> Hold:
        """Return one hold; raise NoHold."""
        with self._open() as db:
            row = db.execute("select * from hold where id = ?", [id]).fetchone()
        if row is None:
            raise NoHold(id)
        return _hold(row)


def _hold(row: sqlite3.Row) -> Hold:
    given = {name: value for name, value in dict(row).items() if value is not None}
    return Hold(**given | {name: json.loads(row[name] or "{}") for name in ("choice", "keys")})


def _canonical(choice: Mapping[str, Any]) -> str:
    return json.dumps(choice, ensure_ascii=False, sort_keys=True)


def sentence(one: Hold) -> str:
    """Return what would be changed, and what to do."""
    if one.what == IMPORT:
        return _(
            "HELD {id}: with the file {file}, {changed} of {live} live rights of {origin} would be changed within 7 "
            "days, {deleted} of them withdrawn. Its changes wait; what else it says is filed. Look at them with "
            "`holds show {id}`, then `holds release {id}` or `holds refuse {id}`."
        ).format(
            id=one.named, file=one.file, changed=one.changed, live=one.live, origin=one.origin, deleted=one.deleted
        )
    return _(
        "HELD {id}: {origin} would change {changed} of {live} live rights within 7 days, {deleted} of them withdrawn. "
        "Look at them with `holds show {id}`, then `holds release {id}` or `holds refuse {id}`."
    ).format(id=one.id, origin=one.origin, changed=one.changed, live=one.live, deleted=one.deleted)
