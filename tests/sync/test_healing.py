"""What is damaged at one tier is healed from another in the next session; what is whole is not touched by it."""

import pytest

from node import checking
from sync import healing
from sync.bundles import Bundles, packages
from sync.client import Client
from sync.damage import Book, said
from sync.errors import BadProof, NoHead, NotAllowed
from sync.mending import Mending
from sync.package import Packer
from sync.schema import key
from tests.sync import made
from tests.sync.flipped import flip
from tests.world import CITY, HUB, OUTLET, World

SIZE = 601  # of the outlet's log, the genesis among them


@pytest.fixture
def three(world: World) -> World:
    """A hub, a city and an outlet with a log of some bundles, held at all three."""
    world.hub()
    world.node(CITY, "substation", HUB)
    world.node(OUTLET, "outlet", CITY)
    for batch in (300, 300):
        world.file(OUTLET, *(b'{"n":%d}' % one for one in range(batch)))
        world.sync(OUTLET)
    world.file(CITY, *(b'{"v":%d}' % one for one in range(300)), audience="path")
    world.sync(CITY)
    with world.nodes[HUB].opened() as opened:
        opened.own.add([[("federation", b'{"h":%d}' % one)] for one in range(10)])
    world.seal_hub()
    world.sync(CITY)
    world.sync(OUTLET)
    return world


def damage_entries(world: World, node: str, origin: str, index: int, at: int = 40) -> None:
    world.shut(node)
    with world.nodes[node].opened() as opened:
        log = opened.store.log(origin)
        first = max(
            row >> 3 & (1 << 37) - 1
            for (row,) in opened.store.db.execute("select id from bundle where id <= ?", (key(log.id, index),))
            if row >> 40 == log.id
        )
    flip(world.nodes[node].home.log_db, f"select entries from bundle where id = {key(log.id, first)}", at=at)
    if node != OUTLET:
        world.open(node)


def content(world: World, node: str, origin: str):
    """Everything that a node holds of a log."""
    with world.nodes[node].opened() as opened:
        log = opened.store.log(origin)
        bundles = Bundles(opened.store, log)
        rows = opened.store.db.execute(
            "select id, entries, leaves from bundle where id >= ? and id < ?", (key(log.id, 0), key(log.id + 1, 0))
        ).fetchall()
        nodes = opened.store.db.execute(
            "select level, idx, hash from node where log = ? order by 1, 2", (log.id,)
        ).fetchall()
        return log, rows, nodes, bundles.parts(0, 9999), bundles.wanted(9999)


def entries(world: World, node: str, origin: str):
    with world.nodes[node].opened() as opened:
        return Bundles(opened.store, opened.store.log(origin)).entries(0, 9999)


def open_at(world: World, node: str):
    with world.nodes[node].opened() as opened:
        return [said(one) for one in Book(opened.store).open()]


@pytest.mark.parametrize(
    ("damaged", "origin", "index", "calls"),
    [
        (CITY, OUTLET, 0, [OUTLET]),
        (CITY, OUTLET, 260, [OUTLET]),
        (CITY, OUTLET, 520, [OUTLET]),
        (OUTLET, OUTLET, 260, [OUTLET]),
        (HUB, OUTLET, 260, [CITY]),
        (HUB, CITY, 10, [CITY]),
        (CITY, CITY, 10, [CITY]),
        (CITY, CITY, 10, [OUTLET]),
        (HUB, HUB, 3, [CITY]),
        (CITY, HUB, 3, [CITY]),
        (OUTLET, CITY, 10, [OUTLET]),
        (OUTLET, HUB, 3, [OUTLET]),
    ],
)
def test_damaged_entries_are_healed_from_another_tier(three, damaged, origin, index, calls):
    before = content(three, damaged, origin)
    damage_entries(three, damaged, origin, index)
    assert content(three, damaged, origin)[1] != before[1]
    found = checking.check(three.nodes[damaged])
    assert [one.what for one in found.waiting] == ["entries"]
    for one in calls:
        assert three.sync(one).refused == []
    assert content(three, damaged, origin) == before
    assert open_at(three, damaged) == []
    assert checking.check(three.nodes[damaged]).found == []


