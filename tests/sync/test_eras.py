"""Keys through time: who may replace whose keys, and what the old ones still prove."""

from dataclasses import replace

import pytest

from sync import control, eras, federation, head, mirror, rotation
from sync.bundles import Bundles, packages
from sync.checkpoint import Checkpoint
from sync.control import Confirm, Home, Revoke, Rotate, Successor
from sync.errors import BadSignature, NoHead, NotAllowed, OldSize
from sync.federation import Federation
from sync.registry import Registration, Registry
from sync.tree import leaf_hash
from tests.sync import made
from tests.sync.made import CITY, HUB, OTHER_CITY, OUTLET
from tests.sync.mirrored import Holds

NEXT = f"{OUTLET}.g2"


def with_keys(which: int, name: str = OUTLET, **more) -> control.Node:
    return replace(made.node(name, **more), log_keys=made.verifiers(made.signers(name, which)))


def rotate(which: int, by: int | None, size: int = 7, name: str = OUTLET) -> Rotate:
    """Return the rotation to pair `which`, signed by pair `by`; by nobody where the old keys are lost."""
    stated = Rotate(name, size, made.root_hash_of(str(size)), *rotation.set_of(with_keys(which, name)), ())
    signers = made.signers(name, by) if by else ()
    return replace(stated, signatures=rotation.sign(made.the_federation().id, stated, signers))


class Logs:
    """The hub's log.db, with what each origin has stated in its own log under a head."""

    def __init__(self, path):
        self.store = made.Store(made.Written(path, HUB).log_db)
        self.registry = Registry(self.store, made.the_federation(), HUB)
        self.say(HUB, made.node(CITY, "substation"), made.node(OTHER_CITY, "substation"))

    def say(self, author, *statements) -> int:
        with self.store.write():
            log = self.store.add_log(author)
            for at, one in enumerate(statements, log.next_entry):
                raw = control.entry.control_entry(1, control.encode(one))
                Bundles(self.store, log).append(at, [raw], [leaf_hash(raw)], None)
                self.store.set_stored(log, at + 1)
        return log.next_entry + len(statements) - 1

    def confirm(self, index: int, about: str = OUTLET, home: str = CITY, leaf: bytes = b"") -> None:
        raw = Bundles(self.store, self.store.log(home)).entries(index, index + 1)[0]
        self.say(HUB, Confirm(about, home, index, leaf or leaf_hash(raw)))

    @property
    def pairs(self) -> list[int]:
        """Which pairs of keys the outlet has had."""
        known = {made.verifiers(made.signers(OUTLET, which)): which for which in (1, 2, 3)}
        return [known[era.log_keys] for era in self.registry.eras(OUTLET)]


@pytest.fixture
def logs(tmp_path):
    found = Logs(tmp_path / "hub")
    found.say(CITY, with_keys(1))
    yield found
    found.store.close()


def test_the_owner_hands_on_to_new_keys(logs):
    logs.say(CITY, rotate(2, by=1), with_keys(2))
    first, last = logs.registry.eras(OUTLET)
    assert (first.over, first.revoked, first.last_good) == (True, False, Checkpoint(OUTLET, 7, made.root_hash_of("7")))
    assert (last.over, last.last_good, last.home, last.index) == (False, None, CITY, 1)
    assert logs.registry.log_keys(OUTLET) == last.log_keys
    assert logs.pairs == [1, 2]
    logs.say(CITY, rotate(3, by=2, size=9))
    assert logs.pairs == [1, 2, 3]


def test_a_home_gives_its_child_no_other_keys_by_itself(logs):
    logs.say(CITY, with_keys(2))
    assert logs.pairs == [1]
    assert logs.registry.log_keys(OUTLET) == made.verifiers(made.signers(OUTLET, 1))
    logs.say(CITY, with_keys(2, status="suspended"))
    with pytest.raises(NotAllowed, match="suspended"):
        logs.registry.check_active(OUTLET)


@pytest.mark.parametrize("by", [2, 3])
def test_other_keys_than_the_present_ones_hand_nothing_on(logs, by):
    logs.say(CITY, rotate(2, by=by), with_keys(2))
    assert logs.pairs == [1]


