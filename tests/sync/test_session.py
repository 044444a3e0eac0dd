"""What a session does: only changes travel, every parent answers, and whoever may not is told why."""

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from node import nightly
from node.home import Home
from node.node import Node
from sync import control, greeting, head, presence, receipting, service
from sync.bringing import Report
from sync.bundles import Bundles
from sync.client import Client
from sync.errors import NeedsRecovery, NotAllowed, Unreachable
from sync.keys import ED25519, MLDSA44, Signer
from sync.package import MAX_UNACKNOWLEDGED
from tests.sync import hostile
from tests.sync.hostile import NEIGHBOUR
from tests.world import ALLIANCE, CITY, HUB, OUTLET, World

PACKAGE = 256


@pytest.fixture
def city(world: World) -> World:
    """A hub, a city, and one outlet with 300 records that are not sent yet."""
    world.hub()
    world.node(CITY, "substation", HUB)
    world.node(OUTLET, "outlet", CITY)
    file(world, OUTLET, 300)
    return world


@pytest.fixture
def alliance(city: World) -> World:
    """The outlet is a member of an alliance, too."""
    city.node(ALLIANCE, "alliance", HUB)
    for origin in (OUTLET, CITY, OUTLET):  # its registration is sealed by the city, and comes back with a proof
        city.sync(origin)
    city.node(OUTLET, "outlet", ALLIANCE)
    return city


def file(world: World, origin: str, count: int, audience: str = "federation") -> None:
    world.file(origin, *(f"{origin} {number}".encode() for number in range(count)), audience=audience)


def state(world: World, by: str, origin: str, status: str) -> None:
    """Let `by` state another status of an origin, in its own log."""
    with world.nodes[by].opened() as opened:
        opened.own.state(opened.registry.get(origin).node.with_status(status, "said a test"))


def log_at(world: World, at: str, origin: str):
    with world.nodes[at].opened() as opened:
        return opened.store.log(origin)


def alarms(world: World, at: str) -> list[tuple[str, str]]:
    with world.nodes[at].opened() as opened:
        return [(what, origin) for _at, what, origin, _detail in opened.store.alarms()]


# -- only changes travel -----------------------------------------------------------------------------------------------


def test_a_first_night_brings_all_an_idle_night_says_hello_and_a_change_travels_alone(city):
    report = city.sync(OUTLET)
    assert (report.entries_up, report.packages, report.receipts) == (301, 2, [(OUTLET, CITY, 301)])
    assert hostile.is_whole(city, OUTLET, CITY)
    idle = city.sync(OUTLET)
    assert (idle.calls, idle.entries_up, idle.entries_down, idle.packages, idle.receipts) == (1, 0, 0, 0, [])
    file(city, OUTLET, 1)
    changed = city.sync(OUTLET)
    assert (changed.entries_up, changed.packages, changed.receipts) == (1, 1, [(OUTLET, CITY, 302)])
    assert hostile.is_whole(city, OUTLET, CITY)


def test_a_receipt_of_the_hub_travels_down_to_the_outlet(city):
    for origin in (OUTLET, CITY):
        city.sync(origin)
    report = city.sync(OUTLET)
    assert (OUTLET, HUB, 301) in report.receipts
    with city.nodes[OUTLET].opened() as opened:
        kept = {one.signer: one.size for one in opened.store.newest_receipts(opened.own.log)}
    assert kept == {CITY: 301, HUB: 301}


