"""Erasing: what is asked for rightly goes, stays away, and is spoken of; the log still verifies."""

from dataclasses import replace

import pytest

from sync import control, erasing, tree
from sync.bundles import Bundles
from sync.control import Erase, Erased, Home
from sync.registry import Registry
from tests.sync import made
from tests.sync.made import ALLIANCE, CITY, HUB, OTHER_CITY, OUTLET
from tests.sync.mirrored import SIZE, Holds, Receiver, Sender

NAME = (40, 1)
GONE = Erase(OUTLET, *NAME, "court")


@pytest.fixture(scope="module")
def sender(tmp_path_factory):
    found = Sender(tmp_path_factory.mktemp("sender") / "outlet")
    yield found
    found.store.close()


@pytest.fixture
def city(tmp_path, sender):
    """A city that holds the outlet's log with all its parts."""
    found = Receiver(tmp_path / "city", sender)
    found.record(SIZE)
    found.take_all()
    found.receipt()
    return found


def said(store, author, *statements, believed=True):
    """Append control entries to a log as if it were mirrored here, under a head or not."""
    with store.write():
        log = store.add_log(author)
        at = log.next_entry
        for one in statements:
            raw = control.entry.control_entry(1, control.encode(one))
            Bundles(store, log).append(at, [raw], [tree.leaf_hash(raw)], None)
            at += 1
        if believed:
            store.set_stored(log, at)


def registry(store, me=CITY):
    return Registry(store, made.the_federation(), me)


def obeyed(city, author=None, *statements, **more):
    """Have statements come in another log, and obey; return what was deleted."""
    with made.opened(city.written.log_db) as store:
        if author:
            said(store, author, *statements, **more)
        return erasing.obey(store, registry(store))


def stones(city):
    with made.opened(city.written.log_db) as store:
        return [(one.origin, one.index, one.part, one.by, one.ground) for one in erasing.tombstones(store)]


def part(city, index, number):
    with made.opened(city.written.log_db) as store:
        return Bundles(store, store.log(OUTLET)).part(index, number)


def alarms(city):
    with made.opened(city.written.log_db) as store:
        return [one[1:3] for one in store.alarms()]


@pytest.mark.parametrize("author", [CITY, HUB])
def test_the_home_and_the_hub_have_a_part_forgotten(city, sender, author):
    before = city.rows()
    (content,) = obeyed(city, author, GONE)
    assert content == sender.bundles.part(*NAME)
    assert part(city, *NAME) is None
    assert part(city, 40, 0) is not None
    assert stones(city) == [(OUTLET, *NAME, author, "court")]
    after = city.rows()
    assert after[1:3] == before[1:3], "entries and hashes stay"
    assert len(after[3]) == len(before[3]) - 1
    assert city.receipt().size == SIZE, "the log still gives the root that its owner signed"
    assert obeyed(city) == []


def test_the_owner_has_a_part_forgotten_by_its_own_log(tmp_path):
    written = made.Written(tmp_path / "outlet", OUTLET)
    index = written.add(3)
    with made.opened(written.log_db) as store:
        own = written.own_of(store)
        own.state(Erase(OUTLET, index, 0, "owner"))
        assert len(erasing.obey(store, registry(store, OUTLET))) == 1
        assert erasing.find(store, own.log, index, 0).ground == "owner"
        assert own.add([[("path", b"x")]]) == index + 4


@pytest.mark.parametrize("author", [ALLIANCE, OTHER_CITY, "ip.gd.example/gz/other"])
def test_nobody_else_has_anything_forgotten_and_an_alarm_says_who_tried(city, author):
    assert obeyed(city, author, GONE) == []
    assert (part(city, *NAME) is not None, stones(city)) == (True, [])
    assert alarms(city) == [("void-erase", author)]
    assert obeyed(city, author, Erased(OUTLET, *NAME, author, 0)) == []
    assert part(city, *NAME) is not None


def test_who_was_the_home_before_has_nothing_forgotten(city):
    obeyed(city, HUB, Home(OUTLET, OTHER_CITY))
    assert obeyed(city, CITY, GONE) == []
    assert obeyed(city, OTHER_CITY, GONE) != []


def test_a_wish_counts_once_it_is_under_a_head(city):
    assert obeyed(city, HUB, GONE, believed=False) == []
    assert part(city, *NAME) is not None
    assert len(obeyed(city, HUB, Home("ip.gd.example/sz/x", CITY))) == 1


