"""What changes too large a share of an origin's live rights waits; others go on; a person's word lets it through."""

import pytest

from catalog import brake, rebuilding
from catalog.brake import Held
from records.body import Record
from tests.catalog.dump import dump
from tests.catalog.logs import GZ, SCUT, SZU, key_of, organisation, patent, withdrawal

DAY_S = 86_400


@pytest.fixture
def braked(bench):
    """A city's catalogue with 100 rights of one outlet, and a brake at a fifth."""
    bench.catalogue.brake_share = 0.2
    bench.logs.file(GZ, organisation(SCUT, "华工"))
    bench.logs.file(SCUT, *(patent(n) for n in range(100)))
    bench.apply(GZ)
    return bench


def later(bench, days=1.0):
    bench.now += days * DAY_S
    bench.apply(GZ)


def live(bench):
    return bench.catalogue.counts()["rights"]


def held(bench):
    return [(one.changed, one.deleted, one.live) for one in brake.held(bench.catalogue)]


def decide(bench, until, word="release"):
    fields = {"origin": SCUT, "until": until, "decision": word, "by": "王", "reason": "已核实"}
    bench.logs.file(GZ, Record(f"hold:{SCUT}", "assert", "hold", 1, fields))


def test_a_mass_withdrawal_waits_whole_and_others_go_on(braked):
    first = braked.logs.file(SCUT, *(withdrawal(n) for n in range(50)), patent(500))
    braked.logs.file(SZU, patent(700))
    later(braked)
    log = braked.logs.store.log(SCUT)
    assert brake.held(braked.catalogue) == [Held(log.id, first, first + 51, 50, 50, 100, 200)]
    assert live(braked) == 101, "nothing of it was taken up, the other outlet's was"
    assert braked.catalogue.covered(log.id) == first


@pytest.mark.parametrize(("count", "is_held"), [(19, False), (20, False), (21, True)])
def test_changes_count_as_well_and_only_more_than_the_share_waits(braked, count, is_held):
    braked.logs.file(SCUT, *(patent(n, "改名的灯") for n in range(count)))
    later(braked)
    assert held(braked) == ([(count, 0, 100)] if is_held else [])


def test_fewer_than_twenty_are_never_held(bench):
    bench.catalogue.brake_share = 0.2
    bench.logs.file(SCUT, *(patent(n) for n in range(30)))
    bench.apply(GZ)
    bench.logs.file(SCUT, *(withdrawal(n) for n in range(19)))
    later(bench)
    assert (held(bench), live(bench)) == ([], 11)
    bench.logs.file(SCUT, withdrawal(19))
    later(bench)
    assert held(bench) == [(20, 1, 11)], "with those of the day before there are twenty"


@pytest.mark.parametrize(("days", "is_held"), [(1, True), (6.9, True), (7.1, False)])
def test_what_was_changed_within_seven_days_counts_with_it(braked, days, is_held):
    braked.logs.file(SCUT, *(withdrawal(n) for n in range(15)))
    later(braked)
    assert held(braked) == []
    braked.logs.file(SCUT, *(withdrawal(n) for n in range(15, 30)))
    later(braked, days)
    assert held(braked) == ([(30, 15, 85)] if is_held else [])


def test_new_rights_and_other_kinds_of_record_are_no_change(braked):
    events = [
        Record(f"patent_event:{key_of(n)}:x", "assert", "patent_event", 1, {"right": key_of(n)}) for n in range(50)
    ]
    braked.logs.file(SCUT, *(patent(n) for n in range(100, 300)), *events)
    later(braked)
    assert held(braked) == []


def test_a_log_that_comes_with_its_own_corrections_is_not_held(bench):
    bench.catalogue.brake_share = 0.2
    bench.logs.file(SCUT, *(patent(n) for n in range(100)), *(patent(n, "改名") for n in range(100)))
    bench.apply(GZ)
    assert (held(bench), live(bench)) == ([], 100)
    bench.logs.file(SCUT, *(withdrawal(n) for n in range(15)))
    later(bench)
    assert held(bench) == [], "what it corrected when it came is no change of these days"


def test_the_own_log_is_not_held(braked):
    braked.logs.file(SCUT, *(withdrawal(n) for n in range(50)))
    braked.now += DAY_S
    braked.apply(SCUT)
    assert (held(braked), live(braked)) == ([], 50)


def test_without_a_brake_nothing_waits(braked):
    braked.catalogue.brake_share = 0.0
    braked.logs.file(SCUT, *(withdrawal(n) for n in range(50)))
    later(braked)
    assert (held(braked), live(braked)) == ([], 50)


def test_a_person_lets_it_through_up_to_where_they_looked(braked):
    first = braked.logs.file(SCUT, *(withdrawal(n) for n in range(50)))
    later(braked)
    decide(braked, first + 50)
    braked.logs.file(SCUT, *(withdrawal(n) for n in range(50, 60)))
    later(braked)
    assert (held(braked), live(braked)) == ([], 40), "ten more are few, and what was released does not count"
    braked.logs.file(SCUT, *(withdrawal(n) for n in range(60, 90)))
    later(braked)
    assert (held(braked), live(braked)) == ([(40, 30, 40)], 40)


def test_who_is_not_this_node_lets_nothing_through(braked):
    first = braked.logs.file(SCUT, *(withdrawal(n) for n in range(50)))
    fields = {"origin": SCUT, "until": first + 50, "decision": "release", "by": "x"}
    braked.logs.file("ip.example/gz/led", Record(f"hold:{SCUT}", "assert", "hold", 1, fields))
    braked.roles["ip.example/gz/led"] = "alliance"
    later(braked)
    assert held(braked) == [(50, 50, 100)]


def test_more_that_comes_while_it_waits_waits_with_it(braked):
    braked.logs.file(SCUT, *(withdrawal(n) for n in range(50)))
    later(braked)
    braked.logs.file(SCUT, patent(900), *(withdrawal(n) for n in range(50, 55)))
    later(braked, 30)
    assert (held(braked), live(braked)) == ([(55, 55, 100)], 100)


@pytest.mark.parametrize("word", ["", "release"])
def test_a_rebuilt_catalogue_holds_and_has_the_same(braked, word, tmp_path):
    first = braked.logs.file(SCUT, *(withdrawal(n) for n in range(50)))
    later(braked)
    if word:
        decide(braked, first + 50, word)
        later(braked)
    assert len(held(braked)) == (0 if word else 1)
    before = dump(braked.catalogue)
    braked.now += 60 * DAY_S
    rebuilding.rebuild(braked.logs.store, braked.path, GZ, lambda: braked.now, braked.role_of, brake_share=0.2)
    assert dump(braked.catalogue) == before


def test_what_waits_is_behind_and_is_not_lost(braked):
    braked.logs.file(SCUT, *(withdrawal(n) for n in range(50)))
    later(braked)
    assert braked.catalogue.lag(braked.logs.store, GZ).entries == 50


def test_what_is_nested_deep_stops_nothing(braked):
    braked.logs.file(SCUT, *(patent(n, "改名的灯") for n in range(30)), b"[" * 20_000, b'{"a":' * 8_000)
    later(braked)
    assert held(braked) == [(30, 0, 100)]
