"""Mirrors: nothing is stored unverified, every crash can be repeated, and receipts only ever grow."""

from contextlib import closing
from dataclasses import replace

import pytest

from sync import forks, mirror, receipting, tree
from sync.bundles import packages
from sync.errors import BadProof, BadSignature, Conflict, Damaged, Fork, Malformed, NoHead, NotAllowed, OldSize
from tests.bits import flipped
from tests.sync import made
from tests.sync.made import CITY, NOW_S, OUTLET
from tests.sync.mirrored import HEADS, MIRROR, SIZE, Receiver, Sender


@pytest.fixture(scope="module")
def sender(tmp_path_factory):
    found = Sender(tmp_path_factory.mktemp("sender") / "outlet")
    yield found
    found.store.close()


@pytest.fixture
def city(tmp_path, sender):
    return Receiver(tmp_path / "city", sender)


def refuses(city, kind, package, end=SIZE):
    """The package is refused and nothing of it is stored."""
    before = city.rows()
    with pytest.raises(kind):
        city.take(package, end)
    assert city.rows() == before
    return True


# -- heads ----------------------------------------------------------------------------------------------------------


def test_heads_are_recorded_as_a_chain(city):
    assert [city.record(size) for size in HEADS] == list(HEADS)
    with pytest.raises(OldSize) as error:
        city.record(SIZE, old=300)
    assert error.value.recorded == SIZE
    assert city.record(SIZE) == SIZE


def test_each_path_has_a_chain_of_its_own(city):
    city.record(512)
    assert city.record(300, path="ip.gd.example/led") == 300
    with made.opened(city.written.log_db) as store:
        log = store.log(OUTLET)
        assert (store.head(log, OUTLET).size, store.head(log, "ip.gd.example/led").size) == (512, 300)


def test_a_smaller_head_is_malformed_and_a_wrong_proof_refused(city):
    city.record(512)
    with made.opened(city.written.log_db) as store:
        with pytest.raises(Malformed):
            mirror.record_head(store, city.registered, OUTLET, city.sender.heads[300].note, 512, [])
        proof = city.sender.proof(512, SIZE)
        for changed in (proof[:-1], [*proof, proof[0]], [flipped(proof[0]), *proof[1:]], []):
            with pytest.raises(BadProof):
                mirror.record_head(store, city.registered, OUTLET, city.sender.heads[SIZE].note, 512, changed)
        assert store.head(store.log(OUTLET), OUTLET).size == 512
        assert {one.size for one in store.sighted(store.log(OUTLET), SIZE)} == {SIZE}


def test_a_head_that_does_not_verify_leaves_no_trace(city):
    note = made.sign_head(made.signers(OUTLET, which=2), city.sender.heads[300].checkpoint, NOW_S).note
    other = made.signed("ip.gd.example/gz/other", 5, made.root_hash_of("x")).note
    with made.opened(city.written.log_db) as store:
        for raw in (note, other, b"not a note"):
            with pytest.raises((BadSignature, Malformed)):
                mirror.record_head(store, city.registered, OUTLET, raw, 0, [])
        assert store.log(OUTLET) is None


def test_an_empty_log_under_another_root_is_a_bad_proof(city):
    with made.opened(city.written.log_db) as store:
        note = made.signed(OUTLET, 0, made.root_hash_of("not empty")).note
        with pytest.raises(BadProof):
            mirror.record_head(store, city.registered, OUTLET, note, 0, [])
        assert store.log(OUTLET).frozen == ""


@pytest.mark.parametrize("held", [0, SIZE])
def test_two_heads_of_one_size_freeze_the_log_with_evidence(city, held):
    city.record(300)
    if held:
        city.record(SIZE)
        city.take_all()
    other = made.signed(OUTLET, 300, made.root_hash_of("fork"))
    with made.opened(city.written.log_db) as store:
        with pytest.raises(Fork):
            mirror.record_head(store, city.registered, "ip.gd.example/led", other.note, 0, [])
        log = store.log(OUTLET)
        assert log.frozen == "fork"
        evidence = store.db.execute("select evidence from alarm where what = 'fork'").fetchone()[0]
        assert other.note in evidence
        assert evidence.count(OUTLET.encode()) >= 4
        with pytest.raises(NotAllowed, match="frozen"):
            mirror.record_head(store, city.registered, OUTLET, city.sender.heads[SIZE].note, 0, [])
    assert refuses(city, NotAllowed, city.sender.packages(0)[0])


