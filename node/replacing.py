"""New keys for a node that lost its own with its machine: its home states them, and they count once the hub agrees.

The old keys sign nothing here: the home's word and the hub's stand in for them (wire.md section 6). The home's
`rotate` names the last head that it holds; its `node` entry follows once the hub has confirmed the first.
"""

import logging
from dataclasses import dataclass, replace

from node import stolen
from node.errors import NodeError
from node.messages import N_
from node.node import Opened
from sync import control, rotation, tree
from sync.bundles import Bundles
from sync.eras import Said
from sync.errors import NotAllowed

log = logging.getLogger(__name__)
UNCONFIRMED = "unconfirmed"


class NothingToConfirm(NodeError):
    """No home has stated anything of this origin that waits for the hub: (origin,)."""

    facts = ("origin",)
    sentence = N_("Nothing about {origin} waits for the hub's word. Its home must have called since it stated it.")


@dataclass(frozen=True, slots=True)
class Awaiting:
    """A home's statement that counts only with the hub's word, beside what the hub holds itself.

    `differs`: the entries held here are not those that the statement ends with.
    """

    said: Said
    statement: control.Rotate | control.Successor
    held: int
    holds_more: bool
    differs: bool


# -- the home's side --------------------------------------------------------------------------------------------------


def check(opened: Opened, origin: str) -> control.Node:
    """Return the registration of a node that new keys may be given to; raise UnknownOrigin, NotAllowed, MustSucceed."""
    known = opened.registry.get(origin)
    if known.home != opened.node.origin:
        raise NotAllowed(origin, "not-my-child")
    if known.node.status != "active" and known.node.reason != stolen.TAKEN_BACK:
        raise NotAllowed(origin, known.node.status)
    if stolen.way(opened, origin) == stolen.SUCCEED:
        raise stolen.MustSucceed(origin)
    return known.node


def replace_keys(opened: Opened, asked: control.Node) -> bool:
    """State the new keys of a child that lost its own, once; tell whether they count by now.

    At the hub the invitation was the hub's word. Raises UnknownOrigin, NotAllowed.
    """
    known = check(opened, asked.origin)
    if rotation.set_of(known) != rotation.set_of(asked):
        waiting = _stated(opened, asked)
        if waiting is None:
            opened.own.state(_rotate(opened, asked))
            log.warning("keys replaced origin=%s", asked.origin)
            waiting = _stated(opened, asked)
        if waiting is not None and opened.node.settings.role == "hub":
            confirm(opened, waiting)
    known = opened.registry.get(asked.origin).node
    if rotation.set_of(known) != rotation.set_of(asked):
        return False
    _register(opened, known)
    return True


def _register(opened: Opened, known: control.Node) -> None:
    """State the registration with the keys that count now, unless the newest statement has them.

    Who was suspended because its keys were taken back is active with new ones.
    """
    found = opened.registry.stated("node", known.origin, opened.node.origin)
    newest = control.decode(control.body_of(found[1])) if found else None
    if isinstance(newest, control.Node) and rotation.set_of(newest) != rotation.set_of(known):
        log_keys, mirror_key, hpke_key = rotation.set_of(known)
        new = replace(newest, log_keys=log_keys, mirror_key=mirror_key, hpke_key=hpke_key)
        taken_back = (new.status, new.reason) == ("suspended", stolen.TAKEN_BACK)
        opened.own.state(new.with_status("active", "") if taken_back else new)


def _stated(opened: Opened, asked: control.Node) -> Said | None:
    """Return what this home has stated of these keys already and the hub has not confirmed."""
    for one in opened.registry.unconfirmed(asked.origin):
        if isinstance(one.statement, control.Rotate) and rotation.set_of(one.statement) == rotation.set_of(asked):
            return one
    return None


def _rotate(opened: Opened, asked: control.Node) -> control.Rotate:
    """Return the statement: up to the last head held here the old keys count, or up to where they were taken back."""
    last = opened.registry.get(asked.origin).ages[-1]
    if last.over and last.last_good is not None:
        size, root = last.last_good.size, last.last_good.root
    else:
        held = opened.store.log(asked.origin)
        size = held.stored if held else 0
        root = Bundles(opened.store, held).root(size) if held else tree.EMPTY_ROOT
    return control.Rotate(asked.origin, size, root, *rotation.set_of(asked), ())


# -- the hub's side ---------------------------------------------------------------------------------------------------


def awaiting(opened: Opened, origin: str) -> list[Awaiting]:
    """Return what waits for the hub's word about `origin`, oldest first; raise NothingToConfirm."""
    found = []
    for one in opened.registry.unconfirmed(origin):
        assert isinstance(one.statement, control.Rotate | control.Successor)
        of = one.statement.old if isinstance(one.statement, control.Successor) else origin
        held = opened.store.log(of)
        size, named = held.stored if held else 0, one.statement.size
        differs = held is not None and size >= named and Bundles(opened.store, held).root(named) != one.statement.root
        found.append(Awaiting(one, one.statement, size, size > named, differs))
    if not found:
        raise NothingToConfirm(origin)
    return found


def confirm(opened: Opened, one: Said) -> None:
    """State the hub's agreement with one entry of a home."""
    assert isinstance(one.statement, control.Rotate | control.Successor)
    opened.own.state(control.Confirm(one.statement.origin, one.home, one.index, tree.leaf_hash(one.raw)))
    log.warning("confirmed origin=%s home=%s index=%d", one.statement.origin, one.home, one.index)
