"""A machine is lost, and only the keys are left: joined again, its log comes back from its parents."""

import json
import shutil
from dataclasses import replace

import pytest

import hub.cli
import substation.cli
from node import admission, enrolment, frame, nightly, recovering, replacing, tokens
from node.errors import TokenUsed
from node.home import Home
from node.node import Node
from sync.errors import NeedsRecovery, NotAllowed, UnknownOrigin
from tests.node import drills
from tests.node.drills import filed, is_once
from tests.world import ALLIANCE, CITY, HUB, OUTLET


@pytest.fixture
def world(world):
    world.hub()
    world.node(CITY, "substation", HUB)
    world.node(OUTLET, "outlet", CITY)
    filed(world, OUTLET, "a", "b")
    drills.night(world, OUTLET, CITY, OUTLET)
    return world


def lost(world, origin):
    """Lose all of a home but its keys, which were kept elsewhere."""
    world.shut(origin)
    home = world.home(origin)
    kept = home.with_name("keys-kept")
    shutil.move(home / "keys", kept)
    shutil.rmtree(home)
    home.mkdir(mode=0o700)
    shutil.move(kept, home / "keys")


def joined_again(world, origin, role, parent):
    token = admission.invite(world.nodes[parent], origin, role, "again", 7)
    enrolment.join(Home(world.home(origin)), token, "again")
    world.nodes[origin] = replace(Node.open(Home(world.home(origin))), clock=world.clock)


def test_an_outlet_that_lost_its_machine_gets_its_log_back_and_goes_on(world):
    lost(world, OUTLET)
    joined_again(world, OUTLET, "outlet", CITY)
    with world.nodes[OUTLET].opened() as opened:
        assert opened.own.log.next_entry == 0
    filed(world, OUTLET, "c", number=2)
    night = nightly.run(world.nodes[OUTLET])
    assert isinstance(night.failures[CITY], NeedsRecovery)
    found = recovering.recover(world.nodes[OUTLET])
    assert (found.size, found.entries, found.added_again) == (3, 3, 1)
    drills.night(world, OUTLET, CITY)
    assert is_once(world, OUTLET, "a b c")


def test_an_alliance_that_holds_more_is_asked_once_it_is_joined_again(world):
    world.node(ALLIANCE, "alliance", HUB)
    world.node(OUTLET, "outlet", ALLIANCE)
    world.sync(OUTLET, ALLIANCE)
    filed(world, OUTLET, "c", number=2)
    world.sync(OUTLET, ALLIANCE)
    lost(world, OUTLET)
    joined_again(world, OUTLET, "outlet", CITY)
    assert nightly.run(world.nodes[OUTLET]).failures
    world.sync(CITY)
    with world.nodes[OUTLET].opened() as opened:
        assert opened.own.log.next_entry == 0
    joined_again(world, OUTLET, "outlet", ALLIANCE)
    found = recovering.recover(world.nodes[OUTLET])
    assert (found.size, found.entries) == (5, 5)  # with what is granted to the alliance
    drills.night(world, OUTLET, CITY, ALLIANCE)
    assert is_once(world, OUTLET, "a b c")


def test_a_substation_that_lost_its_machine_gets_all_its_logs_back(world):
    with world.nodes[HUB].opened() as opened:
        before = opened.registry.find(CITY).node
    lost(world, CITY)
    joined_again(world, CITY, "substation", HUB)
    found = recovering.recover(world.nodes[CITY])
    assert found.mirrored == 3
    with world.nodes[HUB].opened() as opened:
        assert opened.registry.find(CITY).node == before
    with world.nodes[CITY].opened() as opened:
        assert opened.registry.find(OUTLET).node.status == "active"
    assert is_once(world, OUTLET, "a b", CITY, HUB)


def test_another_set_of_keys_is_refused(world):
    shutil.rmtree(world.home(OUTLET))
    token = admission.invite(world.nodes[CITY], OUTLET, "outlet", "again", 7)
    with pytest.raises(NotAllowed, match="registered-with-other-keys"):
        enrolment.join(Home(world.home(OUTLET)), token, "again")


# -- the keys are lost as well ----------------------------------------------------------------------------------------


def all_lost(world, origin):
    world.shut(origin)
    shutil.rmtree(world.home(origin))


def recovery_token(world, origin, parent):
    return admission.invite_to_recover(world.nodes[parent], origin, "again", 7)


def joined_with(world, token, origin):
    enrolment.join(Home(world.home(origin)), token, "again")
    world.nodes[origin] = replace(Node.open(Home(world.home(origin))), clock=world.clock)