def test_a_signature_on_another_rotation_hands_nothing_on(logs):
    signed = rotate(2, by=1)
    for changed in (
        replace(signed, size=8),
        replace(signed, root=bytes(32)),
        replace(signed, hpke_key=bytes(31) + b"!"),
        replace(signed, mirror_key=replace(signed.mirror_key, key=bytes(1312))),
        replace(signed, log_keys=made.verifiers(made.signers(OUTLET, 3))),
    ):
        logs.say(CITY, changed)
        assert logs.pairs == [1]


def test_lost_keys_are_replaced_once_the_hub_has_confirmed_it(logs):
    at = logs.say(CITY, rotate(2, by=None))
    logs.say(CITY, with_keys(2))
    assert logs.pairs == [1]
    logs.confirm(at, leaf=bytes(32))
    logs.confirm(at + 1)
    logs.say(CITY, Confirm(OUTLET, CITY, at, leaf_hash(b"")))
    assert logs.pairs == [1]
    logs.confirm(at)
    assert logs.pairs == [1, 2]
    assert logs.registry.eras(OUTLET)[0].over
    assert logs.registry.check_active(OUTLET).node == with_keys(2)


def test_revoked_keys_sign_and_hand_on_nothing(logs):
    logs.say(CITY, Revoke(OUTLET, 5, made.root_hash_of("5"), "keys-stolen"))
    with pytest.raises(NotAllowed, match="suspended"):
        logs.registry.check_active(OUTLET)
    logs.say(CITY, rotate(2, by=1), with_keys(2))
    assert logs.pairs == [1]
    logs.confirm(logs.say(CITY, rotate(3, by=None, size=9)))
    first, _last = logs.registry.eras(OUTLET)
    assert logs.pairs == [1, 3]
    assert (first.revoked, first.last_good.size) == (True, 5)
    assert logs.registry.check_active(OUTLET)


def test_a_new_home_goes_on_with_the_keys_that_the_old_one_knew(logs):
    logs.say(CITY, rotate(2, by=1), with_keys(2))
    logs.say(OTHER_CITY, with_keys(3))
    logs.say(HUB, Home(OUTLET, OTHER_CITY))
    assert logs.pairs == [1, 2]
    logs.say(OTHER_CITY, rotate(3, by=2))
    assert logs.pairs == [1, 2, 3]
    logs.say(CITY, rotate(1, by=3))
    assert logs.pairs == [1, 2, 3]


def test_a_successor_needs_its_home_and_the_hub(logs):
    assert logs.registry.successor(OUTLET) == ""
    logs.say(CITY, made.node(NEXT))
    assert logs.registry.find(NEXT) is None
    stated = Successor(NEXT, OUTLET, 5, made.root_hash_of("5"))
    logs.say(OTHER_CITY, stated)
    at = logs.say(CITY, stated)
    assert logs.registry.find(NEXT) is None
    logs.confirm(at, about=NEXT)
    assert logs.registry.predecessor(NEXT) == stated
    assert logs.registry.successor(OUTLET) == NEXT
    assert logs.registry.get(NEXT).node == made.node(NEXT)


# -- what old keys still prove ----------------------------------------------------------------------------------------

GOOD = Checkpoint(OUTLET, 7, made.root_hash_of("7"))


def signed(which: int, size: int, root: bytes = b"") -> bytes:
    at = Checkpoint(OUTLET, size, root or made.root_hash_of(str(size)))
    return head.sign_head(made.signers(OUTLET, which), at, made.NOW_S).note


def two_eras() -> tuple[eras.Era, ...]:
    first, last = (eras.Era(*rotation.set_of(with_keys(which)), CITY, which) for which in (1, 2))
    return replace(first, over=True, last_good=GOOD), last


def test_new_keys_count_and_old_ones_up_to_their_last_good_head():
    asked = []

    def is_prefix(found, last_good):
        asked.append((found.size, last_good))
        return found.size == 3

    assert eras.open_head(two_eras(), signed(2, 9), is_prefix).size == 9
    assert eras.open_head(two_eras(), signed(1, 7), is_prefix).size == 7
    assert asked == []
    assert eras.open_head(two_eras(), signed(1, 3), is_prefix).size == 3
    for raw in (signed(1, 4), signed(1, 8), signed(1, 7, bytes(32)), signed(3, 9)):
        with pytest.raises(BadSignature):
            eras.open_head(two_eras(), raw, is_prefix)
    assert asked == [(3, GOOD), (4, GOOD), (7, GOOD)]


