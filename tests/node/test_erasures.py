"""What is erased goes from every file of every holder, each says so, and the logs still verify."""

import json

import pytest

from catalog import search, showing, views
from catalog.search import Query
from node import cataloguing, erasure_commands, erasures, exporting, feeds
from node.errors import NodeError
from records import body
from records.body import Record
from sync.bundles import Bundles
from tests.node.verdict_world import key, number, patent
from tests.world import CITY, HUB, OUTLET

RARE = "镓铟锡荧光秘密"
RAW = RARE.encode()


def secret(count=1):
    fields = {"application_no": number(count), "filing_date": "2017-07-21", "title": RARE, "abstract": RARE * 20}
    return body.encode(Record(key(count), "assert", "patent_invention", 1, fields))


@pytest.fixture
def filed(world):
    """A secret and a plain record, held by outlet, city and hub, searchable at each."""
    world.hub()
    world.node(CITY, "substation", HUB)
    world.node(OUTLET, "outlet", CITY)
    world.file(OUTLET, secret(), audience="path")
    world.file(OUTLET, *(patent(count) for count in range(2, 40)))
    for origin in (OUTLET, CITY):
        world.sync(origin)
    world.seal_hub()
    for origin in (OUTLET, CITY, HUB):
        cataloguing.apply(world.nodes[origin])
        assert hits(world, origin) == [key(1)]
        assert files_with(world, origin)
    return world


def hits(world, origin):
    with cataloguing.catalogue(world.nodes[origin]) as found:
        return [one.key for one in search.find(found, Query(words=RARE), views.FULL).hits]


def files_with(world, origin):
    """The database files of a node, write-ahead logs too, that hold the words."""
    return [path.name for path in world.home(origin).glob("*.db*") if RAW in path.read_bytes()]


def night(world):
    """Two rounds: what is asked for above comes down, and what each states goes up and down."""
    for _round in range(2):
        for origin in (OUTLET, CITY):
            world.sync(origin)
            erasures.follow_up(world.nodes[origin])
        erasures.follow_up(world.nodes[HUB])
        world.seal_hub()


@pytest.mark.parametrize("by", [OUTLET, CITY, HUB])
def test_it_goes_from_every_file_of_every_holder_and_each_says_so(filed, by):
    parts = erasure_commands.parts_of(filed.nodes[by], key(1))
    assert [(one.origin, one.index, one.audience) for one in parts] == [(OUTLET, 1, "path")]
    erasure_commands.erase(filed.nodes[by], parts, "court")
    assert (hits(filed, by), files_with(filed, by)) == ([], [])
    filed.seal_hub()
    night(filed)
    night(filed)
    for origin in (OUTLET, CITY, HUB):
        assert (hits(filed, origin), files_with(filed, origin)) == ([], [])
        (row,) = erasure_commands.standing(filed.nodes[origin])
        assert (row["done"], row["waiting"], row["unheard"]) == ([HUB, CITY, OUTLET], [], []), origin
        with cataloguing.catalogue(filed.nodes[origin]) as found, filed.nodes[origin].opened() as opened:
            assert showing.show(opened.store, found, key(1), views.FULL) is None
            assert showing.show(opened.store, found, key(2), views.FULL) is not None
            log = opened.store.log(OUTLET)
            head = opened.store.newest_head(log)
            assert Bundles(opened.store, log).root(head.size) == head.root


def test_a_rebuilt_catalogue_knows_nothing_of_it_either(filed):
    node = filed.nodes[CITY]
    erasure_commands.erase(node, erasure_commands.parts_of(node, key(1)), "court")
    node.home.catalog_db.unlink()
    cataloguing.apply(node)
    assert hits(filed, CITY) == []
    with cataloguing.catalogue(node) as found:
        assert found.counts()["waiting"] == 0


def test_an_export_leaves_it_out(filed):
    node = filed.nodes[CITY]
    erasure_commands.erase(node, erasure_commands.parts_of(node, key(1)), "mistake")
    path = filed.path / "all.jsonl"
    with path.open("wb") as out:
        exporting.write(node, exporting.Order(Query(), "jsonl", "internal"), out)
    assert len(path.read_bytes().splitlines()) == 38
    assert key(1) not in path.read_text()
    assert json.loads(path.read_text().splitlines()[0])


def test_nothing_is_stated_while_the_bytes_are_still_there(filed, monkeypatch):
    """A reader keeps the write-ahead log: what was deleted is still in it."""
    node = filed.nodes[CITY]
    with node.opened() as reading:
        reading.store.db.execute("begin")
        reading.store.db.execute("select count(*) from part").fetchone()
        monkeypatch.setattr(erasures, "_WAIT_MS", 100)
        with pytest.raises(erasures.StillRead):
            erasure_commands.erase(node, erasure_commands.parts_of(node, key(1)), "court")
        (row,) = erasure_commands.standing(node)
        assert (row["cleared"], CITY in row["done"]) == (False, False)
        reading.store.db.rollback()
    assert erasures.follow_up(node).stated == 1
    assert files_with(filed, CITY) == []


def test_nobody_erases_what_is_not_below_it(filed):
    with pytest.raises(NodeError):
        raise erasure_commands.NothingToErase(key(1))
    with filed.nodes[HUB].opened() as opened:
        opened.own.add([[("federation", patent(99))]])
    assert erasure_commands.parts_of(filed.nodes[CITY], key(99)) == []


def test_only_the_parts_for_one_audience(filed):
    node = filed.nodes[OUTLET]
    assert erasure_commands.parts_of(node, key(1), "federation") == []
    assert len(erasure_commands.parts_of(node, key(1), "path")) == 1


def test_a_feed_forgets_what_its_node_wants_forgotten_and_says_so(world):
    """It has a home of its own, which nobody but its node looks after."""
    world.hub()
    city = world.node(CITY, "substation", HUB)
    feed = feeds.add(city, "cnipa", "国家知识产权局", feeds.Terms("不得原样再传播", "derived"))
    with feed.opened() as opened:
        opened.own.add([[("federation", secret())]])
    feeds.sync(city, feed)
    cataloguing.apply(city)
    cataloguing.apply_own(feed)
    parts = erasure_commands.parts_of(city, key(1))
    assert [one.origin for one in parts] == [feed.origin]
    erasure_commands.erase(city, parts, "court")
    world.sync(CITY)
    for _call in range(2):
        feeds.sync(city, feed)
    assert [path.name for path in feed.home.path.glob("*.db*") if RAW in path.read_bytes()] == []
    (row,) = erasure_commands.standing(city)
    assert feed.origin in row["done"]
