"""What comparing catalogues with other nodes found last: by node, kind and month, and single entries that differ."""

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from catalog.reconciling import Drift
from node.page import Page

TABLES = {
    "comparison": {"node": str, "at": float, "found_by": str, "logs": int, "uncompared": str, "entries": str},
    "drift": {
        "id": int, "node": str, "origin": str, "kind": str, "month": str,
        **dict.fromkeys(("matched", "different", "missing", "extra", "about"), int),
    },
}  # fmt: skip
_COLUMNS = "origin, kind, month, matched, different, missing, extra, about"


@dataclass(frozen=True, slots=True)
class Comparison:
    """The newest comparison with one node: when it ended, which side found it, of how many logs.

    `rows` are one for each kind and month in which something differs, and one a log, without them, for all that agrees.
    `uncompared` says why of logs that could not be compared; `entries` tell single entries, as `reconcile` shows them.
    """

    node: str
    at: float
    found_by: str
    logs: int
    uncompared: Mapping[str, str]
    entries: list[dict[str, Any]]
    rows: list[Drift]


class DriftBook(Page):
    """The comparisons of one notebook: the newest with each node."""

    def keep_comparison(
        self,
        node: str,
        at: float,
        found_by: str,
        logs: int,
        rows: Iterable[Drift],
        uncompared: Mapping[str, str] | None = None,
        entries: Iterable[Mapping[str, Any]] = (),
    ) -> None:
        """Write down a comparison in the place of the one before with the same node, all or none."""
        told = json.dumps(list(entries), ensure_ascii=False)
        with self._write() as db:
            db.execute("delete from drift where node = ?", [node])
            db.execute(
                "insert or replace into comparison (node, at, found_by, logs, uncompared, entries) "
                "values (?, ?, ?, ?, ?, ?)",
                [node, at, found_by, logs, json.dumps(uncompared or {}), told],
            )
            db.executemany(
                f"insert into drift (node, {_COLUMNS}) values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    [node, one.origin, one.kind, one.month, one.matched, one.different, one.missing, one.extra,
                     int(one.about)]
                    for one in rows
                ),
            )  # fmt: skip

    def comparison(self, node: str) -> Comparison | None:
        """Return the newest comparison with a node, or None."""
        return next((one for one in self.comparisons() if one.node == node), None)

    def comparisons(self) -> list[Comparison]:
        """Return the newest comparison with each node, by node."""
        with self._open() as db:
            found = db.execute("select * from comparison order by node").fetchall()
            return [_comparison(one, self._rows(db, one["node"])) for one in found]

    @staticmethod
    def _rows(db: sqlite3.Connection, node: str) -> list[Drift]:
        rows = db.execute(f"select {_COLUMNS} from drift where node = ? order by origin, kind, month", [node])
        return [Drift(**{**row, "about": bool(row["about"])}) for row in rows]


def _comparison(row: sqlite3.Row, rows: list[Drift]) -> Comparison:
    uncompared, entries = json.loads(row["uncompared"]), json.loads(row["entries"])
    return Comparison(row["node"], row["at"], row["found_by"], row["logs"], uncompared, entries, rows)