def test_that_the_hub_has_forgotten_counts_like_its_wish(city):
    """An alliance holds the hub's log and not that of its members' home."""
    assert len(obeyed(city, HUB, Erased(OUTLET, *NAME, OTHER_CITY, 7))) == 1
    assert stones(city) == [(OUTLET, *NAME, OTHER_CITY, "")]


@pytest.mark.parametrize("name", [(40, 2), (40, 7), (40, 8), (0, 0), (2**62, 1), (40, 2**20)], ids=str)
def test_names_of_nothing_leave_nothing_behind(city, name):
    assert obeyed(city, HUB, Erase(OUTLET, *name, "court")) == []
    assert stones(city) == []


def test_what_was_erased_stays_away_however_it_comes(city, sender):
    (content,) = obeyed(city, HUB, GONE)
    assert city.take_parts([(NAME, content)])[1] == 0
    with made.opened(city.written.log_db) as store, store.write():
        bundles = Bundles(store, store.log(OUTLET))
        bundles.add_parts([((39, 1), b"s" * 20), (NAME, content), ((41, 1), b"s" * 20)])
        bundles.want([(NAME, "path"), ((42, 5), "path")])
    assert part(city, *NAME) is None
    assert city.wanted() == [(42, 5)]


@pytest.mark.parametrize("wanted", [False, True])
def test_a_wish_that_comes_before_the_part(tmp_path, sender, wanted):
    """With its entry, or after it, by the want-list."""
    city = Receiver(tmp_path / "city", sender)
    obeyed(city, CITY, made.node(OUTLET), GONE)
    assert stones(city) == [(OUTLET, *NAME, CITY, "court")]
    city.record(SIZE)
    for one in sender.packages(0):
        city.take(replace(one, parts=[] if wanted else one.parts))
    assert part(city, *NAME) is None
    assert NAME not in city.wanted()
    assert len(city.wanted()) == (2 * (SIZE - 1) - 1 if wanted else 0)


@pytest.mark.parametrize("takes_effect", [False, True])
def test_a_crash_leaves_the_part_or_its_tombstone_and_the_next_call_ends_it(tmp_path, sender, takes_effect):
    def run(faults):
        store = made.FaultyStore(city.written.log_db, faults)
        try:
            erasing.obey(store, registry(store))
            erasing.mark_cleared(store, [one.id for one in erasing.tombstones(store)])
            erasing.state_erased(store, city.written.own_of(store), registry(store))
        finally:
            store.close()

    city = Receiver(tmp_path / "city", sender)
    city.record(SIZE)
    city.take_all()
    city.receipt()
    with made.opened(city.written.log_db) as store:
        said(store, HUB, GONE)
    for _at in made.until_unbroken(run, takes_effect):
        assert (part(city, *NAME) is None) == (len(stones(city)) == 1)
    assert part(city, *NAME) is None
    with made.opened(city.written.log_db) as store:
        own = city.written.own_of(store)
        assert own.log.next_entry == 2, "stated, and stated once"
        (one,) = erasing.tombstones(store)
        assert (one.cleared, one.stated) == (True, True)
        assert erasing.stated_by(store, CITY, one) == 1


def test_what_is_forgotten_is_stated_only_once_nothing_here_knows_it(city):
    obeyed(city, HUB, GONE)
    with made.opened(city.written.log_db) as store:
        own = city.written.own_of(store)
        assert erasing.state_erased(store, own, registry(store)) == 0
        erasing.mark_cleared(store, [one.id for one in erasing.tombstones(store)])
        assert erasing.state_erased(store, own, registry(store)) == 1
        assert erasing.state_erased(store, own, registry(store)) == 0


def test_of_what_was_never_due_nothing_is_stated(tmp_path, sender):
    city = Receiver(tmp_path / "city", sender)
    city.may_hold = Holds("federation")
    city.record(SIZE)
    city.take_all()
    city.receipt()
    with made.opened(city.written.log_db) as store:
        said(store, HUB, GONE, Erase(OUTLET, 40, 0, "court"))
        here = Registry(store, made.the_federation(), OTHER_CITY)
        erasing.obey(store, here)
        found = erasing.tombstones(store)
        assert [erasing.is_due(store, here, store.log(OUTLET), one, OTHER_CITY) for one in found] == [True, False]


def test_nothing_is_looked_at_again_while_nothing_was_stated(city):
    obeyed(city, HUB, GONE)
    with made.opened(city.written.log_db) as store:
        asked = []
        store.db.set_trace_callback(asked.append)
        erasing.obey(store, registry(store))
        assert len(asked) < 4
