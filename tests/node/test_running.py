"""A node at work: in this process for what it does, as a process of its own for how it starts and stops."""

import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from banyan.v1 import sync_pb2, sync_pb2_grpc

from node import admission, cataloguing, enrolment, founding, inbox, intake, nightly, running, settings, submissions
from node.home import Home
from node.node import Node
from node.running import Running
from node.settings import Parent, Settings
from sync.errors import Unreachable
from tests.node.filing import entries, node_at, row, write
from tests.world import CITY, HUB, OTHER_CITY, OUTLET

LISTEN = {"sync_listen": "127.0.0.1:0", "join_listen": "127.0.0.1:0"}
WITHIN_S = 30.0
SOON_S = 12.0  # "within seconds": five of grace, and a slow machine


def until(condition, what):
    """Wait until `condition` holds; fail after a while, naming `what`."""
    end = time.monotonic() + WITHIN_S
    while not condition():
        assert time.monotonic() < end, f"never: {what}"
        time.sleep(0.02)


@contextmanager
def at_work(node):
    one = Running(node)
    one.start()
    try:
        yield one
    finally:
        one.stop()


def away_from_now(zone="Asia/Shanghai"):
    """A nightly window that is not now."""
    return window_around(timedelta(hours=5), timedelta(hours=6), zone)


def window_around(begin, end, zone="Asia/Shanghai"):
    """A window from now + begin to now + end."""
    now = datetime.now(ZoneInfo(zone))
    return f"{now + begin:%H:%M}-{now + end:%H:%M}"


def hub_at(path, **more):
    made = Settings(HUB, "hub", "广东省主站", **LISTEN, **({"window": away_from_now()} | more))
    return founding.found(path / "hub", made, path / "root-keys")


def joined(path, parent, origin, role, **more):
    """A node below one at work; it knows its parent's true ports."""
    token = admission.invite(parent.node, origin, role, f"名称 {origin}", 7)
    given = LISTEN | {"window": away_from_now(), "answers_window": away_from_now()} | more
    return enrolment.join(Home(path / origin.replace("/", "_")), token, f"名称 {origin}", **given)


def knows(node, origin):
    """Whether a node has the registration of an origin under a head that its home signed."""
    with node.opened() as opened:
        found = opened.registry.find(origin)
        home = opened.store.log(opened.registry.home(origin))
        return found is not None and home is not None and found.index < home.stored


# -- what comes in ----------------------------------------------------------------------------------------------------


def test_whoever_joins_is_registered_all_the_way_up_without_a_person(tmp_path):
    with at_work(hub_at(tmp_path)) as hub:
        city = joined(tmp_path, hub, CITY, "substation")
        until(lambda: knows(hub.node, CITY), "the hub seals the city's registration")
        nightly.call(city, city.settings.parents[0])
        with at_work(city) as city_at_work:
            outlet = joined(tmp_path, city_at_work, OUTLET, "outlet")
            until(lambda: knows(hub.node, OUTLET), "the city brings the outlet's registration")
            intake.take_file(outlet, write(tmp_path / "x.csv", [row(1)]), "王")
            nightly.call(outlet, outlet.settings.parents[0])
            until(lambda: rights(city_at_work.node) == 1, "the city takes the record up")
    assert (tmp_path / "ip.gd.example_gz_scut" / "node.toml").exists()


def rights(node):
    with cataloguing.catalogue(node) as found:
        return found.counts()["rights"]


def test_what_could_not_be_done_is_tried_again(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(running, "RETRY_S", 0.02)
    tries, done, real = [], threading.Event(), cataloguing.apply

    def apply(node, stop=None, progress=None):
        tries.append(1)
        if len(tries) == 1:
            raise OSError(28, "No space left on device")
        if len(tries) == 2:
            raise ZeroDivisionError("a fault of the program")
        real(node, stop, progress)
        done.set()
        return 0

    monkeypatch.setattr(cataloguing, "apply", apply)
    with at_work(hub_at(tmp_path)):
        assert done.wait(WITHIN_S)
    assert "put off what=apply" in caplog.text
    assert "broke what=apply" in caplog.text


def test_what_comes_in_while_something_fails_leaves_one_retry_waiting(tmp_path, monkeypatch):
    monkeypatch.setattr(running, "RETRY_S", 600.0)
    tries: list[int] = []

    def apply(node, stop=None, progress=None):
        tries.append(1)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cataloguing, "apply", apply)
    with at_work(hub_at(tmp_path)) as one:
        for number in range(1, 6):
            until(lambda number=number: len(tries) >= number, f"try {number}")
            one._stored(CITY)
        until(lambda: len(tries) >= 6, "the last try")
        waiting = [found for found in threading.enumerate() if isinstance(found, threading.Timer)]
        until(lambda: sum(found.is_alive() for found in waiting) <= 1, "one retry alone")


