"""Damaged entries and parts, healed from another tier in a session: fetched from the parent, or brought to it.

What comes is proved against a head that is kept here and whose signatures are checked again; see mending.py.
"""

import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from sync import damage, signed
from sync.bundles import packages
from sync.client import Client
from sync.damage import Book
from sync.errors import Conflict, NoHead, NotAllowed, UnknownOrigin
from sync.fetching import Fetching
from sync.head import Head
from sync.lock import HeadLock
from sync.mending import Mending
from sync.package import MAX_PACKAGES_A_CALL, Frame, Packer, unpack
from sync.registry import Registry
from sync.signed import Keys
from sync.store import Log, Store
from sync.tree import BUNDLE

log = logging.getLogger(__name__)
Range = tuple[int, int]


@dataclass(frozen=True)
class Healing:
    """What one session with one parent heals here, until `stop` is set."""

    store: Store
    registry: Registry
    client: Client
    lock: HeadLock
    clock: Callable[[], float]
    stop: threading.Event

    def origins(self) -> list[str]:
        """Return the logs of which entries or parts are damaged here."""
        found = Book(self.store).open()
        return sorted({one.origin for one in found if one.what in (damage.ENTRIES, damage.PART)})

    def heal(self, origin: str) -> int:
        """Fetch what is damaged of one log from the parent; return how many places are whole again.

        A parent that does not hold the log heals nothing. Raises BadProof where what it sends is not what was signed.
        """
        mending = Mending(self.store, self.registry, self.lock, int(self.clock()))
        before = len(mending.book.open(origin))
        try:
            self._entries(mending, origin)
            if mending.book.open(origin, damage.PART):
                Fetching(self.store, self.registry, self.client, self.registry.me, self.stop).fetch(origin)
        except (NotAllowed, UnknownOrigin, Conflict, NoHead) as error:
            log.info("not healed origin=%s parent=%s error=%r", origin, self.client.parent, error)
        mending.here(mending.book.open(origin, damage.PART))
        return before - len(mending.book.open(origin))

    def _entries(self, mending: Mending, origin: str) -> None:
        held = self.store.log(origin)
        if held is None:
            return
        heads = sorted(_heads(self.store, self.registry, held), key=lambda one: one.size)
        for run in runs(mending.book.ranges(origin)):
            end = next((one for one in heads if one.size >= run[1]), heads[-1] if heads else None)
            if end is None or end.size <= run[0] or self.stop.is_set():
                continue
            frames = self.client.entries(origin, run[0], end.size)
            for frame in frames:
                found = unpack(frame)
                mending.replace(found, end)
                if found.last >= run[1]:
                    break


def _heads(store: Store, registry: Registry, held: Log) -> Iterator[Head]:
    """Yield the kept heads of a log whose signatures verify."""
    for one in signed.heads(store, Keys(store, registry), held):
        if one.opened is not None and one.size <= held.next_entry:
            yield one.opened


def runs(ranges: Iterable[Range]) -> list[Range]:
    """Return what is to be asked for: the bundles that hold these ranges, in runs of at most 32."""
    numbers = sorted({number for first, last in ranges for number in range(first // BUNDLE, -(-last // BUNDLE))})
    found = []
    for _gap, group in groupby(enumerate(numbers), key=lambda one: one[1] - one[0]):
        row = [number for _at, number in group]
        for at in range(0, len(row), MAX_PACKAGES_A_CALL):
            some = row[at : at + MAX_PACKAGES_A_CALL]
            found.append((some[0] * BUNDLE, (some[-1] + 1) * BUNDLE))
    return found


def frames(path_of: Store, held: Log, run: Range, end: Head) -> Iterator[Frame]:
    """Yield the packages of a run of bundles for a parent that lacks them, without parts; opens a store of its own."""
    store = Store(path_of.path, one_thread=False)
    try:
        packer = Packer()
        for one in packages(store, held, run[0], min(run[1], end.size), end.size, lambda audience, index: False):
            yield packer.pack(one)
    finally:
        store.close()


def promised(store: Store, registry: Registry, held: Log, end: Head) -> Head:
    """Return a kept head once more from its note, its signatures checked again; raise NoHead."""
    found = Keys(store, registry).head(end.note, held.origin)
    if found is None or found.checkpoint != end.checkpoint:
        raise NoHead(held.origin, end.size)
    return found