@pytest.mark.parametrize(
    ("damaged", "origin", "index", "calls"),
    [(CITY, OUTLET, 260, [OUTLET]), (OUTLET, OUTLET, 5, [OUTLET]), (HUB, OUTLET, 9, [CITY]), (CITY, HUB, 6, [CITY])],
)
def test_damaged_parts_are_healed_from_another_tier(three, damaged, origin, index, calls):
    before = content(three, damaged, origin)
    three.shut(damaged)
    log_id = before[0].id
    flip(three.nodes[damaged].home.log_db, f"select content from part where id = {key(log_id, index)}", at=2)
    if damaged != OUTLET:
        three.open(damaged)
    checked = checking.check(three.nodes[damaged])
    assert [(one.what, one.first) for one in checked.waiting] == [("part", index)]
    for one in calls:
        assert three.sync(one).refused == []
    assert content(three, damaged, origin) == before
    checking.check(three.nodes[damaged])
    assert open_at(three, damaged) == []


def test_an_outlet_whose_signed_entries_are_damaged_heals_and_seals_in_one_session(three):
    """Nobody has run `fsck`: sealing reads back what stands in the same bundle, and finds it."""
    three.file(OUTLET, b'{"n":601}', b'{"n":602}')
    damage_entries(three, OUTLET, OUTLET, 520)
    report = three.sync(OUTLET)
    assert (report.refused, report.healed) == ([], 1)
    assert report.receipts[0] == (OUTLET, CITY, SIZE + 2)
    assert checking.check(three.nodes[OUTLET]).found == []
    assert entries(three, CITY, OUTLET) == entries(three, OUTLET, OUTLET)


@pytest.mark.parametrize("column", ["leaves", "entries"])
def test_an_outlet_whose_entries_are_damaged_before_they_are_signed_seals_what_was_filed(three, column):
    three.file(OUTLET, b'{"n":601}', b'{"n":602}')
    before, filed = content(three, OUTLET, OUTLET), entries(three, OUTLET, OUTLET)
    where = f"select {column} from bundle where id = {key(before[0].id, SIZE)}"
    flip(three.nodes[OUTLET].home.log_db, where, at=40)
    assert three.sync(OUTLET).receipts[0] == (OUTLET, CITY, SIZE + 2)
    assert content(three, OUTLET, OUTLET)[1:] == before[1:]
    assert entries(three, CITY, OUTLET) == filed


def test_an_outlet_whose_head_lock_is_damaged_seals_as_before(three):
    three.file(OUTLET, b'{"n":601}')
    flip(three.nodes[OUTLET].home.head_lock, f"select root from head where origin = '{OUTLET}'", at=3)
    assert three.sync(OUTLET).receipts[0] == (OUTLET, CITY, SIZE + 1)
    assert checking.check(three.nodes[OUTLET]).found == []


def test_a_hub_whose_tree_is_damaged_signs_what_is_right(three):
    three.shut(HUB)
    with three.nodes[HUB].opened() as opened:
        opened.own.add([[("federation", b'{"h":%d}' % one)] for one in range(300)])
        opened.own.add([[("federation", b'{"h":1}')]])
        where = f"select hash from node where log = {opened.own.log.id} and level = 8"
    flip(three.nodes[HUB].home.log_db, where, at=4)
    three.open(HUB)
    three.sync(CITY)
    three.seal_hub()
    assert checking.check(three.nodes[HUB]).found == []
    assert three.sync(CITY).refused == []


def test_nobody_writes_into_a_log_of_ours_that_is_whole(three):
    with pytest.raises(NotAllowed, match="not-of-this-path"):
        client_of(three).add_entries(CITY, 0, 256, iter(()), lambda _at: None, mend=True)


def test_the_next_session_is_as_cheap_as_ever(three):
    calls = three.sync(OUTLET).calls
    damage_entries(three, CITY, OUTLET, 260)
    checking.check(three.nodes[CITY])
    assert three.sync(OUTLET).calls > calls
    assert three.sync(OUTLET).calls == calls