def test_a_registration_that_could_not_be_sealed_is_sealed_later(tmp_path, monkeypatch, caplog):
    """The city's parent is away while the outlet joins."""
    monkeypatch.setattr(running, "RETRY_S", 0.05)
    failing, real = threading.Event(), nightly.run

    def run(node, *given, **named):
        if failing.is_set():
            night = nightly.NightReport()
            night.failures[HUB] = Unreachable(HUB, "UNAVAILABLE", "no way")
            return night
        return real(node, *given, **named)

    monkeypatch.setattr(nightly, "run", run)
    with at_work(hub_at(tmp_path)) as hub:
        city = joined(tmp_path, hub, CITY, "substation")
        until(lambda: knows(hub.node, CITY), "the hub seals the city's registration")
        nightly.call(city, city.settings.parents[0])
        failing.set()
        with at_work(city) as city_at_work:
            joined(tmp_path, city_at_work, OUTLET, "outlet")
            until(lambda: caplog.text.count("put off what=seal") > 1, "the city tries more than once")
            assert not knows(city_at_work.node, OUTLET)
            failing.clear()
            until(lambda: knows(hub.node, OUTLET), "it is brought once the hub is back")


# -- the night --------------------------------------------------------------------------------------------------------


def last_run(node):
    runs = node.notebook.runs(1)
    return (runs[0].job, runs[0].outcome) if runs else None


NOW = {"window": window_around(timedelta(hours=-5), timedelta(hours=2))}


def test_a_night_that_was_missed_is_caught_up_with_in_what_is_left_of_its_window(tmp_path):
    hub = hub_at(tmp_path, **NOW)
    run = hub.notebook.start_run("night", time.time() - 86_400)
    hub.notebook.end_run(run, "ok", "", time.time() - 86_000)
    with at_work(hub):
        until(lambda: last_run(hub) == ("night", "ok") and len(hub.notebook.runs(9)) == 2, "the night runs")


def test_a_night_is_run_once(tmp_path):
    hub = hub_at(tmp_path, **NOW)
    run = hub.notebook.start_run("night", time.time() - 60)
    hub.notebook.end_run(run, "ok", "", time.time() - 30)
    with at_work(hub) as one:
        assert one._night.tick(one._jobs()[0]) is False
    assert len(hub.notebook.runs(9)) == 1


def test_outside_its_window_nothing_runs_and_a_clock_decides_that(tmp_path):
    hub = hub_at(tmp_path)
    job = Running(hub)._jobs()[0]
    assert Running(hub)._night.tick(job) is False
    later = replace(hub, clock=lambda: time.time() + 5 * 3600 + 55 * 60)
    assert Running(later)._night.tick(job) is True
    assert last_run(hub) == ("night", "ok")


def test_a_run_that_a_crash_left_open_is_interrupted_and_made_up_for(tmp_path):
    hub = hub_at(tmp_path, **NOW)
    hub.notebook.start_run("night", time.time() - 60)
    with at_work(hub):
        until(lambda: last_run(hub) == ("night", "ok"), "the night runs")
    assert [one.outcome for one in hub.notebook.runs(9)] == ["ok", "interrupted"]


def test_a_night_that_fails_is_written_down_with_its_cause(tmp_path, monkeypatch):
    with at_work(hub_at(tmp_path)) as hub:
        city = joined(tmp_path, hub, CITY, "substation", **NOW)
    job = Running(city)._jobs()[0]
    assert Running(city)._night.tick(job) is True
    (run,) = city.notebook.runs(1)
    assert (run.outcome, run.detail.partition(":")[0]) == ("failed", "Unreachable")
    assert Running(city)._night.tick(job) is False, "it backs off first"


# -- as a process -----------------------------------------------------------------------------------------------------

PROGRAM = "import sys; from {0}.cli import main; main()"


@contextmanager
def process(program, home, *arguments):
    """A program as a process of its own; what it says comes line by line on stdout."""
    command = [sys.executable, "-c", PROGRAM.format(program), *arguments, "--home", str(home), "--lang", "en"]
    environ = {**os.environ, "LANG": "C"}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, env=environ, **pipes) as one:
        try:
            yield one
        finally:
            if one.poll() is None:
                one.kill()


def stopped(one, number=signal.SIGTERM):
    """Signal a process; return its code and how long it took."""
    began = time.monotonic()
    one.send_signal(number)
    _out, err = one.communicate(timeout=60)
    assert "Traceback" not in err, err
    return one.returncode, time.monotonic() - began


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serve_says_that_it_is_ready_and_ends_well(tmp_path, number):
    home = hub_at(tmp_path).home.path
    with process("hub", home, "serve", "--json") as one:
        ready = json.loads(one.stdout.readline())
        assert ready["ready"] is True
        host, _colon, port = ready["sync"].rpartition(":")
        socket.create_connection((host, int(port)), timeout=10).close()
        code, took = stopped(one, number)
    assert (code, took < SOON_S) == (0, True)


