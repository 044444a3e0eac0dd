"""A bit that flips in any table of log.db, or in head.lock, is found; nothing is found where none did."""

import pytest

from sync import damage, fsck, proved, tree
from sync.bundles import Bundles
from sync.checkpoint import Checkpoint
from sync.errors import Malformed
from sync.head import sign_receipt
from sync.lock import Signed
from sync.rows import Slice
from sync.schema import key
from tests.sync import made
from tests.sync.checked import City
from tests.sync.flipped import flip
from tests.sync.made import CITY, HUB, NOW_S, OUTLET
from tests.sync.mirrored import SIZE, Sender


@pytest.fixture(scope="module")
def sender(tmp_path_factory):
    found = Sender(tmp_path_factory.mktemp("sender"))
    yield found
    found.store.close()


@pytest.fixture
def city(tmp_path, sender):
    return City(tmp_path / "city", sender)


def rows(found):
    """Leave out that an index says otherwise than its table."""
    return [one for one in found if one.what != damage.DATABASE]


def places(found):
    return [(one.origin, one.what, one.first, one.last, one.part) for one in found]


def test_a_whole_store_is_whole(city):
    assert city.check() == []
    assert [city.check(which=Slice(number, 5)) for number in range(1, 6)] == [[]] * 5


def test_damaged_entries_are_found_and_only_another_node_can_mend_them(city):
    city.flip("bundle", "entries", f"id = {key(city.id(), 256)}", at=3000)
    found = city.check()
    assert places(found) == [(OUTLET, damage.ENTRIES, 256, 300, -1)]
    assert city.mend(found) == (found, found)


@pytest.mark.parametrize("first", [0, 300, 512])
def test_damaged_leaf_hashes_are_made_again_from_the_entries(city, first):
    row = f"id = {key(city.id(), first)}"
    city.flip("bundle", "leaves", row, at=96)
    (found,) = city.check()
    assert (found.what, found.first) == (damage.LEAVES, first)
    assert city.mend([found]) == ([], [])


@pytest.mark.parametrize(("level", "index"), [(8, 0), (8, 1), (9, 0)])
def test_a_damaged_hash_of_the_tree_is_made_again(city, level, index):
    city.flip("node", "hash", f"log = {city.id()} and level = {level} and idx = {index}")
    found = city.check()
    assert places(found) == [(OUTLET, damage.NODE, index << level, (index + 1) << level, level)]
    assert city.mend(found) == ([], [])


def test_a_hash_that_is_missing_or_belongs_to_nothing_is_found(city):
    city.set("delete from node where log = ? and level = 9", city.id())
    city.set("insert into node values (?, 8, 77, x'00')", city.id())
    found = city.check()
    assert [(one.what, one.detail) for one in found] == [
        (damage.NODE, "not the hash of both below"),
        (damage.NODE, "of no bundle"),
    ]
    assert city.mend(found) == ([], [])


def test_a_missing_bundle_is_found(city):
    city.set("delete from bundle where id = ?", key(city.id(), 300))
    (found,) = (one for one in city.check() if one.what == damage.ENTRIES)
    assert (found.first, found.last, found.detail) == (256, 512, "not what was signed")


def test_entries_leaves_and_tree_that_agree_on_something_else_do_not_give_the_signed_root(city, tmp_path):
    """Nobody who writes into log.db makes another truth: every head that was ever kept says what it was."""
    with made.opened(city.log_db) as store, store.write() as db:
        log, bundles = store.log(OUTLET), Bundles(store, store.log(OUTLET))
        entries = bundles.entries(512, 700)
        forged = [entries[0][:9] + bytes([entries[0][9] ^ 1]) + entries[0][10:], *entries[1:]]  # its time
        leaves = b"".join(tree.leaf_hash(one) for one in forged)
        db.execute(
            "update bundle set entries = ?, leaves = ? where id = ?",
            (b"".join(len(one).to_bytes(2, "big") + one for one in forged), leaves, key(log.id, 512)),
        )
    found = [one for one in city.check() if one.what == damage.ENTRIES]
    assert places(found) == [(OUTLET, damage.ENTRIES, 300, 700, -1)]
    assert [one for one in city.check(which=Slice(3, 3)) if one.what == damage.ENTRIES] == found


def test_a_damaged_part_is_wanted_again_and_mended_once_it_has_come(city, sender):
    city.flip("part", "content", f"id = {key(city.id(), 400, 1)}", at=0)
    found = city.check()
    assert places(found) == [(OUTLET, damage.PART, 400, 401, 1)]
    assert city.mend(found) == (found, [])
    assert city.wanted() == [(400, 1)]
    city.take_parts([((400, 1), sender.bundles.part(400, 1))])
    assert city.mend(found) == ([], [])


