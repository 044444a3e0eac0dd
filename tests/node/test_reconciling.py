"""Comparing with the node above over mutual TLS: what is found, kept on both sides, and repaired where it is wrong."""

import json
import sqlite3
from dataclasses import replace
from datetime import UTC, datetime

import grpc
import pytest
from banyan.v1 import reconcile_pb2 as pb
from banyan.v1 import reconcile_pb2_grpc

import outlet.cli
import substation.cli
from catalog.digests import Name
from node import cataloguing, frame, nightly, reconciling, settings
from node.reconcile_client import ReconcileClient
from node.running import add_services
from node.serving import open_doors
from sync import refusals
from sync.errors import Conflict, Malformed, NotAllowed, OverLimit
from tests.node.verdict_world import key, patent
from tests.world import ALLIANCE, CITY, HUB, OTHER_CITY, OUTLET, World


def open_with_reconcile(world, origin):
    world.shut(origin)
    node = world.nodes[origin]
    world.doors[origin] = open_doors(
        node, world.stored.append, lambda origin: None, lambda server: add_services(node, server)
    )


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path)
    made.hub()
    made.node(CITY, "substation", HUB)
    made.node(OUTLET, "outlet", CITY)
    for origin in (HUB, CITY):
        open_with_reconcile(made, origin)
    yield made
    made.close()


def node(world, origin):
    found = world.nodes[origin]
    return replace(found, settings=settings.load(found.home, {}))


def bring(world, *origins):
    for origin in origins:
        world.sync(origin)
    for origin in world.nodes:
        cataloguing.apply(node(world, origin))


def compare(world, origin=OUTLET, repair=False, parent=""):
    child = node(world, origin)
    wanted = parent or child.settings.parents[0].origin
    return reconciling.run(child, next(one for one in child.settings.parents if one.origin == wanted), repair)


def spoil(world, origin, *statements):
    with sqlite3.connect(world.nodes[origin].home.catalog_db) as db:
        for one in statements:
            db.execute(one)


def totals(rows):
    names = ("matched", "different", "missing", "extra")
    return tuple(sum(getattr(one, name) for one in rows) for name in names)


def drifted(found):
    return {(one["key"], one["here"], one["there"]) for one in found.differing}


LOST = f"delete from assertion where record = (select id from record where key = '{key(3)}')"
GONE = f"delete from record where key = '{key(5)}'"


def test_what_was_brought_matches_on_both_sides_from_the_outlet_to_the_hub(world):
    world.file(OUTLET, *(patent(n) for n in range(1, 21)))
    bring(world, OUTLET, CITY, OUTLET)
    for origin, parent in ((OUTLET, CITY), (CITY, HUB)):
        found = compare(world, origin)
        assert totals(found.drift)[1:] == (0, 0, 0)
        of_outlet = {(one.kind, one.matched) for one in found.drift if one.origin == OUTLET}
        assert ("patent_invention", 20) in of_outlet
        assert {one.origin for one in found.drift} >= {OUTLET, CITY, HUB}
        mine, theirs = (
            world.nodes[one].notebook.comparison(other) for one, other in ((origin, parent), (parent, origin))
        )
        assert totals(mine.rows) == totals(theirs.rows) == totals(found.drift)
        assert (mine.found_by, theirs.found_by) == (origin, origin)


@pytest.mark.parametrize(("spoilt", "missing", "extra"), [(OUTLET, 2, 0), (CITY, 0, 2)])
def test_drift_is_found_told_on_both_sides_and_repaired_by_the_side_that_is_wrong(world, spoilt, missing, extra):
    world.file(OUTLET, *(patent(n) for n in range(1, 21)))
    bring(world, OUTLET)
    spoil(world, spoilt, LOST, GONE)
    found = compare(world)
    assert totals(found.drift)[1:] == (0, missing, extra)
    sides = ("absent", "accepted") if missing else ("accepted", "absent")
    assert drifted(found) == {(key(3), *sides), (key(5), *sides)}
    assert totals(world.nodes[CITY].notebook.comparison(OUTLET).rows)[1:] == (0, extra, missing)
    other = CITY if spoilt == OUTLET else OUTLET
    before = _cursor(world, other)
    done = compare(world, repair=True)
    assert totals(done.drift)[1:] == (0, 0, 0)
    assert (done.mended_here, done.mended_there) == ((2, 0) if spoilt == OUTLET else (0, 2))
    assert _cursor(world, other) == before, "the side that is right is left alone"
    for origin, parent in ((OUTLET, CITY), (CITY, OUTLET)):
        assert totals(world.nodes[origin].notebook.comparison(parent).rows)[1:] == (0, 0, 0)


def _cursor(world, origin):
    with cataloguing.catalogue(node(world, origin)) as found:
        return found.cursor()


