"""What waits for a person because it would change too much, and their word on it.

Other nodes' entries wait in the catalogue (catalog/brake.py), and the word on them is an entry of the own log. What
files would change of this node's own rights waits as a file (holding.py, held_imports.py), at its feeds as well.
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from catalog import brake, decisions
from catalog.brake import Held
from catalog.catalogue import Catalogue
from catalog.statements import HOLD, MAX_PLACES
from node import cataloguing, feeds, held_imports
from node.hold_book import APPLY, OPEN, REFUSED, RELEASED, Hold, NoHold
from node.node import Node, Opened
from node.submission_book import Submission
from records import body
from records.body import Record

log = logging.getLogger(__name__)
FEW = 20
DECIDE_WAIT_S = 5.0
Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Decided:
    """What a decision came to: the hold as it is now.

    Of other nodes' entries also how many parts were kept out by it; of an import that was let through what it filed.
    """

    hold: Hold
    kept_out: int = 0
    submission: Submission | None = None


def listed(node: Node, all: bool = False) -> list[Hold]:
    """Return what waits, newest first, of this node and then of its feeds; with `all` also what was decided before."""
    return [
        replace(one, feed=feed)
        for feed, place in _places(node)
        for one in (place.notebook.holds() if all else place.notebook.open_holds())
    ]


def _places(node: Node) -> Iterator[tuple[str, Node]]:
    yield "", node
    for name in feeds.finished(node):
        yield name, feeds.find(node, name)


def find(node: Node, name: int | str) -> tuple[Node, Hold]:
    """Return a hold by its number, behind FEED/ where it is a feed's, and the node that it is of; raise NoHold."""
    feed, slash, number = str(name).rpartition("/")
    if not (number.isascii() and number.isdigit() and len(number) < 16) or bool(slash) != (feed in feeds.names(node)):
        raise NoHold(name)
    place = feeds.find(node, feed) if feed else node
    return place, replace(place.notebook.hold(int(number)), feed=feed)


def waiting(node: Node, name: int | str) -> Hold:
    """Return a hold that waits; raise NoHold."""
    _place, found = find(node, name)
    if found.state != OPEN:
        raise NoHold(name)
    return found


def changes(node: Node, one: Hold, limit: int = FEW) -> list[dict[str, Any]]:
    """Return some of the rights that a hold would change: key, title, and whether it is withdrawn."""
    if one.what != APPLY:
        return held_imports.changes(find(node, one.named)[0], one)
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


def release(node: Node, name: int | str, person: str, reason: str, progress: Progress = lambda rows: None) -> Decided:
    """Let through what waits, as far as the hold shows it; raise NoHold.

    Of other nodes' entries the word is an entry of the own log, so that a rebuilt catalogue takes the same up; after a
    crash behind it, the next apply goes on. Of an import the file is taken in; after a crash, the same call goes on.
    """
    return _decided(node, name, RELEASED, person, reason, progress)


def refuse(node: Node, name: int | str, person: str, reason: str) -> Decided:
    """Keep out what would change a live right, and let the rest through; raise NoHold.

    Another node is told of each with its next verdict. Of an import the rest is filed already, and the receipt of its
    submission says the word.
    """
    return _decided(node, name, REFUSED, person, reason, lambda rows: None)


def _decided(node: Node, name: int | str, state: str, person: str, reason: str, progress: Progress) -> Decided:
    place, _found = find(node, name)
    with place.home.hold("decide", DECIDE_WAIT_S):  # one word on a hold, whoever speaks at the same time
        one = waiting(node, name)
        if one.what == APPLY:
            kept_out = _kept_out(node, one) if state == REFUSED else []
            return _decide(node, waiting(node, name), kept_out, state, person, reason)
        done = held_imports.decide(node, place, one, state, person, reason, progress)
    if done and place is not node:
        _let_through(node, place, person, reason)
    return Decided(find(node, name)[1], submission=done)


def _kept_out(node: Node, one: Hold) -> list[int]:
    with node.opened() as opened, cataloguing.catalogue(node) as found:
        log = opened.store.log(one.origin)
        held = next((each for origin, each in _held(opened, found) if origin == one.origin), None)
        if log is None or held is None:
            raise NoHold(one.id)
        return brake.places(opened.store, found, held, log)


def _let_through(node: Node, feed: Node, person: str, reason: str) -> None:
    """Say in the own log that what was released in a feed need not wait once more when it comes here.

    A crash before leaves that to a person, who finds it held then.
    """
    with feed.opened() as theirs, node.opened() as opened:
        said = _word(feed.origin, theirs.own.log.next_entry, RELEASED, person, reason)
        opened.own.add([[("path", body.encode(said))]])


def _decide(node: Node, one: Hold, kept_out: list[int], state: str, person: str, reason: str) -> Decided:
    """Add the word to the own log, in one transaction with what is kept out, and let it take effect."""
    made = [
        decisions.record(one.origin, kept_out[at : at + MAX_PLACES], decisions.KEEP, person, reason)
        for at in range(0, len(kept_out), MAX_PLACES)
    ]
    said = _word(one.origin, one.last, state, person, reason)
    with node.opened() as opened:
        opened.own.add([[("path", body.encode(each))] for each in (*made, said)])
    node.notebook.decide_hold(one.id, state, person, reason, node.clock())
    cataloguing.apply(node)
    log.info("hold decided origin=%s state=%s until=%d kept_out=%d", one.origin, state, one.last, len(kept_out))
    return Decided(node.notebook.hold(one.id), len(kept_out))


def _word(origin: str, until: int, state: str, person: str, reason: str) -> Record:
    word = "release" if state == RELEASED else "refuse"
    fields = {"origin": origin, "until": until, "decision": word, "by": person}
    return Record(f"{HOLD}:{origin}", "assert", HOLD, 1, fields | ({"reason": reason} if reason else {}))
