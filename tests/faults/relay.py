"""A relay between a child and its parent that sees their calls: it shows the one certificate and calls with the other.

What it does to the calls is a twist. It passes bytes, so it knows no service and forgets none.
"""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import grpc

from node import doors
from node.node import Node
from tests.faults.place import PORTS, Place, address
from tests.faults.processes import FORK, begin

PATIENCE_S = 5.0


@dataclass(frozen=True, slots=True)
class Made:
    """One call as it was made: its method and all its messages."""

    method: str
    messages: tuple[bytes, ...]


class Line:
    """The way to the parent, and what was counted on it."""

    def __init__(self, channel: grpc.Channel):
        self._channel = channel
        self._guard = threading.Lock()
        self.counts: Counter[str] = Counter()

    def call(self, method: str, messages: Iterator[bytes], timeout_s: float) -> Any:
        return self._channel.stream_stream(method)(messages, timeout=timeout_s)

    def again(self, made: Made, what: str) -> None:
        """Make a call that was made before; count it as `what` once the parent has answered, with whatever word."""
        try:
            for _answer in self.call(made.method, iter(made.messages), PATIENCE_S):
                pass
        except grpc.RpcError as error:
            if error.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED):  # type: ignore[attr-defined]
                return
        self.count(what)

    def count(self, what: str) -> None:
        with self._guard:
            self.counts[what] += 1


class Twist:
    """Passes everything as it is. What a subclass changes is all that goes wrong."""

    def requests(self, line: Line, method: str, sent: Iterator[bytes]) -> Iterator[bytes]:
        return sent

    def answer(self, line: Line, method: str, raw: bytes) -> bytes:
        return raw

    def before(self, line: Line, method: str) -> None:
        """A call is about to be passed on."""

    def after(self, line: Line, made: Made) -> None:
        """A call was passed on; its last answer has not been given to the child yet."""


class _Passing(grpc.GenericRpcHandler):
    def __init__(self, line: Line, twist: Twist):
        self._line = line
        self._twist = twist

    def service(self, details: Any) -> Any:
        method = str(details.method)
        return grpc.stream_stream_rpc_method_handler(lambda sent, context: self._pass(method, sent, context))

    def _pass(self, method: str, sent: Iterator[bytes], context: Any) -> Iterator[bytes]:
        line, twist = self._line, self._twist
        twist.before(line, method)
        kept: list[bytes] = []
        held: bytes | None = None
        error: grpc.RpcError | None = None
        try:
            passed = twist.requests(line, method, _keeping(sent, kept))
            for raw in line.call(method, passed, context.time_remaining() or PATIENCE_S):
                if held is not None:
                    yield held
                held = twist.answer(line, method, raw)
        except grpc.RpcError as broken:
            error = broken
        twist.after(line, Made(method, tuple(kept)))
        if held is not None:
            yield held
        if error is not None:
            context.set_trailing_metadata(tuple(error.trailing_metadata() or ()))  # type: ignore[attr-defined]
            context.abort(error.code(), error.details())  # type: ignore[attr-defined]


def _keeping(sent: Iterator[bytes], kept: list[bytes]) -> Iterator[bytes]:
    for one in sent:
        kept.append(one)
        yield one


@contextmanager
def relayed(place: Place, child: str, parent: str, twist: Twist) -> Iterator[Counter[str]]:
    """Let `child` call `parent` through a relay; what was counted is there at the end of the block."""
    listen = f"{place.host}:{PORTS[parent] + 600}"
    ours, theirs = FORK.Pipe()
    process = FORK.Process(target=_serve, args=(place, child, parent, listen, twist, theirs))
    process.start()
    counts: Counter[str] = Counter()
    try:
        ours.recv()
        place.move(child, [(parent, listen)])
        yield counts
        ours.send("counts")
        counts.update(ours.recv())
    finally:
        process.kill()
        process.join()
        place.move(child)


def _serve(place: Place, child: str, parent: str, listen: str, twist: Twist, pipe: Any) -> None:
    begin(place.path.parent / "errors")
    calling = Node.open(place.home(child), {})
    known = next(one for one in calling.settings.parents if one.origin == parent)
    above = Node.open(place.home(parent), {})
    above.own_authority(["localhost"])  # the parent's own processes have not begun yet
    with calling.channel(replace(known, sync_address=address(place.host, parent))) as channel:
        line = Line(channel)
        server, _port = doors.sync_server(above.home, listen)
        server.add_generic_rpc_handlers((_Passing(line, twist),))
        server.start()
        pipe.send("ready")
        pipe.recv()
        pipe.send(line.counts)
        pipe.recv()


def name(method: str) -> str:
    """Return a method's own name."""
    return method.rpartition("/")[2]
