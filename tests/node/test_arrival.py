"""A node that the hub has moved finds its new home by itself, believes the hub's word alone, and loses nothing."""

import contextlib
import json
import threading
from dataclasses import replace
from functools import partial

import pytest

import hub.cli
import substation.cli
from node import arrival, asking, frame, keyfiles, moving, nightly, nodes, rotating, settings, stands
from node.home import Home
from node.node import Node
from node.running import Running
from sync import control, evidence, rollcall
from sync.door import Door, meta_of
from sync.errors import NotAllowed, Refused
from sync.registry import Registry
from tests.sync.made import InjectedFault
from tests.world import ALLIANCE, CITY, HUB, OTHER_CITY, OUTLET


@pytest.fixture
def filed(world):
    """Two cities and an alliance; an outlet below the first, and a member, that has filed what is at the hub."""
    world.hub()
    for city in (CITY, OTHER_CITY):
        world.node(city, "substation", HUB)
    world.node(ALLIANCE, "alliance", HUB)
    world.node(OUTLET, "outlet", CITY)
    for number in range(5):
        world.file(OUTLET, b'{"n":%d}' % number)
    world.sync(CITY)
    night(world)
    world.sync(CITY)
    world.sync(OTHER_CITY)  # it tells the hub where it lets others in
    world.node(OUTLET, "outlet", ALLIANCE)
    night(world)
    return world


def night(world, node=OUTLET):
    opened = replace(Node.open(Home(world.home(node))), clock=world.clock)
    world.nodes[node] = opened
    return nightly.run(opened)


def move(world, home=OTHER_CITY):
    with world.nodes[HUB].opened() as opened:
        index = moving.move(opened, OUTLET, home)
    world.seal_hub()
    return index


def said(world):
    """Return what the hub said last of where the outlet belongs."""
    with world.nodes[HUB].opened() as opened:
        _index, raw = moving.statement_of(opened.store, opened.registry, "home", OUTLET)
        return control.decode(control.body_of(raw))


def parents(world):
    return [one.origin for one in settings.load(Home(world.home(OUTLET)), {}).parents]


def standing(world):
    node = world.nodes[OUTLET]
    return {one["parent"]: one["state"] for one in stands.shown(node.home, node)}


def held(world, at):
    with world.nodes[at].opened() as opened:
        log = opened.store.log(OUTLET)
        return log.stored if log else 0


def alarms(world, *at):
    found = []
    for one in at:
        with world.nodes[one].opened() as opened:
            found += [(what, origin, detail) for _at, what, origin, detail in opened.store.alarms()]
    return found


def test_a_moved_node_arrives_by_itself_and_its_alliance_takes_its_new_registration_by_proof(filed):
    before = settings.load(Home(filed.home(OUTLET)), {})
    move(filed)
    for one in (CITY, OTHER_CITY, ALLIANCE):
        filed.sync(one)
    filed.file(OUTLET, b'{"n":9}')
    done = night(filed)
    assert [one.parent for one in done.reports] == [OTHER_CITY]
    assert done.reports[0].receipts
    assert {parent: str(error.args[1]) for parent, error in done.failures.items()} == {ALLIANCE: "moving"}
    assert parents(filed) == [OTHER_CITY, ALLIANCE], "the home stands first"
    kept = Home(filed.home(OUTLET)).settings_file.with_name(settings.BEFORE_MOVE)
    assert kept.read_text("utf-8").count("origin = ") == 1 + len(before.parents)
    assert standing(filed) == {CITY: arrival.AWAY, OTHER_CITY: "active", ALLIANCE: "moving"}
    assert arrival.due(filed.nodes[OUTLET]) is None
    filed.sync(OTHER_CITY)  # what it says of the outlet is under a head, and its entries are at the hub
    whole = held(filed, OTHER_CITY)
    assert held(filed, HUB) == whole > held(filed, CITY)
    done = night(filed)
    assert not done.failures
    assert held(filed, ALLIANCE) == whole, "by both routes again"
    assert standing(filed) == {CITY: arrival.AWAY, OTHER_CITY: "active", ALLIANCE: "active"}
    assert not night(filed).failures
    with filed.nodes[ALLIANCE].opened() as opened:
        assert opened.registry.get(OUTLET).home == OTHER_CITY