def test_two_routes_to_the_hub_store_a_log_once_and_both_get_receipts(alliance):
    file(alliance, OUTLET, 10)
    assert [alliance.sync(OUTLET, parent).receipts for parent in (CITY, ALLIANCE)] == [
        [(OUTLET, CITY, 312)],
        [(OUTLET, ALLIANCE, 312)],
    ]
    assert (OUTLET, HUB, 312) in alliance.sync(CITY).receipts
    before = hostile.kept(alliance.nodes[HUB], OUTLET)
    report = alliance.sync(ALLIANCE)
    after = hostile.kept(alliance.nodes[HUB], OUTLET)
    assert (OUTLET, HUB, 312) in report.receipts
    assert (report.refused, report.entries_down) == ([], 0)
    assert {table: after[table] for table in ("log", "bundle", "part", "node")} == {
        table: before[table] for table in ("log", "bundle", "part", "node")
    }
    assert [row[1] for row in after["head"]] == [CITY, ALLIANCE] or [row[1] for row in after["head"]] == [
        ALLIANCE,
        CITY,
    ]


def test_a_substations_new_signature_on_an_unchanged_head_reaches_the_hub(city):
    city.sync(OUTLET)
    city.sync(CITY)
    with city.nodes[HUB].opened() as opened:
        before = opened.store.head(opened.store.log(CITY), CITY)
    city.clock.ahead += 21 * 3600
    city.sync(CITY)
    with city.nodes[HUB].opened() as opened:
        after = opened.store.head(opened.store.log(CITY), CITY)
    assert (after.size, after.root) == (before.size, before.root)
    assert after.time_s >= before.time_s + 20 * 3600


# -- parts -------------------------------------------------------------------------------------------------------------


def test_parts_that_do_not_fit_a_package_follow_by_want_list(city):
    city.file(OUTLET, *(os.urandom(60_000) for _ in range(80)))
    first = city.sync(OUTLET)
    assert (first.parts_wanted, first.packages) == (0, 2)
    assert log_at(city, CITY, OUTLET).stored == 381
    assert hostile.is_whole(city, OUTLET, CITY)
    assert city.sync(OUTLET).calls == 1


def test_missing_parts_are_asked_for_page_by_page(city, monkeypatch):
    monkeypatch.setattr(greeting, "MAX_WANTED_A_PAGE", 7)
    city.file(OUTLET, *(os.urandom(60_000) for _ in range(80)))
    assert city.sync(OUTLET).parts_wanted == 0
    assert hostile.is_whole(city, OUTLET, CITY)


def test_parts_that_cannot_be_brought_do_not_keep_a_session_going(city):
    city.file(OUTLET, *(os.urandom(60_000) for _ in range(80)))
    lossy = hostile.session(city, OUTLET, lambda *of: hostile.Hostile(*of, target=OUTLET))
    assert lossy.parts_wanted > 0
    assert not hostile.is_whole(city, OUTLET, CITY)
    assert city.sync(OUTLET).parts_wanted == 0
    assert hostile.is_whole(city, OUTLET, CITY)


def test_a_part_for_an_alliance_is_kept_there_and_withheld_from_city_and_hub(alliance):
    with alliance.nodes[ALLIANCE].opened() as opened:
        known = opened.registry.get(ALLIANCE).node.alliance_id
    alliance.file(OUTLET, b"among members", audience=f"alliance:{known}")
    for child, parent in ((OUTLET, CITY), (OUTLET, ALLIANCE), (ALLIANCE, HUB), (CITY, HUB)):
        assert alliance.sync(child, parent).refused == []
    assert contents(alliance, ALLIANCE, OUTLET)[-1] == b"among members"
    for at in (CITY, HUB):
        assert b"among members" not in contents(alliance, at, OUTLET)
        assert log_at(alliance, at, OUTLET).stored == 303
        with alliance.nodes[at].opened() as opened:
            assert list(hostile.wanted(opened.store, OUTLET)) == []


def test_a_path_part_goes_up_and_not_down(city):
    city.file(CITY, b"for the hub alone", audience="path")
    city.file(CITY, b"for everybody")
    city.sync(CITY)
    city.sync(OUTLET)
    assert b"for the hub alone" in contents(city, HUB, CITY)
    assert b"for everybody" in contents(city, OUTLET, CITY)
    assert b"for the hub alone" not in contents(city, OUTLET, CITY)


