"""Keys stolen from a node below: its home takes them back, and the log goes on under new ones."""

import json
from dataclasses import replace

import pytest

import substation.cli
from node import (
    admission,
    cataloguing,
    doctor,
    enrolment,
    frame,
    membership,
    nightly,
    nodes,
    recovering,
    stands,
    stolen,
)
from node.home import Home
from node.node import Node
from sync import evidence
from sync.chain import NotProved
from sync.errors import BadSignature, NotAllowed, ShutOut
from tests.node import drills
from tests.node.drills import filed, is_once
from tests.node.test_rejoining import confirmed, joined_with, recovery_token
from tests.node.verdict_world import patent
from tests.sync.made import InjectedFault
from tests.world import ALLIANCE, CITY, HUB, OUTLET


@pytest.fixture
def world(world):
    world.hub()
    world.node(CITY, "substation", HUB)
    world.node(OUTLET, "outlet", CITY)
    filed(world, OUTLET, "a", "b")
    drills.night(world, OUTLET, CITY, OUTLET, CITY)
    return world


def thief(world, *titles):
    """Return a node with a copy of the outlet's keys and data that has filed more."""
    copied = drills.copied(world, OUTLET, "stolen")
    made = replace(Node.open(Home(copied)), clock=world.clock)
    with made.opened() as opened:
        opened.own.add([[("federation", drills.record(one, 9))] for one in titles])
    return made


def call(node, parent=CITY):
    return nightly.call(node, next(one for one in node.settings.parents if one.origin == parent))


def taken_back(world, good_until=None):
    with world.nodes[CITY].opened() as opened:
        return stolen.take_back(opened, OUTLET, "入侵", good_until)


def run(world, *words, capfd, code=0, origin=CITY):
    found = frame.run(substation.cli.top, ["--home", str(world.home(origin)), *words, "--json"], {"LANG": "C"})
    out, err = capfd.readouterr()
    assert found == code, err
    return json.loads(out.strip().splitlines()[-1]) if out.strip() else err


def new_keys(world, parent=CITY):
    """Give the outlet new keys in the home that it has, by its home's token and the hub's word."""
    home = world.home(OUTLET)
    (home / "keys").rename(home.with_name("stolen-keys"))
    token = recovery_token(world, OUTLET, parent)
    with pytest.raises(enrolment.WaitsForHub):
        joined_with(world, token, OUTLET)
    drills.night(world, CITY)
    confirmed(world, OUTLET)
    drills.night(world, CITY)
    joined_with(world, token, OUTLET)
    drills.night(world, CITY)


def proved(world, index, holder=HUB):
    with world.nodes[holder].opened() as opened:
        return evidence.verify(evidence.write(opened.store, opened.registry, OUTLET, index), opened.node.federation)


# -- the statement ----------------------------------------------------------------------------------------------------


def test_the_home_takes_keys_back_and_everybody_says_so(world, capfd):
    words = ("node", "revoke", OUTLET, "--stolen", "--reason", "入侵")
    said = run(world, *words, capfd=capfd)
    assert (said["size"], said["way"], said["changed"]) == (3, "recover", True)
    assert run(world, *words, capfd=capfd)["changed"] is False
    assert run(world, *words, "--good-until", "1", capfd=capfd, code=1)["error"] == "TakenBackAlready"
    assert run(world, "node", "resume", OUTLET, "--reason", "x", capfd=capfd, code=1)["error"] == "KeysTakenBack"
    run(world, "node", "revoke", OUTLET, "--good-until", "3", "--reason", "x", capfd=capfd, code=2)
    shown = run(world, "node", "show", OUTLET, capfd=capfd)
    assert (shown["status"], shown["reason"]) == ("suspended", stolen.TAKEN_BACK)
    assert shown["keys_taken_back"] == {"good_until": 3, "way": "recover"}
    frame.run(substation.cli.top, ["--home", str(world.home(CITY)), "node", "show", OUTLET], {"LANG": "zh_CN.UTF-8"})
    out, _err = capfd.readouterr()
    assert "invite --recover" in out
    assert "被盗" in out
    for holder in (CITY, HUB):
        with world.nodes[holder].opened() as opened, pytest.raises(NotAllowed, match="suspended"):
            opened.registry.check_active(OUTLET)
    night = nightly.run(world.nodes[OUTLET])
    assert isinstance(night.failures[CITY], ShutOut)
    (line,) = stands.lines(stands.shown(world.nodes[OUTLET].home, world.nodes[OUTLET]), str)
    assert "被盗" in line  # in the language of the command before
    found = list(doctor.Doctor(world.nodes[OUTLET], {}).examine())
    assert any("被盗" in one.cause for one in found if one.test == "approval")
    drills.night(world, CITY)
    assert [one["status"] for one in nodes.listed(world.nodes[CITY]) if one["origin"] == OUTLET] == ["suspended"]
    assert drills.alarms(world, HUB) == set()
    assert proved(world, 1).index == 1


def test_only_the_home_takes_keys_back_up_to_a_head_that_it_holds(world):
    with world.nodes[HUB].opened() as opened, pytest.raises(stolen.OnlyOwnChildren):
        stolen.take_back(opened, OUTLET, "x")
    with pytest.raises(stolen.NotRecorded) as refused:
        taken_back(world, 2)
    assert refused.value.args[2].split(", ")[-1] == "3"
    with pytest.raises(stolen.NotRecorded):
        taken_back(world, 4)
    with world.nodes[CITY].opened() as opened:
        assert opened.registry.check_active(OUTLET)
    assert taken_back(world, 0).way == stolen.SUCCEED


