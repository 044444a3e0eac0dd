"""Drills of an outlet: restored from an old copy, a snapshot resumed, head.lock and log.db that disagree each way."""

from dataclasses import replace

import pytest

from catalog.search import Query
from node import acting, cataloguing, exporting, handouts, nightly, recovering, settings
from sync import aside, forks
from sync.bundles import Bundles
from sync.errors import Fork, NeedsRecovery, NotAllowed
from tests.node import drills
from tests.node.drills import LOCK, LOG, NOTES, copied, filed, is_once, put_back
from tests.node.verdict_world import patent
from tests.world import ALLIANCE, CITY, HUB, OUTLET


@pytest.fixture
def world(world):
    world.hub()
    world.node(CITY, "substation", HUB)
    world.node(OUTLET, "outlet", CITY)
    filed(world, OUTLET, "a", "b")
    world.sync(OUTLET)
    return world


def went_on(world):
    """File and seal more, as the node did before it was lost."""
    filed(world, OUTLET, "c", "d", number=2)
    world.sync(OUTLET)


def visited(world, parent=CITY):
    """Run a night's visit, which recovers by itself where that is needed."""
    node = world.nodes[OUTLET]
    node = replace(node, settings=settings.load(node.home, {}))
    report = nightly.visit(node, next(one for one in node.settings.parents if one.origin == parent))
    drills.night(world, CITY)
    return report


@pytest.mark.parametrize(
    "files",
    [(LOG,), (LOG, NOTES), (LOG, LOCK), (LOG, LOCK, NOTES), (LOCK,)],
    ids=["log.db", "log.db and node.db", "log.db and head.lock", "a snapshot", "head.lock"],
)
def test_a_node_put_back_gets_back_what_its_parent_has_and_adds_what_it_queued(world, files):
    copied(world, OUTLET)
    went_on(world)
    put_back(world, OUTLET, *files)
    filed(world, OUTLET, "e", number=3)
    with pytest.raises(NeedsRecovery):
        world.sync(OUTLET)
    visited(world)
    assert is_once(world, OUTLET, "a b c d e")
    assert not drills.alarms(world, CITY)
    filed(world, OUTLET, "f", number=3)
    visited(world)
    assert is_once(world, OUTLET, "a b c d e f")


def test_what_was_queued_before_the_copy_and_sealed_after_it_comes_once(world):
    filed(world, OUTLET, "c", "d", number=2)
    copied(world, OUTLET)
    world.sync(OUTLET)
    filed(world, OUTLET, "e", number=3)
    world.sync(OUTLET)
    put_back(world, OUTLET, LOG, LOCK, NOTES)
    filed(world, OUTLET, "f", number=3)
    visited(world)
    assert is_once(world, OUTLET, "a b c d e f")


def test_a_lost_head_lock_is_made_again_once_the_parent_has_answered(world):
    went_on(world)
    world.nodes[OUTLET].home.head_lock.unlink()
    world.shut(CITY)
    with pytest.raises(recovering.NotAnswered):
        visited(world)
    with pytest.raises(NeedsRecovery), world.nodes[OUTLET].opened() as opened, world.nodes[OUTLET].lock() as lock:
        opened.own.seal(lock)
    world.open(CITY)
    filed(world, OUTLET, "e", number=3)
    visited(world)
    assert is_once(world, OUTLET, "a b c d e")
    with world.nodes[OUTLET].opened() as opened, world.nodes[OUTLET].lock() as lock:
        assert lock.signed(OUTLET).size == opened.own.log.stored


def test_a_log_db_that_is_ahead_of_an_older_head_lock_goes_on(world):
    copied(world, OUTLET)
    went_on(world)
    put_back(world, OUTLET, LOCK)
    filed(world, OUTLET, "e")
    visited(world)
    assert is_once(world, OUTLET, "a b c d e")


