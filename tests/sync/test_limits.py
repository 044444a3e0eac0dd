"""What one child may take of its parent: time, threads, parts, and room in an answer."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import grpc
import pytest
from banyan.v1 import sync_pb2 as pb
from banyan.v1 import sync_pb2_grpc

from node import settings
from sync import greeting, quota, refusals, service
from sync.client import Client, Greeting
from sync.errors import NoRoom, OverLimit, SlowDown
from tests.sync import hostile
from tests.sync.hostile import NEIGHBOUR
from tests.world import CITY, HUB, OUTLET, World

HELLO = pb.HelloRequest(version=1)


@pytest.fixture
def city(world: World) -> World:
    world.hub()
    world.node(CITY, "substation", HUB)
    for origin in (OUTLET, NEIGHBOUR):
        world.node(origin, "outlet", CITY)
    return world


def channel(world: World, origin: str) -> grpc.Channel:
    node = world.nodes[origin]
    return node.channel(node.settings.parents[0])


def answer(stub: sync_pb2_grpc.SyncStub, timeout: float | None) -> str:
    """Return the reason word of a Hello, or "ok"."""
    try:
        stub.Hello(HELLO, timeout=timeout)
    except grpc.RpcError as error:
        return refusals.trailers(error).get(refusals.REASON, str(error))
    return "ok"


@pytest.mark.parametrize(("timeout", "said"), [(None, "OVER_LIMIT"), (3600.0, "OVER_LIMIT"), (300.0, "ok")])
def test_a_call_ends_within_five_minutes(city, timeout, said):
    with channel(city, OUTLET) as line:
        assert answer(sync_pb2_grpc.SyncStub(line), timeout) == said


def silence(over: threading.Event) -> Iterator[pb.AddEntriesRequest]:
    over.wait(60)
    yield from ()


def until(condition: Callable[[], bool]) -> None:
    """Wait: calls begin and end in threads of their own."""
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_one_child_cannot_take_all_threads_of_its_parent(city):
    over = threading.Event()
    with channel(city, OUTLET) as line, channel(city, NEIGHBOUR) as other:
        mine, neighbours = sync_pb2_grpc.SyncStub(line), sync_pb2_grpc.SyncStub(other)
        calls = [mine.AddEntries(silence(over), timeout=60) for _ in range(3 * service.MAX_CALLS_A_CHILD)]
        try:
            until(lambda: sum(one.done() for one in calls) == 2 * service.MAX_CALLS_A_CHILD)
            assert answer(mine, 10.0) == "OVER_LIMIT"
            assert answer(neighbours, 10.0) == "ok"
            next(one for one in calls if not one.done()).cancel()
            until(lambda: answer(mine, 10.0) == "ok")
        finally:
            over.set()
            for one in calls:
                one.cancel()


def test_parts_are_brought_a_page_at_a_time(city):
    city.file(OUTLET, b"one")
    city.sync(OUTLET)
    with channel(city, OUTLET) as line:
        client = Client(line, CITY)
        assert client.add_parts(OUTLET, [((1, 9), b"")] * greeting.MAX_WANTED_A_PAGE) == 0
        with pytest.raises(OverLimit):
            client.add_parts(OUTLET, [((1, 9), b"")] * (greeting.MAX_WANTED_A_PAGE + 1))


def test_missing_parts_of_many_logs_fit_one_answer_and_who_asks_for_one_log_hears_of_it(city, monkeypatch):
    for origin in (OUTLET, NEIGHBOUR):
        city.file(origin, b"one", b"two", b"three")
        city.sync(origin)
    city.sync(CITY)
    with city.nodes[HUB].opened() as opened, opened.store.write() as db:
        db.execute("insert into wanted(id, audience) select id, 'federation' from part")
        db.execute("delete from part")
    monkeypatch.setattr(greeting, "MAX_WANTED_A_HELLO", 3)
    with channel(city, CITY) as line:
        for offers in ([], [(NEIGHBOUR, 4)], [(OUTLET, 4)]):
            logs = Client(line, HUB).hello(Greeting(b"", offers, (), b"", ())).logs
            assert sum(len(one.wanted) for origin, one in logs.items() if origin != HUB) == 3
            assert all(logs[origin].wanted for origin, _size in offers)
            assert {logs[origin].wanted_total for origin in (OUTLET, NEIGHBOUR)} == {3}
    city.sync(CITY)
    assert hostile.is_whole(city, OUTLET, HUB)
    assert hostile.is_whole(city, NEIGHBOUR, HUB)


# -- quotas: what is over them waits, nothing is dropped ---------------------------------------------------------------


def with_settings(world: World, origin: str, **changes: int) -> None:
    """Open a parent's doors anew with other settings."""
    world.shut(origin)
    home = world.nodes[origin].home
    settings.save(home, replace(settings.load(home, {}), **changes))
    world.open(origin)


