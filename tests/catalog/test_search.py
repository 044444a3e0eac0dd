"""Search finds exactly what a plain scan finds, however a number is written, and nothing typed reaches FTS5."""

import random
import unicodedata
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from catalog import search, words
from catalog.errors import BadQuery, BadToken
from catalog.indexing import index
from catalog.rebuilding import rebuild
from catalog.search import Query, find
from catalog.showing import find_key, quarantine
from catalog.sources import role_by_name
from catalog.views import ALLIANCE, FULL, OPEN
from records.body import Record
from tests.catalog.bench import Bench
from tests.catalog.logs import GZ, HUB, LED, SCUT, SZU, application_no, key_of, organisation, patent, withdrawal
from tests.catalog.test_sources import publication

SIGNS = "照明散热装置发光二极管电路板结构方法"


def keys(bench, view=FULL, **asked):
    return [hit.key for hit in find(bench.catalogue, Query(**asked), view).hits]


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """400 made-up patents of two outlets, titles and abstracts over a few characters, and their texts by key."""
    made = Bench(tmp_path_factory.mktemp("many"))
    rng = random.Random(7)
    texts = {}
    records = []
    for number in range(400):
        title = "".join(rng.choices(SIGNS, k=rng.randint(3, 9)))
        abstract = "，".join("".join(rng.choices(SIGNS, k=12)) for _ in range(3)) + rng.choice(
            [" LED 灯", "。", " X-9"]
        )
        owner = "".join(rng.choices("甲乙丙丁", k=3)) + "公司"
        day = f"2017-0{rng.randint(1, 9)}-1{rng.randint(0, 9)}"
        records.append(patent(number, title, abstract=abstract, owners=[{"name": owner}], filing_date=day))
        texts[key_of(number)] = (title, abstract, owner, day)
    made.logs.file(SCUT, *records[:200])
    made.logs.file(SZU, *records[200:])
    made.apply()
    yield made, texts
    made.close()


def test_words_find_exactly_what_a_plain_scan_finds(many):
    bench, texts = many
    rng = random.Random(11)
    queries = ["".join(rng.choices(SIGNS, k=size)) for size in (1, 1, 2, 2, 2, 2, 3, 3, 4) for _ in range(8)]
    queries += [f"{rng.choice(queries)} {rng.choice(queries)}" for _ in range(20)] + [
        "公司",
        "甲",
        "LED",
        "led 照明",
        "X-9",
    ]
    queries += ["法，法", "置，板"]
    some = 0
    for query in queries:
        wanted = {
            key
            for key, shown in texts.items()
            if all(any(word.lower() in text.lower() for text in shown[:3]) for word in query.split())
        }
        some += bool(wanted)
        page = find(bench.catalogue, Query(words=query, limit=1000), OPEN)
        assert {hit.key for hit in page.hits} == wanted, query
        assert page.total == len(wanted)
    assert some > 60


@pytest.mark.parametrize(
    "asked", [{"words": "照"}, {"words": "照 明"}, {"city": "gz"}, {"applicant": "甲", "words": "散"}]
)
@pytest.mark.parametrize("limit", [1, 7, 1000])
def test_paging_yields_every_hit_once(many, asked, limit):
    bench, _texts = many
    page = find(bench.catalogue, Query(**asked, limit=limit), OPEN)
    found = list(page.hits)
    while page.next:
        page = find(bench.catalogue, Query(**asked, limit=limit, after=page.next), OPEN)
        assert page.hits
        found += page.hits
    assert len(found) == len({hit.key for hit in found}) == page.total > 7
    assert found == find(bench.catalogue, Query(**asked, limit=1000), OPEN).hits


