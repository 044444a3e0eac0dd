"""Moving a node to another home (proto/README.md section 6): the hub states it, and which registration goes along.

The hub's log then has two entries, one behind the other: `confirm` names the registration by the home before (home,
index, leaf hash), `home` the new home, and where that lets others in. The new home registers those keys and no others;
nobody decides anew. How the node finds its way there is in arrival.py.
"""

from collections.abc import Sequence
from hashlib import sha256

from node import authority, registering
from node.errors import KeysMissing, NodeError
from node.messages import N_
from node.node import Node, Opened
from sync import control, entry, evidence, proved, tree
from sync import origin as origins
from sync.bundles import Bundles
from sync.door import Door, meta_of
from sync.errors import Malformed, NotAllowed
from sync.registry import Registration, Registry
from sync.store import Store

_EVERYWHERE = ("0.0.0.0", "[::]")  # where a door listens, not where anybody reaches it


class NotMovable(NodeError):
    """The hub cannot move a node just now: (origin, home, why)."""

    facts = ("origin", "home", "why")
    sentence = N_("{origin} cannot be moved to {home}: {why}. Nothing was changed.")


# -- at the hub -------------------------------------------------------------------------------------------------------


def move(opened: Opened, origin: str, home: str) -> int:
    """State at the hub that `home` registers `origin` from now on; return the index of the `home` entry.

    Both entries are added in one transaction. Stated already, nothing is added, but the new door where the node has
    not arrived and its new home lets others in at another one by now. Raises UnknownOrigin, NotAllowed, NotMovable.
    """
    registry = opened.registry
    at = door_of(opened, home)
    said = control.Home(origin, home, at.join_address, at.authority) if at else control.Home(origin, home)
    if registry.home(origin) == home:
        index, raw = statement_of(opened.store, registry, "home", origin)
        if index < 0 or at is None or registry.find(origin) is not None or control.decode(control.body_of(raw)) == said:
            return index
        return opened.own.state(said)
    known = check(opened, origin, home)
    raw = _entry(opened.store, known.home, known.index)
    time_ms = int(opened.node.clock() * 1000)
    statements = (control.Confirm(origin, known.home, known.index, tree.leaf_hash(raw)), said)
    made = [entry.control_entry(time_ms, control.encode(one)) for one in statements]
    return opened.own.add_entries(made, [[], []]) + 1


def door_of(opened: Opened, home: str) -> Door | None:
    """Return where `home` lets others in, as it said in its newest Hello; None where it has not said it."""
    if home == opened.node.origin:
        return own_door(opened.node)
    raw = opened.store.meta(meta_of(home))
    return Door.decode(raw) if raw else None


def own_door(node: Node) -> Door | None:
    """Return where this node lets others in; None where it does not, or has no address that others can reach."""
    if not node.settings.registers or node.settings.join_address.rpartition(":")[0] in _EVERYWHERE:
        return None
    try:
        return Door(node.settings.join_address, sha256(authority.authority_der(node.home)).digest())
    except KeysMissing:  # its doors were never open
        return None


def check(opened: Opened, origin: str, home: str) -> Registration:
    """Return the registration that `origin` has now if `home` may become its home; raise as `move` does."""
    registry = opened.registry
    known = registry.check_active(origin)
    target = registry.check_active(home).node
    if target.role == "alliance" or known.node.role not in control.BELOW.get(target.role, ()):
        raise NotMovable(origin, home, N_("a node of that role registers none of this role"))
    if known.node.role == "feed":
        raise NotMovable(origin, home, N_("a feed belongs to the node at which it runs"))
    if known.index < 0 or known.home == registry.me:
        raise NotMovable(origin, home, N_("the hub registers it itself"))
    held = _registered_by(opened.store, registry, origin, home)
    if held is not None and registering.key_set(held) != registering.key_set(known.node):
        raise NotMovable(origin, home, N_("it was registered there before, with keys that have changed since"))
    _entry(opened.store, known.home, known.index)
    return known


def _registered_by(store: Store, registry: Registry, origin: str, home: str) -> control.Node | None:
    """Return what a node said of an origin as far as its log is believed here, whether it is the home or not."""
    found = registry.stated("node", origin, home)
    statement = control.decode(control.body_of(found[1])) if found else None
    return statement if isinstance(statement, control.Node) else None


def _entry(store: Store, origin: str, index: int) -> bytes:
    log = store.log(origin)
    if log is None or index >= log.stored:
        raise NotMovable(origin, "", N_("its registration has not reached the hub yet"))
    (raw,) = Bundles(store, log).entries(index, index + 1)
    return raw


def statement_of(store: Store, registry: Registry, what: str, origin: str) -> tuple[int, bytes]:
    """Return (index, entry) of the hub's newest statement of that kind on `origin`; (-1, b"") for none."""
    return registry.stated(what, origin, origins.federation(origin)) or (-1, b"")


# -- at the new home --------------------------------------------------------------------------------------------------


def registration(opened: Opened, asked: control.Node, proofs: Sequence[bytes]) -> control.Node | None:
    """Return the registration of an origin that the hub has moved here and that is not registered here yet.

    None for any other origin. Raises Malformed where the proofs are not of what the hub confirmed, NotAllowed where
    the keys that ask are not those that are proved.
    """
    registry, me = opened.registry, opened.node.origin
    index, _raw = statement_of(opened.store, registry, "home", asked.origin)
    if index < 0 or registry.home(asked.origin) != me or registry.find(asked.origin) is not None:
        return None
    confirmed = _confirmed(opened.store, registry, asked.origin)
    if len(proofs) != 2:
        raise Malformed("enrolment", "the registration by the home before is missing")
    registry.introduce(confirmed.home, proofs[0])
    step = proved.open_entry(proofs[1], registry.log_keys(confirmed.home))
    if (step.head.origin, step.index, tree.leaf_hash(step.raw)) != (confirmed.home, confirmed.index, confirmed.leaf):
        raise Malformed("enrolment", "not the registration that the hub confirmed")
    statement = control.decode(step.entry.control)
    if not isinstance(statement, control.Node) or statement.origin != asked.origin:
        raise Malformed("enrolment", "not a registration of this origin")
    if registering.key_set(statement) != registering.key_set(asked):
        raise NotAllowed(asked.origin, "other-keys-than-its-home-registers")
    return statement.with_status("active", "")


def _confirmed(store: Store, registry: Registry, origin: str) -> control.Confirm:
    _index, raw = statement_of(store, registry, "confirm", origin)
    found = control.decode(control.body_of(raw)) if raw else None
    if not isinstance(found, control.Confirm):
        raise Malformed("enrolment", "the hub confirmed no registration of the home before")
    return found


# -- at the node that moves -------------------------------------------------------------------------------------------


def proofs(opened: Opened, origin: str) -> list[bytes]:
    """Return the hub's entry for the home before, and that home's entry for `origin`; [] where it was not moved.

    Raises NotProved while this node does not hold them under a head.
    """
    store, registry = opened.store, opened.registry
    _index, raw = statement_of(store, registry, "confirm", origin)
    found = control.decode(control.body_of(raw)) if raw else None
    if not isinstance(found, control.Confirm) or registry.home(origin) == found.home:
        return []
    held = store.log(found.home)
    signed = store.newest_head(held, at_most=held.stored) if held else None
    if held is None or signed is None or found.index >= signed.size:
        raise evidence.NotProved("registration", found.home)
    bundles = Bundles(store, held)
    (stated,) = bundles.entries(found.index, found.index + 1)
    mine = proved.prove(bundles, found.index, stated, signed.size, signed.note, {})
    return [*evidence.registrations(store, registry, found.home), mine]
