"""Keys that change while the federation runs: one command at a node, one entry at its home (docs/keys.md).

A node makes its new keys beside the old ones, has its home register them, and only then uses them. Whatever breaks off
is taken up where it was: by the same command, or before the next session.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from node import enrolment, keyfiles
from node.enrolment import NotInStep
from node.errors import NodeError
from node.home import write_whole
from node.keyfiles import NodeKeys
from node.messages import N_
from node.node import Node, Opened
from node.settings import Parent
from sync import control, entry, rotation, tree
from sync.bundles import Bundles
from sync.errors import NotAllowed
from sync.federation import Federation

log = logging.getLogger(__name__)


class NoHomeAbove(NodeError):
    """The home of this node is not among the parents that it calls: (home,)."""

    facts = ("home",)
    sentence = N_("{home} registers this node, but is no parent in node.toml. Join it first; nothing was changed.")


# -- the home's side --------------------------------------------------------------------------------------------------


def register(opened: Opened, origin: str, asked: control.Rotate) -> None:
    """State new keys of a child in the own log; nothing where they are registered already.

    `asked` has the signatures by old log 01 and 06, new log 01 and 06, new mirror 06. Raises UnknownOrigin, NotAllowed,
    BadSignature, NotInStep, and changes nothing then.
    """
    registry, me = opened.registry, opened.node.origin
    known = registry.check_active(origin)
    if known.home != me:
        raise NotAllowed(origin, "not-my-child")
    old, new = known.node.log_keys, (*asked.log_keys, asked.mirror_key)
    if rotation.set_of(known.node) == rotation.set_of(asked):
        rotation.check(registry.federation.id, asked, new, asked.signatures[2:])
        return
    rotation.check(registry.federation.id, asked, (*old, *new), asked.signatures)
    _check_in_step(opened, asked)
    stated = control.Rotate(origin, asked.size, asked.root, *rotation.set_of(asked), asked.signatures[:2])
    node = control.Node(
        origin,
        known.node.role,
        known.node.status,
        *rotation.set_of(asked),
        reason=known.node.reason,
        alliance_id=known.node.alliance_id,
    )
    now_ms = int(opened.node.clock() * 1000)
    opened.own.add_entries([entry.control_entry(now_ms, control.encode(one)) for one in (stated, node)], [[], []])
    log.info("keys rotated origin=%s size=%d", origin, asked.size)


def asked(stated: control.Rotate) -> control.Rotate:
    """Return the rotation that a request asks for, its keys checked, with all its signatures; raise Malformed."""
    checked = control.decode(control.encode(replace(stated, signatures=stated.signatures[:2])))
    assert isinstance(checked, control.Rotate)
    return replace(checked, signatures=stated.signatures)


def _check_in_step(opened: Opened, asked: control.Rotate) -> None:
    """Return if the head that the old keys end with is the one that this home holds; raise NotInStep, NotAllowed."""
    held = opened.store.log(asked.origin)
    if held is not None and held.frozen:
        raise NotAllowed(asked.origin, "frozen")
    size = held.stored if held else 0
    root = Bundles(opened.store, held).root(size) if held else tree.EMPTY_ROOT
    if (asked.size, asked.root) != (size, root):
        raise NotInStep(opened.node.origin, asked.size)


# -- the child's side -------------------------------------------------------------------------------------------------


def rotate(node: Node, kinds: Iterable[str], call: Callable[[Parent], object]) -> NodeKeys:
    """Replace the node's keys of these kinds (log, mirror, hpke) through its home; return those now in use.

    `call` runs a session with a parent. A rotation that broke off is finished first. Raises what the home refuses with,
    or a session; the old keys stay in use then, and the same again goes on.
    """
    parent = _home(node)
    resume(node, parent, call)
    _hand_over(node, parent, keyfiles.make_next(node.home, kinds), call)
    return node.keys


def resume(node: Node, parent: Parent, call: Callable[[Parent], object]) -> bool:
    """Finish a rotation that broke off, where `parent` is the home; tell whether there was one."""
    kinds = keyfiles.begun(node.home)
    if not kinds or not node.settings.parents or parent != _home(node):
        return False
    _hand_over(node, parent, keyfiles.make_next(node.home, kinds), call)
    return True


def _home(node: Node) -> Parent:
    """Return the parent that registers this node; raise NoHomeAbove."""
    with node.opened() as opened:
        home = opened.registry.home(node.origin)
    for one in node.settings.parents:
        if one.origin == home:
            return one
    raise NoHomeAbove(home)


def _hand_over(node: Node, parent: Parent, following: Mapping[str, int], call: Callable[[Parent], object]) -> None:
    try:
        _ask(node, parent, following)
    except NotInStep:  # bring what the old keys have signed, once
        call(parent)
        _ask(node, parent, following)


def _ask(node: Node, parent: Parent, following: Mapping[str, int]) -> None:
    """Have the home register the keys, then use them. No session signs meanwhile.

    A crash before the home's entry leaves the old keys in use on both sides; after it, the same request is answered in
    the same way, and the new keys are taken into use then.
    """
    with node.home.hold("session", wait_s=600.0):
        old, new = node.keys, keyfiles.load(node.home, node.origin, following)
        with node.lock() as lock:
            signed = lock.signed(node.origin)
        last_good = (signed.size, signed.root) if signed else (0, tree.EMPTY_ROOT)
        log_keys = tuple(one.verifier for one in new.log)
        asked = control.Rotate(node.origin, *last_good, log_keys, new.mirror.verifier, new.hpke_public, ())
        signatures = rotation.sign(node.federation.id, asked, (*old.log, *new.log, new.mirror))
        enrolment.hand_over(node, parent, replace(asked, signatures=signatures))
        keyfiles.take_into_use(node.home, following)


# -- root statements --------------------------------------------------------------------------------------------------


def learn(node: Node, statements: Sequence[bytes]) -> Federation:
    """Keep root statements that follow those held; return the chain. Never a lower version, nor another root's.

    Raises Malformed, BadSignature and keeps what there is.
    """
    with node.home.hold("root", wait_s=30.0):
        longer = node.federation.extended(statements)
        if longer != node.federation:
            write_whole(node.home.federation_root, longer.encode(), mode=0o644)
            log.info("root statement version=%d", longer.newest.version)
        return longer