def test_every_parent_must_answer_before_anything_is_signed(world):
    drills.night(world, CITY)
    world.sync(OUTLET)
    world.node(ALLIANCE, "alliance", HUB)
    world.node(OUTLET, "outlet", ALLIANCE)
    world.sync(OUTLET, ALLIANCE)
    copied(world, OUTLET)
    filed(world, OUTLET, "c", "d", number=2)
    world.sync(OUTLET, ALLIANCE)
    put_back(world, OUTLET, LOG)
    filed(world, OUTLET, "e", number=3)
    world.shut(ALLIANCE)
    with pytest.raises(recovering.NotAnswered, match="led"):
        visited(world)
    world.open(ALLIANCE)
    visited(world)
    world.sync(OUTLET, ALLIANCE)
    assert is_once(world, OUTLET, "a b c d e", OUTLET, CITY, HUB, ALLIANCE)


def test_a_snapshot_is_not_signed_on_after_a_parent_with_less_while_another_has_more(world):
    drills.night(world, CITY)
    world.sync(OUTLET)
    world.node(ALLIANCE, "alliance", HUB)
    world.node(OUTLET, "outlet", ALLIANCE)
    world.sync(OUTLET, ALLIANCE)
    copied(world, OUTLET)
    filed(world, OUTLET, "c", "d", number=2)
    world.sync(OUTLET, ALLIANCE)
    put_back(world, OUTLET, LOG, LOCK, NOTES)
    filed(world, OUTLET, "e", number=3)
    night = nightly.run(world.nodes[OUTLET])
    assert not night.failures
    drills.night(world, CITY, ALLIANCE)
    assert is_once(world, OUTLET, "a b c d e", OUTLET, CITY, HUB, ALLIANCE)


def test_nothing_is_signed_either_while_a_third_parent_does_not_answer(world):
    drills.night(world, CITY)
    world.sync(OUTLET)
    world.node(ALLIANCE, "alliance", HUB)
    world.node(OUTLET, "outlet", ALLIANCE)
    world.sync(OUTLET, ALLIANCE)
    copied(world, OUTLET)
    filed(world, OUTLET, "c", "d", number=2)
    world.sync(OUTLET, ALLIANCE)
    put_back(world, OUTLET, LOG, LOCK, NOTES)
    with world.nodes[OUTLET].lock() as lock:
        before = lock.signed(OUTLET)
    filed(world, OUTLET, "e", number=3)
    found = settings.load(world.nodes[OUTLET].home, {})
    gone = settings.Parent("ip.gd.example/gone", "127.0.0.1:1", "127.0.0.1:1")
    settings.save(world.nodes[OUTLET].home, replace(found, parents=(*found.parents, gone)))
    night = nightly.run(replace(world.nodes[OUTLET], settings=settings.load(world.nodes[OUTLET].home, {})))
    assert set(night.failures) == {CITY, ALLIANCE, gone.origin}
    with world.nodes[OUTLET].lock() as lock:
        assert lock.signed(OUTLET) == before


def test_what_was_signed_and_is_nowhere_any_more_is_said_to_be_lost_and_nothing_is_signed(world):
    copied(world, OUTLET)
    filed(world, OUTLET, "c", "d")
    with world.nodes[OUTLET].opened() as opened, world.nodes[OUTLET].lock() as lock:
        opened.own.seal(lock)
    put_back(world, OUTLET, LOG)
    with pytest.raises(NeedsRecovery, match="lost: 5 entries were signed, 3 of them"):
        visited(world)


def two_branches(world):
    copied(world, OUTLET)
    went_on(world)
    put_back(world, OUTLET, LOG, LOCK)
    filed(world, OUTLET, "x", "y", "z")
    with world.nodes[OUTLET].opened() as opened, world.nodes[OUTLET].lock() as lock:
        opened.own.seal(lock)  # as an older program would


def check_frozen(world):
    with world.nodes[OUTLET].opened() as opened:
        assert opened.own.log.frozen == "fork"
        assert forks.is_forked(opened.store, OUTLET)
        with pytest.raises(NeedsRecovery, match="frozen"), world.nodes[OUTLET].lock() as lock:
            opened.own.seal(lock)
    assert "fork" in drills.alarms(world, OUTLET)


