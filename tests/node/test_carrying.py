"""A city without a line: packages, parts and receipts go on a disk, both ways."""

import json
import shutil
from dataclasses import replace

import pytest

from hub import cli as hub_cli
from node import carrying, frame, messages, taking
from node.carrying import NoNeighbour, NothingCarried
from node.node import Node
from substation import cli as substation_cli
from sync import carry, covers
from sync.bundles import Bundles
from sync.errors import BadSignature, DoesNotOpen, Malformed
from sync.note import Note
from tests.sync import made
from tests.world import CITY, HUB, OTHER_CITY, OUTLET, World

SECRET = b'{"title":"secret"}'


@pytest.fixture
def cut(world: World) -> World:
    """A hub, a city and its outlet; since they joined, the city has lost its line."""
    world.hub()
    world.node(CITY, "substation", HUB)
    world.node(OUTLET, "outlet", CITY)
    world.sync(OUTLET)
    world.sync(CITY)
    world.shut(HUB)
    return world


def filed(world: World, count: int = 300) -> None:
    world.file(OUTLET, *(b'{"n":%d}' % one for one in range(count)))
    world.file(OUTLET, SECRET, audience="path")
    world.sync(OUTLET)


def carried(world: World, sender: str, receiver: str, **options):
    """Carry from one to the other; return what was written and what was taken."""
    folder = world.path / f"stick-{len(list(world.path.glob('stick-*')))}"
    written = carrying.out(world.nodes[sender], folder, receiver, **options)
    return written, taking.take(world.nodes[receiver], folder), folder


def there_and_back(world: World) -> None:
    for sender, receiver in ((HUB, CITY), (CITY, HUB), (HUB, CITY)):
        _written, taken, _folder = carried(world, sender, receiver)
        assert taken.refused == []


def held(world: World, node: str, origin: str):
    with world.nodes[node].opened() as opened:
        log = opened.store.log(origin)
        if log is None:
            return 0, 0, [], 0
        bundles = Bundles(opened.store, log)
        return log.next_entry, log.stored, bundles.parts(0, 10**6), bundles.count_wanted()


def received(world: World, node: str, origin: str, by: str) -> int:
    with world.nodes[node].opened() as opened:
        found = opened.store.newest_receipt(opened.store.log(origin), by)
        return found.size if found else 0


def test_a_city_brings_what_its_outlet_filed_on_a_disk_and_gets_receipts_back(cut):
    filed(cut)
    there_and_back(cut)
    assert held(cut, HUB, OUTLET) == held(cut, CITY, OUTLET)
    assert held(cut, HUB, OUTLET)[1] == 302
    assert held(cut, HUB, OUTLET)[3] == 0
    assert received(cut, CITY, OUTLET, HUB) == 302
    assert received(cut, CITY, CITY, HUB) == held(cut, CITY, CITY)[1]


def test_the_next_disk_brings_only_what_is_new(cut):
    filed(cut)
    there_and_back(cut)
    cut.file(OUTLET, b'{"n":1000}')
    cut.sync(OUTLET)
    written, taken, _folder = carried(cut, CITY, HUB)
    assert taken.entries == 1
    assert written.entries <= 2
    assert held(cut, HUB, OUTLET)[1] == 303


def test_parts_are_readable_by_their_receiver_alone(cut):
    filed(cut)
    carried(cut, HUB, CITY)
    _written, _taken, folder = carried(cut, CITY, HUB)
    raw = b"".join(path.read_bytes() for path in folder.iterdir())
    assert b"secret" not in raw
    boxes = [content for path in folder.iterdir() for word, content in _sections(path) if word == carry.PARTS]
    assert boxes
    other = cut.nodes[CITY]
    with pytest.raises(DoesNotOpen):
        carry.unseal_parts(boxes[0], [other.keys.hpke_seed], other.federation.id, CITY, HUB)
    hub = cut.nodes[HUB]
    with pytest.raises(DoesNotOpen):  # nor as from another sender
        carry.unseal_parts(boxes[0], [hub.keys.hpke_seed], hub.federation.id, OTHER_CITY, HUB)


def _sections(path):
    with path.open("rb") as file:
        return list(carry.sections(file))


