"""Made-up patents pass the real checks, say that they are made up, and are no easier to compress than real ones."""

from random import Random
from time import perf_counter

import pytest
import zstandard

from deploy import madeup
from records import body, changes, kinds, reading, statement


def statements(path):
    reader = reading.recognise(path)
    return list(statement.rows(reader.drafts(), kinds.BUILT_IN, reader.stated))


def made(path, seed=1, outlet=7, count=600):
    madeup.write_csv(path, madeup.made_up(seed, outlet, count))
    return statements(path)


def ratio(rows):
    """Return compressed by plain bytes of the first 256 bodies."""
    data = b"".join(body.encode(row.record) for row in rows[:256])
    return len(zstandard.compress(data, 3)) / len(data)


def test_every_row_passes_the_checks_without_a_finding(tmp_path):
    rows = made(tmp_path / "a.csv")
    assert len(rows) == 600
    assert [found for row in rows for found in row.findings] == []
    assert {row.record.kind for row in rows} == {"patent_invention", "utility_model", "design"}
    assert 700 < sum(len(body.encode(row.record)) for row in rows) / 600 < 1400


def test_a_workbook_holds_the_same(tmp_path):
    madeup.write_xlsx(tmp_path / "a.xlsx", madeup.made_up(1, 7, 50))
    assert [row.record for row in statements(tmp_path / "a.xlsx")] == [
        row.record for row in made(tmp_path / "a.csv", count=50)
    ]


def test_every_row_says_that_it_is_made_up():
    for row in madeup.made_up(3, 0, 200):
        assert row["摘要"].endswith("（虚构数据）")
        assert row["代理机构"].startswith("虚构代理机构")
        assert "虚构" in row["申请人/专利权人"]


def test_the_same_seed_gives_the_same_rows_and_another_only_other_words():
    one, same, other = (list(madeup.made_up(seed, 5, 40)) for seed in (1, 1, 2))
    assert one == same
    assert [row["专利名称"] for row in one] != [row["专利名称"] for row in other]
    assert [row["申请号"][2:6] + row["申请号"][7:14] for row in one] == [
        row["申请号"][2:6] + row["申请号"][7:14] for row in other
    ]


def test_no_two_rows_of_any_outlets_share_a_number():
    outlets = [0, 1, 2, madeup.MAX_OUTLETS - 1]
    rows = [row for outlet in outlets for row in madeup.made_up(outlet, outlet, 3_000)]
    assert len({row["申请号"] for row in rows}) == len({row["公开（公告）号"][:11] for row in rows}) == len(rows)


@pytest.mark.parametrize(("outlet", "count"), [(-1, 1), (madeup.MAX_OUTLETS, 1), (0, madeup.MAX_ROWS + 1), (0, -1)])
def test_ranges_are_kept(outlet, count):
    with pytest.raises(ValueError, match="outlet"):
        madeup.made_up(1, outlet, count)


def test_two_character_searches_find_a_sensible_share():
    rows = list(madeup.made_up(1, 3, 2_000))
    for word in ("照明", "散热", "电池"):
        assert 0.01 < sum(word in row["专利名称"] + row["摘要"] for row in rows) / len(rows) < 0.4


def test_a_corrected_row_is_the_same_right_changed(tmp_path):
    rng, rows = Random(1), list(madeup.made_up(1, 7, 200))
    madeup.write_csv(tmp_path / "b.csv", (madeup.corrected(row, rng) for row in rows))
    for first, second in zip(made(tmp_path / "a.csv", count=200), statements(tmp_path / "b.csv"), strict=True):
        assert second.record.key == first.record.key
        assert changes.change(first.record, second.record, second.stated, clear_empty=False) is not None
        assert not changes.older(first.record, second.record)


def test_a_million_rows_are_a_matter_of_a_minute():
    start = perf_counter()
    assert sum(1 for _ in madeup.made_up(1, 9, 5_000)) == 5_000
    assert 5_000 / (perf_counter() - start) > 5_000  # 50,000 rows/s on a quiet machine


def test_made_up_packages_compress_no_better_than_real_ones(shared_data, tmp_path):
    real = min(ratio(statements(path)) for path in sorted((shared_data / "pss_xls").glob("*.xls")))
    assert real <= ratio(made(tmp_path / "a.csv")) <= 0.40
    assert max(ratio(statements(path)) for path in (shared_data / "pss_xls").glob("*.xls")) <= ratio(
        made(tmp_path / "a.csv")
    )
