"""Evidence of before and after whatever can happen to a node and to those above it: written, proved, and told."""

import random
from dataclasses import replace
from functools import partial

import pytest

from node import evidence_report, membership, messages, moving, nightly, root_keys, rotating, settings
from node.home import Home
from node.node import Node
from sync import control, entry, evidence, keys, rotation, tree
from sync.bundles import Bundles
from sync.evidence import NotProved
from tests.node.test_moving import heard, join
from tests.world import CITY, HUB, OTHER_CITY, OUTLET, World


@pytest.fixture(autouse=True)
def english():
    messages.use("en")


@pytest.fixture
def filed(world: World) -> World:
    """Two cities, and an outlet of the first with one record that all have a receipt for."""
    world.hub()
    for city in (CITY, OTHER_CITY):
        world.node(city, "substation", HUB)
    world.node(OUTLET, "outlet", CITY)
    world.file(OUTLET, b"before")
    up(world)
    return world


def node_of(world: World, origin: str) -> Node:
    node = world.nodes[origin]
    return replace(node, settings=settings.load(node.home, {}))


def up(world: World) -> None:
    """Bring everything to the hub and receipts back, twice: what was stated meanwhile is known to all then."""
    for origin in (OUTLET, CITY, OTHER_CITY, OUTLET) * 2:
        world.seal_hub()
        nightly.call(node_of(world, origin), node_of(world, origin).settings.parents[0])
    world.seal_hub()


def rotate(world: World, origin: str, *kinds: str) -> None:
    node = node_of(world, origin)
    rotating.rotate(node, kinds, partial(nightly.call, node))
    up(world)


def rotate_hub(world: World) -> None:
    root_keys.rotate_hub(world.nodes[HUB], ["log", "mirror"], world.path / "root-keys")


def rotate_root(world: World) -> None:
    root_keys.rotate_root(world.nodes[HUB], world.path / "root-keys", world.path / "new-root")


def move(world: World) -> None:
    with world.nodes[HUB].opened() as opened:
        moving.move(opened, OUTLET, OTHER_CITY)
    world.seal_hub()
    heard(world)
    join(world)
    world.nodes[OUTLET] = replace(Node.open(Home(world.home(OUTLET))), clock=world.clock)
    world.sync(OTHER_CITY)


def suspend(world: World) -> None:
    with world.nodes[CITY].opened() as opened:
        membership.change(opened, OUTLET, "suspend", "left")
    for _night in range(2):
        world.sync(CITY)
        world.seal_hub()


def last_good(world: World) -> tuple[int, bytes]:
    """What the city holds of the outlet's log."""
    with world.nodes[CITY].opened() as opened:
        log = opened.store.log(OUTLET)
        return log.stored, Bundles(opened.store, log).root(log.stored)


def state(world: World, at: str, said: control.Statement) -> tuple[int, bytes]:
    """Have a node state this in its own log; return the entry's index and bytes. Everybody hears of it."""
    raw = entry.control_entry(1, control.encode(said))
    with world.nodes[at].opened() as opened:
        index = opened.own.add_entries([raw], [[]])
    for _night in range(2):
        world.sync(CITY)
        world.seal_hub()
    return index, raw


def revoke(world: World) -> None:
    state(world, CITY, control.Revoke(OUTLET, *last_good(world), "keys-stolen"))


def confirmed(world: World) -> None:
    """The outlet lost its keys: the city states new ones, which nobody signed, and the hub confirms that."""
    made = tuple(keys.Signer(OUTLET, type_, bytes([7] * 32)).verifier for type_ in (keys.ED25519, keys.MLDSA44))
    with world.nodes[CITY].opened() as opened:
        known = opened.registry.get(OUTLET).node
    said = control.Rotate(OUTLET, *last_good(world), made, *rotation.set_of(known)[1:], ())
    index, raw = state(world, CITY, said)
    state(world, HUB, control.Confirm(OUTLET, CITY, index, tree.leaf_hash(raw)))


HAPPENS = {
    "nothing": (lambda world: None, [], True),
    "log": (lambda world: rotate(world, OUTLET, "log"), ["rotate"], True),
    "city": (lambda world: rotate(world, CITY, "log", "mirror"), ["rotate"], True),
    "hub": (rotate_hub, ["hub-rotate", "statement"], True),
    "root": (rotate_root, ["statement", "statement"], True),
    "moved": (move, ["confirm", "home"], True),
    "confirmed": (confirmed, ["confirm", "rotate"], False),
    "revoke": (revoke, ["revoke"], False),
    "suspended": (suspend, [], False),
}


