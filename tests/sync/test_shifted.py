"""What queued entries say of places in their own log follows these where a recovery puts them."""

import pytest

from sync import aside, control, erasing, recovery, shifted, tree
from sync.bundles import Bundles
from sync.control import Confirm, Erase, Erased, Grant, Home, Manifest
from sync.registry import Registry
from sync.rights import ENDLESS, Rights
from sync.shifted import Batch
from tests.sync import made
from tests.sync.made import ALLIANCE, CITY, HUB, OUTLET
from tests.sync.test_recovery import KEYS, lost, recovered, sent

# 300..309 were set aside; 302 and 303 stood in what came back, at 420 and 421; the others stand behind 700 signed ones
NOW = {300: 700, 301: 701, 302: 420, 303: 421} | {was: was + 398 for was in range(304, 310)}
BATCH = Batch(300, 310, NOW, frozenset(NOW) - {302, 303}, 708)


def said(statement):
    raw = control.entry.control_entry(7, control.encode(statement))
    found = shifted.entries(raw, OUTLET, BATCH)
    assert shifted.count(raw, OUTLET, BATCH) == len(found)
    assert {control.entry.Entry.decode(one).time_ms for one in found} == {7}
    return [control.decode(control.body_of(one)) for one in found]


def spans(first, last):
    return [(one.first, one.last) for one in said(Grant(ALLIANCE, "path", first, last))]


@pytest.mark.parametrize(
    ("first", "last", "now"),
    [
        (10, 20, [(10, 20)]),  # before
        (10, 300, [(10, 300)]),
        (290, 302, [(290, 300), (700, 702)]),  # across the boundary: not what came back between
        (300, 302, [(700, 702)]),
        (302, 304, [(420, 422)]),
        (301, 306, [(701, 704), (420, 422)]),
        (308, 312, [(706, 710)]),  # beyond what there was
        (310, 312, [(708, 710)]),
        (305, 305, [(703, 703)]),  # what ends a right that was granted from 305 on
        (290, ENDLESS, [(290, ENDLESS)]),
        (300, ENDLESS, [(700, ENDLESS), (420, 422)]),
        (304, ENDLESS, [(702, ENDLESS)]),
        (310, ENDLESS, [(708, ENDLESS)]),
    ],
)
def test_a_grant_is_of_the_same_entries_wherever_they_stand(first, last, now):
    assert spans(first, last) == now


def test_no_entry_is_granted_that_was_not_and_none_less():
    for first in range(295, 312):
        for last in range(first, 312):
            wanted = {BATCH.index(one) for one in range(first, last)}
            assert {one for begin, end in spans(first, last) for one in range(begin, end)} == wanted


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (Erase(OUTLET, 299, 1, "court"), Erase(OUTLET, 299, 1, "court")),
        (Erase(OUTLET, 304, 1, "court"), Erase(OUTLET, 702, 1, "court")),
        (Erase(OUTLET, 303, 0, "court"), Erase(OUTLET, 421, 0, "court")),
        (Erase(CITY, 304, 1, "court"), Erase(CITY, 304, 1, "court")),
        (Erased(OUTLET, 304, 1, CITY, 305), Erased(OUTLET, 702, 1, CITY, 305)),
        (Erased(CITY, 304, 1, OUTLET, 305), Erased(CITY, 304, 1, OUTLET, 703)),
        (Confirm(CITY, OUTLET, 304, bytes(32)), Confirm(CITY, OUTLET, 702, bytes(32))),
        (Confirm(CITY, HUB, 304, bytes(32)), Confirm(CITY, HUB, 304, bytes(32))),
        (Manifest(20_000, 3, bytes(32), 305), Manifest(20_000, 3, bytes(32), 703)),
        (Manifest(20_000, 3, bytes(32), 0), Manifest(20_000, 3, bytes(32), 0)),
        (Home(OUTLET, CITY), Home(OUTLET, CITY)),
    ],
)
def test_a_statement_names_the_place_where_the_entry_stands(before, after):
    assert said(before) == [after]


def test_what_names_nothing_that_moved_stays_as_it_is_to_the_byte():
    raw = control.entry.control_entry(7, control.encode(Home(OUTLET, CITY)))
    assert shifted.entries(raw, OUTLET, BATCH) == [raw]
    unread = control.entry.control_entry(7, b"\xff\xff")
    assert shifted.entries(unread, OUTLET, BATCH) == [unread]


# -- with a log that is recovered -------------------------------------------------------------------------------------


