"""A night: a session with each parent, one after the other, until it is told to stop or its time is over."""

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from node import authority, keyfiles, nightly
from node.errors import Interrupted
from node.settings import Parent
from sync.errors import NotAllowed, Unreachable
from tests.node.filing import entries
from tests.world import CITY, HUB, OUTLET

LOST = Parent("ip.gd.example/lost", "127.0.0.1:1", "127.0.0.1:1")


@pytest.fixture
def outlet(world):
    world.hub()
    world.node(CITY, "substation", HUB)
    return world.node(OUTLET, "outlet", CITY)


def with_parents(node, *parents):
    return replace(node, settings=replace(node.settings, parents=parents))


def received(world):
    """How many entries of the outlet its city has signed for."""
    with world.nodes[CITY].opened() as opened:
        log = opened.store.log(OUTLET)
        return log.stored if log else 0


def test_one_parent_that_fails_does_not_stop_the_next(world, outlet):
    night = nightly.run(with_parents(outlet, LOST, *outlet.settings.parents))
    assert list(night.failures) == [LOST.origin]
    assert [one.parent for one in night.reports] == [CITY]
    assert received(world) == 2, "its genesis, and what the other parent may see of it from now on"


def test_a_night_again_moves_nothing(world, outlet):
    first, again = nightly.run(outlet), nightly.run(outlet)
    assert (first.reports[0].entries_up, again.reports[0].entries_up) == (1, 0)
    assert again.failures == {}
    assert again.reports[0].calls == 1, "a hello is all"


def test_nothing_is_called_once_told_to_stop(world, outlet):
    stop = threading.Event()
    stop.set()
    with pytest.raises(Interrupted):
        nightly.call(outlet, outlet.settings.parents[0], stop=stop)
    night = nightly.run(outlet, stop=stop)
    assert [type(one) for one in night.failures.values()] == [Interrupted]
    assert received(world) == 0
    assert nightly.run(outlet).failures == {}
    assert received(world) == 1


def test_told_to_stop_in_the_middle_it_goes_on_from_there_the_next_time(world, outlet):
    world.file(OUTLET, *(b'{"n": %d}' % one for one in range(700)))
    stop = threading.Event()
    with pytest.raises(Interrupted):
        nightly.call(outlet, outlet.settings.parents[0], stop=stop, progress=lambda *given: stop.set())
    report = nightly.call(outlet, outlet.settings.parents[0])
    assert report.entries_up <= 701 - 256, "what arrived is not sent again"
    assert received(world) == 701


def test_no_call_is_begun_after_the_night_is_over(world, outlet):
    night = nightly.run(outlet, deadline=lambda: 0.0)
    (error,) = night.failures.values()
    assert isinstance(error, Unreachable)
    assert "the night is over" in str(error)


def test_progress_hears_how_far_each_log_is(world, outlet):
    heard = []
    world.file(OUTLET, *(b'{"n": %d}' % one for one in range(300)))
    nightly.run(outlet, progress=lambda *given: heard.append(given))
    assert heard[-1] == (OUTLET, 301, 301)


def test_a_joining_door_that_is_shut_stops_no_session_that_can_still_be_had(world, outlet):
    then = datetime.now(UTC) - timedelta(days=61)
    csr = authority.csr(outlet.keys.tls_key_pem, OUTLET)
    city = world.nodes[CITY]
    der = authority.issue_client(city.home, csr, OUTLET, 90, then)
    keyfiles.save_client_certificate(outlet.home, CITY, der, authority.authority_der(city.home))
    (parent,) = outlet.settings.parents
    night = nightly.run(with_parents(outlet, replace(parent, join_address="127.0.0.1:1")))
    assert (night.failures, len(night.reports)) == ({}, 1)
    assert authority.days_left(keyfiles.client_certificate(outlet.home, CITY)[0]) < 30


def test_a_refused_renewal_is_told_as_the_cause(world, outlet):
    with world.nodes[CITY].opened() as opened:
        opened.own.state(opened.registry.get(OUTLET).node.with_status("suspended", "欠费"))
    (error,) = nightly.run(outlet).failures.values()
    assert isinstance(error, NotAllowed)
    assert error.reason == "suspended"
    assert entries(outlet) == []


def test_answers_are_awaited_until_every_node_above_has_signed_for_everything(world, outlet):
    assert nightly.awaits_answers(outlet)  # the city has not heard of the log, nor the hub
    world.sync(OUTLET)
    assert nightly.awaits_answers(outlet)
    world.sync(CITY)
    world.sync(OUTLET)
    assert not nightly.awaits_answers(outlet)
    world.file(OUTLET, b"one more")
    assert nightly.awaits_answers(outlet)
