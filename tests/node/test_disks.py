"""An outlet without a line: its log goes to its city on a disk; receipts, registry and answers come back on one."""

import shutil

import pytest

from node import carrying, cataloguing, erasures, frame, membership, nightly, taking, told
from outlet import cli as outlet_cli
from substation import cli as substation_cli
from sync import carry, covers, erasing, evidence, recovery
from sync.control import Erase
from sync.errors import NeedsRecovery, NotAllowed
from tests.node.disks import carried, copy_of, held, received, stick, written
from tests.node.drills import put_back
from tests.node.verdict_world import Nights, key, late, patent
from tests.world import CITY, HUB, OTHER_CITY, OUTLET, World


@pytest.fixture
def lonely(world: World) -> Nights:
    """A hub, a city with a line, and an outlet that has lost its own since it joined."""
    nights = Nights(world)
    nights.sync(OUTLET, CITY)
    world.shut(CITY)
    return nights


def there(nights: Nights) -> tuple[int, int]:
    """The city's word to the outlet, which signs; its log to the city. Return (entries written, entries taken)."""
    carried(nights.world, CITY, OUTLET)
    out, taken = carried(nights.world, OUTLET, CITY)
    cataloguing.apply(nights.node(CITY))
    return out.entries, taken.entries


def answered(nights: Nights) -> None:
    """The city and the hub answer, over the city's line; a disk brings that to the outlet."""
    nights.substation(CITY)
    nights.hub()
    nights.sync(CITY)
    carried(nights.world, CITY, OUTLET)


def test_a_log_goes_up_on_a_disk_and_receipts_registry_and_answers_come_back(lonely):
    world, outlet = lonely.world, lonely.world.nodes[OUTLET]
    first = world.file(OUTLET, patent(1), patent(2))
    world.file(OUTLET, late(3))
    world.file(OUTLET, patent(4), audience="path")
    world.node(OTHER_CITY, "substation", HUB)  # registered since the line went
    with outlet.opened() as opened:
        assert opened.registry.find(OTHER_CITY) is None
    there(lonely)
    end = held(outlet, OUTLET)[0]
    assert held(world.nodes[CITY], OUTLET) == held(outlet, OUTLET)
    answered(lonely)
    assert [received(outlet, OUTLET, by) for by in (CITY, HUB)] == [end, end]
    assert not nightly.awaits_answers(outlet)
    assert lonely.told(CITY) == [key(3)]
    assert lonely.stages(first, end) == {"published": 3, "quarantined": 1}
    with outlet.opened() as opened:
        assert opened.registry.find(OTHER_CITY).node.status == "active"
        proved = evidence.write(opened.store, opened.registry, OUTLET, first)
    found = evidence.verify(proved, outlet.federation)
    assert sorted(by for by, _size, _time in found.receipts) == [HUB, CITY]
    lonely.world.file(OUTLET, patent(5))
    assert there(lonely) == (1, 1)  # the newest receipt that came back is the cursor


def test_a_lost_disk_is_made_good_by_the_next_one(lonely):
    world = lonely.world
    world.file(OUTLET, patent(1))
    carried(world, CITY, OUTLET)
    shutil.rmtree(written(world, OUTLET, CITY))
    world.file(OUTLET, patent(2))
    there(lonely)
    shutil.rmtree(written(world, CITY, OUTLET))  # and on the way back
    lonely.sync(CITY)
    carried(world, CITY, OUTLET)
    assert held(world.nodes[CITY], OUTLET) == held(world.nodes[OUTLET], OUTLET)
    assert received(world.nodes[OUTLET], OUTLET, CITY) == held(world.nodes[OUTLET], OUTLET)[1]


def test_disks_are_read_twice_and_in_any_order(lonely):
    world, city = lonely.world, lonely.world.nodes[CITY]
    sticks = []
    for count in (1, 2, 3):
        world.file(OUTLET, patent(count))
        carried(world, CITY, OUTLET)
        sticks.append(written(world, OUTLET, CITY))
    for folder in (sticks[2], sticks[0], sticks[0], sticks[1], sticks[2]):
        assert taking.take(city, folder).refused == []
        assert held(city, OUTLET) == held(world.nodes[OUTLET], OUTLET)
    down = [written(world, CITY, OUTLET), written(world, CITY, OUTLET)]
    for folder in (down[1], down[0], down[1]):
        assert taking.take(world.nodes[OUTLET], folder).refused == []
        assert received(world.nodes[OUTLET], OUTLET, CITY) == held(city, OUTLET)[1]


