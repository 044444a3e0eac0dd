"""How old the word from above is (wire.md section 6): hub and substations sign their heads anew every night.

A node whose ancestor's newest head is older than 26 hours is stale: that is shown and alarmed, and work goes on. After
7 days it enrols nobody and takes no new keys: whom it trusts may have been revoked long ago.
"""

from dataclasses import dataclass

from sync.registry import Registry, ancestors
from sync.store import Store

STALE_AFTER_S = 26 * 3600
CLOSED_AFTER_S = 7 * 86_400


@dataclass(frozen=True, slots=True)
class Stale:
    """An ancestor whose newest head held here was signed `age_s` seconds ago."""

    origin: str
    age_s: int


def stale(store: Store, registry: Registry, now_s: float, after_s: int = STALE_AFTER_S) -> list[Stale]:
    """Return the ancestors whose newest head is older than `after_s`, hub first; not those never heard of."""
    found = []
    for origin in ancestors(registry, registry.me)[:-1]:
        log = store.log(origin)
        newest = store.head(log) if log else None
        if newest is not None and now_s - newest.time_s > after_s:
            found.append(Stale(origin, int(now_s) - newest.time_s))
    return found
