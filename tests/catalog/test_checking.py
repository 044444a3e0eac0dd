"""Rows of a catalogue that are not what the logs say are found, whichever table they are in, and made again."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given

from catalog import checking
from sync.rows import Slice
from tests.catalog.bench import Bench
from tests.catalog.dump import dump
from tests.catalog.logs import GZ, HUB, LED, SCUT, SZU, organisation, patent, withdrawal
from tests.catalog.test_replaying import World, quick, steps
from tests.catalog.test_sources import PUBLICATIONS


def check(bench: Bench, which: Slice = checking.WHOLE):
    return list(checking.Check(bench.logs.store, bench.catalogue, HUB, bench.role_of, which).damages())


@pytest.fixture
def filled(bench: Bench) -> Bench:
    """Rights by one and by two origins, in all views and in some, a withdrawal, quarantine, a part on its way."""
    logs = bench.logs
    logs.file(HUB, organisation(GZ, "广州分站", "substation"))
    logs.file(GZ, organisation(SCUT, "华南理工大学"))
    logs.file(SCUT, patent(31, publications=PUBLICATIONS))
    logs.file(SCUT, *(patent(n, f"灯 {n}", ipc=["F21V 29/70"]) for n in range(20)))
    logs.file(SCUT, [("federation", patent(30)), ("path", patent(30, "一种内部照明装置"))], b"junk")
    logs.file(SZU, *(patent(n, f"光 {n}") for n in range(5)), withdrawal(3))
    last = logs.file(LED, patent(40), [("alliance:abcd", patent(41))])
    logs.lose(LED, last)
    bench.apply(HUB)
    return bench


def test_what_was_applied_is_what_the_logs_say(filled):
    assert check(filled) == []


@given(steps)
@quick
def test_whatever_was_applied_is_what_the_logs_say(history):
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder))
        for step in history:
            world.take(step)
        with world.ruled():
            world.bench.apply(HUB)
            assert check(world.bench) == []
        world.bench.close()


@pytest.mark.parametrize(
    ("sql", "word"),
    [
        (
            "update record set title = 'x' where key like '%%:20171%%' and id = (select min(id) + 3 from record)",
            "record",
        ),
        ("update record set status = 'valid' where id = (select max(id) from record)", "record"),
        ("update record set first_applied = 5 where id = (select min(id) + 3 from record)", "record"),
        ("update record set views = 3 where id = (select min(id) + 4 from record)", "record"),
        ("delete from record where wider is not null", "record"),
        ("update record set key = key || 'x' where id = (select max(id) from record where wider is null)", "entry"),
        ("delete from record where id = (select max(id) from record where wider is null)", "entry"),
        ("delete from assertion where id = (select max(id) from assertion)", "entry"),
        ("update assertion set views = 1 where id = (select max(id) from assertion)", "entry"),
        ("update assertion set op = 1 where id = (select max(id) from assertion)", "entry"),
        ("update assertion set batch = 1 where id = (select max(id) from assertion)", "entry"),
        ("update quarantine set findings = '[]'", "entry"),
        ("delete from quarantine", "entry"),
        ("delete from waiting", "entry"),
        ("update record set wider = 999 where wider is not null", "orphan"),
        ("update claim set views = 0", "record"),
        ("delete from claim", "record"),
        ("update indexed set texts = x'00' where record = (select max(record) from indexed)", "index"),
        ("delete from symbol where record = (select min(record) from symbol)", "index"),
        ("update listed set day = '1999-01-01' where record = (select min(record) from listed)", "index"),
    ],
)
def test_a_row_that_is_wrong_is_found_and_made_again(filled, sql, word):
    before = without_times(filled)
    changed = filled.catalogue.db.execute(sql.replace("%%", "%")).rowcount
    assert changed
    found = check(filled)
    assert word in {one.detail.partition(":")[0] for one in found}
    assert checking.mend(filled.catalogue, filled.logs.store, found) == len(found)
    filled.apply(HUB)
    assert check(filled) == []
    assert without_times(filled) == before


def without_times(bench: Bench):
    """What is merged and searched; an entry that was taken up again counts from now."""
    found = dump(bench.catalogue)
    found["record"] = [row[:14] + row[16:] for row in found["record"]]
    return {
        name: rows
        for name, rows in found.items()
        if name in ("record", "waiting", "symbol", "listed", "claim", "indexed")
    }


def test_a_batch_with_another_time_than_the_journal_says_is_found(filled):
    filled.catalogue.db.execute("update batch set applied_at = 7 where id = 2")
    found = check(filled)
    assert "batch: not what the journal says" in [one.detail for one in found]


def test_slices_together_look_at_everything(filled):
    filled.catalogue.db.execute("update record set title = 'x' where wider is null and category = 'right'")
    whole = {one.first for one in check(filled) if one.detail.startswith("record")}
    parts = [{one.first for one in check(filled, Slice(n, 7)) if one.detail.startswith("record")} for n in range(1, 8)]
    assert set().union(*parts) == whole
    assert sum(map(len, parts)) == len(whole) > 20


def test_nothing_is_written_by_looking(filled):
    before, changes = dump(filled.catalogue), filled.catalogue.db.total_changes
    check(filled)
    assert dump(filled.catalogue) == before
    assert not filled.catalogue.db.in_transaction
    assert changes >= 0


def test_entries_that_are_damaged_themselves_are_left_out(filled):
    log = filled.logs.store.log(SCUT)
    filled.logs.lose(SCUT, 4)
    assert check(filled) != []
    skip = frozenset([(log.id, 4)])
    assert list(checking.Check(filled.logs.store, filled.catalogue, HUB, filled.role_of, skip=skip).damages()) == []
