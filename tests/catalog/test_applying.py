"""What entries become in the catalogue, and what is kept out of it."""

import threading

import pytest

from catalog.applying import apply
from catalog.catalogue import Catalogue
from catalog.errors import NoCatalogue, OtherLog
from catalog.rebuilding import rebuild
from catalog.showing import history, quarantine, show
from catalog.sources import role_by_name
from catalog.views import ALLIANCE, FULL, OPEN
from records.body import Record
from records.checks import RULES_VERSION
from tests.catalog.bench import Bench
from tests.catalog.dump import dump
from tests.catalog.logs import GZ, HUB, LED, SCUT, SZU, application_no, key_of, organisation, patent, withdrawal


def rows(bench, number):
    """Return (views, title, state, first and last applied) of each row of a key."""
    return bench.catalogue.db.execute(
        "select views, title, state, first_applied, last_applied from record where key = ? order by views desc",
        (key_of(number),),
    ).fetchall()


def test_a_record_of_an_outlet_is_a_right_with_its_city(bench):
    bench.logs.file(SCUT, patent(1, owners=[{"name": "甲"}, {"name": "乙"}], status_text="授权"))
    assert bench.apply().asserted == 1
    row = bench.catalogue.db.execute("select title, applicants, status, city, origin, category from record").fetchone()
    assert row == ("一种照明装置", "甲; 乙", "valid", "gz", SCUT, "right")
    assert bench.catalogue.counts()["rights"] == 1
    assert bench.apply().entries == 0


def test_only_what_is_under_a_receipt_is_applied_but_all_of_ones_own_log(bench):
    bench.logs.file(SCUT, patent(1))
    with bench.logs.store.write() as db:
        db.execute("update log set stored = 1")
    assert bench.catalogue.lag(bench.logs.store).entries == 1
    assert bench.apply().asserted == 0
    assert bench.catalogue.lag(bench.logs.store, SCUT).entries == 1
    assert bench.apply(me=SCUT).asserted == 1
    assert bench.catalogue.lag(bench.logs.store, SCUT).entries == 0


def test_a_bad_record_stops_no_other_and_says_why(bench):
    unknown = Record("moon:CN:1", "assert", "moon", 1, {"title": "x"})
    newer = Record(key_of(3), "assert", "patent_invention", 99, {"title": "x"})
    foreign = Record(key_of(4), "assert", "patent_invention", 1, patent(5).fields)
    bench.logs.file(SCUT, b"{", unknown, newer, foreign, patent(6, ipc=["nonsense"]), patent(7))
    done = bench.apply()
    assert (done.asserted, done.quarantined) == (1, 5)
    found = quarantine(bench.catalogue)
    assert [one.index for one in found] == [1, 2, 3, 4, 5]
    rules = [{said["rule"] for said in one.findings} for one in found]
    assert rules == [{"UNREADABLE"}, {"UNKNOWN_KIND"}, {"UNKNOWN_VERSION"}, {"KEY_MISMATCH"}, {"IPC_FORM"}]
    assert all(said["zh"] and said["en"] for one in found for said in one.findings)
    assert [one.key for one in quarantine(bench.catalogue, rule="IPC_FORM")] == [key_of(6)]
    assert quarantine(bench.catalogue, origin=SZU) == []
    assert [one.index for one in quarantine(bench.catalogue, limit=2, after=found[1].id)] == [3, 4]


def test_a_newer_version_clears_the_quarantine_of_older_ones_of_its_origin_only(bench):
    bench.logs.file(SCUT, patent(1, ipc=["?"]))
    bench.logs.file(SZU, patent(1, ipc=["?"]))
    bench.apply()
    bench.logs.file(SCUT, patent(1))
    bench.apply()
    assert [one.origin for one in quarantine(bench.catalogue)] == [SZU]
    assert bench.catalogue.counts()["quarantined"] == 1


def test_a_bad_newer_version_leaves_the_older_one_standing(bench):
    bench.logs.file(SCUT, patent(1, "好"), patent(1, "坏", ipc=["?"]))
    bench.apply()
    assert rows(bench, 1)[0][:3] == (7, "好", "current")


def test_several_origins_are_merged_and_conflicts_are_shown(bench):
    bench.logs.file(LED, patent(1, "旧名", publication_date="2018-01-01", agency="代理"))
    bench.logs.file(SCUT, patent(1, "新名", publication_date="2019-01-01"))
    bench.apply()
    found = show(bench.logs.store, bench.catalogue, key_of(1), FULL)
    assert found["fields"]["title"] == "新名"
    assert found["fields"]["agency"] == "代理"
    assert found["sources"]["agency"] == LED
    assert found["conflicts"]["title"] == [(SCUT, "新名"), (LED, "旧名")]
    assert [(one["origin"], one["index"], one["size"]) for one in found["assertions"]] == [(LED, 1, 2), (SCUT, 1, 2)]


