"""One node, opened: its home, settings, keys and federation, and what is made from them for each call."""

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache

import grpc

from node import authority, doors, keyfiles, restoring
from node.errors import NodeError
from node.home import Home
from node.keyfiles import NodeKeys
from node.notebook import Notebook
from node.settings import Parent, Settings, load
from sync import erasing, presence, recovery, sealed
from sync.called import Serving
from sync.errors import DoesNotOpen, Malformed, NeedsRecovery, NotAllowed
from sync.federation import Federation
from sync.keys import Signer
from sync.lock import HeadLock
from sync.note import VerifierKey
from sync.ownlog import RESIGN_AFTER_S, OwnLog
from sync.registry import Registry
from sync.repair import Repair
from sync.rights import Rights
from sync.store import Store


@dataclass(frozen=True)
class Node:
    """A home whose files were read. Stores and locks are opened for each use, and closed by `with`.

    Keys and root statements are read anew at every use: they change while a node is at work.
    """

    home: Home
    settings: Settings
    clock: Callable[[], float] = time.time

    @classmethod
    def open(cls, home: Home, environ: Mapping[str, str] = os.environ, **flags: object) -> "Node":
        """Return the node of `home`; raise NoHome, BadSetting, KeysMissing and their like, HalfRestored."""
        restoring.check_whole(home)
        found = cls(home, load(home, environ, **flags))
        found.check()
        return found

    def renewed(self) -> "Node":
        """Return this node with the parents that node.toml names now: it may have moved, or joined others, since."""
        parents = load(self.home, {}).parents
        if parents == self.settings.parents:
            return self
        return replace(self, settings=replace(self.settings, parents=parents))

    def check(self) -> None:
        """Read the root statements and the keys; raise what is wrong with them."""
        _federation(self.home.federation_root.read_bytes())
        keyfiles.load(self.home, self.origin)

    @property
    def keys(self) -> NodeKeys:
        """The keys in use; raises KeysMissing, KeysExposed."""
        return keyfiles.load(self.home, self.origin)

    @property
    def federation(self) -> Federation:
        """The root statements that this node holds."""
        return _federation(self.home.federation_root.read_bytes())

    @property
    def origin(self) -> str:
        return self.settings.origin

    @property
    def notebook(self) -> Notebook:
        return Notebook(self.home.node_db)

    @contextmanager
    def opened(self) -> Iterator["Opened"]:
        """Open log.db for one call or thread."""
        store = Store(self.home.log_db)
        try:
            yield Opened(self, store)
        finally:
            store.close()

    @contextmanager
    def lock(self) -> Iterator[HeadLock]:
        """Open head.lock; raise NeedsRecovery where it is missing."""
        lock = HeadLock(self.home.head_lock)
        try:
            yield lock
        finally:
            lock.close()

    def serving(self, stored: Callable[[str], None]) -> Serving:
        """Return what the sync service needs; `stored` hears of each log that got a receipt here."""
        return Serving(
            self.origin,
            lambda: self.federation,
            self.home.log_db,
            self.home.head_lock,
            self.mirrors,
            self.clock,
            self.caller,
            stored,
            self.settings.disk_floor_mb,
            self.settings.quotas,
            lambda: authority.list_hash(authority.authorities_der(self.home)),
        )

    def caller(self, context: grpc.ServicerContext) -> str:
        """Return the caller's origin from its certificate; raise NotAllowed.

        While one authority follows another, it is remembered that the caller has a certificate of the new one: with it
        came the new authority itself, so the caller will know our doors when they show it.
        """
        origin, known = peer(context), authority.held(self.home)
        if len(known) > 1:
            newest = list(known.values())[-1]
            if authority.issued_by(doors.shown_by(context), newest):
                self.notebook.showed(origin, authority.list_hash([newest.public_bytes(authority.DER)]))
        return origin

    def mirrors(self, registry: Registry) -> tuple[Signer, ...]:
        """Return the key that signs receipts, and the one before while the own registry does not show the new one."""
        mine, known = self.keys, registry.find(self.origin)
        before = [one for one in mine.earlier_mirror if known and one.verifier == known.node.mirror_key]
        return (mine.mirror, *before)

    def channel(self, parent: Parent) -> grpc.Channel:
        """Return a channel to a parent's sync door; raise NotJoined."""
        certificate, ca = keyfiles.client_certificate(self.home, parent.origin)
        return doors.channel(parent.sync_address, ca, self.keys.tls_key_pem, certificate, parent.origin)

    def own_authority(self, hosts: list[str]) -> None:
        """Make this node the authority of its own doors, or renew the certificate that it serves."""
        if not authority.held(self.home):
            authority.create(self.home, self.origin)
        authority.server_certificate(self.home, hosts)


