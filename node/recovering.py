"""A node that may not sign gets its own log back, from its parents or, the hub, from those below it (wire.md 9)."""

import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from node import cataloguing, erasures, renumbering, rotating
from node.errors import NodeError
from node.messages import N_
from node.node import Node, Opened
from node.settings import Parent
from sync import recovery
from sync.bringing import Report, known_epoch
from sync.client import Client, Greeting
from sync.errors import SyncError
from sync.lock import HeadLock
from sync.mirrors_back import MirrorsBack
from sync.pulling import Pulling, held_size
from sync.regaining import Regained, Regaining, Shown
from sync.registry import ancestors
from sync.repair import Repair

log = logging.getLogger(__name__)
SESSION_WAIT_S = 600.0
Progress = Callable[[str, int, int], None]


class NotAnswered(NodeError):
    """Recovery needs every parent, and one did not say what it holds: (parent, why)."""

    facts = ("parent", "why")
    sentence = N_(
        "{parent} did not say how much it holds of this node's log: {why}. Nothing is signed until every parent has "
        "said so. Try again when it can be reached; if it never will be, `recover --waive {parent}`."
    )


class NotAParent(NodeError):
    """Only a parent can be waived: (origin,)."""

    facts = ("origin",)
    sentence = N_("{origin} is no parent of this node. `status` lists its parents.")


class WaitsForChildren(NodeError):
    """A node without a parent gets its log back from those below it: (origin,)."""

    facts = ("origin",)
    sentence = N_(
        "{origin} has no parent: it gets its log back from the substations that call it. Keep `serve` running; once "
        "half of them have called and none holds more of its log, it signs again."
    )


@dataclass(frozen=True, slots=True)
class Recovered:
    """What a recovery did; `mirrored` are entries of the logs below, `waived` parents that were not asked."""

    size: int
    entries: int
    parts: int
    added_again: int
    mirrored: int
    waived: tuple[str, ...]


def recover(
    node: Node,
    waived: Sequence[str] = (),
    deadline: Callable[[], float] = lambda: 3600.0,
    stop: threading.Event | None = None,
    progress: Progress = lambda origin, done, total: None,
) -> Recovered:
    """Bring the own log up to the newest head of it that anybody knows, so that it can be signed again.

    Every parent that is not waived must answer. What they, the hub and the own log want erased is forgotten before
    anything is served. A crash at any place leaves a node that signs and serves nothing, and the same call goes on.
    Raises NotAnswered, NotAParent, WaitsForChildren, NeedsRecovery for entries that nobody holds, Fork.
    """
    parents = _asked(node, waived)
    stop = stop or threading.Event()
    with node.home.hold("session", SESSION_WAIT_S), node.opened() as opened, ExitStack() as channels:
        relock(node, opened)
        if not node.settings.parents:
            raise WaitsForChildren(node.origin)
        with node.lock() as lock:
            registry = opened.registry
            Repair(opened.store, registry, lock, int(node.clock())).run()  # what is only damaged is no other branch
            regaining = Regaining(opened.store, lock, registry, opened.own.verifiers, stop, progress)
            shown = [_ask(regaining, node, one, channels, deadline) for one in parents]
            found = regaining.run(shown) or Regained(0, 0, 0, 0)
            for one in shown:
                _hear(node, opened, lock, one.client, stop)
            mirrored = 0
            for one in shown if node.settings.registers else ():
                mirrored += MirrorsBack(opened.store, registry, one.client, stop, progress).fetch()
    log.warning("recovered origin=%s size=%d entries=%d", node.origin, found.size, found.entries)
    renumbering.settle(node)
    erasures.follow_up(node)
    with node.opened() as opened:
        with opened.store.write():  # last: a crash before leaves a node that signs and serves nothing, and is repeated
            recovery.mark_recovered(opened.store)
        recovery.mark_replayed(opened.store)
    cataloguing.apply_own(node)
    return Recovered(found.size, found.entries, found.parts, found.added_again, mirrored, tuple(waived))


def is_behind(node: Node, deadline: Callable[[], float] = lambda: 3600.0) -> bool:
    """Tell whether a parent that can be reached holds a newer head of the own log than this node, or another one.

    A session asks one parent only, and of a snapshot that was resumed another one may know more. Asked before anything
    new is signed, and only where there are several.
    """
    if len(node.settings.parents) < 2 or not node.home.head_lock.exists():
        return False
    with (
        node.home.hold("session", SESSION_WAIT_S),
        node.opened() as opened,
        node.lock() as lock,
        ExitStack() as channels,
    ):
        log_of_ours = opened.own.log
        if log_of_ours.next_entry == log_of_ours.stored:
            return False
        regaining = Regaining(opened.store, lock, opened.registry, opened.own.verifiers, threading.Event(), _quiet)
        for parent in node.settings.parents:
            try:
                if regaining.is_news(_ask(regaining, node, parent, channels, deadline)):
                    with opened.store.write():  # whether or not the others answer, nothing is signed before that
                        recovery.mark_restored(opened.store, f"{parent.origin} holds a newer head of our own log")
                    return True
            except NotAnswered as error:
                log.info("not asked parent=%s error=%r", parent.origin, error)
    return False


def _quiet(_origin: str, _done: int, _total: int) -> None:
    """Show no progress."""


def _asked(node: Node, waived: Sequence[str]) -> list[Parent]:
    known = {one.origin: one for one in node.settings.parents}
    for origin in waived:
        if origin not in known:
            raise NotAParent(origin)
    return [one for origin, one in known.items() if origin not in waived]


def _ask(regaining: Regaining, node: Node, parent: Parent, channels: ExitStack, deadline: Callable[[], float]) -> Shown:
    try:
        channel = channels.enter_context(node.channel(parent))
        return regaining.ask(Client(channel, parent.origin, deadline))
    except (SyncError, NodeError) as error:
        raise NotAnswered(parent.origin, f"{type(error).__name__}: {error}") from error


def _hear(node: Node, opened: Opened, lock: HeadLock, client: Client, stop: threading.Event) -> None:
    """Bring the logs above by one parent up to date, and forget what they want forgotten; raise NotAnswered."""
    store, registry = opened.store, opened.registry
    above = [(one, held_size(store, registry, one)) for one in ancestors(registry, client.parent)]
    version = registry.federation.newest.version
    pulling = Pulling(store, lock, registry, client, node.clock, stop, Report(client.parent))
    try:
        hello = client.hello(
            Greeting(known_epoch(store, client.parent), (), above, b"", (), root_version=version),
        )
        if hello.root_statements:
            registry.trust(rotating.learn(node, hello.root_statements))
        pulling.hear(hello.ancestors)
    except SyncError as error:
        raise NotAnswered(client.parent, f"{type(error).__name__}: {error}") from error


def note_waived(node: Node, waived: Sequence[str], by: str) -> None:
    """Write down, as an alarm, which parents were not asked, and who said so."""
    with node.opened() as opened, opened.store.write():
        for origin in waived:
            opened.store.alarm("waived", origin, f"not asked when this node was recovered, by {by}")


def relock(node: Node, opened: Opened) -> bool:
    """Make head.lock again where it is missing, from what log.db knows; tell whether it was missing.

    log.db may be older than what was signed, so nothing is signed from it before this node is recovered; that is
    written down first.
    """
    if node.home.head_lock.exists():
        return False
    with opened.store.write():
        recovery.mark_restored(opened.store, "head.lock was missing")
        opened.store.alarm("head-lock-missing", node.origin, "made again from log.db")
    HeadLock.create(node.home.head_lock, recovery.signed_here(opened.store, node.origin)).close()
    return True