def test_a_right_is_a_tombstone_when_all_have_withdrawn_and_returns_under_its_key(bench):
    bench.logs.file(SCUT, patent(1, "甲"))
    bench.logs.file(SZU, patent(1, "甲"))
    bench.apply()
    bench.logs.file(SCUT, withdrawal(1))
    bench.apply()
    assert rows(bench, 1)[0][2] == "current"
    bench.logs.file(SZU, withdrawal(1, "误报"))
    bench.apply()
    assert rows(bench, 1) == [(7, "", "tombstone", 1001, 1003)]
    assert show(bench.logs.store, bench.catalogue, key_of(1), OPEN)["state"] == "tombstone"
    assert bench.catalogue.counts()["tombstones"] == 1
    bench.logs.file(SZU, patent(1, "乙"))
    bench.apply()
    assert rows(bench, 1) == [(7, "乙", "current", 1001, 1004)]
    told = history(bench.logs.store, bench.catalogue, key_of(1))
    assert [(one["origin"], one["op"], one["applied_at"]) for one in told] == [
        (SCUT, "assert", 1001),
        (SZU, "assert", 1001),
        (SCUT, "withdraw", 1002),
        (SZU, "withdraw", 1003),
        (SZU, "assert", 1004),
    ]
    assert told[3]["reason"] == "误报"
    assert {"field": "title", "before": "甲", "after": None} in told[3]["changed"]


def test_views_show_what_their_audiences_allow(bench):
    bench.logs.file(
        SCUT,
        [("federation", patent(1, "公开")), ("path", patent(1, "内部"))],
        [("path", patent(2, "秘密"))],
        [("alliance:abcd", patent(3, "联盟")), ("node:ip.example/gz", b"sealed")],
        [("public", patent(4, "众人")), ("path", patent(4, "众人"))],
    )
    done = bench.apply()
    assert done.quarantined == 0
    assert [(mask, title) for mask, title, *_ in rows(bench, 1)] == [(4, "内部"), (3, "公开")]
    assert [(mask, title) for mask, title, *_ in rows(bench, 2)] == [(4, "秘密")]
    assert [(mask, title) for mask, title, *_ in rows(bench, 3)] == [(6, "联盟")]
    assert [(mask, title) for mask, title, *_ in rows(bench, 4)] == [(7, "众人")]
    titles = {view: _titles(bench, view) for view in (OPEN, ALLIANCE, FULL)}
    assert titles[OPEN] == ["公开", None, None, "众人"]
    assert titles[ALLIANCE] == ["公开", None, "联盟", "众人"]
    assert titles[FULL] == ["内部", "秘密", "联盟", "众人"]
    assert history(bench.logs.store, bench.catalogue, key_of(2), OPEN) == []


def _titles(bench, view):
    shown = [show(bench.logs.store, bench.catalogue, key_of(number), view) for number in (1, 2, 3, 4)]
    return [one and one["fields"]["title"] for one in shown]


def test_parts_of_one_entry_are_laid_over_each_other_the_narrower_on_top(bench):
    inside = Record(key_of(1), "assert", "patent_invention", 1, {"application_no": application_no(1), "abstract": "内"})
    bench.logs.file(SCUT, [("path", inside), ("federation", patent(1, "公开", abstract="外", agency="代理"))])
    bench.apply()
    fields = show(bench.logs.store, bench.catalogue, key_of(1), FULL)["fields"]
    assert (fields["title"], fields["abstract"], fields["agency"]) == ("公开", "内", "代理")
    assert [mask for mask, *_ in rows(bench, 1)] == [4, 3]


def test_newer_rules_take_up_only_what_they_judge_otherwise(bench, monkeypatch):
    bench.logs.file(SCUT, patent(1, "甲"), patent(2, "乙", ipc=["?"]), patent(3, "丙", ipc=["?"]))
    bench.apply()
    monkeypatch.setattr("catalog.applying.RULES_VERSION", RULES_VERSION + 1)
    monkeypatch.setattr("catalog.judgement.checks.check", lambda record, known: [])
    assert bench.apply().entries == 2
    assert [rows(bench, number)[0][3] for number in (1, 2, 3)] == [1001, 1002, 1002]
    assert bench.apply().entries == 0
    assert quarantine(bench.catalogue) == []


def test_views_split_and_join_again(bench):
    bench.logs.file(SCUT, patent(1, "甲"))
    bench.apply()
    bench.logs.file(SCUT, [("federation", patent(1, "甲")), ("path", patent(1, "甲", abstract="内情"))])
    bench.apply()
    assert [mask for mask, *_ in rows(bench, 1)] == [4, 3]
    bench.logs.file(SCUT, patent(1, "乙"))
    bench.apply()
    assert [mask for mask, *_ in rows(bench, 1)] == [7]


def test_a_part_that_arrives_later_is_taken_up(bench):
    index = bench.logs.file(SCUT, [("federation", patent(1, "公开")), ("path", patent(1, "内部"))], patent(2))
    content = bench.logs.lose(SCUT, index, 1)
    bench.apply()
    assert bench.catalogue.counts()["waiting"] == 1
    assert [title for _, title, *_ in rows(bench, 1)] == ["公开"]
    bench.logs.find(SCUT, index, content, 1)
    assert bench.apply().entries == 1
    assert bench.catalogue.counts()["waiting"] == 0
    assert [title for _, title, *_ in rows(bench, 1)] == ["内部", "公开"]
    assert rows(bench, 2)[0][3:] == (1001, 1001)


