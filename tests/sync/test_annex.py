"""What is kept beside the logs is checked by its own hashes, signatures and entries, and mended or taken out."""

import pytest

from sync import control, damage, erasing, fork, forks, rollcall
from sync.bundles import Bundles
from sync.registry import Registry
from sync.schema import key
from tests.bits import flipped
from tests.sync import made
from tests.sync.checked import City
from tests.sync.made import CITY, HUB, OTHER_CITY, OUTLET
from tests.sync.mirrored import Sender
from tests.sync.test_fork import file

NAME = (40, 1)
GONE = control.Erase(OUTLET, *NAME, "court")
NIGHTS = (20261123, 20261124)


@pytest.fixture(scope="module")
def sender(tmp_path_factory):
    found = Sender(tmp_path_factory.mktemp("sender"))
    yield found
    found.store.close()


@pytest.fixture
def city(tmp_path, sender):
    """A city that also keeps evidence of a fork, two manifests with three rows each, and a tombstone."""
    found = City(tmp_path / "city", sender)
    with found.written.own() as own:
        own.state(made.node(f"{CITY}/other"))
        own.state(made.node(f"{CITY}/third"))
        own.state(GONE)
    with made.opened(found.log_db) as store:
        registry = Registry(store, made.the_federation(), CITY)
        for night in NIGHTS:
            rollcall.state(store, found.written.own_of(store), registry, night)
        with store.write():
            store.db.execute(
                "insert into fork values (?, ?, ?, x'', 'told', 1)", (fork.name_of(file()), OUTLET, file())
            )
    found.written.seal()
    with made.opened(found.log_db) as store:
        erasing.obey(store, Registry(store, made.the_federation(), CITY))
    return found


def found_in(city, *kinds):
    return [(one.what, one.first, one.part, one.detail) for one in city.check() if one.what in kinds]


def rows(city, table):
    with made.opened(city.log_db) as store:
        return store.db.execute(f"select * from {table} not indexed order by 1, 2").fetchall()


def test_what_is_whole_is_whole(city):
    assert city.check() == []


@pytest.mark.parametrize(
    ("column", "at", "detail"),
    [("file", 700, "not what its hash says"), ("hash", 3, "not what its hash says"), ("origin", 14, "of another log")],
)
def test_a_bit_in_the_evidence_of_a_fork_is_turned_back(city, column, at, detail):
    before = rows(city, "fork")
    city.flip("fork", column, at=at)
    assert [one[3] for one in found_in(city, damage.FORK)] == [detail]
    assert city.mend(city.check()) == ([], [])
    assert rows(city, "fork") == before


def test_a_file_that_proves_no_fork_goes_and_is_wanted_again(city):
    city.set("update fork set file = zeroblob(900)")
    assert city.mend(city.check()) == ([], [])
    with made.opened(city.log_db) as store:
        assert forks.wanted(store, [(OUTLET, fork.name_of(file()))]) == [fork.name_of(file())]


@pytest.mark.parametrize(
    ("table", "column", "at"),
    [("manifest", "root", 4), ("manifest_row", "row", 60), ("manifest_row", "origin", 14), ("manifest_row", "row", 5)],
)
def test_a_bit_in_a_manifest_is_turned_back(city, table, column, at):
    before = rows(city, table)
    index = before[-1][1]
    city.flip(table, column, f"idx = {index}", at=at)
    assert [one[:2] for one in found_in(city, damage.MANIFEST)] == [(damage.MANIFEST, index)]
    assert city.mend(city.check()) == ([], [])
    assert rows(city, table) == before


def test_a_number_of_a_manifest_is_what_its_entry_states(city):
    before = rows(city, "manifest")
    city.set("update manifest set night = night + 4 where idx = (select max(idx) from manifest)")
    assert city.mend(city.check()) == ([], [])
    assert rows(city, "manifest") == before


def test_a_manifest_of_which_more_is_lost_goes_and_is_stated_again(city):
    index = rows(city, "manifest")[-1][1]
    city.set("update manifest_row set row = zeroblob(9) where idx = ?", index)
    assert city.mend(city.check()) == ([], [])
    with made.opened(city.log_db) as store:
        registry = Registry(store, made.the_federation(), CITY)
        assert [one.night for one in rollcall.held(store, store.log(CITY))] == [NIGHTS[0]]
        assert rollcall.state(store, city.written.own_of(store), registry, NIGHTS[1]) is not None


