"""Who has been silent: an idle node says hello every night, and who registers others says every night how they stand.

Quiet is not healthy: a child that was not heard for 26 hours, or whose manifest is that much late, is named.
"""

from collections.abc import Callable
from dataclasses import dataclass

from sync import control, entry, presence, rollcall
from sync.registry import Registry
from sync.schema import key
from sync.store import Store

SILENT_AFTER_S = 26 * 3600
NO_CALL, NO_MANIFEST = "no-call", "no-manifest"
_WITH_CHILDREN = ("substation", "alliance")


@dataclass(frozen=True, slots=True)
class Silent:
    """A child that should have been heard: `what` is missing since `since_s` (POSIX), `night` is of its last."""

    origin: str
    what: str
    since_s: int
    night: int = 0


def silent(store: Store, registry: Registry, now_s: float, night_of: Callable[[float], int]) -> list[Silent]:
    """Return the active children that called last over 26 hours ago, and those whose manifest is late, by origin.

    `night_of` gives the night that a time belongs to, as 20261124. Who never called counts from its registration.
    """
    called, found = presence.last_calls(store), []
    due = now_s - SILENT_AFTER_S
    for one in registry.children():
        role = one.role if isinstance(one, control.Node) else ""
        if one.status != "active" or role == "feed":
            continue
        registered = _registered_at(store, registry.me, one.origin)
        since = called.get(one.origin, registered)
        if since < due:
            found.append(Silent(one.origin, NO_CALL, since))
        elif role in _WITH_CHILDREN and registered < due:
            log = store.log(one.origin)
            newest = rollcall.newest(store, log) if log else None
            if newest is None or newest.night < night_of(due):
                found.append(Silent(one.origin, NO_MANIFEST, registered, newest.night if newest else 0))
    return found


def _registered_at(store: Store, me: str, origin: str) -> int:
    """Return when our own log first registered an origin, or counted it as a member (POSIX seconds)."""
    log = store.log(me)
    if log is None:
        return 0
    row = store.db.execute(
        "select entry from control where about = ? and what in ('node', 'member') and log = ? and id >= ? "
        "order by id limit 1",
        (origin, log.id, key(log.id, 0)),
    ).fetchone()
    return entry.Entry.decode(row[0]).time_ms // 1000 if row else 0
