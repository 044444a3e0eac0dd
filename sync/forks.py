"""The forks that a node knows of: their evidence is made when it is found, kept in log.db, and told to every tier.

A fork freezes the log on the branch that is held here; what is held goes on being served. Nothing is decided here.
Without evidence that verifies there is no fork: a bit that turned here looks like one, and is damage.
"""

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from sync import eras, fork, proof, tree
from sync.bundles import Bundles
from sync.errors import BadProof, BadSignature, Damaged, Malformed, SyncError
from sync.fork import Branch, Contradiction
from sync.head import Head
from sync.note import VerifierKey
from sync.package import Package
from sync.partial import PartialTree
from sync.registrations import Registrations
from sync.registry import Registry
from sync.store import Log, Store
from sync.tree import BUNDLE

MAX_AN_ORIGIN = 4


@dataclass(frozen=True, slots=True)
class Kept:
    """A file that is kept here: its 32-byte name, the log, the file, how the log's keys are registered, since when."""

    name: bytes
    origin: str
    file: bytes
    registrations: bytes
    told_by: str
    found_at: int


def kept(store: Store, origin: str = "") -> list[Kept]:
    """Return what is kept, of one origin or of all, oldest first."""
    rows = store.db.execute(
        "select hash, origin, file, registrations, told_by, found_at from fork where ? in ('', origin) "
        "order by found_at, hash",
        (origin,),
    )
    return [Kept(*row) for row in rows]


def names(store: Store) -> list[tuple[str, bytes]]:
    """Return (origin, 32-byte name) of all files kept."""
    return store.db.execute("select origin, hash from fork order by hash").fetchall()


def is_forked(store: Store, origin: str) -> bool:
    """Tell whether evidence of a fork of that log is kept here."""
    return store.db.execute("select 1 from fork where origin = ?", (origin,)).fetchone() is not None


# -- found here -------------------------------------------------------------------------------------------------------


def found(
    store: Store, log: Log, log_keys: Sequence[VerifierKey], shown: Head, pairs: "Sequence[tuple[int, Branch, Branch]]"
) -> bool:
    """Freeze a log of which `shown` contradicts what is held, and keep the evidence; one transaction.

    `pairs` are (common size, a branch, the other): the first that proves it becomes the file. Without one nothing is
    changed, and the answer is False.
    """
    raw = next((one for one in (_encoded(log_keys, *pair) for pair in pairs) if one), b"")
    if not raw:
        return False
    notes = b"\n".join(dict.fromkeys(each.head.note for _size, *both in pairs for each in both))
    with store.write():
        store.freeze(log, "fork")
        _keep(store, raw, log.origin, b"", "")
        store.alarm("fork", log.origin, f"two heads at size {shown.size}", notes)
    return True


def _encoded(log_keys: Sequence[VerifierKey], size: int, one: Branch, other: Branch) -> bytes:
    try:
        return fork.encode(log_keys, size, one, other)
    except (BadProof, Malformed, BadSignature):
        return b""


def held_branch(store: Store, log: Log, size: int, log_keys: Sequence[VerifierKey]) -> Branch | None:
    """Return a head by these keys of the branch that is held, with what it says of the first `size` entries.

    The smallest head that reaches them; where an upload broke off before any did, the head that it was for.
    """
    bundles = Bundles(store, log)
    for promised in store.promises(log, size, log.next_entry):
        if eras.signed_by(promised.note, log_keys) and bundles.root(promised.size) == promised.root:
            proof = tree.consistency_proof(bundles, size, promised.size)
            return Branch(promised, bundles.root(size), tuple(proof))
    return _tip_branch(store, log, bundles, size)


def is_tip_whole(store: Store, log: Log) -> bool:
    """Tell whether what is remembered of an upload under way leads from what is stored to its head."""
    row = store.db.execute("select size, root, last, proof from tip where log = ?", (log.id,)).fetchone()
    if row is None:
        return True
    size, root, last, raw = row
    try:
        hashes = [raw[at : at + 32] for at in range(0, len(raw), 32)]
        return any(_leads(known, last, size, hashes, root) for known in _bundle_roots(store, log, last))
    except (SyncError, TypeError, ValueError):
        return False


def _bundle_roots(store: Store, log: Log, last: int) -> Iterator[bytes]:
    """Yield the root of the bundle before `last`, by its hashes and by its entries: one of them may be damaged."""
    bundles = Bundles(store, log)
    yield tree.root_hash(bundles.leaves(last - BUNDLE, last))
    try:
        yield tree.root_hash([tree.leaf_hash(one) for one in bundles.entries(last - BUNDLE, last)])
    except Damaged:
        return


def _leads(known: bytes, last: int, size: int, hashes: Sequence[bytes], root: bytes) -> bool:
    try:
        proof.check_subtree(last - BUNDLE, last, known, size, hashes, root)
    except BadProof:
        return False
    return True