def written(world: World, index: int, at: str = HUB) -> bytes:
    with world.nodes[at].opened() as opened:
        return evidence.write(opened.store, opened.registry, OUTLET, index)


def told(raw: bytes, pinned) -> tuple[evidence.Examined, list[str]]:
    found = evidence.examine(raw, pinned)
    assert found.miss is None, found.miss
    assert found.found == evidence.verify(raw, pinned)
    return found, [line for one in found.held for line in evidence_report.lines(one)]


@pytest.mark.parametrize("what", HAPPENS)
def test_what_was_filed_before_and_after_is_proved_and_told(filed, what):
    happens, named, goes_on = HAPPENS[what]
    pinned, kept = filed.nodes[HUB].federation, written(filed, 1)
    happens(filed)
    filed.seal_hub()
    found, lines = told(written(filed, 1), pinned)
    assert found.found.parts == (("federation", b"before"),)
    steps = [one.what for one in found.held]
    assert sorted(set(steps) - {"federation", "node", "record", "part", "receipt", "statuses"}) == sorted(set(named))
    assert not [one for one in found.held if one.facts.get("counts") is False]
    if what == "moved":
        assert f"moved {OUTLET} to {OTHER_CITY}" in "\n".join(lines)
    if what in ("log", "confirmed", "revoke"):
        assert f"stands up to {last_good_told(found)} entries" in "\n".join(lines)
        assert next(one.facts["good_up_to"] for one in found.held if one.what == "record") >= 2
    if what == "suspended":
        assert "status suspended" in "\n".join(lines)
    assert evidence.verify(kept, filed.nodes[HUB].federation).parts == found.found.parts, "what was written before"
    if goes_on:
        index = filed.file(OUTLET, b"after")
        up(filed)
        after, _lines = told(written(filed, index), pinned)
        assert after.found.parts == (("federation", b"after"),)
        assert [one.facts["good_up_to"] for one in after.held if one.what == "record"][-1] is None


def last_good_told(found: evidence.Examined) -> int:
    return next(one.facts["size"] for one in found.held if one.what in ("rotate", "revoke"))


def test_keys_that_nobody_agreed_to_are_told_as_such(filed):
    """The city alone states other keys of its outlet."""
    made = tuple(keys.Signer(OUTLET, type_, bytes([7] * 32)).verifier for type_ in (keys.ED25519, keys.MLDSA44))
    with filed.nodes[CITY].opened() as opened:
        known = opened.registry.get(OUTLET).node
    said = control.Rotate(OUTLET, *last_good(filed), made, *rotation.set_of(known)[1:], ())
    index, raw = state(filed, CITY, said)
    with filed.nodes[CITY].opened() as opened:
        whole = evidence.Writing(opened.store, opened.registry)
        proof = whole.proved(evidence.Said(CITY, index, raw, said))
    kept = written(filed, 1, CITY)
    at = kept.index(b"record ")
    found, lines = told(kept[:at] + b"registration %d\n" % len(proof) + proof + kept[at:], filed.nodes[HUB].federation)
    assert [one.facts["counts"] for one in found.held if one.what == "rotate"] == [False]
    assert "they do not count" in "\n".join(lines)
    assert found.found.chain[-1].node.log_keys == known.log_keys


def test_a_bit_flipped_anywhere_proves_nothing_else(filed):
    """Lines that no step asks for are ignored: the same is proved then, but by fewer receipts."""
    raw, pinned, seed = written(filed, 1), filed.nodes[HUB].federation, random.randrange(2**32)
    print("seed", seed)
    dice, whole, refused = random.Random(seed), evidence.examine(raw, pinned), 0
    for place in dice.sample(range(len(raw)), 400):
        changed = bytearray(raw)
        changed[place] ^= 1 << dice.randrange(8)
        found = evidence.examine(bytes(changed), pinned)
        if found.found is None:
            refused += 1
            assert isinstance(found.miss, NotProved)
            assert not any(one.step == "statuses" for one in found.held)
            for mine, true in zip(found.held, whole.held, strict=False):
                assert mine == true or mine.step in ("record", "part", "receipt"), place
            continue
        assert replace(found.found, receipts=whole.found.receipts) == whole.found, place
        assert set(found.found.receipts) <= set(whole.found.receipts), place
    assert refused > 300
