"""Files on a disk that were changed anywhere, and a taking that broke off anywhere: nothing wrong, nothing lost."""

import io
import random
from contextlib import contextmanager, suppress

import pytest

from node import taking
from sync import carry
from sync.errors import Malformed, OverLimit, SyncError
from sync.store import Store
from tests.bits import flipped
from tests.node.disks import carried, copy_of, held, received, resummed, written
from tests.node.verdict_world import Nights, patent
from tests.world import CITY, HUB, OUTLET, World

SEED = 20261124


@pytest.fixture
def brought(world: World):
    """What a city's disk to the hub holds, and the hub before it takes it. The city has lost its line since it joined.

    Return (the hub's node, the folder, what the hub holds then of each log).
    """
    nights = Nights(world)
    nights.sync(OUTLET, CITY)
    carried(world, HUB, CITY)  # with the hub's key
    world.file(OUTLET, *(patent(count) for count in range(260)))
    world.file(OUTLET, patent(300), audience="path")
    nights.sync(OUTLET)
    carried(world, HUB, CITY)
    for origin in (CITY, HUB):
        world.shut(origin)
    folder = written(world, CITY, HUB)
    before = copy_of(world.nodes[HUB], "before")
    assert taking.take(world.nodes[HUB], folder).refused == []
    whole = {origin: held(world.nodes[HUB], origin) for origin in (CITY, OUTLET)}
    assert whole[OUTLET] == held(world.nodes[CITY], OUTLET)
    assert whole[OUTLET][0] == 262
    return before, folder, whole


def test_a_byte_changed_anywhere_has_the_file_refused(brought):
    _before, folder, _whole = brought
    (path,) = folder.iterdir()
    raw, chosen = path.read_bytes(), random.Random(SEED)
    for at in [*range(200), *chosen.sample(range(len(raw)), 300), *range(len(raw) - 60, len(raw))]:
        with pytest.raises((Malformed, OverLimit)):
            carry.check_file(io.BytesIO(flipped(raw, at)))
    for end in [0, 1, *chosen.sample(range(len(raw)), 100), len(raw) - 1]:
        with pytest.raises(Malformed):
            carry.check_file(io.BytesIO(raw[:end]))
    with pytest.raises(Malformed):
        carry.check_file(io.BytesIO(raw + b"\n"))


def test_a_file_changed_on_purpose_anywhere_brings_nothing_that_was_not_signed(brought):
    """With a sum that fits: what is taken is a part of what was signed, and the true disk brings the rest."""
    before, folder, whole = brought
    (path,) = folder.iterdir()
    raw = path.read_bytes()
    effects = set()
    for number, at in enumerate(_places(raw)):
        hub = copy_of(before, f"changed-{number % 2}")
        path.write_bytes(resummed(flipped(raw, at)))
        try:
            taken = taking.take(hub, folder)
            effects |= {type(why).__name__ for _name, why in taken.refused}
        except SyncError as error:
            effects.add(type(error).__name__)
        for origin, (entries, stored, parts, _missing) in whole.items():
            next_entry, signed, some, _wanted = held(hub, origin)
            assert signed <= next_entry <= entries, f"seed {SEED}, byte {at}"
            assert signed <= stored
            assert set(some) <= set(parts)
        path.write_bytes(raw)
        assert taking.take(hub, folder).refused == []
        assert {origin: held(hub, origin) for origin in whole} == whole, f"seed {SEED}, byte {at}"
    assert {"BadSignature", "Malformed", "DoesNotOpen"} <= effects


def _places(raw: bytes) -> list[int]:
    """Return a place in each section's line, its beginning, its end, and one between."""
    chosen, at, found = random.Random(SEED), len(carry.TITLE), []
    for word, content in carry.sections(io.BytesIO(raw)):
        line = len(f"{word} {len(content)}\n")
        begin, end = at + line, at + line + len(content)
        found += [chosen.randrange(at, begin), begin, chosen.randrange(begin, end), end - 1]
        at = end
    return found


class Broken(Exception):
    """Power fails."""


