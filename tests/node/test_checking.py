"""A node checks itself: by command, and a thirtieth every night; what it finds is told, mended, or fetched."""

import json
import threading
from functools import partial

import pytest

from hub import cli as hub_cli
from node import cataloguing, checking, frame, intake, messages, nightly, nodes
from node.errors import Interrupted
from outlet import cli as outlet_cli
from sync.damage import Book
from sync.schema import key
from tests.bits import flipped
from tests.node.filing import row, write
from tests.sync.flipped import flip
from tests.world import CITY, HUB, OUTLET


@pytest.fixture
def filed(world):
    """An outlet that has filed some records and called its city, which has applied them."""
    world.hub()
    world.node(CITY, "substation", HUB)
    outlet = world.node(OUTLET, "outlet", CITY)
    intake.take_file(outlet, write(world.path / "x.csv", [row(n) for n in range(1, 8)]), "王")
    world.sync(OUTLET)
    world.sync(CITY)
    for origin in (OUTLET, CITY, HUB):
        cataloguing.apply(world.nodes[origin])
    return world


def log_id(world, node, origin):
    with world.nodes[node].opened() as opened:
        return opened.store.log(origin).id


def damaged(world, node, origin, index=3):
    """Flip a bit of an entry, or of what its part says."""
    world.shut(node)
    first = key(log_id(world, node, origin), 0)
    flip(world.nodes[node].home.log_db, f"select entries from bundle where id >= {first}", at=60 * index)
    if node != OUTLET:
        world.open(node)


def test_a_whole_node_is_whole_on_every_tier(filed):
    for origin in (HUB, CITY, OUTLET):
        found = checking.check(filed.nodes[origin])
        assert (found.found, found.waiting) == ([], [])
        assert found.entries > 0


def test_what_is_damaged_is_told_in_status_until_it_is_mended(filed):
    damaged(filed, OUTLET, OUTLET)
    checking.check(filed.nodes[OUTLET])
    standing = nodes.standing(filed.nodes[OUTLET])
    assert standing["damaged"] == 1
    assert "damage" in [one["what"] for one in standing["alarms"]]
    assert any("DAMAGED" in line for line in nodes.lines(standing))
    filed.sync(OUTLET)
    assert nodes.standing(filed.nodes[OUTLET])["damaged"] == 0


def test_a_dry_run_writes_down_what_it_finds_and_mends_nothing(filed):
    with filed.nodes[CITY].opened() as opened, opened.store.write() as db:
        db.execute("delete from control where what = 'node'")
    for _ in range(2):
        assert [one.what for one in checking.check(filed.nodes[CITY], mend=False).waiting] != []
    found = checking.check(filed.nodes[CITY])
    assert len(found.mended) == len(found.found) > 0
    assert checking.check(filed.nodes[CITY]).found == []


def test_rows_of_the_catalogue_are_checked_and_made_again(filed):
    with cataloguing.catalogue(filed.nodes[CITY]) as catalogue, catalogue.write() as db:
        (title,) = db.execute("select max(title) from record where category = 'right'").fetchone()
        db.execute("update record set title = 'x' where title = ?", (title,))
        db.execute("delete from assertion where id = (select max(id) from assertion)")
    found = checking.check(filed.nodes[CITY])
    assert {one.what for one in found.found} == {"catalogue"}
    assert found.waiting == []
    assert checking.check(filed.nodes[CITY]).found == []
    with cataloguing.catalogue(filed.nodes[CITY]) as catalogue:
        assert catalogue.counts()["rights"] == 7
        assert catalogue.db.execute("select count(*) from record where title = 'x'").fetchone() == (0,)


@pytest.mark.parametrize("how", ["page", "batch"])
def test_a_catalogue_that_cannot_be_mended_is_made_again_whole(filed, how):
    node = filed.nodes[CITY]
    filed.shut(CITY)
    with cataloguing.catalogue(node) as catalogue:
        before = catalogue.counts()
        if how == "batch":
            catalogue.db.execute("update batch set applied_at = 5")
        catalogue.db.execute("pragma wal_checkpoint(truncate)")
        (page,) = catalogue.db.execute("select rootpage from sqlite_master where name = 'record'").fetchone()
        (size,) = catalogue.db.execute("pragma page_size").fetchone()
    if how == "page":
        raw = bytearray(node.home.catalog_db.read_bytes())
        raw[(page - 1) * size] ^= 0x40
        node.home.catalog_db.write_bytes(raw)
    found = checking.check(node)
    assert [one.what for one in found.found] == ["catalogue"] * len(found.found) != []
    assert found.waiting == []
    with cataloguing.catalogue(node) as catalogue:
        assert catalogue.counts() == before
    assert checking.check(node).found == []


def test_every_thirtieth_night_everything_has_been_looked_at(filed):
    node = filed.nodes[CITY]
    seen = set()
    for day in range(checking.NIGHTS):
        filed.clock.ahead = day * 86400.0
        seen.add(checking.tonight(node).number)
    assert seen == set(range(1, checking.NIGHTS + 1))
    damaged(filed, CITY, OUTLET)
    found = []
    for day in range(checking.NIGHTS):
        filed.clock.ahead = day * 86400.0
        found += checking.night(node, node.clock() + 60, threading.Event()).found
    assert [(one.origin, one.what) for one in found] == [(OUTLET, "entries")]


