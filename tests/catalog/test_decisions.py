"""People's decisions on single records: whose word counts, and that a rebuilt view honours them with the same times."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog import decisions, showing, statements, verdicts
from catalog.answers import MENDED, QUARANTINED, Answer
from catalog.applying import apply
from catalog.catalogue import Catalogue
from catalog.rebuilding import rebuild
from catalog.sources import role_by_name
from records import checks
from records.body import Record
from records.rules import finding
from tests.catalog import test_replaying as replaying
from tests.catalog.dump import dump, results
from tests.catalog.logs import GZ, HUB, LED, SCUT, key_of, patent, withdrawal

SZ = "ip.example/sz"
AUTHORS = (HUB, GZ, SZ, LED)

deciding = st.tuples(
    st.just("decide"),
    st.sampled_from(AUTHORS),
    st.sampled_from(replaying.ORIGINS),
    st.sets(st.integers(8, 50), min_size=1, max_size=4),  # places; beyond what is filed as well
    st.sampled_from(["release", "keep", "forward", "retry"]),
)
plain = [st.just((one,)) for one in ("apply", "lose", "find", "upgrade")]
steps = st.lists(st.one_of(replaying.filing, replaying.filing, deciding, deciding, *plain), max_size=14)


class World(replaying.World):
    """With decisions, and rules that a person may waive."""

    def take(self, step: tuple) -> None:
        if step[0] == "decide":
            _decide, author, origin, places, word = step
            stated = decisions.record(origin, places, word, "某人", "因为")
            first = self.bench.logs.file(author, [("path", stated)])
            self.newest = author, first
        else:
            super().take(step)

    def _check(self, record, *known, check=checks.check):
        refused = "烂", "劣" if self.rules < 2 else "坏"
        bad = record.fields.get("title") in refused
        return [*check(record, *known), *([finding("DATE_FORM", "filing_date", "x")] if bad else [])]


@contextmanager
def world() -> Iterator[World]:
    with tempfile.TemporaryDirectory() as folder:
        made = World(Path(folder))
        try:
            yield made
        finally:
            made.bench.close()


@replaying.quick
@given(steps)
def test_a_rebuilt_view_honours_decisions_with_the_same_times(history):
    with world() as found:
        for step in [*history, ("apply",)]:
            found.take(step)
        before = dump(found.bench.catalogue)
        assert before["retake"] == []
        with found.ruled():
            rebuild(found.bench.logs.store, found.bench.path, "", lambda: 9000.0, role_by_name)
        assert dump(found.bench.catalogue) == before


@replaying.quick
@given(steps)
def test_it_does_not_matter_when_a_decision_came(history):
    with world() as found:
        for step in [*history, ("apply",)]:
            found.take(step)
        beside = Catalogue.create(found.bench.path.with_name("beside.db"))
        with found.ruled():
            apply(found.bench.logs.store, beside, "", lambda: 9000.0, role_by_name)
        assert results(beside) == results(found.bench.catalogue)
        beside.close()


@pytest.mark.parametrize("lands", [False, True])
@replaying.quick
@given(history=steps, at=st.integers(1, 12))
def test_a_crash_at_any_commit_forgets_no_decision(lands, history, at):
    with world() as crashed, world() as whole:
        for step in [*history, ("apply",)]:
            if step == ("apply",):
                crashed.newest = whole.newest = None
                now = whole.bench.now = crashed.bench.now = whole.bench.now + 1
                for found, countdown in ((crashed, [at]), (whole, [-1])):
                    with found.ruled():
                        replaying.applied_through(found, now, countdown, lands)
            else:
                crashed.take(step)
                whole.take(step)
        assert without_batches(crashed.bench.catalogue) == without_batches(whole.bench.catalogue)


def without_batches(catalogue):
    """Everything but which journal row of the same second took it up: after a crash, what comes first may change."""
    found = dump(catalogue)
    found.pop("batch")
    return found | {name: [row[:-1] for row in found[name]] for name in ("assertion", "quarantine", "stated")}


# -- whose word counts ------------------------------------------------------------------------------------------------


def bad(number: int):
    """A record with an error that a person may waive."""
    return patent(number, publication_date="2016-01-01")


def decide(bench, author, places, word, origin=SCUT, reason="因为"):
    bench.logs.file(author, [("path", decisions.record(origin, places, word, "某人", reason))])


def kept(bench, origin=SCUT):
    return [one.key for one in showing.quarantine(bench.catalogue, origin)]


def test_a_released_record_counts_and_a_kept_one_does_not(bench):
    first = bench.logs.file(SCUT, bad(1), patent(2))
    bench.apply()
    assert kept(bench) == [key_of(1)]
    decide(bench, GZ, [first << 3], "release")
    decide(bench, GZ, [first + 1 << 3], "keep", reason="冒用")
    bench.apply()
    (one,) = showing.quarantine(bench.catalogue, SCUT)
    assert one.key == key_of(2)
    assert [(each["rule"], each["value"]) for each in one.findings] == [("KEPT_OUT", "冒用")]
    assert "某人" in one.findings[0]["zh"]
    assert "某人" in one.findings[0]["en"]
    assert bench.catalogue.counts()["rights"] == 1


@pytest.mark.parametrize(
    ("said", "me", "counts"),
    [
        ([(GZ, "release")], HUB, True),
        ([(GZ, "release"), (HUB, "keep")], HUB, False),
        ([(HUB, "keep"), (GZ, "release")], HUB, False),  # the hub's word stands, whenever it was said
        ([(HUB, "release"), (GZ, "keep")], HUB, True),
        ([(GZ, "keep"), (GZ, "release")], HUB, True),
        ([(GZ, "release"), (GZ, "keep")], HUB, False),
        ([(GZ, "release"), (GZ, "forward"), (GZ, "retry")], HUB, True),
        ([(SZ, "release")], HUB, False),  # another city has no say
        ([("ip.example/led", "release")], HUB, False),  # nor an alliance, here
        ([("ip.example/led", "release")], "ip.example/led", True),  # but for its own view
        ([(SCUT, "release")], HUB, False),
        ([], HUB, False),
    ],
)
def test_the_hub_goes_before_the_home_and_an_alliance_counts_for_itself(bench, said, me, counts):
    bench.roles["ip.example/led"] = "alliance"
    first = bench.logs.file(SCUT, bad(1))
    for author, word in said:
        decide(bench, author, [first << 3], word)
    bench.apply(me)
    assert (kept(bench) == []) == counts


def test_a_decision_may_come_before_what_it_is_about(bench):
    decide(bench, GZ, [1 << 3], "release")
    bench.apply()
    assert bench.logs.file(SCUT, bad(1)) == 1
    bench.apply()
    assert kept(bench) == []


def test_only_the_entries_decided_on_get_a_new_time(bench):
    first = bench.logs.file(SCUT, bad(1), patent(2), bad(3))
    bench.apply()
    decide(bench, GZ, [first << 3], "release")
    bench.apply()
    times = dict(bench.catalogue.db.execute("select key, last_applied from record").fetchall())
    assert times == {key_of(1): 1002, key_of(2): 1001}


def test_a_forwarded_record_is_not_taken_up_again(bench):
    first = bench.logs.file(SCUT, bad(1))
    bench.apply()
    rows = bench.catalogue.cursor()
    decide(bench, GZ, [first << 3], "forward")
    bench.apply()
    assert bench.catalogue.cursor() == rows + 1  # the statement's own row


@pytest.mark.parametrize("filed", [b"junk", patent(1, filing_date=5)])
def test_what_cannot_be_used_is_not_released(bench, filed):
    first = bench.logs.file(SCUT, filed)
    decide(bench, GZ, [first << 3], "release")
    bench.apply()
    found = showing.quarantine(bench.catalogue, SCUT)
    assert [decisions.waivable(one.findings) for one in found] == [False]


def test_statements_of_the_federation_are_no_records(bench):
    decide(bench, GZ, [1 << 3, 2 << 3, 9 << 3], "keep")
    bench.logs.file(GZ, [("federation", verdicts.judged(GZ, 1000, 1, {}))])
    bench.apply()
    assert bench.catalogue.counts()["by_kind"] == {}
    assert kept(bench, GZ) == []
    rows = bench.catalogue.db.execute("select kind, about, idx, part, word from stated order by kind, idx").fetchall()
    assert rows == [("decision", SCUT, index, 0, "keep") for index in (1, 2, 9)] + [("judged", GZ, 0, 0, "")]


def test_a_decision_on_more_than_anybody_could_mean_says_nothing(bench):
    record = decisions.record(SCUT, [1 << 3], "keep", "某人", "")
    record.fields["places"] = [{"part": 0, "at": [0, 1 << 40]}]
    bench.logs.file(GZ, [("path", record)])
    bench.apply()
    assert bench.catalogue.db.execute("select count(*) from stated").fetchone() == (0,)
    assert statements.to_retake(bench.catalogue.db) == []


# -- what a tier has to say -------------------------------------------------------------------------------------------


def test_a_newer_version_mends_what_was_kept_out(bench):
    first = bench.logs.file(SCUT, bad(1), bad(2))
    bench.apply()
    log = bench.logs.store.log(SCUT)
    now = verdicts.stands(bench.logs.store, bench.catalogue, log, GZ)
    assert now == {place << 3: Answer(QUARANTINED, ("DATE_ORDER",)) for place in (first, first + 1)}
    bench.logs.file(SCUT, patent(1), withdrawal(2))
    bench.apply()
    now = verdicts.stands(bench.logs.store, bench.catalogue, bench.logs.store.log(SCUT), GZ)
    assert now == {place << 3: Answer(MENDED) for place in (first, first + 1)}


QUARANTINE, OTHER = Answer(QUARANTINED, ("A",)), Answer(QUARANTINED, ("B",))
ACCEPT, NOTED = verdicts.AGREED, Answer(QUARANTINED, ("A",), 7)


@pytest.mark.parametrize(
    ("now", "said", "below", "due"),
    [
        (None, None, None, None),
        (QUARANTINE, None, None, QUARANTINE),
        (QUARANTINE, QUARANTINE, None, None),
        (QUARANTINE, None, QUARANTINE, None),
        (QUARANTINE, None, OTHER, None),  # the result is the same
        (QUARANTINE, OTHER, None, QUARANTINE),  # but its own reasons are told
        (NOTED, QUARANTINE, None, NOTED),
        (NOTED, None, QUARANTINE, NOTED),
        (NOTED, NOTED, QUARANTINE, None),
        (None, QUARANTINE, None, ACCEPT),
        (None, None, QUARANTINE, ACCEPT),
        (None, ACCEPT, QUARANTINE, None),
        (QUARANTINE, ACCEPT, QUARANTINE, QUARANTINE),
    ],
)
def test_what_differs_is_said_and_silence_means_agreement(now, said, below, due):
    tables = [{} if one is None else {8: one} for one in (now, said, below)]
    assert verdicts.differing(*tables, covered=2) == ({} if due is None else {8: due})
    assert verdicts.differing(*tables, covered=1) == {}  # what is not in the view yet is not answered for


@pytest.mark.parametrize(("count", "length"), [(1, 5_001), (2_400, 100_000)])
def test_a_decision_on_more_places_than_anybody_makes_decides_nothing(bench, count, length):
    fields = {
        "origin": SCUT,
        "decision": "keep",
        "by": "某人",
        "places": [{"part": 0, "at": [0, length]}] * count,
    }
    stated = Record(f"decision:{SCUT}", "assert", "decision", 1, fields)
    bench.logs.file(SZ, [("path", stated)])
    bench.logs.file(GZ, [("path", decisions.record(SCUT, range(8, 8 * 5_001, 8), "keep", "某人", "因为"))])
    bench.apply()
    rows = bench.catalogue.db.execute("select count(*) from stated join batch on batch.id = stated.batch").fetchone()
    assert rows == (5_000,), "of the one that our own programs could have made"