def test_packages_need_a_head_of_their_end(city):
    city.record(300)
    with made.opened(city.written.log_db) as store:
        log = store.log(OUTLET)
        assert mirror.head_for(store, log, OUTLET, 300).size == 300
        for path, end in ((OUTLET, SIZE), ("ip.gd.example/led", 300)):
            with pytest.raises(NoHead):
                mirror.head_for(store, log, path, end)
    assert refuses(made_fresh(city), NoHead, city.sender.packages(0)[0])


def made_fresh(city):
    return Receiver(city.written.path.parent / "fresh", city.sender)


# -- packages -------------------------------------------------------------------------------------------------------


def test_a_log_is_taken_package_by_package(city):
    city.record(SIZE)
    for one, last in zip(city.sender.packages(0), (256, 512, SIZE), strict=True):
        assert city.take(one) == mirror.Taken(last, ())
        assert city.is_whole()
    assert city.wanted() == []


def test_a_log_that_grows_every_night_is_taken_from_the_middle_of_a_bundle(city):
    for size in HEADS:
        city.record(size)
        city.take_all(size)
        assert city.log.next_entry == size
        assert city.is_whole()


@pytest.mark.parametrize("takes_effect", [False, True])
@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_broken_take_leaves_the_mirror_whole_and_a_retry_finishes(city, takes_effect, number):
    city.record(SIZE)
    before = city.sender.packages(0)
    for one in before[:number]:
        city.take(one)

    def take(faults):
        with closing(made.FaultyStore(city.written.log_db, faults)) as store:
            city.take(before[number], store=store)

    for _ in made.until_unbroken(take, takes_effect):
        assert city.log.next_entry == (before[number].last if takes_effect else before[number].first)
        assert city.is_whole()
    city.take_all()
    assert city.log.next_entry == SIZE
    assert city.is_whole()


def test_the_same_package_twice_changes_nothing(city):
    city.record(SIZE)
    city.take_all()
    before = city.rows()
    for one in city.sender.packages(0):
        assert city.take(one).next_entry == SIZE
    assert city.rows() == before


def test_an_overlap_is_skipped_after_its_hashes_compare_equal(city):
    city.record(300)
    city.take_all(300)
    city.record(SIZE)
    overlapping = city.sender.packages(256)[0]
    assert overlapping.first == 256 < city.log.next_entry
    assert city.take(overlapping).next_entry == 512
    assert city.is_whole()


def test_another_overlap_is_refused(city):
    """The head is another branch's, which verifies; what is stored stays, and nothing is added."""
    city.record(300)
    city.take_all(300)
    other = made.Written(city.written.path.parent / "branch", OUTLET)
    other.grow_to(SIZE)
    end = other.seal()
    with made.opened(other.log_db) as store:
        branch = list(packages(store, store.log(OUTLET), 0, SIZE, SIZE, lambda audience, index: False))
    before = city.rows()
    for one in branch[:2]:
        with made.opened(city.written.log_db) as store, pytest.raises(BadProof):
            mirror.take(store, city.registered, one, end, made.committer(OUTLET), city.may_hold)
    assert city.rows() == before


def test_gaps_and_what_lies_behind_the_end_are_conflicts(city):
    city.record(512)
    assert refuses(city, Conflict, city.sender.packages(256, 512)[0], 512)
    city.take_all(512)
    assert refuses(city, Conflict, city.sender.packages(512)[0], 512)


def test_more_than_2048_entries_of_overlap_are_a_conflict(city, monkeypatch):
    city.record(SIZE)
    city.take_all()
    monkeypatch.setattr(mirror, "MAX_OVERLAP", SIZE - 1)
    assert refuses(city, Conflict, city.sender.packages(0)[0])