def test_a_part_that_is_neither_here_nor_wanted_is_missing(city):
    city.set("delete from part where id = ?", key(city.id(), 400, 1))
    found = city.check()
    assert [(one.what, one.detail) for one in found] == [(damage.PART, "missing")]
    assert city.mend(found)[1] == []
    assert city.wanted() == [(400, 1)]


def test_what_is_due_is_asked_again_once_what_says_so_is_whole(city, monkeypatch):
    """A registration that cannot be read stops no check."""
    city.set("delete from part where id = ?", key(city.id(), 400, 1))

    def unreadable(audience, index):
        raise Malformed("control", "keys of another name or type")

    with monkeypatch.context() as damaged:
        damaged.setattr(fsck.Rights, "sees", lambda self, *of: unreadable)
        assert city.check() == []
    assert [(one.what, one.detail) for one in city.check()] == [(damage.PART, "missing")]


def test_parts_and_wants_of_nothing_are_removed(city):
    city.set("insert into part values (?, x'00')", key(city.id(), 400, 5))
    city.set("insert into part values (?, x'00')", key(city.id(), 900, 0))
    city.set("insert into wanted values (?, 'public')", key(city.id(), 400, 0))
    city.set("insert into wanted values (?, 'public')", key(city.id(), 400, 6))
    found = city.check()
    assert len(found) == 4
    assert city.mend(found) == ([], [])


@pytest.mark.parametrize(("column", "at"), [("entry", 20), ("about", 2), ("what", 0)])
def test_a_damaged_index_of_control_entries_is_made_again(city, column, at):
    city.flip("control", column, f"log = {city.id(CITY)} and what = 'node'", at=at)
    found = [one for one in city.check() if one.what == damage.CONTROL]
    assert places(found) == [(CITY, damage.CONTROL, 1, 2, -1)]
    assert city.mend(found) == ([], [])


@pytest.mark.parametrize(
    ("table", "column", "where"),
    [("control", "about", "id & 0xff = 8"), ("log", "origin", "id = {log}"), ("head", "path", "log = {log}")],
)
def test_text_that_is_no_text_any_more_is_damage_like_any_other(city, table, column, where):
    city.flip(table, column, where.format(log=city.id()), at=12, bit=7)
    assert rows(city.check()) != []
    assert city.mend(city.check())[1] == []


def test_a_control_entry_that_is_not_indexed_and_one_that_is_none_are_found(city):
    city.set("update control set id = id + 8 where log = ? and what = 'node'", city.id(CITY))
    found = [one for one in city.check() if one.what == damage.CONTROL]
    assert [one.first for one in found] == [1, 2]
    assert city.mend(found) == ([], [])


@pytest.mark.parametrize("table", ["head", "sighting"])
@pytest.mark.parametrize(("column", "at"), [("note", 400), ("root", 5)])
def test_a_damaged_head_is_mended_from_what_says_the_same(city, table, column, at):
    city.flip(table, column, f"log = {city.id()} and size = {SIZE}", at=at)
    found = city.check()
    assert [(one.origin, one.what, one.first) for one in rows(found)] == [(OUTLET, table, SIZE)]
    assert city.mend(found) == ([], [])
    with made.opened(city.log_db) as store:
        assert store.head(store.log(OUTLET), OUTLET).size == SIZE


def test_a_head_that_nothing_else_says_is_removed(city):
    city.set("delete from head")
    city.flip("sighting", "note", f"log = {city.id()} and size = 300", at=400)
    found = city.check()
    assert [(one.what, one.first) for one in found] == [(damage.SIGHTING, 300)]
    assert city.mend(found) == ([], [])


@pytest.mark.parametrize(("column", "at"), [("note", 300), ("first_note", 300), ("signer", 14)])
def test_a_damaged_receipt_is_mended_from_what_says_the_same(city, column, at):
    city.receipt(now=NOW_S + 60)  # the newest note is another one than the first
    city.flip("receipt", column, f"log = {city.id()} and size = {SIZE}", at=at)
    found = city.check()
    assert [(one.origin, one.what, one.first) for one in rows(found)] == [(OUTLET, damage.RECEIPT, SIZE)]
    assert city.mend(found) == ([], [])
    with made.opened(city.log_db) as store:
        assert store.newest_receipt(store.log(OUTLET), CITY).size == SIZE


