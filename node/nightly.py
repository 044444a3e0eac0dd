"""A node's night: a session with each parent, then the catalogue (architecture.md, One night)."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from catalog import applying
from catalog.catalogue import Catalogue
from node import enrolment
from node.errors import NodeError
from node.node import Node
from node.settings import Parent
from sync.client import Client
from sync.errors import SyncError, Unreachable
from sync.session import Report, Session

log = logging.getLogger(__name__)
Progress = Callable[[str, int, int], None]
APPLY_WAIT_S = 600.0


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


def catalogue(node: Node) -> Catalogue:
    """Return this node's catalogue, made where there is none: it is a view and can be made again."""
    if not node.home.catalog_db.exists():
        return Catalogue.create(node.home.catalog_db)
    return Catalogue(node.home.catalog_db)


def apply(node: Node, stop: threading.Event | None = None, progress: Callable[[int, int], None] | None = None) -> int:
    """Bring the catalogue and its index up to what is stored; return the entries applied."""
    with node.home.hold("apply", APPLY_WAIT_S), node.opened() as opened:
        found = catalogue(node)
        try:
            applied = applying.apply(opened.store, found, me=node.origin, clock=time.time, progress=progress, stop=stop)
            applying.index(opened.store, found, progress=progress, stop=stop)
        finally:
            found.close()
    return applied.entries