def test_entries_and_proofs_must_lead_to_the_root(city):
    city.record(SIZE)
    first, second = city.sender.packages(0)[:2]
    entries, proof = first.entries, first.proof
    for changed in (
        replace(first, entries=[*entries[:7], flipped(entries[7]), *entries[8:]]),
        replace(first, entries=[entries[1], entries[0], *entries[2:]]),
        replace(first, entries=entries[:-1]),
        replace(first, entries=[*entries, entries[-1]]),
        replace(first, entries=[*entries[:7], entries[8], *entries[8:]]),
        replace(first, entries=second.entries),
        replace(first, proof=proof[:-1]),
        replace(first, proof=[*proof, proof[0]]),
        replace(first, proof=[flipped(proof[0]), *proof[1:]]),
        replace(first, proof=second.proof),
    ):
        assert refuses(city, BadProof, changed)
    assert refuses(city, BadProof, first, end=512)
    city.take_all()
    assert city.is_whole()


def test_a_package_never_crosses_a_bundles_edge_nor_stops_before_it(city):
    """Their proofs verify, subtrees from 0 may end anywhere: but rows across an edge cannot be found again."""
    city.record(SIZE)
    whole = city.sender.bundles
    for last in (100, 300, 512, SIZE):
        proof = tree.subtree_proof(whole, 0, last, SIZE)
        one = replace(city.sender.packages(0)[0], entries=whole.entries(0, last), proof=proof)
        assert refuses(city, BadProof, one)


def test_entry_0_must_agree_with_the_registration(city):
    city.record(SIZE)
    first = city.sender.packages(0)[0]
    mine = city.registered
    city.registered = replace(mine, node=replace(mine.node, log_keys=made.verifiers(made.signers(OUTLET, which=2))))
    assert refuses(city, Malformed, first)
    city.registered = mine
    before = city.rows()
    other = made.entry.Committer(b"f" * 32, OUTLET)
    with made.opened(city.written.log_db) as store, pytest.raises(Malformed):
        mirror.take(store, mine, first, city.sender.heads[SIZE], other, city.may_hold)
    assert city.rows() == before


# -- a log with two branches ------------------------------------------------------------------------------------------


def branch(city, size):
    """Return the log's bundles and a signed head of `size` entries that differ from the outlet's from the first on."""
    other = made.Written(city.written.path.parent / "branch", OUTLET)
    other.add(size - 1, body=b"another branch")
    return other, other.seal()


def test_entries_of_another_branch_are_not_put_behind_those_held_but_show_the_fork(city):
    city.record(512)
    city.take_all(512)
    other, head = branch(city, SIZE)
    with made.opened(city.written.log_db) as store, made.opened(other.log_db) as sending:
        mirror.record_head(store, city.registered, CITY, head.note, 0, [])  # another path, where nothing is recorded
        (package, *_more) = packages(sending, sending.log(OUTLET), 512, SIZE, SIZE, lambda audience, index: True)
        with pytest.raises(Fork):
            mirror.take(store, city.registered, package, head, made.committer(OUTLET), city.may_hold)
        assert store.log(OUTLET).next_entry == 512
        assert store.log(OUTLET).frozen
        assert [what for _at, what, _origin, _detail in store.alarms()] == ["fork"]


@pytest.mark.parametrize("is_kept", [False, True])
def test_no_receipt_continues_another_branch_than_the_last_one(city, is_kept):
    """head.lock remembers what was signed; log.db came from an old backup, and was filled again by another branch.

    A head of the first branch, if one is still kept, proves that the log has forked.
    """
    city.record(300)
    city.take_all(300)
    city.receipt(300)
    other, head = branch(city, SIZE)
    city.written.log_db.unlink()
    made.Store.create(city.written.log_db).close()
    with made.opened(city.written.log_db) as store, made.opened(other.log_db) as sending:
        mirror.record_head(store, city.registered, OUTLET, head.note, 0, [])
        for package in packages(sending, sending.log(OUTLET), 0, SIZE, SIZE, lambda audience, index: True):
            mirror.take(store, city.registered, package, head, made.committer(OUTLET), city.may_hold)
        if is_kept:
            store.sight(store.log(OUTLET), city.sender.heads[300], CITY)
        with made.locked(city.written.head_lock) as lock:
            signed, keys = lock.signed(OUTLET), city.registered.node.log_keys
            with pytest.raises(Fork if is_kept else Damaged):
                receipting.give_receipt(store, lock, MIRROR, CITY, head, lambda: NOW_S, (), keys)
            assert lock.signed(OUTLET) == signed
        assert store.log(OUTLET).frozen == ("fork" if is_kept else "")
        assert len(forks.kept(store, OUTLET)) == is_kept
