"""A node's own log, brought back from mirrors that others keep of it (wire.md section 9). Nothing here signs.

What a head of ours promises and a mirror sends is verified package by package and put in its place. Entries that wait
for a seal and stand in its way are set aside in the same transaction, and added again behind it, in their order.
"""

from collections.abc import Sequence
from typing import NoReturn

from sync import aside, entry, forks, proof, tree
from sync.aside import REMAKE as REMAKE
from sync.aside import begin_at as begin_at
from sync.bundles import Bundles
from sync.checkpoint import Checkpoint
from sync.errors import BadProof, Conflict, Fork, NeedsRecovery, NotAllowed
from sync.fork import Branch
from sync.head import Head
from sync.lock import HeadLock, Signed
from sync.note import VerifierKey
from sync.package import Package, PartName
from sync.registry import Registry
from sync.store import Log, Store
from sync.tree import BUNDLE

Keys = Sequence[VerifierKey]  # the own log's, 01 and 06
RESTORED = "restored"  # in `meta`: what was put back, so that nothing is signed or served until it is recovered
REPLAY = "replay"  # in `meta`: it was put back, and its catalogue may know what was erased since
AHEAD = "ahead"  # in `meta`: the note of a newer head of our own that somebody has shown
CHANGED = "changed-from"  # in `meta`: the lowest index from which on the own log was put together again


def mark_restored(store: Store, what: str) -> None:
    """Let this node sign and serve nothing until it is recovered; inside `store.write()`."""
    store.set_meta(RESTORED, what.encode())
    store.set_meta(REPLAY, b"1")


def mark_recovered(store: Store) -> None:
    """Let this node sign and serve its logs again: everybody who must was asked, and no part is held that was erased.

    Its catalogue is served once `mark_replayed` says that nothing in it knows such a part, either. Inside
    `store.write()`.
    """
    store.set_meta(RESTORED, b"")


def mark_replayed(store: Store) -> None:
    """Let the catalogue of a node that is recovered be served again; nothing while it is not."""
    if store.meta(REPLAY) and not restored(store):
        with store.write():
            store.set_meta(REPLAY, b"")


def restored(store: Store) -> str:
    """Return what was put back and is not recovered yet; empty where nothing was."""
    return (store.meta(RESTORED) or b"").decode()


def check_recovered(store: Store, me: str) -> None:
    """Return unless this node was put back and is not recovered yet; raise NeedsRecovery."""
    if what := restored(store):
        raise NeedsRecovery(me, f"{what}, not recovered yet")


def check_replayed(store: Store, me: str) -> None:
    """Return unless what is made from the log may still know what was erased since; raise NeedsRecovery."""
    check_recovered(store, me)
    if store.meta(REPLAY):
        raise NeedsRecovery(me, "put back, and what was erased since is not cleared yet")


def signed_here(store: Store, me: str) -> list[tuple[str, Signed]]:
    """Return what log.db knows to have been signed here: the own head, and the newest receipt on each other log.

    It may be less than was signed; so whoever makes head.lock from it has to recover.
    """
    found: list[tuple[str, Signed]] = []
    for log in store.logs():
        one = store.head(log) if log.origin == me else store.newest_receipt(log, me)
        if one is not None:
            found.append((log.origin, Signed(one.size, one.root, one.time_s, one.note)))
    return found


def heads_of_ours(store: Store, lock: HeadLock, me: str) -> list[Head]:
    """Return what head.lock and log.db say that we signed, each as it is there."""
    log, signed = store.log(me), lock.signed(me)
    published = store.head(log) if log else None
    found = [Head(Checkpoint(me, signed.size, signed.root), signed.time_s, signed.note)] if signed else []
    return found + ([published] if published else [])


def ahead(store: Store, registry: Registry) -> Head | None:
    """Return the newer head of our own that a child has shown, None where none did."""
    note = store.meta(AHEAD)
    return registry.open_head(registry.me, note) if note else None


def agreed(store: Store, heads: Sequence[Head], me: str) -> int:
    """Return up to where log.db holds just what one of these heads promises."""
    log = store.log(me)
    held = [one.size for one in heads if log and one.size <= log.next_entry]
    same = [one for one in held if any(is_promised(store, each) for each in heads if each.size == one)]
    return max(same, default=0)


def is_promised(store: Store, one: Head) -> bool:
    """Tell whether log.db holds the entries that this head promises."""
    log = store.log(one.origin)
    return log is not None and one.size <= log.next_entry and Bundles(store, log).root(one.size) == one.root


