"""What a child does to get its own log back from its parents: ask each for the newest head of ours, then fetch."""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sync import entry, eras, head, recovery
from sync.bringing import known_epoch
from sync.client import Client, Greeting, Hello
from sync.errors import BadSignature, Conflict, NeedsRecovery, NotAllowed, SyncError, Unreachable
from sync.fetching import Fetching
from sync.head import Head
from sync.lock import HeadLock
from sync.note import VerifierKey
from sync.package import unpack
from sync.registry import Registry
from sync.store import Store

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Regained:
    """What came back: entries fetched, parts fetched, queued entries that were added again behind them."""

    size: int
    entries: int
    parts: int
    added_again: int


@dataclass(frozen=True, slots=True)
class Shown:
    """A parent that answered, and the newest head of our own log that it holds, if any."""

    client: Client
    head: Head | None


@dataclass
class Regaining:
    """One recovery of the own log. `verifiers` are the keys that its heads count under."""

    store: Store
    lock: HeadLock
    registry: Registry
    verifiers: Sequence[VerifierKey]
    stop: threading.Event
    progress: Callable[[str, int, int], None]

    @property
    def me(self) -> str:
        return self.registry.me

    def ask(self, client: Client) -> Shown:
        """Return what one parent shows. Raises Unreachable, NotAllowed, and BadSignature for a bare claim."""
        hello = self._hello(client)
        if not hello.your_head:
            return Shown(client, None)
        try:
            shown = self._open(hello.your_head)
        except SyncError:
            with self.store.write():
                self.store.alarm("bare-claim", client.parent, "showed a head of ours that we did not sign")
            raise
        if shown.origin != self.me:
            raise NotAllowed(client.parent, "showed another log's head")
        return Shown(client, shown)

    def _open(self, note: bytes) -> Head:
        """Return a head of ours, by the keys in use or by those before them, up to where these were good.

        Raises Malformed, BadSignature.
        """
        try:
            return head.open_head(note, self.verifiers)
        except BadSignature:
            if self.registry.find(self.me) is None:
                raise
            return eras.open_head(self.registry.eras(self.me), note, lambda found, last_good: True)

    def promised_before(self) -> int:
        """Return how many entries our earlier keys are known to have signed, 0 where they never changed."""
        last = [era.last_good for era in self.registry.eras(self.me) if era.last_good is not None]
        return max((one.size for one in last), default=0)

    def _hello(self, client: Client) -> Hello:
        held = self.store.log(client.parent)
        newest = self.store.head(held) if held else None
        hello = client.hello(
            Greeting(known_epoch(self.store, client.parent), (), (), newest.note if newest else b"", ())
        )
        if hello.status != "active":
            raise NotAllowed(self.me, hello.reason or hello.status)
        return hello

    def is_news(self, shown: Shown) -> bool:
        """Tell whether a parent shows a head of ours that head.lock or log.db does not know."""
        signed = self.lock.signed(self.me)
        found = shown.head
        return found is not None and not (
            signed and found.size <= signed.size and recovery.is_promised(self.store, found)
        )

    def run(self, shown: Sequence[Shown]) -> Regained | None:
        """Bring the own log up to the newest head of it that a parent, head.lock or log.db knows; None for none.

        Every step may be repeated after a crash. Raises Fork where two heads of ours contradict each other, and
        NeedsRecovery where entries were signed that nobody who answered holds.
        """
        ahead = recovery.ahead(self.store, self.registry)
        known = recovery.heads_of_ours(self.store, self.lock, self.me) + [one.head for one in shown if one.head]
        known += [ahead] if ahead else []
        if not known:
            if lost := self.promised_before():
                raise NeedsRecovery(
                    self.me, f"lost: {lost} entries were signed with keys before, and nobody shows them"
                )
            return None
        end = max(known, key=lambda one: (one.size, one.time_s))
        agreed = done = recovery.agreed(self.store, known, self.me)
        for one in sorted(shown, key=lambda one: one.head.size if one.head else 0):
            if one.head is not None and not recovery.is_promised(self.store, one.head):
                done = max(done, self._fetch(one.client, one.head))
        if not recovery.is_promised(self.store, end):
            if ahead == end:
                raise NeedsRecovery(self.me, "a child holds a newer head of our own log")
            held = recovery.agreed(self.store, known, self.me)
            raise NeedsRecovery(self.me, f"lost: {end.size} entries were signed, {held} of them are left anywhere")
        added = recovery.settle(self.store, self.lock, end, known, self.verifiers)
        return Regained(end.size, done - agreed, self._fetch_parts(shown), added)

    def _fetch(self, client: Client, end: Head) -> int:
        """Fetch the entries that `end` promises from one parent; return up to where they came."""
        signed = recovery.agreed(self.store, recovery.heads_of_ours(self.store, self.lock, self.me), self.me)
        committer = entry.Committer(self.registry.federation.id, self.me)
        at = recovery.begin_at(signed)
        try:
            while at < end.size:
                before = at
                for frame in client.entries(self.me, at, end.size):
                    at = recovery.take(self.store, unpack(frame), end, committer, signed, self.verifiers)
                    self.progress(self.me, at, end.size)
                    if self.stop.is_set():
                        raise Unreachable(client.parent, "CANCELLED", "stopped")
                if at == before:
                    raise Unreachable(client.parent, "UNAVAILABLE", "sent no entries")
        except Conflict:
            log.warning("not held parent=%s origin=%s size=%d", client.parent, self.me, end.size)
        return at

    def _fetch_parts(self, shown: Sequence[Shown]) -> int:
        """Fetch the parts of the own log that are missing here, from whoever holds them."""
        return sum(Fetching(self.store, self.registry, one.client, self.me, self.stop).fetch(self.me) for one in shown)