def test_a_receipt_of_which_both_notes_are_damaged_is_found_in_head_lock_again(city):
    for column in ("note", "first_note"):
        city.set(f"update receipt set {column} = zeroblob(20) where log = ? and size = {SIZE}", city.id())
    found = city.check()
    assert [(one.what, one.first) for one in found] == [(damage.RECEIPT, SIZE)]
    assert city.mend(found) == ([], [])
    with made.opened(city.log_db) as store:
        assert store.newest_receipt(store.log(OUTLET), CITY).size == SIZE


@pytest.mark.parametrize(("column", "bit"), [("next_entry", 3), ("next_entry", 9), ("stored", 2), ("stored", 9)])
def test_damaged_sizes_of_a_log_are_counted_again(city, column, bit):
    with made.opened(city.log_db) as store:
        before = store.log(OUTLET)
    with made.opened(city.log_db) as store:
        (value,) = store.db.execute(f"select {column} from log where origin = ?", (OUTLET,)).fetchone()
        store.db.execute(f"update log set {column} = ? where origin = ?", (value ^ 1 << bit, OUTLET))
    found = city.check()
    assert [(one.origin, one.what) for one in found] == [(OUTLET, damage.LOG)]
    assert city.mend(found) == ([], [])
    with made.opened(city.log_db) as store:
        assert store.log(OUTLET) == before


@pytest.mark.parametrize("column", ["root", "note"])
def test_a_damaged_row_of_head_lock_is_found(city, column):
    flip(city.written.head_lock, f"select {column} from head where origin = '{OUTLET}'", at=8)
    found = city.check()
    assert [(one.origin, one.what, one.last) for one in found] == [(OUTLET, damage.LOCK, SIZE)]


def test_what_was_signed_and_is_not_in_log_db_is_found(city):
    with made.locked(city.written.head_lock) as lock, lock.swap(OUTLET) as swap:
        swap.set(made_signed(900))
    assert [(one.what, one.first, one.last) for one in city.check()] == [(damage.LOCK, SIZE, 900)]


def made_signed(size):
    note = sign_receipt(made.mirror_signer(CITY), Checkpoint(OUTLET, size, made.root_hash_of("later")), NOW_S)
    return Signed(size, made.root_hash_of("later"), NOW_S, note)


def test_a_damaged_page_is_said_to_be_one(city):
    with made.opened(city.log_db) as store:
        store.db.execute("pragma wal_checkpoint(truncate)")
        (page,) = store.db.execute("select rootpage from sqlite_master where name = 'part'").fetchone()
        (size,) = store.db.execute("pragma page_size").fetchone()
    raw = bytearray(city.log_db.read_bytes())
    raw[(page - 1) * size] ^= 0x40  # what kind of page it is
    city.log_db.write_bytes(raw)
    found = city.check()
    assert {one.what for one in found} == {damage.DATABASE}
    assert found[0].detail.startswith("log.db: ")


def test_one_log_alone_can_be_checked(city):
    city.flip("bundle", "leaves", f"id = {key(city.id(), 0)}", at=96)
    assert city.check(origin=CITY) == []
    assert len(city.check(origin=OUTLET)) == 1


def test_an_index_that_says_otherwise_than_its_table_is_made_again(city):
    flip(city.log_db, f"select root from sighting where log = {city.id()} and size = 300", at=4)
    found = city.check()
    assert [one.what for one in found] == [damage.DATABASE]
    assert city.mend(found) == ([], [])


def test_progress_is_told_by_log(city):
    heard = []
    city.check(progress=lambda *of: heard.append(of))
    assert [one for one in heard if one[0] == OUTLET][-1] == (OUTLET, SIZE, SIZE)


def test_an_introduction_stays_whose_registrar_was_read_from_a_damaged_row(city):
    with made.opened(city.log_db) as store:
        log = store.log(CITY)
        bundles, index = Bundles(store, log), 1
        raw = bundles.entries(index, index + 1)[0]
        proof = proved.prove(bundles, index, raw, log.stored, store.head(log).note, {})
    city.set("insert into introduction values (?, ?, ?, ?, ?)", OUTLET, CITY, index, raw, proof)
    assert city.check() == []
    city.flip("control", "entry", f"log = {city.id(HUB)} and what = 'node'", 200)
    city.set("delete from control where log = ? and what = 'genesis'", city.id(CITY))
    found = city.check()
    assert {one.what for one in found} >= {damage.CONTROL, damage.INTRODUCTION}
    assert city.mend(found)[1] == []
    city.set("update introduction set proof = ?", proof[:-1])
    found = city.check()
    assert [one.what for one in found] == [damage.INTRODUCTION]
    assert city.mend(found)[1] == []
    with made.opened(city.log_db) as store:
        assert store.db.execute("select count(*) from introduction").fetchone() == (0,)
