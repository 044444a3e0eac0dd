"""`doctor`: each trouble between a node and its parents is found under its own name, with a cause and a cure."""

import json
import socket
import sqlite3
import threading
from dataclasses import replace

import pytest

import outlet.cli
from node import authority, frame, settings
from node.diagnosis import FAIL, OK, WARN
from node.doctor import Doctor, worst
from node.home import Home
from node.node import Node
from tests.world import CITY, HUB, OUTLET, World


@pytest.fixture
def city(world: World) -> World:
    world.hub()
    world.node(CITY, "substation", HUB)
    world.node(OUTLET, "outlet", CITY)
    return world


def examined(world: World, origin: str = OUTLET, environ=(), **changes):
    """Return what is found, after some settings were changed, as {(test, about): finding}."""
    home = Home(world.home(origin))
    if changes:
        settings.save(home, replace(settings.load(home, {}), **changes))
    node = replace(Node.open(home, {}), clock=world.clock)
    found = list(Doctor(node, dict(environ), 1.0).examine())
    assert all(one.cause for one in found)
    assert all(one.cure for one in found if one.state != OK)
    return {(one.test, one.about): one for one in found}


def at(world: World, sync_address: str):
    (parent,) = settings.load(Home(world.home(OUTLET)), {}).parents
    return {"parents": (replace(parent, sync_address=sync_address),)}


@pytest.mark.parametrize("origin", [HUB, CITY, OUTLET])
def test_a_sound_node_of_every_tier_has_nothing_to_complain(city, origin):
    found = examined(city, origin)
    assert worst(list(found.values())) == OK
    if origin != HUB:
        parent = CITY if origin == OUTLET else HUB
        tests = {test for test, about in found if about == parent}
        assert tests == {"name", "port", "proxy", "certificate", "approval", "clock"}


def test_a_name_that_is_not_known(city):
    found = examined(city, **at(city, "no-such-host.invalid:7443"))
    assert found["name", CITY].state == FAIL
    assert "no-such-host.invalid" in found["name", CITY].cause
    assert ("port", CITY) not in found, "what needs the name is not tried"


def test_a_port_at_which_nobody_listens_and_a_proxy_that_is_not_used(city):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    found = examined(city, environ={"HTTPS_PROXY": "http://proxy:3128"}, **at(city, f"127.0.0.1:{port}"))
    assert (found["port", CITY].state, str(port) in found["port", CITY].cause) == (FAIL, True)
    assert "https_proxy" in found["port", CITY].cure


def test_another_machine_at_the_address(city):
    hub = settings.load(Home(city.home(HUB)), {}).sync_listen
    assert examined(city, **at(city, hub))["proxy", CITY].state == FAIL


def test_something_that_speaks_no_tls(city):
    with socket.create_server(("127.0.0.1", 0)) as server:

        def hang_up() -> None:
            for _ in range(2):
                server.accept()[0].close()

        answering = threading.Thread(target=hang_up)
        answering.start()
        found = examined(city, **at(city, f"127.0.0.1:{server.getsockname()[1]}"))
        answering.join()
    assert found["proxy", CITY].state == FAIL


@pytest.mark.parametrize(("days", "state"), [(-1, FAIL), (20, WARN), (60, OK)])
def test_how_long_the_certificate_lasts(city, monkeypatch, days, state):
    monkeypatch.setattr(authority, "days_left", lambda certificate: days)
    found = examined(city)["certificate", CITY]
    assert (found.state, str(abs(days)) in found.cause) == (state, True)


def test_who_is_suspended_reads_why(city):
    with city.nodes[CITY].opened() as opened:
        opened.own.state(opened.registry.get(OUTLET).node.with_status("suspended", "unpaid"))
    found = examined(city)["approval", CITY]
    assert (found.state, "suspended" in found.cause) == (FAIL, True)


@pytest.mark.parametrize(("ahead_s", "state"), [(420, FAIL), (-420, FAIL), (90, WARN), (5, OK)])
def test_a_clock_that_differs(city, ahead_s, state):
    with city.nodes[CITY].opened():
        parent = replace(Node.open(Home(city.home(OUTLET)), {}), clock=lambda: city.clock() + ahead_s)
    found = [one for one in Doctor(parent, {}, 1.0).examine() if (one.test, one.about) == ("clock", CITY)]
    assert [one.state for one in found] == [state]
    if state == FAIL:
        assert "7" in found[0].cause
        assert ("ahead" in found[0].cause or "超前" in found[0].cause) == (ahead_s > 0)


def test_a_disk_that_is_nearly_full(city):
    found = examined(city, disk_floor_mb=10**9)
    assert found["disk", str(city.home(OUTLET))].state == FAIL


def test_a_missing_lock_and_files_of_a_newer_program(city):
    home = Home(city.home(OUTLET))
    home.head_lock.unlink()
    db = sqlite3.connect(home.log_db)
    db.execute("insert into _sqlite_migrations(migration_set, name, applied_at) values ('log', 'm999_later', '')")
    db.commit()
    db.close()
    found = examined(city)
    assert "recover" in found["files", str(home.head_lock)].cure
    assert "m999_later" in found["versions", str(home.log_db)].cause


def test_a_node_that_does_not_serve(city):
    city.shut(CITY)
    found = [one for (test, _about), one in examined(city, CITY).items() if test == "doors" and one.state == WARN]
    assert len(found) == 2


def test_the_command_ends_with_one_where_something_fails(city, capsys):
    def run() -> int:
        return frame.run(outlet.cli.top, ["--home", str(city.home(OUTLET)), "doctor", "--json"], {})

    assert run() == 0
    assert json.loads(capsys.readouterr().out)["state"] == OK
    city.shut(CITY)
    assert run() == 1
    said = json.loads(capsys.readouterr().out)
    assert said["state"] == FAIL
    assert [one["test"] for one in said["findings"] if one["state"] == FAIL] == ["port"]