def test_no_manifest_of_the_city_before_names_it_and_nobody_is_alarmed_for_it(filed):
    for night_number, city in enumerate((CITY, OTHER_CITY), 20261101):
        state(filed, city, night_number)
    night(filed)
    move(filed)
    for one in (CITY, OTHER_CITY, ALLIANCE):
        filed.sync(one)
    night(filed)
    filed.file(OUTLET, b'{"n":9}')
    night(filed)
    for number in (20261110, 20261111):
        for city in (CITY, OTHER_CITY):
            state(filed, city, number)
        night(filed)
    (row,) = [one for one in nodes.listed(filed.nodes[CITY]) if one["origin"] == OUTLET]
    assert (row["status"], nodes.status_said(row)) == ("moved", f"moved to {OTHER_CITY}")
    rows = {city: rows_at_hub(filed, city) for city in (CITY, OTHER_CITY)}
    assert rows == {CITY: [], OTHER_CITY: [OUTLET]}
    with filed.nodes[HUB].opened() as opened:
        assert rollcall.left_out(opened.store, opened.registry) == []
    assert alarms(filed, HUB, CITY, OTHER_CITY, OUTLET) == []


def state(world, city, number):
    with world.nodes[city].opened() as opened:
        rollcall.state(opened.store, opened.own, opened.registry, number)
    world.sync(city)
    world.sync(city)  # rows are brought once the entry has its receipt


def rows_at_hub(world, city):
    with world.nodes[HUB].opened() as opened:
        log = opened.store.log(city)
        newest = rollcall.newest(opened.store, log)
        return [rollcall.Row.decode(one).origin for one in rollcall.rows_of(opened.store, log, newest.index)]


def test_until_the_new_home_can_be_reached_and_has_heard_of_it_each_night_tries_again(filed):
    move(filed)
    filed.sync(CITY)
    size = filed.file(OUTLET, b'{"n":9}') + 1
    found = night(filed).failures
    assert isinstance(found[OTHER_CITY], arrival.NotHeard)
    assert isinstance(found[CITY], NotAllowed)
    filed.shut(OTHER_CITY)
    night(filed)
    assert parents(filed) == [CITY, ALLIANCE]
    assert standing(filed) == {CITY: "moved", OTHER_CITY: arrival.ARRIVING, ALLIANCE: "active"}
    (line,) = [one for one in stands.lines(stands.shown(filed.nodes[OUTLET].home, filed.nodes[OUTLET]), str)
               if OTHER_CITY in one]  # fmt: skip
    assert "every night" in line
    filed.open(OTHER_CITY)
    filed.sync(OTHER_CITY)
    assert night(filed).reports
    assert parents(filed) == [OTHER_CITY, ALLIANCE]
    assert held(filed, OTHER_CITY) >= size


def test_what_was_filed_before_stays_provable_on_the_way(filed):
    """No home speaks for it just now: what the one before said, and the hub's word on that, is the proof."""
    move(filed)
    filed.sync(CITY)
    for at in (HUB, CITY):
        with filed.nodes[at].opened() as opened:
            assert opened.registry.find(OUTLET) is None
            raw = evidence.write(opened.store, opened.registry, OUTLET, 2)
        proved = evidence.verify(raw, filed.nodes[HUB].federation)
        assert (proved.origin, proved.index) == (OUTLET, 2)
        assert next(one.home for one in proved.chain if one.node.origin == OUTLET) == CITY


def test_an_alliance_tells_of_the_move_where_the_city_before_is_gone(filed):
    filed.shut(CITY)
    move(filed)
    for one in (OTHER_CITY, ALLIANCE):
        filed.sync(one)
    done = night(filed)
    assert [one.parent for one in done.reports] == [OTHER_CITY]
    assert parents(filed) == [OTHER_CITY, ALLIANCE]


def test_who_answers_there_and_is_not_whom_the_hub_named_gets_nothing(filed):
    listening = settings.load(Home(filed.home(CITY)), {}).join_address
    shas = {one: moving.own_door(filed.nodes[one]).authority for one in (CITY, OTHER_CITY)}
    with filed.nodes[HUB].opened() as opened, opened.store.write():
        opened.store.set_meta(meta_of(OTHER_CITY), Door(listening, shas[OTHER_CITY]).encode())
    move(filed)
    for one in (CITY, OTHER_CITY):
        filed.sync(one)
    assert isinstance(night(filed).failures[OTHER_CITY], asking.OtherAuthority)
    with filed.nodes[HUB].opened() as opened:
        opened.own.state(
            control.Home(OUTLET, OTHER_CITY, listening, shas[CITY])
        )  # it is the one named, of another node
    filed.seal_hub()
    filed.sync(CITY)
    assert isinstance(night(filed).failures[OTHER_CITY], asking.OtherAuthority)
    assert parents(filed) == [CITY, ALLIANCE]
    assert asking.waiting(Home(filed.home(OUTLET))) == {}
    filed.sync(OTHER_CITY)  # says where it is, and the hub's operator runs `node move` once more
    first = move(filed)
    assert said(filed).door == moving.own_door(filed.nodes[OTHER_CITY])
    assert move(filed) == first, "and that once"
    filed.sync(CITY)
    assert night(filed).reports
    assert parents(filed) == [OTHER_CITY, ALLIANCE]
    assert move(filed) == first


