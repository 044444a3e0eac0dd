"""The nightly roll call: whoever leaves a node out, says less of it, or says nothing, is found."""

from dataclasses import replace

import pytest

from catalog import digests
from node import cataloguing, manifests, nodes
from node.node import shared
from sync import control, manifest, ownrow, rollcall
from sync.client import Client
from sync.errors import BadProof, Conflict, Malformed
from sync.manifest import Row
from tests.sync import made
from tests.world import ALLIANCE, CITY, HUB, OUTLET, World

NEIGHBOUR = "ip.gd.example/gz/giants"
DAY_S = 86_400.0


def built(path):
    """A hub, a city with two outlets, and an alliance that one of them belongs to, too."""
    world = World(path)
    world.hub()
    world.node(CITY, "substation", HUB)
    world.node(OUTLET, "outlet", CITY)
    world.node(NEIGHBOUR, "outlet", CITY)
    world.node(ALLIANCE, "alliance", HUB)
    for origin in (OUTLET, CITY, OUTLET):
        world.sync(origin)
    world.node(OUTLET, "outlet", ALLIANCE)
    return world


@pytest.fixture
def world(tmp_path):
    made_world = built(tmp_path)
    try:
        yield made_world
    finally:
        made_world.close()


def night(world, *left_out):
    """Everybody files, calls and says how all stand; those left out are not called by anybody below them."""
    world.clock.ahead += DAY_S
    for origin in (OUTLET, NEIGHBOUR):
        world.file(origin, str(world.clock.ahead).encode())
        if (origin, CITY) not in left_out:
            world.sync(origin)
    if (OUTLET, ALLIANCE) not in left_out:
        world.sync(OUTLET, ALLIANCE)
    for origin in (CITY, ALLIANCE):
        manifests.state(world.nodes[origin])
        if origin not in left_out:
            world.sync(origin)
    manifests.state(world.nodes[HUB])
    world.seal_hub()


def alarms(world, at):
    with world.nodes[at].opened() as opened:
        return [(what, origin, detail) for _at, what, origin, detail in opened.store.alarms()]


def rows(world, at, author):
    with world.nodes[at].opened() as opened:
        log = opened.store.log(author)
        held = rollcall.newest(opened.store, log)
        return {one.origin: one for one in map(Row.decode, rollcall.rows_of(opened.store, log, held.index))}


def test_a_manifest_has_a_row_on_everybody_and_the_hub_holds_all_of_them(world):
    night(world)
    for author, children in ((CITY, {OUTLET, NEIGHBOUR}), (ALLIANCE, {OUTLET})):
        assert rows(world, HUB, author) == rows(world, author, author)
        assert set(rows(world, HUB, author)) == children
    assert set(rows(world, HUB, HUB)) == {CITY, ALLIANCE}
    with world.nodes[CITY].opened() as opened:
        log = opened.store.log(OUTLET)
        receipt = opened.store.newest_receipt(log, CITY)
        found = rows(world, HUB, CITY)[OUTLET]
        assert (found.size, found.root, found.receipt_time) == (receipt.size, receipt.root, receipt.time_s)
        assert found.keys == manifest.keys_hash(opened.registry.get(OUTLET).node)
    assert [one for at in (HUB, CITY, ALLIANCE) for one in alarms(world, at)] == []


def test_an_idle_node_and_one_that_never_called_have_rows_as_well(world):
    night(world)
    world.node(f"{CITY}/quiet", "outlet", CITY)
    world.clock.ahead += DAY_S
    assert manifests.state(world.nodes[CITY]) is not None
    found = rows(world, CITY, CITY)
    assert set(found) == {OUTLET, NEIGHBOUR, f"{CITY}/quiet"}
    assert (found[f"{CITY}/quiet"].size, found[f"{CITY}/quiet"].receipt_time) == (0, 0)


def test_a_night_has_one_manifest_unless_it_was_made_before_the_night_began(world):
    node = world.nodes[CITY]
    first = manifests.state(node)
    assert manifests.state(node) is None
    assert manifests.state(node, since_s=node.clock() - 5) is None
    assert manifests.state(node, since_s=node.clock() + 5) > first


def test_each_child_checks_its_row_and_says_so_once(world):
    night(world)
    for origin in (OUTLET, NEIGHBOUR):
        world.sync(origin)
        with world.nodes[origin].opened() as opened:
            held = opened.store.log(CITY)
            checked = ownrow.checked(opened.store, CITY)
            assert 0 < checked <= held.stored
        assert world.sync(origin).calls == 1
    assert [one for at in (OUTLET, NEIGHBOUR) for one in alarms(world, at)] == []


def test_rows_are_brought_once(world):
    night(world)
    world.sync(CITY)  # which fetches what the hub has sealed since
    again = world.sync(CITY)
    assert (again.refused, again.calls) == ([], 1)


# -- a city that leaves an outlet out ---------------------------------------------------------------------------------