def test_without_a_word_from_above_an_outlet_signs_nothing_and_takes_what_proves_itself(lonely):
    """The cover's signatures broken, with a sum that fits: heads, entries and receipts are taken all the same."""
    world, outlet = lonely.world, lonely.world.nodes[OUTLET]
    world.node(OTHER_CITY, "substation", HUB)
    lonely.sync(CITY)
    world.file(OUTLET, patent(1))
    signed = held(outlet, OUTLET)[1]
    folder = written(world, CITY, OUTLET)
    (path,) = folder.iterdir()
    with path.open("rb") as file:
        sections = list(carry.sections(file))
    with path.open("wb") as file:
        writer = carry.Writer(file, CITY, _signed_by_another(sections[1][1]))
        for word, content in sections[2:]:
            writer.add(word, content)
        writer.end()
    taken = taking.take(outlet, folder)
    assert [type(why).__name__ for _name, why in taken.refused] == ["BadSignature"]
    with outlet.opened() as opened:
        assert opened.registry.find(OTHER_CITY) is not None
        assert opened.store.meta(f"carry-cover:{CITY}") is None
    assert held(outlet, OUTLET)[1] == signed
    carried(world, CITY, OUTLET)
    assert held(outlet, OUTLET)[1] == held(outlet, OUTLET)[0] > signed


def _signed_by_another(cover: bytes) -> bytes:
    """The cover as somebody without the keys would have it: the same words, one signature of another text."""
    text, blank, lines = cover.rpartition(b"\n\n")
    first, second = lines.rstrip(b"\n").split(b"\n")
    name, raw = first.rsplit(b" ", 1)
    value = bytearray(covers.note.decode_base64(raw.decode()))
    value[-1] ^= 1
    return text + blank + name + b" " + covers.note.b64encode(bytes(value)) + b"\n" + second + b"\n"


def test_who_is_suspended_is_told_by_disk_gets_no_parts_and_brings_nothing(lonely):
    world, outlet, city = lonely.world, lonely.world.nodes[OUTLET], lonely.world.nodes[CITY]
    world.file(OUTLET, patent(1))
    carried(world, CITY, OUTLET)
    brought = written(world, OUTLET, CITY)
    with city.opened() as opened:
        membership.change(opened, OUTLET, "suspend", "fees")
    world.file(CITY, patent(9))
    lonely.sync(CITY)
    before = held(city, OUTLET)
    refused = taking.take(city, brought).refused
    assert {(type(why), why.args[1]) for _name, why in refused} == {(NotAllowed, "suspended")}
    assert held(city, OUTLET) == before
    folder = stick(world)
    assert carrying.out(city, folder, OUTLET).parts == 0
    with pytest.raises(NotAllowed, match="suspended"):
        taking.take(outlet, folder)
    assert outlet.notebook.standings()[CITY].state == "suspended"
    with city.opened() as opened:
        membership.change(opened, OUTLET, "resume", "paid")
    lonely.sync(CITY)
    there(lonely)
    assert outlet.notebook.standings()[CITY].state == "active"
    assert held(city, OUTLET) == held(outlet, OUTLET)


def test_an_erased_part_is_not_written_and_not_taken_from_an_older_disk(lonely):
    world, outlet, city = lonely.world, lonely.world.nodes[OUTLET], lonely.world.nodes[CITY]
    index = world.file(OUTLET, patent(1), patent(2), patent(3))
    carried(world, CITY, OUTLET)
    older = written(world, OUTLET, CITY)
    with city.opened() as opened:  # the home wants it forgotten before it has come
        opened.own.state(Erase(OUTLET, index, 0, "court"))
    lonely.sync(CITY)
    taking.take(city, older)
    erasures.follow_up(city)
    for folder in (None, older):
        if folder is not None:
            taking.take(city, folder)
        assert [name for name, _content in held(city, OUTLET)[2]] == [(index + 1, 0), (index + 2, 0)]
        assert held(city, OUTLET)[3] == 0  # and nothing is missing
    with city.opened() as opened:
        assert [one.index for one in erasing.tombstones(opened.store)] == [index]
    lonely.sync(CITY)
    carried(world, CITY, OUTLET)
    assert [name for name, _content in held(outlet, OUTLET)[2]] == [(index + 1, 0), (index + 2, 0)]


def test_what_is_to_be_forgotten_is_forgotten_before_a_disk_is_written(lonely):
    world, outlet = lonely.world, lonely.world.nodes[OUTLET]
    index = world.file(OUTLET, patent(1), patent(2))
    carried(world, CITY, OUTLET)
    with outlet.opened() as opened:
        opened.own.state(Erase(OUTLET, index, 0, "owner"))
    out, _taken = carried(world, OUTLET, CITY)
    assert out.parts == 1
    assert [name for name, _content in held(world.nodes[CITY], OUTLET)[2]] == [(index + 1, 0)]