def test_names_come_from_registrars_and_only_for_what_is_below_them(bench):
    bench.logs.file(HUB, organisation(HUB, "主站", "hub"), organisation(GZ, "广州", "substation"))
    bench.logs.file(GZ, organisation(SCUT, "华工"), organisation(SZU, "深大"), patent(1))
    bench.logs.file(SCUT, organisation(SCUT, "自称"))
    assert bench.apply().quarantined == 3
    assert bench.catalogue.names() == {HUB: "主站", GZ: "广州", SCUT: "华工"}
    assert {one.findings[0]["rule"] for one in quarantine(bench.catalogue)} == {"MISPLACED"}


def test_stop_ends_between_batches_and_the_next_call_goes_on(bench, monkeypatch):
    monkeypatch.setattr("catalog.applying.CHUNK", 2)
    bench.logs.file(SCUT, *[patent(number) for number in range(5)])
    stop, seen = threading.Event(), []

    def progress(done, total):
        seen.append((done, total))
        stop.set()

    apply(bench.logs.store, bench.catalogue, "", lambda: 1.0, role_by_name, progress, stop)
    assert seen == [(2, 6)]
    assert bench.apply().entries == 4
    assert bench.catalogue.counts()["rights"] == 5


def test_times_never_go_back_with_the_clock(bench):
    bench.logs.file(SCUT, patent(1))
    bench.apply()
    bench.now = 10
    bench.logs.file(SCUT, patent(2))
    bench.apply()
    assert rows(bench, 2)[0][3] == rows(bench, 1)[0][3] == 1001


def test_two_who_apply_at_once_do_nothing_twice(tmp_path, monkeypatch):
    monkeypatch.setattr("catalog.applying.CHUNK", 3)
    bench = Bench(tmp_path)
    for origin in (SCUT, SZU):
        bench.logs.file(origin, *[patent(number, origin) for number in range(40)])
    done, failed = [], []

    def work():
        try:
            store, catalogue = type(bench.logs.store)(tmp_path / "log.db"), Catalogue(bench.path)
            done.append(apply(store, catalogue, "", lambda: 5.0, role_by_name))
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert sum(one.entries for one in done) == 82
    assert bench.catalogue.db.execute("select count(*), sum(last - first) from batch").fetchone() == (28, 82)
    assert bench.logs.store.db.execute("select count(*) from journal").fetchone() == (28,)
    bench.close()


def test_opening_a_missing_catalogue_is_an_error(tmp_path):
    with pytest.raises(NoCatalogue):
        Catalogue(tmp_path / "catalog.db")


def test_a_catalogue_of_another_log_is_refused_until_rebuilt(bench, tmp_path):
    bench.logs.file(SCUT, patent(1))
    bench.apply()
    (tmp_path / "other").mkdir()
    other = Bench(tmp_path / "other")
    other.logs.file(SZU, patent(1), patent(2))
    with pytest.raises(OtherLog):
        apply(other.logs.store, bench.catalogue, "", lambda: 1.0, role_by_name)
    rebuild(other.logs.store, bench.path, "", lambda: 1.0, role_by_name)
    other.apply()
    assert bench.catalogue.counts()["rights"] == 2
    other.close()


@pytest.mark.parametrize("junk", [b"", b"no database at all" * 300])
def test_rebuild_makes_what_is_missing_or_broken(bench, junk):
    bench.logs.file(SCUT, patent(1))
    bench.apply()
    before = dump(bench.catalogue)
    bench.catalogue.close()
    for file in bench.path.parent.glob("catalog.db*"):
        file.unlink()
    if junk:
        bench.path.write_bytes(junk)
    rebuild(bench.logs.store, bench.path, "", lambda: 5000.0, role_by_name)
    bench.catalogue = Catalogue(bench.path)
    assert dump(bench.catalogue) == before
    assert not bench.path.with_name("catalog.db.new").exists()


def test_the_catalogue_of_an_older_program_begins_anew_and_gets_its_times_from_the_journal(bench, tmp_path):
    bench.logs.file(SCUT, patent(1))
    bench.apply()
    before = dump(bench.catalogue)
    bench.catalogue.db.execute("delete from _sqlite_migrations")
    bench.catalogue.db.execute("drop table claim")
    bench.catalogue.db.execute("drop table stale")
    for table in ("loose", "joined", "about", "organisation", "kind", "basis", "stated", "retake"):
        bench.catalogue.db.execute(f"drop table {table}")
    assert not bench.catalogue.is_current()
    generation = bench.catalogue.generation
    bench.catalogue.close()
    bench.catalogue = Catalogue.create(bench.path)
    assert bench.catalogue.is_current()
    assert bench.catalogue.generation != generation
    assert bench.catalogue.cursor() == 0
    bench.now = 5000.0
    bench.apply()
    assert dump(bench.catalogue) == before
