"""Where a node's process can be made to die: at each commit of a database, each file put in place, each call.

The libraries below the product are wrapped (sqlite3, os, grpc), in these processes only, so that no place is forgotten.
A site is named by what is written or called and by how often that happened before in this process.
"""

import os
import re
import signal
import sqlite3
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc

_WRITES = re.compile(r"\s*(insert|update|delete|replace|create|drop|alter)\b", re.IGNORECASE)
_PLUMBING = ("contextlib.py", "hooks.py", "/sqlite_utils/")
_WRAPPERS = ("write", "_write", "swap", "_open", "replace", "rename")


@dataclass(frozen=True, slots=True)
class Site:
    """One moment in a process: `before` or `after` the `nth` time (from 1) that `what` is done."""

    when: str
    what: str
    nth: int

    def __str__(self) -> str:
        return f"{self.when} {self.what} {self.nth}"


@dataclass
class Sites:
    """Counts the sites that a process passes; kills it with SIGKILL exactly at the chosen one."""

    chosen: Site | None = None
    passed: list[Site] = field(default_factory=list)
    _count: Counter[str] = field(default_factory=Counter)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def comes(self, what: str) -> None:
        """Something is about to be written or called."""
        with self._guard:
            self._count[what] += 1
            self._pass(Site("before", what, self._count[what]))

    def came(self, what: str) -> None:
        """It was written, or answered."""
        with self._guard:
            self._pass(Site("after", what, self._count[what]))

    def _pass(self, site: Site) -> None:
        self.passed.append(site)
        if site == self.chosen:
            os.kill(os.getpid(), signal.SIGKILL)


def watch(sites: Sites) -> None:
    """Let this process pass `sites` from now on."""
    _watch_sqlite(sites)
    _watch_files(sites)
    _watch_calls(sites)


# -- writes -----------------------------------------------------------------------------------------------------------


def _watch_sqlite(sites: Sites) -> None:
    connect = sqlite3.connect

    def watched(database: Any, *more: Any, **named: Any) -> sqlite3.Connection:
        path = Path(os.fspath(database)).name
        made = type("Watched", (_Watched,), {"sites": sites, "file": path})
        return connect(database, *more, **{"factory": made, **named})

    sqlite3.connect = watched  # type: ignore[assignment]


class _Watched(sqlite3.Connection):
    """A connection that says when it commits. `file` and `sites` are given by a subclass."""

    file: str
    sites: Sites

    def execute(self, sql: str, *more: Any) -> sqlite3.Cursor:
        if sql == "commit":
            return self._committing(lambda: super(_Watched, self).execute(sql))
        if not self.in_transaction and self.isolation_level is None and _WRITES.match(sql):
            return self._committing(lambda: super(_Watched, self).execute(sql, *more))
        return super().execute(sql, *more)

    def executemany(self, sql: str, *more: Any) -> sqlite3.Cursor:
        if not self.in_transaction and self.isolation_level is None and _WRITES.match(sql):
            return self._committing(lambda: super(_Watched, self).executemany(sql, *more))
        return super().executemany(sql, *more)

    def commit(self) -> None:
        if self.in_transaction:
            self._committing(super().commit)

    def __exit__(self, *error: Any) -> Any:
        if self.in_transaction and error[0] is None:
            return self._committing(lambda: super(_Watched, self).__exit__(*error))
        return super().__exit__(*error)

    def _committing(self, commit: Callable[[], Any]) -> Any:
        what = f"{self.file}:{_caller()}"
        self.sites.comes(what)
        done = commit()
        self.sites.came(what)
        return done


def _caller() -> str:
    """Return module and function of the product that writes, behind context managers."""
    frame = sys._getframe(2)
    while frame.f_back is not None and (
        frame.f_code.co_name in _WRAPPERS or any(one in frame.f_code.co_filename for one in _PLUMBING)
    ):
        frame = frame.f_back
    return f"{Path(frame.f_code.co_filename).stem}.{frame.f_code.co_name}"


def _watch_files(sites: Sites) -> None:
    for name in ("replace", "rename"):
        setattr(Path, name, _putting(getattr(Path, name), sites))