def test_what_cannot_be_repaired_says_why(world):
    at = world.file(OUTLET, patent(1), patent(2))
    bring(world, OUTLET)
    with world.nodes[CITY].opened() as opened, opened.store.write() as db:
        log = opened.store.log(OUTLET)
        db.execute("delete from part where id = ?", (log.id << 40 | at << 3,))
    spoil(world, CITY, f"delete from assertion where record = (select id from record where key = '{key(1)}')")
    found = compare(world, repair=True)
    (one,) = found.differing
    assert (one["key"], one["here"], one["there"]) == (key(1), "accepted", "absent")
    assert (one["why_here"], one["why_there"]) == ("sound", "waiting")
    world.sync(OUTLET)  # the parent wants the part now
    cataloguing.apply(node(world, CITY))
    assert totals(compare(world).drift)[1:] == (0, 0, 0)


def test_one_that_is_kept_out_on_one_side_only_differs_and_is_not_repaired_away(world):
    world.file(OUTLET, patent(1), patent(2))
    bring(world, OUTLET)
    place = f"(select id from assertion where record = (select id from record where key = '{key(2)}'))"
    spoil(world, CITY, f"insert into quarantine(id, key, findings, batch) select {place}, '{key(2)}', '[]', 1")
    found = compare(world)
    assert drifted(found) == {(key(2), "accepted", "both")}
    assert totals(found.drift)[1:] == (1, 0, 0)


def test_only_what_both_have_applied_is_compared(world):
    world.file(OUTLET, patent(1))
    bring(world, OUTLET)
    world.file(OUTLET, patent(2))
    cataloguing.apply(node(world, OUTLET))
    found = compare(world)
    assert totals(found.drift)[1:] == (0, 0, 0)
    assert sum(one.matched for one in found.drift if one.kind == "patent_invention") == 1


def test_what_the_parent_may_not_see_is_not_compared(world):
    world.file(OUTLET, patent(1))
    world.file(OUTLET, patent(2), audience="alliance:abcd1234")
    bring(world, OUTLET)
    found = compare(world)
    assert totals(found.drift)[1:] == (0, 0, 0)
    assert sum(one.matched for one in found.drift if one.kind == "patent_invention") == 1


def test_an_alliance_is_compared_with_too(world):
    world.node(ALLIANCE, "alliance", HUB)
    open_with_reconcile(world, ALLIANCE)
    bring(world, CITY, OUTLET)
    world.node(OUTLET, "outlet", ALLIANCE)
    world.file(OUTLET, patent(1))
    for parent in (CITY, ALLIANCE):
        world.sync(OUTLET, parent)
    bring(world)
    found = compare(world, parent=ALLIANCE)
    assert totals(found.drift)[1:] == (0, 0, 0)
    assert [one.matched for one in found.drift if one.origin == OUTLET] == [1]


def test_a_parent_may_ask_for_it_and_it_is_done_at_the_next_call_once(world):
    world.file(OUTLET, patent(1))
    bring(world, OUTLET)
    assert reconciling.ask(world.nodes[CITY], OUTLET, repair=True) is None
    child = node(world, OUTLET)
    night = nightly.run(child)
    assert reconciling.asked_for(child, night) == [(child.settings.parents[0], True)]
    spoil(world, OUTLET, GONE.replace(key(5), key(1)))
    reconciling.after_session(child, night, lambda: 60.0, _Never())
    assert totals(world.nodes[CITY].notebook.comparison(OUTLET).rows)[1:] == (0, 0, 0)
    assert reconciling.asked_for(child, nightly.run(child)) == []


class _Never:
    def is_set(self):
        return False


@pytest.mark.parametrize("who", [HUB, OTHER_CITY, CITY])
def test_only_a_child_can_be_asked(world, who):
    with pytest.raises(reconciling.NotComparable):
        reconciling.ask(world.nodes[CITY], who, repair=False)


# -- at the door ------------------------------------------------------------------------------------------------------


def client(world, origin=OUTLET):
    child = node(world, origin)
    return child.channel(child.settings.parents[0]), child.settings.parents[0].origin


def test_a_child_hears_nothing_of_logs_that_it_may_not_have(world):
    world.file(OUTLET, patent(1))
    bring(world, OUTLET)
    channel, parent = client(world)
    with channel:
        found = ReconcileClient(channel, parent).digests([(OTHER_CITY, 5), ("ip.gd.example/gz/other", 5), (OUTLET, 1)])
        assert [one.reason for one in found] == ["not-above-you", "not-above-you", ""]
        side = ReconcileClient(channel, parent).side(OTHER_CITY, 1)
        with pytest.raises(NotAllowed):
            side.buckets()


def test_a_suspended_and_a_revoked_child_are_refused_at_this_door_too_whatever_they_ask(world):
    world.file(OUTLET, patent(1))
    bring(world, OUTLET)
    channel, parent = client(world)
    with channel:
        one = ReconcileClient(channel, parent)
        (found,) = one.digests([(OUTLET, 1000)])
        side, names = one.side(OUTLET, found.size), [Name("patent_invention", "2017-10", "")]
        asked = (
            lambda: one.digests([(OUTLET, 1)]),
            side.buckets,
            lambda: side.split(names),
            lambda: side.rows(names),
            lambda: one.mend(OUTLET, [0]),
            lambda: one.report([]),
        )
        for status in ("suspended", "revoked"):
            with world.nodes[CITY].opened() as opened:
                known = opened.registry.get(OUTLET).node
                opened.own.state(replace(known, status=status, reason="test"))
            for ask in asked:  # over the line that was open before
                with pytest.raises(NotAllowed) as refused:
                    ask()
                assert refused.value.reason == status


