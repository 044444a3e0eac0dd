"""A bit that has turned at a mirror looks like another branch: nothing is frozen for it, and it is mended at once."""

from functools import partial

import pytest

from node import checking
from sync import fsck, mirror, repair
from sync.damage import Book
from sync.errors import Damaged, Fork
from sync.registry import Registry
from sync.schema import key
from tests.sync import made
from tests.sync.flipped import flip
from tests.sync.made import NOW_S, OUTLET
from tests.sync.mirrored import SIZE, Receiver, Sender
from tests.world import CITY, HUB, World

LOG = "(select id from log where origin = '{}')"


@pytest.fixture(scope="module")
def sender(tmp_path_factory):
    found = Sender(tmp_path_factory.mktemp("sender"))
    yield found
    found.store.close()


@pytest.fixture
def city(tmp_path, sender):
    """A mirror of the outlet's first 300 entries, which registers the outlet; its next heads and packages come."""
    found = Receiver(tmp_path / "city", sender)
    with found.written.own() as own:
        own.state(made.node(OUTLET))
    found.written.seal()
    found.record(300)
    found.take_all(300)
    found.receipt(300)
    return found


def go_on(city):
    """Take the rest of the log, as a call of the child brings it."""
    city.record(SIZE)
    city.take_all(SIZE)
    with made.opened(city.written.log_db) as store:
        mirror.compare_heads(store, store.log(OUTLET), city.registered)
    city.receipt(SIZE)


def look_again(city):
    with made.opened(city.written.log_db) as store, made.locked(city.written.head_lock) as lock:
        registry = Registry(store, made.the_federation(), city.written.origin)
        done = repair.look_again(store, registry, lock, OUTLET, NOW_S)
        return done, fsck.check(store, registry, lock), Book(store).open(), store.log(OUTLET).frozen, store.alarms()


@pytest.mark.parametrize(
    ("table", "column", "where", "at"),
    [
        ("bundle", "leaves", "id = ({id} << 40) + 2048", 40),
        ("bundle", "leaves", "id = {id} << 40", 100),
        ("node", "hash", "log = {id} and level = 8", 4),
        ("head", "root", "log = {id}", 4),
        ("sighting", "root", "log = {id} and size = 300", 4),
        ("sighting", "note", "log = {id} and size = 300", 60),
    ],
)
def test_a_turned_bit_is_no_fork(city, table, column, where, at):
    """Whatever it looks like to the next head and package: they go through once it is mended, or at once."""
    with made.opened(city.written.log_db) as store:
        store.db.execute("update sighting set proved = 0")  # so that they are compared again
        where = where.format(id=store.log(OUTLET).id)
    flip(city.written.log_db, f"select {column} from {table} not indexed where {where}", at=at)
    for _ in range(4):
        try:
            go_on(city)
            break
        except Damaged:
            done, left, still_open, frozen, _alarms = look_again(city)
            assert (done, left, still_open, frozen) == (True, [], [], "")
    assert city.log.stored == SIZE
    assert not city.log.frozen


@pytest.mark.parametrize("at", [40, 0])
def test_a_package_that_does_not_fit_what_is_damaged_here_is_not_to_blame(city, at):
    """It begins within the damaged row, or with it."""
    city.record(SIZE)
    with made.opened(city.written.log_db) as store:
        row = key(store.log(OUTLET).id, 256)
    flip(city.written.log_db, f"select leaves from bundle where id = {row}", at=40)
    (package, *_more) = city.sender.packages(256 + at)
    with pytest.raises(Damaged, match="entries from 256 on"):
        city.take(package)
    assert look_again(city)[:4] == (True, [], [], "")
    assert city.take(package).next_entry == 512


def test_a_turned_bit_in_what_was_signed_last_is_no_fork(city):
    flip(city.written.head_lock, f"select root from head where origin = '{OUTLET}'", at=5)
    with pytest.raises(Damaged, match="we gave a receipt for 300 other entries"):
        go_on(city)
    assert not city.log.frozen


