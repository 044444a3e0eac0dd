"""Adding and sealing: crashes at every commit, and everything that must stop a node from signing."""

import shutil
from contextlib import closing, contextmanager
from dataclasses import replace

import pytest

from sync import control, entry, head, schema, tree
from sync.bundles import Bundles
from sync.errors import NeedsRecovery, OverLimit
from sync.lock import HeadLock, Signed
from sync.ownlog import RESIGN_AFTER_S
from tests.bits import flipped
from tests.sync import made
from tests.sync.made import OUTLET

VERIFIERS = made.verifiers(made.signers(OUTLET))


@pytest.fixture
def outlet(tmp_path):
    return made.Written(tmp_path / "outlet", OUTLET)


def signed_in_lock(written):
    with made.locked(written.head_lock) as lock:
        return lock.signed(OUTLET)


def published(written):
    with written.own() as own:
        return own.sealed()


def is_whole(written) -> bool:
    """Lock and log agree, the head verifies, and every entry reads back under its root."""
    locked, found = signed_in_lock(written), published(written)
    assert (found.size, found.root, found.note) == (locked.size, locked.root, locked.note)
    assert head.open_head(found.note, VERIFIERS).checkpoint == found.checkpoint
    with made.opened(written.log_db) as store:
        log = store.log(OUTLET)
        leaves = [tree.leaf_hash(one) for one in Bundles(store, log).entries(0, log.next_entry)]
        assert len(leaves) == log.next_entry
        assert log.stored == found.size <= log.next_entry
        return tree.root_hash(leaves[: found.size]) == found.root


def test_a_log_begins_with_its_genesis_once(outlet):
    with outlet.own() as own:
        own.begin(made.CITY)
    with made.opened(outlet.log_db) as store:
        (raw,) = Bundles(store, store.log(OUTLET)).entries(0, 9)
    assert control.decode(control.body_of(raw)) == control.Genesis(
        made.the_federation().id, OUTLET, made.CITY, VERIFIERS
    )


def test_added_records_commit_to_their_parts(outlet):
    with outlet.own() as own:
        first = own.add([[("public", b"one"), ("path", b"two")], [("path", b"two")]])
    assert first == 1
    with made.opened(outlet.log_db) as store:
        bundles = Bundles(store, store.log(OUTLET))
        raw = bundles.entries(1, 3)
        parts = dict(bundles.parts(0, 3))
    assert list(parts) == [(1, 0), (1, 1), (2, 0)]
    for (index, number), content in parts.items():
        audience, commitment = entry.commitments(raw[index - 1])[1][number]
        assert made.committer(OUTLET).opens(commitment, audience, content)
    assert parts[1, 1][:16] != parts[2, 0][:16]
    assert entry.commitments(raw[0])[1][1] != entry.commitments(raw[1])[1][0]


def test_one_record_over_the_limit_adds_none(outlet):
    with outlet.own() as own:
        with pytest.raises(OverLimit):
            own.add([[("path", b"small")], [("path", b"large" * 20_000)]])
        assert own.log.next_entry == 1


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 512, 700])
def test_a_seal_promises_all_that_was_added(outlet, size):
    outlet.grow_to(size)
    found = outlet.seal()
    assert (found.origin, found.size, found.time_s) == (OUTLET, size, made.NOW_S)
    assert is_whole(outlet)


def test_sealing_again_signs_nothing_new(outlet):
    outlet.add(3)
    first = outlet.seal()
    outlet.now += 10 * RESIGN_AFTER_S
    assert outlet.seal() == first


def test_a_head_is_signed_again_after_20_hours_where_asked(outlet):
    first = outlet.seal(RESIGN_AFTER_S)
    outlet.now += RESIGN_AFTER_S - 1
    assert outlet.seal(RESIGN_AFTER_S) == first
    outlet.now += 1
    again = outlet.seal(RESIGN_AFTER_S)
    assert (again.checkpoint, again.time_s) == (first.checkpoint, first.time_s + RESIGN_AFTER_S)
    assert is_whole(outlet)


def test_times_rise_even_when_the_clock_does_not(outlet):
    times = []
    for step in (0, 0, -200, -200):
        outlet.now += step
        outlet.add(1)
        times.append(outlet.seal().time_s)
        outlet.now = made.NOW_S
    assert times == [made.NOW_S, made.NOW_S + 1, made.NOW_S + 2, made.NOW_S + 3]


# -- crashes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("takes_effect", [False, True])
def test_a_broken_seal_leaves_all_whole_and_the_next_finishes(outlet, takes_effect):
    outlet.seal()
    signed = {}

    def seal(faults):
        outlet.add(300)
        with (
            closing(made.FaultyStore(outlet.log_db, faults)) as store,
            closing(made.FaultyLock(outlet.head_lock, faults)) as lock,
        ):
            outlet.own_of(store).seal(lock)

    for _ in made.until_unbroken(seal, takes_effect):
        found = outlet.seal()
        assert is_whole(outlet)
        assert signed.setdefault(found.size, found.root) == found.root
        with made.opened(outlet.log_db) as store:
            assert found.size == store.log(OUTLET).next_entry
    assert is_whole(outlet)


def test_a_crash_between_lock_and_log_publishes_the_very_note_that_was_signed(outlet):
    outlet.seal()
    outlet.add(5)
    faults = made.Faults(1, takes_effect=True)
    with (
        outlet.own() as own,
        closing(made.FaultyLock(outlet.head_lock, faults)) as lock,
        pytest.raises(made.InjectedFault),
    ):
        own.seal(lock)
    ahead = signed_in_lock(outlet)
    assert (ahead.size, published(outlet).size) == (6, 1)
    assert outlet.seal().note == ahead.note
    assert is_whole(outlet)


