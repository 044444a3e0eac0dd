"""Erasing broken off before and after each of its writes: nothing is stated too early, and the next call ends it."""

import contextlib
import threading
from pathlib import Path

import pytest

from catalog import search, views
from catalog.catalogue import Catalogue
from catalog.search import Query
from node import cataloguing, erasure_commands, erasures, exporting, handouts
from node.page import Page
from sync import erasing
from sync.bundles import Bundles
from sync.control import Erase
from sync.store import Store
from tests.node.drills import copied, put_back
from tests.node.test_erasures import RARE, filed, files_with, secret
from tests.node.verdict_world import key
from tests.sync import made
from tests.world import CITY, OUTLET

WRITES = ((Store, "write"), (Catalogue, "write"), (Page, "_write"))
STEPS = ((erasures, "scrub"), (Path, "unlink"))


@contextlib.contextmanager
def broken_at(faults: made.Faults):
    """Break at a commit of log.db, catalog.db or node.db, or at another step that lasts, as `faults` says.

    What other threads do meanwhile, the doors of a parent, is not broken.
    """
    mine = threading.get_ident()

    def reached(after):
        if threading.get_ident() == mine:
            faults.reached(after=after)

    def committing(original):
        @contextlib.contextmanager
        def watched(*given):
            with original(*given) as found:
                yield found
                reached(after=False)
            reached(after=True)

        return watched

    def stepping(original):
        def watched(*given, **more):
            reached(after=False)
            found = original(*given, **more)
            reached(after=True)
            return found

        return watched

    with pytest.MonkeyPatch.context() as patched:
        for owner, name in WRITES:
            patched.setattr(owner, name, committing(getattr(owner, name)))
        for owner, name in STEPS:
            patched.setattr(owner, name, stepping(getattr(owner, name)))
        yield


def exported(world) -> Path:
    out = world.nodes[CITY].home.outbox / "all.csv"
    words = exporting.Order(Query(), "csv", "internal")
    with exporting.whole_file(out) as stream, exporting.noted(world.nodes[CITY], out, stream) as took:
        exporting.write(world.nodes[CITY], words, stream, took=took)
    return out


@pytest.mark.parametrize("takes_effect", [False, True])
def test_a_crash_at_any_write_states_nothing_too_early_and_loses_no_wish(filed, takes_effect):
    node, out = filed.nodes[CITY], exported(filed)
    assert RARE in out.read_text("utf-8-sig")
    (part,) = erasure_commands.parts_of(node, key(1))
    with node.opened() as opened:
        before = opened.own.state(Erase(part.origin, part.index, part.number, "court"))

    filed.shut(CITY)
    copied(filed, CITY)

    def run(faults):
        nonlocal broken
        if broken:
            erasures.follow_up(node)
            check_ended(filed, part, before, out)
            put_back(filed, CITY, "log.db", "node.db", "catalog.db", "outbox/all.csv")
        broken = True
        with broken_at(faults):
            erasures.follow_up(node)

    broken, places = False, 0
    for _at in made.until_unbroken(run, takes_effect):
        places += 1
        with node.opened() as opened:
            log = opened.store.log(OUTLET)
            stone = erasing.find(opened.store, log, part.index, part.number)
            assert (Bundles(opened.store, log).part(part.index, part.number) is None) == (stone is not None)
            said = opened.own.log.next_entry > before + 1
            if said or (stone and stone.cleared):
                assert not out.exists()
                assert files_with(filed, CITY) == []
    assert places >= 12, "places that were broken at"
    check_ended(filed, part, before, out)


def check_ended(filed, part, before, out):
    node = filed.nodes[CITY]
    assert (files_with(filed, CITY), out.exists()) == ([], False)
    with cataloguing.catalogue(node) as found:
        assert search.find(found, Query(words=RARE), views.FULL).hits == []
    with node.opened() as opened:
        log = opened.store.log(OUTLET)
        head = opened.store.newest_head(log)
        assert Bundles(opened.store, log).root(head.size) == head.root
        assert opened.own.log.next_entry == before + 2, "stated, and stated once"
        (stone,) = erasing.tombstones(opened.store)
        assert (stone.cleared, stone.stated) == (True, True)
    assert [one.state for one in handouts.holding(node, (OUTLET, part.index, part.number))] == ["gone"]


@pytest.mark.parametrize("takes_effect", [False, True])
def test_a_crash_at_any_write_of_the_command_leaves_a_wish_that_is_stated_or_is_not(filed, takes_effect):
    """Each part has its entry in the own log or it has none, and asking again is harmless."""
    filed.file(OUTLET, secret(90), audience="path")
    node = filed.nodes[OUTLET]
    cataloguing.apply(node)

    def run(faults):
        with broken_at(faults):
            erasure_commands.erase(node, parts, "mistake")

    parts = erasure_commands.parts_of(node, key(1)) + erasure_commands.parts_of(node, key(90))
    assert len(parts) == 2
    for _at in made.until_unbroken(run, takes_effect):
        assert erasures.follow_up(node).deleted <= 2
    with node.opened() as opened:
        bundles = Bundles(opened.store, opened.own.log)
        assert [bundles.part(one.index, one.number) for one in parts] == [None, None]
        stones = erasing.tombstones(opened.store)
        assert [(one.index, one.cleared, one.stated) for one in stones] == [(one.index, True, True) for one in parts]
    assert files_with(filed, OUTLET) == []


__all__ = ["filed"]
