"""Mirrors: other nodes' logs, verified package by package before anything is stored (wire.md section 4).

A mirror takes bytes and never judges their meaning. Every function may be called again after a crash.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import NoReturn

from sync import aside, control, entry, eras, forks, head, proof, tree
from sync.bundles import Bundles
from sync.errors import BadProof, Conflict, Damaged, Fork, Malformed, NoHead, NotAllowed, OldSize
from sync.fork import NOTHING, Beginning, Branch
from sync.head import Head
from sync.origin import default_home
from sync.package import MAX_OVERLAP, Package, PartName
from sync.registry import Registration, is_prefix
from sync.rights import Sees
from sync.store import Log, Store
from sync.tree import BUNDLE

_NO_LOG = ("", 0, b"")  # in the genesis of a log that goes on from none


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a package: where the log now ends, and which parts were dropped."""

    next_entry: int
    refused: tuple[PartName, ...]


def drop_overtaken(store: Store, registered: Registration) -> Log | None:
    """Return the log as it stands, without entries behind the last good head of keys that were taken back or lost.

    They came towards a head that counts no more, and nobody gave a receipt for them: the log goes on with others in
    their place. Where the keys in use have signed for more than that head already, it goes on with those that are here.
    """
    name, good = registered.node.origin, eras.overtaken_from(registered.ages)
    log = store.log(name)
    if log is None or good is None or registered.ages[-1].over or not log.stored <= good < log.next_entry:
        return log
    with store.write():
        log = store.add_log(name)
        later = [one for one in store.promises(log, good + 1, 2**63 - 1) if not eras.is_overtaken(registered.ages, one)]
        if log.stored <= good < log.next_entry and not later and not log.frozen:
            aside.truncate(store, log, good)
            store.db.execute("delete from tip where log = ? and last > ?", (log.id, good))
            store.alarm("keys-replaced", name, f"{log.next_entry - good} entries behind the last good head are gone")
    return store.log(name)


def see_head(store: Store, registered: Registration, path: str, note: bytes) -> tuple[Log, Head]:
    """Return the log and the head in a note that came by `path`, kept and compared with what is stored.

    The note is kept as soon as its signatures verify, whatever the answer: exactly the refused ones show a split view.
    A head by keys that were replaced counts only where our own entries lead from it to the last good one.
    Raises BadSignature, Malformed, BadProof, Fork, NotAllowed.
    """
    shown = eras.open_head(registered.ages, note, partial(is_prefix, store))
    if shown.origin != registered.node.origin:
        raise Malformed("head", f"of {shown.origin}")
    with store.write():
        log = store.add_log(shown.origin)
        store.sight(log, shown, path)
        if not log.frozen and forks.is_forked(store, shown.origin):  # told by others before anything of it came here
            store.freeze(log, "fork")
            log = store.add_log(shown.origin)
    if shown.size == 0 and shown.root != tree.EMPTY_ROOT:
        raise BadProof("an empty log under another root")
    _check_against_stored(store, log, registered, shown)
    return log, shown


def record_head(
    store: Store,
    registered: Registration,
    path: str,
    note: bytes,
    old_size: int,
    hashes: Sequence[bytes],
    begins: Beginning = NOTHING,
) -> int:
    """Record a newer head of one log on `path`; return the size now recorded there.

    `begins` is what the head's tree says of the entries that are stored here, where they came by another path.
    Raises what `see_head` raises, and OldSize, BadProof.
    """
    drop_overtaken(store, registered)
    log, shown = see_head(store, registered, path, note)
    _check_beginning(store, log, registered, shown, begins)
    with store.write():  # checked and written in one transaction: two callers cannot both continue one head
        recorded = store.head(log, path)
        if recorded is not None and eras.is_overtaken(registered.ages, recorded):
            recorded = None  # by keys that were taken back since, and beyond what they were good for
        if old_size > shown.size:
            raise Malformed("head", "older than the size that it is proved from")
        if old_size != (recorded.size if recorded else 0):
            raise OldSize(recorded.size if recorded else 0)
        if recorded is not None and head.stated(recorded.note) != recorded.checkpoint:
            raise Damaged(log.origin, f"the head of size {recorded.size} that is recorded is not what its note says")
        proof.check_consistency(
            old_size, recorded.root if recorded else tree.EMPTY_ROOT, shown.size, hashes, shown.root
        )
        if recorded is None or (shown.size, shown.time_s) > (recorded.size, recorded.time_s):
            store.put_head(log, shown, path)
            if recorded is not None:
                store.prove_sighting(log, recorded.checkpoint, path)  # what contradicts it contradicts the new one
    return shown.size


