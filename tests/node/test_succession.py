"""One TLS authority follows another while the federation runs, over real TLS: nobody who called is locked out."""

import json
import os
from dataclasses import replace

import pytest

import outlet.cli
import substation.cli
from node import admission, asking, authority, doors, enrolment, frame, home, keyfiles, nightly, settings, succession
from node.errors import BadCertificate, TokenWithdrawn, WrongPeer
from node.home import Home
from node.serving import hosts
from sync.client import Client, Greeting
from sync.errors import Unreachable
from tests.node.test_running import at_work, hub_at, joined
from tests.world import ALLIANCE, CITY, HUB, OUTLET, World

SECOND = CITY + "/sysu"


class Broken(Exception):
    """What stands for a crash; nothing in the product catches it."""


@pytest.fixture
def city(world: World) -> World:
    world.hub()
    world.node(CITY, "substation", HUB)
    world.node(OUTLET, "outlet", CITY)
    world.node(SECOND, "outlet", CITY)
    return world


def night(world: World, origin: str, failing: bool = False) -> None:
    node = world.nodes[origin]
    found = nightly.run(replace(node, settings=settings.load(node.home, {})))
    assert bool(found.failures) == failing, found.failures


def settle(world: World, origin: str = CITY) -> succession.Awaited | None:
    node = world.nodes[origin]
    with node.opened() as opened:
        return succession.settle(node, opened, hosts(node))


def finish(world: World) -> succession.Awaited:
    node = world.nodes[CITY]
    with node.opened() as opened:
        return succession.finish(node, opened, hosts(node))


def trusted(world: World, origin: str, parent: str = CITY) -> list[bytes]:
    return keyfiles.authorities(world.nodes[origin].home, parent)


def key_files(world: World, origin: str = CITY) -> list[str]:
    return sorted(path.name for path in world.nodes[origin].home.keys.glob("authority*"))


def test_the_doors_change_over_once_every_active_child_has_called_with_a_new_certificate(city):
    node = city.nodes[CITY]
    old = authority.authority_der(node.home)
    succession.begin(node)
    both = authority.authorities_der(node.home)
    assert (both[0], len(both)) == (old, 2)
    assert settle(city) == succession.Awaited((OUTLET, SECOND), (), ())
    night(city, OUTLET)  # hears of it, and renews at once
    assert trusted(city, OUTLET) == both
    assert settle(city).children == (OUTLET, SECOND), "it has got a certificate, and has not called with it yet"
    night(city, OUTLET)
    assert settle(city).children == (SECOND,)
    assert authority.authority_der(node.home) == old, "the doors still show the old one"
    night(city, SECOND)
    night(city, SECOND)
    assert settle(city) is None
    assert key_files(city) == ["authority.2.crt", "authority.2.key"]
    assert authority.authority_der(node.home) == both[1]
    for origin in (OUTLET, SECOND):
        night(city, origin)
        assert trusted(city, origin) == both[1:], "the old one, of which a copy may be about, is trusted no more"
    assert settle(city) is None


def test_a_certificate_of_the_old_authority_opens_nothing_after_the_change(city):
    node, outlet_node = city.nodes[CITY], city.nodes[OUTLET]
    stolen, _ca = keyfiles.client_certificate(outlet_node.home, CITY)
    succession.begin(node)
    for _round in range(2):
        night(city, OUTLET)
        night(city, SECOND)

    def reached() -> bool:
        _ours, ca = keyfiles.client_certificate(outlet_node.home, CITY)
        with doors.channel(
            outlet_node.settings.parents[0].sync_address, ca, outlet_node.keys.tls_key_pem, stolen, CITY
        ) as channel:
            try:
                Client(channel, CITY).hello(Greeting(b"", (), (), b"", ()))
            except Unreachable:
                return False
        return True

    assert reached()
    assert settle(city) is None
    assert not reached()
    night(city, OUTLET)


def test_a_hubs_authority_is_replaced_below_the_whole_federation(city):
    city.node(ALLIANCE, "alliance", HUB)
    succession.begin(city.nodes[HUB])
    assert set(settle(city, HUB).children) == {CITY, ALLIANCE}
    for _round in range(2):
        night(city, CITY)
        night(city, ALLIANCE)
    assert settle(city, HUB) is None
    assert key_files(city, HUB) == ["authority.2.crt", "authority.2.key"]
    city.file(OUTLET, b"after")
    for origin in (OUTLET, CITY, ALLIANCE, OUTLET):
        night(city, origin)
    with city.nodes[HUB].opened() as opened:
        assert opened.store.log(OUTLET).stored == opened.store.log(OUTLET).next_entry > 1