def confirmed(world, origin):
    with world.nodes[HUB].opened() as opened:
        for one in replacing.awaiting(opened, origin):
            replacing.confirm(opened, one.said)
    world.seal_hub()


def test_new_keys_count_once_the_hub_confirms_and_the_log_goes_on(world):
    all_lost(world, OUTLET)
    token = recovery_token(world, OUTLET, CITY)
    for _again in range(2):
        with pytest.raises(enrolment.WaitsForHub):
            joined_with(world, token, OUTLET)
    with world.nodes[CITY].opened() as opened:
        before = opened.registry.get(OUTLET)
        assert len(before.ages) == 1
        assert len(opened.registry.unconfirmed(OUTLET)) == 1
    drills.night(world, CITY)
    confirmed(world, OUTLET)
    with pytest.raises(enrolment.WaitsForHub):
        joined_with(world, token, OUTLET)
    drills.night(world, CITY)
    joined_with(world, token, OUTLET)
    with world.nodes[CITY].opened() as opened:
        after = opened.registry.get(OUTLET)
        assert after.ages[0].keys == before.ages[0].keys
        assert after.ages[0].last_good.size == 3
        assert after.ages[1].log_keys == tuple(one.verifier for one in world.nodes[OUTLET].keys.log)
    filed(world, OUTLET, "c", number=2)
    assert nightly.run(world.nodes[OUTLET]).failures
    found = recovering.recover(world.nodes[OUTLET])
    assert (found.size, found.entries, found.added_again) == (3, 3, 1)
    drills.night(world, OUTLET, CITY)
    assert is_once(world, OUTLET, "a b c")


def test_a_recovery_token_is_for_one_set_of_keys(world):
    all_lost(world, OUTLET)
    token = recovery_token(world, OUTLET, CITY)
    with pytest.raises(enrolment.WaitsForHub):
        joined_with(world, token, OUTLET)
    all_lost(world, OUTLET)
    with pytest.raises(TokenUsed):
        joined_with(world, token, OUTLET)


def test_the_hub_itself_gives_new_keys_to_its_own_child(world):
    all_lost(world, CITY)
    joined_with(world, recovery_token(world, CITY, HUB), CITY)
    world.seal_hub()
    assert nightly.run(world.nodes[CITY]).failures
    found = recovering.recover(world.nodes[CITY])
    assert found.mirrored == 3
    drills.night(world, CITY)
    with world.nodes[HUB].opened() as opened:
        assert len(opened.registry.get(CITY).ages) == 2
        assert not opened.store.log(CITY).frozen
    assert is_once(world, OUTLET, "a b", CITY, HUB)


def test_only_a_node_that_is_registered_here_gets_new_keys(world):
    with pytest.raises(UnknownOrigin):
        recovery_token(world, f"{CITY}/nobody", CITY)
    with pytest.raises(NotAllowed, match="not-my-child"):
        recovery_token(world, OUTLET, HUB)
    with pytest.raises(replacing.NothingToConfirm):
        confirmed(world, OUTLET)


def run(top, home, *words, capfd):
    code = frame.run(top, ["--home", str(home), *words, "--json"], {"LANG": "C"})
    out, _err = capfd.readouterr()
    return code, json.loads(out.strip().splitlines()[-1]) if out.strip() else {}


def test_the_commands_of_a_lost_machine(world, capfd, tmp_path):
    all_lost(world, OUTLET)
    written = tmp_path / "token.txt"
    code, _said = run(
        substation.cli.top, world.home(CITY), "invite", "--recover", OUTLET, "--out", str(written), capfd=capfd
    )
    assert code == 0
    with pytest.raises(enrolment.WaitsForHub) as waits:
        joined_with(world, tokens.parse(written.read_text()), OUTLET)
    drills.night(world, CITY)
    code, shown = run(hub.cli.top, world.home(HUB), "confirm", OUTLET, capfd=capfd)
    assert code == 0
    assert (shown["confirmed"], shown["size"], shown["held"], shown["home"]) == (False, 3, 3, CITY)
    assert shown["spoken"] == waits.value.args[2]
    code, shown = run(hub.cli.top, world.home(HUB), "confirm", OUTLET, "--reason", "compared", capfd=capfd)
    assert (code, shown["confirmed"]) == (0, True)
    code, _said = run(hub.cli.top, world.home(HUB), "confirm", OUTLET, capfd=capfd)
    assert code == 1
    drills.night(world, CITY)
    joined_with(world, tokens.parse(written.read_text()), OUTLET)
