"""What comes down in a child's session (wire.md section 4): logs of nodes above, missing parts, what heals damage.

Nothing is stored that does not verify: a log from above by the code that takes children's logs, under heads by the
keys that the registry names.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from sync import entry, eras, erasing, head, mirror, receipting, repair, wants
from sync.bringing import Report, attempt
from sync.client import Client, ShownHead
from sync.errors import Damaged, NotAllowed, Unreachable
from sync.fetching import Fetching
from sync.healing import Healing
from sync.lock import HeadLock
from sync.package import unpack
from sync.quota import check_room
from sync.registry import Registration, Registry, ancestors
from sync.rights import Rights
from sync.store import Store


@dataclass(frozen=True)
class Pulling:
    """What one session pulls from its parent, counted in `report`; it stops while less than `floor_mb` is free."""

    store: Store
    lock: HeadLock
    registry: Registry
    client: Client
    clock: Callable[[], float]
    stop: threading.Event
    report: Report
    floor_mb: int = 0

    def pull_all(self, shown: Sequence[ShownHead]) -> None:
        """Bring the logs above up to the heads shown, then the parts that are missing of all logs."""
        for one in shown:
            attempt(self.report, self.registry.me, self.client.parent, partial(self._pull_whole, one))
        erasing.obey(self.store, self.registry)
        wants.refresh(self.store, self.registry)
        for origin in self._to_fetch():
            attempt(self.report, self.registry.me, origin, partial(self._fetch, origin))

    def _pull_whole(self, shown: ShownHead) -> None:
        """Pull one log; where what is held of it meets as damaged, once more after what could be was mended."""
        try:
            self._pull(shown)
        except Damaged as error:
            now_s = int(self.clock())
            if not repair.look_again(self.store, self.registry, self.lock, error.args[0], now_s):
                raise
            promised = head.stated(shown.note)
            is_recorded = held_size(self.store, self.registry, promised.origin) == promised.size
            self._pull(replace(shown, old_size=promised.size, proof=()) if is_recorded else shown)

    def hear(self, shown: Sequence[ShownHead]) -> None:
        """Bring the logs above up to the heads shown, and forget what is to be forgotten by them.

        Raises SyncError where one of them cannot be had: a node that was put back must not serve before. One that is
        frozen here stays as it is: nobody can bring more of it, and what is held of it counts.
        """
        for one in shown:
            held = self.store.log(head.stated(one.note).origin)
            if held is None or not held.frozen:
                self._pull_whole(one)
        erasing.obey(self.store, self.registry)

    def _pull(self, shown: ShownHead) -> None:
        """Bring one ancestor's log up to the head shown, verified by the code that verifies children's logs."""
        promised = head.stated(shown.note)
        if promised.origin not in ancestors(self.registry, self.client.parent):
            raise NotAllowed(promised.origin, "not-above-me")
        registered = self.registry.get(promised.origin)
        shown = self._passing_over_stolen(registered, shown)
        if shown.old_size and promised.size < held_size(
            self.store, self.registry, promised.origin
        ):  # another parent has shown more: only compare
            mirror.see_head(self.store, registered, "", shown.note)
            return
        mirror.record_head(self.store, registered, "", shown.note, shown.old_size, shown.proof)
        held = self.store.add_log(promised.origin)
        end = mirror.head_for(self.store, held, "", promised.size)
        committer = entry.Committer(self.registry.federation.id, end.origin)
        may_hold = Rights(self.store, self.registry).sees(end.origin, self.registry.me)
        at = held.next_entry
        while at < end.size:
            before = at
            for frame in self.client.entries(end.origin, at, end.size):
                check_room(self.store.path.parent, self.floor_mb)
                taken = mirror.take(self.store, registered, unpack(frame), end, committer, may_hold)
                self.report.entries_down += taken.next_entry - at
                at = taken.next_entry
            if at == before:
                raise Unreachable(self.client.parent, "UNAVAILABLE", "sent no entries")
        mirror.compare_heads(self.store, self.store.add_log(end.origin), registered)
        receipting.settle(self.store, end)

    def _to_fetch(self) -> list[str]:
        """Return the logs of which the parent may have parts that are missing here: those above, and those we bring."""
        above = ancestors(self.registry, self.client.parent)
        return above + [one.origin for one in self.store.logs_with_wanted() if self._may_fetch(one.origin, above)]

    def _may_fetch(self, origin: str, above: list[str]) -> bool:
        return origin not in (*above, self.registry.me) and self.registry.is_parent(self.registry.me, origin)

    def _passing_over_stolen(self, registered: Registration, shown: ShownHead) -> ShownHead:
        """Begin anew where the head held here is beyond what its keys, replaced by now, were good for."""
        return (
            shown
            if held_size(self.store, self.registry, registered.node.origin)
            else replace(shown, old_size=0, proof=())
        )

    def _fetch(self, origin: str) -> None:
        """Ask for the parts of one log from above that did not come with its entries."""
        fetching = Fetching(self.store, self.registry, self.client, self.registry.me, self.stop)
        self.report.parts_down += fetching.fetch(origin)

    @property
    def _healing(self) -> Healing:
        return Healing(self.store, self.registry, self.client, self.lock, self.clock, self.stop)

    def heal(self) -> None:
        """Fetch what is damaged here and what the parent has of it."""
        healing = self._healing
        for origin in healing.origins():
            attempt(self.report, self.registry.me, origin, partial(self._heal_log, healing, origin))

    def heal_own(self, origin: str) -> int:
        """Fetch what is damaged of the own log; return how many places are whole again, 0 where it does not verify."""
        before = self.report.healed
        attempt(self.report, self.registry.me, origin, partial(self._heal_log, self._healing, origin))
        return self.report.healed - before

    def _heal_log(self, healing: Healing, origin: str) -> None:
        self.report.healed += healing.heal(origin)


def held_size(store: Store, registry: Registry, origin: str) -> int:
    """Return the size of the head held here of a log above; of one beyond what its keys were good for, 0."""
    held = store.log(origin)
    newest = store.head(held) if held else None
    known = registry.find(origin) if newest else None
    return newest.size if newest and not (known and eras.is_overtaken(known.ages, newest)) else 0
