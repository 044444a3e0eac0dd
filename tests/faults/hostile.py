"""A child that turns against its parent, with its own keys and certificate: junk, huge messages, floods of heads.

It runs in a process of its own, before the others have their night. What it says back is what each attack was answered.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random
from typing import Any

import grpc
from banyan.v1 import reconcile_pb2, search_pb2, sync_pb2
from banyan.v1 import sync_pb2 as pb

from node import doors, keyfiles
from node.node import Node, Opened
from sync import refusals, tree
from sync.bundles import Bundles, packages
from sync.client import Client, Greeting
from sync.errors import SyncError
from sync.package import Package
from sync.session import Session
from sync.store import Log
from tests.faults.place import HOSTILE, Place, address
from tests.faults.processes import FORK, begin
from tests.world import CITY

SYNC = "/banyan.v1.Sync/"
RECONCILE = "/banyan.v1.Reconcile/"
SEARCH = "/banyan.v1.Search/"
ENROL = "/banyan.v1.Enrolment/Enrol"
METHODS = (
    *(SYNC + one.name for one in sync_pb2.DESCRIPTOR.services_by_name["Sync"].methods),
    *(RECONCILE + one.name for one in reconcile_pb2.DESCRIPTOR.services_by_name["Reconcile"].methods),
    *(SEARCH + one.name for one in search_pb2.DESCRIPTOR.services_by_name["Search"].methods),
    ENROL,
)
PATIENCE_S = 10.0
TAKEN = "taken"
MB = 1024 * 1024


@dataclass
class Foe:
    """The hostile node, opened, with lines to both doors of its city; `chance` is the seed's."""

    place: Place
    opened: Opened
    channel: grpc.Channel
    joining: grpc.Channel
    chance: Random

    @property
    def node(self) -> Node:
        return self.opened.node

    @property
    def log(self) -> Log:
        return self.opened.own.log

    def file(self, *bodies: bytes) -> int:
        """Add something to bring; return its first index."""
        made = bodies or tuple(b"%d %s" % (at, os.urandom(20)) for at in range(3))
        return self.opened.own.add([[("federation", body)] for body in made])

    def raw(self, method: str, messages: Sequence[bytes], **more: Any) -> str:
        """Make one call of bytes at the door that has the method; return what it was answered with."""
        channel = self.joining if method == ENROL else self.channel
        return answered(lambda: list(channel.stream_stream(method)(iter(messages), timeout=PATIENCE_S, **more)))

    def session(self, client: Callable[..., Client]) -> str:
        """Run a session through another client; return what it was answered with."""
        node = self.node
        with node.lock() as lock:
            one = client(self.channel, CITY)
            session = Session(self.opened.store, lock, self.opened.own, self.opened.registry, one, node.clock)
            try:
                report = session.run()
            except SyncError as error:
                return type(error).__name__
        return "parts refused" if getattr(one, "parts_refused", 0) else str(report.refused or TAKEN)

    def packages(self, origin: str, start: int) -> list[Package]:
        """Return the packages that the owner of a log would send from `start` on."""
        with self.place.opened(origin) as owner:
            log = owner.own.log
            return list(
                packages(owner.store, log, start, log.next_entry, log.next_entry, lambda _audience, _index: True)
            )


def answered(call: Callable[[], Any]) -> str:
    """Return the reason word that a call was refused with, or its status; TAKEN where it was not."""
    try:
        call()
    except grpc.RpcError as error:
        word = refusals.trailers(error).get(refusals.REASON)
        return word or error.code().name  # type: ignore[attr-defined]
    except ValueError as error:  # the library itself would not send it
        return f"not sent: {error}"
    return TAKEN


def attack(place: Place, attacks: Sequence["Attack"], seed: int) -> list[tuple[str, str]]:
    """Return (attack, what it was answered with) of each, made one after the other by the hostile node's process."""
    ours, theirs = FORK.Pipe(duplex=False)

    def work() -> None:
        begin(place.path.parent / "errors")
        node = Node.open(place.home(HOSTILE), {})
        with node.opened() as opened, unlimited(place, node) as (channel, joining):
            foe = Foe(place, opened, channel, joining, Random(seed))
            for one in attacks:
                theirs.send((one.name, one.does(foe)))
        theirs.close()

    process = FORK.Process(target=work)
    process.start()
    theirs.close()
    found: list[tuple[str, str]] = []
    while len(found) < len(attacks) and ours.poll(60.0):
        try:
            found.append(ours.recv())
        except EOFError:
            break
    process.kill()
    process.join()
    return found


@contextmanager
def unlimited(place: Place, node: Node) -> Iterator[tuple[grpc.Channel, grpc.Channel]]:
    """Yield channels to both doors of the city as this node has them, without limits on what it sends."""
    certificate, ca = keyfiles.client_certificate(node.home, CITY)
    options = [one for one in doors._CLIENT_OPTIONS if "message_length" not in one[0]]
    options += [("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1)]
    mine = grpc.ssl_channel_credentials(ca, node.keys.tls_key_pem, certificate)
    with (
        grpc.secure_channel(address(place.host, CITY), mine, options) as channel,
        grpc.secure_channel(address(place.host, CITY, 1), grpc.ssl_channel_credentials(ca), options) as joining,
    ):
        yield channel, joining


@dataclass(frozen=True, slots=True)
class Attack:
    """One thing that a hostile child does, and how it is answered where all is well: any of these words."""

    name: str
    does: Callable[[Foe], str]
    answers: tuple[str, ...]


def upload(foe: Foe, start: int, end: int, compressed: bool, content: bytes) -> str:
    """Send one package of any content as the next of the own log; return what it was answered with."""
    header = pb.AddEntriesRequest(header=pb.AddEntriesRequest.Header(origin=HOSTILE, start=start, end=end))
    package = pb.AddEntriesRequest(package=pb.Package(first=start, compressed=compressed, frame=content))
    return foe.raw(SYNC + "AddEntries", [header.SerializeToString(), package.SerializeToString()])


def shown(foe: Foe) -> tuple[int, int]:
    """File something, seal it and show the head, as an honest child does; return where the city's copy ends, and it."""
    foe.file()
    with foe.node.lock() as lock:
        newest = foe.opened.own.seal(lock)
    client = Client(foe.channel, CITY)
    state = client.hello(greeting(newest.size)).logs[HOSTILE]
    proof = tree.consistency_proof(Bundles(foe.opened.store, foe.log), state.recorded, newest.size)
    client.add_checkpoint(HOSTILE, state.recorded, proof, newest.note)
    return state.next_entry, newest.size


def greeting(size: int) -> Greeting:
    return Greeting(b"", [(HOSTILE, size)], (), b"", ())
