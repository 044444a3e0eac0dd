"""The hub's keys, and the root's, changed by root statements (wire.md section 6, docs/keys.md).

The root keys are offline: their two files are brought for the length of one command. The statement becomes
`federation.root` in one step, and travels to every node in its next session.
"""

import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from node import keyfiles
from node.errors import NodeError
from node.home import write_whole
from node.messages import N_
from node.node import Node
from sync import control, federation, rotation
from sync.errors import NeedsRecovery
from sync.federation import Federation, RootStatement
from sync.keys import ED25519, MLDSA44, Signer

ROOT_ED25519 = "root-ed25519.seed"
ROOT_MLDSA44 = "root-mldsa44.seed"
Pair = tuple[Signer, Signer]


class WrongRoot(NodeError):
    """The files are not the root's of this federation: (path,)."""

    facts = ("path",)
    sentence = N_(
        "The two keys in {path} are not the root of this federation. Bring the newest ones that `init` or "
        "`keys rotate root` made; nothing was changed."
    )


def read(path: Path, origin: str) -> Pair:
    """Return the root's pair from the two files in `path`; raise KeysMissing, KeysExposed."""
    name = federation.root_name(origin)
    found = [
        Signer(name, type_, keyfiles.read_seed(path / file))
        for file, type_ in ((ROOT_ED25519, ED25519), (ROOT_MLDSA44, MLDSA44))
    ]
    return found[0], found[1]


def make(path: Path, origin: str) -> Pair:
    """Return a pair in `path`, made there durably; one that is there already, of an attempt that broke off, is kept."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    for file in (ROOT_ED25519, ROOT_MLDSA44):
        if not (path / file).exists():
            write_whole(path / file, os.urandom(32))
    return read(path, origin)


def rotate_hub(node: Node, kinds: Iterable[str], carry: Path) -> RootStatement:
    """Replace the hub's log or mirror keys by the next root statement; return it.

    In this order: the new keys beside the old; a `rotate` entry that ends the old ones with the last head that they
    signed; `federation.root`, from which on the new ones count; then they are in use. head.lock is held from the entry
    on, so that nothing is signed between. A crash before `federation.root` leaves the old keys in use, and after it the
    next seal takes the new ones; the same command again goes on. Raises WrongRoot, NeedsRecovery.
    """
    roots = _root(node, carry)
    with node.home.hold("root", wait_s=30.0), node.opened() as opened:
        opened.settle_keys()
        following = keyfiles.make_next(node.home, {*kinds, *keyfiles.begun(node.home)} & {"log", "mirror"})
        old, new = node.keys, keyfiles.load(node.home, node.origin, following)
        log_keys = tuple(one.verifier for one in new.log)
        with node.lock() as lock, lock.swap(node.origin) as swap:
            if swap.held is None:
                raise NeedsRecovery(node.origin, "nothing was signed yet")
            last_good = (swap.held.size, swap.held.root)
            ending = control.Rotate(node.origin, *last_good, log_keys, new.mirror.verifier, new.hpke_public, ())
            signatures = rotation.sign(node.federation.id, ending, old.log)
            opened.own.state(replace(ending, signatures=signatures))
            stated = _next(node.federation, log_keys=log_keys, mirror_key=new.mirror.verifier)
            _publish(node, [federation.sign(stated, roots, int(node.clock()))])
            keyfiles.take_into_use(node.home, following)
    return stated


def rotate_root(node: Node, carry: Path, new: Path) -> RootStatement:
    """Replace the root itself by the pair in `new`, made there; return the newest statement.

    Two statements at once: the old root announces the new one, and both sign the next. Raises WrongRoot.
    """
    coming = make(new, node.origin)
    verifiers = tuple(one.verifier for one in coming)
    with node.home.hold("root", wait_s=30.0):
        newest = node.federation.newest
        if newest.root_keys == verifiers:
            return newest  # an attempt that broke off after the statements were written
        old, now_s = _root(node, carry), int(node.clock())
        announced = _next(node.federation, next_root_keys=verifiers)
        first = federation.sign(announced, old, now_s)
        longer = node.federation.extended([first])
        stated = _next(longer, next_root_keys=verifiers)
        _publish(node, [first, federation.sign(stated, (*old, *coming), now_s)])
    return stated


def _root(node: Node, carry: Path) -> Pair:
    found = read(carry, node.origin)
    newest = node.federation.newest
    if tuple(one.verifier for one in found) != newest.root_keys or newest.next_root_keys != newest.root_keys:
        raise WrongRoot(str(carry))
    return found


def _next(known: Federation, **changed: object) -> RootStatement:
    newest = known.newest
    following = replace(newest, version=newest.version + 1, root_keys=newest.next_root_keys)
    return replace(following, **changed)  # type: ignore[arg-type]  # fields of the statement by name


def _publish(node: Node, statements: list[bytes]) -> None:
    longer = node.federation.extended(statements)  # verified as everybody else will
    write_whole(node.home.federation_root, longer.encode(), mode=0o644)