def contents(world: World, at: str, origin: str) -> list[bytes]:
    """Return the parts that a node holds of a log, without their salts."""
    with world.nodes[at].opened() as opened:
        log = opened.store.log(origin)
        return [content[16:] for _name, content in Bundles(opened.store, log).parts(0, log.next_entry)]


# -- who may not -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["suspended", "revoked"])
def test_a_child_that_is_not_active_is_told_so_at_hello_and_goes_on_when_it_is(city, status):
    state(city, CITY, OUTLET, status)
    with pytest.raises(NotAllowed, match=status):
        city.sync(OUTLET)
    assert log_at(city, CITY, OUTLET) is None
    assert hostile.kept(city.nodes[OUTLET], OUTLET)["lock"] == [(None,)]  # it did not even sign
    state(city, CITY, OUTLET, "active")
    city.sync(OUTLET)
    assert hostile.is_whole(city, OUTLET, CITY)


def test_a_membership_that_is_suspended_closes_that_path_only(alliance):
    file(alliance, OUTLET, 3)
    with alliance.nodes[ALLIANCE].opened() as opened:
        opened.own.state(control.Member(OUTLET, "suspended"))
    with pytest.raises(NotAllowed, match="member-suspended"):
        alliance.sync(OUTLET, ALLIANCE)
    assert log_at(alliance, ALLIANCE, OUTLET) is None
    alliance.sync(OUTLET, CITY)
    assert hostile.is_whole(alliance, OUTLET, CITY)


def test_a_log_that_is_suspended_is_refused_with_its_reason_and_the_others_go_on(city):
    city.node(NEIGHBOUR, "outlet", CITY)
    for origin in (OUTLET, NEIGHBOUR):
        city.sync(origin)
    state(city, CITY, OUTLET, "suspended")
    ((origin, reason),) = city.sync(CITY).refused
    assert origin == OUTLET
    assert "suspended" in reason
    assert log_at(city, HUB, OUTLET) is None
    assert hostile.is_whole(city, NEIGHBOUR, HUB)


@pytest.mark.parametrize("status", ["suspended", "revoked"])
def test_a_child_suspended_in_the_middle_of_an_upload_sends_no_further_package(city, status):
    class Slow(Client):
        """Brings the second package when the first is acknowledged and the child is suspended."""

        def add_entries(self, origin, start, end, frames, acknowledged):
            first = threading.Event()

            def one_by_one():
                for number, frame in enumerate(frames):
                    if number == 1 and first.wait(10):
                        state(city, CITY, OUTLET, status)
                    yield frame

            def heard(at):
                acknowledged(at)
                first.set()

            return super().add_entries(origin, start, end, one_by_one(), heard)

    with pytest.raises(NotAllowed, match=status):
        hostile.session(city, OUTLET, Slow)
    held = log_at(city, CITY, OUTLET)
    assert (held.next_entry, held.stored) == (PACKAGE, 0)


def test_a_child_revoked_in_the_middle_of_what_it_fetches_gets_no_further_package(city, monkeypatch):
    file(city, CITY, 3 * PACKAGE)
    city.sync(CITY)
    real = service.packages

    def packages(*given):
        for number, one in enumerate(real(*given)):
            if number == 1:
                state(city, CITY, OUTLET, "revoked")
            yield one

    monkeypatch.setattr(service, "packages", packages)
    with pytest.raises(NotAllowed, match="revoked"):
        city.sync(OUTLET)
    held = log_at(city, OUTLET, CITY)
    assert (held.next_entry, held.stored) == (PACKAGE, 0)


def test_a_child_that_is_registered_nowhere_gets_nothing(city):
    """Its certificate is good, but the parent's log, made anew, does not know it."""
    with city.nodes[CITY].opened() as opened, opened.store.write() as db:
        db.execute("delete from control where about = ?", (OUTLET,))
    with pytest.raises(Exception, match=OUTLET) as refused:
        city.sync(OUTLET)
    assert type(refused.value).__name__ == "UnknownOrigin"
    assert log_at(city, CITY, OUTLET) is None


