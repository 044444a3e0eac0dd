"""kill -9 exactly before and exactly after every commit of a session, on either side; then a session as always."""

import itertools
import signal

import pytest

from sync.bundles import spans
from tests.crash import invariants
from tests.crash.conftest import Federation
from tests.crash.run_importer import record
from tests.crash.trace import Event
from tests.world import CITY, OUTLET

RECORDS = 400  # more than one package, and never the same place in a bundle
CHILDS_COMMITS = {"seal", "record_head", "take", "settle", "_keep_receipts", "_keep_receipt"}
PARENTS_COMMITS = {"heard", "record_head", "take", "give_receipt"}


def prepare(federation: Federation, count: int) -> None:
    """Give every step of the outlet's next session something to do.

    New records to seal and bring, a newer head and entries of its parent to fetch, a receipt by the hub to keep.
    """
    bodies = [record(f"{count}", at, RECORDS) for at in range(RECORDS)]
    federation.trace.note("adding", count, RECORDS)
    first = federation.world.file(OUTLET, *bodies)
    federation.trace.note("added", count, RECORDS, first)
    federation.world.file(CITY, b"{}")
    federation.world.sync(CITY)


def check(federation: Federation) -> None:
    """Fail unless a session without a kill mends everything, and sends only what is missing."""
    events = federation.trace.events()
    with federation.parent.opened() as above:
        mirrored = above.store.log(OUTLET)
    stored = mirrored.next_entry if mirrored else 0
    takes = [one.number(1) for one in events if one.role == "parent" and one.what == "take"]
    assert stored >= max(takes, default=0), "more than one package was verified and not stored"
    report = federation.world.sync(OUTLET)
    with federation.child.opened() as below:
        assert report.packages == len(list(spans(stored, below.own.log.next_entry)))
    names = invariants.check(federation.child, federation.parent, events)
    invariants.check_batches(names, events)


def died_at(events: list[Event], role: str) -> str:
    """Return the function whose commit the last process of that role died at."""
    return next(one.facts[0] for one in reversed(events) if one.role == role and one.what.startswith("committ"))


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_child_killed_at_each_of_its_commits_goes_on_with_the_next_session(federation: Federation, when: str) -> None:
    check(federation)
    died = []
    for count in itertools.count(1):
        prepare(federation, count)
        status = federation.start("child", 0, "--die", when, str(count)).ended()
        if status == 0:
            break
        assert status == -signal.SIGKILL
        federation.trace.note("killed", "child")
        died.append(died_at(federation.trace.events(), "child"))
        check(federation)
    assert set(died) >= CHILDS_COMMITS
    check(federation)
    assert federation.said() == ""


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_parent_killed_at_each_of_its_commits_goes_on_when_started_again(federation: Federation, when: str) -> None:
    check(federation)
    died = []
    for count in itertools.count(1):
        prepare(federation, count)
        federation.world.shut(CITY)
        parent = federation.start("parent", 0, "--die", when, str(count))
        child = federation.start("child", 0, "--die", "after", "1000")  # one session, and never dies
        failed = child.ended() != 0
        if not failed:
            parent.finish()
            federation.world.open(CITY)
            break
        assert parent.ended() == -signal.SIGKILL
        federation.trace.note("killed", "parent")
        died.append(died_at(federation.trace.events(), "parent"))
        federation.world.open(CITY)
        check(federation)
    assert set(died) >= PARENTS_COMMITS
    check(federation)
    assert "Exception ignored" not in federation.said()