def take(store: Store, found: Package, end: Head, committer: entry.Committer, signed: int, keys: Keys) -> int:
    """Put one package of the own log, in the tree that `end` signs, in its place; return the index behind it.

    `signed` entries are under a head of ours and agree with log.db: a package that says otherwise is a fork, which
    freezes the log, with evidence under `keys`. Raises BadProof, Conflict, NotAllowed, Fork and changes nothing else
    then. Taking the same package again is harmless.
    """
    with store.write():
        log = store.add_log(end.origin)
        if log.frozen:
            raise NotAllowed(log.origin, "frozen")
        if found.first % BUNDLE or found.first > log.next_entry or found.last > end.size:
            raise Conflict(end.size, log.stored, log.next_entry)
        leaves = _checked(found, end)
        bundles = Bundles(store, log)
        known = proof.left_hashes(found.first, found.last, end.size, found.proof)
        same = _same(bundles.leaves(found.first, min(log.next_entry, found.last)), leaves)
        differs = found.first if known != tree.prefix_hashes(bundles, found.first) else found.first + same
        is_fork = differs < min(signed, found.last) or known != tree.prefix_hashes(bundles, found.first)
        if not is_fork:
            if differs < found.last:
                changed = store.meta(CHANGED)
                store.set_meta(CHANGED, str(min(differs, int(changed or differs))).encode())
                aside.set_aside(store, log, differs)
                _append(store, log, found, leaves, differs)
            _add_parts(store, log, found, committer)
    if is_fork:
        size = min(signed, found.last)
        ours = forks.held_branch(store, log, size, keys)
        pairs = [(size, forks.package_branch(end, found, leaves)(size), ours)] if ours else []
        _fork(store, log, keys, end, pairs)
    return found.last


def _checked(found: Package, end: Head) -> list[bytes]:
    """Return the leaf hashes of a package once its proof leads to the head's root."""
    if found.last != min(end.size, found.first + BUNDLE):
        raise BadProof("not all of its bundle, or more")
    leaves = [tree.leaf_hash(one) for one in found.entries]
    proof.check_subtree(found.first, found.last, tree.root_hash(leaves), end.size, found.proof, end.root)
    return leaves


def _same(held: Sequence[bytes], leaves: Sequence[bytes]) -> int:
    return next((at for at, one in enumerate(held) if one != leaves[at]), len(held))


def _append(store: Store, log: Log, found: Package, leaves: Sequence[bytes], at: int) -> None:
    whole = tree.root_hash(leaves) if found.last % BUNDLE == 0 else None
    Bundles(store, log).append(at, found.entries[at - found.first :], leaves[at - found.first :], whole)


def _add_parts(store: Store, log: Log, found: Package, committer: entry.Committer) -> None:
    """Store the parts that open what their entries commit to; want the others that are not held."""
    stated: dict[PartName, tuple[str, bytes]] = {}
    for index, raw in enumerate(found.entries, found.first):
        stated.update(((index, number), one) for number, one in enumerate(entry.commitments(raw)[1]))
    bundles = Bundles(store, log)
    held = {name for name, _content in bundles.parts(found.first, found.last)}
    good = [
        (name, content)
        for name, content in found.parts
        if name in stated and committer.opens(stated[name][1], stated[name][0], content)
    ]
    bundles.add_parts(good)
    bundles.found(name for name, _content in good)
    held |= {name for name, _content in good}
    bundles.want((name, stated[name][0]) for name in stated if name not in held)


def _fork(store: Store, log: Log, keys: Keys, one: Head, pairs: Sequence[tuple[int, Branch, Branch]]) -> NoReturn:
    """Stop the own log for good, with the evidence; raise Fork, or NeedsRecovery where there is no proof of one."""
    if not forks.found(store, log, keys, one, pairs):
        raise NeedsRecovery(log.origin, f"log.db holds other entries than a head of size {one.size} was signed over")
    raise Fork(log.origin, f"a head of {one.size} entries is signed over others than log.db holds")


def settle(store: Store, lock: HeadLock, end: Head, known: Sequence[Head], keys: Keys) -> int:
    """Let the own log go on behind `end`, the newest head of ours that anybody knows; return the entries added again.

    log.db must hold what it promises, and what each of the heads in `known` promises: else it is a fork. head.lock is
    swapped first, then log.db: a crash between the two leaves the lock ahead, and the same call goes on. A node
    that was put back signs and serves nothing before `mark_recovered`. Raises NeedsRecovery, Fork.
    """
    me = end.origin
    if not is_promised(store, end):
        raise NeedsRecovery(me, f"{end.size} entries were signed, not all of them are here")
    for one in known:
        if one.size > end.size:
            raise NeedsRecovery(me, f"{one.size} entries were signed, not all of them are here")
        if not is_promised(store, one):
            log = store.add_log(me)
            ours = forks.held_branch(store, log, one.size, keys)
            _fork(store, log, keys, one, [(one.size, Branch(one, one.root), ours)] if ours else [])
    with lock.swap(me) as swap:
        if swap.held is None or swap.held.size < end.size:
            swap.set(Signed(end.size, end.root, end.time_s, end.note))
    with store.write():
        log = store.add_log(me)
        store.put_head(log, end)
        store.sight(log, end, "")
        store.set_stored(log, end.size)
        added = aside.add_again(store, log, end.size)
        store.set_meta(AHEAD, b"")
    return added
