"""Searching above: who asks sees what he may, by whichever way he asks; and his words are written down nowhere."""

import json
import logging
from dataclasses import replace

import grpc
import pytest
from banyan.v1 import search_pb2 as pb
from banyan.v1 import search_pb2_grpc

from catalog.errors import BadQuery, BadToken
from catalog.search import Query
from node import admission, cataloguing, enrolment, intake, relay, settings
from node.home import Home
from node.intake import Choice
from sync.errors import Malformed, NotAllowed
from tests.node.filing import key, open_with_search, row, unfiled, write
from tests.world import ALLIANCE, CITY, HUB, OTHER_CITY, OTHER_OUTLET, OUTLET, World

OPEN, PATH, ALLIED = 1, 2, 3  # the numbers of three records


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Two cities, an alliance, an outlet with three records of three audiences, another outlet in the other city."""
    world = World(tmp_path_factory.mktemp("world"))
    try:
        world.hub()
        for origin, role in ((CITY, "substation"), (OTHER_CITY, "substation"), (ALLIANCE, "alliance")):
            world.node(origin, role, HUB)
        outlet = world.node(OUTLET, "outlet", CITY)
        world.node(OTHER_OUTLET, "outlet", OTHER_CITY)
        for origin in (CITY, OTHER_CITY, OUTLET, OTHER_OUTLET):
            world.sync(origin)
        enrolment.join(Home(world.home(OUTLET)), admission.invite(world.nodes[ALLIANCE], OUTLET, "outlet", "x", 7), "x")
        world.nodes[OUTLET] = replace(outlet, settings=settings.load(outlet.home, {}))
        with world.nodes[ALLIANCE].opened() as opened:
            alliance_id = opened.registry.get(ALLIANCE).node.alliance_id
        for rows, choice in (
            ([row(OPEN, "一种公开照明装置")], Choice()),
            ([unfiled(PATH, "一种未公开照明装置")], Choice()),
            ([row(ALLIED, "一种联盟照明装置")], Choice(f"alliance:{alliance_id}")),
        ):
            intake.take_file(world.nodes[OUTLET], write(world.path / "x.csv", rows), "王", choice)
        for parent in (CITY, ALLIANCE):
            world.sync(OUTLET, parent)
        world.sync(CITY)
        for origin in (HUB, CITY, OTHER_CITY, ALLIANCE):
            cataloguing.apply(world.nodes[origin])
            open_with_search(world, origin)
        yield world
    finally:
        world.close()


def asking(world, origin, parent=""):
    """A node, whose first parent is the one named."""
    node = world.nodes[origin]
    found = settings.load(node.home, {})
    parents = tuple(one for one in found.parents if parent in ("", one.origin))
    return replace(node, settings=replace(found, parents=parents))


def keys(answer):
    return sorted(hit["key"] for hit in answer.hits)


@pytest.mark.parametrize(
    ("origin", "parent", "scope", "seen"),
    [
        (OUTLET, CITY, "city", [OPEN]),
        (OUTLET, CITY, "province", [OPEN]),
        (OUTLET, ALLIANCE, "city", [OPEN, ALLIED]),
        (OUTLET, ALLIANCE, "province", [OPEN]),
        (OTHER_OUTLET, OTHER_CITY, "province", [OPEN]),
        (OTHER_OUTLET, OTHER_CITY, "city", []),
        (OTHER_CITY, HUB, "city", [OPEN]),
        (CITY, HUB, "province", [OPEN]),
        (ALLIANCE, HUB, "city", [OPEN]),
    ],
)
def test_who_asks_sees_what_he_may_and_counts_nothing_else(built, origin, parent, scope, seen):
    node = asking(built, origin, parent)
    found = relay.find(node, scope, Query(words="照明"))
    assert keys(found) == sorted(map(key, seen))
    assert found.total == len(seen)
    for number in (OPEN, PATH, ALLIED):
        shown = relay.show(node, scope, key(number))
        assert (shown is not None) == (number in seen)
        assert shown is None or shown["key"] == key(number)


def test_filters_and_pages_travel(built):
    node = asking(built, OUTLET, ALLIANCE)
    first = relay.find(node, "city", Query(words="照明", applicant="华南理工", city="gz", limit=1))
    assert (first.total, len(first.hits)) == (2, 1)
    second = relay.find(node, "city", Query(words="照明", applicant="华南理工", city="gz", limit=1, after=first.next))
    assert (len(second.hits), second.next) == (1, "")
    assert keys(first) != keys(second)
    assert relay.find(node, "city", Query(words="照明", date_from="2018-01-01")).total == 0


@pytest.mark.parametrize(
    "query",
    [
        Query(),
        Query(words="照明", status="perhaps"),
        Query(words="照明", ipc="??"),
        Query(words="照明", limit=100_000),
        Query(words="照明", date_from="昨天"),
        Query(words="照" * 600),
    ],
)
@pytest.mark.parametrize("scope", ["city", "province"])
def test_a_query_that_cannot_be_answered_is_refused_by_name(built, query, scope):
    with pytest.raises(BadQuery):
        relay.find(asking(built, OUTLET, CITY), scope, query)


@pytest.mark.parametrize("scope", ["city", "province"])
def test_a_refused_query_says_above_what_it_says_here(built, scope):
    node = asking(built, OUTLET, CITY)
    with pytest.raises(BadQuery) as refused:
        relay.find(node, scope, Query(words="照明", status="好"))
    assert refused.value.args == ("status", "好", "none of valid, invalid, pending")
    with pytest.raises(BadToken) as unknown:
        relay.find(node, scope, Query(words="照明", after="abc"))
    assert unknown.value.args == ("abc",)


@pytest.mark.parametrize(
    "filters",
    [
        b"[]",
        b"7",
        b"{",
        b"\xff",
        b"[" * 4000,
        b'{"a":' * 900,
        b'{"words": "x"}',
        b'{"nothing": "x"}',
        b'{"limit": "5"}',
        b'{"kind": "' + b"x" * 5000 + b'"}',
    ],
)
def test_filters_that_are_none_are_refused(built, filters, caplog):
    caplog.set_level(logging.DEBUG)
    node = asking(built, OUTLET, CITY)
    request = pb.FindRequest(scope=pb.SCOPE_HERE, words="照明", filters=filters, limit=5)
    with node.channel(node.settings.parents[0]) as channel, pytest.raises(grpc.RpcError) as error:
        search_pb2_grpc.SearchStub(channel).Find(request, timeout=10)
    assert error.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert "Traceback" not in caplog.text


def test_filters_that_are_no_text_are_ignored(built):
    node = asking(built, OUTLET, CITY)
    with node.channel(node.settings.parents[0]) as channel:
        filters = json.dumps({"kind": 5, "limit": 7}).encode()
        request = pb.FindRequest(scope=pb.SCOPE_HERE, words="照明", filters=filters, limit=5)
        assert search_pb2_grpc.SearchStub(channel).Find(request, timeout=10).total == 1


def test_a_scope_that_is_none_is_refused(built):
    node = asking(built, OUTLET, CITY)
    with node.channel(node.settings.parents[0]) as channel, pytest.raises(grpc.RpcError) as error:
        search_pb2_grpc.SearchStub(channel).Find(pb.FindRequest(words="照明", limit=5), timeout=10)
    assert error.value.code() == grpc.StatusCode.PERMISSION_DENIED


def test_words_are_written_down_nowhere(built, caplog):
    caplog.set_level(logging.DEBUG)
    node = asking(built, OUTLET, CITY)
    for scope in ("city", "province"):
        relay.find(node, scope, Query(words="机密词甲"))
        relay.show(node, scope, "机密词乙")
        with pytest.raises(BadQuery):
            relay.find(node, scope, Query(words="机密词丙", status="机密词丁"))
    assert "机密词" not in caplog.text
    for origin in (HUB, CITY, OUTLET):
        for file in built.home(origin).rglob("*.db*"):
            assert "机密词".encode() not in file.read_bytes(), file


def set_status(world, registrar, origin, status):
    with world.nodes[registrar].opened() as opened:
        opened.own.state(opened.registry.get(origin).node.with_status(status, "欠费"))


def test_a_suspended_child_gets_no_answer(built, caplog):
    set_status(built, CITY, OUTLET, "suspended")
    try:
        node = asking(built, OUTLET, CITY)
        for scope in ("city", "province"):
            with pytest.raises(NotAllowed) as error:
                relay.find(node, scope, Query(words="照明"))
            assert error.value.args == (OUTLET, "suspended")
            with pytest.raises(NotAllowed):
                relay.show(node, scope, key(OPEN))
    finally:
        set_status(built, CITY, OUTLET, "active")
    assert relay.find(node, "city", Query(words="照明")).total == 1
    assert f"search refused child={OUTLET}" in caplog.text


def test_a_suspended_substation_relays_nothing(built):
    set_status(built, HUB, CITY, "suspended")
    try:
        node = asking(built, OUTLET, CITY)
        with pytest.raises(NotAllowed) as error:
            relay.find(node, "province", Query(words="照明"))
        assert error.value.args == (CITY, "suspended")
        assert relay.find(node, "city", Query(words="照明")).total == 1, "its own catalogue is still there"
    finally:
        set_status(built, HUB, CITY, "active")


def test_a_node_of_another_home_is_no_child(built):
    """The alliance has not let the other outlet in; its certificate would be of the wrong authority, too."""
    stranger = asking(built, OTHER_OUTLET, OTHER_CITY)
    with built.nodes[CITY].opened() as opened, pytest.raises(NotAllowed):
        opened.registry.check_caller(OTHER_CITY)
    address = built.nodes[CITY].settings.sync_address
    parent = replace(stranger.settings.parents[0], sync_address=address)
    lost = replace(stranger, settings=replace(stranger.settings, parents=(parent,)))
    with pytest.raises(Exception, match="UNAVAILABLE"):
        relay.find(lost, "city", Query(words="照明"))


@pytest.mark.parametrize("raw", [b"{", b"[]", b"\xff", b"[" * 100_000], ids=["cut", "list", "bytes", "deep"])
def test_what_is_no_answer_from_above_is_refused(built, monkeypatch, raw):
    monkeypatch.setattr(relay, "_called", lambda *_: pb.ShowResponse(record=raw))
    with pytest.raises(Malformed):
        relay.show(built.nodes[OUTLET], "city", key(1))
    monkeypatch.setattr(relay, "_called", lambda *_: pb.FindResponse(total=1, hits=[raw]))
    with pytest.raises(Malformed):
        relay.find(built.nodes[OUTLET], "city", Query(words="照明"))