@pytest.mark.parametrize("more", [40, -20])
def test_paging_skips_and_repeats_nothing_while_the_index_grows_or_shrinks(bench, more):
    """Scores rest on the number and length of all texts; a page goes on behind the last hit, not behind its score."""
    bench.logs.file(SCUT, *(patent(number, "照明" + "装置" * (number % 7)) for number in range(40)))
    bench.logs.file(SCUT, *(patent(number, "方法") for number in range(100, 140)))
    bench.apply()
    page = find(bench.catalogue, Query(words="照明", limit=7), OPEN)
    found = [hit.key for hit in page.hits]
    for at in range(5):
        if more > 0:
            bench.logs.file(SCUT, *(patent(1000 + at * more + number, "结构" * 9) for number in range(more)))
        else:
            bench.logs.file(SCUT, *(withdrawal(100 + at * 8 + number) for number in range(8)))
        bench.apply()
        page = find(bench.catalogue, Query(words="照明", limit=7, after=page.next), OPEN)
        found += [hit.key for hit in page.hits]
    assert page.next == ""
    assert sorted(found) == sorted(key_of(number) for number in range(40))


def test_paging_goes_on_where_the_last_hit_is_gone(bench):
    bench.logs.file(SCUT, *(patent(number, "照明" + "装置" * (number % 7)) for number in range(40)))
    bench.apply()
    page = find(bench.catalogue, Query(words="照明", limit=7), OPEN)
    found = [hit.key for hit in page.hits]
    bench.logs.file(SCUT, withdrawal(int(page.hits[-1].number[5:12])))
    bench.apply()
    while page.next:
        page = find(bench.catalogue, Query(words="照明", limit=7, after=page.next), OPEN)
        found += [hit.key for hit in page.hits]
    assert len(found) == len(set(found)) == 40


def test_filters_without_words_list_the_newest_first(many):
    bench, texts = many
    page = find(bench.catalogue, Query(city="sz", date_from="2017.03.01", date_to="20170531", limit=1000), OPEN)
    wanted = {key for key, (*_, day) in list(texts.items())[200:] if "2017-03-01" <= day <= "2017-05-31"}
    assert {hit.key for hit in page.hits} == wanted
    days = [hit.filing_date for hit in page.hits]
    assert days == sorted(days, reverse=True)


def test_a_title_ranks_above_an_abstract(bench):
    bench.logs.file(SCUT, patent(1, "装置", abstract="散热很好"), patent(2, "散热装置", abstract="很好"))
    bench.apply()
    assert keys(bench, words="散热") == [key_of(2), key_of(1)]


@pytest.mark.parametrize(
    "written",
    [
        "201710000042.{c}",
        "CN201710000042.{c}",
        "ZL201710000042{c}",
        "201710000042",
        "ZL 2017 1 0000042.{c}",
        "cn201710000042",
    ],
)
def test_an_application_number_finds_its_right_in_any_form(many, written):
    bench, _texts = many
    assert keys(bench, words=written.format(c=application_no(42)[-1])) == [key_of(42)]


def test_publication_numbers_and_ipc_symbols_find_rights(bench):
    publications = [{"no": "CN107000001A", "kind": "A", "date": "2018-01-25"}]
    bench.logs.file(SCUT, patent(1, publications=publications, ipc=["B65D 1/02", "F21V 29/70"]))
    bench.logs.file(SCUT, patent(2, ipc=["B65D 10/02"]), patent(3, ipc=["B65G 1/02"]))
    bench.apply()
    for query in ("CN107000001A", "107000001a", "CN107000001", "CN 107000001 A"):
        assert keys(bench, words=query) == [key_of(1)], query
    assert keys(bench, words="B65D1/02") == keys(bench, words="b65d 1/02 照明") == [key_of(1)]
    assert set(keys(bench, words="B65D")) == {key_of(1), key_of(2)}
    assert set(keys(bench, ipc="b65")) == {key_of(1), key_of(2), key_of(3)}
    assert set(keys(bench, ipc="B65D")) == {key_of(1), key_of(2)}
    assert keys(bench, ipc="B65D1") == keys(bench, ipc="B65D 1/02") == keys(bench, ipc="F21V29/7") == [key_of(1)]


