"""The own log made whole before it is signed: checked, mended from what is here, healed from a parent (wire.md 9).

A node that signs nothing because head.lock and log.db disagree may be restored, or only damaged. What is damaged is
found by its hashes, and nothing of it is given up to recovery, or taken for another branch.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from sync import damage, fsck, recovery
from sync.damage import Damage
from sync.lock import HeadLock
from sync.mending import Mending
from sync.registry import Registry
from sync.store import Store

log = logging.getLogger(__name__)
LOOKED_S = 3600


@dataclass(frozen=True)
class Repair:
    """Repairs the own log of one node; `now_s` is when."""

    store: Store
    registry: Registry
    lock: HeadLock
    now_s: int

    def run(self, heal: Callable[[str], int] = lambda origin: 0) -> bool:
        """Make whole what can be; tell whether anything was. `heal` fetches from a parent what is damaged of a log.

        What is nowhere else is mended last: it depends on what was signed before it.
        """
        me = self.registry.me
        if recovery.restored(self.store):
            return False
        found = self._looked()
        mended = len(self._mending.here(found))
        if any(one.what in (damage.ENTRIES, damage.PART) for one in self._mending.book.open(me)):
            mended += heal(me)
            mended += len(self._mending.here(self._looked()))
        for one in found:
            log.warning("own log damaged place=%s", damage.said(one))
        return mended > 0

    @property
    def _mending(self) -> Mending:
        return Mending(self.store, self.registry, self.lock, self.now_s)

    def _looked(self) -> list[Damage]:
        found = fsck.check(self.store, self.registry, self.lock, self.registry.me)
        self._mending.book.note(found, self.now_s)
        return found


def look_again(store: Store, registry: Registry, lock: HeadLock, origin: str, now_s: int) -> bool:
    """Check one log, which does not fit what somebody signed, and mend it here; tell whether anything was.

    Where it is whole there is no proof for anything either: a person is told, and it is not looked at again within an
    hour, so that nobody makes this node look all the time.
    """
    name = f"looked:{origin}"
    if now_s < int(store.meta(name) or b"0") + LOOKED_S:
        return False
    mending = Mending(store, registry, lock, now_s)
    found = fsck.check(store, registry, lock, origin)
    mending.book.note(found, now_s)
    mended = mending.here(found)
    for one in found:
        log.warning("damaged origin=%s place=%s", origin, damage.said(one))
    if not found:
        with store.write():
            store.set_meta(name, str(now_s).encode())
            store.alarm("contradiction", origin, "what is held does not fit what was signed, and nothing is damaged")
    return bool(mended)