@pytest.mark.parametrize(("column", "value"), [("by", f"{HUB}x"), ("at", 77), ("ground", "owner")])
def test_a_tombstone_says_again_who_wanted_it(city, column, value):
    before = rows(city, "tombstone")
    city.set(f"update tombstone set {column} = ?", value)
    assert [one[3] for one in found_in(city, damage.TOMBSTONE)] == ["not what was stated"]
    assert city.mend(city.check()) == ([], [])
    assert rows(city, "tombstone") == before


def test_a_tombstone_of_another_part_goes_and_the_right_one_comes_back_with_the_next_session(city):
    before = rows(city, "tombstone")
    city.set("update tombstone set id = id + 8")
    assert sorted(one[3] for one in found_in(city, damage.TOMBSTONE)) == ["missing", "nobody wants that part forgotten"]
    city.mend(city.check())
    with made.opened(city.log_db) as store:
        erasing.obey(store, Registry(store, made.the_federation(), CITY))
        assert Bundles(store, store.log(OUTLET)).part(*NAME) is None
        assert Bundles(store, store.log(OUTLET)).erased(40, 41) == {NAME}
    assert [row[0] for row in rows(city, "tombstone")] == [row[0] for row in before]
    assert city.mend(city.check())[1] == []


def test_a_tombstone_stays_while_what_asked_for_it_cannot_be_read(city):
    city.set("update tombstone set id = id + 8")
    city.flip("bundle", "entries", f"id = {key(city.id(HUB), 0)}", at=20)
    still_open, _left = city.mend(city.check())
    assert damage.TOMBSTONE in {one.what for one in still_open}
    assert len(rows(city, "tombstone")) == 1


def test_where_an_upload_stands_is_forgotten_where_it_leads_nowhere(city):
    with made.opened(city.log_db) as store:
        log, end = store.log(OUTLET), city.sender.heads[700]
        (one, *_more) = city.sender.packages(0)
        with store.write():
            forks.keep_tip(store, log, end, one)
    assert city.check() == []
    city.flip("tip", "proof", at=9)
    assert [one[0] for one in found_in(city, damage.TIP)] == [damage.TIP]
    assert city.mend(city.check()) == ([], [])
    assert rows(city, "tip") == []


@pytest.mark.parametrize(
    ("table", "row"),
    [
        ("part", (key(77, 3), b"x")),
        ("wanted", (key(77, 3), "public")),
        ("node", (77, 8, 0, bytes(32))),
        ("tombstone", (key(77, 3), HUB, 1, "court", 1, 0, 0, 0)),
    ],
)
def test_rows_of_no_log_go(city, table, row):
    before = rows(city, table)
    city.set(f"insert into {table} values ({', '.join('?' * len(row))})", *row)
    assert [one[3] for one in found_in(city, damage.STRAY)] == [f"{table}: rows of no log"]
    assert city.mend(city.check()) == ([], [])
    assert rows(city, table) == before


def test_a_head_that_came_by_nobody_goes(city):
    city.flip("head", "path", f"log = {city.id()}", at=14)
    assert [one[3] for one in found_in(city, damage.STRAY)] == ["head: came by nobody"]
    assert city.mend(city.check()) == ([], [])
    with made.opened(city.log_db) as store:
        assert store.head(store.log(OUTLET), OUTLET) is None


def test_a_log_bears_the_name_that_its_first_entry_says(city):
    with made.opened(city.log_db) as store:
        before = store.logs()
    city.flip("log", "origin", f"id = {city.id()}", at=17)
    assert [one[0] for one in found_in(city, damage.NAME)] == [damage.NAME]
    city.mend(city.check())
    with made.opened(city.log_db) as store:
        assert store.logs() == before
    assert city.mend(city.check())[1] == []


@pytest.mark.parametrize("takes_effect", [False, True])
def test_a_crash_while_mending_leaves_it_to_the_next_time(city, takes_effect):
    before = {table: rows(city, table) for table in ("fork", "manifest", "manifest_row", "tombstone")}
    city.set("update fork set hash = ?", flipped(fork.name_of(file())))
    city.set("update manifest set night = night + 4")
    city.set("update tombstone set ground = 'owner'")
    found = city.check()

    def mend(faults):
        store = made.FaultyStore(city.log_db, faults)
        try:
            city.mend_in(store, found)
        finally:
            store.close()

    for _ in made.until_unbroken(mend, takes_effect):
        pass
    assert {table: rows(city, table) for table in before} == before
    assert city.mend(city.check()) == ([], [])


def test_whose_parent_is_another_has_no_say_here(city):
    """A statement that does not count is no reason to forget, nor its absence damage."""
    with made.opened(city.log_db) as store:
        registry = Registry(store, made.the_federation(), CITY)
        assert not erasing.may_ask(registry, OTHER_CITY, GONE)
    assert city.check() == []