def _putting(original: Callable[..., Any], sites: Sites) -> Callable[..., Any]:
    def put(self: Path, target: Any) -> Any:
        what = f"{Path(target).name}:{_caller()}"
        sites.comes(what)
        found = original(self, target)
        sites.came(what)
        return found

    return put


# -- calls ------------------------------------------------------------------------------------------------------------


def _watch_calls(sites: Sites) -> None:
    channel, server = grpc.secure_channel, grpc.server

    def secure_channel(*of: Any, **named: Any) -> grpc.Channel:
        return grpc.intercept_channel(channel(*of, **named), _Caller(sites))

    def watched(*of: Any, **named: Any) -> grpc.Server:
        return server(*of, **{"interceptors": (_Callee(sites),), **named})

    grpc.secure_channel = secure_channel  # type: ignore[assignment]
    grpc.server = watched


class _Caller(
    grpc.UnaryUnaryClientInterceptor,
    grpc.UnaryStreamClientInterceptor,
    grpc.StreamUnaryClientInterceptor,
    grpc.StreamStreamClientInterceptor,
):
    """What a child calls: before a message goes out, and after an answer has come."""

    def __init__(self, sites: Sites):
        self._sites = sites

    def intercept_unary_unary(self, continuation: Any, details: Any, request: Any) -> Any:
        what = f"call {_method(details)}"
        self._sites.comes(what)
        answer = continuation(details, request)
        answer.code()  # which waits for it
        self._sites.came(what)
        return answer

    def intercept_unary_stream(self, continuation: Any, details: Any, request: Any) -> Any:
        what = f"call {_method(details)}"
        self._sites.comes(what)
        return _each(continuation(details, request), self._sites, what)

    def intercept_stream_unary(self, continuation: Any, details: Any, requests: Any) -> Any:
        what = f"call {_method(details)}"
        answer = continuation(details, _sent(requests, self._sites, what))
        answer.code()  # which waits for it
        self._sites.came(what)
        return answer

    def intercept_stream_stream(self, continuation: Any, details: Any, requests: Any) -> Any:
        what = f"call {_method(details)}"
        return _each(continuation(details, _sent(requests, self._sites, what)), self._sites, what)


def _each(answers: Any, sites: Sites, what: str) -> Iterator[Any]:
    for one in answers:
        sites.came(what)
        yield one


def _sent(requests: Iterator[Any], sites: Sites, what: str) -> Iterator[Any]:
    for one in requests:
        sites.comes(what)
        yield one


class _Callee(grpc.ServerInterceptor):
    """What a parent serves: before a message is read, and once an answer is ready to go."""

    def __init__(self, sites: Sites):
        self._sites = sites

    def intercept_service(self, continuation: Any, details: Any) -> Any:
        handler = continuation(details)
        if handler is None:
            return None
        what = f"serve {_method(details)}"
        made, inner = _SERVED[handler.request_streaming, handler.response_streaming]
        return made(
            self._wrapped(handler, what, getattr(handler, inner)),
            request_deserializer=handler.request_deserializer,
            response_serializer=handler.response_serializer,
        )

    def _wrapped(self, handler: Any, what: str, serve: Callable[..., Any]) -> Callable[..., Any]:
        def one(request: Any, context: Any) -> Any:
            if handler.request_streaming:
                request = _sent(request, self._sites, what)
            else:
                self._sites.comes(what)
            answer = serve(request, context)
            self._sites.came(what)
            return answer

        def many(request: Any, context: Any) -> Iterator[Any]:
            if handler.request_streaming:
                request = _sent(request, self._sites, what)
            else:
                self._sites.comes(what)
            for answer in serve(request, context):
                self._sites.came(what)
                yield answer

        return many if handler.response_streaming else one


_SERVED: dict[tuple[bool, bool], tuple[Callable[..., Any], str]] = {
    (False, False): (grpc.unary_unary_rpc_method_handler, "unary_unary"),
    (False, True): (grpc.unary_stream_rpc_method_handler, "unary_stream"),
    (True, False): (grpc.stream_unary_rpc_method_handler, "stream_unary"),
    (True, True): (grpc.stream_stream_rpc_method_handler, "stream_stream"),
}


def _method(details: Any) -> str:
    return str(details.method).rpartition("/")[2]
