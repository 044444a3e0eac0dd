"""Amounts and currencies."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records import amounts


@pytest.mark.parametrize(
    ("text", "value", "currency"),
    [
        ("100万元", 1_000_000, "CNY"),
        ("100 万元人民币", 1_000_000, "CNY"),
        ("人民币100万", 1_000_000, "CNY"),
        ("￥1,200,000.50", 1_200_000.5, "CNY"),
        ("1.5亿元", 150_000_000, "CNY"),
        ("35万美元", 350_000, "USD"),
        ("USD 1,000.5", 1000.5, "USD"),
        ("1000 EUR", 1000, "EUR"),
        ("HK$20", 20, "HKD"),
        ("１００万元整", 1_000_000, "CNY"),
        ("35", 35, ""),
        ("12.3万", 123_000, ""),
        ("0.1万元", 1000, "CNY"),
        ("0", 0, ""),
        ("面议", None, None),
        ("10-20万元", None, None),
        ("1,00", None, None),
        ("-5元", None, None),
        ("USD 5元", None, None),
        ("9" * 16, None, None),
        ("", None, None),
    ],
)
def test_amounts(text, value, currency):
    found = amounts.amount(text)
    if value is None:
        assert found is None
    else:
        assert found == ({"value": value, "currency": currency} if currency else {"value": value})


@pytest.mark.parametrize(("text", "code"), [("元", "CNY"), ("usd", "USD"), ("港币", "HKD"), ("贝壳", None), ("", None)])
def test_currencies(text, code):
    assert amounts.currency(text) == code


@given(st.integers(0, amounts.MAX), st.sampled_from(amounts.CODES))
def test_what_is_written_plainly_is_read_back(value, code):
    assert amounts.amount(f"{value}{code}") == amounts.amount(f"{code} {value:,}") == {"value": value, "currency": code}


@given(st.text())
def test_no_text_breaks_a_reader(text):
    found = amounts.amount(text)
    assert found is None or 0 <= found["value"] <= amounts.MAX
    amounts.currency(text)
