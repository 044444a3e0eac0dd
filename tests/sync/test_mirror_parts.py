"""Mirrors: parts that are bad, undue or missing; receipts, which only ever grow."""

from contextlib import closing
from dataclasses import replace

import pytest

from sync import head, receipting
from sync.bundles import Bundles
from sync.errors import Conflict
from tests.bits import flipped
from tests.sync import made
from tests.sync.made import CITY, NOW_S, OUTLET
from tests.sync.mirrored import MIRROR, SIZE, Holds, Receiver, Sender


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


# -- parts ----------------------------------------------------------------------------------------------------------


def spoilt(parts, *names):
    """Return the parts with the named ones changed."""
    return [(name, flipped(content) if name in names else content) for name, content in parts]


def test_bad_parts_are_dropped_wanted_and_reported_and_their_entries_stored(city):
    city.record(SIZE)
    first = city.sender.packages(0)[0]
    swapped = dict(first.parts)
    swapped[9, 0], swapped[9, 1] = swapped[9, 1], swapped[9, 0]
    changed = [*spoilt(swapped.items(), (5, 0), (7, 1)), ((11, 5), b"s" * 20), ((300, 0), b"s" * 20)]
    changed = [(name, b"short" if name == (6, 0) else content) for name, content in changed]
    found = city.take(replace(first, parts=changed))
    assert found.next_entry == 256
    bad = {(5, 0), (7, 1), (9, 0), (9, 1), (6, 0)}
    assert set(found.refused) == bad | {(11, 5), (300, 0)}
    assert set(city.wanted()) == bad
    assert city.is_whole()


def test_missing_parts_are_wanted_and_brought_later(city):
    city.record(SIZE)
    for one in city.sender.packages(0):
        assert city.take(replace(one, parts=one.parts[::2])).refused == ()
    missing = city.wanted()
    assert len(missing) == SIZE - 1
    assert city.is_whole()
    content = dict(city.sender.bundles.parts(0, SIZE))
    brought = [(name, content[name]) for name in missing]
    assert city.take_parts(spoilt(brought[:4], missing[0], missing[3])) == (2, 2)
    assert city.wanted() == [missing[0], *missing[3:]]
    assert city.take_parts(brought) == (len(brought), 0)
    assert city.wanted() == []
    assert city.is_whole()


def test_undue_parts_are_dropped_and_not_wanted(city):
    city.may_hold = Holds("federation")
    city.record(SIZE)
    first = city.sender.packages(0)[0]
    found = city.take(first)
    assert len(found.refused) == 255
    assert {number for _index, number in found.refused} == {1}
    assert city.wanted() == []
    content = dict(city.sender.bundles.parts(0, SIZE))
    assert city.take_parts([((5, 1), content[5, 1]), ((5, 0), content[5, 0])]) == (1, 1)
    with made.opened(city.written.log_db) as store:
        assert Bundles(store, store.log(OUTLET)).part(5, 1) is None


def test_parts_of_entries_that_are_not_held_are_dropped(city):
    city.record(SIZE)
    city.take(city.sender.packages(0)[0])
    content = dict(city.sender.bundles.parts(0, SIZE))
    strangers = [((300, 0), content[300, 0]), ((0, 0), b"s" * 20), ((5, 7), b"s" * 20), ((2**60, 0), b"s" * 20)]
    assert city.take_parts(strangers) == (0, 4)
    assert city.is_whole()


# -- receipts -------------------------------------------------------------------------------------------------------


def test_a_receipt_says_that_all_entries_are_stored(city):
    city.record(SIZE)
    assert city.receipt() is None
    city.take_all()
    found = city.receipt()
    assert head.open_receipt(found.note, CITY, MIRROR.verifier, NOW_S) == found
    assert (found.checkpoint, found.signer) == (city.sender.heads[SIZE].checkpoint, CITY)
    assert city.log.stored == SIZE
    with made.opened(city.written.log_db) as store:
        assert store.newest_receipt(store.log(OUTLET), CITY) == found


def test_an_equal_head_gets_a_fresh_receipt_of_a_later_time(city):
    city.record(SIZE)
    city.take_all()
    times = [city.receipt(now=now).time_s for now in (NOW_S, NOW_S, NOW_S - 500, NOW_S + 60)]
    assert times == [NOW_S, NOW_S + 1, NOW_S + 2, NOW_S + 60]


def test_a_receipts_time_is_read_once_its_entries_are_stored(city):
    """Whoever looks after that time finds them: what is judged "until T" has seen every receipt before T."""
    city.record(SIZE)
    city.take_all()

    def clock():
        with made.opened(city.written.log_db) as another:
            assert another.log(OUTLET).stored == SIZE
        return NOW_S + 7.9

    with made.opened(city.written.log_db) as store, made.locked(city.written.head_lock) as lock:
        found = receipting.give_receipt(store, lock, MIRROR, CITY, city.sender.heads[SIZE], clock)
    assert found.time_s == NOW_S + 7


def test_a_smaller_head_never_gets_one(city):
    city.record(300)
    city.record(SIZE)
    city.take_all()
    city.receipt()
    with pytest.raises(Conflict):
        city.receipt(300)
    with made.opened(city.written.log_db) as store, store.write() as db:
        db.execute("update log set stored = 0")  # even where log.db has forgotten
    with pytest.raises(Conflict):
        city.receipt(300)
    with made.locked(city.written.head_lock) as lock:
        assert lock.signed(OUTLET).size == SIZE


def test_a_root_that_our_own_leaves_do_not_give_gets_none(city):
    city.record(SIZE)
    city.take_all()
    forged = made.signed(OUTLET, SIZE, made.root_hash_of("forged"))
    with made.opened(city.written.log_db) as store, made.locked(city.written.head_lock) as lock:
        with pytest.raises(Conflict):
            receipting.give_receipt(store, lock, MIRROR, CITY, forged, lambda: NOW_S)
        assert (store.log(OUTLET).stored, lock.signed(OUTLET)) == (0, None)


@pytest.mark.parametrize("takes_effect", [False, True])
def test_a_broken_receipt_is_finished_by_the_next_and_times_rise(city, takes_effect):
    city.record(SIZE)
    city.take_all()

    def give(faults):
        with (
            closing(made.FaultyStore(city.written.log_db, faults)) as store,
            closing(made.FaultyLock(city.written.head_lock, faults)) as lock,
        ):
            receipting.give_receipt(store, lock, MIRROR, CITY, city.sender.heads[SIZE], lambda: NOW_S)

    last = 0
    for _ in made.until_unbroken(give, takes_effect):
        found = city.receipt()
        assert found.time_s > last
        last = found.time_s
        with made.locked(city.written.head_lock) as lock:
            assert lock.signed(OUTLET).note == found.note
    assert city.log.stored == SIZE


def test_a_log_from_above_is_settled_once_its_root_is_ours(city):
    city.record(SIZE)
    with made.opened(city.written.log_db) as store:
        with pytest.raises(Conflict):
            receipting.settle(store, city.sender.heads[SIZE])
        city.take_all()
        with pytest.raises(Conflict):
            receipting.settle(store, made.signed(OUTLET, SIZE, made.root_hash_of("forged")))
        assert store.log(OUTLET).stored == 0
        receipting.settle(store, city.sender.heads[SIZE])
        assert store.log(OUTLET).stored == SIZE