# -- machines restored, heads shown ------------------------------------------------------------------------------------


@contextmanager
def restored(world: World, origin: str, *files: str) -> Iterator[None]:
    """Put files of a node back as they are now, after what happens inside."""
    home = Home(world.home(origin))
    paths = [getattr(home, name) for name in files]
    checkpoint(world, origin)
    for path in paths:
        shutil.copy(path, f"{path}.backup")
    yield
    serves = origin in world.doors
    world.shut(origin)
    for path in paths:
        for more in ("-wal", "-shm"):
            path.with_name(path.name + more).unlink(missing_ok=True)
        shutil.move(f"{path}.backup", path)
    if serves:
        world.open(origin)


def checkpoint(world: World, origin: str) -> None:
    with world.nodes[origin].opened() as opened, world.nodes[origin].lock() as lock:
        opened.store.db.execute("pragma wal_checkpoint(truncate)").fetchall()
        lock._db.execute("pragma wal_checkpoint(truncate)").fetchall()


def test_a_parent_restored_from_a_backup_is_offered_everything_again(city):
    with restored(city, CITY, "log_db"):
        city.sync(OUTLET)
    with city.nodes[CITY].opened() as opened, opened.store.write():
        opened.store.set_meta("epoch", b"another run here")
    assert log_at(city, CITY, OUTLET) is None
    assert city.sync(OUTLET).entries_up == 301
    assert hostile.is_whole(city, OUTLET, CITY)
    assert city.sync(OUTLET).calls == 1


def test_an_outlet_restored_from_a_backup_signs_nothing_when_its_parent_shows_a_newer_head(city):
    with restored(city, OUTLET, "log_db", "head_lock"):
        city.sync(OUTLET)
    file(city, OUTLET, 5)
    before = hostile.kept(city.nodes[OUTLET], OUTLET)
    with pytest.raises(NeedsRecovery, match="301"):
        city.sync(OUTLET)
    assert hostile.kept(city.nodes[OUTLET], OUTLET) == before
    assert before["lock"] == [(None,)]


def test_an_outlet_whose_log_alone_was_restored_is_told_to_recover(city):
    with restored(city, OUTLET, "log_db"):
        city.sync(OUTLET)
        file(city, OUTLET, 5)
        city.sync(OUTLET)
    with pytest.raises(NeedsRecovery, match="306"):
        city.sync(OUTLET)


def test_a_head_that_we_did_not_sign_is_reported_and_stops_nothing(city):
    class Claims(Client):
        def hello(self, greeting):
            others = tuple(Signer(OUTLET, one, b"\x03" * 32) for one in (ED25519, MLDSA44))
            stated = head.stated(hostile.newest_note(city.nodes[HUB], HUB))
            shown = head.sign_head(others, replace(stated, origin=OUTLET, size=9000), 1_800_000_000)
            return replace(super().hello(greeting), your_head=shown.note)

    assert hostile.session(city, OUTLET, Claims).receipts == [(OUTLET, CITY, 301)]
    assert alarms(city, OUTLET) == [("bare-claim", CITY)]
    assert hostile.is_whole(city, OUTLET, CITY)


