"""Parts of logs from above: sealed ones go through those who cannot read them, missing ones are fetched by name."""

import os
from collections.abc import Iterator

import pytest

from node.node import Node
from sync import called, package, service
from sync.bundles import Bundles
from sync.client import Client
from sync.errors import DoesNotOpen, Malformed, NotAllowed, OverLimit, UnknownOrigin
from sync.package import PartName
from tests.bits import flipped
from tests.sync import hostile
from tests.sync.hostile import NEIGHBOUR
from tests.world import ALLIANCE, CITY, HUB, OUTLET, World

VERDICT = '{"rule":"APPNO_CHECK","key":"patent:…"}'.encode()


@pytest.fixture
def below(world: World) -> World:
    """A hub, a city, and two outlets below it; all have called, all registrations are known everywhere."""
    world.hub()
    world.node(CITY, "substation", HUB)
    for origin in (OUTLET, NEIGHBOUR):
        world.node(origin, "outlet", CITY)
    for origin in (OUTLET, CITY, OUTLET, NEIGHBOUR):
        world.sync(origin)
    return world


def seal_for(world: World, author: str, reader: str, *texts: bytes) -> int:
    """Add an entry with a sealed part for each text to the author's log; return the first index."""
    with world.nodes[author].opened() as opened:
        first = opened.own.add([[("path", b"{}"), opened.sealed_for(reader, text)] for text in texts])
    if author == HUB:
        world.seal_hub()
    return first


def part_at(node: Node, origin: str, index: int, number: int) -> bytes | None:
    with node.opened() as opened:
        return Bundles(opened.store, opened.store.log(origin)).part(index, number)


def wanted_at(node: Node, origin: str) -> list[PartName]:
    with node.opened() as opened:
        return list(hostile.wanted(opened.store, origin))


def lose(node: Node, origin: str, index: int, number: int) -> bytes:
    """Take a part away from a node, as if it had never come; return it."""
    with node.opened() as opened, opened.store.write():
        log = opened.store.log(origin)
        content = Bundles(opened.store, log).part(index, number)
        opened.store.db.execute("delete from part where id = ?", (log.id << 40 | index << 3 | number,))
    assert content is not None
    return content


def find(node: Node, origin: str, index: int, number: int, content: bytes) -> None:
    with node.opened() as opened, opened.store.write():
        Bundles(opened.store, opened.store.log(origin)).add_parts([((index, number), content)])


# -- what is sealed for one node --------------------------------------------------------------------------------------


def test_a_verdict_of_the_hub_reaches_an_outlet_through_the_city_that_cannot_read_it(below):
    index = seal_for(below, HUB, OUTLET, VERDICT)
    for origin in (CITY, OUTLET, NEIGHBOUR):
        assert below.sync(origin).refused == []
    relayed = part_at(below.nodes[CITY], HUB, index, 1)
    assert relayed is not None
    assert VERDICT not in relayed
    with below.nodes[CITY].opened() as opened, pytest.raises(DoesNotOpen):
        opened.unsealed(HUB, relayed[16:])
    with below.nodes[OUTLET].opened() as opened:
        assert opened.unsealed(HUB, part_at(below.nodes[OUTLET], HUB, index, 1)[16:]) == VERDICT
    assert part_at(below.nodes[NEIGHBOUR], HUB, index, 1) is None
    assert [wanted_at(below.nodes[one], HUB) for one in (CITY, OUTLET, NEIGHBOUR)] == [[], [], []]


def test_it_reaches_a_member_through_its_alliance_too(below):
    below.node(ALLIANCE, "alliance", HUB)
    for origin in (CITY, OUTLET):
        below.sync(origin)
    below.node(OUTLET, "outlet", ALLIANCE)
    below.sync(ALLIANCE)
    below.sync(OUTLET, ALLIANCE)
    index = seal_for(below, ALLIANCE, OUTLET, VERDICT)
    from_hub = seal_for(below, HUB, OUTLET, VERDICT)
    below.sync(ALLIANCE)
    below.sync(OUTLET, ALLIANCE)
    with below.nodes[OUTLET].opened() as opened:
        for author, at in ((ALLIANCE, index), (HUB, from_hub)):
            assert opened.unsealed(author, part_at(below.nodes[OUTLET], author, at, 1)[16:]) == VERDICT


def test_what_an_outlet_seals_for_its_city_the_hub_holds_and_cannot_read(below):
    index = seal_for(below, OUTLET, CITY, VERDICT)
    for origin in (OUTLET, CITY):
        report = below.sync(origin)
        assert (report.refused, report.parts_wanted) == ([], 0)
    with below.nodes[CITY].opened() as opened:
        assert opened.unsealed(OUTLET, part_at(below.nodes[CITY], OUTLET, index, 1)[16:]) == VERDICT
    with below.nodes[HUB].opened() as opened, pytest.raises(DoesNotOpen):
        opened.unsealed(OUTLET, part_at(below.nodes[HUB], OUTLET, index, 1)[16:])