def test_the_city_has_lost_what_came_by_disk_and_gets_it_again(lonely):
    """A log that it does not know any more it says to hold nothing of: nobody concludes that from silence."""
    world, city = lonely.world, lonely.world.nodes[CITY]
    carried(world, CITY, OUTLET)
    with city.opened() as opened:
        kept = {one.origin: (one.next_entry, one.stored) for one in opened.store.logs()}
    copy_of(city, "old")
    world.file(OUTLET, patent(1), patent(2))
    there(lonely)
    carried(world, CITY, OUTLET)
    assert received(world.nodes[OUTLET], OUTLET, CITY) > kept[OUTLET][1]
    put_back(world, CITY, "log.db")
    world.clock.ahead += 60
    carried(world, CITY, OUTLET)
    carried(world, OUTLET, CITY)
    assert held(city, OUTLET) == held(world.nodes[OUTLET], OUTLET)


def test_a_cover_says_of_what_the_child_brings_also_that_nothing_is_held(lonely):
    world, newcomer = lonely.world, f"{CITY}/new"
    world.open(CITY)
    world.node(newcomer, "outlet", CITY)
    lonely.sync(CITY)  # its registration goes up; it has filed nothing
    (path,) = written(world, HUB, CITY).iterdir()
    with path.open("rb") as file:
        cover = covers.Cover.parse(covers.Note.parse(dict(carry.sections(file))[carry.COVER]).text)
    assert cover.logs[newcomer] == (0, 0)
    assert cover.logs[OUTLET][0] > 0


def test_numbers_go_on_after_a_backup_was_put_back(lonely):
    """Its covers are above those from before, or the other side would believe none for as many disks."""
    world = lonely.world
    copy_of(world.nodes[CITY], "old")
    lonely.world.clock.ahead += 1
    for _count in range(2):
        carried(world, CITY, OUTLET)
    put_back(world, CITY, "log.db")
    world.clock.ahead += 60
    world.file(OUTLET, patent(1))
    signed = held(world.nodes[OUTLET], OUTLET)[1]
    carried(world, CITY, OUTLET)
    assert held(world.nodes[OUTLET], OUTLET)[1] > signed


def test_a_restored_node_writes_nothing_before_it_is_recovered(lonely):
    city = lonely.world.nodes[CITY]
    with city.opened() as opened, opened.store.write():
        recovery.mark_restored(opened.store, "restored from a backup")
    with pytest.raises(NeedsRecovery):
        carrying.out(city, stick(lonely.world), OUTLET)


def test_an_outlet_put_back_from_a_backup_signs_nothing_by_a_disk(lonely):
    """The city's cover shows a head that the outlet does not know any more."""
    world, outlet = lonely.world, lonely.world.nodes[OUTLET]
    copy_of(outlet, "old")
    world.file(OUTLET, patent(1))
    there(lonely)
    put_back(world, OUTLET, "log.db", "head.lock")
    world.clock.ahead += 60
    world.file(OUTLET, patent(2))
    folder = written(world, CITY, OUTLET)
    for _again in range(2):
        with pytest.raises(NeedsRecovery):
            taking.take(outlet, folder)
    with outlet.opened() as opened:
        assert opened.store.log(OUTLET).stored < held(world.nodes[CITY], OUTLET)[1]


def test_by_command_both_ways(lonely, capfd):
    world = lonely.world
    first = world.file(OUTLET, patent(1), late(2))
    folder = stick(world)

    def run(top, origin, *given):
        return frame.run(top, [*map(str, given), "--home", str(world.home(origin)), "--lang", "en"], {"LANG": "C"})

    assert run(substation_cli.top, CITY, "carry", "out", folder, "--for", OUTLET) == 0
    assert run(outlet_cli.top, OUTLET, "carry", "in", folder) == 0
    assert run(outlet_cli.top, OUTLET, "carry", "out", folder) == 0
    assert run(substation_cli.top, CITY, "carry", "in", folder) == 0
    lonely.later()
    assert run(substation_cli.top, CITY, "sync") == 0
    assert run(substation_cli.top, CITY, "carry", "out", folder, "--for", OUTLET) == 0
    assert run(outlet_cli.top, OUTLET, "carry", "in", folder) == 0
    node = lonely.node(OUTLET)
    tier = next(one for one in told.tiers(node) if one.origin == CITY)
    assert (tier.judged, tier.quarantined) == (first + 2, 1)
    capfd.readouterr()
    assert run(substation_cli.top, CITY, "nodes", "--json") == 0
    assert '"called": null' not in capfd.readouterr().out  # a disk is a call as well