def test_a_member_of_an_alliance_is_awaited_by_the_alliance(city):
    city.node(ALLIANCE, "alliance", HUB)
    night(city, OUTLET)
    night(city, CITY)
    night(city, OUTLET)
    city.node(OUTLET, "outlet", ALLIANCE)
    succession.begin(city.nodes[ALLIANCE])
    assert settle(city, ALLIANCE).children == (OUTLET,)
    for _round in range(2):
        night(city, OUTLET)
    assert settle(city, ALLIANCE) is None
    night(city, OUTLET)
    assert len(trusted(city, OUTLET, ALLIANCE)) == 1


def test_an_invitation_from_before_works_until_the_change_and_holds_it_back(city):
    third = CITY + "/gdut"
    token = admission.invite(city.nodes[CITY], third, "outlet", "三", 7)
    succession.begin(city.nodes[CITY])
    for _round in range(2):
        night(city, OUTLET)
        night(city, SECOND)
    assert settle(city) == succession.Awaited((), (third,), ())
    city.nodes[third] = enrolment.join(Home(city.home(third)), token, "三")
    assert len(trusted(city, third)) == 2
    assert settle(city) == succession.Awaited((third,), (), ())
    night(city, third)
    assert settle(city) is None
    night(city, third)


def test_an_invitation_that_has_ended_and_a_suspended_child_hold_nothing_back(city):
    admission.invite(city.nodes[CITY], CITY + "/gdut", "outlet", "三", 1)
    with city.nodes[CITY].opened() as opened:
        opened.own.state(opened.registry.get(SECOND).node.with_status("suspended", "left"))
    succession.begin(city.nodes[CITY])
    for _round in range(2):
        night(city, OUTLET)
    assert settle(city).invited
    city.clock.ahead = 2 * 86_400
    assert settle(city) is None


def test_a_request_that_waits_holds_it_back_until_it_is_decided(city):
    node, third = city.nodes[CITY], CITY + "/gdut"
    door = asking.Door(node.settings.join_address, authority.authority_der(node.home))
    waits = asking.ask(Home(city.home(third)), door, asking.Wish(third, "outlet", "三", "", ""))
    assert isinstance(waits, asking.Waiting)
    succession.begin(node)
    assert settle(city).asking == (third,)


def test_finish_says_who_is_locked_out_and_they_come_back_by_a_new_invitation_with_their_keys(city):
    third = CITY + "/gdut"
    token = admission.invite(city.nodes[CITY], third, "outlet", "三", 7)
    succession.begin(city.nodes[CITY])
    for _round in range(2):
        night(city, OUTLET)
    assert finish(city) == succession.Awaited((SECOND,), (third,), ())
    night(city, OUTLET)
    night(city, SECOND, failing=True)
    with pytest.raises(Unreachable):
        enrolment.join(Home(city.home(third)), token, "三")
    book = city.nodes[CITY].notebook
    with pytest.raises(TokenWithdrawn):
        book.use_invitation(admission.tokens.secret_hash(token.secret), b"keys", 0)
    before = city.nodes[SECOND].keys
    again = admission.invite(city.nodes[CITY], SECOND, "outlet", "二", 7)
    joined = enrolment.join(Home(city.home(SECOND)), again, "二")
    assert joined.keys == before
    night(city, SECOND)
    with pytest.raises(succession.NothingToFinish):
        finish(city)


def test_a_second_command_goes_on_with_the_first(city):
    succession.begin(city.nodes[CITY])
    files = [(one, (city.nodes[CITY].home.keys / one).read_bytes()) for one in key_files(city)]
    succession.begin(city.nodes[CITY])
    assert files == [(one, (city.nodes[CITY].home.keys / one).read_bytes()) for one in key_files(city)]


def test_authorities_of_another_node_are_not_kept(city):
    node = city.nodes[OUTLET]
    held = keyfiles.client_certificate(node.home, CITY)
    der = authority.issue_client(city.nodes[CITY].home, authority.csr(node.keys.tls_key_pem, OUTLET), OUTLET, 90)
    hubs = authority.authority_der(city.nodes[HUB].home)
    for sent, error in (([hubs], WrongPeer), ([b"junk"], BadCertificate)):
        answer = enrolment.pb.EnrolResponse(certificate=der, authorities=sent)
        with pytest.raises(error):
            enrolment._keep(node.home, CITY, answer, [])
    assert keyfiles.client_certificate(node.home, CITY) == held