def _check_against_stored(store: Store, log: Log, registered: Registration, shown: Head) -> None:
    """Raise Fork, and freeze the log, where `shown` contradicts what is held; NotAllowed where it is frozen."""
    if log.frozen:
        raise NotAllowed(log.origin, "frozen")
    others = (one for one in store.sighted(log, shown.size) if one.root != shown.root)
    other = next((one for one in others if eras.is_by_current_keys(registered.ages, one)), None)
    if other is not None:
        _fork(store, log, registered, shown, [(shown.size, Branch(shown, shown.root), Branch(other, other.root))])
    compare_heads(store, log, registered)


def compare_heads(store: Store, log: Log, registered: Registration) -> None:
    """Compare the heads that came by any path, as far as the log has come, with what is stored.

    Raises Fork, and freezes the log, at the first that another tree was signed with. One by keys that were replaced
    since, and that is not proved to be from before, says nothing: whoever stole them may have signed it.
    """
    bundles = Bundles(store, log)
    for promised in store.uncompared(log, log.next_entry):
        if bundles.root(promised.size) != promised.root:
            if not eras.is_by_current_keys(registered.ages, promised):
                continue
            held = forks.held_branch(store, log, promised.size, registered.node.log_keys)
            pairs = [(promised.size, Branch(promised, promised.root), held)] if held else []
            _fork(store, log, registered, promised, pairs)
        with store.write():
            store.prove_sighting(log, promised.checkpoint)


def _check_beginning(store: Store, log: Log, registered: Registration, shown: Head, begins: Beginning) -> None:
    """Raise Fork where the tree of `shown` begins with other entries than those stored; BadProof if it does not say."""
    if not 0 < begins.size <= min(log.next_entry, shown.size):
        return  # heard before more was stored, or lost: what comes is compared package by package
    proof.check_consistency(begins.size, begins.root, shown.size, begins.proof, shown.root)
    if Bundles(store, log).root(begins.size) != begins.root:
        held = forks.held_branch(store, log, begins.size, registered.node.log_keys)
        theirs = Branch(shown, begins.root, begins.proof)
        _fork(store, log, registered, shown, [(begins.size, theirs, held)] if held else [])


def _fork(
    store: Store, log: Log, registered: Registration, shown: Head, pairs: Sequence[tuple[int, Branch, Branch]]
) -> NoReturn:
    if not forks.found(store, log, registered.node.log_keys, shown, pairs):
        raise Damaged(log.origin, f"what is held does not fit a head of size {shown.size}, and no fork is proved")
    raise Fork(log.origin, f"two heads at size {shown.size}")


def head_for(store: Store, log: Log, path: str, end: int) -> Head:
    """Return the head of size `end` that packages are checked against: recorded on that path, or stored. Or NoHead."""
    for candidate in (store.head(log, path), store.newest_head(log)):
        if candidate is not None and candidate.size == end:
            return candidate
    raise NoHead(log.origin, end)


def take(
    store: Store,
    registered: Registration,
    found: Package,
    end: Head,
    committer: entry.Committer,
    may_hold: Sees,
) -> Taken:
    """Store one package of the tree that `end` signs, with those of its parts that verify and are due here.

    Raises BadProof, Malformed, Conflict, NotAllowed, Fork and stores nothing of it then; Damaged where what is held
    beside it is. Taking the same package again is harmless: the overlap is skipped after its leaf hashes compare equal.
    A bad or undue part is dropped and stays wanted.
    """
    log = store.log(end.origin)
    if log is None:
        raise NoHead(end.origin, end.size)
    next_entry = log.next_entry
    if eras.is_overtaken(registered.ages, end):
        raise NoHead(end.origin, end.size)
    if log.frozen:  # perhaps since this call began, by another path
        raise NotAllowed(log.origin, "frozen")
    if found.first > next_entry or next_entry - found.first > MAX_OVERLAP or found.last > end.size:
        raise Conflict(end.size, log.stored, next_entry)
    bundles = Bundles(store, log)
    start = found.first - found.first % BUNDLE
    if found.last != min(end.size, start + BUNDLE):  # rows never cross a bundle's edge
        raise BadProof("not all of its bundle, or more")
    leaves = [tree.leaf_hash(one) for one in found.entries]
    before, held = bundles.leaves(start, found.first), bundles.leaves(found.first, min(next_entry, found.last))
    whole = tree.root_hash(before + leaves)
    try:
        proof.check_subtree(start, found.last, whole, end.size, found.proof, end.root)
        if held != leaves[: len(held)]:
            raise BadProof("entries differ from those already stored")
    except BadProof:
        _check_held(bundles, log, start, before + held)
        raise
    if proof.left_hashes(start, found.last, end.size, found.proof) != tree.prefix_hashes(bundles, start):
        _other_branch(store, log, registered, end, found, before + leaves)
    statements = [entry.commitments(one) for one in found.entries]
    if found.first == 0:
        _check_genesis(found.entries[0], registered, committer)
    new = max(0, found.last - next_entry)
    with store.write():  # a crash in here leaves the rows and next_entry of before, nothing between
        if new:
            root = whole if found.last % BUNDLE == 0 else None
            bundles.append(next_entry, found.entries[-new:], leaves[-new:], root)
            if found.last < end.size:
                forks.keep_tip(store, log, end, found)
        if any(kind == entry.CONTROL for kind, _commitments in statements):
            may_hold.renew()  # perhaps a grant for what comes with it
        parts, refused, wanted = _sorted_parts(found, statements, committer, may_hold, next_entry)
        bundles.add_parts(parts)
        bundles.want(wanted)
    return Taken(max(next_entry, found.last), refused)