def test_a_second_serve_on_the_same_home_is_refused(tmp_path):
    home = hub_at(tmp_path).home.path
    with process("hub", home, "serve") as one:
        assert one.stdout.readline().startswith("Open: synchronisation at 127.0.0.1:")
        with process("hub", home, "serve", "--json") as other:
            out, err = other.communicate(timeout=60)
        assert other.returncode == 1
        assert json.loads(out)["error"] == "Busy"
        assert "`serve`" in err
        assert stopped(one)[0] == 0
    with process("hub", home, "serve", "--json") as third:
        assert json.loads(third.stdout.readline())["ready"], "the lock goes with its process"
        assert stopped(third)[0] == 0


def test_a_call_under_way_does_not_hold_up_the_end(tmp_path):
    with at_work(hub_at(tmp_path)) as hub:
        city = joined(tmp_path, hub, CITY, "substation")
        nightly.call(city, city.settings.parents[0])
        known = hub.node.settings
    settings.save(hub.node.home, known)  # the same ports again
    told, over = threading.Event(), threading.Event()

    def requests():
        yield sync_pb2.AddEntriesRequest(header=sync_pb2.AddEntriesRequest.Header(origin=CITY, start=1, end=1))
        told.set()
        over.wait(60)

    with process("hub", hub.node.home.path, "serve", "--json") as one:
        assert json.loads(one.stdout.readline())["ready"]
        with city.channel(city.settings.parents[0]) as channel:
            call = sync_pb2_grpc.SyncStub(channel).AddEntries(requests(), timeout=60)
            assert told.wait(WITHIN_S)
            code, took = stopped(one)
            over.set()
            call.cancel()
    assert (code, took < SOON_S) == (0, True)


def test_a_parent_that_does_not_answer_does_not_hold_up_the_end(tmp_path):
    """A machine that takes connections and says nothing."""
    with at_work(hub_at(tmp_path)) as hub:
        city = joined(tmp_path, hub, CITY, "substation")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        settings.add_parent(city.home, Parent(HUB, address, address))
        with process("substation", city.home.path, "serve", "--json") as one:
            assert json.loads(one.stdout.readline())["ready"]
            silent.settimeout(WITHIN_S)
            connection, _address = silent.accept()
            with connection:
                code, took = stopped(one)
    assert (code, took < SOON_S) == (0, True)


def test_an_import_under_way_loses_nothing_when_serve_ends(tmp_path):
    node = node_at(tmp_path)
    found = settings.load(node.home, {})
    settings.save(node.home, replace(found, window=away_from_now(), answers_window=away_from_now()))
    path = write(tmp_path / "x.csv", (row(n) for n in range(1500)))
    begun, results = threading.Event(), []
    with process("outlet", node.home.path, "serve", "--json") as one:
        assert json.loads(one.stdout.readline())["ready"]
        importing = threading.Thread(
            target=lambda: results.append(intake.take_file(node, path, "王", progress=lambda rows: begun.set()))
        )
        importing.start()
        assert begun.wait(WITHIN_S)
        code, took = stopped(one)
        importing.join()
    assert (code, took < SOON_S) == (0, True)
    assert (results[0].state, results[0].sealed) == ("done", 1500)
    assert len(entries(node)) == 1500


def test_nothing_of_a_join_is_in_the_log_of_serve(tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    with at_work(hub_at(tmp_path)) as hub:
        token = admission.invite(hub.node, OTHER_CITY, "substation", "深圳市分站", 7)
        home = Home(tmp_path / "sz")
        enrolment.join(home, token, "深圳市分站", **LISTEN)
        until(lambda: knows(hub.node, OTHER_CITY), "the hub seals it")
    assert token.secret.hex() not in caplog.text
    assert Node.open(home).origin == OTHER_CITY
    assert f"enrolled origin={OTHER_CITY}" in caplog.text


def test_serve_takes_what_is_dropped_into_the_inbox(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(inbox, "STILL_S", 0.05)
    monkeypatch.setattr(running, "INBOX_S", 0.02)
    monkeypatch.setattr(running, "RETRY_S", 0.02)
    node = node_at(tmp_path)
    node = replace(node, settings=replace(node.settings, window=away_from_now(), answers_window=away_from_now()))
    caplog.set_level(logging.INFO)
    with at_work(node), node.home.hold("import", 1.0):
        write(node.home.inbox / "专利.csv", [row(1), row(2)])
        monkeypatch.setattr(submissions, "IMPORT_WAIT_S", 0.05)
        until(lambda: "put off what=inbox" in caplog.text, "an import under way puts it off")
        assert (node.home.inbox / "专利.csv").exists()
    with at_work(node):
        until(lambda: (node.home.inbox / "done" / "专利.csv").exists(), "the file is taken")
        until(lambda: not node.notebook.unmoved_items(), "and that is written down")
    assert len(entries(node)) == 2
    assert "inbox filed name=专利.csv submission=1 rows=2 sealed=2 refused=0" in caplog.text
