"""Keys that change while the federation runs: new ones count, old ones keep what they signed, and a break is mended."""

from dataclasses import replace
from functools import partial

import pytest

from node import admission, enrolment, keyfiles, nightly, rotating, settings
from node.enrolment import NotInStep
from node.home import Home
from sync import evidence, head, rotation
from sync.bundles import Bundles
from sync.checkpoint import Checkpoint
from sync.errors import BadSignature, NotAllowed, SyncError
from tests.world import ALLIANCE, CITY, HUB, OUTLET, World


class Broken(Exception):
    """What stands for a crash; nothing in the product catches it."""


@pytest.fixture
def filed(world: World) -> World:
    """An outlet of a city and of an alliance, with one record that all have a receipt for."""
    world.hub()
    world.node(CITY, "substation", HUB)
    world.node(ALLIANCE, "alliance", HUB)
    world.node(OUTLET, "outlet", CITY)
    world.file(OUTLET, b"before")
    up(world)
    world.node(OUTLET, "outlet", ALLIANCE)
    up(world)
    return world


def up(world: World, whole: bool = True) -> None:
    """Bring everything to the hub, and receipts back, by each path; `whole`: nobody refuses anything."""
    world.seal_hub()
    nodes = [one for one in (OUTLET, CITY, ALLIANCE, OUTLET) if one in world.nodes]
    for origin in nodes:
        for parent in node_of(world, origin).settings.parents:
            report = nightly.call(node_of(world, origin), parent)
            assert report.refused == [] or not whole, report


def node_of(world: World, origin: str):
    node = world.nodes[origin]
    return replace(node, settings=settings.load(node.home, {}))


def rotate(world: World, origin: str, *kinds: str):
    node = node_of(world, origin)
    return rotating.rotate(node, kinds, partial(nightly.call, node))


def proved(world: World, index: int, at: str = HUB) -> evidence.Verified:
    with world.nodes[at].opened() as opened:
        raw = evidence.write(opened.store, opened.registry, OUTLET, index)
    return evidence.verify(raw, world.nodes[HUB].federation)


def keys_at(world: World, at: str, origin: str):
    with world.nodes[at].opened() as opened:
        return rotation.set_of(opened.registry.get(origin).node)


def of(keys: keyfiles.NodeKeys):
    return tuple(one.verifier for one in keys.log), keys.mirror.verifier, keys.hpke_public


def test_a_childs_log_keys_are_replaced_while_all_runs(filed):
    old = filed.nodes[OUTLET].keys
    new = rotate(filed, OUTLET, "log")
    assert new.log != old.log
    assert (new.mirror, new.hpke_seed, new.earlier_log) == (old.mirror, old.hpke_seed, (old.log,))
    assert keys_at(filed, CITY, OUTLET) == of(new)
    index = filed.file(OUTLET, b"after")
    up(filed, whole=False)  # the alliance brings what the old keys signed beside the new ones: the hub knows better
    up(filed)
    for at in (CITY, ALLIANCE, HUB):
        assert keys_at(filed, at, OUTLET) == of(new), at
        with filed.nodes[at].opened() as opened:
            held = opened.store.log(OUTLET)
            assert (held.stored, held.frozen) == (index + 1, "")
            newest = opened.store.newest_head(held)
            assert head.open_head(newest.note, of(new)[0]).size == index + 1
            first, last = opened.registry.eras(OUTLET)
            assert (first.over, first.revoked, last.over) == (True, False, False)