def test_nothing_is_sealed_for_the_hub_which_registers_no_key_for_it(below):
    with below.nodes[OUTLET].opened() as opened:
        with pytest.raises(Malformed):
            opened.sealed_for(HUB, VERDICT)
        with pytest.raises(UnknownOrigin):
            opened.sealed_for("ip.gd.example/gz/nobody", VERDICT)


def test_what_is_sealed_for_a_stranger_leaves_nobody_waiting(below):
    """Every tier above the author holds it, so none wants for ever what the one below may not have."""
    with below.nodes[OUTLET].opened() as opened:
        index = opened.own.add([[("federation", b"{}"), ("node:ip.gd.example/sz/szu", b"sealed elsewhere")]])
    for origin in (OUTLET, CITY):
        assert below.sync(origin).parts_wanted == 0
    assert wanted_at(below.nodes[HUB], OUTLET) == []
    assert part_at(below.nodes[HUB], OUTLET, index, 1) is not None
    assert below.sync(CITY).calls == 1


# -- what did not come with its entries -------------------------------------------------------------------------------


def test_a_part_that_the_city_got_late_reaches_the_outlet_late(below):
    index = seal_for(below, HUB, OUTLET, VERDICT)
    content = lose(below.nodes[HUB], HUB, index, 1)
    for origin in (CITY, OUTLET):
        assert below.sync(origin).parts_down == 0
        assert wanted_at(below.nodes[origin], HUB) == [(index, 1)]
    find(below.nodes[HUB], HUB, index, 1, content)
    assert below.sync(OUTLET).parts_down == 0  # the city has not called yet
    assert [below.sync(origin).parts_down for origin in (CITY, OUTLET)] == [1, 1]
    assert part_at(below.nodes[OUTLET], HUB, index, 1) == content
    assert [wanted_at(below.nodes[one], HUB) for one in (CITY, OUTLET)] == [[], []]
    assert [below.sync(origin).calls for origin in (CITY, OUTLET)] == [1, 1]


def test_what_a_package_had_no_room_for_comes_in_the_same_session(below):
    texts = [os.urandom(60_000) for _ in range(150)]  # 9 MB of parts for packages of 4 MiB
    first = seal_for(below, HUB, OUTLET, *texts)
    for origin in (CITY, OUTLET):
        report = below.sync(origin)
        assert (report.refused, wanted_at(below.nodes[origin], HUB)) == ([], [])
        assert 70 < report.parts_down < 150
        assert report.calls < 10
    with below.nodes[OUTLET].opened() as opened:
        for at, text in enumerate(texts, first):
            assert opened.unsealed(HUB, part_at(below.nodes[OUTLET], HUB, at, 1)[16:]) == text


def test_only_what_the_parent_may_hold_is_asked_of_it(below):
    """The alliance's own part in the hub's log is due to its member, and not to the city that lies between."""
    below.node(ALLIANCE, "alliance", HUB)
    for origin in (CITY, OUTLET):
        below.sync(origin)
    below.node(OUTLET, "outlet", ALLIANCE)
    below.sync(ALLIANCE)
    below.sync(OUTLET, ALLIANCE)
    with below.nodes[HUB].opened() as opened:
        alliance = opened.registry.get(ALLIANCE).node.alliance_id
        index = opened.own.add([[("federation", b"{}"), (f"alliance:{alliance}", b"for members")]])
    below.seal_hub()
    below.sync(CITY)
    asked: list[str] = []

    class Watched(Client):
        def parts(self, origin, names):
            asked.append(self.parent)
            return super().parts(origin, names)

    hostile.session(below, OUTLET, Watched, CITY)
    assert (wanted_at(below.nodes[OUTLET], HUB), asked) == ([(index, 1)], [])
    below.sync(ALLIANCE)
    hostile.session(below, OUTLET, Watched, ALLIANCE)
    assert (wanted_at(below.nodes[OUTLET], HUB), asked) == ([], [ALLIANCE])
    assert part_at(below.nodes[OUTLET], HUB, index, 1)[16:] == b"for members"


# -- a hostile child --------------------------------------------------------------------------------------------------


@pytest.fixture
def line(below: World) -> Iterator[Client]:
    """NEIGHBOUR's line to the city, which holds a part for OUTLET at (index 1 …) of the hub's log."""
    below.index = seal_for(below, HUB, OUTLET, VERDICT, VERDICT)
    below.sync(CITY)
    node = below.nodes[NEIGHBOUR]
    with node.channel(node.settings.parents[0]) as channel:
        yield Client(channel, CITY)


def test_parts_for_others_are_not_served(below, line, caplog):
    names = [(below.index, 1), (below.index + 1, 1), (below.index, 0)]
    assert line.parts(HUB, names) == ([], 3)
    assert f"parts not due origin={HUB} child={NEIGHBOUR} parts=3" in caplog.text