def test_before_the_hubs_key_is_known_entries_go_and_parts_follow(cut):
    filed(cut)
    written, taken, _folder = carried(cut, CITY, HUB)
    assert written.unsealed
    assert taken.parts == 0
    assert held(cut, HUB, OUTLET)[1] == 302
    assert held(cut, HUB, OUTLET)[3] > 0
    carried(cut, HUB, CITY)
    written, taken, _folder = carried(cut, CITY, HUB)
    assert not written.unsealed
    assert held(cut, HUB, OUTLET)[3] == 0
    assert held(cut, HUB, OUTLET)[2] == held(cut, CITY, OUTLET)[2]


def test_taking_the_same_files_again_changes_nothing(cut):
    filed(cut)
    carried(cut, HUB, CITY)
    _written, _taken, folder = carried(cut, CITY, HUB)
    before = held(cut, HUB, OUTLET)
    again = taking.take(cut.nodes[HUB], folder)
    assert (again.entries, again.parts, again.refused) == (0, 0, [])
    assert held(cut, HUB, OUTLET) == before


def test_files_are_split_and_each_stands_alone(cut):
    filed(cut, 2000)
    carried(cut, HUB, CITY)
    folder = cut.path / "many"
    written = carrying.out(cut.nodes[CITY], folder, HUB, limit_bytes=60_000)
    assert len(written.files) >= 3
    assert [word for word, _content in _sections(folder / written.files[1])][2] == carry.HEAD
    assert all(path.stat().st_size < 200_000 for path in folder.iterdir())
    last = sorted(folder.iterdir())[1]
    kept = last.read_bytes()
    last.unlink()  # the second stick is still on its way
    taking.take(cut.nodes[HUB], folder)
    part = held(cut, HUB, OUTLET)[0]
    assert part < 2002
    last.write_bytes(kept)
    taking.take(cut.nodes[HUB], folder)
    assert held(cut, HUB, OUTLET)[0] == 2002
    assert held(cut, HUB, OUTLET)[3] == 0


@pytest.mark.parametrize("at", [0.1, 0.5, 0.9])
def test_a_damaged_file_is_refused_whole(cut, at):
    filed(cut)
    carried(cut, HUB, CITY)
    folder = cut.path / "bad"
    carrying.out(cut.nodes[CITY], folder, HUB)
    (path,) = folder.iterdir()
    raw = bytearray(path.read_bytes())
    raw[int(len(raw) * at)] ^= 1
    path.write_bytes(raw)
    before = held(cut, HUB, OUTLET)
    taken = taking.take(cut.nodes[HUB], folder)
    assert [name for name, _why in taken.refused] == [path.name]
    assert held(cut, HUB, OUTLET) == before


def test_a_file_that_was_not_copied_whole_is_refused(cut):
    filed(cut)
    folder = cut.path / "short"
    carrying.out(cut.nodes[CITY], folder, HUB)
    (path,) = folder.iterdir()
    path.write_bytes(path.read_bytes()[:-40])
    assert taking.take(cut.nodes[HUB], folder).refused != []


def test_an_old_disk_concludes_nothing(cut):
    """A cover counts once: with an older one the city signs nothing, and remembers no older cursor."""
    old = cut.path / "old"
    carrying.out(cut.nodes[HUB], old, CITY)
    carried(cut, HUB, CITY)
    with cut.nodes[CITY].opened() as opened:
        before = opened.store.meta(f"carry-cover:{HUB}")
    cut.file(CITY, b'{"v":1}')
    size = held(cut, CITY, CITY)[1]
    taken = taking.take(cut.nodes[CITY], old)
    assert taken.refused == []
    assert held(cut, CITY, CITY)[1] == size  # nothing was signed
    with cut.nodes[CITY].opened() as opened:
        assert opened.store.meta(f"carry-cover:{HUB}") == before
    carried(cut, HUB, CITY)
    assert held(cut, CITY, CITY)[1] > size


def test_a_cover_that_its_sender_did_not_sign_is_not_believed(cut):
    node = cut.nodes[HUB]
    folder = cut.path / "forged"
    keys = replace(node.keys, log=made.signers(HUB, 7))
    hub = _with_keys(node, keys)
    with hub.opened() as opened:
        carrying._Writing(opened, _made(folder), CITY, carrying.LIMIT_BYTES, lambda entries: None).write()
    size = held(cut, CITY, CITY)[1]
    cut.file(CITY, b'{"v":1}')
    taken = taking.take(cut.nodes[CITY], folder)
    assert any(isinstance(why, BadSignature) for _name, why in taken.refused)
    assert held(cut, CITY, CITY)[1] == size


def _made(folder):
    folder.mkdir()
    return folder


def _with_keys(node: Node, keys):
    class Other(type(node)):
        @property
        def keys(self):
            return keys

    return Other(node.home, node.settings, clock=node.clock)