def _check_held(bundles: Bundles, log: Log, start: int, leaves: Sequence[bytes]) -> None:
    """Raise Damaged where the hashes of the entries from `start` on are not those that are held."""
    if [tree.leaf_hash(one) for one in bundles.entries(start, start + len(leaves))] != leaves:
        raise Damaged(log.origin, f"entries from {start} on are not those of their hashes")


def _other_branch(
    store: Store, log: Log, registered: Registration, end: Head, found: Package, leaves: Sequence[bytes]
) -> NoReturn:
    """Freeze a log of which `end` promises other entries in front than those held: both are signed."""
    theirs = forks.package_branch(end, found, leaves)
    start = found.first - found.first % BUNDLE
    pairs = []
    for size in (min(log.next_entry, found.last), start):
        held = forks.held_branch(store, log, size, registered.node.log_keys)
        if held is not None:
            pairs.append((size, held, theirs(size)))
    _fork(store, log, registered, end, pairs)


def _sorted_parts(
    found: Package,
    statements: Sequence[tuple[int, Sequence[tuple[str, bytes]]]],
    committer: entry.Committer,
    may_hold: Sees,
    next_entry: int,
) -> tuple[list[tuple[PartName, bytes]], tuple[PartName, ...], list[tuple[PartName, str]]]:
    """Return the parts to store, the names of those dropped, and those that are due here but missing."""
    good: list[tuple[PartName, bytes]] = []
    refused: list[PartName] = []
    first = found.first
    due = {
        (first + at, number): stated
        for at, (_kind, commitments) in enumerate(statements)
        for number, stated in enumerate(commitments)
        if may_hold(stated[0], first + at)
    }
    for name, content in found.parts:
        stated = due.get(name)
        if name[0] < next_entry:
            continue  # sent again: what is missing of it is wanted already, and comes by the want-list
        if stated is None or not committer.opens(stated[1], stated[0], content):
            refused.append(name)
        else:
            good.append((name, content))
            del due[name]
    wanted = [(name, stated[0]) for name, stated in due.items() if name[0] >= next_entry]
    return good, tuple(refused), wanted


def _check_genesis(raw: bytes, registered: Registration, committer: entry.Committer) -> None:
    """Raise Malformed unless entry 0 says what the registration says: federation, origin and the first keys.

    Its home may have been another one: the hub can move an origin. Which keys it had before is then not known here.
    """
    read = entry.Entry.decode(raw)
    genesis = control.decode(read.control) if read.kind == entry.CONTROL else None
    node = registered.node
    if not isinstance(genesis, control.Genesis) or genesis.federation_id != committer.federation_id:
        raise Malformed("genesis", "of another federation, or none")
    first = registered.ages[0]
    moved = first.home != default_home(node.origin)
    if genesis.origin != node.origin or (genesis.log_keys != first.log_keys and not moved):
        raise Malformed("genesis", "disagrees with the registration")
    follows = registered.follows
    if (genesis.old, genesis.size, genesis.root) != ((follows.old, follows.size, follows.root) if follows else _NO_LOG):
        raise Malformed("genesis", "goes on from another log than the hub confirmed")


def take_parts(
    store: Store,
    name: str,
    parts: Sequence[tuple[PartName, bytes]],
    committer: entry.Committer,
    may_hold: Sees,
) -> tuple[int, int]:
    """Store parts that are wanted here; return how many were taken and how many dropped."""
    log = store.log(name)
    if log is None:
        raise NoHead(name, 0)
    bundles = Bundles(store, log)
    good = []
    for (index, number), content in parts:
        raw = bundles.entries(index, index + 1) if index < log.next_entry else []
        stated = entry.commitments(raw[0])[1] if raw else ()
        if number < len(stated) and may_hold(stated[number][0], index):
            audience, commitment = stated[number]
            if committer.opens(commitment, audience, content):
                good.append(((index, number), content))
    with store.write():
        bundles.add_parts(good)
        bundles.found(one for one, _content in good)
    return len(good), len(parts) - len(good)
