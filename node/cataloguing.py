"""A node's catalogue: opening it, and bringing it up to what is stored. It is a view, and can be made again."""

import logging
import threading
from collections.abc import Callable, Iterable
from dataclasses import asdict

from catalog import applying, brake, indexing, mending, published, rebuilding
from catalog.catalogue import Catalogue
from node.node import Node, Opened
from records.kinds import Kinds
from sync import recovery
from sync.rights import Rights

log = logging.getLogger(__name__)
APPLY_WAIT_S = 600.0
MAKING_WAIT_S = 60.0


def catalogue(node: Node) -> Catalogue:
    """Return this node's catalogue, made where there is none or an older one: it is a view and can be made again.

    It is made by one process at a time; whoever comes meanwhile waits, and finds it made.
    """
    found = _current(node)
    if found is None:
        with node.home.hold("catalogue", MAKING_WAIT_S):
            found = _current(node) or Catalogue.create(node.home.catalog_db)
    found.brake_share = node.settings.brake_share
    return found


def _current(node: Node) -> Catalogue | None:
    if not node.home.catalog_db.exists():
        return None
    found = Catalogue(node.home.catalog_db)
    if found.is_current():
        return found
    found.close()
    return None


def _fitting(node: Node, opened: Opened) -> Catalogue:
    """Return the catalogue, made again where a recovery has put other entries in the place of some; under "apply"."""
    if opened.store.meta(recovery.REMAKE):
        rebuilding.remove(node.home.catalog_db)  # a crash from here on leaves none, which is made again
        with opened.store.write():
            opened.store.set_meta(recovery.REMAKE, b"")
    return catalogue(node)


def known_kinds(node: Node) -> Kinds:
    """Return the kinds that this node goes by: the program's, and what the hub has published."""
    with catalogue(node) as found:
        return published.known(found)


def apply(
    node: Node,
    stop: threading.Event | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> int:
    """Bring the catalogue and its index up to what is stored; return the entries applied."""
    with node.home.hold("apply", APPLY_WAIT_S), node.opened() as opened, _fitting(node, opened) as found:
        applied = applying.apply(opened.store, found, node.origin, node.clock, opened.role_of, progress, stop)
        _note_holds(node, opened, found)
        indexing.index(opened.store, found, stop=stop)
    return applied.entries


def _note_holds(node: Node, opened: Opened, found: Catalogue) -> None:
    """Write down what waits for a person; a crash before leaves that to the next time."""
    names = {one.id: one.origin for one in opened.store.logs()}
    waiting = [{"origin": names[one.log], **asdict(one)} for one in brake.held(found)]
    for one in node.notebook.note_applies(waiting, node.clock()):
        log.error("held origin=%s changed=%d deleted=%d live=%d", one.origin, one.changed, one.deleted, one.live)


def apply_own(node: Node) -> None:
    """Bring the catalogue up to this node's own log, for comparing; the search index follows when there is time."""
    with node.home.hold("apply", APPLY_WAIT_S), node.opened() as opened, _fitting(node, opened) as found:
        applying.apply(opened.store, found, node.origin, node.clock, opened.role_of)


def mend(node: Node, origin: str, indices: Iterable[int]) -> list[mending.Mended]:
    """Take up again what this catalogue has otherwise than the log says of these entries; return what became of each.

    Raises Busy.
    """
    with node.home.hold("apply", APPLY_WAIT_S), node.opened() as opened, catalogue(node) as found:
        due = Rights(opened.store, opened.registry).sees(origin, node.origin)
        done = mending.mend(
            opened.store,
            found,
            node.origin,
            node.clock,
            opened.role_of,
            origin,
            indices,
            due,
        )
        indexing.index(opened.store, found)
    return done
