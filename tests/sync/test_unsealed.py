"""Damage in the own log behind what is signed, and in head.lock: nothing damaged is signed, and nothing is lost."""

import pytest

from sync import damage, entry, fsck, tree
from sync.bundles import Bundles
from sync.damage import Book
from sync.errors import NeedsRecovery
from sync.lock import Signed
from sync.mending import Mending
from sync.registry import Registry
from sync.repair import Repair
from sync.schema import key
from sync.unsealed import spoiled
from tests.bits import flipped
from tests.sync import made
from tests.sync.flipped import flip
from tests.sync.made import NOW_S, OUTLET

SEALED, SIZE = 300, 600


@pytest.fixture
def outlet(tmp_path):
    """An outlet whose entries up to 300 are signed, and those up to 600 wait; the last one is a control entry."""
    found = made.Written(tmp_path / "outlet", OUTLET)
    found.grow_to(SEALED)
    found.seal()
    found.grow_to(SIZE - 1)
    with found.own() as own:
        own.state(made.node(OUTLET))
    return found


def repaired(outlet, store=None, lock=None):
    """Run the repair; tell whether anything was made whole, and check that nothing is left."""
    with made.opened(outlet.log_db) as ours, made.locked(outlet.head_lock) as locked:
        store, lock = store or ours, lock or locked
        registry = Registry(store, made.the_federation(), OUTLET)
        done = Repair(store, registry, lock, NOW_S + 9).run()
        assert fsck.check(store, registry, lock) == []
        assert Book(store).open() == []
        return done


def content(outlet):
    """Return the entries and parts of the own log."""
    with made.opened(outlet.log_db) as store:
        log = store.log(OUTLET)
        bundles = Bundles(store, log)
        return bundles.entries(0, log.next_entry), dict(bundles.parts(0, log.next_entry))


def damage_row(outlet, index, change, column="entries"):
    with made.opened(outlet.log_db) as store:
        here = (key(store.log(OUTLET).id, index),)
        (raw,) = store.db.execute(f"select {column} from bundle where id = ?", here).fetchone()
        store.db.execute(f"update bundle set {column} = ? where id = ?", (change(raw), *here))


def is_sealed_whole(outlet):
    found = outlet.seal()
    leaves = [tree.leaf_hash(one) for one in content(outlet)[0]]
    return (found.size, found.root) == (len(leaves), tree.root_hash(leaves))


@pytest.mark.parametrize("column", ["entries", "leaves"])
@pytest.mark.parametrize("first", [300, 512])
def test_a_bit_that_turned_before_anybody_signed_is_turned_back(outlet, first, column):
    before = content(outlet)
    flip(outlet.log_db, f"select {column} from bundle where id = {key(1, first)}", at=70)
    with pytest.raises(NeedsRecovery, match="do not read back"):
        outlet.seal()
    assert repaired(outlet)
    assert content(outlet) == before
    assert is_sealed_whole(outlet)


def test_a_bit_that_turned_in_a_part_is_turned_back(outlet):
    before = content(outlet)
    flip(outlet.log_db, f"select content from part where id = {key(1, 400)}", at=18)
    with pytest.raises(NeedsRecovery, match="part 0 of entry 400"):
        outlet.seal()
    assert repaired(outlet)
    assert content(outlet) == before
    assert is_sealed_whole(outlet)


def test_a_record_whose_parts_are_whole_is_made_again_from_them(outlet):
    """Both the entry and its hash are damaged: what was filed is in the parts."""
    entries, parts = content(outlet)
    damage_row(outlet, 300, lambda raw: raw[:5] + b"\xff\xff" + raw[7:])
    damage_row(outlet, 300, lambda raw: bytes(32) + raw[32:], "leaves")
    assert repaired(outlet)
    now = content(outlet)
    assert now[1] == parts
    assert now[0][:300] + now[0][301:] == entries[:300] + entries[301:]
    assert entry.commitments(now[0][300]) == entry.commitments(entries[300])
    with made.opened(outlet.log_db) as store:
        assert spoiled(store) == []
    assert is_sealed_whole(outlet)


def test_a_control_entry_comes_back_from_the_index_of_them(outlet):
    before = content(outlet)
    damage_row(outlet, SIZE - 1, lambda raw: raw[:4] + bytes(6) + raw[10:])
    assert repaired(outlet)
    assert content(outlet) == before


def test_what_nothing_shows_is_set_aside_with_its_reason_and_no_index_moves(outlet):
    entries, parts = content(outlet)
    with made.opened(outlet.log_db) as store:
        store.db.execute("update part set content = zeroblob(30) where id = ?", (key(1, 400),))
    with pytest.raises(NeedsRecovery):
        outlet.seal()
    assert repaired(outlet)
    now = content(outlet)
    assert entry.commitments(now[0][400]) == (entry.RECORD, ())
    assert now[0][:400] + now[0][401:] == entries[:400] + entries[401:]
    assert now[1] == {name: part for name, part in parts.items() if name[0] != 400}
    with made.opened(outlet.log_db) as store:
        (one,) = spoiled(store)
        assert (one.index, one.entry, one.why) == (400, entries[400], "part 0 is damaged")
        assert [alarm[1] for alarm in store.alarms() if alarm[1] != "damage"] == ["set-aside"]
    assert is_sealed_whole(outlet)


def test_a_row_that_is_gone_is_set_aside_entry_by_entry(outlet):
    with made.opened(outlet.log_db) as store:
        store.db.execute("delete from bundle where id = ?", (key(1, 512),))
    assert repaired(outlet)
    with made.opened(outlet.log_db) as store:
        assert [one.index for one in spoiled(store)] == list(range(512, SIZE - 1))
    assert len(set(content(outlet)[0])) == SIZE
    assert is_sealed_whole(outlet)


