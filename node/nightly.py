"""A node's night: a session with each parent (architecture.md, One night)."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from node import enrolment
from node.errors import NodeError
from node.node import Node
from node.settings import Parent
from sync.client import Client
from sync.errors import SyncError, Unreachable
from sync.session import Report, Session

log = logging.getLogger(__name__)
Progress = Callable[[str, int, int], None]


@dataclass
class NightReport:
    """What a night did: a report by parent that answered, an error by parent that did not."""

    reports: list[Report] = field(default_factory=list)
    failures: dict[str, Exception] = field(default_factory=dict)


def run(
    node: Node,
    deadline: Callable[[], float] = lambda: 3600.0,
    stop: threading.Event | None = None,
    progress: Progress = lambda origin, done, total: None,
) -> NightReport:
    """Call every parent once, one after the other; one that fails does not stop the next."""
    night = NightReport()
    for parent in node.settings.parents:
        try:
            _renew(node, parent)
            night.reports.append(call(node, parent, deadline, stop, progress))
        except (SyncError, NodeError) as error:
            log.warning("session failed parent=%s error=%r", parent.origin, error)
            night.failures[parent.origin] = error
    return night


def call(
    node: Node,
    parent: Parent,
    deadline: Callable[[], float] = lambda: 3600.0,
    stop: threading.Event | None = None,
    progress: Progress = lambda origin, done, total: None,
) -> Report:
    """Run one session with one parent; two at once on one home wait for each other."""
    with (
        node.home.hold("session", wait_s=600.0),
        node.opened() as opened,
        node.lock() as lock,
        node.channel(parent) as channel,
    ):
        session = Session(
            opened.store,
            lock,
            opened.own,
            opened.registry,
            Client(channel, parent.origin, deadline),
            node.clock,
            progress,
            stop or threading.Event(),
            resign=node.settings.role != "outlet",
        )
        return session.run()


def _renew(node: Node, parent: Parent) -> None:
    """Renew the certificate where it is due; trouble with that alone does not stop a session that can still be had."""
    try:
        if enrolment.renew(node, parent):
            log.info("certificate renewed parent=%s", parent.origin)
    except Unreachable as error:
        log.warning("certificate not renewed parent=%s error=%r", parent.origin, error)