def _tip_branch(store: Store, log: Log, bundles: Bundles, size: int) -> Branch | None:
    row = store.db.execute("select size, root, last, proof from tip where log = ?", (log.id,)).fetchone()
    if row is None or not size <= row[2] <= log.next_entry:
        return None
    end, root, last, hashes = row
    promised = next((one for one in store.promises(log, end, end) if one.root == root), None)
    if promised is None:
        return None
    known = PartialTree.proved(last - BUNDLE, last, end, [hashes[at : at + 32] for at in range(0, len(hashes), 32)])
    whole = PartialTree(known, lambda first, behind: tree.range_root(bundles, first, behind), 0, last)
    return Branch(promised, bundles.root(size), tuple(whole.consistency(size, end)))


def keep_tip(store: Store, log: Log, end: Head, found_: Package) -> None:
    """Remember how the entries up to a whole bundle lead to the head that they are uploaded for; inside `write()`."""
    store.db.execute(
        "insert or replace into tip(log, size, root, last, proof) values (?, ?, ?, ?, ?)",
        (log.id, end.size, end.root, found_.last, b"".join(found_.proof)),
    )


def package_branch(end: Head, package: Package, leaves: Sequence[bytes]) -> Callable[[int], Branch]:
    """Return what `end` says of its first entries, up to some size within the bundle of a package that it proves.

    `leaves` are the leaf hashes of that bundle as far as the package goes.
    """
    start = package.first - package.first % BUNDLE
    known = PartialTree.proved(start, package.last, end.size, package.proof)

    def root_of(first: int, behind: int) -> bytes:
        return tree.root_hash(leaves[first - start : behind - start])

    whole = PartialTree(known, root_of, start, package.last)
    return lambda size: Branch(end, whole.root(0, size), tuple(whole.consistency(size, end.size)))


# -- told by others ---------------------------------------------------------------------------------------------------


def learn(store: Store, registry: Registry, raw: bytes, registrations: bytes, told_by: str) -> bool:
    """Keep a fork that another node tells of, once it verifies, and freeze the log; return whether it was new.

    Raises Malformed, BadSignature, BadProof; UnknownOrigin, BadSignature where the keys are not shown to be the log's.
    """
    if any(name == fork.name_of(raw) for _origin, name in names(store)):
        return False
    told = fork.decode(raw)
    check_keys(registry, told, registrations)
    known = len(kept(store, told.origin))
    if known >= MAX_AN_ORIGIN:
        return False
    with store.write():
        _keep(store, raw, told.origin, registrations, told_by)
        log = store.log(told.origin)
        if log is not None and not log.frozen:
            store.freeze(log, "fork")
        if not known:
            sizes = "two heads that cannot both be true, of sizes {} and {}".format(*told.sizes)
            store.alarm("fork", told.origin, sizes, raw)
    return True


def _keep(store: Store, raw: bytes, origin: str, registrations: bytes, told_by: str) -> None:
    store.db.execute(
        "insert or ignore into fork(hash, origin, file, registrations, told_by, found_at) values (?, ?, ?, ?, ?, ?)",
        (fork.name_of(raw), origin, raw, registrations, told_by, int(time.time())),
    )


def check_keys(registry: Registry, told: Contradiction, registrations: bytes) -> None:
    """Return if the keys that signed both heads are registered for the log, here or by the proofs that came along."""
    known = registry.find(told.origin)
    if known is not None and known.node.log_keys == told.log_keys:
        if known.ages[-1].over:  # whoever stole them may have signed both
            raise BadSignature(told.origin, "its keys were taken back")
        return
    shown = Registrations.decode(registrations).verify(registry.federation) if registrations else None
    if shown is None or shown.log_keys(told.origin) != told.log_keys:
        raise BadSignature(told.origin, "the keys under both heads are not those of the log")


def wanted(store: Store, offered: Sequence[tuple[str, bytes]]) -> list[bytes]:
    """Return those of the (origin, name) that this node does not hold and would keep."""
    held = kept(store)
    mine, full = {one.name for one in held}, Counter(one.origin for one in held)
    return [name for origin, name in offered if name not in mine and full[origin] < MAX_AN_ORIGIN]


def unknown_to(store: Store, names_: Collection[bytes]) -> list[Kept]:
    """Return the files that one who holds those of the names lacks, oldest first."""
    return [one for one in kept(store) if one.name not in names_]


def with_registrations(store: Store, registry: Registry, one: Kept) -> bytes:
    """Return how the keys of that log are registered, as far as this node can show it; empty where it cannot."""
    if one.registrations:
        return one.registrations
    try:
        return Registrations.of(store, registry, one.origin).encode()
    except SyncError:
        return b""