def test_what_is_withdrawn_or_changed_is_found_no_longer(bench):
    bench.logs.file(SCUT, patent(1, "旧称", ipc=["B65D 1/02"]), patent(2, "另一"))
    bench.apply()
    bench.logs.file(SCUT, patent(1, "改名", ipc=["B65G 1/02"]), withdrawal(2))
    bench.apply()
    assert keys(bench, words="旧称") == keys(bench, words="另一") == keys(bench, ipc="B65D") == []
    assert keys(bench, words="改名") == keys(bench, ipc="B65G") == keys(bench, city="gz") == [key_of(1)]
    bench.logs.file(SCUT, patent(2, "归来"))
    bench.apply()
    assert keys(bench, words="归来") == [key_of(2)]


def test_a_withdrawal_counts_before_it_is_indexed(bench):
    bench.logs.file(SCUT, patent(1, "散热"))
    bench.apply()
    bench.logs.file(SCUT, withdrawal(1))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("tests.catalog.bench.index", lambda *_: 0)
        bench.apply()
    assert bench.catalogue.lag(bench.logs.store).records == 1
    assert keys(bench, words="散热") == keys(bench, city="gz") == []
    assert index(bench.logs.store, bench.catalogue) == 1


def test_each_view_finds_its_own_text_only(bench):
    bench.logs.file(
        SCUT,
        [("federation", patent(1, "公开名称")), ("path", patent(1, "内部名称"))],
        [("alliance:abcd", patent(2, "联盟名称"))],
    )
    bench.apply()
    assert keys(bench, OPEN, words="公开名称") == [key_of(1)]
    assert keys(bench, OPEN, words="内部") == keys(bench, FULL, words="公开") == []
    assert find(bench.catalogue, Query(words="名称"), OPEN).total == 1
    assert find(bench.catalogue, Query(words="名称"), ALLIANCE).total == 2
    assert keys(bench, OPEN, words="联盟") == []


def test_no_phrase_reaches_from_one_name_into_the_next(bench):
    bench.logs.file(SCUT, patent(1, owners=[{"name": "甲公司"}, {"name": "乙公司"}]))
    bench.apply()
    assert keys(bench, words="司乙") == []
    assert keys(bench, words="乙公") == keys(bench, applicant="甲公司") == [key_of(1)]
    assert keys(bench, applicant="照明") == []


def test_an_applicant_is_found_by_parts_of_the_name(bench):
    owners = [{"name": "华南理工大学"}, {"name": "Banyan Lighting Co., Ltd."}]
    bench.logs.file(SCUT, patent(1, owners=owners), patent(2, "华南大学"))
    bench.apply()
    for part in ("理工", "华南 大学", "大学　华南", "banyan ltd", "ＢＡＮＹＡＮ", "华南理工大学;"):
        assert keys(bench, applicant=part) == [key_of(1)], part
    assert keys(bench, applicant="华南 师范") == keys(bench, applicant="北方 OR 华南") == []


def test_a_kind_is_asked_for_by_name_or_title(bench):
    bench.logs.file(SCUT, patent(1))
    bench.apply()
    for kind in ("patent_invention", "发明专利", " Invention patent "):
        assert keys(bench, kind=kind) == [key_of(1)], kind
    assert keys(bench, kind="外观设计专利") == []


