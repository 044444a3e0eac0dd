"""A node's night: a session with each parent (architecture.md, One night)."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

import grpc

from node import (
    arrival,
    asking,
    checking,
    enrolment,
    expiry,
    moving,
    overdue,
    recovering,
    rejoining,
    rotating,
    sentences,
    stands,
)
from node.errors import Interrupted, NodeError
from node.node import Node
from node.settings import Parent
from sync.bringing import Report
from sync.client import Client
from sync.errors import BadProof, Malformed, NeedsRecovery, NotAllowed, SyncError, Unreachable
from sync.registry import ancestors
from sync.session import Session

log = logging.getLogger(__name__)
Progress = Callable[[str, int, int], None]
GRACE_S = 3.0
_LOOK_S = 0.2
_DAMAGED = ("Malformed", "BadProof", "Damaged")  # what a parent says of a log whose rows have changed on disk


@dataclass
class NightReport:
    """What a night did: a report by parent that answered, an error by parent that did not."""

    reports: list[Report] = field(default_factory=list)
    failures: dict[str, Exception] = field(default_factory=dict)


@dataclass(frozen=True)
class Visiting:
    """How parents are called in one night."""

    deadline: Callable[[], float]
    stop: threading.Event | None
    progress: Progress


def run(
    node: Node,
    deadline: Callable[[], float] = lambda: 3600.0,
    stop: threading.Event | None = None,
    progress: Progress = lambda origin, done, total: None,
) -> NightReport:
    """Call every parent once, one after the other; one that fails does not stop the next.

    A node that the hub has moved then goes to its new home by itself (arrival.py).
    """
    night = NightReport()
    try:
        if recovering.is_behind(node, deadline):
            recovering.recover(node, (), deadline, stop, progress)
    except (SyncError, NodeError) as error:  # each session says so as well, and signs nothing
        log.warning("not recovered origin=%s error=%r", node.origin, error)
    visiting = Visiting(deadline, stop, progress)
    for parent in node.settings.parents:
        _attempt(node, parent, visiting, night)
    node = _follow_move(node, visiting, night)
    with node.opened() as opened:
        expiry.warn(node, opened)
        overdue.warn(opened)
    return night


def _attempt(node: Node, parent: Parent, visiting: Visiting, night: NightReport) -> None:
    """Call one parent; what came of it stands in `night`."""
    try:
        report = visit(node, parent, visiting.deadline, visiting.stop, visiting.progress)
        night.reports.append(report)
        checking.suspect(node, [origin for origin, why in report.refused if why.startswith(_DAMAGED)])
    except (SyncError, NodeError) as error:
        log.warning("session failed parent=%s error=%r", parent.origin, error)
        night.failures[parent.origin] = error
        checking.suspect(node, [node.origin] if isinstance(error, Malformed | BadProof) else [])


def _follow_move(node: Node, visiting: Visiting, night: NightReport) -> Node:
    """Be let in by the new home, where the hub has moved this node, and call it; return the node as it stands then.

    What keeps it from arriving is told, and tried again every night.
    """
    move = arrival.due(node)
    if move is None or (visiting.stop is not None and visiting.stop.is_set()):
        return node
    try:
        parent = arrival.arrive(node, move)
    except (SyncError, NodeError) as error:
        log.warning("not arrived home=%s error=%r", move.home, error)
        night.failures[move.home] = error
        node.notebook.stands(move.home, arrival.ARRIVING, sentences.say(error, node.settings.language), node.clock())
        return node
    for one in move.before:  # its refusal was how this node heard of the move
        night.failures.pop(one, None)
    _attempt(node.renewed(), parent, visiting, night)
    return node.renewed()


def visit(
    node: Node,
    parent: Parent,
    deadline: Callable[[], float] = lambda: 3600.0,
    stop: threading.Event | None = None,
    progress: Progress = lambda origin, done, total: None,
) -> Report:
    """Renew the certificate for one parent where it is due, and run one session with it. Raises as `call` does.

    Where the parent then says that it has other authorities than are trusted here, the certificate is renewed at once.

    A node that may not sign tries to recover first, and goes on where every parent answers. A rotation of keys that
    broke off is finished before: the home may know the new ones alone. What the parent says of this node's standing is
    kept.
    """
    try:
        report = _visit(node, parent, deadline, stop, progress)
    except SyncError as error:
        stands.note(node, parent.origin, error)
        if isinstance(error, NotAllowed) and error.reason == stands.REMOVED:
            asking.close(node, parent.origin)
        raise
    stands.note(node, parent.origin, None)
    try:
        if enrolment.renew(node, parent, report.authorities):
            log.info("authorities learned parent=%s", parent.origin)
    except (SyncError, NodeError) as error:  # the session is done; the next one says so again
        log.warning("authorities not learned parent=%s error=%r", parent.origin, error)
    return report


def _visit(
    node: Node, parent: Parent, deadline: Callable[[], float], stop: threading.Event | None, progress: Progress
) -> Report:
    rotating.resume(node, parent, lambda one: call(node, one, deadline, stop, progress))
    _renew(node, parent)
    try:
        return call(node, parent, deadline, stop, progress)
    except NeedsRecovery as error:
        if error.args[0] not in (node.origin, "") or rejoining.waits_for_person(node):  # the parent must, not we
            raise
        log.warning("recovering origin=%s why=%r", node.origin, error)
        recovering.recover(node, (), deadline, stop, progress)
    return call(node, parent, deadline, stop, progress)


def _opened_to(node: Node, parent: Parent) -> tuple[str, ...]:
    """Return the parents that see what is filed from now on: this one, and all that have not ended the membership."""
    ended = {one.parent for one in node.notebook.standings().values() if one.state in (stands.REMOVED, stands.LEFT)}
    return tuple(one.origin for one in node.settings.parents if one.origin not in ended - {parent.origin})


def call(
    node: Node,
    parent: Parent,
    deadline: Callable[[], float] = lambda: 3600.0,
    stop: threading.Event | None = None,
    progress: Progress = lambda origin, done, total: None,
) -> Report:
    """Run one session with one parent; two at once on one home wait for each other.

    Raises Interrupted where `stop` ended it: nothing new is called then, and what is under way has 3 s to finish.
    """
    stop = stop or threading.Event()
    with (
        node.home.hold("session", wait_s=600.0),
        node.opened() as opened,
        node.lock() as lock,
        node.channel(parent) as channel,
        _closed_on(stop, channel),
    ):
        session = Session(
            opened.store,
            lock,
            opened.own,
            opened.registry,
            Client(channel, parent.origin, lambda: 0.0 if stop.is_set() else deadline()),
            node.clock,
            progress,
            stop,
            resign=node.settings.registers,
            trust=partial(rotating.learn, node),
            floor_mb=node.settings.disk_floor_mb,
            parents=_opened_to(node, parent),
            door=moving.own_door(node),
        )
        try:
            report = session.run()
        except Unreachable as error:
            if stop.is_set():
                raise Interrupted("sync") from error
            raise
        if stop.is_set():  # what is missing must not count as a night that was done
            raise Interrupted("sync")
        return report


@contextmanager
def _closed_on(stop: threading.Event, channel: grpc.Channel) -> Iterator[None]:
    """Close the channel some time after `stop` is set: a parent that says nothing must not hold up our own end."""
    over = threading.Event()

    def watch() -> None:
        while not over.wait(_LOOK_S):
            if stop.is_set() and not over.wait(GRACE_S):
                channel.close()  # a call under way ends as cancelled, another one is not begun
                return

    watcher = threading.Thread(target=watch, name="stop", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


def awaits_answers(node: Node) -> bool:
    """Tell whether a node above has not given a receipt yet for everything in the own log."""
    with node.opened() as opened:
        log, registry = opened.own.log, opened.registry
        above = {one for parent in node.settings.parents for one in ancestors(registry, parent.origin)}
        receipts = [opened.store.newest_receipt(log, one) for one in above]
        return any(one is None or one.size < log.next_entry for one in receipts)


def _renew(node: Node, parent: Parent) -> None:
    """Renew the certificate where it is due; trouble with that alone does not stop a session that can still be had."""
    try:
        if enrolment.renew(node, parent):
            log.info("certificate renewed parent=%s", parent.origin)
    except Unreachable as error:
        log.warning("certificate not renewed parent=%s error=%r", parent.origin, error)
