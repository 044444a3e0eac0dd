"""Who may see which parts of a log, and since when."""

import pytest

from sync import rights
from sync.control import Genesis, Grant, Home, Member
from sync.rights import ENDLESS, Rights
from tests.sync import made
from tests.sync.made import ALLIANCE, CITY, HUB, OTHER_CITY, OTHER_OUTLET, OUTLET
from tests.sync.test_registry import ALLIANCE_ID, OTHER_ALLIANCE, STRANGER, Logs


@pytest.fixture
def logs(tmp_path):
    found = Logs(tmp_path / "hub")
    yield found
    found.store.close()


def sees(logs, audience, owner, asker, index=0):
    return Rights(logs.store, logs.registry).may_see(audience, owner, asker, index)


def genesis(name, home):
    return Genesis(made.the_federation().id, name, home, made.verifiers(made.signers(name)))


ASKERS = (HUB, CITY, OTHER_CITY, ALLIANCE, OTHER_ALLIANCE, OUTLET, OTHER_OUTLET, "ip.gd.example/sz/left", STRANGER)
EVERYBODY = set(ASKERS)
MAY_SEE = {
    "public": EVERYBODY,
    "federation": EVERYBODY,
    "path": {OUTLET, CITY, ALLIANCE, HUB},
    f"alliance:{ALLIANCE_ID}": {OUTLET, ALLIANCE, OTHER_OUTLET},
    "alliance:0000beef": {OUTLET, OTHER_ALLIANCE},
    "alliance:unknown0": {OUTLET},
    f"node:{OTHER_CITY}": {OUTLET, CITY, ALLIANCE, HUB, OTHER_CITY},
    f"node:{OTHER_OUTLET}": {OUTLET, CITY, ALLIANCE, HUB, OTHER_OUTLET, OTHER_CITY},
    f"node:{HUB}": {OUTLET, CITY, ALLIANCE, HUB},
    f"node:{STRANGER}": {OUTLET, CITY, ALLIANCE, HUB, STRANGER, OTHER_CITY},
    "own": {OUTLET},
    "something-later": {OUTLET},
}


@pytest.mark.parametrize("asker", ASKERS)
@pytest.mark.parametrize("audience", MAY_SEE)
def test_who_may_see_a_part_of_the_outlets_log(logs, audience, asker):
    """The outlet is a member of one alliance; so is another outlet, and a third has left it."""
    logs.say(CITY, made.node(OUTLET))
    logs.say(OTHER_CITY, made.node(OTHER_OUTLET), made.node("ip.gd.example/sz/left"))
    logs.say(ALLIANCE, Member(OUTLET, "active"), Member(OTHER_OUTLET, "active"))
    logs.say(OUTLET, genesis(OUTLET, CITY), Grant(ALLIANCE, "path", 0, ENDLESS))
    logs.say(ALLIANCE, Member("ip.gd.example/sz/left", "revoked"))
    assert sees(logs, audience, OUTLET, asker) == (asker in MAY_SEE[audience])


@pytest.mark.parametrize("asker", ASKERS)
def test_what_the_hub_seals_for_an_outlet_goes_down_its_own_path_alone(logs, asker):
    logs.say(CITY, made.node(OUTLET))
    logs.say(ALLIANCE, Member(OUTLET, "active"))
    assert sees(logs, f"node:{OUTLET}", HUB, asker) == (asker in {HUB, CITY, ALLIANCE, OUTLET})


def test_asking_about_an_alliance_costs_no_more_with_many_logs(logs):
    """An entry can name thousands of audiences, each asked about once, at a node that mirrors thousands of logs."""
    logs.say(CITY, made.node(OUTLET))
    logs.say(ALLIANCE, Member(OUTLET, "active"))
    costs = []
    for more in (1, 40):
        for number in range(more):
            logs.say(CITY, made.node(f"{CITY}/{more}-{number}"))
            logs.say(f"{CITY}/{more}-{number}", Member(STRANGER, "active"))
        asked: list[str] = []
        logs.store.db.set_trace_callback(asked.append)
        assert not sees(logs, "alliance:unknown0", OTHER_OUTLET, CITY)
        assert sees(logs, f"alliance:{ALLIANCE_ID}", OTHER_OUTLET, OUTLET)
        logs.store.db.set_trace_callback(None)
        costs.append(len(asked))
    assert costs[0] == costs[1] < 50


def test_an_alliance_that_is_left_sees_no_more_path_parts(logs):
    logs.say(CITY, made.node(OUTLET))
    logs.say(ALLIANCE, Member(OUTLET, "active"))
    logs.say(OUTLET, genesis(OUTLET, CITY), Grant(ALLIANCE, "path", 0, ENDLESS))
    assert sees(logs, "path", OUTLET, ALLIANCE)
    logs.say(ALLIANCE, Member(OUTLET, "revoked"))
    assert not sees(logs, "path", OUTLET, ALLIANCE)


def test_an_outlet_whose_home_is_an_alliance_belongs_to_it(logs):
    name = f"{ALLIANCE}/lab"
    logs.say(ALLIANCE, made.node(name))
    logs.say(name, genesis(name, ALLIANCE))
    assert sees(logs, f"alliance:{ALLIANCE_ID}", OUTLET, name)
    assert sees(logs, "path", name, ALLIANCE)
    assert not sees(logs, "alliance:0000beef", OUTLET, name)