@pytest.mark.parametrize("of", [{"child_entries_a_day": 300}, {"child_mb_a_day": 1}], ids=["entries", "bytes"])
def test_a_child_over_its_quota_is_told_when_to_come_back_and_nothing_is_lost(city, of):
    with_settings(city, CITY, **of)
    for _ in range(3):
        city.file(OUTLET, *(os.urandom(4000) for _ in range(256)))  # a megabyte that does not compress
    with pytest.raises(SlowDown) as told:
        city.sync(OUTLET)
    what, about, wait_s = told.value.args
    assert (what, about) == ("entries" if "child_entries_a_day" in of else "bytes", OUTLET)
    assert 0 < wait_s < 86_400
    with city.nodes[CITY].opened() as opened:
        held = opened.store.log(OUTLET).next_entry
    assert 256 <= held < 768, "what came before stays, no more is taken"
    with pytest.raises(SlowDown):
        city.sync(OUTLET)
    city.file(NEIGHBOUR, b"others go on")
    assert city.sync(NEIGHBOUR).entries_up
    for _ in range(6):
        city.clock.ahead += 86_400
        try:
            city.sync(OUTLET)
            break
        except SlowDown:
            continue
    assert hostile.is_whole(city, OUTLET, CITY)


def test_a_log_that_shows_a_head_for_every_entry_waits_and_other_logs_do_not(city):
    with_settings(city, CITY, heads_a_day=3)
    for number in range(3):
        city.file(OUTLET, b"%d" % number)
        city.sync(OUTLET)
    city.file(OUTLET, b"too soon")
    with pytest.raises(SlowDown) as told:
        city.sync(OUTLET)
    assert told.value.args[:2] == ("heads", OUTLET)
    assert told.value.retry_after_s == 86_400 // 3
    city.file(NEIGHBOUR, b"others go on")
    assert city.sync(NEIGHBOUR).receipts
    city.clock.ahead += told.value.retry_after_s + 1
    assert city.sync(OUTLET).receipts


def test_a_quota_outlives_a_restart_and_a_clock_set_back_fills_nothing(city):
    with city.nodes[CITY].opened() as opened:
        now = [1000.0]

        def meter() -> quota.Meter:
            return quota.Meter(opened.store, OUTLET, quota.Quotas(bytes=86_400), lambda: now[0])

        first = meter()
        first.check(quota.BYTES)
        first.use(quota.BYTES, 86_500)
        first.settle()
        now[0] = 500.0
        with pytest.raises(SlowDown) as told:
            meter().check(quota.BYTES)
        assert told.value.retry_after_s == 101
        now[0] = 1102.0
        meter().check(quota.BYTES)


@pytest.mark.parametrize("what", ["a head", "a log from above"])
def test_under_the_floor_of_the_disk_nothing_more_is_taken(city, what):
    if what == "a head":
        with_settings(city, CITY, disk_floor_mb=10**9)
        city.file(OUTLET, b"one")
        with pytest.raises(NoRoom):
            city.sync(OUTLET)
        with_settings(city, CITY, disk_floor_mb=0)
    else:
        city.file(CITY, b"one")
        city.sync(CITY)
        home = city.nodes[OUTLET].home
        known = settings.load(home, {})
        settings.save(home, replace(known, disk_floor_mb=10**9))
        assert {origin for origin, _why in city.sync(OUTLET).refused} == {CITY}
        settings.save(home, known)
    assert city.sync(OUTLET).refused == []
