"""A night between real nodes over mutual TLS: the same numbers on both sides, who may find what, and undoing."""

from dataclasses import replace

import pytest

from catalog import search, views
from deploy import madeup
from node import admission, amendments, cataloguing, enrolment, intake, nodes, relay, settings
from node.home import Home
from node.intake import DEFAULT, Choice
from node.relay import SearchService
from node.serving import open_doors
from outlet import filing
from sync import control
from sync.errors import SyncError
from tests.world import ALLIANCE, CITY, HUB, OTHER_CITY, OTHER_OUTLET, OUTLET

FILED, ON_PATH, OF_ALLIANCE = 30, 7, 5
EVERY = search.Query(words="虚构数据")  # every abstract ends with it


class Night:
    """The world of these tests: two cities and an alliance; OUTLET belongs to its city and to the alliance."""

    def __init__(self, world):
        self.world = world
        world.hub()
        for origin, role in ((CITY, "substation"), (OTHER_CITY, "substation"), (ALLIANCE, "alliance")):
            world.node(origin, role, HUB)
        world.node(OUTLET, "outlet", CITY)
        world.node(OTHER_OUTLET, "outlet", OTHER_CITY)
        self.sync(CITY, OUTLET)  # the city signs the registration; the outlet fetches the proof of it
        token = admission.invite(world.nodes[ALLIANCE], OUTLET, "outlet", "会员", 7)
        enrolment.join(Home(world.home(OUTLET)), token, "会员")
        for origin in (HUB, CITY, OTHER_CITY, ALLIANCE):
            self._search_at(origin)

    def node(self, origin):
        node = self.world.nodes[origin]
        return replace(node, settings=settings.load(node.home, {}))

    def _search_at(self, origin):
        """Open a node's doors again, with the search that `serve` adds to them."""
        self.world.shut(origin)
        node = self.node(origin)

        def add(server):
            relay.search_pb2_grpc.add_SearchServicer_to_server(SearchService(node), server)

        self.world.doors[origin] = open_doors(node, self.world.stored.append, lambda origin: None, add)

    def sync(self, *origins):
        for origin in origins:
            for parent in self.node(origin).settings.parents:
                self.world.sync(origin, parent.origin)

    def night(self):
        """Everyone calls, outlets first and last; then every catalogue follows."""
        outlets = (OUTLET, OTHER_OUTLET)
        self.sync(*outlets, CITY, OTHER_CITY, ALLIANCE, *outlets)
        for origin in (HUB, CITY, OTHER_CITY, ALLIANCE, *outlets):
            cataloguing.apply(self.node(origin))

    def file(self, origin, outlet, count, choice=DEFAULT):
        path = self.world.path / f"{outlet}.csv"
        madeup.write_csv(path, madeup.made_up(1, outlet, count))
        return intake.take_file(self.node(origin), path, "tester", choice)

    def here(self, origin, view=views.FULL):
        """How many records a node finds in its own catalogue."""
        with cataloguing.catalogue(self.node(origin)) as found:
            return search.find(found, EVERY, view).total

    def asked(self, origin, scope, parent=""):
        """How many records an outlet finds at its first, or its named, parent, or through it at the hub."""
        node = self.node(origin)
        parents = sorted(node.settings.parents, key=lambda one: one.origin != parent)
        answer = relay.find(replace(node, settings=replace(node.settings, parents=tuple(parents))), scope, EVERY)
        assert len(answer.hits) == min(answer.total, EVERY.limit)
        return answer.total

    def alliance_audience(self):
        with self.node(ALLIANCE).opened() as opened:
            return f"alliance:{opened.registry.get(ALLIANCE).node.alliance_id}"

    def held(self, origin, log):
        with self.node(origin).opened() as opened:
            return opened.store.log(log).stored


@pytest.fixture
def night(world):
    return Night(world)