def test_two_heads_of_one_log_by_two_routes_freeze_it_at_the_hub_and_others_go_on(alliance):
    """The same machine twice, from one snapshot: each goes on with other records."""
    alliance.node(NEIGHBOUR, "outlet", CITY)
    shutil.copytree(alliance.home(OUTLET), alliance.path / "twin")
    twin = replace(Node.open(Home(alliance.path / "twin")), clock=alliance.clock)
    alliance.file(OUTLET, b"one")
    with twin.opened() as opened:
        opened.own.add([[("federation", b"other")]])
    alliance.sync(OUTLET, CITY)
    nightly.call(twin, next(one for one in twin.settings.parents if one.origin == ALLIANCE))
    file(alliance, NEIGHBOUR, 3)
    alliance.sync(NEIGHBOUR)
    assert alliance.sync(CITY).refused == []
    before = hostile.kept(alliance.nodes[HUB], OUTLET)
    ((origin, reason),) = alliance.sync(ALLIANCE).refused
    assert (origin, reason.startswith("Fork")) == (OUTLET, True)
    after = hostile.kept(alliance.nodes[HUB], OUTLET)
    assert dict(after, log=None) == dict(before, log=None)
    assert log_at(alliance, HUB, OUTLET).frozen == "fork"
    assert alarms(alliance, HUB) == [("fork", OUTLET)]
    file(alliance, NEIGHBOUR, 2)
    alliance.sync(NEIGHBOUR)
    alliance.sync(CITY)
    assert hostile.is_whole(alliance, NEIGHBOUR, HUB)


# -- the line breaks, the night ends -----------------------------------------------------------------------------------


def test_when_the_night_is_over_nothing_is_called(city):
    node = city.nodes[OUTLET]
    with pytest.raises(Unreachable, match="the night is over"):
        nightly.call(node, node.settings.parents[0], deadline=lambda: 0.0)
    assert log_at(city, CITY, OUTLET) is None


def counted(sent: list[int]) -> Callable[..., Client]:
    """Return a client that notes the first index of each package as it leaves."""

    class Counting(Client):
        def add_entries(self, origin, start, end, frames, acknowledged):
            def noted():
                for frame in frames:
                    sent.append(frame.first)
                    yield frame

            return super().add_entries(origin, start, end, noted(), acknowledged)

    return Counting


def test_a_session_stopped_in_the_middle_goes_on_without_sending_a_stored_package_again(city):
    file(city, OUTLET, 40 * PACKAGE)
    stop, sent = threading.Event(), []
    with pytest.raises(Unreachable):
        break_off(city, stop)
    held = log_at(city, CITY, OUTLET)
    assert 0 < held.next_entry < 20 * PACKAGE
    assert held.stored == 0
    report = hostile.session(city, OUTLET, counted(sent))
    assert sent == list(range(held.next_entry, 301 + 40 * PACKAGE, PACKAGE))
    assert report.entries_up == 301 + 40 * PACKAGE - held.next_entry
    assert hostile.is_whole(city, OUTLET, CITY)


def break_off(world: World, stop: threading.Event) -> Report:
    """Break the line after the third package is acknowledged."""

    class Broken(Client):
        def add_entries(self, origin, start, end, frames, acknowledged):
            def heard(at):
                if at >= 3 * PACKAGE:
                    raise Unreachable(self.parent, "UNAVAILABLE", "the line broke")

            return super().add_entries(origin, start, end, frames, heard)

    return hostile.session(world, OUTLET, Broken, stop=stop)


def test_a_stop_between_packages_ends_the_session_quietly_and_the_next_goes_on(city):
    file(city, OUTLET, 40 * PACKAGE)
    stop, sent = threading.Event(), []
    report = hostile.session(
        city, OUTLET, stop=stop, progress=lambda origin, done, total: stop.set() if done >= 3 * PACKAGE else None
    )
    held = log_at(city, CITY, OUTLET)
    assert (report.entries_up, report.receipts) == (held.next_entry, [])
    assert held.next_entry < 40 * PACKAGE
    hostile.session(city, OUTLET, counted(sent))
    assert sent[0] == held.next_entry
    assert hostile.is_whole(city, OUTLET, CITY)