def test_a_stolen_old_key_signs_nothing_that_counts(filed):
    old = filed.nodes[OUTLET].keys
    rotate(filed, OUTLET, "log")
    up(filed)
    up(filed)
    for at in (CITY, ALLIANCE, HUB):
        with filed.nodes[at].opened() as opened:
            held = opened.store.log(OUTLET)
            before = opened.registry.eras(OUTLET)[0].last_good
            grown = head.sign_head(old.log, Checkpoint(OUTLET, before.size + 5, bytes(32)), 2_000_000_000)
            other = head.sign_head(old.log, Checkpoint(OUTLET, before.size - 1, bytes(32)), 2_000_000_000)
            for stolen in (grown, other):
                with pytest.raises(BadSignature):
                    opened.registry.open_head(OUTLET, stolen.note)
            honest = Checkpoint(OUTLET, before.size - 1, Bundles(opened.store, held).root(before.size - 1))
            assert opened.registry.open_head(OUTLET, head.sign_head(old.log, honest, 1).note).size == honest.size
    outlet = node_of(filed, OUTLET)
    keyfiles.take_into_use(outlet.home, dict.fromkeys(keyfiles.KINDS, 1))  # who has the old keys only
    for path in ("log-ed25519.2.seed", "log-mldsa44.2.seed"):
        (outlet.home.keys / path).unlink()
    filed.file(OUTLET, b"forged")
    with pytest.raises(SyncError):
        rotate(filed, OUTLET, "log")
    with filed.nodes[CITY].opened() as opened:
        assert len(opened.registry.eras(OUTLET)) == 2


@pytest.mark.parametrize("kind", ["mirror", "hpke"])
def test_other_kinds_of_keys_are_replaced_alone(filed, kind):
    old = filed.nodes[OUTLET].keys
    new = rotate(filed, OUTLET, kind)
    assert new.log == old.log
    assert (new.mirror == old.mirror, new.hpke_seed == old.hpke_seed) == (kind != "mirror", kind != "hpke")
    up(filed)
    assert keys_at(filed, HUB, OUTLET) == of(new)


def test_parts_that_were_sealed_to_an_old_key_open_still(filed):
    with filed.nodes[CITY].opened() as opened:
        _audience, before = opened.sealed_for(OUTLET, b"for the old key")
    rotate(filed, OUTLET, "hpke")
    with filed.nodes[CITY].opened() as opened:
        _audience, after = opened.sealed_for(OUTLET, b"for the new key")
    with filed.nodes[OUTLET].opened() as opened:
        assert opened.unsealed(CITY, before) == b"for the old key"
        assert opened.unsealed(CITY, after) == b"for the new key"


def test_a_citys_keys_are_replaced_and_its_children_follow(filed):
    old = filed.nodes[CITY].keys
    new = rotate(filed, CITY, "log", "mirror")
    filed.file(OUTLET, b"after")
    up(filed)
    assert keys_at(filed, OUTLET, CITY) == of(new)
    filed.file(OUTLET, b"later")
    up(filed)
    with filed.nodes[OUTLET].opened() as opened:
        held, log = opened.store.log(CITY), opened.own.log
        assert head.open_head(opened.store.newest_head(held).note, of(new)[0])
        newest = opened.store.newest_receipt(log, CITY)
        assert head.open_receipt(newest.note, CITY, new.mirror.verifier, 2**40).size == log.next_entry
    assert old.mirror.verifier != new.mirror.verifier


def test_a_child_that_has_not_heard_of_its_parents_new_keys_takes_what_the_old_ones_sign_beside(filed):
    """The hub has written the city's new keys, but nothing of it is sealed yet: the outlet cannot know them."""
    old = filed.nodes[CITY].keys
    city = node_of(filed, CITY)
    rotating._hand_over(city, city.settings.parents[0], keyfiles.make_next(city.home, ["log", "mirror"]), lambda one: 0)
    filed.file(OUTLET, b"after")
    report = filed.sync(OUTLET)
    assert report.refused == []
    assert (OUTLET, CITY) in [(origin, by) for origin, by, _size in report.receipts]
    assert keys_at(filed, OUTLET, CITY) == of(old)
    up(filed)
    up(filed)
    assert keys_at(filed, OUTLET, CITY) == of(city.keys)


