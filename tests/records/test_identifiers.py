"""Worked examples of published numbers and of the forms that real files write."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records import identifiers


@pytest.mark.parametrize(
    ("text", "canonical", "check_ok"),
    [
        ("CN201710106452.1", "201710106452.1", True),
        ("2008103040819", "200810304081.9", True),
        ("201821526114X", "201821526114.X", True),
        ("201821526114x", "201821526114.X", True),
        ("CN85102475", "85102475.0", None),
        ("201010298420.4", "201010298420.4", True),
        ("201710601862", "201710601862.3", None),
        ("ZL 2017 1 0601862.3", "201710601862.3", True),
        ("ZL２０１７１０６０１８６２．３", "201710601862.3", True),
        ("95115608.X", "95115608.X", True),
        ("951156084", "95115608.4", False),
        ("201710601862.4", "201710601862.4", False),
    ],
)
def test_application_numbers(text, canonical, check_ok):
    number = identifiers.application_number(text)
    assert number is not None
    assert (number.canonical, number.check_ok) == (canonical, check_ok)


def test_an_application_number_tells_year_and_type():
    new, old = identifiers.application_number("201820000001"), identifiers.application_number("03300001")
    assert (new.year, new.type_digit, old.year, old.type_digit) == (2018, "2", 2003, "3")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "CN107000001A",
        "CN107000001",
        "BS.18555922.0",
        "2017106018",
        "201740601862.3",
        "190010601862",
        "abc",
        "2017-10-60",
    ],
)
def test_what_is_no_application_number(text):
    assert identifiers.application_number(text) is None


def test_check_digits_of_published_examples():
    assert identifiers.check_digit("201710601862") == "3"
    assert identifiers.check_digit("95115608") == "X"


@given(
    st.integers(0, 9_999_999), st.integers(2003, 2099), st.sampled_from("12389"), st.integers(0, 11), st.integers(1, 9)
)
def test_one_wrong_digit_is_always_seen(serial, year, kind, place, step):
    body = f"{year}{kind}{serial:07}"
    wrong = body[:place] + str((int(body[place]) + step) % 10) + body[place + 1 :]
    assert identifiers.check_digit(wrong) != identifiers.check_digit(body)


@pytest.mark.parametrize(
    ("text", "number", "kind", "type_digit"),
    [
        ("CN107000001A", "CN107000001A", "A", "1"),
        ("cn 206543210 u", "CN206543210U", "U", "2"),
        ("CN304000001S", "CN304000001S", "S", "3"),
        ("CN1234567C", "CN1234567C", "C", "1"),
        ("CN107000001B8", "CN107000001B8", "B8", "1"),
        ("CN85100462A", "CN85100462A", "A", "1"),
        ("CN107000001", "CN107000001", "", "1"),
    ],
)
def test_publication_numbers(text, number, kind, type_digit):
    assert identifiers.publication_number(text) == identifiers.PublicationNumber(number, kind, type_digit)


@pytest.mark.parametrize("text", ["", "CN201710601862.3", "US1234567A", "CN107000001Z", "CN1"])
def test_what_is_no_publication_number(text):
    assert identifiers.publication_number(text) is None


@pytest.mark.parametrize("place", range(18))
def test_a_real_credit_code_fits_and_fails_with_any_character_changed(place):
    code = "914403001922038216"
    assert identifiers.uscc_ok(code)
    other = "1" if code[place] != "1" else "2"
    assert not identifiers.uscc_ok(code[:place] + other + code[place + 1 :])


@pytest.mark.parametrize(
    "code", ["", "91440300192203821", "914403001922038217", "91440300192203821I", "９14403001922038216"]
)
def test_wrong_credit_codes(code):
    assert not identifiers.uscc_ok(code)


@pytest.mark.parametrize(
    ("text", "symbol"),
    [
        ("B65D1/02", "B65D 1/02"),
        ("H04L 27/26 (2006.01)", "H04L 27/26"),
        ("E01B3/32(2006.01)I", "E01B 3/32"),
        ("H02K1/27（2006.01）I", "H02K 1/27"),
        ("B03C0003090000", "B03C 3/09"),
        ("A61B0005000000", "A61B 5/00"),
        ("G06F21/6245", "G06F 21/6245"),
        ("h05k 7/20", "H05K 7/20"),
        ("12-16", None),
        ("照明", None),
        ("B65D", None),
    ],
)
def test_ipc_symbols(text, symbol):
    assert identifiers.ipc_symbol(text) == symbol
    assert symbol is None or identifiers.ipc_symbol(symbol) == symbol


def test_ipc_lists_keep_their_order_and_what_is_unreadable():
    assert identifiers.ipc_list("B65D1/02; H05K7/20|B65D 1/02,xyz;") == ("B65D 1/02", "H05K 7/20", "xyz")


@pytest.mark.parametrize(
    ("text", "found"), [("12-16", "12-16"), ("21-01-C0293", "21-01-C0293"), ("12-16(11)", "12-16"), ("1-2", None)]
)
def test_locarno_classes(text, found):
    assert identifiers.locarno(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2017.01.25", "2017-01-25"),
        ("20170301", "2017-03-01"),
        ("2017-03-01", "2017-03-01"),
        ("2018/6/15", "2018-06-15"),
        ("2021年09月07日", "2021-09-07"),
        ("2016-05-27T00:00:00+08:00", "2016-05-27"),
        ("2015/3/4 0:00:00", "2015-03-04"),
        ("2017-01-25 00:00:00", "2017-01-25"),
        ("20170301.0", "2017-03-01"),
        ("42760", "2017-01-25"),
        ("42760.5", "2017-01-25"),
        ("２０１７．０１．２５", "2017-01-25"),
        ("2016-02-29", "2016-02-29"),
        ("2017-02-29", None),
        ("2017.13.01", None),
        ("25.01.2017", None),
        ("2017", None),
        ("无数据", None),
        ("", None),
    ],
)
def test_dates(text, found):
    assert identifiers.date(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("戴明 ; 陈思平", ("戴明", "陈思平")),
        ("戴明;陈思平；", ("戴明", "陈思平")),
        ("甲 | 乙", ("甲", "乙")),
        ("D·W·贝特,李四", ("D·W·贝特", "李四")),
        ("戴明、陈思平", ("戴明", "陈思平")),
        ("甲｜乙", ("甲", "乙")),
        ("甲、乙; 丙", ("甲、乙", "丙")),
        ("Foo Co., Ltd.", ("Foo Co., Ltd.",)),
        ("Foo, SE，Bar Pte., Ltd.、Baz, B.V.", ("Foo, SE", "Bar Pte., Ltd.", "Baz, B.V.")),
        ("Foo Co., Ltd. ; Bar, Inc.", ("Foo Co., Ltd.", "Bar, Inc.")),
        ("", ()),
    ],
)
def test_lists_of_names(text, found):
    assert identifiers.names(text) == found


@pytest.mark.parametrize(
    ("text", "body"),
    [
        ("102009000190429", "200910190429"),
        ("102010000298420", "201010298420"),
        ("101985000000312", "85100312"),
        ("202019000302430", "201920302430"),
        ("301995000015608", "95315608"),
        ("112009000190429", None),
        ("102003000100000", None),
        ("102010099999999", None),
        ("101985000100312", None),
        ("10200900019042", None),
    ],
)
def test_st13_numbers_stand_for_application_numbers(text, body):
    found = identifiers.application_of_st13(text)
    assert (found.body if found else None) == body


def test_st13_numbers_are_15_digits():
    assert identifiers.st13_number("１０２００９０００１９０４２９") == "102009000190429"
    assert identifiers.st13_number("10200900019042") is None


@given(st.integers(2004, 2099), st.sampled_from("123"), st.integers(0, 9_999_999))
def test_every_new_number_comes_back_from_its_st13_form(year, digit, serial):
    found = identifiers.application_of_st13(f"{digit}0{year}{serial:09}")
    assert found.body == f"{year}{digit}{serial:07}"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("CN201710601862.3", "patent_invention:CN:201710601862.3"),
        ("ZL 201710601862", "patent_invention:CN:201710601862.3"),
        ("201780000001", "patent_invention:CN:201780000001.8"),
        ("201820000001", "utility_model:CN:201820000001.X"),
        ("201730000001", "design:CN:201730000001.0"),
        ("85102475", "patent_invention:CN:85102475.0"),
        ("CN107000001A", "patent_invention:CN:pub/CN107000001A"),
        ("CN304000001S", "design:CN:pub/CN304000001S"),
        ("trademark:CN:53696406/9", "trademark:CN:53696406/9"),
        (" patent_invention:US:13797521 ", "patent_invention:US:13797521"),
        ("CN107000001", None),
        ("US8927118B2", None),
        ("trademark:China:1", None),
        ("灯", None),
        ("", None),
    ],
)
def test_keys_of_rights(text, key):
    assert identifiers.right_key(text) == key
    assert key is None or identifiers.right_key(key) == key


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("13797521", "13797521"),
        ("pct/cn2019/ 123456", "PCT/CN2019/123456"),
        ("EP12345678.9", "EP12345678.9"),
        ("2014-123456", "2014-123456"),
        ("D", None),
        ("US 13/797,521", None),
        ("专利1", None),
        ("1" * 41, None),
        ("-1", None),
        ("", None),
    ],
)
def test_numbers_of_other_offices(text, number):
    assert identifiers.foreign_number(text) == number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("US8927118B2", "US8927118B2"),
        ("us 2005/0004437 a1", "US2005/0004437A1"),
        ("WO2019123456A1", "WO2019123456A1"),
        ("CN107000001A", "CN107000001A"),
        ("8927118", None),
        ("USB", None),
        ("", None),
    ],
)
def test_publication_numbers_of_other_offices(text, number):
    assert identifiers.foreign_publication(text) == number


@pytest.mark.parametrize(
    ("text", "number", "kind"),
    [
        ("CN85100462A", "CN85100462A", "A"),
        ("CN85100462B", "CN85100462B", "B"),
        ("CN1030001A", "CN1030001A", "A"),
        ("CN1003001B", "CN1003001B", "B"),
        ("CN1234567C", "CN1234567C", "C"),
        ("CN2035622Y", "CN2035622Y", "Y"),
        ("CN3005000D", "CN3005000D", "D"),
        ("CN101945314B", "CN101945314B", "B"),
        ("CN206543210U", "CN206543210U", "U"),
        ("CN304000001S", "CN304000001S", "S"),
        ("CN107000001A8", "CN107000001A8", "A8"),
        ("CN101945314B9", "CN101945314B9", "B9"),
        ("CN101945314C1", "CN101945314C1", "C1"),
    ],
)
def test_publication_numbers_of_all_generations(text, number, kind):
    found = identifiers.publication_number(text)
    assert (found.number, found.kind) == (number, kind)
    assert found.type_digit == {"U": "2", "Y": "2", "S": "3", "D": "3"}.get(kind[0], "1")


@pytest.mark.parametrize(
    ("text", "symbol"),
    [
        ("Y02E10/50", "Y02E 10/50"),
        ("H04L 27/2601 (2013.01)", "H04L 27/2601"),
        ("G06F16/00(2019.01)I", "G06F 16/00"),
        ("X02E10/50", None),
        ("", None),
    ],
)
def test_cpc_symbols(text, symbol):
    assert identifiers.cpc_symbol(text) == symbol


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("某某专利代理事务所 44205", "44205"),
        ("44205", "44205"),
        ("某某（普通合伙）44202 李四", "44202"),
        ("事务所", None),
        ("44205 44202", None),
        ("442051", None),
    ],
)
def test_agency_codes(text, code):
    assert identifiers.agency_code(text) == code


def test_a_credit_code_is_read_and_hints_at_its_division():
    assert identifiers.uscc(" 9144 0300 1922 0382 16 ") == "914403001922038216"
    assert identifiers.uscc("91440300192203821I") is None
    assert identifiers.uscc("91440300192203821") is None
    assert identifiers.uscc_division("914403001922038216") == "440300"
    assert identifiers.uscc_division("121000004000000000") is None
    assert identifiers.uscc_division("9144") is None


@pytest.mark.parametrize("first", ["N", "Y", "1", "5", "9"])
def test_departments_may_be_letters(first):
    body = first + "2440300MA5ABCDE"
    assert any(identifiers.uscc_ok(f"{body}{inner}{check}") for inner in "0123456789X" for check in ALPHABET)


ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


@given(st.text())
def test_no_text_breaks_a_reader(text):
    for read in (
        identifiers.application_number,
        identifiers.publication_number,
        identifiers.ipc_symbol,
        identifiers.ipc_list,
    ):
        read(text)
    for read in (identifiers.locarno, identifiers.date, identifiers.names, identifiers.is_blank, identifiers.uscc_ok):
        read(text)
    identifiers.application_of_st13(text)
    for canonical in (
        identifiers.right_key,
        identifiers.foreign_number,
        identifiers.foreign_publication,
        identifiers.cpc_symbol,
        identifiers.agency_code,
        identifiers.uscc,
        identifiers.st13_number,
    ):
        found = canonical(text)
        assert found is None or canonical(found) == found


@given(st.from_regex(r"\A([0-9]{8}|[0-9]{12})\Z"))
def test_check_digits_are_weighted_sums_modulo_11(body):
    rest = sum(int(digit) * weight for digit, weight in zip(body, (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5), strict=False))
    assert identifiers.check_digit(body) == "0123456789X"[rest % 11]
