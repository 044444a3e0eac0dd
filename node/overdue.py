"""Entries that a node holds and has not brought above: it says so itself, before anybody misses them.

What came in before a night should have a receipt by the parent after it, and one by those further up after the next.
Longer, and something keeps it: a line, a parent, or a session that refuses. Nights are this node's own windows.
"""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from node.messages import _
from node.node import Opened
from node.schedule import Window
from sync import entry
from sync.bundles import Bundles
from sync.registry import ancestors
from sync.store import Log

log = logging.getLogger(__name__)
ALARM = "overdue"
ALARM_NIGHTS = 2
_DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Overdue:
    """Of a log, `missing` entries from `size` on without a receipt by `by`; here since `since_s` (POSIX), for `nights`.

    `direct`: `by` is a parent, so that it is this node that did not bring them.
    """

    origin: str
    by: str
    size: int
    missing: int
    since_s: int
    nights: int
    direct: bool


def found(opened: Opened) -> list[Overdue]:
    """Return what waits longer than a night takes, by log and receiver; not what is frozen, suspended or revoked."""
    node, registry = opened.node, opened.registry
    parents = {one.origin for one in node.settings.parents}
    above = {one for parent in parents for one in ancestors(registry, parent)}
    window, now = Window.parse(node.settings.window, ZoneInfo(node.settings.timezone)), node.clock()
    late = []
    for one in opened.store.logs():
        if not _is_brought(opened, one):
            continue
        for by in sorted(above if one.origin == node.origin else parents):
            newest = opened.store.newest_receipt(one, by)
            size = newest.size if newest else 0
            since_s = _since(opened, one, size)
            if since_s is not None and (nights := _nights(window, since_s, now)) >= (1 if by in parents else 2):
                late.append(Overdue(one.origin, by, size, one.next_entry - size, since_s, nights, by in parents))
    return late


def _is_brought(opened: Opened, one: Log) -> bool:
    registry, me = opened.registry, opened.node.origin
    if one.frozen or not one.next_entry or not (one.origin == me or registry.is_parent(me, one.origin)):
        return False
    known = registry.find(one.origin)
    return known is not None and known.node.status == "active"


def _since(opened: Opened, one: Log, size: int) -> int | None:
    """Return since when this node holds entries from `size` on: its receipt on them, for the own log their time."""
    if size >= one.next_entry:
        return None
    if one.origin == opened.node.origin:
        return entry.Entry.decode(Bundles(opened.store, one).entries(size, size + 1)[0]).time_ms // 1000
    (first_s,) = opened.store.db.execute(
        "select min(first_time) from receipt where log = ? and signer = ? and size > ?",
        (one.id, opened.node.origin, size),
    ).fetchone()
    return None if first_s is None else int(first_s)  # without a receipt of ours it has not come whole yet


def _nights(window: Window, since_s: float, now_s: float) -> int:
    """Return how many windows began after `since_s` and are over."""
    start, end = window.latest(now_s)
    if end > now_s:
        start -= _DAY_S
    return 0 if start < since_s else int(start - since_s) // _DAY_S + 1


def warn(opened: Opened) -> list[Overdue]:
    """Tell a person, once for each place where a log stands still, of what has waited for two nights; return it."""
    late = [one for one in found(opened) if one.nights >= ALARM_NIGHTS]
    for one in late:
        log.error("overdue origin=%s by=%s missing=%d nights=%d", one.origin, one.by, one.missing, one.nights)
        since = datetime.fromtimestamp(one.since_s, UTC)
        detail = f"entries from {one.size} on have no receipt by {one.by}; here since {since:%Y-%m-%d %H:%M} UTC"
        with opened.store.write():
            opened.store.alarm(ALARM, one.origin, detail)
    return late


def sentence(one: Overdue) -> str:
    """Return what waits, and what to do, as people read it."""
    if one.direct:
        text = _(
            "WAITING: {missing} entries of {origin} have not reached {by} for {nights} nights. "
            "`doctor` says what keeps them; without a line, use `carry out`."
        )
    else:
        text = _(
            "WAITING: {missing} entries of {origin} have no receipt by {by} for {nights} nights. "
            "Ask the operator of the node between."
        )
    return text.format(missing=one.missing, origin=one.origin, by=one.by, nights=one.nights)