def test_a_category_is_asked_for_and_statements_are_in_none(bench):
    event = Record(
        f"legal_status:{key_of(1)}/GR01/2019-05-01/-",
        "assert",
        "legal_status",
        1,
        {"right": key_of(1), "code": "GR01", "date": "2019-05-01", "raw_text": "照明专利授权"},
    )
    bench.logs.file(SCUT, patent(1), event)
    bench.logs.file(HUB, publication(), organisation(GZ, "照明市分站", "substation"))
    bench.apply()
    assert quarantine(bench.catalogue) == []
    for category in ("right", "权利"):
        assert keys(bench, kind=category) == [key_of(1)]
    assert keys(bench, kind="event") == keys(bench, kind="事件") == keys(bench, kind="法律状态") == [event.key]
    assert keys(bench, kind="register") == keys(bench, kind="名册项")
    assert keys(bench, kind="register") == [f"organisation:{GZ}"]
    assert set(keys(bench, words=application_no(1))) == {key_of(1), event.key}
    assert set(keys(bench, words="照明")) == {key_of(1), event.key}
    assert keys(bench, status="valid") == [key_of(1)]
    with pytest.raises(BadQuery):
        find(bench.catalogue, Query(kind="kind"), FULL)
    assert "kind" not in bench.catalogue.counts()["by_kind"]


def test_other_kinds_are_found_by_their_own_numbers_and_words(bench):
    mark = Record(
        "trademark:CN:12345678/9",
        "assert",
        "trademark",
        1,
        {"number": "12345678", "nice_class": "9", "name": "榕树", "goods": "灯泡", "owners": [{"name": "榕树公司"}]},
    )
    software = Record(
        "copyright_software:CN:2016SR309930",
        "assert",
        "copyright_software",
        1,
        {"registration_no": "2016SR309930", "name": "榕树软件", "purpose": "联邦检索"},
    )
    bench.logs.file(SCUT, mark, software)
    bench.apply()
    assert quarantine(bench.catalogue) == []
    assert keys(bench, words="灯泡") == keys(bench, words="12345678") == [mark.key]
    assert keys(bench, words="联邦检索") == keys(bench, words="2016SR309930") == [software.key]
    assert set(keys(bench, words="榕树")) == {mark.key, software.key}
    assert keys(bench, applicant="榕树公司") == [mark.key]
    assert find_key(bench.catalogue, "12345678") == mark.key
    assert find_key(bench.catalogue, "2016sr309930") == software.key


def test_a_city_is_asked_for_by_its_label_or_by_the_name_of_its_substation(bench):
    bench.logs.file(HUB, organisation(GZ, "广州市知识产权保护中心", "substation"))
    bench.logs.file(GZ, organisation(SCUT, "广州某大学"))
    bench.logs.file(SCUT, patent(1))
    bench.logs.file(SZU, patent(2))
    bench.apply()
    for text in ("gz", "GZ", "广州", "广州市", " gz "):
        assert keys(bench, city=text) == [key_of(1)], text
    assert keys(bench, city="sz") == [key_of(2)]
    assert keys(bench, city="大学") == keys(bench, city="%") == []


def test_registers_are_found_by_their_kind_only(bench):
    bench.logs.file(GZ, organisation(LED, "照明研究院"))
    bench.logs.file(LED, patent(1, "照明"))
    bench.apply()
    assert keys(bench, words="照明") == [key_of(1)]
    assert keys(bench, words="照明", kind="organisation") == [f"organisation:{LED}"]


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"words": "   "},
        {"words": '"""'},
        {"words": "照" * 501},
        {"words": "照" * 10_000},
        {"words": "\ud800照"},
        {"city": "\udfff"},
        {"words": "照", "limit": 0},
        {"words": "照", "limit": 1001},
        {"status": "good"},
        {"kind": "patents"},
        {"applicant": "; ("},
        {"ipc": "%"},
        {"applicant": '"'},
        {"date_from": "tomorrow"},
    ],
)
def test_what_cannot_be_asked_is_refused(many, asked):
    with pytest.raises(BadQuery):
        find(many[0].catalogue, Query(**asked), OPEN)


def test_a_view_that_is_none_is_refused(many):
    with pytest.raises(BadQuery):
        find(many[0].catalogue, Query(words="照"), 3)


