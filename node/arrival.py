"""A node that the hub has moved arrives at its new home by itself, in its nightly session (proto/README.md section 6).

Nothing but the hub's word is believed: its `home` entry, under a head of its log that is stored here, names the new
home, its joining door and the authority behind it. The new home asks for no token: the same word is its approval.
"""

import logging
from dataclasses import dataclass

from node import asking, settings
from node.errors import NodeError, NotOurs
from node.messages import N_
from node.node import Node
from sync import control

log = logging.getLogger(__name__)
ARRIVING = "arriving"  # the standing with a new home that has not let this node in yet
AWAY = "moved-away"  # how one stands with a home before, once the new one has


class NoDoorKnown(NodeError):
    """The hub has moved this node and did not know where its new home lets others in: (home,)."""

    facts = ("home",)
    sentence = N_(
        "The hub has moved this node to {home} and could not say where that lets others in. Ask its operator for an "
        "invitation, and run `join` with it."
    )


class NotArrived(NodeError):
    """The new home wants a person to decide: (home,)."""

    facts = ("home",)
    sentence = N_("{home} has not let this node in, though the hub has moved it there. Ask its operator.")


class NotHeard(NodeError):
    """The new home does not know yet that the hub has moved this node there: (home,)."""

    facts = ("home",)
    sentence = N_(
        "{home} has not heard yet that the hub has moved this node there; it does with its next nightly session. "
        "Until then everything waits here."
    )


@dataclass(frozen=True, slots=True)
class Move:
    """Where this node belongs by the hub's word, and the homes before."""

    said: control.Home
    before: tuple[str, ...]

    @property
    def home(self) -> str:
        return self.said.home


def due(node: Node) -> Move | None:
    """Return the move that this node has not followed yet, as the hub's log that is stored here states it."""
    with node.opened() as opened:
        said = opened.registry.moves(node.origin)
        homes = opened.registry.homes(node.origin)
    newest = said[-1].statement if said else None
    if not isinstance(newest, control.Home):
        return None
    parents = {one.origin for one in node.renewed().settings.parents}
    followed = newest.home in parents and not parents & set(homes[:-1])
    return None if followed else Move(newest, tuple(homes[:-1]))


def arrive(node: Node, move: Move) -> settings.Parent:
    """Be let in by the new home, and call it instead of the one before; return it as node.toml names it now.

    A crash at any step leaves what `due` finds again, and doing it again gives the same. Raises NoDoorKnown,
    OtherAuthority, Unreachable, NotHeard, NotArrived and what it refuses with.
    """
    where = move.said.door
    if where is None:
        raise NoDoorKnown(move.home)
    door = asking.door_at(where.join_address, where.authority)
    if door.parent != move.home:
        raise asking.OtherAuthority(where.join_address)
    for one in move.before:
        asking.close(node, one)  # before node.toml changes: once that has, nothing is done again
    known = node.settings
    try:
        found = asking.ask(node.home, door, asking.Wish(node.origin, known.role, known.name))
    except NotOurs as error:
        raise NotHeard(move.home) from error
    if isinstance(found, asking.Waiting):
        asking.forget(node.home, move.home)
        raise NotArrived(move.home)
    log.info("arrived home=%s", move.home)
    return next(one for one in node.renewed().settings.parents if one.origin == move.home)
