"""What the processes of a crash test do besides their work: write a trace, and end themselves at a chosen commit.

The product's own functions are wrapped, in these processes only.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sync import client, head, mirror
from sync.lock import HeadLock, Swap
from sync.store import Store
from tests.crash.trace import Trace


class Death:
    """Counts commits; the process kills itself exactly before, or exactly after, number `at`. Never, if `at` is 0."""

    def __init__(self, when: str = "before", at: int = 0):
        self._when = when
        self._at = at
        self._count = 0
        self._guard = threading.Lock()

    @property
    def is_chosen(self) -> bool:
        return self._at > 0

    def comes(self, when: str) -> None:
        """Note a commit that is about to be made (`before`), or that was made (`after`)."""
        with self._guard:
            self._count += when == "before"
            if when == self._when and self._count == self._at:
                os.kill(os.getpid(), signal.SIGKILL)


def watch_commits(trace: Trace, death: Death) -> None:
    """Trace each commit of log.db and head.lock with the function that makes it."""
    for kind, name in ((Store, "write"), (HeadLock, "swap")):
        setattr(kind, name, _watched(getattr(kind, name), trace, death))


def _watched(original: Callable[..., Any], trace: Trace, death: Death) -> Callable[..., Any]:
    @contextmanager
    def watched(*arguments: Any) -> Iterator[Any]:
        by = sys._getframe(2).f_code.co_name  # behind this generator and contextlib's __enter__
        with original(*arguments) as found:
            yield found
            trace.note("committing", by)
            death.comes("before")
        trace.note("committed", by)
        death.comes("after")

    return watched


def watch_signing(trace: Trace) -> None:
    """Trace every head and receipt that is signed: log, size and root."""
    original = Swap.set

    def set_(self: Swap, new: Any) -> None:
        trace.note("signed", self._origin, new.size, new.root.hex())
        original(self, new)

    Swap.set = set_  # type: ignore[method-assign]


def watch_taking(trace: Trace) -> None:
    """Trace each package that is about to be verified, and where the log ends once it is stored."""
    original = mirror.take

    def take(store: Any, registered: Any, found: Any, end: Any, *more: Any) -> Any:
        trace.note("take", end.origin, found.first, found.last)
        taken = original(store, registered, found, end, *more)
        trace.note("stored", end.origin, taken.next_entry)
        return taken

    mirror.take = take  # type: ignore[assignment]


def watch_calls(trace: Trace) -> None:
    """Trace what a child says and hears, as it goes to and comes from the transport."""
    kind = client.sync_pb2_grpc.SyncStub

    def traced(channel: Any) -> Any:
        stub = kind(channel)
        stub.Hello = _hello(stub.Hello, trace)
        stub.AddCheckpoint = _add_checkpoint(stub.AddCheckpoint, trace)
        stub.AddEntries = _add_entries(stub.AddEntries, trace)
        return stub

    client.sync_pb2_grpc.SyncStub = traced  # type: ignore[assignment,misc]


def _hello(original: Any, trace: Trace) -> Callable[..., Any]:
    def hello(request: Any, timeout: float) -> Any:
        trace.note("asking")
        answer = original(request, timeout=timeout)
        for one in answer.logs:
            trace.note("told", one.origin, one.next_entry)
        return answer

    return hello


def _add_checkpoint(original: Any, trace: Trace) -> Callable[..., Any]:
    def add_checkpoint(request: Any, timeout: float) -> Any:
        promised = head.stated(request.note)
        trace.note("shown", promised.origin, promised.size, promised.root.hex())
        return original(request, timeout=timeout)

    return add_checkpoint


def _add_entries(original: Any, trace: Trace) -> Callable[..., Any]:
    def requests(given: Iterator[Any]) -> Iterator[Any]:
        header = next(given)
        trace.note("upload", header.header.origin, header.header.start, header.header.end)
        yield header
        for one in given:
            trace.note("sent", one.package.first)
            yield one

    def add_entries(given: Iterator[Any], timeout: float) -> Iterator[Any]:
        for answer in original(requests(given), timeout=timeout):
            trace.note("receipt" if answer.receipt else "acknowledged", answer.next_entry)
            yield answer

    return add_entries