@pytest.mark.parametrize("takes_effect", [False, True])
def test_a_broken_add_is_there_whole_or_not_at_all(outlet, takes_effect):
    def add(faults):
        with closing(made.FaultyStore(outlet.log_db, faults)) as store:
            outlet.own_of(store).add([[("path", b"%d" % one)] for one in range(600)])

    added = 0
    for _ in made.until_unbroken(add, takes_effect):
        added += 600 * takes_effect
        with outlet.own() as own:
            assert own.log.next_entry == 1 + added
    assert outlet.seal().size == 1 + added + 600
    assert is_whole(outlet)


# -- what must stop it ----------------------------------------------------------------------------------------------


def refuses(written) -> bool:
    """Sealing is refused, and neither file has changed."""
    before = signed_in_lock(written) if written.head_lock.exists() else None
    head_before = published(written)
    with pytest.raises(NeedsRecovery):
        written.seal()
    assert published(written) == head_before
    assert not written.head_lock.exists() or signed_in_lock(written) == before
    return True


def copied(written, to):
    """A backup of the data: everything but head.lock."""
    with made.opened(written.log_db) as store:
        store.db.execute("pragma wal_checkpoint(truncate)")
    shutil.copy(written.log_db, to)


def test_a_restored_older_log_is_not_signed(outlet, tmp_path):
    outlet.add(5)
    outlet.seal()
    copied(outlet, tmp_path / "backup")
    outlet.add(5)
    outlet.seal()
    shutil.copy(tmp_path / "backup", outlet.log_db)
    assert refuses(outlet)
    outlet.add(9)  # longer than what was signed, but other entries
    assert refuses(outlet)


def test_a_missing_lock_stops_a_node(outlet):
    outlet.seal()
    outlet.head_lock.unlink()
    assert refuses(outlet)
    HeadLock.create(outlet.head_lock).close()  # an empty one knows nothing of what was signed
    assert refuses(outlet)


def test_a_log_ahead_of_its_lock_stops_a_node(outlet, tmp_path):
    outlet.add(1)
    outlet.seal()
    old = signed_in_lock(outlet)
    outlet.add(1)
    outlet.seal()
    with made.locked(outlet.head_lock) as lock, lock.swap(OUTLET) as swap:
        swap.set(old)
    assert refuses(outlet)


def test_another_root_in_the_lock_stops_a_node(outlet):
    outlet.add(1)
    outlet.seal()
    with made.locked(outlet.head_lock) as lock, lock.swap(OUTLET) as swap:
        swap.set(replace(swap.held, root=made.root_hash_of("another")))
    outlet.add(1)
    assert refuses(outlet)


def test_a_clock_over_300_s_behind_stops_a_node(outlet):
    outlet.seal()
    outlet.add(1)
    outlet.now -= 301
    assert refuses(outlet)
    outlet.now += 1
    assert outlet.seal().time_s == made.NOW_S + 1


def test_a_lock_ahead_of_an_empty_log_stops_a_node(tmp_path):
    fresh = made.Written(tmp_path / "fresh", OUTLET)
    with made.locked(fresh.head_lock) as lock, lock.swap(OUTLET) as swap:
        swap.set(Signed(50, made.root_hash_of("fifty"), 1, b"note"))
    assert refuses(fresh)


@pytest.mark.parametrize("place", [0, 7, 300, 599])
def test_reading_back_finds_a_flipped_byte(outlet, place):
    """Bytes that changed between writing and signing: what is read again does not hash to what was meant."""
    outlet.add(599)
    with made.opened(outlet.log_db) as store, store.write() as db:
        row, blob = db.execute(
            "select id, entries from bundle where id <= ? order by id desc limit 1",
            (schema.key(store.log(OUTLET).id, place),),
        ).fetchone()
        at = len(blob) // 2
        db.execute(
            "update bundle set entries = ? where id = ?",
            (blob[:at] + bytes([blob[at] ^ 1]) + blob[at + 1 :], row),
        )
    assert refuses(outlet)


def test_reading_back_finds_a_flipped_hash(outlet):
    outlet.add(599)
    for table, column in (("node", "hash"), ("bundle", "leaves")):
        with made.opened(outlet.log_db) as store, store.write() as db:
            rowid, blob = db.execute(f"select rowid, {column} from {table} limit 1").fetchone()
            changed = flipped(blob)
            db.execute(f"update {table} set {column} = ? where rowid = ?", (changed, rowid))
        assert refuses(outlet)
        with made.opened(outlet.log_db) as store, store.write() as db:
            db.execute(f"update {table} set {column} = ? where rowid = ?", (blob, rowid))
    outlet.seal()
    assert is_whole(outlet)


def test_a_frozen_log_takes_no_more_entries(outlet):
    with made.opened(outlet.log_db) as store, store.write():
        store.freeze(store.log(OUTLET), "fork")
    with pytest.raises(NeedsRecovery, match="fork"):
        outlet.add(1)


def test_a_slower_process_does_not_publish_an_older_head_over_a_newer_one(outlet):
    """Two seal at once, as `serve` and a command may: between the swap and the note, the other one does it all."""

    class Overtaken(HeadLock):
        @contextmanager
        def swap(self, origin):
            with super().swap(origin) as swap:
                yield swap
            outlet.add(1)
            outlet.seal()

    with outlet.own() as own, closing(Overtaken(outlet.head_lock)) as lock:
        assert own.seal(lock).size == 1
        published = own.sealed()
        assert (published.size, own.log.stored) == (2, 2)