def test_what_is_signed_is_not_touched(outlet):
    """Others hold it: it is theirs to bring."""
    before = content(outlet)
    damage_row(outlet, 256, lambda raw: raw[:50] + bytes(9) + raw[59:])
    with made.opened(outlet.log_db) as store, made.locked(outlet.head_lock) as lock:
        registry = Registry(store, made.the_federation(), OUTLET)
        assert not Repair(store, registry, lock, NOW_S).run()
        assert [(one.what, one.first, one.last) for one in Book(store).open()] == [(damage.ENTRIES, 256, 300)]
    assert content(outlet)[1] == before[1]


def test_a_log_without_its_genesis_is_left_to_a_person(tmp_path):
    outlet = made.Written(tmp_path / "outlet", OUTLET)
    outlet.add(3)
    with made.opened(outlet.log_db) as store:
        store.db.execute("update control set entry = x'00'")
    damage_row(outlet, 0, lambda raw: bytes(len(raw)))
    with made.opened(outlet.log_db) as store, made.locked(outlet.head_lock) as lock:
        registry = Registry(store, made.the_federation(), OUTLET)
        assert not Repair(store, registry, lock, NOW_S).run()
        assert damage.ENTRIES in {one.what for one in Book(store).open()}
    with pytest.raises(NeedsRecovery):
        outlet.seal()


def test_a_node_that_is_restored_repairs_nothing(outlet):
    """What looks unsigned may have been signed before."""
    damage_row(outlet, 512, lambda raw: flipped(raw, 60))
    with made.opened(outlet.log_db) as store, made.locked(outlet.head_lock) as lock:
        store.set_meta("restored", b"restored from a backup of 1")
        registry = Registry(store, made.the_federation(), OUTLET)
        found = fsck.check(store, registry, lock)
        assert found
        assert Mending(store, registry, lock, NOW_S).here(found) == []


@pytest.mark.parametrize("takes_effect", [False, True])
def test_a_crash_while_repairing_leaves_it_to_the_next_time(outlet, takes_effect):
    before = content(outlet)
    flip(outlet.log_db, f"select entries from bundle where id = {key(1, 512)}", at=70)

    def run(faults):
        store, lock = made.FaultyStore(outlet.log_db, faults), made.FaultyLock(outlet.head_lock, faults)
        try:
            Repair(store, Registry(store, made.the_federation(), OUTLET), lock, NOW_S).run()
        finally:
            store.close()
            lock.close()

    for _ in made.until_unbroken(run, takes_effect):
        with made.opened(outlet.log_db) as store:
            assert content(outlet) == before or Book(store).open() or not store.alarms()
    repaired(outlet)
    assert content(outlet) == before


# -- head.lock --------------------------------------------------------------------------------------------------------


def locked_row(outlet):
    with made.locked(outlet.head_lock) as lock:
        return lock.rows()


@pytest.mark.parametrize(("column", "at"), [("root", 5), ("note", 300), ("origin", 15), ("note", 20)])
def test_a_damaged_row_of_head_lock_says_again_what_was_signed(outlet, column, at):
    before = locked_row(outlet)
    flip(outlet.head_lock, f"select {column} from head not indexed", at=at)
    assert locked_row(outlet) != before
    assert repaired(outlet)
    assert locked_row(outlet) == before
    assert is_sealed_whole(outlet)


@pytest.mark.parametrize("column", ["size", "time"])
def test_a_damaged_number_in_head_lock_is_what_the_note_says(outlet, column):
    before = locked_row(outlet)
    with made.locked(outlet.head_lock) as lock:
        lock._db.execute(f"update head set {column} = {column} + 4")
    assert repaired(outlet)
    assert locked_row(outlet) == before


def test_a_row_of_which_both_halves_are_damaged_waits_for_recovery(outlet):
    flip(outlet.head_lock, "select note from head", at=300)
    flip(outlet.head_lock, "select root from head", at=5)
    before = locked_row(outlet)
    with made.opened(outlet.log_db) as store, made.locked(outlet.head_lock) as lock:
        registry = Registry(store, made.the_federation(), OUTLET)
        assert not Repair(store, registry, lock, NOW_S).run()
        assert damage.LOCK in {one.what for one in Book(store).open()}
    assert locked_row(outlet) == before
    with pytest.raises(NeedsRecovery):
        outlet.seal()


def test_a_note_that_is_kept_nowhere_else_is_signed_anew_as_it_was(outlet):
    """The crash was between head.lock and log.db, and then a bit turned."""
    before = outlet.seal()
    with made.opened(outlet.log_db) as store:
        store.db.execute("delete from head")
        store.db.execute("delete from sighting")
    flip(outlet.head_lock, "select note from head", at=300)
    again = outlet.seal()
    assert (again.checkpoint, again.time_s) == (before.checkpoint, before.time_s + 1)
    assert repaired(outlet) is False


def test_what_was_signed_since_is_not_undone_by_a_damaged_row(outlet):
    newer = outlet.seal()
    (row, origin, signed), *_none = locked_row(outlet)
    with made.locked(outlet.head_lock) as lock:
        older = Signed(1, bytes(32), 1, b"older")
        lock._db.execute("insert into head values ('damaged', 1, ?, 1, 'older')", (bytes(32),))
        assert lock.put_right(lock.rows()[-1][0], ("damaged", Signed(1, bytes(32), 1, "older")), origin, older)
        assert lock.rows() == [(row, origin, signed)]
        assert signed.size == newer.size
