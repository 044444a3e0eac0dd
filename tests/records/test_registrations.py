"""Numbers of rights other than patents: published examples, and the forms that people write."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records import identifiers, registrations


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("53696406", "53696406"),
        ("53696406A", "53696406A"),
        (" 第53696406号 ", "53696406"),
        ("G1234567", "G1234567"),
        ("g123", "G123"),
        ("００１２３", "123"),
        ("1", "1"),
        ("0", None),
        ("536964061", None),
        ("53696406AB", None),
        ("CN53696406", None),
        ("", None),
    ],
)
def test_trademark_numbers(text, number):
    assert registrations.trademark_number(text) == number


@pytest.mark.parametrize(
    ("text", "found"),
    [("9", "9"), ("09", "9"), ("第9类", "9"), ("第 45 类", "45"), ("国际分类35", "35"), ("0", None), ("46", None),
     ("9;35", None), ("", None)],
)  # fmt: skip
def test_nice_classes(text, found):
    assert registrations.nice_class(text) == found


@pytest.mark.parametrize(
    ("text", "found"), [("0901", "0901"), ("4505", "4505"), ("4601", None), ("0001", None), ("901", None)]
)
def test_similar_groups(text, found):
    assert registrations.similar_group(text) == found


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("2016SR309930", "2016SR309930"),
        ("2014SR001852", "2014SR001852"),
        ("2019sr1234567", "2019SR1234567"),
        ("2023SRE012345", "2023SRE012345"),
        ("软著登字第2016SR309930号", "2016SR309930"),
        ("软著登字第0650314号", None),
        ("2016SR30993", None),
        ("2116SR309930", None),
        ("", None),
    ],
)
def test_software_numbers(text, number):
    assert registrations.software_number(text) == number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("软著登字第0650314号", "软著登字第0650314号"),
        ("第15980140号", "软著登字第15980140号"),
        ("软著登字 第 15980140 号", "软著登字第15980140号"),
        ("软著登字第2016SR309930号", None),
        ("15980140", None),
    ],
)
def test_software_certificates(text, number):
    assert registrations.software_certificate(text) == number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("国作登字-2016-F-00269796", "国作登字-2016-F-00269796"),
        ("国作登字－2016－F－00269796", "国作登字-2016-F-00269796"),
        ("粤作登字—2019—f—00000123号", "粤作登字-2019-F-00000123"),
        ("国作登字2016F00269796", "国作登字-2016-F-00269796"),
        ("国作登字-2016-M-00269796", None),
        ("作登字-2016-F-00269796", None),
        ("", None),
    ],
)
def test_work_numbers(text, number):
    assert registrations.work_number(text) == number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("BS.185559220", "BS.18555922.0"),
        ("BS.12500520.2", "BS.12500520.2"),
        ("bs.08500145.7", "BS.08500145.7"),
        ("BS185559220", "BS.18555922.0"),
        ("BS.18455922.0", None),
        ("185559220", None),
        ("", None),
    ],
)
def test_layout_numbers(text, number):
    assert registrations.layout_number(text) == number
    if number:
        assert registrations.layout_check_digit(number) == number[-1]


@pytest.mark.parametrize(
    ("text", "number", "check"),
    [
        ("CNA20080376.X", "CNA20080376.X", "X"),
        ("20080376.X", "CNA20080376.X", "X"),
        ("cna 20080376x", "CNA20080376.X", "X"),
        ("CNA20201002638", "CNA20201002638", None),
        ("20180001", "20180001", None),
        ("品种权第20180001号", "20180001", None),
        ("CNA2020100263", None, None),
        ("18180001", None, None),
        ("", None, None),
    ],
)
def test_variety_numbers(text, number, check):
    assert registrations.variety_number(text) == number
    if number:
        assert registrations.variety_check_digit(number) == check


@pytest.mark.parametrize(
    ("text", "number"), [("AGI00122", "AGI00122"), ("agi 00122", "AGI00122"), ("AGI122", None), ("", None)]
)
def test_indications_of_agricultural_products(text, number):
    assert registrations.gi_number(text) == number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("2006年第12号", "2006年第12号"),
        ("原质检总局公告2006年第12号", "2006年第12号"),
        ("国家知识产权局公告 2021 年第 420 号", "2021年第420号"),
        ("2006年12号", "2006年第12号"),
        ("第12号", None),
        ("", None),
    ],
)
def test_announcements(text, number):
    assert registrations.announcement_number(text) == number


@pytest.mark.parametrize(
    ("kind", "text", "key"),
    [
        ("trademark", "53696406/9", "trademark:CN:53696406/9"),
        ("trademark", "第53696406号/第9类", "trademark:CN:53696406/9"),
        ("trademark", "53696406", "trademark:CN:53696406/-"),
        ("trademark", "85102475", "trademark:CN:85102475/-"),
        ("trademark", "53696406/77", None),
        ("copyright_software", "2016SR309930", "copyright_software:CN:2016SR309930"),
        ("ic_layout", "BS.185559220", "ic_layout:CN:BS.18555922.0"),
        ("plant_variety", "20080376.X", "plant_variety:CN:CNA20080376.X"),
        ("gi", "AGI00122", "gi:CN:AGI00122"),
        ("copyright_work", "国作登字-2016-F-00269796", "copyright_work:CN:国作登字-2016-F-00269796"),
        ("patent_invention", "201710601862", "patent_invention:CN:201710601862.3"),
        ("design", "201710601862", None),
        ("trademark", "trademark:US:76044902/9", "trademark:US:76044902/9"),
        ("trademark", "gi:CN:AGI00122", None),
        ("flag", "12345678901", None),
    ],
)
def test_keys_of_rights_whose_kind_is_known(kind, text, key):
    assert registrations.right_key(text, kind) == key


@given(st.integers(0, 99_999), st.integers(0, 99))
def test_every_layout_number_is_read_back(serial, year):
    body = f"{year:02}5{serial:05}"
    number = f"BS.{body}.{identifiers.check_digit(body)}"
    assert registrations.layout_number(number.replace(".", "").lower()) == number
    assert registrations.layout_check_digit(number) == number[-1]


@given(st.text())
def test_no_text_breaks_a_reader_and_what_is_read_is_canonical(text):
    for read in (
        registrations.trademark_number,
        registrations.nice_class,
        registrations.similar_group,
        registrations.software_number,
        registrations.software_certificate,
        registrations.work_number,
        registrations.layout_number,
        registrations.variety_number,
        registrations.gi_number,
        registrations.announcement_number,
    ):
        found = read(text)
        assert found is None or read(found) == found
