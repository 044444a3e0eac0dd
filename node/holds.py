"""What waits for a person because it would change too much, and their word on it."""

import logging
from dataclasses import dataclass
from typing import Any

from catalog import brake, decisions
from catalog.brake import Held
from catalog.catalogue import Catalogue
from catalog.statements import HOLD, MAX_PLACES
from node import cataloguing
from node.hold_book import OPEN, REFUSED, RELEASED, Hold, NoHold
from node.node import Node, Opened
from records import body
from records.body import Record

log = logging.getLogger(__name__)
FEW = 20


@dataclass(frozen=True, slots=True)
class Decided:
    """What a decision came to: the hold as it is now, and what was kept out by it, in parts."""

    hold: Hold
    kept_out: int = 0


def listed(node: Node, all: bool = False) -> list[Hold]:
    """Return what waits, newest first; with `all` also what was decided before."""
    return [one for one in node.notebook.holds() if all or one.state == OPEN]


def waiting(node: Node, id: int) -> Hold:
    """Return a hold that waits; raise NoHold."""
    found = node.notebook.hold(id)
    if found.state != OPEN:
        raise NoHold(id)
    return found


def changes(node: Node, one: Hold, limit: int = FEW) -> list[dict[str, Any]]:
    """Return some of the rights that a hold would change: key, title, and whether it is withdrawn."""
    with node.opened() as opened, cataloguing.catalogue(node) as found:
        held = next((each for each in _held(opened, found) if each[0] == one.origin), None)
        if held is None:
            return []
        log = opened.store.log(one.origin)
        assert log is not None
        some: dict[int, bool] = {}
        for change in brake.changes(opened.store, found, log, held[1].first, held[1].last):
            some[change.record] = change.withdraws
            if len(some) >= limit:
                break
        rows = {id: row for id, *row in found.many("select id, key, title from record where id in ({})", list(some))}
    return [
        {"key": rows[id][0], "title": rows[id][1], "change": "withdrawn" if withdraws else "changed"}
        for id, withdraws in some.items()
    ]


def _held(opened: Opened, found: Catalogue) -> list[tuple[str, Held]]:
    names = {one.id: one.origin for one in opened.store.logs()}
    return [(names[one.log], one) for one in brake.held(found)]


def release(node: Node, id: int, person: str, reason: str) -> Decided:
    """Let through what waits, as far as the hold shows it; raise NoHold.

    The word is an entry of the own log, so that a rebuilt catalogue takes the same up. After a crash behind it, the
    next apply goes on.
    """
    one = waiting(node, id)
    return _decide(node, one, [], RELEASED, person, reason)


def refuse(node: Node, id: int, person: str, reason: str) -> Decided:
    """Keep out, part by part, what would change a live right, and let the rest through; raise NoHold.

    The origin is told of each with its next verdict.
    """
    one = waiting(node, id)
    with node.opened() as opened, cataloguing.catalogue(node) as found:
        log = opened.store.log(one.origin)
        held = next((each for origin, each in _held(opened, found) if origin == one.origin), None)
        if log is None or held is None:
            raise NoHold(id)
        kept_out = brake.places(opened.store, found, held, log)
        one = node.notebook.hold(id)
    return _decide(node, one, kept_out, REFUSED, person, reason)


def _decide(node: Node, one: Hold, kept_out: list[int], state: str, person: str, reason: str) -> Decided:
    """Add the word to the own log, in one transaction with what is kept out, and let it take effect."""
    made = [
        decisions.record(one.origin, kept_out[at : at + MAX_PLACES], decisions.KEEP, person, reason)
        for at in range(0, len(kept_out), MAX_PLACES)
    ]
    word = "release" if state == RELEASED else "refuse"
    fields = {"origin": one.origin, "until": one.last, "decision": word, "by": person}
    said = Record(f"{HOLD}:{one.origin}", "assert", HOLD, 1, fields | ({"reason": reason} if reason else {}))
    with node.opened() as opened:
        opened.own.add([[("path", body.encode(each))] for each in (*made, said)])
    node.notebook.decide_hold(one.id, state, person, reason, node.clock())
    cataloguing.apply(node)
    log.info("hold decided origin=%s state=%s until=%d kept_out=%d", one.origin, state, one.last, len(kept_out))
    return Decided(node.notebook.hold(one.id), len(kept_out))