def test_a_city_that_leaves_an_outlet_out_is_found_by_the_alliances_manifest(world):
    """The outlet calls both every night; the city drops what it brings, and its manifest says what it has."""
    night(world)
    night(world, (OUTLET, CITY))
    assert alarms(world, HUB) == []  # one night: its line may have been down
    night(world, (OUTLET, CITY))
    ((what, about, detail),) = alarms(world, HUB)
    assert (what, about) == ("left-out", CITY)
    mine, theirs = rows(world, HUB, CITY)[OUTLET].size, rows(world, HUB, ALLIANCE)[OUTLET].size
    assert theirs == mine + 2
    assert OUTLET in detail
    assert f"has {mine} entries" in detail
    assert f"{ALLIANCE} had {mine + 1} the night before" in detail


def test_a_node_that_calls_only_one_of_them_for_a_night_is_no_omission(world):
    night(world)
    night(world, (OUTLET, CITY))
    night(world)
    night(world, (OUTLET, ALLIANCE))
    night(world)
    assert alarms(world, HUB) == []


def stated(world, change):
    """Let the city state a manifest of changed rows, and bring it; return what the hub answers."""
    world.clock.ahead += DAY_S
    node = world.nodes[CITY]
    with node.opened() as opened:
        night_now = manifests.night_of(node, node.clock())
        honest = rollcall._row
        try:
            rollcall._row = lambda store, registry, child, digest: change(honest(store, registry, child, digest))
            rollcall.state(opened.store, opened.own, opened.registry, night_now)
        finally:
            rollcall._row = honest
    return world.sync(CITY)


def test_a_size_that_falls_is_found_above_and_below(world):
    night(world)
    for origin in (OUTLET, NEIGHBOUR):
        world.sync(origin)
    stated(world, lambda row: replace(row, size=1) if row.origin == OUTLET else row)
    (detail,) = [said for what, about, said in alarms(world, HUB) if (what, about) == ("manifest-shrinks", CITY)]
    assert f"says 1 entries of {OUTLET}, the one before said" in detail
    world.sync(OUTLET)
    found = alarms(world, OUTLET)
    assert {(what, about) for what, about, _detail in found} == {("manifest-differs", CITY)}
    assert any("says 1 entries; it gave us a receipt for" in detail for _what, _about, detail in found)
    world.sync(NEIGHBOUR)
    assert alarms(world, NEIGHBOUR) == []


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"root": b"\5" * 32}, "has another root"),
        ({"status": "suspended"}, "says suspended"),
        ({"keys": b"\5" * 32}, "has other keys"),
    ],
)
def test_a_row_that_says_something_else_of_a_child_is_found_by_it(world, changed, said):
    night(world)
    world.sync(NEIGHBOUR)
    stated(world, lambda row: replace(row, **changed) if row.origin == NEIGHBOUR else row)
    world.sync(NEIGHBOUR)
    ((what, about, detail),) = alarms(world, NEIGHBOUR)
    assert (what, about, said in detail) == ("manifest-differs", CITY, True)


def test_a_registration_without_a_row_is_found_above_and_below(world):
    night(world)
    world.sync(NEIGHBOUR)
    with world.nodes[CITY].opened() as opened:
        kept = [one for one in opened.registry.children() if one.origin != NEIGHBOUR]
        raws = [
            rollcall._row(opened.store, opened.registry, one, lambda _origin, _size: bytes(32)).encode() for one in kept
        ]
        said = control.Manifest(20991231, len(raws), manifest.Leaves(raws).root, 0)
        log = opened.own.log
        opened.own.state(said, lambda index: rollcall.keep(opened.store, log, index, said, raws))
    world.sync(CITY)
    assert alarms(world, HUB) == [("manifest-lacks", CITY, f"its manifest of 20991231 has no row on {NEIGHBOUR}")]
    world.sync(NEIGHBOUR)
    ((what, about, _detail),) = alarms(world, NEIGHBOUR)
    assert (what, about) == ("no-row", CITY)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda raws: raws[:1], BadProof),
        (lambda raws: raws[::-1], Malformed),
        (lambda raws: [*raws, raws[-1]], Malformed),
        (lambda raws: [replace(Row.decode(raws[0]), size=9).encode(), *raws[1:]], BadProof),
        (lambda raws: [replace(Row.decode(raws[0]), origin="ip.gd.example/gz/aaa").encode(), *raws[1:]], Malformed),
        (lambda raws: [b"junk"], Malformed),
    ],
    ids=["one-less", "out-of-order", "one-twice", "another-size", "not-registered", "junk"],
)
def test_rows_that_are_not_what_the_entry_states_are_refused_and_nothing_is_kept(world, change, error):
    night(world)
    world.clock.ahead += DAY_S
    city = world.nodes[CITY]
    index = manifests.state(city)
    with city.opened() as opened:
        raws = rollcall.rows_of(opened.store, opened.own.log, index)
    before = rows(world, HUB, CITY)
    with city.channel(city.settings.parents[0]) as channel:
        with pytest.raises(Conflict):  # its entry is not there yet
            Client(channel, HUB).add_manifest(index, raws)
        world.sync(CITY)
        before = rows(world, HUB, CITY)
        with pytest.raises(error):
            Client(channel, HUB).add_manifest(index, change(raws))
        with pytest.raises(Malformed):  # an entry that states no manifest
            Client(channel, HUB).add_manifest(0, raws)
    assert rows(world, HUB, CITY) == before


