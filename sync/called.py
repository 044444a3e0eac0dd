"""One call of a child, as the parent serves it: its own store and registry, and what a node serves with."""

import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import grpc

from sync import entry, mirror, recovery, repair
from sync.errors import Damaged, NotAllowed, UnknownOrigin
from sync.federation import Federation
from sync.head import Head
from sync.keys import Signer
from sync.lock import HeadLock
from sync.quota import Meter, Quotas, check_room
from sync.registry import Registry, ancestors
from sync.rights import Rights, Seen
from sync.store import Log, Store

log = logging.getLogger(__name__)
_Found = TypeVar("_Found")


@dataclass(frozen=True)
class Serving:
    """What a node serves with: its name, files, mirror key, clock, and who to tell when something new is durable.

    The root statements and keys in use are asked for at every call: they change while the doors are open. `mirrors`
    gives the key that signs receipts, then those before it that sign as well for now. `authorities` gives the hash of
    the TLS authorities behind the doors.
    """

    me: str
    federation: Callable[[], Federation]
    log_db: Path
    head_lock: Path
    mirrors: Callable[[Registry], tuple[Signer, ...]]
    clock: Callable[[], float]
    peer: Callable[[grpc.ServicerContext], str]
    stored: Callable[[str], None]
    floor_mb: int = 0
    quotas: Quotas = field(default_factory=Quotas)
    authorities: Callable[[], bytes] = bytes


class Call:
    """One call's own store and registry, and the child that makes it."""

    def __init__(self, serving: Serving, path: str):
        self.serving = serving
        self.path = path
        self.store = Store(serving.log_db)
        self.registry = Registry(self.store, serving.federation(), serving.me)
        self.meter = Meter(self.store, path, serving.quotas, serving.clock)

    def close(self) -> None:
        """Write down what the call brought, and close its store."""
        try:
            self.meter.settle()
        except sqlite3.Error as error:  # a full disk, perhaps: the count of one call is lost, its answer is not
            log.error("quota not written child=%s error=%r", self.path, error)
        finally:
            self.store.close()

    def check_bringer(self, origin: str) -> mirror.Registration:
        """The caller may call, and may bring this log, now."""
        self.registry.check_caller(self.path)
        return self.registry.check_bringer(self.path, origin)

    def check_room(self) -> None:
        """There is more free space than the floor; raise NoRoom."""
        check_room(self.serving.log_db.parent, self.serving.floor_mb)

    def committer(self, origin: str) -> entry.Committer:
        return entry.Committer(self.registry.federation.id, origin)

    def may_hold(self, origin: str) -> Seen:
        """Return what tells of parts of that log whether they are due here."""
        return Rights(self.store, self.registry).sees(origin, self.serving.me)

    def may_see(self, origin: str) -> Seen:
        """Return what tells of parts of that log whether the caller may see them."""
        return Rights(self.store, self.registry).sees(origin, self.path)

    def log(self, origin: str) -> Log:
        """Return the log of that origin; raise UnknownOrigin where nothing of it is held."""
        found = self.store.log(origin)
        if found is None:
            raise UnknownOrigin(origin)
        return found

    def newest_of_ours(self) -> Head:
        """Return the newer head of our own log that this child, or another one, has shown; raise NotAllowed.

        Anybody with a certificate of ours may bring what it promises: it proves itself, and who was registered last is
        not known here until it is back.
        """
        found = recovery.ahead(self.store, self.registry)
        if found is None:
            raise NotAllowed(self.serving.me, "not-of-this-path")
        return found

    def whole(self, origin: str, step: Callable[[], _Found]) -> _Found:
        """Return what `step` returns; where it meets damage of that log, once more after what could be was mended."""
        try:
            return step()
        except Damaged as error:
            log.error("damage met origin=%s error=%r", origin, error)
            with self.lock() as lock:
                now_s = int(self.serving.clock())
                if error.args[0] != origin or not repair.look_again(self.store, self.registry, lock, origin, now_s):
                    raise
        return step()

    @contextmanager
    def lock(self) -> Iterator[HeadLock]:
        """Open head.lock; raise NeedsRecovery where it is missing."""
        lock = HeadLock(self.serving.head_lock)
        try:
            yield lock
        finally:
            lock.close()

    def log_to_fetch(self, origin: str) -> Log:
        """Return a log that the caller may fetch: ours, one above us, or one that the caller may bring.

        The last lets a node that lost its disk have its own log and its mirrors back. Raises NotAllowed, UnknownOrigin,
        and NeedsRecovery while this node is restored and not recovered.
        """
        self.registry.check_reader(self.path)
        recovery.check_recovered(self.store, self.serving.me)  # what was erased since must not be served again
        if origin not in ancestors(self.registry, self.serving.me):
            try:
                self.registry.check_bringer(self.path, origin)
            except UnknownOrigin as error:
                raise NotAllowed(origin, "not-above-you") from error
            except NotAllowed as error:
                raise NotAllowed(origin, error.reason.replace("not-of-this-path", "not-above-you")) from error
        return self.log(origin)
