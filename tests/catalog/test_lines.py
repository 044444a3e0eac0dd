"""A log that goes on from another one speaks for the same contributor."""

import itertools

from catalog.showing import history, show
from catalog.views import FULL
from tests.catalog.bench import Bench
from tests.catalog.dump import dump
from tests.catalog.logs import SCUT, SZU, key_of, organisation, patent, withdrawal

NEXT = f"{SCUT}.g2"
LATER = f"{SCUT}.g10"


def shown(bench, number=1):
    return show(bench.logs.store, bench.catalogue, key_of(number), FULL)


def said(bench, number=1):
    found = shown(bench, number)
    return [(one["origin"], one["fields"]["title"]) for one in found["assertions"]] if found else []


def test_what_the_next_log_states_takes_the_place_of_what_the_one_before_stated(bench):
    bench.logs.file(SCUT, patent(1, "旧"), patent(2, "只在旧日志"))
    bench.apply()
    bench.logs.file(NEXT, patent(1, "新"), patent(3, "只在新日志"))
    bench.apply()
    assert said(bench) == [(NEXT, "新")]
    assert shown(bench)["conflicts"] == {}
    assert said(bench, 2) == [(SCUT, "只在旧日志")]
    assert bench.catalogue.counts()["rights"] == 3
    bench.logs.file(LATER, patent(1, "最新"))
    bench.apply()
    assert said(bench) == [(LATER, "最新")]
    changed = [
        (one["origin"], one["changed"][-1]["before"]) for one in history(bench.logs.store, bench.catalogue, key_of(1))
    ]
    assert changed[1:] == [(NEXT, "旧"), (LATER, "新")]


def test_the_next_log_withdraws_what_the_one_before_stated(bench):
    bench.logs.file(SCUT, patent(1))
    bench.logs.file(NEXT, withdrawal(1))
    bench.apply()
    assert shown(bench)["state"] == "tombstone"


def test_who_else_states_it_is_somebody_else(bench):
    bench.logs.file(SCUT, patent(1, "甲"))
    bench.logs.file(SZU, patent(1, "乙"))
    bench.logs.file(f"{SCUT}-b.g2", patent(1, "丙"))
    bench.logs.file(NEXT, patent(1, "丁"))
    bench.apply()
    assert sorted(said(bench)) == sorted([(NEXT, "丁"), (SZU, "乙"), (f"{SCUT}-b.g2", "丙")])


def test_the_order_in_which_logs_come_makes_no_difference(tmp_path):
    filings = {
        SCUT: [patent(1, "旧"), patent(2)],
        NEXT: [patent(1, "新"), withdrawal(2)],
        SZU: [patent(1, "乙"), organisation(SZU, "深圳大学")],
    }
    found = []
    for number, order in enumerate(itertools.permutations(filings)):
        (tmp_path / str(number)).mkdir()
        bench = Bench(tmp_path / str(number))
        for origin in order:
            bench.logs.file(origin, *filings[origin])
            bench.apply()
        found.append(
            (sorted(said(bench)), shown(bench)["fields"], shown(bench, 2)["state"], len(dump(bench.catalogue)))
        )
        bench.close()
    assert all(one == found[0] for one in found)
    assert found[0][0] == [(NEXT, "新"), (SZU, "乙")]
