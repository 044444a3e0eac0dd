"""Mirrors that a substation has lost, fetched from a parent that it once brought them to.

Each is verified by the code that verifies what children bring; their authors may be gone for good.
"""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from sync import entry, mirror, receipting
from sync.bringing import known_epoch
from sync.client import Client, Greeting, LogState
from sync.errors import SyncError, Unreachable
from sync.fetching import Fetching
from sync.package import unpack
from sync.registry import Registry
from sync.rights import Rights
from sync.store import Store

log = logging.getLogger(__name__)
LOGS_A_HELLO = 200


@dataclass
class MirrorsBack:
    """What one parent holds more of than this node, of the logs that this node brings."""

    store: Store
    registry: Registry
    client: Client
    stop: threading.Event
    progress: Callable[[str, int, int], None]

    def fetch(self) -> int:
        """Fetch what is missing here; return how many entries came. One log's trouble does not stop the others."""
        taken = 0
        for page in _pages(self._mine()):
            offers = [(origin, self._stored(origin)) for origin in page]
            epoch = known_epoch(self.store, self.client.parent)
            hello = self.client.hello(Greeting(epoch, offers, (), b"", (), want_heads=True))
            for origin in sorted(set(hello.logs) & set(page)):
                taken += self._attempt(hello.logs[origin])
        return taken

    def _mine(self) -> list[str]:
        me = self.registry.me
        return [one.origin for one in self.registry.children() if self.registry.is_parent(me, one.origin)]

    def _stored(self, origin: str) -> int:
        held = self.store.log(origin)
        return held.stored if held else 0

    def _attempt(self, state: LogState) -> int:
        try:
            return self._fetch(state) if state.note else 0
        except Unreachable:
            raise
        except SyncError as error:
            log.warning("mirror not fetched origin=%s parent=%s error=%r", state.origin, self.client.parent, error)
            return 0

    def _fetch(self, state: LogState) -> int:
        registered = self.registry.get(state.origin)
        held, end = mirror.see_head(self.store, registered, "", state.note)
        committer = entry.Committer(self.registry.federation.id, end.origin)
        me = self.registry.me
        may_hold = Rights(self.store, self.registry).sees(end.origin, me)
        begin = at = held.next_entry
        while at < end.size and not self.stop.is_set():
            before = at
            for frame in self.client.entries(end.origin, at, end.size):
                at = mirror.take(self.store, registered, unpack(frame), end, committer, may_hold).next_entry
                self.progress(end.origin, at, end.size)
            if at == before:
                raise Unreachable(self.client.parent, "UNAVAILABLE", "sent no entries")
        receipting.settle(self.store, end)
        with self.store.write():
            self.store.put_head(held, end)
        Fetching(self.store, self.registry, self.client, me, self.stop).fetch(end.origin)
        return at - begin


def _pages(origins: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(origins), LOGS_A_HELLO):
        yield origins[start : start + LOGS_A_HELLO]
