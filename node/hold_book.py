"""Changes that wait for a person: pending entries of other nodes' logs, and files that would change too much."""

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

    Of an apply entries [first, last) of `origin` wait; of an import the changes in `file`, of which a copy is kept.
    `changed` of `live` rights, `deleted` of them withdrawn, are more than `share` thousandths.
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
    mapping: str = ""
    submission: int = 0
    choice: Mapping[str, Any] = field(default_factory=dict)
    keys: tuple[str, ...] = ()


class HoldBook(Page):
    """The holds of one notebook."""

    def note_applies(self, waiting: Iterable[Mapping[str, Any]], now: float) -> list[Hold]:
        """Write down what of other logs waits now, by origin; return what is new. What waits no longer is closed."""
        by_origin = {str(one["origin"]): one for one in waiting}
        known = {one.origin: one for one in self.holds() if (one.what, one.state) == (APPLY, OPEN)}
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
        return [one for one in self.holds() if one.state == OPEN and one.what == APPLY and one.origin not in known]

    def decide_hold(self, id: int, state: str, by: str, reason: str, now: float) -> None:
        """Write down what a person decided on a hold, once; raise NoHold."""
        with self._write() as db:
            done = db.execute(
                "update hold set state = ?, by = ?, reason = ?, decided_at = ? where id = ? and state = 'open'",
                [state, by, reason, now, id],
            )
            if done.rowcount != 1:
                raise NoHold(id)

    def holds(self, limit: int = 1000) -> list[Hold]:
        """Return the newest holds, newest first."""
        with self._open() as db:
            return [_hold(row) for row in db.execute("select * from hold order by id desc limit ?", [limit])]

    def hold(self, id: int) -> Hold:
        """Return one hold; raise NoHold."""
        with self._open() as db:
            row = db.execute("select * from hold where id = ?", [id]).fetchone()
        if row is None:
            raise NoHold(id)
        return _hold(row)


def _hold(row: sqlite3.Row) -> Hold:
    given = {name: value for name, value in dict(row).items() if value is not None}
    return Hold(**given | {"choice": json.loads(row["choice"] or "{}"), "keys": tuple(json.loads(row["keys"] or "[]"))})


def sentence(one: Hold) -> str:
    """Return one sentence: what would be changed, and what to do."""
    return _(
        "HELD {id}: {origin} would change {changed} of {live} live rights within 7 days, {deleted} of them withdrawn. "
        "Look at them with `holds show {id}`, then `holds release {id}` or `holds refuse {id}`."
    ).format(id=one.id, origin=one.origin, changed=one.changed, live=one.live, deleted=one.deleted)