def test_what_is_asked_for_is_read_strictly(world):
    world.file(OUTLET, *(patent(n) for n in range(1, 80)))
    bring(world, OUTLET)
    channel, parent = client(world)
    with channel:
        one = ReconcileClient(channel, parent)
        (found,) = one.digests([(OUTLET, 1000)])
        (bucket,) = [bucket for bucket in one.side(OUTLET, found.size).buckets() if bucket[0] == "patent_invention"]
        with pytest.raises(Conflict):
            one.side(OUTLET, found.size + 1).buckets()
        node_ = pb.NodesRequest.Node(kind=bucket[0], month=bucket[1])
        stub = reconcile_pb2_grpc.ReconcileStub(channel)

        def refused(call, **given):
            with pytest.raises(grpc.RpcError) as error:
                call(pb.NodesRequest(origin=OUTLET, size=found.size, **given), timeout=30)
            return type(refusals.understood(error.value, parent))

        assert refused(stub.Rows, nodes=[node_]) is OverLimit
        assert refused(stub.Split, nodes=[node_] * 65) is OverLimit
        node_.prefix = "xyz"
        assert refused(stub.Split, nodes=[node_]) is Malformed


# -- the command ------------------------------------------------------------------------------------------------------


def ran(capfd, program, world, origin, *arguments):
    code = frame.run(program, [*arguments, "--home", str(world.nodes[origin].home.path), "--lang", "en"], {})
    out, err = capfd.readouterr()
    return code, out, err


def test_the_command_shows_drift_on_both_sides_and_repairs_it(world, capfd):
    world.file(OUTLET, *(patent(n) for n in range(1, 21)))
    bring(world, OUTLET)
    spoil(world, OUTLET, LOST, GONE)
    code, out, _err = ran(capfd, outlet.cli.top, world, OUTLET, "reconcile", "gz")
    assert code == 1
    assert f"{CITY}: 19 matched, 0 different, 2 missing here, 0 extra here." in out
    assert f"{key(5)}: here absent, there accepted" in out
    code, out, _err = ran(capfd, outlet.cli.top, world, OUTLET, "status")
    assert f"DRIFT: compared with {CITY}, 0 different, 2 missing here, 0 extra here." in out
    code, out, _err = ran(capfd, substation.cli.top, world, CITY, "nodes", "--json")
    assert {row["origin"]: row["drift"] for row in json.loads(out)} == {OUTLET: 2}
    code, out, _err = ran(capfd, substation.cli.top, world, CITY, "reconcile", "gz/scut", "--repair", "--json")
    answer = json.loads(out)
    assert (code, answer["missing"], answer["extra"], answer["asked"]) == (1, 0, 2, True)
    code, out, _err = ran(capfd, outlet.cli.top, world, OUTLET, "sync")
    assert f"{CITY}: 21 matched, 0 different, 0 missing here, 0 extra here." in out
    code, out, _err = ran(capfd, substation.cli.top, world, CITY, "reconcile", "gz/scut")
    assert code == 0
    code, out, _err = ran(capfd, outlet.cli.top, world, OUTLET, "status")
    assert "DRIFT" not in out


@pytest.mark.parametrize(("chosen", "matched"), [(("--kind", "patent_invention"), 19), (("--kind", "trademark"), 0)])
def test_the_command_shows_one_kind_or_month(world, capfd, chosen, matched):
    world.file(OUTLET, *(patent(n) for n in range(1, 21)))
    bring(world, OUTLET)
    spoil(world, OUTLET, GONE)
    code, out, _err = ran(capfd, outlet.cli.top, world, OUTLET, "reconcile", CITY, *chosen, "--json")
    answer = json.loads(out)
    assert (code, answer["matched"], answer["missing"]) == (int(matched > 0), matched, int(matched > 0))
    assert len(answer["entries"]) == int(matched > 0)
    month = datetime.now(UTC).strftime("%Y-%m")
    for asked, count in ((month, 1), ("1999-01", 0)):
        _code, out, _err = ran(capfd, outlet.cli.top, world, OUTLET, "reconcile", CITY, "--month", asked, "--json")
        assert json.loads(out)["missing"] == count


def test_who_may_only_look_repairs_nothing(world, capfd):
    world.file(OUTLET, *(patent(n) for n in range(1, 21)))
    bring(world, OUTLET)
    spoil(world, OUTLET, GONE)
    found = settings.load(world.nodes[OUTLET].home, {})
    settings.save(world.nodes[OUTLET].home, replace(found, people={"nobody": settings.Person("x", "operator")}))
    code, _out, err = ran(capfd, outlet.cli.top, world, OUTLET, "reconcile", CITY, "--repair")
    assert (code, "needs operator" in err) == (1, True)
    assert totals(compare(world).drift)[1:] == (0, 1, 0)