# -- silence ----------------------------------------------------------------------------------------------------------


def silent(world, at):
    with world.nodes[at].opened() as opened:
        return [(one.origin, one.what) for one in manifests.silent(opened)]


def test_who_has_not_called_for_26_hours_is_named_and_alarmed_once(world):
    night(world)
    assert silent(world, HUB) == silent(world, CITY) == []
    world.clock.ahead += 26.5 * 3600
    world.sync(OUTLET)
    assert silent(world, CITY) == [(NEIGHBOUR, "no-call")]
    for _again in range(2):
        manifests.look(world.nodes[CITY])
    ((what, about, detail),) = alarms(world, CITY)
    assert (what, about, "has not called since" in detail) == ("silent", NEIGHBOUR, True)
    assert silent(world, HUB) == [(CITY, "no-call"), (ALLIANCE, "no-call")]
    said = nodes.lines(nodes.standing(world.nodes[CITY]))
    assert any(line.startswith(f"SILENT: {NEIGHBOUR} has not called for") for line in said)


def test_a_city_that_calls_and_says_nothing_is_named_as_well(world):
    night(world)
    world.clock.ahead += 2 * DAY_S
    world.sync(CITY)
    world.sync(ALLIANCE)
    assert silent(world, HUB) == [(CITY, "no-manifest"), (ALLIANCE, "no-manifest")]


def test_nodes_shows_when_each_called_last(world):
    night(world)
    (city, alliance) = sorted(nodes.listed(world.nodes[HUB]), key=lambda one: one["origin"] == ALLIANCE)
    assert (city["origin"], alliance["origin"]) == (CITY, ALLIANCE)
    assert abs(city["called"] - world.clock()) < 60
    assert city["manifest"] == manifests.night_of(world.nodes[HUB], world.clock())


def test_a_night_is_named_by_the_noon_before_it():
    from datetime import datetime
    from types import SimpleNamespace
    from zoneinfo import ZoneInfo

    node = SimpleNamespace(settings=SimpleNamespace(timezone="Asia/Shanghai"))

    def at(*when):
        return manifests.night_of(node, datetime(*when, tzinfo=ZoneInfo("Asia/Shanghai")).timestamp())

    assert at(2026, 11, 24, 23, 0) == at(2026, 11, 25, 2, 30) == at(2026, 11, 25, 11, 59) == 20261124
    assert at(2026, 11, 25, 12, 0) == 20261125
    assert at(2027, 1, 1, 3, 0) == 20261231


# -- crashes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("takes_effect", [False, True])
def test_a_crash_while_it_is_stated_leaves_entry_and_rows_or_neither(tmp_path, takes_effect):
    written = made.Written(tmp_path / "city", CITY)
    with written.own() as own:
        own.state(made.node(OUTLET))

    def stating(store):
        registry = rollcall.Registry(store, made.the_federation(), CITY)
        return rollcall.state(store, written.own_of(store), registry, 20261124)

    with pytest.raises(made.InjectedFault):
        stating(made.FaultyStore(written.log_db, made.Faults(1, takes_effect)))
    with made.opened(written.log_db) as store:
        log = store.log(CITY)
        assert len(rollcall.held(store, log)) == takes_effect
        assert log.next_entry == 2 + takes_effect
        assert (stating(store) is None) is takes_effect
        assert [len(rollcall.rows_of(store, log, one.index)) for one in rollcall.held(store, log)] == [1]


def test_a_row_has_the_digest_of_what_is_applied_and_the_hub_comes_to_the_same(world):
    world.file(OUTLET, b"a", b"b")
    night(world)
    assert rows(world, CITY, CITY)[OUTLET].digest == manifest.NO_HASH, "nothing is applied yet"
    for origin in (CITY, HUB):
        cataloguing.apply(world.nodes[origin])
    night(world)
    cataloguing.apply(world.nodes[CITY])
    world.clock.ahead += DAY_S
    manifests.state(world.nodes[CITY])
    found = rows(world, CITY, CITY)[OUTLET]
    hub = world.nodes[HUB]
    cataloguing.apply(hub)
    with hub.opened() as opened, cataloguing.catalogue(hub) as catalogue:
        seen = shared(opened.registry, OUTLET, CITY)
        assert found.digest == digests.of(opened.store, catalogue, OUTLET, found.size, seen) != manifest.NO_HASH