@pytest.mark.parametrize("takes_effect", [False, True])
def test_a_crash_leaves_the_keys_or_takes_them_back_and_suspends(world, takes_effect, monkeypatch):
    with world.nodes[CITY].opened() as opened:
        before, add = opened.own.log.next_entry, opened.own.add_entries

        def broken(entries, parts):
            if takes_effect:
                add(entries, parts)
            raise InjectedFault(1)

        monkeypatch.setattr(type(opened.own), "add_entries", lambda _own, *given: broken(*given))
        with pytest.raises(InjectedFault):
            stolen.take_back(opened, OUTLET, "x")
        monkeypatch.undo()
        assert opened.own.log.next_entry == before + 2 * takes_effect
        assert (stolen.standing(opened.registry.get(OUTLET)) is not None) == takes_effect
        assert opened.registry.get(OUTLET).node.status == ("suspended" if takes_effect else "active")
    assert taken_back(world).changed is not takes_effect
    with world.nodes[CITY].opened() as opened:
        assert opened.own.log.next_entry == before + 2


# -- the thief, and new keys ------------------------------------------------------------------------------------------


def test_the_thief_signs_nothing_that_counts_and_the_owner_goes_on(world):
    robber = thief(world, "x", "y")
    taken_back(world)
    with pytest.raises(ShutOut):
        call(robber)
    new_keys(world)
    with pytest.raises((ShutOut, BadSignature, NotAllowed)):
        call(robber)
    filed(world, OUTLET, "c", number=2)
    assert nightly.run(world.nodes[OUTLET]).failures
    assert recovering.recover(world.nodes[OUTLET]).size == 3
    drills.night(world, OUTLET, CITY, OUTLET, CITY)
    assert is_once(world, OUTLET, "a b c")
    with world.nodes[CITY].opened() as opened:
        first, last = opened.registry.get(OUTLET).ages
        assert (first.revoked, first.last_good.size, last.over) == (True, 3, False)
        assert membership.stated(opened, OUTLET).status == "active"
    for index in (1, 2, 3):
        assert proved(world, index).index == index


def test_what_the_thief_had_signed_for_is_not_proved(world):
    robber = thief(world, "x")
    call(robber)
    drills.night(world, CITY)
    with world.nodes[HUB].opened() as opened:
        of_the_thief = evidence.write(opened.store, opened.registry, OUTLET, 3)
    assert taken_back(world, 3).way == stolen.SUCCEED
    drills.night(world, CITY)
    assert proved(world, 2).index == 2
    with pytest.raises(NotProved):
        proved(world, 3)
    with world.nodes[HUB].opened() as opened:
        known = evidence.write(opened.store, opened.registry, OUTLET, 2)
    told_of, rest = known.index(b"record "), of_the_thief.index(b"record ")
    with pytest.raises(NotProved, match="its keys have been replaced"):
        evidence.verify(known[:told_of] + of_the_thief[rest:], world.nodes[HUB].federation)
    with pytest.raises(stolen.MustSucceed):
        recovery_token(world, OUTLET, CITY)


def test_an_alliance_takes_nothing_by_stolen_keys_once_it_hears(world):
    world.node(ALLIANCE, "alliance", HUB)
    world.node(OUTLET, "outlet", ALLIANCE)
    world.sync(OUTLET, ALLIANCE)
    drills.night(world, OUTLET, CITY)
    taken_back(world)
    new_keys(world)
    assert nightly.run(world.nodes[OUTLET]).failures  # nothing is signed yet, but what is above is heard
    drills.night(world, ALLIANCE)
    token = admission.invite(world.nodes[ALLIANCE], OUTLET, "outlet", "again", 7)
    joined_with(world, token, OUTLET)
    recovering.recover(world.nodes[OUTLET])
    filed(world, OUTLET, "c", number=2)
    world.sync(OUTLET, ALLIANCE)
    drills.night(world, OUTLET, CITY)
    assert is_once(world, OUTLET, "a b c", OUTLET, CITY, HUB, ALLIANCE)
    with world.nodes[ALLIANCE].opened() as opened:
        assert [one.revoked for one in opened.registry.get(OUTLET).ages] == [True, False]


def titles(world, holder):
    cataloguing.apply(world.nodes[holder])
    with cataloguing.catalogue(world.nodes[holder]) as found:
        rows = found.db.execute("select title from record where state = 'current' and category = 'right'")
        return sorted(title for (title,) in rows)


def test_what_the_thief_filed_is_kept_out_of_every_catalogue(world, capfd):
    world.file(OUTLET, patent(1, title="甲"))
    drills.night(world, OUTLET, CITY)
    robber = thief(world)
    with robber.opened() as opened:
        opened.own.add([[("federation", patent(2, title="乙"))], [("federation", patent(3, title="丙"))]])
    call(robber)
    drills.night(world, CITY)
    for holder in (CITY, HUB):
        assert titles(world, holder) == ["丙", "乙", "甲"]
    words = ("node", "revoke", OUTLET, "--stolen", "--reason", "入侵", "--good-until", "4")
    assert taken_back(world, 4).changed  # as after a crash of the command between its two writes
    assert run(world, *words, capfd=capfd)["kept_out"] == 2
    assert run(world, *words, capfd=capfd)["kept_out"] == 0
    drills.night(world, CITY)
    for holder in (CITY, HUB):
        assert titles(world, holder) == ["甲"]
