"""Divisions by name and by code; the office's own numbers are not those of GB/T 2260."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records import places

CENSUS = """440100广州 440200韶关 440300深圳 440400珠海 440500汕头 440600佛山 440700江门 440800湛江 440900茂名
441200肇庆 441300惠州 441400梅州 441500汕尾 441600河源 441700阳江 441800清远 441900东莞
442000中山 445100潮州 445200揭阳 445300云浮"""


def test_the_cities_of_guangdong():
    assert {word[:6]: word[6:] for word in CENSUS.split()} == places.GUANGDONG
    assert len(places.PROVINCES) == 34


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("广东;44", "440000"),
        ("广州;81", "440100"),
        ("深圳;94", "440300"),
        ("武汉;83", "420100"),
        ("重庆;85", "500000"),
        ("西安;87", "610100"),
        ("沈阳;89", "210100"),
        ("大连;91", "210200"),
        ("哈尔滨;93", "230100"),
        ("青岛;95", "370200"),
        ("宁波;97", "330200"),
        ("中国香港;81", "810000"),
        ("中国台湾;71", "710000"),
        ("广东省", "440000"),
        ("广东省深圳市", "440300"),
        ("广东省广州市天河区", "440100"),
        ("广东深圳", "440300"),
        ("广东;深圳", "440300"),
        ("内蒙古自治区", "150000"),
        ("广西壮族自治区", "450000"),
        ("440100", "440100"),
        ("440305", "440305"),
        ("４４０１００", "440100"),
        ("81", None),
        ("44", None),
        ("990100", None),
        ("江苏省苏州市", "320000"),
        ("某地", None),
        ("美国;US", None),
        ("", None),
    ],
)
def test_divisions(text, code):
    assert places.division(text) == code
    assert code is None or places.division(code) == code


@pytest.mark.parametrize(("text", "code"), [("美国;US", "US"), ("日本", "JP"), ("广州;81", "440100"), ("81", None)])
def test_regions_are_divisions_or_countries(text, code):
    assert places.region(text) == code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("518129 广东省深圳市龙岗区坂田", "440300"),
        ("510640广东省广州市天河区五山路381号", "440100"),
        ("广东省佛山市顺德区", "440600"),
        ("528300 顺德区大良街道", "440000"),
        ("100088 北京市海淀区蓟门桥", "110000"),
        ("江苏省南京市广州路22号", "320100"),
        ("上海市徐汇区", "310000"),
        ("山东省深圳市", "370000"),
        ("Basel", None),
        ("", None),
    ],
)
def test_addresses(text, code):
    assert places.of_address(text) == code


def test_names():
    assert places.name("440305") == "深圳"
    assert places.name("445199") == "潮州"
    assert places.name("440000") == "广东"
    assert places.name("990000") is None


@given(st.text())
def test_no_text_breaks_a_reader(text):
    for read in (places.division, places.region, places.of_address):
        found = read(text)
        assert found is None or places.region(found) == found
