"""The own log comes back package by package; each write fails twice, before and after it lands."""

import shutil

import pytest

from sync import recovery, tree
from sync.bundles import Bundles, packages
from sync.errors import BadProof, Conflict, Fork, NeedsRecovery
from sync.package import Package
from tests.bits import flipped
from tests.sync import made
from tests.sync.made import OUTLET

KEYS = made.verifiers(made.signers(OUTLET))


@pytest.fixture
def lost(tmp_path):
    """A node put back at 300 signed entries, 4 queued in another way; and the mirror of what it signed: 700."""
    node = made.Written(tmp_path / "node", OUTLET)
    node.grow_to(300)
    node.seal()
    shutil.copytree(tmp_path / "node", tmp_path / "kept")
    node.grow_to(700)
    node.now += 60
    end = node.seal()
    shutil.move(tmp_path / "node", tmp_path / "mirror")
    shutil.copytree(tmp_path / "kept", tmp_path / "node")
    put_back = made.Written(tmp_path / "node", OUTLET)
    put_back.add(4, body=b"queued")
    return put_back, made.Written(tmp_path / "mirror", OUTLET), end


def sent(mirror, first, end):
    with made.opened(mirror.log_db) as store:
        return list(packages(store, store.log(OUTLET), first, end.size, end.size, lambda audience, index: True))


def recovered(node, mirror, end, faults=None):
    store = made.FaultyStore(node.log_db, faults) if faults else made.Store(node.log_db)
    lock = made.FaultyLock(node.head_lock, faults) if faults else made.HeadLock(node.head_lock)
    try:
        signed = recovery.agreed(store, recovery.heads_of_ours(store, lock, OUTLET), OUTLET)
        for one in sent(mirror, recovery.begin_at(signed), end):
            recovery.take(store, one, end, made.committer(OUTLET), signed, KEYS)
        recovery.settle(store, lock, end, recovery.heads_of_ours(store, lock, OUTLET), KEYS)
    finally:
        store.close()
        lock.close()


def bodies(node):
    with made.opened(node.log_db) as store:
        log = store.log(OUTLET)
        bundles = Bundles(store, log)
        leaves = bundles.leaves(0, log.next_entry)
        assert bundles.root(log.next_entry) == tree.root_hash(leaves)
        found = [content[16:] for _name, content in bundles.parts(0, log.next_entry)]
        assert len(leaves) == log.next_entry == len(found) + 1
        assert bundles.count_wanted() == 0
        return found


@pytest.mark.parametrize("takes_effect", [False, True])
def test_a_broken_recovery_signs_nothing_and_the_next_one_finishes(lost, takes_effect):
    node, mirror, end = lost
    for _at in made.until_unbroken(lambda faults: recovered(node, mirror, end, faults), takes_effect):
        with made.opened(node.log_db) as store, made.locked(node.head_lock) as lock:
            signed = lock.signed(OUTLET)
            assert signed.size in (300, 700)
            aside = [raw for (raw,) in store.db.execute("select entry from aside")]
            bundles = Bundles(store, store.log(OUTLET))
            held = [*bundles.entries(300, store.log(OUTLET).next_entry), *aside]
            queued = [one for one in held if one not in mirrored(mirror)]
            assert len(queued) == len(set(queued)) == 4
    assert bodies(node) == [*bodies(mirror), *[b"queued"] * 4]
    node.now += 120
    assert node.seal().size == 704


def mirrored(mirror):
    with made.opened(mirror.log_db) as store:
        return set(Bundles(store, store.log(OUTLET)).entries(0, 700))


def test_what_is_added_while_it_comes_back_is_not_lost(lost):
    node, mirror, end = lost
    with made.opened(node.log_db) as store, made.locked(node.head_lock) as lock:
        for one in sent(mirror, 256, end):
            recovery.take(store, one, end, made.committer(OUTLET), 300, KEYS)
            node.add(1, body=b"meanwhile %d" % one.first)
        recovery.settle(store, lock, end, (), KEYS)
    assert bodies(node)[699:] == [*[b"queued"] * 4, b"meanwhile 256", b"meanwhile 512"]


def test_a_package_that_does_not_lead_to_the_head_changes_nothing(lost):
    node, mirror, end = lost
    (first, *_rest) = sent(mirror, 256, end)
    entries = [*first.entries[:-1], first.entries[0]]
    with made.opened(node.log_db) as store:
        with pytest.raises(BadProof):
            recovery.take(store, Package(256, entries, first.proof, []), end, made.committer(OUTLET), 300, KEYS)
        assert store.log(OUTLET).next_entry == 304
        with pytest.raises(Conflict):
            recovery.take(store, sent(mirror, 512, end)[0], end, made.committer(OUTLET), 300, KEYS)


def test_another_branch_than_what_is_signed_freezes_the_log_and_replaces_nothing(lost):
    node, mirror, end = lost
    node.now += 60
    mine = node.seal()
    assert mine.size == 304
    before = bodies(node)
    with made.opened(node.log_db) as store, pytest.raises(Fork):
        recovery.take(store, sent(mirror, 256, end)[0], end, made.committer(OUTLET), 304, KEYS)
    assert bodies(node) == before
    with made.opened(node.log_db) as store:
        assert store.log(OUTLET).frozen == "fork"


def test_nothing_is_settled_before_all_that_was_signed_is_here(lost):
    node, _mirror, end = lost
    with made.opened(node.log_db) as store, made.locked(node.head_lock) as lock:
        with pytest.raises(NeedsRecovery):
            recovery.settle(store, lock, end, (), KEYS)
        assert lock.signed(OUTLET).size == 300


def test_a_part_that_does_not_open_is_dropped_and_wanted(lost):
    node, mirror, end = lost
    first, *_rest = sent(mirror, 256, end)
    (name, content), *others = first.parts[-5:]
    bad = Package(first.first, first.entries, first.proof, [(name, flipped(content)), *others])
    with made.opened(node.log_db) as store:
        recovery.take(store, bad, end, made.committer(OUTLET), 300, KEYS)
        assert name in Bundles(store, store.log(OUTLET)).wanted(1000)


def test_a_restored_node_signs_no_head(lost):
    node, _mirror, _end = lost
    with made.opened(node.log_db) as store, store.write():
        recovery.mark_restored(store, "restored from a backup of 1")
    with pytest.raises(NeedsRecovery, match="not recovered yet"):
        node.seal()