@lru_cache(maxsize=8)  # verified once
def _federation(raw: bytes) -> Federation:
    return Federation.parse(raw)


def peer(context: grpc.ServicerContext) -> str:
    """Return the caller's origin from its certificate; raise NotAllowed."""
    try:
        return doors.peer(context)
    except NodeError as error:
        raise NotAllowed("", "certificate") from error


@dataclass(frozen=True)
class Opened:
    """A node with its store open, in one thread."""

    node: Node
    store: Store

    @property
    def registry(self) -> Registry:
        return Registry(self.store, self.node.federation, self.node.origin)

    @property
    def own(self) -> OwnLog:
        """The own log. Where the new keys are not registered under a head held here yet, those before sign as well."""
        node, mine, known = self.node, self.node.keys, self.registry.find(self.node.origin)
        before = [pair for pair in mine.earlier_log if known and _verifiers(pair) == known.node.log_keys]
        signers = (*mine.log, *(signer for pair in before for signer in pair))
        return OwnLog(self.store, node.origin, node.federation.id, signers, node.clock)

    def sealed_for(self, reader: str, text: bytes) -> tuple[str, bytes]:
        """Return (audience, body) of a part of the own log that `reader` alone can read.

        Raises UnknownOrigin where no registration of the reader is known here, OverLimit, Malformed.
        """
        node = self.node
        body = sealed.seal(text, self.registry.hpke_key(reader), node.federation.id, node.origin, reader)
        return sealed.audience(reader), body

    def unsealed(self, author: str, body: bytes) -> bytes:
        """Return what `author` sealed for this node in a part of its log; raise DoesNotOpen."""
        return unsealed(self.node, author, body)

    def role_of(self, origin: str) -> str:
        """Return an origin's role as its home registers it, "" for one that is not registered here."""
        found = self.registry.find(origin)
        return found.node.role if found else ""

    def settle_keys(self) -> None:
        """Finish a rotation of a hub's keys that broke off: the newest root statement says which count."""
        newest = self.node.federation.newest
        if self.node.origin == newest.name:
            keyfiles.settle(self.node.home, self.node.origin, newest.log_keys, newest.mirror_key)

    def seal_as_hub(self, resign: bool = False, anyway: str = "") -> int:
        """Sign the own log of a node that has no parent; return its size.

        Raises NeedsRecovery while too few substations have called since the start, unless a person signs `anyway`.
        """
        self.settle_keys()
        if anyway:
            with self.store.write():
                self.store.set_meta(recovery.AHEAD, b"")
                self.store.alarm("signed-anyway", self.node.origin, f"by {anyway}")
        else:
            presence.check_may_sign(self.store, self.registry)
        if recovery.restored(self.store):  # those who had to have called, and nobody holds more of our own log
            erasing.obey(self.store, self.registry)  # by what they have brought, before anything is served
            with self.store.write():
                recovery.mark_recovered(self.store)
        with self.node.lock() as lock:
            try:
                return self.own.seal(lock, RESIGN_AFTER_S if resign else None).size
            except (NeedsRecovery, Malformed):  # perhaps only damaged; what is nowhere here the children bring
                if not Repair(self.store, self.registry, lock, int(self.node.clock())).run():
                    raise
            return self.own.seal(lock, RESIGN_AFTER_S if resign else None).size


def shared(registry: Registry, origin: str, other: str) -> Callable[[str, int], bool]:
    """Tell, by audience and index, which parts of a log both this node and `other` may see."""
    return Rights(registry.store, registry).sees(origin, registry.me, other)


def unsealed(node: Node, author: str, body: bytes) -> bytes:
    """Return what `author` sealed for this node, to its key of now or to an earlier one; raise DoesNotOpen."""
    mine = node.keys
    for seed in mine.earlier_hpke_seeds:
        try:
            return sealed.unseal(body, seed, node.federation.id, author, node.origin)
        except DoesNotOpen:
            continue
    return sealed.unseal(body, mine.hpke_seed, node.federation.id, author, node.origin)


def _verifiers(pair: tuple[Signer, Signer]) -> tuple[VerifierKey, ...]:
    return tuple(signer.verifier for signer in pair)