# -- what breaks off --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("takes_effect", [False, True])
@pytest.mark.parametrize("number", [0, 1])
def test_a_beginning_that_breaks_off_is_gone_on_with(city, monkeypatch, number, takes_effect):
    """The writes: the key, the certificate."""
    _break(monkeypatch, authority, "write_whole", number, takes_effect)
    with pytest.raises(Broken):
        succession.begin(city.nodes[CITY])
    monkeypatch.undo()
    night(city, OUTLET)
    keys = {one.name: one.read_bytes() for one in city.nodes[CITY].home.keys.glob("authority*.key")}
    succession.begin(city.nodes[CITY])
    after = {one.name: one.read_bytes() for one in city.nodes[CITY].home.keys.glob("authority*.key")}
    assert keys.items() <= after.items()
    for _round in range(2):
        night(city, OUTLET)
        night(city, SECOND)
    assert settle(city) is None


@pytest.mark.parametrize("takes_effect", [False, True])
@pytest.mark.parametrize("step", ["withdraw", "server.crt", "key", "crt"])
def test_a_change_that_breaks_off_is_finished_and_locks_nobody_out(city, monkeypatch, step, takes_effect):
    succession.begin(city.nodes[CITY])
    admission.invite(city.nodes[CITY], CITY + "/gdut", "outlet", "三", 7)
    for _round in range(2):
        night(city, OUTLET)
        night(city, SECOND)
    where = {
        "withdraw": (type(city.nodes[CITY].notebook), "withdraw_invitations", 0),
        "server.crt": (authority, "write_whole", 0),
        "key": (home.Path, "unlink", 1),  # number 0 is that of `write_whole`
        "crt": (home.Path, "unlink", 2),
    }[step]
    _break(monkeypatch, *where, takes_effect)
    with pytest.raises(Broken):
        finish(city)
    monkeypatch.undo()
    night(city, OUTLET)
    city.open(CITY)  # the process has died with the command, say
    night(city, OUTLET)
    if step == "withdraw":
        assert (settle(city) is None) == takes_effect
        if not takes_effect:
            finish(city)
    elif step == "server.crt" and not takes_effect:
        assert settle(city) is None, "the invitation was withdrawn before"
    else:
        assert settle(city) is None
    assert key_files(city) == ["authority.2.crt", "authority.2.key"]
    for origin in (OUTLET, SECOND):
        night(city, origin)
        night(city, origin)


def _break(monkeypatch, where, name, number, takes_effect):
    real, calls = getattr(where, name), []

    def breaks(*given, **named):
        calls.append(given)
        if len(calls) - 1 != number:
            return real(*given, **named)
        if takes_effect:
            real(*given, **named)
        raise Broken

    monkeypatch.setattr(where, name, breaks)


# -- the command ------------------------------------------------------------------------------------------------------


def rotate(world: World, origin: str, cli, capsys, *more: str) -> tuple[int, dict]:
    path = str(world.nodes[origin].home.path)
    code = frame.run(cli.top, ["--home", path, "keys", "rotate", "authority", "--json", *more], dict(os.environ))
    return code, json.loads(capsys.readouterr().out)


def test_one_command_begins_and_says_who_is_awaited_and_another_finishes(city, capsys):
    code, said = rotate(city, CITY, substation.cli, capsys)
    assert (code, said["done"], said["awaited"]["children"]) == (0, False, [OUTLET, SECOND])
    assert [one["generation"] for one in said["keys"]] == [1, 2]
    code, said = rotate(city, CITY, substation.cli, capsys, "--finish")
    assert (code, said["done"], said["locked_out"]["children"]) == (0, True, [OUTLET, SECOND])
    assert [one["generation"] for one in said["keys"]] == [2]
    code, said = rotate(city, CITY, substation.cli, capsys, "--finish")
    assert (code, said["error"]) == (1, "NothingToFinish")


def test_an_outlet_has_no_authority_to_replace(city, capsys):
    code, said = rotate(city, OUTLET, outlet.cli, capsys)
    assert (code, said["error"]) == (1, "NoAuthority")


def test_a_node_at_work_changes_over_in_its_night(tmp_path):
    hub = hub_at(tmp_path)
    with at_work(hub) as one:
        city = joined(tmp_path, one, CITY, "substation")
        succession.begin(hub)
        one._run_night(hub.clock() + 60, one._stop)
        assert len(authority.held(hub.home)) == 2
        for _night in range(2):
            assert not nightly.run(city).failures
        one._run_night(hub.clock() + 60, one._stop)
        assert list(authority.held(hub.home)) == [2]
        assert not nightly.run(city).failures