def test_keys_of_the_hub_are_as_its_root_statements_say(tmp_path):
    first = made.statement()
    second = replace(made.statement(2), log_keys=made.verifiers(made.signers(HUB, 2)))
    third = made.statement(3)
    third = replace(third, log_keys=second.log_keys)
    notes = [federation.sign(one, made.root_signers(), made.NOW_S) for one in (first,)]
    notes += [federation.sign(one, (*made.root_signers(), *made.root_signers()), made.NOW_S) for one in (second, third)]
    trusted = federation.chain(notes)
    assert federation.chain(notes[:1]).extended(notes) == trusted
    assert trusted.extended(notes[:1]) is trusted
    store = made.Store(made.Written(tmp_path / "hub", HUB).log_db)
    registry = Registry(store, trusted, HUB)
    before, now = registry.eras(HUB)
    assert (before.over, before.last_good, now.over, now.log_keys) == (True, None, False, second.log_keys)
    stated = Rotate(HUB, 1, made.root_hash_of("1"), second.log_keys, second.mirror_key, bytes(32), ())
    with store.write():
        raw = control.entry.control_entry(1, control.encode(stated))
        Bundles(store, store.log(HUB)).append(1, [raw], [leaf_hash(raw)], None)
    assert registry.eras(HUB)[0].last_good == Checkpoint(HUB, 1, made.root_hash_of("1"))
    assert registry.get(HUB).node.log_keys == second.log_keys
    store.close()


def test_a_chain_is_extended_by_what_its_root_signed_only():
    second = replace(made.statement(2), log_keys=made.verifiers(made.signers(HUB, 2)))
    foreign = federation.sign(second, (*made.root_signers(2), *made.root_signers(2)), made.NOW_S)
    trusted: Federation = made.the_federation()
    with pytest.raises(BadSignature):
        trusted.extended([foreign])


# -- mirrors ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def mirrored(tmp_path):
    """An outlet's log of 7 entries, mirrored whole, and its registration before and after a rotation at 7."""
    written = made.Written(tmp_path / "outlet", OUTLET)
    written.grow_to(7)
    store = made.Store.create(tmp_path / "mirror.db")
    with made.opened(written.log_db) as own, store.write():
        entries = Bundles(own, own.log(OUTLET)).entries(0, 7)
        log = store.add_log(OUTLET)
        Bundles(store, log).append(0, entries, [leaf_hash(one) for one in entries], None)
        store.set_stored(log, 7)
    good = Checkpoint(OUTLET, 7, Bundles(store, store.log(OUTLET)).root(7))
    first, last = two_eras()
    first = replace(first, last_good=good)
    yield store, made.registration(OUTLET), Registration(with_keys(2), CITY, 3, (first, last))
    store.close()


def test_an_old_head_within_what_is_stored_is_taken_after_a_rotation(mirrored):
    store, _before, after = mirrored
    bundles = Bundles(store, store.log(OUTLET))
    for size in (3, 7):
        assert mirror.see_head(store, after, CITY, signed(1, size, bundles.root(size)))[1].size == size
    for raw in (signed(1, 8), signed(1, 6, bytes(32))):
        with pytest.raises(BadSignature):
            mirror.see_head(store, after, CITY, raw)
    assert not store.log(OUTLET).frozen
    assert store.sighted(store.log(OUTLET), 8) == []


def test_a_head_that_a_thief_had_recorded_stands_in_nobodys_way(mirrored):
    """Recorded before the rotation by stolen keys: it is passed over, and no package is taken towards it."""
    store, before, after = mirrored
    stolen = signed(1, 900)
    mirror.record_head(store, before, CITY, stolen, 0, ())
    with pytest.raises(OldSize):
        mirror.record_head(store, before, CITY, signed(1, 901), 7, ())
    new = signed(2, 7, Bundles(store, store.log(OUTLET)).root(7))
    assert mirror.record_head(store, after, CITY, new, 0, ()) == 7
    end = mirror.head.open_head(stolen, made.verifiers(made.signers(OUTLET, 1)))
    package = next(packages(store, store.log(OUTLET), 0, 7, 7, lambda audience, index: True))
    with pytest.raises(NoHead):
        mirror.take(store, after, package, end, made.committer(OUTLET), Holds())