# -- since when -----------------------------------------------------------------------------------------------------


def spans(logs, asker, audience="path"):
    return Rights(logs.store, logs.registry).right(audience, OUTLET, asker).spans


def test_who_came_above_later_sees_what_it_was_granted(logs):
    logs.say(CITY, made.node(OUTLET))
    logs.say(ALLIANCE, Member(OUTLET, "active"))
    logs.say(OUTLET, genesis(OUTLET, CITY))
    assert (spans(logs, CITY), spans(logs, HUB), spans(logs, ALLIANCE)) == (rights.ALL, rights.ALL, ())
    logs.say(OUTLET, Grant(ALLIANCE, "path", 50, ENDLESS), Grant(ALLIANCE, "path", 3, 5), Grant(STRANGER, "path", 0, 9))
    assert spans(logs, ALLIANCE) == ((3, 5), (50, ENDLESS))
    answers = [index for index in range(60) if sees(logs, "path", OUTLET, ALLIANCE, index)]
    assert answers == [3, 4, *range(50, 60)]
    assert spans(logs, STRANGER) == (), "a grant makes nobody an ancestor"


def test_of_grants_from_one_index_on_the_newest_counts(logs):
    logs.say(CITY, made.node(OUTLET))
    logs.say(ALLIANCE, Member(OUTLET, "active"))
    logs.say(OUTLET, genesis(OUTLET, CITY), Grant(ALLIANCE, "path", 50, ENDLESS), Grant(ALLIANCE, "path", 50, 70))
    assert spans(logs, ALLIANCE) == ((50, 70),)
    logs.say(OUTLET, Grant(ALLIANCE, "path", 50, 50))
    assert spans(logs, ALLIANCE) == ()


def test_only_the_owner_grants(logs):
    logs.say(CITY, made.node(OUTLET), Grant(ALLIANCE, "path", 0, ENDLESS))
    logs.say(ALLIANCE, Member(OUTLET, "active"), Grant(ALLIANCE, "path", 0, ENDLESS))
    logs.say(OUTLET, genesis(OUTLET, CITY))
    assert spans(logs, ALLIANCE) == ()


def test_a_new_home_sees_what_it_was_granted_and_the_one_before_nothing_more(logs):
    logs.say(CITY, made.node(OUTLET))
    logs.say(OUTLET, genesis(OUTLET, CITY))
    logs.say(HUB, Home(OUTLET, OTHER_CITY))
    logs.say(OTHER_CITY, made.node(OUTLET))
    assert (spans(logs, CITY), spans(logs, OTHER_CITY)) == ((), ())
    logs.say(OUTLET, Grant(OTHER_CITY, "path", 9, ENDLESS))
    assert spans(logs, OTHER_CITY) == ((9, ENDLESS),)


def test_another_alliances_parts_are_seen_by_an_ancestor_that_they_are_granted_to(logs):
    logs.say(CITY, made.node(OUTLET))
    logs.say(OUTLET, genesis(OUTLET, CITY), Grant(CITY, f"alliance:{ALLIANCE_ID}", 4, 6))
    assert spans(logs, CITY, f"alliance:{ALLIANCE_ID}") == ((4, 6),)
    assert spans(logs, CITY, "alliance:0000beef") == ()


def test_unknown_audiences_are_granted_to_nobody(logs):
    logs.say(CITY, made.node(OUTLET))
    logs.say(OUTLET, genesis(OUTLET, CITY), Grant(CITY, "something-later", 0, 9), Grant(CITY, f"node:{STRANGER}", 0, 9))
    assert spans(logs, CITY, "something-later") == ()


def test_answers_are_kept_until_they_are_renewed(logs):
    logs.say(CITY, made.node(OUTLET))
    logs.say(ALLIANCE, Member(OUTLET, "active"))
    logs.say(OUTLET, genesis(OUTLET, CITY))
    both = Rights(logs.store, logs.registry).sees(OUTLET, ALLIANCE, CITY)
    assert not both("path", 7)
    logs.say(OUTLET, Grant(ALLIANCE, "path", 7, 8))
    assert not both("path", 7)
    both.renew()
    assert (both("path", 7), both("path", 8), both("federation", 8)) == (True, False, True)


def test_a_program_grants_its_new_parent_what_is_added_from_now_on_and_ends_it_when_it_leaves(tmp_path):
    written = made.Written(tmp_path / "outlet", OUTLET)
    written.add(4)
    with made.opened(written.log_db) as store:
        own = written.own_of(store)
        registry = rights.Registry(store, made.the_federation(), OUTLET)
        here = Rights(store, registry)
        for parent in (CITY, HUB):
            rights.open_to(store, own, registry, parent)
        assert own.log.next_entry == 5, "both see all of it as it is"
        for _again in range(2):
            rights.open_to(store, own, registry, ALLIANCE)
        assert here.grants(OUTLET, ALLIANCE) == [Grant(ALLIANCE, "path", 5, ENDLESS)]
        written.add(2)
        for _again in range(2):
            rights.close_to(store, own, registry, ALLIANCE)
        assert here.grants(OUTLET, ALLIANCE)[1:] == [Grant(ALLIANCE, "path", 5, 8)]
        rights.open_to(store, own, registry, ALLIANCE)
        assert here.grants(OUTLET, ALLIANCE)[2:] == [Grant(ALLIANCE, "path", 9, ENDLESS)]