def test_nothing_is_carried_to_strangers_and_an_empty_folder_is_said_to_be_one(cut):
    with pytest.raises(NoNeighbour):
        carrying.out(cut.nodes[CITY], cut.path / "x", OTHER_CITY)
    with pytest.raises(NothingCarried):
        taking.take(cut.nodes[CITY], cut.path / "x")


def test_what_is_for_somebody_else_is_left_alone(cut):
    folder = cut.path / "both"
    carrying.out(cut.nodes[HUB], folder, CITY)
    carrying.out(cut.nodes[CITY], folder, HUB)
    assert len(taking.take(cut.nodes[CITY], folder).files) == 1


def test_an_interrupted_writing_leaves_no_file_that_looks_whole(cut, monkeypatch):
    filed(cut)
    folder = cut.path / "torn"

    def torn(*_of):
        raise OSError("no space left on device")

    monkeypatch.setattr(carry.Writer, "end", torn)
    with pytest.raises(OSError, match="no space"):
        carrying.out(cut.nodes[CITY], folder, HUB)
    assert list(folder.glob("*.banyan")) == []


def test_a_cover_is_read_as_it_is_written():
    cover = covers.Cover(bytes(32), CITY, HUB, 7, bytes(16), {OUTLET: (5, 4)}, ((OUTLET, (3, 1)),), {HUB: 4}, b"note")
    assert covers.Cover.parse(cover.text()) == cover
    raw = covers.sign(cover, made.signers(CITY), made.NOW_S)
    assert covers.open_cover(raw, made.verifiers(made.signers(CITY))) == cover
    with pytest.raises(BadSignature):
        covers.open_cover(raw, made.verifiers(made.signers(CITY, 2)))
    signed = Note.parse(raw)
    later = Note(replace(cover, number=8).text(), signed.signatures).encode()
    with pytest.raises(BadSignature):
        covers.open_cover(later, made.verifiers(made.signers(CITY)))
    for bad in (cover.text() + "log x y z\n", cover.text().replace(" 5 4", " 05 4"), cover.text()[:-1], "x\n"):
        with pytest.raises(Malformed):
            covers.Cover.parse(bad)


def test_the_hubs_own_key_is_no_child_of_it(cut):
    carried(cut, HUB, CITY)
    with cut.nodes[HUB].opened() as opened:
        assert [one.origin for one in opened.registry.children()] == [CITY]
        assert opened.registry.hpke_key(HUB) == cut.nodes[HUB].keys.hpke_public
    with cut.nodes[CITY].opened() as opened:
        assert opened.registry.hpke_key(HUB) == cut.nodes[HUB].keys.hpke_public
    shutil.rmtree(cut.path / "stick-0")


# -- by command -------------------------------------------------------------------------------------------------------


@pytest.fixture
def command(cut, capfd):
    """Return what runs a carry command: its code, and what it says."""
    yield lambda top, node, *given: _ran(capfd, top, [*map(str, given), "--home", str(cut.home(node))])
    messages.use("en")


def _ran(capfd, top, arguments):
    code = frame.run(top, ["carry", *arguments, "--lang", "en"], {"LANG": "C"})
    return code, "".join(capfd.readouterr())


def test_a_disk_goes_both_ways_by_command(cut, command):
    filed(cut, 10)
    folder = cut.path / "usb"
    code, said = command(hub_cli.top, HUB, "out", folder, "--for", CITY)
    assert (code, "1 files" in said) == (0, True)
    assert command(substation_cli.top, CITY, "in", folder)[0] == 0
    code, said = command(substation_cli.top, CITY, "out", folder, "--json")
    assert code == 0
    assert (
        json.loads(next(line for line in said.splitlines() if line.startswith("{")))["parts"] == 14
    )  # with what the city answers, and how its nodes stand
    assert command(hub_cli.top, HUB, "in", folder)[0] == 0
    assert held(cut, HUB, OUTLET)[1] == 12


def test_a_hub_says_for_whom_and_a_damaged_file_ends_with_one(cut, command):
    folder = cut.path / "usb"
    code, said = command(hub_cli.top, HUB, "out", folder)
    assert (code, CITY in said) == (1, True)
    command(hub_cli.top, HUB, "out", folder, "--for", CITY)
    (path,) = folder.iterdir()
    path.write_bytes(path.read_bytes()[:-1])
    code, said = command(substation_cli.top, CITY, "in", folder)
    assert (code, path.name in said) == (1, True)
