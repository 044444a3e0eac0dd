"""A child's Hello (wire.md section 4): what it says of itself and offers, and what it believes of the answer.

The parent's word is the cursor: nothing here remembers how far a log was brought.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from sync import evidence, ownrow, rotation
from sync.bringing import Bringing, attempt, known_epoch
from sync.client import Client, Greeting, Hello
from sync.door import Door
from sync.errors import NotAllowed, ShutOut
from sync.federation import Federation
from sync.ownlog import OwnLog
from sync.pulling import held_size
from sync.registry import Registry, ancestors
from sync.store import Log, Store
from sync.telling import Telling

log = logging.getLogger(__name__)
Trust = Callable[[Sequence[bytes]], Federation]


@dataclass(frozen=True)
class Handshake:
    """How one session says hello to its parent, written into the report of `bringing`."""

    store: Store
    own: OwnLog
    registry: Registry
    client: Client
    clock: Callable[[], float]
    bringing: Bringing
    trust: Trust | None = None
    door: Door | None = None

    def hello(self, telling: Telling) -> Hello:
        """Say hello; return the answer of a parent that takes something of us. Raises NotAllowed, ShutOut."""
        parent, report = self.client.parent, self.bringing.report
        epoch = known_epoch(self.store, parent)
        known = self.store.log(parent)
        parents_head = self.store.head(known) if known else None
        above = [(one, held_size(self.store, self.registry, one)) for one in ancestors(self.registry, parent)]
        own = self.own.log
        receipts = [(one.signer, one.size) for one in self.store.newest_receipts(own)]
        shown = parents_head.note if parents_head else b""
        version, registration = self.registry.federation.newest.version, self._registration()
        greeting = Greeting(
            epoch,
            self.offers(),
            above,
            shown,
            receipts,
            telling.greeting(),
            root_version=version,
            registration=registration,
            manifest=ownrow.checked(self.store, parent),
            door=self.door,
        )
        hello = self._give_back(greeting, self.client.hello(greeting))
        if hello.root_statements and self.trust is not None:  # before the heads that they vouch for
            self.registry.trust(self.trust(hello.root_statements))
        if hello.status != "active":
            why = hello.reason or hello.status
            raise ShutOut(self.own.origin, why, hello.because) if hello.because else NotAllowed(self.own.origin, why)
        if registration and hello.reason != "moving":
            with self.store.write():
                self.store.set_meta(f"shown-keys:{parent}", self._keys_hash())
        report.please_reconcile = hello.please_reconcile
        report.authorities = hello.authorities
        report.skew_s = hello.time_ms / 1000 - self.clock()
        if epoch and hello.epoch != epoch:
            log.warning("parent restored parent=%s", parent)
            hello = replace(hello, logs=self._everything(hello.epoch).logs)
        return hello

    def _give_back(self, greeting: Greeting, hello: Hello) -> Hello:
        """Bring the parent what it asks for of its own log; it may know more of who we are afterwards."""
        state = hello.logs.get(self.client.parent)
        if state is None or state.reason != "recover":
            return hello
        attempt(self.bringing.report, self.own.origin, self.client.parent, partial(self.bringing.give_back, state))
        return self.client.hello(greeting) if state.next_entry < state.recorded else hello

    def _registration(self) -> Sequence[bytes]:
        """What shows a parent that is not our home that our keys, or our home, have changed; nothing where it knows,
        or nobody can.

        Until our home has sealed its entry, heads and receipts carry the old keys' signatures as well.
        """
        parent, me, homes = self.client.parent, self.own.origin, self.registry.homes(self.own.origin)
        if homes[-1] == parent or (len(homes) == 1 and len(self.registry.eras(me)) < 2):
            return ()
        if self.registry.find(me) is None:  # the new home has let us in, and its word has not come down yet
            return ()
        if self.store.meta(f"shown-keys:{parent}") == self._keys_hash():
            return ()
        try:
            return evidence.registrations(self.store, self.registry, me)
        except evidence.NotProved:
            return ()

    def _keys_hash(self) -> bytes:
        """Return what tells one standing from another: the keys; of who has moved, the home behind them."""
        me = self.own.origin
        keys = rotation.keys_hash(rotation.registered(*rotation.set_of(self.registry.get(me).node)))
        homes = self.registry.homes(me)
        return keys + homes[-1].encode() if len(homes) > 1 else keys

    def _everything(self, epoch: bytes) -> Hello:
        """The parent is not the one that we knew: its receipts say nothing any more, so every log is compared."""
        mine = [(one.origin, one.stored) for one in self.mine_to_bring()]
        return self.client.hello(Greeting(epoch, mine, (), b"", ()))

    def remember(self, hello: Hello) -> None:
        """Keep the parent's epoch, once everything was compared with it."""
        if self.store.meta(f"epoch:{self.client.parent}") != hello.epoch:
            with self.store.write():
                self.store.set_meta(f"epoch:{self.client.parent}", hello.epoch)

    def again(self, others: set[str], offered: set[str]) -> Hello:
        """Offer again what was offered before, too: a restored parent did not know whose it was."""
        offers = {one.origin: one.stored for one in self.mine_to_bring() if one.origin in offered & others}
        offers |= {origin: size for origin, size in self.offers() if origin in others}
        return self.client.hello(
            Greeting(known_epoch(self.store, self.client.parent), sorted(offers.items()), (), b"", ())
        )

    def offers(self) -> list[tuple[str, int]]:
        """Every log that holds more than the parent gave a receipt for; of our own also what is not sealed yet."""
        outstanding = self.store.outstanding(self.client.parent)
        found = {one.origin: one.stored for one in outstanding if self._may_bring(one.origin)}
        own, newest = self.own.log, self.store.newest_receipt(self.own.log, self.client.parent)
        if own.next_entry > (newest.size if newest else 0):
            found[own.origin] = own.next_entry
        return sorted(found.items())

    def mine_to_bring(self) -> list[Log]:
        """Return the logs held here that go up to this parent."""
        return [one for one in self.store.logs() if one.next_entry and self._may_bring(one.origin)]

    def _may_bring(self, origin: str) -> bool:
        """The own log, and those of children; other mirrors came down from a parent."""
        return origin == self.own.origin or self.registry.is_parent(self.own.origin, origin)
