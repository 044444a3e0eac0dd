"""What else a disk brings to a node without a line: the hub's new keys, and that a log has forked."""

import pytest

from node import root_keys, taking
from sync import carry, evidence, forks
from tests.bits import flipped
from tests.node.disks import carried, held, resummed, written
from tests.node.verdict_world import Nights, patent
from tests.sync.test_fork_told import twins
from tests.world import CITY, HUB, OUTLET, World


@pytest.fixture
def cut(world: World) -> Nights:
    """A hub, a city and its outlet; since they joined, the city has lost its line."""
    nights = Nights(world)
    nights.sync(OUTLET, CITY)
    carried(world, HUB, CITY)
    world.shut(HUB)
    return nights


@pytest.mark.parametrize("kinds", [("log",), ("mirror",), ("log", "mirror")], ids="-".join)
def test_the_hubs_new_keys_come_by_disk_and_what_they_sign_counts(cut, kinds):
    world, hub, city = cut.world, cut.world.nodes[HUB], cut.world.nodes[CITY]
    root_keys.rotate_hub(hub, kinds, world.path / "root-keys")
    index = world.file(OUTLET, patent(1))
    cut.sync(OUTLET)
    for sender, receiver in ((HUB, CITY), (CITY, HUB), (HUB, CITY)):
        carried(world, sender, receiver)
    assert city.federation.newest.version == 2
    assert held(hub, OUTLET) == held(city, OUTLET)
    with city.opened() as opened:
        raw = evidence.write(opened.store, opened.registry, OUTLET, index)
    assert HUB in [by for by, _size, _time in evidence.verify(raw, hub.federation).receipts]
    carried(world, CITY, OUTLET)
    assert world.nodes[OUTLET].federation.newest.version == 2


def test_a_root_statement_that_was_changed_on_the_way_is_not_believed(cut):
    world, city = cut.world, cut.world.nodes[CITY]
    root_keys.rotate_hub(world.nodes[HUB], ("log",), world.path / "root-keys")
    (path,) = (folder := written(world, HUB, CITY)).iterdir()
    raw = path.read_bytes()
    second = raw.index(b"\nroot ", raw.index(b"\nroot ") + 1)
    end = raw.index(b"\nhead ", second)
    path.write_bytes(resummed(flipped(raw, end - 40)))
    size = held(city, CITY)[1]
    world.file(CITY, b'{"v":1}')
    assert taking.take(city, folder).refused
    assert (city.federation.newest.version, held(city, CITY)[1]) == (1, size)
    path.write_bytes(raw)
    assert taking.take(city, folder).refused == []
    assert (city.federation.newest.version, held(city, CITY)[1] > size) == (2, True)


@pytest.fixture(scope="module")
def forked(tmp_path_factory):
    """The hub has found that an outlet forked; the city below it has not heard."""
    made = twins(tmp_path_factory.mktemp("forked"), 3)
    try:
        made.sync(OUTLET, CITY)
        made.call_twin()
        made.sync(CITY)
        made.sync("ip.gd.example/led")
        yield made.world
    finally:
        made.world.close()


def test_a_fork_is_told_by_disk_and_believed_by_its_evidence_alone(forked):
    hub, city = forked.nodes[HUB], forked.nodes[CITY]
    folder = written(forked, HUB, CITY)
    (path,) = folder.iterdir()
    raw = path.read_bytes()
    with path.open("rb") as file:
        fork = dict(carry.sections(file))[carry.FORK]
    path.write_bytes(resummed(flipped(raw, raw.index(fork) + 4 + 3000)))
    assert taking.take(city, folder).refused
    assert not frozen(city)
    path.write_bytes(raw)
    for _again in range(2):
        assert taking.take(city, folder).refused == []
        assert frozen(city)
    with hub.opened() as there, city.opened() as here:
        assert forks.names(here.store) == forks.names(there.store)
        assert [what for _at, what, about, _detail in here.store.alarms() if about == OUTLET] == ["fork"]
    _out, taken = carried(forked, CITY, HUB)
    assert taken.refused == []  # what is frozen is not brought any more


def frozen(node) -> str:
    with node.opened() as opened:
        return opened.store.log(OUTLET).frozen
