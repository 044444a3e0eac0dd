"""What one child may take of its parent: time, threads, parts, and room in an answer."""

import threading
import time
from collections.abc import Callable, Iterator

import grpc
import pytest
from banyan.v1 import sync_pb2 as pb
from banyan.v1 import sync_pb2_grpc

from sync import greeting, refusals, service
from sync.client import Client, Greeting
from sync.errors import OverLimit
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
            assert sum(len(one.wanted) for one in logs.values()) == 3
            assert all(logs[origin].wanted for origin, _size in offers)
            assert {logs[origin].wanted_total for origin in (OUTLET, NEIGHBOUR)} == {3}
    city.sync(CITY)
    assert hostile.is_whole(city, OUTLET, HUB)
    assert hostile.is_whole(city, NEIGHBOUR, HUB)