hostile = st.text(st.sampled_from(list("\"*():^{}+-\\'%;\0\n AND OR NOT NEAR照明title:￥①ａ")), max_size=40)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(hostile | st.text(max_size=60))
@example('title : 照 OR "')
@example("照* NOT 明")
@example("NEAR(照 明, 5)")
@example('" OR words : "照')
def test_whatever_is_typed_is_words_or_refused(many, typed):
    bench, texts = many
    try:
        page = find(bench.catalogue, Query(words=typed, limit=1000), OPEN)
    except BadQuery:
        return
    pieces = [" ".join(words.tokens(word)) for word in typed.split()]
    for hit in page.hits:
        title, abstract, owner, _day = texts[hit.key]
        columns = [" ".join(words.tokens(text)) for text in (title, abstract, owner, hit.number)]
        assert all(any(f" {piece} " in f" {column} " for column in columns) for piece in pieces if piece)


def test_a_token_holds_for_its_query_and_view_only(many):
    bench, _texts = many
    after = find(bench.catalogue, Query(words="照", limit=5), OPEN).next
    for query, view in (
        (Query(words="明", limit=5, after=after), OPEN),
        (Query(words="照", city="gz", limit=5, after=after), OPEN),
        (Query(words="照", limit=5, after=after), FULL),
        (Query(words="照", limit=5, after=after[:-2] + "AA"), OPEN),
        (Query(words="照", limit=5, after="not a token"), OPEN),
        (Query(words="照", limit=5, after="照"), OPEN),
    ):
        with pytest.raises(BadToken):
            find(bench.catalogue, query, view)


@pytest.mark.parametrize(
    "tail", [[], [1], [[{}, 1]], [["a", -1]], [["a", (1 << 64) - 1]], [["a", 1]] * 6, {"a": 1}, [[[], []]]]
)
def test_a_token_made_up_with_the_right_digest_is_refused_too(many, tail):
    query = Query(words="照", limit=5)
    asked_for = search._asked_for(many[0].catalogue, query, OPEN)
    with pytest.raises(BadToken):
        find(many[0].catalogue, replace(query, after=search._token(asked_for, tail)), OPEN)


def test_a_token_ends_with_a_rebuild(bench):
    bench.logs.file(SCUT, *map(patent, range(10)))
    bench.apply()
    query = Query(words="照明", limit=4)
    query = replace(query, after=find(bench.catalogue, query, OPEN).next)
    assert len(find(bench.catalogue, query, OPEN).hits) == 4
    rebuild(bench.logs.store, bench.path, "", lambda: bench.now, role_by_name)
    with pytest.raises(BadToken):
        find(bench.catalogue, query, OPEN)


def test_full_width_and_case_do_not_matter(bench):
    bench.logs.file(SCUT, patent(1, "ＬＥＤ照明㎏"))
    bench.apply()
    assert unicodedata.normalize("NFKC", "ＬＥＤ") == "LED"
    assert keys(bench, words="led") == keys(bench, words="ＬｅＤ照") == keys(bench, words="kg") == [key_of(1)]


def test_characters_beyond_the_first_plane_are_found(bench):
    bench.logs.file(SCUT, patent(1, "一种𰻞面机"), patent(2, "一种面机"))
    bench.apply()
    assert keys(bench, words="𰻞面") == [key_of(1)]
    assert keys(bench, words="种面") == [key_of(2)]


@pytest.mark.parametrize(
    ("written", "prefix"),
    [
        ("H", "H"),
        ("b65", "B65"),
        ("B65D", "B65D"),
        ("B65D1", "B65D 1/"),
        ("B65D 001/02", "B65D 1/02"),
        ("Ｂ６５Ｄ１／", "B65D 1/"),
        ("B65D 1/02(2006.01)I", "B65D 1/02"),
        ("B03C0003090000", "B03C 3/09"),
        ("65D", None),
        ("B6", None),
        ("I01B", None),
    ],
)
def test_ipc_prefixes(written, prefix):
    assert words.ipc_prefix(written) == prefix