@pytest.mark.parametrize(
    "name", [(0, 0), (2**63 - 1, 0), (2**64 - 1, 7), (2**37, 1), (1, 2**32 - 1), (10**6, 1)], ids=str
)
def test_names_of_nothing_get_nothing(line, name):
    assert line.parts(HUB, [name]) == ([], 1)
    assert line.parts(CITY, [name]) == ([], 1)


def test_a_list_of_over_1000_names_is_refused(line):
    assert line.parts(HUB, [(1, 1)] * 1000)[1] == 1000
    with pytest.raises(OverLimit, match="parts asked for"):
        line.parts(HUB, [(1, 1)] * 1001)


def test_one_name_a_thousand_times_gets_4_mib_and_no_more(below, line):
    index = seal_for(below, HUB, NEIGHBOUR, os.urandom(60_000))
    below.sync(CITY)
    parts, looked = line.parts(HUB, [(index, 1)] * 1000)
    assert len(parts) == looked < 71
    assert sum(len(content) for _name, content in parts) <= service.MAX_PARTS_BYTES


def test_logs_that_are_not_above_are_not_served(line):
    for origin in (OUTLET, "ip.gd.example/sz"):
        with pytest.raises(NotAllowed, match="not-above-you"):
            line.parts(origin, [(1, 0)])


def test_a_node_that_lost_its_disk_gets_its_own_log_back(below, line):
    below.file(NEIGHBOUR, b"mine")
    below.sync(NEIGHBOUR)
    (frame,) = line.entries(NEIGHBOUR, 0, 2)
    found = package.unpack(frame)
    assert (found.first, len(found.entries), [name for name, _content in found.parts]) == (0, 2, [(1, 0)])
    ((name, content),), looked = line.parts(NEIGHBOUR, [(1, 0)])
    assert (name, content[16:], looked) == ((1, 0), b"mine", 1)


def test_a_log_above_that_the_parent_does_not_hold_is_unknown(below, line, monkeypatch):
    monkeypatch.setattr(called, "ancestors", lambda registry, me: [HUB, "ip.gd.example/yy", me])
    with pytest.raises(UnknownOrigin):
        line.parts("ip.gd.example/yy", [(1, 0)])


def test_what_is_not_sealed_yet_is_not_served(below, line):
    with below.nodes[CITY].opened() as opened:
        index = opened.own.add([[("federation", b"not sealed yet")]])
    assert line.parts(CITY, [(index, 0)]) == ([], 1)
    below.sync(CITY)
    ((name, content),), looked = line.parts(CITY, [(index, 0)])
    assert (name, content[16:], looked) == ((index, 0), b"not sealed yet", 1)


def test_a_suspended_child_gets_none(below, line):
    with below.nodes[CITY].opened() as opened:
        index = opened.own.add([[("federation", b"open")]])
        opened.own.state(opened.registry.get(NEIGHBOUR).node.with_status("suspended", "left"))
    with pytest.raises(NotAllowed, match="suspended"):
        line.parts(CITY, [(index, 0)])


# -- a hostile parent -------------------------------------------------------------------------------------------------


@pytest.fixture
def waiting(below: World) -> World:
    """The outlet waits for one part of two entries of the hub's log; the city holds both."""
    below.index = seal_for(below, HUB, OUTLET, VERDICT, b"another")
    content = lose(below.nodes[HUB], HUB, below.index, 1)
    for origin in (CITY, OUTLET):
        below.sync(origin)
    find(below.nodes[HUB], HUB, below.index, 1, content)
    below.sync(CITY)
    return below


@pytest.mark.parametrize("what", ["flipped", "another's", "unasked", "undue", "a part for itself"])
def test_what_a_parent_sends_else_is_not_kept(waiting, what):
    name = (waiting.index, 1)
    other = part_at(waiting.nodes[CITY], HUB, waiting.index + 1, 1)
    before = hostile.kept(waiting.nodes[OUTLET], HUB)

    class Lying(Client):
        def parts(self, origin, names):
            if origin != HUB:
                return super().parts(origin, names)
            ((_name, content),), looked = super().parts(origin, names)
            sent = {
                "flipped": (name, flipped(content)),
                "another's": (name, other),
                "unasked": ((waiting.index + 1, 1), other),
                "undue": ((waiting.index, 0), content),
                "a part for itself": ((2**62, 9), content),
            }[what]
            return [sent], looked

    report = hostile.session(waiting, OUTLET, Lying)
    assert (report.parts_down, report.refused) == (0, [])
    after = hostile.kept(waiting.nodes[OUTLET], HUB)
    assert (after["part"], after["wanted"]) == (before["part"], before["wanted"])
    assert waiting.sync(OUTLET).parts_down == 1


@pytest.mark.parametrize("looked", [0, 2**32 - 1])
def test_a_parent_that_looks_at_nothing_or_lies_about_it_ends_the_asking(waiting, looked):
    class Lying(Client):
        def parts(self, origin, names):
            return [], looked

    report = hostile.session(waiting, OUTLET, Lying)
    assert len(report.refused) == (looked == 0)
    assert waiting.sync(OUTLET).parts_down == 1
