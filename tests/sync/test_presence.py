"""A hub waits for half of its substations before it signs, and stops when one holds a newer head of it."""

import pytest

from sync import control, presence
from sync.bundles import Bundles
from sync.errors import NeedsRecovery
from sync.registry import Registry
from tests.sync import made
from tests.sync.made import ALLIANCE, CITY, HUB, OTHER_CITY, OUTLET


@pytest.fixture
def hub(tmp_path):
    """The hub's own log, sealed at the size 5: genesis, two cities, an alliance, one suspended city."""
    written = made.Written(tmp_path / "hub", HUB)
    with written.own() as own:
        for one in (
            made.node(CITY, "substation"),
            made.node(OTHER_CITY, "substation"),
            made.node(ALLIANCE, "alliance"),
            made.node("ip.gd.example/zh", "substation", "suspended"),
        ):
            own.state(one)
    written.seal()
    return written


@pytest.fixture
def store(hub):
    with made.opened(hub.log_db) as store:
        presence.start(store)
        yield store


def registry(store):
    return Registry(store, made.the_federation(), HUB)


def heard(store, child, note=b""):
    presence.heard(store, registry(store), child, note)


def may_sign(store) -> bool:
    try:
        presence.check_may_sign(store, registry(store))
    except NeedsRecovery:
        return False
    return True


def note(size: int, which: int = 1, root: bytes = made.root_hash_of("hub")) -> bytes:
    promised = made.Checkpoint(HUB, size, root)
    return made.sign_head(made.signers(HUB, which), promised, made.NOW_S).note


def test_half_of_the_active_substations_must_have_called(store):
    assert not may_sign(store)
    heard(store, CITY)
    assert not may_sign(store)
    heard(store, CITY)
    heard(store, OUTLET)
    heard(store, "ip.gd.example/zh")
    assert not may_sign(store)
    heard(store, ALLIANCE)
    assert may_sign(store)


def test_after_the_next_start_they_must_call_again(store):
    heard(store, CITY)
    heard(store, OTHER_CITY)
    assert may_sign(store)
    presence.start(store)
    assert not may_sign(store)


def test_a_hub_without_substations_may_sign(tmp_path):
    written = made.Written(tmp_path / "new", HUB)
    with made.opened(written.log_db) as store:
        presence.start(store)
        assert may_sign(store)


def test_the_epoch_is_made_once(store):
    before = store.meta("epoch")
    presence.start(store)
    assert store.meta("epoch") == before
    assert len(before) == 16


def test_a_known_head_of_ours_is_no_alarm(store):
    heard(store, CITY, store.newest_head(store.log(HUB)).note)
    heard(store, OTHER_CITY, note(3, root=Bundles(store, store.log(HUB)).root(3)))
    assert may_sign(store)
    assert store.alarms() == []


def test_a_head_of_ours_over_other_entries_stops_signing(store):
    heard(store, CITY, note(3))
    heard(store, OTHER_CITY)
    assert not may_sign(store)
    assert [what for _at, what, _origin, _detail in store.alarms()] == ["restored"]


def test_a_newer_head_of_ours_stops_signing_and_is_an_alarm(store):
    heard(store, CITY)
    heard(store, OTHER_CITY, note(99))
    heard(store, OTHER_CITY, note(99))
    assert not may_sign(store)
    assert [(what, origin) for _at, what, origin, _detail in store.alarms()] == [("restored", HUB)]
    presence.start(store)
    for child in (CITY, OTHER_CITY, ALLIANCE):
        heard(store, child)
    assert not may_sign(store)
    with pytest.raises(NeedsRecovery):
        presence.check_not_behind(store, HUB)


@pytest.mark.parametrize(
    "claim",
    [note(99, which=2), b"not a note", made.signed(CITY, 99, made.root_hash_of("city")).note],
    ids=["other keys", "no note", "another log's"],
)
def test_a_bare_claim_is_reported_and_changes_nothing(store, claim):
    heard(store, CITY)
    heard(store, OTHER_CITY, claim)
    assert [(what, origin) for _at, what, origin, _detail in store.alarms()] == [("bare-claim", OTHER_CITY)]
    assert not may_sign(store)  # who claims so did not call, either
    heard(store, OTHER_CITY)
    assert may_sign(store)


def test_a_moved_status_moves_who_is_waited_for(store, hub):
    heard(store, CITY)
    assert not may_sign(store)
    with hub.own() as own:
        own.state(control.Node.with_status(made.node(ALLIANCE, "alliance"), "revoked", "left"))
    assert may_sign(store)