def test_both_sides_of_a_night_tell_the_same_numbers(night):
    done = night.file(OUTLET, 1, FILED)
    night.night()
    standing = nodes.standing(night.node(OUTLET))
    size = standing["log"]["entries"]
    assert (size, done.last) == (2 + FILED + 1, 2 + FILED), "genesis, who imported, records, for the alliance"
    assert {one["origin"]: (one["received"], one["missing_above"]) for one in standing["parents"]} == {
        CITY: (size, 0),
        ALLIANCE: (size, 0),
    }
    for parent in (CITY, ALLIANCE):
        listed = {one["origin"]: one for one in nodes.listed(night.node(parent))}
        assert listed[OUTLET]["entries"] == size
    tiers = filing.receipt(night.node(OUTLET), done)["tiers"]
    assert {(one["tier"], one["entries"]) for one in tiers} == {
        ("substation", size),
        ("alliance", size),
        ("hub", size),
    }
    assert len({one["root"] for one in tiers}) == 1
    for origin in (HUB, CITY, ALLIANCE, OUTLET):
        catalogue = nodes.standing(night.node(origin))["catalogue"]
        assert (catalogue["rights"], catalogue["entries_behind"], catalogue["records_behind"]) == (FILED, 0, 0)


def test_a_record_for_its_path_only_is_found_there_and_by_nobody_else(night):
    night.file(OUTLET, 1, FILED)
    night.file(OUTLET, 2, ON_PATH, Choice("path"))
    night.night()
    assert [night.here(one) for one in (OUTLET, CITY, HUB)] == [FILED + ON_PATH] * 3
    assert night.here(HUB, views.OPEN) == FILED
    assert night.asked(OTHER_OUTLET, "province") == FILED
    assert night.asked(OTHER_OUTLET, "city") == 0  # its own city has nothing of the other
    assert night.asked(OUTLET, "city") == night.asked(OUTLET, "province") == FILED


def test_parts_of_an_alliance_are_found_at_the_alliance_by_its_members(night):
    night.file(OUTLET, 1, FILED)
    night.file(OUTLET, 3, OF_ALLIANCE, Choice(night.alliance_audience()))
    night.night()
    assert night.here(ALLIANCE) == FILED + OF_ALLIANCE
    assert night.asked(OUTLET, "city", ALLIANCE) == FILED + OF_ALLIANCE
    assert night.asked(OUTLET, "province", ALLIANCE) == FILED  # through the alliance, as any other question
    assert night.asked(OUTLET, "city", CITY) == night.asked(OTHER_OUTLET, "province") == FILED
    assert night.here(HUB) == FILED  # the hub has the entries, and none of the alliance's parts


def test_who_is_no_member_any_more_is_refused_at_the_alliance(night):
    night.file(OUTLET, 1, FILED)
    night.night()
    assert night.asked(OUTLET, "city", ALLIANCE) == FILED
    with night.node(ALLIANCE).opened() as opened:
        opened.own.state(control.Member(OUTLET, "suspended", "fees"))
    night.sync(ALLIANCE)  # signs it
    with pytest.raises(SyncError, match="member-suspended"):
        night.asked(OUTLET, "city", ALLIANCE)
    assert night.asked(OUTLET, "city", CITY) == FILED


def test_an_undone_import_is_gone_everywhere_and_travels_as_that_many_entries(night):
    night.file(OUTLET, 1, FILED)
    later = night.file(OUTLET, 4, 11)
    night.night()
    assert night.here(HUB) == FILED + 11
    before = night.held(HUB, OUTLET)
    undone = amendments.undo(night.node(OUTLET), later.number, "tester")
    assert (undone.sealed, undone.undoes) == (11, later.number)
    night.night()
    assert night.held(HUB, OUTLET) - before == 11 + 1, "and who undid it"
    for origin in (HUB, CITY, ALLIANCE, OUTLET):
        assert night.here(origin) == FILED
        catalogue = nodes.standing(night.node(origin))["catalogue"]
        assert (catalogue["rights"], catalogue["tombstones"]) == (FILED, 11)
    assert night.asked(OTHER_OUTLET, "province") == FILED


def test_the_same_file_again_moves_nothing(night):
    night.file(OUTLET, 1, FILED)
    night.night()
    before = night.held(HUB, OUTLET)
    again = night.file(OUTLET, 1, FILED)
    assert (again.sealed, again.unchanged) == (0, FILED)
    night.night()
    assert night.held(HUB, OUTLET) == before