def test_a_home_that_never_said_where_it_is_must_be_joined_by_hand(filed):
    with filed.nodes[HUB].opened() as opened, opened.store.write():
        opened.store.set_meta(meta_of(OTHER_CITY), b"")
    move(filed)
    assert said(filed).door is None
    for one in (CITY, OTHER_CITY):
        filed.sync(one)
    assert isinstance(night(filed).failures[OTHER_CITY], arrival.NoDoorKnown)


def test_from_the_command_to_a_node_at_work_whose_keys_have_changed(filed, capsys):
    outlet = filed.nodes[OUTLET]
    rotating.rotate(outlet, ["log"], partial(nightly.call, outlet))
    filed.sync(CITY)
    assert not night(filed).failures
    working = Running(filed.nodes[OUTLET])  # as `serve` began before anybody thought of moving
    command = ["node", "move", OUTLET, "--reason", "迁址", "--home", str(filed.home(HUB)), "--to"]
    for wrong, code in ((OUTLET, 1), (ALLIANCE, 1)):
        assert frame.run(hub.cli.top, [*command, wrong], {"LANG": "C"}) == code
    assert frame.run(hub.cli.top, command[:-1], {"LANG": "C"}) == 2
    capsys.readouterr()
    assert frame.run(hub.cli.top, [*command, OTHER_CITY, "--lang", "en"], {"LANG": "C"}) == 0
    assert "goes there by itself" in " ".join(capsys.readouterr().out.split())
    assert frame.run(hub.cli.top, [*command, OTHER_CITY, "--lang", "zh"], {"LANG": "C"}) == 0
    assert "自行转到那里" in capsys.readouterr().out
    assert frame.run(hub.cli.top, [*command, OTHER_CITY, "--json"], {"LANG": "C"}) == 0
    assert json.loads(capsys.readouterr().out)["door"] == said(filed).join_address != ""
    for one in (CITY, OTHER_CITY, ALLIANCE):
        filed.sync(one)
    with pytest.raises(NotAllowed, match="moving"):
        working._run_night(filed.clock() + 600, threading.Event())
    assert [one.origin for one in working.node.settings.parents] == [OTHER_CITY, ALLIANCE]
    filed.sync(OTHER_CITY)
    working._run_night(filed.clock() + 600, threading.Event())
    with filed.nodes[ALLIANCE].opened() as opened:
        found = opened.registry.get(OUTLET)
    assert (found.home, len(found.eras)) == (OTHER_CITY, 2)
    listed = ["nodes", "--home", str(filed.home(CITY)), "--lang", "en"]
    assert frame.run(substation.cli.top, listed, {"LANG": "C", "COLUMNS": "300"}) == 0
    assert f"moved to {OTHER_CITY}" in capsys.readouterr().out


STEPS = [
    (asking, "close"),
    (keyfiles, "save_client_certificate"),
    (Registry, "introduce"),
    (settings, "write_whole"),
]
LAST = {OTHER_CITY: (settings, "save"), CITY: (asking, "_keep")}  # with its effect, this node has arrived


@pytest.mark.parametrize("takes_effect", [False, True])
def test_a_crash_at_any_step_is_mended_by_the_next_night(filed, takes_effect, monkeypatch):
    """The same federation goes there and back: each way breaks off once at every step, then arrives."""
    for home, before in ((OTHER_CITY, CITY), (CITY, OTHER_CITY)):
        move(filed, home)
        for one in (CITY, OTHER_CITY):
            filed.sync(one)
        for place, name in (*STEPS, LAST[home]):
            real, broke = getattr(place, name), []

            def broken(*given, real=real, name=name, broke=broke, **named):
                broke.append(name)
                if takes_effect:
                    real(*given, **named)
                raise InjectedFault(name)

            with monkeypatch.context() as patched:
                patched.setattr(place, name, broken)
                with contextlib.suppress(InjectedFault, Refused):
                    night(filed)
            assert set(parents(filed)) in ({before, ALLIANCE}, {home, ALLIANCE}), name
            assert broke, name
        filed.file(OUTLET, b'{"n":9}')
        done = night(filed)
        assert home in [one.parent for one in done.reports]
        assert standing(filed)[before] == arrival.AWAY
        assert parents(filed) == [home, ALLIANCE]
        filed.sync(home)
        assert held(filed, home) == held(filed, HUB)