def test_a_check_ends_when_it_is_told_to(filed):
    stop = threading.Event()
    stop.set()
    for day in range(checking.NIGHTS):
        filed.clock.ahead = day * 86400.0
        if checking.tonight(filed.nodes[CITY]).number == 1:
            with pytest.raises(Interrupted):
                checking.night(filed.nodes[CITY], filed.clock() + 60, stop)


def test_a_log_that_does_not_verify_where_it_is_brought_is_checked_at_once(filed):
    """Without it, what is damaged would be brought and refused night after night, until its slice has its turn."""
    intake.take_file(filed.nodes[OUTLET], write(filed.path / "y.csv", [row(n) for n in range(8, 12)]), "王")
    filed.sync(OUTLET)
    first = key(log_id(filed, CITY, OUTLET), 8)
    filed.shut(CITY)
    flip(filed.nodes[CITY].home.log_db, f"select entries from bundle where id >= {first}", at=20)
    filed.open(CITY)
    refused = nightly.run(filed.nodes[CITY]).reports[0].refused
    assert [origin for origin, _why in refused] == [OUTLET]
    with filed.nodes[CITY].opened() as opened:
        assert [one.what for one in Book(opened.store).open()] == ["entries"]
    filed.sync(OUTLET)
    assert nightly.run(filed.nodes[CITY]).reports[0].refused == []
    with filed.nodes[HUB].opened() as opened:
        assert opened.store.log(OUTLET).stored == filed_size(filed)


def filed_size(world):
    with world.nodes[OUTLET].opened() as opened:
        return opened.own.log.next_entry


# -- by command -------------------------------------------------------------------------------------------------------


@pytest.fixture
def fsck(filed, capfd):
    """Return what runs the command: its code, and what it says."""
    yield lambda top, node, *options: _ran(capfd, top, [*options, "--home", str(filed.home(node))])
    messages.use("en")


def _ran(capfd, top, arguments):
    code = frame.run(top, ["fsck", *arguments, "--lang", "en"], {"LANG": "C"})
    return code, capfd.readouterr().out


def test_the_command_heals_an_outlet_from_its_city(filed, fsck):
    damaged(filed, OUTLET, OUTLET)
    assert fsck(outlet_cli.top, OUTLET, "--dry-run")[0] == 1
    code, out = fsck(outlet_cli.top, OUTLET, "--json")
    answer = json.loads(out.splitlines()[-1])
    assert code == 1
    assert [(one["what"], one["origin"]) for one in answer["found"]] == [("entries", OUTLET)]
    assert answer["waiting"] == []
    code, out = fsck(outlet_cli.top, OUTLET)
    assert code == 0
    assert "0 damaged places" in out


def test_the_command_says_what_waits_and_for_whom(filed, fsck):
    damaged(filed, HUB, OUTLET)
    code, out = fsck(hub_cli.top, HUB, "--origin", OUTLET)
    assert code == 1
    assert "Another node must bring it" in out
    filed.sync(CITY)
    with filed.nodes[HUB].opened() as opened:
        assert Book(opened.store).open() == []


@pytest.mark.parametrize("text", ["0/3", "4/3", "3", "a/b", "-1/3", "1/99999"])
def test_a_slice_is_n_of_m(filed, fsck, text):
    assert fsck(outlet_cli.top, OUTLET, "--slice", text)[0] == 2


def test_one_slice_alone_is_checked(filed, fsck):
    damaged(filed, OUTLET, OUTLET)
    codes = [fsck(outlet_cli.top, OUTLET, "--slice", f"{n}/3", "--dry-run")[0] for n in (2, 3, 1)]
    assert codes == [0, 0, 1]


def test_what_is_set_aside_is_named_with_its_import_and_that_file_again_files_it(filed, fsck):
    """Two parts are damaged before the next night: one by a bit, one beyond what any hash can show."""
    node = filed.nodes[OUTLET]
    path = write(filed.path / "y.csv", [row(n) for n in range(20, 23)])
    first = intake.take_file(node, path, "王").first
    with node.opened() as opened:
        key_of = partial(key, opened.own.log.id)
        db = opened.store.db
        (content,) = db.execute("select content from part where id = ?", (key_of(first),)).fetchone()
        db.execute("update part set content = ? where id = ?", (flipped(content, 20), key_of(first)))
        db.execute("update part set content = zeroblob(99) where id = ?", (key_of(first + 1),))
    code, out = fsck(outlet_cli.top, OUTLET, "--json")
    answer = json.loads(out.splitlines()[-1])
    assert code == frame.REFUSED
    assert answer["waiting"] == []
    (aside,) = answer["aside"]
    assert (aside["index"], aside["files"]) == (first + 1, ["y.csv"])
    again = intake.take_file(node, path, "王")
    assert (again.sealed, again.unchanged) == (1, 2)
    assert filed.sync(OUTLET).refused == []
    assert checking.check(node).found == []
