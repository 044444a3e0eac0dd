"""Amounts of money as people write them."""

import re
import unicodedata
from decimal import Decimal
from typing import Any

_UNITS = {"": 1, "百": 100, "千": 1_000, "万": 10_000, "百万": 1_000_000, "千万": 10_000_000, "亿": 100_000_000}
_CURRENCIES = {
    "": "",
    "元": "CNY",
    "人民币": "CNY",
    "人民币元": "CNY",
    "元人民币": "CNY",
    "RMB": "CNY",
    "¥": "CNY",
    "￥": "CNY",
    "美元": "USD",
    "$": "USD",
    "US$": "USD",
    "欧元": "EUR",
    "€": "EUR",
    "港元": "HKD",
    "港币": "HKD",
    "HK$": "HKD",
    "日元": "JPY",
    "英镑": "GBP",
}
CODES = ("CNY", "USD", "EUR", "HKD", "JPY", "GBP", "CHF", "KRW", "TWD", "MOP")
_WORDS = "|".join(sorted(map(re.escape, filter(None, [*_CURRENCIES, *CODES])), key=len, reverse=True))
_AMOUNT = re.compile(
    rf"({_WORDS})?[:：]?(\d{{1,3}}(?:,\d{{3}})+(?:\.\d+)?|\d+(?:\.\d+)?)(百万|千万|[百千万亿]?)({_WORDS})?(?:整)?"
)
MAX = 10**15


def amount(text: str) -> dict[str, Any] | None:
    """Read an amount into {"value": in whole units of the currency, "currency": ISO 4217}: "100万元", "USD 1,000.5".

    Where no currency is written the value is as written, and the currency is left out: whether "35" means yuan or ten
    thousand of them, nobody can tell. None for what is no amount, and for more than a thousand billion.
    """
    folded = "".join(unicodedata.normalize("NFKC", text).upper().split())
    match = _AMOUNT.fullmatch(folded)
    if not match:
        return None
    before, number, unit, after = (part or "" for part in match.groups())
    currencies = {_currency(word) for word in (before, after) if word}
    if len(currencies) > 1:
        return None
    value = Decimal(number.replace(",", "")) * _UNITS[unit]
    if value > MAX:
        return None
    stated = {"value": int(value) if value == value.to_integral_value() else float(value)}
    return {**stated, "currency": currencies.pop()} if currencies else stated


def currency(text: str) -> str | None:
    """Read a currency: its ISO 4217 code or a usual word or sign for it."""
    word = "".join(unicodedata.normalize("NFKC", text).upper().split())
    return _currency(word) or None if word in _CURRENCIES or word in CODES else None


def _currency(word: str) -> str:
    return _CURRENCIES.get(word, word)
