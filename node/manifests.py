"""The nightly manifest of a node that registers others, and who was left out or silent (docs/two-routes.md)."""

import logging
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from catalog import digests
from catalog.catalogue import Catalogue
from node import cataloguing
from node.node import Node, Opened, shared
from sync import presence, rollcall, silence
from sync.rollcall import LeftOut
from sync.silence import NO_MANIFEST, Silent

log = logging.getLogger(__name__)


def night_of(node: Node, now_s: float) -> int:
    """Return the night that a time belongs to, by the date of the noon before it: 20261124."""
    local = datetime.fromtimestamp(now_s, ZoneInfo(node.settings.timezone)) - timedelta(hours=12)
    return local.year * 10_000 + local.month * 100 + local.day


def state(node: Node, since_s: float = 0.0) -> int | None:
    """Say in the own log how all stand that this node registers, once a night; return the entry's index.

    None where this night has a manifest from after `since_s`, where the node registers nobody, or its log is frozen.
    """
    if not node.settings.registers:
        return None
    with node.opened() as opened:
        if opened.own.log.frozen:
            return None
        night = night_of(node, node.clock())
        with cataloguing.catalogue(node) as found:
            digest_of = partial(_digest, opened, found)
            return rollcall.state(opened.store, opened.own, opened.registry, night, since_s, digest_of)


def _digest(opened: Opened, found: Catalogue, origin: str, size: int) -> bytes:
    """Return the digest of what is applied here of a log, as far as the hub may see it, too; zeros while it is not."""
    hub = opened.node.federation.name
    try:
        return digests.of(opened.store, found, origin, size, shared(opened.registry, origin, hub))
    except digests.Behind:
        return rollcall.NO_HASH


def look(node: Node) -> tuple[list[LeftOut], list[Silent]]:
    """Tell a person who is left out by one of those below, and who of them is silent; return both."""
    with node.opened() as opened:
        left_out = rollcall.alarm_for_left_out(opened.store, opened.registry)
        quiet = silent(opened)
        if quiet:
            with opened.store.write():
                for one in quiet:
                    opened.store.alarm("silent", one.origin, _said(one))
    for found in left_out:
        log.error("left out by=%s origin=%s", found.by, found.origin)
    for one in quiet:
        log.error("silent origin=%s what=%s", one.origin, one.what)
    return left_out, quiet


def silent(opened: Opened) -> list[Silent]:
    """Return who of those below should have been heard by now."""
    node = opened.node
    if not node.settings.registers:
        return []
    return silence.silent(opened.store, opened.registry, node.clock(), lambda now_s: night_of(node, now_s))


def _said(one: Silent) -> str:
    if one.what == NO_MANIFEST:
        return f"its newest manifest is of night {one.night}" if one.night else "has sent no manifest yet"
    return f"has not called since {datetime.fromtimestamp(one.since_s, UTC):%Y-%m-%d %H:%M} UTC"


def heard(opened: Opened) -> dict[str, dict[str, Any]]:
    """Return of each child when it called last, and of which night its newest manifest is; None for never."""
    called = presence.last_calls(opened.store)
    answer: dict[str, dict[str, Any]] = {}
    for child in opened.registry.children(moved=True):
        held = opened.store.log(child.origin)
        newest = rollcall.newest(opened.store, held) if held else None
        answer[child.origin] = {"called": called.get(child.origin), "manifest": newest.night if newest else None}
    return answer
