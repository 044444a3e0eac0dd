"""A log that cannot go on is followed by another one: the home states it, the hub confirms, the node joins anew."""

import json
from collections import Counter
from dataclasses import replace

import pytest

import hub.cli
import substation.cli
from node import admission, enrolment, frame, membership, stolen, succeeding, verify
from node.home import Home
from node.node import Node
from sync import control, evidence
from sync.bundles import Bundles
from sync.errors import Fork, NeedsRecovery, NotAllowed
from tests.node import drills
from tests.node.drills import filed
from tests.sync.made import InjectedFault
from tests.world import CITY, HUB, OUTLET

NEXT = f"{OUTLET}.g2"


@pytest.fixture
def world(world):
    world.hub()
    world.node(CITY, "substation", HUB)
    world.node(OUTLET, "outlet", CITY)
    filed(world, OUTLET, "a", "b")
    drills.night(world, OUTLET, CITY, OUTLET, CITY)
    return world


def forked(world):
    """Let the outlet sign two branches: it goes on from an old copy of all that it had."""
    drills.copied(world, OUTLET)
    filed(world, OUTLET, "c", number=2)
    drills.night(world, OUTLET, CITY)
    drills.put_back(world, OUTLET, drills.LOG, drills.LOCK, drills.NOTES)
    filed(world, OUTLET, "d", number=2)
    with world.nodes[OUTLET].opened() as opened, world.nodes[OUTLET].lock() as lock:
        opened.own.seal(lock)
    for _night in range(2):
        with pytest.raises((Fork, NotAllowed, NeedsRecovery)):
            world.sync(OUTLET)
    drills.night(world, CITY)
    for holder in (CITY, HUB):
        with world.nodes[holder].opened() as opened:
            assert opened.store.log(OUTLET).frozen


def succeeded(world, good_until=None, origin=OUTLET):
    with world.nodes[CITY].opened() as opened:
        return succeeding.succeed(opened, origin, good_until)


def run(top, world, origin, *words, capfd, code=0):
    found = frame.run(top, ["--home", str(world.home(origin)), *words, "--json"], {"LANG": "C"})
    out, err = capfd.readouterr()
    assert found == code, err
    return json.loads(out.strip().splitlines()[-1]) if out.strip() else err


def joined(world, name=NEXT):
    token = admission.invite(world.nodes[CITY], name, "outlet", "again", 7)
    enrolment.join(Home(world.home(name)), token, "again")
    world.nodes[name] = replace(Node.open(Home(world.home(name))), clock=world.clock)


def test_a_forked_log_ends_and_another_one_goes_on(world, capfd, tmp_path):
    forked(world)
    said = run(substation.cli.top, world, CITY, "node", "succeed", OUTLET, "--reason", "分叉", capfd=capfd)
    assert (said["successor"], said["size"], said["state"], said["changed"]) == (NEXT, 4, "stated", True)
    again = run(substation.cli.top, world, CITY, "node", "succeed", OUTLET, "--reason", "分叉", capfd=capfd)
    assert again["changed"] is False
    with pytest.raises(succeeding.NotConfirmed):
        joined(world)
    shown = run(hub.cli.top, world, HUB, "confirm", NEXT, capfd=capfd)
    assert (shown["old"], shown["size"], shown["held"]) == (OUTLET, 4, 4)
    assert (shown["more"], shown["differs"], shown["confirmed"]) == (False, False, False)
    assert run(hub.cli.top, world, HUB, "confirm", NEXT, "--reason", "已核对", capfd=capfd)["confirmed"]
    drills.night(world, CITY)
    joined(world)
    drills.night(world, CITY)
    filed(world, NEXT, "e")
    drills.night(world, NEXT, CITY, NEXT)
    with world.nodes[HUB].opened() as opened:
        old, new = opened.store.log(OUTLET), opened.store.log(NEXT)
        assert (old.stored, bool(old.frozen), new.stored, new.frozen) == (4, True, 2, "")
        genesis = control.decode(control.body_of(Bundles(opened.store, new).entries(0, 1)[0]))
        assert (genesis.old, genesis.size) == (OUTLET, 4)
        assert genesis.root == Bundles(opened.store, old).root(4)
        assert opened.registry.successor(OUTLET) == NEXT
        assert opened.registry.log_keys(NEXT) != opened.registry.log_keys(OUTLET)
        for origin, index in ((OUTLET, 3), (NEXT, 1)):
            raw = evidence.write(opened.store, opened.registry, origin, index)
            assert evidence.verify(raw, opened.node.federation).origin == origin
        (tmp_path / "e.evidence").write_bytes(raw)
        steps = evidence.examine(raw, opened.node.federation).held
    assert [one.facts["old"] for one in steps if one.what == "successor"] == [OUTLET]
    assert drills.records(world, HUB, OUTLET) + drills.records(world, HUB, NEXT) == Counter("abce")
    assert run(substation.cli.top, world, CITY, "node", "show", OUTLET, capfd=capfd)["succeeded_by"] == {
        "successor": NEXT,
        "size": 4,
        "state": "registered",
    }
    root = world.home(HUB) / "federation.root"
    code = frame.run(verify.top, [str(tmp_path / "e.evidence"), "--root", str(root), "--lang", "en"], {})
    out, _err = capfd.readouterr()
    assert code == 0
    assert f"{NEXT} goes on where {OUTLET} ended, at 4 entries" in out
    assert out.strip().endswith("PROVED.")


def test_the_log_of_stolen_keys_that_signed_too_much_ends_where_they_were_good(world):
    filed(world, OUTLET, "x")
    drills.night(world, OUTLET, CITY)
    with world.nodes[CITY].opened() as opened:
        assert stolen.take_back(opened, OUTLET, "入侵", 3).way == stolen.SUCCEED
    with pytest.raises(stolen.TakenBackAlready):
        succeeded(world, 4)
    found = succeeded(world)
    assert (found.successor, found.size, found.state) == (NEXT, 3, succeeding.STATED)
    with pytest.raises(succeeding.SucceededAlready):
        succeeded(world, 4)
    drills.night(world, CITY)


def test_only_a_home_ends_the_log_of_one_without_nodes_below(world):
    with world.nodes[HUB].opened() as opened:
        with pytest.raises(stolen.OnlyOwnChildren):
            succeeding.succeed(opened, OUTLET)
        with pytest.raises(succeeding.HasNodesBelow):
            succeeding.succeed(opened, CITY)
    with pytest.raises(stolen.NotRecorded):
        succeeded(world, 2)
    assert succeeded(world).size == 3
    with world.nodes[CITY].opened() as opened, pytest.raises(succeeding.SucceededAlready):
        membership.check(opened, OUTLET, "resume", "x")


@pytest.mark.parametrize("takes_effect", [False, True])
def test_a_crash_leaves_the_log_or_ends_it(world, takes_effect, monkeypatch):
    with world.nodes[CITY].opened() as opened:
        add = opened.own.add_entries

        def broken(entries, parts):
            if takes_effect:
                add(entries, parts)
            raise InjectedFault(1)

        monkeypatch.setattr(type(opened.own), "add_entries", lambda _own, *given: broken(*given))
        with pytest.raises(InjectedFault):
            succeeding.succeed(opened, OUTLET)
        monkeypatch.undo()
        assert (succeeding.of(opened, OUTLET) is not None) == takes_effect
        assert opened.registry.get(OUTLET).node.status == ("suspended" if takes_effect else "active")
    found = succeeded(world)
    assert (found.successor, found.changed) == (NEXT, not takes_effect)