@contextmanager
def breaking(monkeypatch, number: int, lands: bool):
    """Let write `number` of log.db fail, before it lands or just after; yield how many there were."""
    count, plain = [0], Store.write

    @contextmanager
    def write(self):
        count[0] += 1
        if count[0] == number and not lands:
            raise Broken
        with plain(self) as db:
            yield db
        if count[0] == number:
            raise Broken

    with monkeypatch.context() as patched:
        patched.setattr(Store, "write", write)
        yield count


@pytest.mark.parametrize("lands", [False, True])
def test_taking_breaks_off_at_any_write_and_the_same_disk_finishes_it(brought, monkeypatch, lands):
    before, folder, whole = brought
    number = 0
    while True:
        number += 1
        hub = copy_of(before, "broken")
        with breaking(monkeypatch, number, lands):
            try:
                taking.take(hub, folder)
                break
            except Broken:
                pass
        assert taking.take(hub, folder).refused == []
        assert {origin: held(hub, origin) for origin in whole} == whole, f"write {number}"
        with hub.opened() as opened:
            assert opened.store.meta(f"carry-cover:{CITY}") is not None
            assert opened.store.newest_receipt(opened.store.log(OUTLET), HUB).size == 262
    assert number > 8


@pytest.mark.parametrize("lands", [False, True])
def test_a_child_whose_taking_broke_off_signs_when_it_takes_the_same_disk_again(world, monkeypatch, lands):
    """The number of a cover counts once everything that follows from it is done."""
    nights = Nights(world)
    nights.sync(OUTLET, CITY)
    world.shut(CITY)
    world.file(OUTLET, patent(1))
    nights.sync(CITY)
    folder = written(world, CITY, OUTLET)
    before, number = copy_of(world.nodes[OUTLET], "before"), 0
    while True:
        number += 1
        outlet = copy_of(before, "broken")
        with breaking(monkeypatch, number, lands):
            try:
                taking.take(outlet, folder)
                break
            except Broken:
                pass
        assert taking.take(outlet, folder).refused == []
        entries, stored, _parts, _missing = held(outlet, OUTLET)
        assert stored == entries == 2, f"write {number}"
    assert number > 3


def test_disks_written_taken_lost_and_taken_again_in_any_order_end_well(world, monkeypatch):
    """A month by disk, at random: nothing forks, nothing falls, and one round in order brings everything home."""
    nights, chosen, sticks = Nights(world), random.Random(SEED), []
    nights.sync(OUTLET, CITY)
    world.shut(CITY)
    outlet, city = world.nodes[OUTLET], world.nodes[CITY]
    grown = (0, 0)
    for step in range(40):
        match chosen.choice(("file", "up", "down", "take", "take", "take", "break", "lose", "late")):
            case "file":
                world.file(OUTLET, *(patent(1000 * step + one) for one in range(chosen.randint(1, 5))))
            case "up":
                sticks.append((city, written(world, OUTLET, CITY)))
            case "down":
                sticks.append((outlet, written(world, CITY, OUTLET)))
            case "take" if sticks:
                receiver, folder = chosen.choice(sticks)
                assert taking.take(receiver, folder).refused == []
            case "break" if sticks:
                receiver, folder = chosen.choice(sticks)
                with breaking(monkeypatch, chosen.randint(1, 8), chosen.random() < 0.5), suppress(Broken):
                    taking.take(receiver, folder)
            case "lose" if sticks:
                sticks.pop(chosen.randrange(len(sticks)))
            case "late":
                world.clock.ahead += chosen.choice((1, 3600))
        filed, (next_entry, stored, parts, _missing) = held(outlet, OUTLET), held(city, OUTLET)
        assert stored <= next_entry <= filed[1] <= filed[0], f"seed {SEED}, step {step}"
        assert set(parts) <= set(filed[2])
        assert received(outlet, OUTLET, CITY) <= stored
        assert grown <= (next_entry, stored)
        grown = next_entry, stored
    nights.sync(CITY)
    for sender, receiver in ((CITY, OUTLET), (OUTLET, CITY), (CITY, OUTLET)):
        carried(world, sender, receiver)
    assert held(city, OUTLET) == held(outlet, OUTLET)
    assert received(outlet, OUTLET, CITY) == held(outlet, OUTLET)[0]
    for node in (outlet, city):
        with node.opened() as opened:
            assert [one.frozen for one in opened.store.logs() if one.frozen] == []
            assert opened.store.alarms() == []
