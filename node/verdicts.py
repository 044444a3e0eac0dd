"""The nightly step of a node with children: take up what came, and answer each origin where the answer is news.

Nothing is remembered beside the logs: a crash, a rebuild or a second call gives the same difference, or none.
"""

import logging
from dataclasses import dataclass

from catalog import applying, brake, verdicts
from catalog.catalogue import Catalogue
from catalog.statements import JUDGED, VERDICT
from catalog.verdicts import Verdict
from node import cataloguing
from node.node import Node, Opened
from sync import entry, sealed
from sync.bundles import Bundles
from sync.errors import SyncError
from sync.store import Log

log = logging.getLogger(__name__)
_AT_ONCE = 64  # entries that are added in one transaction


@dataclass(frozen=True, slots=True)
class Answered:
    """What a night answered: the verdicts by origin with the records that each tells of, and how many wait for more."""

    verdicts: dict[str, int]
    more: int = 0
    judged: bool = False


def decide(node: Node, since: float = 0.0) -> Answered:
    """Take up what is stored, and add to the own log what is to be answered: at most one entry an origin, and one more.

    `since` is when this night began: whoever got an answer after it gets the next one in the next night. What is added
    is signed by the session that follows; at the hub, by its seal.
    """
    with (
        node.home.hold("apply", cataloguing.APPLY_WAIT_S),
        node.opened() as opened,
        cataloguing.catalogue(node) as found,
    ):
        until = int(node.clock())  # before looking: whatever had a receipt by then is stored, and is judged now
        applying.apply(opened.store, found, node.origin, node.clock, opened.role_of)
        below = [one for one in opened.store.logs() if is_below(opened, one)]
        made = _Entries(opened)
        told: dict[str, int] = {}
        more = 0
        for one in below:
            if _said_since(opened, found, VERDICT, one.origin, since):
                continue
            due = verdicts.due(opened.store, found, one, node.origin, _answers_first(opened, one))
            if due is not None and made.add_verdict(due):
                told[one.origin] = due.told
                more += due.more
        judged = not _said_since(opened, found, JUDGED, node.origin, since) and verdicts.has_judged(
            opened.store, found, node.origin, {one.id for one in below}
        )
        if judged:  # last: a crash before it leaves verdicts that are true without it
            made.add([("federation", verdicts.judged(node.origin, until, found.cursor(), _held(opened, found)))])
        made.write()
        applying.apply(opened.store, found, node.origin, node.clock, opened.role_of)
    for origin, count in told.items():
        log.info("answered origin=%s records=%d", origin, count)
    return Answered(told, more, judged)


def _held(opened: Opened, found: Catalogue) -> dict[str, int]:
    """Return by origin how many entries are taken up of logs of which more waits for a person."""
    names = {one.id: one.origin for one in opened.store.logs()}
    return {names[one.log]: one.first for one in brake.held(found)}


def is_below(opened: Opened, one: Log) -> bool:
    """The hub answers everybody, a substation whom it is a parent of."""
    me = opened.node.origin
    if one.origin == me:
        return False
    return opened.node.settings.role == "hub" or opened.registry.is_parent(me, one.origin)


def _answers_first(opened: Opened, one: Log) -> str:
    """Return the tier below whose answer goes before ours; "" where the origin answers to nobody else first."""
    home = opened.registry.home(one.origin)
    return home if home not in (opened.node.origin, one.origin) and opened.node.settings.role == "hub" else ""


def _said_since(opened: Opened, found: Catalogue, kind: str, about: str, since: float) -> bool:
    newest = verdicts.newest_entry(opened.store, found, opened.node.origin, kind, about) if since else None
    if newest is None:
        return False
    (raw,) = Bundles(opened.store, opened.own.log).entries(newest, newest + 1)
    return entry.Entry.decode(raw).time_ms >= since * 1000


class _Entries:
    """Entries for the own log, added some at a time."""

    def __init__(self, opened: Opened):
        self._opened = opened
        self._made: list[list[tuple[str, bytes]]] = []

    def add_verdict(self, due: Verdict) -> bool:
        """Seal a verdict to its origin and add it; return whether that could be done."""
        opened, reader = self._opened, due.origin
        try:
            key = opened.registry.get(reader).node.hpke_key
            text = sealed.seal(due.text, key, opened.node.federation.id, opened.node.origin, reader)
        except SyncError as error:
            log.error("not answered origin=%s error=%r", reader, error)
            return False
        self.add([("path", due.body), (sealed.audience(reader), text)])
        return True

    def add(self, parts: list[tuple[str, bytes]]) -> None:
        self._made.append(parts)
        if len(self._made) >= _AT_ONCE:
            self.write()

    def write(self) -> None:
        if self._made:
            self._opened.own.add(self._made)
        self._made = []