def test_two_branches_freeze_the_own_log(world):
    two_branches(world)
    with pytest.raises(NotAllowed, match="frozen"):
        visited(world)
    check_frozen(world)


def test_a_recovery_that_finds_two_branches_freezes_the_own_log_with_evidence(world):
    two_branches(world)
    with pytest.raises(Fork, match="signed over others"):
        recovering.recover(world.nodes[OUTLET])
    check_frozen(world)


def test_submissions_lie_where_the_log_has_them_afterwards(world):
    notebook = world.nodes[OUTLET].notebook
    copied(world, OUTLET)
    went_on(world)
    put_back(world, OUTLET, LOG, NOTES)
    world.clock.ahead = 3600
    at = world.nodes[OUTLET].clock()
    for expected in (1, 2):
        assert notebook.open_submission("李", ["x.xlsx"], "", at) == expected
    filed(world, OUTLET, "e", number=2)
    notebook.close_submission(2, at + 1, rows=1, sealed=1, unchanged=0, refused=0, first=3, last=4, findings={})
    visited(world)
    with world.nodes[OUTLET].opened() as opened:
        end = opened.own.log.next_entry
    mine = {(one.first, one.last, one.sealed, one.files) for one in notebook.submissions() if one.sealed}
    assert (end - 1, end, 1, ("x.xlsx",)) in mine


def test_entries_far_beyond_a_bundle_come_back(world):
    titles = [f"t{at}" for at in range(700)]
    copied(world, OUTLET)
    filed(world, OUTLET, *titles)
    world.sync(OUTLET)
    put_back(world, OUTLET, LOG)
    more = [f"u{at}" for at in range(300)]
    filed(world, OUTLET, *more)
    visited(world)
    assert is_once(world, OUTLET, " ".join(["a", "b", *titles, *more]))
    with world.nodes[OUTLET].opened() as opened:
        bundles = Bundles(opened.store, opened.own.log)
        assert bundles.count_wanted() == 0


def test_the_catalogue_is_that_of_the_new_log(world):
    copied(world, OUTLET)
    went_on(world)
    put_back(world, OUTLET, LOG)
    world.nodes[OUTLET].home.catalog_db.unlink(missing_ok=True)
    filed(world, OUTLET, "e", number=3)
    cataloguing.apply_own(world.nodes[OUTLET])
    visited(world)
    cataloguing.apply(world.nodes[OUTLET])
    with cataloguing.catalogue(world.nodes[OUTLET]) as found:
        query = "select key from quarantine union select key from assertion join record on record.id = record"
        taken = {key.rpartition(":")[2] for (key,) in found.db.execute(query)}
    assert {"a", "b", "c", "d", "e"} <= taken


def test_who_did_what_and_what_was_exported_follow_queued_entries_to_their_new_places(world):
    copied(world, OUTLET)
    went_on(world)
    put_back(world, OUTLET, LOG, LOCK, NOTES)
    node = world.nodes[OUTLET]
    with node.opened() as opened:
        acting.record(node, opened, "erase", "1 parts", "mistake")
    world.file(OUTLET, patent(1))
    cataloguing.apply(node)
    held, out = handouts.Places(), node.home.outbox / "all.jsonl"
    with out.open("w+b") as stream:
        exporting.write(node, exporting.Order(Query(), "jsonl", "own"), stream, took=held.add)
        handouts.note_places(node, out, handouts.EXPORT, held, stream)
    assert [one.path for one in handouts.holding(node, (OUTLET, 4, 0))] == [str(out)], "behind a and b and the act"
    visited(world)
    assert [one.path for one in handouts.holding(node, (OUTLET, 6, 0))] == [str(out)], "behind c and d as well"
    with node.opened() as opened:
        assert [(one.index, one.what) for one in acting.acts(node, opened, 10)] == [(5, "erase")]
        assert aside.moved(opened.store) == []