def test_at_most_8_packages_are_unacknowledged(city, monkeypatch):
    """The parent stores nothing until a ninth package comes, or half a second shows that none is coming."""
    file(city, OUTLET, 20 * PACKAGE)
    moved, outstanding, most = threading.Condition(), 0, 0

    class Watched(Client):
        def __post_init__(self):
            super().__post_init__()
            made = self._stub.AddEntries

            def add_entries(requests, timeout):
                nonlocal outstanding
                for answer in made(watched(requests), timeout=timeout):
                    with moved:
                        outstanding -= 1
                    yield answer

            self._stub.AddEntries = add_entries

    def watched(requests):
        nonlocal outstanding, most
        for request in requests:
            with moved:
                outstanding += request.HasField("package")
                most = max(most, outstanding)
                moved.notify_all()
            yield request

    stored, waits = service.mirror.take, [0.5]

    def take(*of):
        with moved:
            moved.wait_for(lambda: most > MAX_UNACKNOWLEDGED, timeout=waits.pop() if waits else 0)
        return stored(*of)

    monkeypatch.setattr(service.mirror, "take", take)
    hostile.session(city, OUTLET, Watched)
    assert most == 8
    assert hostile.is_whole(city, OUTLET, CITY)


def test_a_registration_counts_as_soon_as_it_is_stored_under_a_head(city):
    """A new outlet below the city: the hub learns of it from the city's log in the same session that brings its log."""
    city.node(NEIGHBOUR, "outlet", CITY)
    file(city, NEIGHBOUR, 2)
    city.sync(NEIGHBOUR)
    assert city.sync(CITY).refused == []
    assert hostile.is_whole(city, NEIGHBOUR, HUB)
    with city.nodes[HUB].opened() as opened:
        assert opened.registry.get(NEIGHBOUR).home == CITY
        assert isinstance(opened.registry.get(NEIGHBOUR).node, control.Node)


# -- a parent that lost data -------------------------------------------------------------------------------------------


def copied(world: World, origin: str, name: str) -> None:
    """Keep a copy of a node's database files, as a snapshot of its disk would."""
    world.shut(origin)
    home = world.home(origin)
    shutil.copytree(home, home.with_name(name))
    world.open(origin)


def put_back(world: World, origin: str, name: str, *files: str) -> None:
    """Put files of a copy in the place of what a node has now."""
    world.shut(origin)
    home = world.home(origin)
    for file in files:
        for suffix in ("", "-wal", "-shm"):
            (home / (file + suffix)).unlink(missing_ok=True)
            if (home.with_name(name) / (file + suffix)).exists():
                shutil.copy(home.with_name(name) / (file + suffix), home / (file + suffix))
    world.open(origin)


def test_a_parent_restored_from_an_old_copy_gets_again_what_it_lost_and_people_are_told(city):
    city.sync(OUTLET)
    copied(city, CITY, "old")
    file(city, OUTLET, 300)
    city.sync(OUTLET)
    put_back(city, CITY, "old", "log.db", "head.lock")
    file(city, OUTLET, 1)
    report = city.sync(OUTLET)
    assert report.entries_up == 301
    assert report.receipts[0][2] == 602
    assert hostile.is_whole(city, OUTLET, CITY)
    with city.nodes[OUTLET].opened() as opened:
        assert [what for _at, what, _origin, _detail in opened.store.alarms()] == ["parent-lost-data"]
    with city.nodes[CITY].opened() as opened:
        assert [what for _at, what, _origin, _detail in opened.store.alarms()] == ["restored"]


def test_a_parent_gives_no_receipt_smaller_than_one_that_the_child_shows(city):
    city.sync(OUTLET)
    copied(city, CITY, "old")
    file(city, OUTLET, 300)
    city.sync(OUTLET)
    put_back(city, CITY, "old", "log.db", "head.lock")
    with city.nodes[CITY].opened() as opened, city.nodes[CITY].lock() as lock:
        presence.owes(opened.store, OUTLET, 601, lock.signed(OUTLET).size)
        held = opened.store.newest_head(opened.store.log(OUTLET))
        assert held.size == 301
        signer = city.nodes[CITY].keys.mirror
        assert receipting.give_receipt(opened.store, lock, signer, CITY, held, lambda: 0) is None
        assert lock.signed(OUTLET).size == 301
    city.sync(OUTLET)
    file(city, OUTLET, 1)
    assert city.sync(OUTLET).receipts[0][2] == 602
