"""An evidence file is refused at the first step that does not hold."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from node import settings
from sync import control, evidence, proved
from sync.bundles import Bundles
from sync.checkpoint import Checkpoint
from sync.evidence import NotProved
from sync.head import sign_head
from sync.note import Note
from tests.bits import flipped
from tests.world import CITY, HUB, OTHER_CITY, OUTLET, World

TITLE = evidence.TITLE


@pytest.fixture
def filed(world: World) -> World:
    """One record of an outlet, with receipts by the city and the hub."""
    world.hub()
    world.node(CITY, "substation", HUB)
    world.node(OUTLET, "outlet", CITY)
    world.file(OUTLET, b"a record")
    for origin in (OUTLET, CITY, OUTLET):
        world.sync(origin)
    return world


def written(world: World) -> bytes:
    with world.nodes[OUTLET].opened() as opened:
        return evidence.write(opened.store, opened.registry, OUTLET, 1)


def sections(raw: bytes) -> Iterator[tuple[bytes, bytes]]:
    rest = raw.removeprefix(TITLE)
    while rest:
        line, _lf, rest = rest.partition(b"\n")
        word, length = line.split(b" ")
        yield word, rest[: int(length)]
        rest = rest[int(length) :]


def joined(parts: list[tuple[bytes, bytes]]) -> bytes:
    return TITLE + b"".join(word + b" %d\n" % len(one) + one for word, one in parts)


def records_changed(raw: bytes, change: Callable[[bytes], bytes]) -> bytes:
    return joined([(word, change(one) if word == b"record" else one) for word, one in sections(raw)])


def other_head(one: bytes) -> bytes:
    """Flip one bit in the value of every line under the head."""
    before, signed = one.split(b"\n\n", 1)
    whole = Note.parse(signed)
    first = whole.signatures[0]
    changed = type(first)(first.name, first.key_id, flipped(first.value))
    return before + b"\n\n" + Note(whole.text, (changed, *whole.signatures[1:])).encode()


def other_part(one: bytes) -> bytes:
    _index, stated, parts, _hashes, signed = proved.parse(one)
    parts = {number: flipped(content) for number, content in parts.items()}
    lines = one.split(b"\n\n", 1)[0].split(b"\n")
    lines[1] = b"extra " + proved.note.b64encode(proved._extra(stated, parts))
    return b"\n".join(lines) + b"\n\n" + signed


def test_a_file_proves_the_record_and_who_signed_for_it(filed):
    found = evidence.verify(written(filed), filed.nodes[OUTLET].federation)
    assert (found.origin, found.index, found.parts) == (OUTLET, 1, (("federation", b"a record"),))
    assert {name for name, _size, _time in found.receipts} == {CITY, HUB}


@pytest.mark.parametrize(("change", "step"), [(other_head, "record"), (other_part, "part")], ids=["head", "part"])
def test_a_changed_file_proves_nothing(filed, change, step):
    raw = records_changed(written(filed), change)
    with pytest.raises(NotProved, match=step):
        evidence.verify(raw, filed.nodes[OUTLET].federation)


def test_evidence_of_another_federation_proves_nothing(filed, tmp_path: Path):
    other = World(tmp_path / "other")
    other.path.mkdir()
    try:
        pinned = other.hub().federation
    finally:
        other.close()
    with pytest.raises(NotProved, match="root"):
        evidence.verify(written(filed), pinned)


def test_a_file_without_a_receipt_proves_nothing(filed):
    def bare(one: bytes) -> bytes:
        before, signed = one.split(b"\n\n", 1)
        whole = Note.parse(signed)
        own = tuple(line for line in whole.signatures if line.name == OUTLET)
        return before + b"\n\n" + Note(whole.text, own).encode()

    with pytest.raises(NotProved, match="receipt"):
        evidence.verify(records_changed(written(filed), bare), filed.nodes[OUTLET].federation)


@pytest.mark.parametrize("origin", [OUTLET, CITY])
def test_a_file_is_written_under_heads_of_what_is_stored_whatever_else_was_signed(filed, origin):
    """Heads of the same size over something else, by the right keys, as whoever forks signs them: kept, never shown."""
    node = filed.nodes[origin]
    with filed.nodes[OUTLET].opened() as opened, opened.store.write():
        log = opened.store.log(origin)
        for root in (b"\0" * 32, b"\xff" * 32):
            other = sign_head(node.keys.log, Checkpoint(origin, log.stored, root), int(node.clock()) + 60)
            opened.store.sight(log, other, "elsewhere")
    assert evidence.verify(written(filed), filed.nodes[OUTLET].federation).origin == OUTLET


def test_a_registration_by_another_home_proves_nothing(filed):
    """Another city registers the outlet in its own log, and shows that in place of the home's entry."""
    filed.node(OTHER_CITY, "substation", HUB)
    assert settings.load(filed.nodes[OTHER_CITY].home, {}).origin == OTHER_CITY
    with filed.nodes[CITY].opened() as opened:
        known = opened.registry.get(OUTLET).node
    with filed.nodes[OTHER_CITY].opened() as opened:
        index = opened.own.state(known)
    filed.sync(OTHER_CITY)
    filed.seal_hub()
    with filed.nodes[HUB].opened() as opened:
        held = opened.store.log(OTHER_CITY)
        signed = opened.store.newest_head(held)
        bundles = Bundles(opened.store, held)
        raw = bundles.entries(index, index + 1)[0]
        assert isinstance(control.decode(control.body_of(raw)), control.Node)
        false = proved.prove(bundles, index, raw, signed.size, signed.note, {})
        city = evidence.registrations(opened.store, opened.registry, OTHER_CITY)
    kept = [(word, one) for word, one in sections(written(filed)) if word != b"registration"]
    chain = [(b"registration", one) for one in (*city, false)]
    with pytest.raises(NotProved, match="speak"):
        evidence.verify(joined([kept[0], *chain, *kept[1:]]), filed.nodes[OUTLET].federation)
