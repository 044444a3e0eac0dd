"""Of one record: which of its statements are seen by whom, and what would keep it, or one of them, from leaving."""

from typing import Any

from catalog import exporting, views
from catalog.bodies import Bodies, log_of, place
from catalog.catalogue import Catalogue
from catalog.composing import gathered
from catalog.exporting import Allowed
from catalog.sources import Sources
from catalog.standing import current, stated
from sync import entry
from sync.bundles import Bundles
from sync.store import Store

SEEN_BY = {"federation": views.OPEN, "alliance": views.ALLIANCE, "path": views.FULL}


def explain(store: Store, catalogue: Catalogue, key: str, view: int, allowed: Allowed) -> dict[str, Any] | None:
    """Return what an export of `view` does with one key, or None if nothing of it is held here.

    Members: key; `leaves`; `reason`, "" or a word of exporting.py or "withdrawn"; `shown_to`: who is shown something of
    it, of "federation", "alliance" and "path"; and statements: of each origin the current parts, with origin, index,
    part, audience, op, `in_view`, and `licence`, why it may not leave, or "".
    """
    row = catalogue.db.execute("select id from record where key = ? and wider is null", (key,)).fetchone()
    parts = gathered(catalogue, [row[0]], {})[row[0]] if row else []
    if not parts:
        return None
    bodies, sources = Bodies(store), Sources(catalogue)
    statements: list[dict[str, Any]] = []
    for some in current(parts, views.FULL):
        said = stated(some, bodies.load, sources)
        why = allowed(said.record.fields) if said else ""
        for one in some:
            log, index, number = place(one.id)
            statements.append(
                {
                    "origin": sources.name(log),
                    "index": index,
                    "part": number,
                    "audience": _audience(store, log, index, number),
                    "op": said.record.op if said else "erased",
                    "in_view": bool(one.views & view),
                    "licence": why,
                }
            )
    shown_to = [name for name, mask in SEEN_BY.items() if any(current(parts, mask))]
    reason = _reason(statements, view)
    return {"key": key, "leaves": not reason, "reason": reason, "shown_to": shown_to, "statements": statements}


def _reason(statements: list[dict[str, Any]], view: int) -> str:
    """Return what keeps all of it from leaving, the first cause that nothing passes."""
    left = [one for one in statements if one["in_view"]]
    if not left:
        limited = any(one["licence"] and views.of_audience(one["audience"]) & view for one in statements)
        return exporting.LICENCE if limited else exporting.AUDIENCE
    held_back = [one for one in left if one["licence"]]
    left = [one for one in left if not one["licence"]]
    if not left:
        return exporting.LICENCE
    if any(one["op"] == "assert" for one in left):
        return ""
    if held_back:
        return exporting.LICENCE
    return exporting.ERASED if all(one["op"] == "erased" for one in left) else "withdrawn"


def _audience(store: Store, log: int, index: int, number: int) -> str:
    raw = Bundles(store, log_of(store, log)).entries(index, index + 1)[0]
    return entry.commitments(raw)[1][number][0]