def test_a_contradiction_without_damage_is_told_and_looked_at_once_an_hour(city):
    with made.opened(city.written.log_db) as store:
        log = store.log(OUTLET)
        with pytest.raises(Damaged, match="no fork is proved"):
            mirror._fork(store, log, city.registered, city.sender.heads[512], [])
        assert not store.log(OUTLET).frozen
    done, left, _open, frozen, alarms = look_again(city)
    assert (done, left, frozen) == (False, [], "")
    assert [what for _at, what, _origin, _detail in alarms] == ["contradiction"]
    with made.opened(city.written.log_db) as store:
        store.db.execute("delete from alarm")
    assert look_again(city)[4] == []


def test_two_heads_that_are_whole_are_a_fork_as_ever(city):
    other = made.signed(OUTLET, 300, made.root_hash_of("fork"))
    with made.opened(city.written.log_db) as store, pytest.raises(Fork):
        mirror.record_head(store, city.registered, OUTLET, other.note, 300, [])
    assert city.log.frozen == "fork"


# -- in a federation --------------------------------------------------------------------------------------------------


def test_a_city_whose_rows_are_damaged_takes_the_night_all_the_same(world: World):
    """One federation, one damaged place a night: nothing is refused, and nothing is frozen."""
    world.hub()
    world.node(CITY, "substation", HUB)
    world.node(OUTLET, "outlet", CITY)
    world.file(OUTLET, *(b'{"n":%d}' % one for one in range(300)))
    world.sync(CITY)
    world.sync(OUTLET)
    of = partial(LOG.format, OUTLET)
    city = world.nodes[CITY].home
    for number, (file, query, at) in enumerate(
        [
            (city.log_db, f"select leaves from bundle where id = ({of()} << 40) + 2048", 40),
            (city.log_db, f"select hash from node where log = {of()} and level = 8", 4),
            (city.log_db, f"select root from head not indexed where log = {of()}", 4),
            (city.log_db, f"select note from head not indexed where log = {of()}", 60),
            (city.log_db, f"select root from sighting not indexed where log = {of()} order by size desc", 4),
            (city.head_lock, f"select root from head where origin = '{OUTLET}'", 4),
            (city.head_lock, f"select root from head where origin = '{CITY}'", 4),
        ]
    ):
        world.file(OUTLET, b'{"more":%d}' % number)
        world.file(CITY, b'{"more":%d}' % number)
        world.shut(CITY)
        flip(file, query, at=at)
        world.open(CITY)
        report = world.sync(OUTLET)
        assert report.refused == [], query
        assert (OUTLET, CITY, 302 + number) in report.receipts, query
        assert world.sync(CITY).refused == [], query
        with world.nodes[CITY].opened() as opened:
            assert not any(one.frozen for one in opened.store.logs()), query
    assert checking.check(world.nodes[CITY]).waiting == []
    assert checking.check(world.nodes[CITY]).found == []


def test_an_outlet_whose_copy_of_what_is_above_is_damaged_pulls_all_the_same(world: World):
    world.hub()
    world.node(CITY, "substation", HUB)
    world.node(OUTLET, "outlet", CITY)
    world.file(CITY, *(b'{"v":%d}' % one for one in range(300)), audience="path")
    world.sync(CITY)
    world.sync(OUTLET)
    of = LOG.format(CITY)
    for number, query in enumerate(
        [
            f"select hash from node where log = {of} and level = 8",
            f"select leaves from bundle where id = (select max(id) from bundle where id >> 40 = {of})",
            f"select root from head not indexed where log = {of}",
        ]
    ):
        world.file(CITY, b'{"more":%d}' % number, audience="path")
        world.sync(CITY)
        flip(world.nodes[OUTLET].home.log_db, query, at=4)
        report = world.sync(OUTLET)
        assert (report.refused, report.entries_down > 0) == ([], True), query
        with world.nodes[OUTLET].opened() as opened:
            assert not any(one.frozen for one in opened.store.logs()), query
    assert checking.check(world.nodes[OUTLET]).found == []
