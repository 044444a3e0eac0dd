"""A log that cannot go on is followed by another one: `<old>.gN`, where the old one ended (wire.md section 6).

The home of the old log states it, the hub confirms it, and then the node joins under the new name, with new keys. The
old log stays where it is, served and provable; nothing more is taken of it.
"""

import logging
from dataclasses import dataclass

from node import stolen
from node.errors import NodeError
from node.messages import N_
from node.node import Opened
from sync import control, entry, evidence, tree
from sync.bundles import Bundles
from sync.eras import Said
from sync.origin import generation, is_successor
from sync.registry import Registration

log = logging.getLogger(__name__)
SUCCEEDED = "succeeded"
STATED, CONFIRMED, REGISTERED = "stated", "confirmed", "registered"
_ROLES = ("outlet", "feed")


class HasNodesBelow(NodeError):
    """Other nodes are named after this one: (origin, role)."""

    facts = ("origin", "role")
    sentence = N_(
        "{origin} is a {role}: the names of the nodes below it begin with its own, so no other log can take its place. "
        "Move them to another home with `node move` at the hub. Nothing was changed."
    )


class SucceededAlready(NodeError):
    """Another log goes on from this one already, from another size: (origin, successor, size)."""

    facts = ("origin", "successor", "size")
    sentence = N_("{successor} goes on from {origin} already, from {size} entries. Nothing was changed.")


class NotConfirmed(NodeError):
    """No home has stated, and the hub has not confirmed, that a log goes on under this name: (origin,)."""

    facts = ("origin",)
    sentence = N_(
        "{origin} would go on from another log, and the hub has not confirmed that. `node succeed` at its home states "
        "it, `confirm {origin}` at the hub agrees; then invite again, once a night has passed it on."
    )


@dataclass(frozen=True, slots=True)
class Succession:
    """Which log goes on from which, from how many entries, and how far that has come."""

    origin: str
    successor: str
    size: int
    root: bytes
    state: str
    changed: bool


def of(opened: Opened, origin: str) -> Succession | None:
    """Return the newest succession that the home of `origin` has stated, None for none."""
    said = opened.registry.going_on(origin)
    return _told(opened, said[-1], changed=False) if said else None


def _told(opened: Opened, said: Said, changed: bool) -> Succession:
    one = said.statement
    assert isinstance(one, control.Successor)
    state = STATED
    if opened.registry.may_exist(one.origin):
        state = REGISTERED if opened.registry.find(one.origin) else CONFIRMED
    return Succession(one.old, one.origin, one.size, one.root, state, changed)


def check(opened: Opened, origin: str, good_until: int | None) -> control.Successor | None:
    """Return what would be stated, None where it stands already; see `succeed`."""
    known = opened.registry.get(origin)
    if known.home != opened.node.origin:
        raise stolen.OnlyOwnChildren(origin, known.home)
    if known.node.role not in _ROLES:
        raise HasNodesBelow(origin, known.node.role)
    stood = of(opened, origin)
    if stood is not None:
        if good_until not in (None, stood.size):
            raise SucceededAlready(origin, stood.successor, stood.size)
        return None
    size, root = _agreed(opened, known, good_until)
    return control.Successor(_next_name(opened, origin), origin, size, root)


def succeed(opened: Opened, origin: str, good_until: int | None = None) -> Succession:
    """State that another log goes on from that of `origin`, and that nothing more is taken of it; return what stands.

    It goes on from where the keys were good, if they were taken back; else from the newest head stored here, or from
    the head of `good_until` entries. At the hub, which registers the node itself, its word is given with it. All is one
    transaction, and what stands already is not said again. Raises UnknownOrigin, OnlyOwnChildren, HasNodesBelow,
    NotRecorded, SucceededAlready.
    """
    wanted = check(opened, origin, good_until)
    if wanted is not None:
        said: list[control.Statement] = [wanted]
        known = opened.registry.get(origin).node
        if known.status == "active":
            said.append(known.with_status("suspended", SUCCEEDED))
        now_ms = int(opened.node.clock() * 1000)
        raws = [entry.control_entry(now_ms, control.encode(one)) for one in said]
        opened.own.add_entries(raws, [[] for _one in raws])
        log.warning("log ended origin=%s successor=%s size=%d", origin, wanted.origin, wanted.size)
    stated = opened.registry.going_on(origin)[-1]
    if opened.node.settings.role == "hub" and _told(opened, stated, False).state == STATED:
        confirmed = control.Confirm(_name(stated), stated.home, stated.index, tree.leaf_hash(stated.raw))
        opened.own.state(confirmed)  # a crash before leaves it to the same command
    return _told(opened, stated, wanted is not None)


def _name(said: Said) -> str:
    assert said.statement is not None
    return said.statement.origin


def _agreed(opened: Opened, known: Registration, good_until: int | None) -> tuple[int, bytes]:
    """Return size and root that the old log ends with."""
    origin, good = known.node.origin, stolen.standing(known)
    if good is not None:
        if good_until not in (None, good.size):
            raise stolen.TakenBackAlready(origin, good.size)
        return good.size, good.root
    held = opened.store.log(origin)
    sizes = stolen.recorded(opened, held, known.ages)
    size = (held.stored if held else 0) if good_until is None else good_until
    if size not in sizes:
        raise stolen.NotRecorded(origin, size, ", ".join(map(str, sizes[-stolen.MANY :])))
    return size, Bundles(opened.store, held).root(size) if held else tree.EMPTY_ROOT


def _next_name(opened: Opened, origin: str) -> str:
    """Return the next name of this log that was never stated."""
    base, number = generation(origin)
    while True:
        number += 1
        name = f"{base}.g{number}"
        if not opened.registry.successions(name) and opened.registry.stated("node", name, opened.node.origin) is None:
            return name


def check_confirmed(opened: Opened, origin: str) -> None:
    """Return unless `origin` is the name of a log that goes on from another one without the hub's word for it.

    Raises NotConfirmed.
    """
    if is_successor(origin) and not opened.registry.may_exist(origin):
        raise NotConfirmed(origin)


def proofs(opened: Opened, origin: str) -> list[bytes]:
    """Return proofs for a node that joins here of which log it goes on from; [] for one that goes on from none.

    Raises NotConfirmed while that is not under a head.
    """
    if not is_successor(origin) or opened.registry.home(origin) != opened.node.origin:
        return []
    writing = evidence.Writing(opened.store, opened.registry)
    try:
        return [writing.proved(one) for one in opened.registry.successions(origin)]
    except evidence.NotProved as error:
        raise NotConfirmed(origin) from error