# -- what breaks off --------------------------------------------------------------------------------------------------

STEPS = [(keyfiles, "make_next"), (enrolment, "hand_over"), (keyfiles, "take_into_use")]


@pytest.mark.parametrize("takes_effect", [False, True])
@pytest.mark.parametrize(("where", "step"), STEPS, ids=[step for _where, step in STEPS])
@pytest.mark.parametrize("again", ["command", "session"])
def test_whatever_breaks_off_is_finished(filed, monkeypatch, where, step, takes_effect, again):
    made = getattr(where, step)

    def breaks(*given):
        if takes_effect:
            made(*given)
        raise Broken

    monkeypatch.setattr(where, step, breaks)
    with pytest.raises(Broken):
        rotate(filed, OUTLET, "log")
    monkeypatch.undo()
    outlet = node_of(filed, OUTLET)
    begun = keyfiles.begun(outlet.home)
    if again == "command":
        rotate(filed, OUTLET, "log")
    filed.file(OUTLET, b"after")
    night = nightly.run(outlet)
    assert night.failures == {}
    assert keyfiles.begun(outlet.home) == []
    assert keys_at(filed, CITY, OUTLET) == of(outlet.keys)
    if begun and again == "session":
        assert keyfiles.generations(outlet.home)["log"] == 2


def test_a_home_that_lacks_what_the_old_keys_signed_registers_nothing(filed):
    outlet = node_of(filed, OUTLET)
    filed.file(OUTLET, b"sealed for the alliance alone")
    nightly.call(outlet, next(one for one in outlet.settings.parents if one.origin == ALLIANCE))
    before = keys_at(filed, CITY, OUTLET)
    with pytest.raises(NotInStep):
        rotating._ask(outlet, outlet.settings.parents[0], keyfiles.make_next(outlet.home, ["log"]))
    assert keys_at(filed, CITY, OUTLET) == before
    assert outlet.keys.earlier_log == ()
    rotate(filed, OUTLET, "log")
    up(filed)
    assert keys_at(filed, CITY, OUTLET) == of(outlet.keys)


def test_a_suspended_node_gets_no_new_keys(filed):
    with filed.nodes[CITY].opened() as opened:
        opened.own.state(opened.registry.get(OUTLET).node.with_status("suspended", "left"))
    with pytest.raises(NotAllowed, match="suspended"):
        rotate(filed, OUTLET, "log")
    assert filed.nodes[OUTLET].keys.earlier_log == ()


def test_an_invitation_replaces_no_keys(filed):
    token = admission.invite(filed.nodes[CITY], OUTLET, "outlet", "again", 7)
    before = keys_at(filed, CITY, OUTLET)
    with pytest.raises(NotAllowed, match="other-keys"):
        enrolment.join(Home(filed.path / "thief"), token, "again")
    assert keys_at(filed, CITY, OUTLET) == before


# -- evidence ---------------------------------------------------------------------------------------------------------


def test_evidence_of_before_and_after_proves(filed):
    assert proved(filed, 1).parts == (("federation", b"before"),)
    with filed.nodes[HUB].opened() as opened:
        kept = evidence.write(opened.store, opened.registry, OUTLET, 1)
    rotate(filed, OUTLET, "log")
    after = filed.file(OUTLET, b"after")
    up(filed, whole=False)
    up(filed)
    rotate(filed, CITY, "log", "mirror")
    last = filed.file(OUTLET, b"last")
    up(filed, whole=False)
    up(filed)
    for at, signers in ((HUB, {HUB}), (CITY, {CITY, HUB}), (OUTLET, {CITY, HUB})):
        for index, body in ((1, b"before"), (after, b"after"), (last, b"last")):
            found = proved(filed, index, at)
            assert found.parts == (("federation", body),)
            assert {name for name, _size, _time in found.receipts} == signers
    assert evidence.verify(kept, filed.nodes[HUB].federation).index == 1