@pytest.fixture
def queued(lost):
    """A node put back at 300 signed entries: two records queued, one of them erased, one and a signed one granted."""
    node, mirror, end = lost
    with made.opened(node.log_db) as store, store.write():
        aside.set_aside(store, store.log(OUTLET), 300)
        store.db.execute("delete from aside")
        store.db.execute("delete from aside_part")
    with made.opened(node.log_db) as store:
        own = node.own_of(store)
        assert own.add([[("path", b"to be erased")], [("path", b"kept")]]) == 300
        own.state(Erase(OUTLET, 300, 0, "mistake"))
        own.state(Grant(ALLIANCE, "path", 299, 302))
        registry = Registry(store, made.the_federation(), OUTLET)
        assert len(erasing.obey(store, registry)) == 1
        erasing.mark_cleared(store, [one.id for one in erasing.tombstones(store)])
        erasing.state_erased(store, own, registry)
    return node, mirror, end


def look(node):
    with made.opened(node.log_db) as store:
        log = store.log(OUTLET)
        bundles = Bundles(store, log)
        stones = [(one.index, one.at, one.cleared, one.stated) for one in erasing.tombstones(store)]
        held = {content[16:]: name for name, content in bundles.parts(0, log.next_entry)}
        grants = Rights(store, Registry(store, made.the_federation(), OUTLET)).grants(OUTLET, ALLIANCE)
        return stones, held, [(one.first, one.last) for one in grants], log.next_entry


@pytest.mark.parametrize("takes_effect", [False, True])
def test_after_a_recovery_wishes_grants_and_tombstones_name_the_queued_records_where_they_are(queued, takes_effect):
    node, mirror, end = queued
    assert look(node)[0] == [(300, 302, True, True)]
    for _at in made.until_unbroken(lambda faults: recovered(node, mirror, end, faults), takes_effect):
        pass
    stones, held, grants, size = look(node)
    assert stones == [(700, 702, True, True)]
    assert b"to be erased" not in held
    assert held[b"kept"] == (701, 0)
    assert grants == [(299, 300), (700, 702)], "not the entries that came back between"
    assert size == 706, "one entry became two"
    with made.opened(node.log_db) as store:
        (stone,) = erasing.tombstones(store)
        assert erasing.stated_by(store, OUTLET, stone) == 705
        assert erasing.asked(store, stone)[0] == "mistake"
        assert erasing.obey(store, Registry(store, made.the_federation(), OUTLET)) == [], "nothing else is erased"
        assert aside.moved(store) == [(was, now) for was, now in zip(range(300, 304), range(700, 704), strict=True)] + [
            (304, 705)
        ]
        parts = Bundles(store, store.log(OUTLET)).parts(300, 700)
        assert len(parts) == 400, "what came back at the old place is not kept away by the tombstone"
    node.now += 120
    assert node.seal().size == 706


def test_each_batch_is_moved_by_itself(lost):
    """Two packages set entries aside: what the second says of index 301 is not what the first says of it."""
    node, mirror, end = lost
    with made.opened(node.log_db) as store, made.locked(node.head_lock) as lock:
        own = node.own_of(store)
        own.state(Erase(OUTLET, 301, 0, "mistake"))  # of a queued record: it moves
        first, *rest = sent(mirror, 256, end)
        recovery.take(store, first, end, made.committer(OUTLET), 300, KEYS)
        own.state(Erase(OUTLET, 301, 0, "court"))  # of the one that came back there: it stays
        for one in rest:
            recovery.take(store, one, end, made.committer(OUTLET), 300, KEYS)
        recovery.settle(store, lock, end, (), KEYS)
        rows = store.db.execute("select entry from control where what = 'erase' order by id").fetchall()
    wishes = [control.decode(control.body_of(raw)) for (raw,) in rows]
    assert [(one.ground, one.index) for one in wishes] == [("mistake", 701), ("court", 301)]


def test_what_others_say_of_the_own_log_is_about_what_was_signed(queued):
    """A wish of the hub names an entry that this node has signed and lost: the one that is queued there is another."""
    node, mirror, end = queued
    with made.opened(node.log_db) as store:
        said_by_hub(store, Erase(OUTLET, 301, 0, "court"))
        registry = Registry(store, made.the_federation(), OUTLET)
        assert erasing.obey(store, registry) == []
        assert Bundles(store, store.log(OUTLET)).part(301, 0)[16:] == b"kept"
    recovered(node, mirror, end)
    with made.opened(node.log_db) as store:
        registry = Registry(store, made.the_federation(), OUTLET)
        assert len(erasing.obey(store, registry)) == 1
        assert Bundles(store, store.log(OUTLET)).part(301, 0) is None
        assert Bundles(store, store.log(OUTLET)).part(701, 0)[16:] == b"kept"


def said_by_hub(store, statement):
    raw = control.entry.control_entry(1, control.encode(statement))
    with store.write():
        log = store.add_log(HUB)
        Bundles(store, log).append(0, [raw], [tree.leaf_hash(raw)], None)
        store.set_stored(log, 1)


__all__ = ["lost"]