# -- what may not happen ----------------------------------------------------------------------------------------------


def client_of(world: World) -> Client:
    node = world.nodes[OUTLET]
    parent = node.settings.parents[0]
    return Client(node.channel(parent), parent.origin)


def frames_of(world: World, first: int, change=lambda one: one):
    with world.nodes[OUTLET].opened() as opened:
        log = opened.own.log
        sent = packages(opened.store, log, first, min(first + 256, SIZE), SIZE, lambda _audience, _index: False)
        return [Packer().pack(change(one)) for one in sent]


def test_whole_entries_are_not_replaced_by_mending(three):
    before = content(three, CITY, OUTLET)
    client_of(three).add_entries(OUTLET, 0, SIZE, frames_of(three, 0), lambda _at: None, mend=True)
    assert content(three, CITY, OUTLET) == before


def test_other_entries_than_were_signed_do_not_mend(three):
    damage_entries(three, CITY, OUTLET, 260)
    checking.check(three.nodes[CITY])
    before = content(three, CITY, OUTLET)

    def change(one):
        one.entries[3] = one.entries[3][:-3] + bytes([one.entries[3][-3] ^ 1]) + b"\0\0"
        return one

    with pytest.raises(BadProof):
        client_of(three).add_entries(OUTLET, 256, SIZE, frames_of(three, 256, change), lambda _at: None, mend=True)
    assert content(three, CITY, OUTLET) == before


def test_a_head_whose_signatures_do_not_verify_any_more_proves_nothing(three):
    damage_entries(three, CITY, OUTLET, 260)
    checking.check(three.nodes[CITY])
    with three.nodes[CITY].opened() as opened:
        log = opened.store.log(OUTLET)
        head = opened.store.head(log, OUTLET)
        forged = made.sign_head(made.signers(OUTLET, 2), head.checkpoint, head.time_s)
        with pytest.raises(NoHead):
            healing.promised(opened.store, opened.registry, log, forged)


def test_only_damaged_rows_of_a_bundle_are_written(three):
    """The second bundle has two rows, of two nights."""
    damage_entries(three, CITY, OUTLET, 260)
    checking.check(three.nodes[CITY])
    with three.nodes[CITY].opened() as opened, three.nodes[CITY].lock() as lock:
        store, registry = opened.store, opened.registry
        seen = []
        store.db.set_trace_callback(lambda sql: seen.append(sql) if "bundle(" in sql else None)
        log = store.log(OUTLET)
        head = store.head(log, OUTLET)
        with three.nodes[OUTLET].opened() as theirs:
            (one,) = packages(theirs.store, theirs.own.log, 256, 512, SIZE, lambda _audience, _index: False)
        assert len(Mending(store, registry, lock, 1).replace(one, head)) == 1
    assert len(seen) == 1


@pytest.mark.parametrize("takes_effect", [False, True])
def test_a_crash_while_mending_leaves_the_damage_known_or_all_mended(three, takes_effect):
    before = content(three, CITY, OUTLET)
    damage_entries(three, CITY, OUTLET, 260)
    checking.check(three.nodes[CITY])
    node = three.nodes[CITY]
    with three.nodes[OUTLET].opened() as theirs:
        (one,) = packages(theirs.store, theirs.own.log, 256, 512, SIZE, lambda _audience, _index: False)

    def mend(faults):
        store = made.FaultyStore(node.home.log_db, faults)
        try:
            with node.opened() as opened, node.lock() as lock:
                registry = type(opened.registry)(store, node.federation, node.origin)
                log = store.log(OUTLET)
                Mending(store, registry, lock, 1).replace(one, store.head(log, OUTLET))
        finally:
            store.close()

    for _ in made.until_unbroken(mend, takes_effect):
        is_mended = content(three, CITY, OUTLET) == before
        assert is_mended or open_at(three, CITY)
    checking.check(node)
    assert content(three, CITY, OUTLET) == before
    assert open_at(three, CITY) == []
