"""kill -9 exactly before and exactly after every commit of a session, on either side; then a session as always."""

import itertools
import signal

import pytest

from tests.crash import invariants
from tests.crash.conftest import Federation
from tests.crash.processes import Process
from tests.crash.resumption import Resumption
from tests.crash.run_importer import record
from tests.crash.trace import Event
from tests.world import CITY, HUB, OUTLET

RECORDS = 400  # more than one package, and never the same place in a bundle
CHILDS_COMMITS = {"seal", "record_head", "take", "settle", "_keep_receipts", "_keep_receipt"}
PARENTS_COMMITS = {"heard", "record_head", "take", "give_receipt"}


def prepare(federation: Federation, count: int) -> list[str]:
    """Give every step of the outlet's next session something to do; return the batches filed so far.

    New records to seal and bring, a newer head and entries of its parent to fetch, a receipt by the hub to keep.
    """
    bodies = [record(f"{count}", at, RECORDS) for at in range(RECORDS)]
    federation.trace.note("adding", count, RECORDS)
    first = federation.world.file(OUTLET, *bodies)
    federation.trace.note("added", count, RECORDS, first)
    federation.world.file(CITY, b"{}")
    federation.world.sync(CITY)
    return [str(one) for one in range(1, count + 1)]


def check(federation: Federation) -> list[Event]:
    """Fail unless a session without a kill mends everything; return the trace."""
    federation.world.sync(OUTLET)
    events = federation.trace.events()
    names = invariants.check(federation.child, federation.parent, events)
    invariants.check_batches(names, events)
    return events


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
    events = check(federation)
    Resumption(OUTLET).read(events)
