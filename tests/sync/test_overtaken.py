"""What stolen keys brought behind their last good head goes, where nobody signed for it and new keys go on."""

from dataclasses import replace

import pytest

from sync import mirror
from sync.bundles import Bundles
from sync.checkpoint import Checkpoint
from sync.eras import Era
from sync.registry import Registration
from sync.rotation import set_of
from sync.tree import leaf_hash
from tests.sync import made
from tests.sync.made import CITY, OUTLET
from tests.sync.test_eras import signed, with_keys

GOOD = 5


def entries_of(path, count):
    written = made.Written(path, OUTLET)
    written.grow_to(count)
    with made.opened(written.log_db) as own:
        return Bundles(own, own.log(OUTLET)).entries(0, count)


@pytest.fixture
def store(tmp_path):
    """A mirror of 5 stored entries, and of 3 more that came towards a head of 900 by the keys that were stolen."""
    with made.opened(_made(tmp_path)) as store:
        yield store


def _made(tmp_path):
    store = made.Store.create(tmp_path / "mirror.db")
    entries = entries_of(tmp_path / "outlet", GOOD + 3)
    with store.write():
        log = store.add_log(OUTLET)
        Bundles(store, log).append(0, entries, [leaf_hash(one) for one in entries], None)
        store.set_stored(log, GOOD)
    mirror.see_head(store, made.registration(OUTLET), CITY, signed(1, 900))
    store.close()
    return tmp_path / "mirror.db"


def registered(store, over=False):
    good = Checkpoint(OUTLET, GOOD, Bundles(store, store.log(OUTLET)).root(GOOD))
    stolen = Era(*set_of(with_keys(1)), CITY, 0, over=True, last_good=good, revoked=True)
    following = () if over else (Era(*set_of(with_keys(2)), CITY, 2),)
    return Registration(with_keys(1 if over else 2), CITY, 2, (stolen, *following))


def held(store):
    log = store.log(OUTLET)
    return log.stored, log.next_entry, len(Bundles(store, log).entries(0, log.next_entry))


def test_what_came_behind_the_last_good_head_makes_room_for_new_keys(store):
    assert held(store) == (5, 5 + 3, 8)
    root = Bundles(store, store.log(OUTLET)).root(GOOD)
    assert mirror.record_head(store, registered(store), CITY, signed(2, GOOD, root), 0, ()) == GOOD
    assert held(store) == (5, 5, 5)
    assert not store.log(OUTLET).frozen
    assert [what for _at, what, _origin, _detail in store.alarms()] == ["keys-replaced"]
    mirror.drop_overtaken(store, registered(store))
    assert held(store) == (5, 5, 5)
    assert len(store.alarms()) == 1


def test_it_stays_as_evidence_while_there_are_no_new_keys(store):
    mirror.drop_overtaken(store, registered(store, over=True))
    mirror.drop_overtaken(store, made.registration(OUTLET))
    assert held(store) == (5, 8, 8)


def test_what_new_keys_brought_stays(store):
    with store.write():
        log = store.log(OUTLET)
        root = Bundles(store, log).root(8)
        store.sight(log, mirror.head.open_head(signed(2, 8, root), with_keys(2).log_keys), CITY)
    mirror.drop_overtaken(store, registered(store))
    assert held(store) == (5, 8, 8)


def test_what_was_signed_for_stays(store):
    with store.write():
        store.set_stored(store.log(OUTLET), 8)
    mirror.drop_overtaken(store, registered(store))
    assert held(store) == (8, 8, 8)


@pytest.mark.parametrize("takes_effect", [False, True])
def test_a_crash_leaves_all_or_nothing_and_the_same_again_goes_on(tmp_path, takes_effect):
    path = _made(tmp_path)

    def run(faults):
        store = made.FaultyStore(path, faults)
        try:
            mirror.drop_overtaken(store, replace(registered(store)))
        finally:
            store.close()

    for _at in made.until_unbroken(run, takes_effect):
        with made.opened(path) as store:
            assert held(store) == ((5, 5, 5) if takes_effect else (5, 8, 8))
    with made.opened(path) as store:
        assert held(store) == (5, 5, 5)
