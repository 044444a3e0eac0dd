"""How a cell of a template is to be filled in: in words, and by an example that an import takes."""

from collections.abc import Mapping
from typing import Any

from records import codes, identifiers
from records.kinds import Kind
from records.writers.columns import Column

_FORMS: Mapping[str, tuple[str, str, str]] = {  # format → form in Chinese, in English, an example
    "number": ("受理局给出的号码", "The number as the office gives it", "PCT/CN2017/093456"),
    "publication": ("受理局给出的公布号", "The publication number as the office gives it", "WO2018012345A1"),
    "st13": ("15 位数字", "15 digits", "102017010601862"),
    "trademark-number": ("1 至 8 位数字；国际注册前加 G", "1 to 8 digits; G before an international one", "53696406"),
    "nice": ("尼斯分类 1 至 45", "A Nice class, 1 to 45", "9"),
    "similar-group": ("4 位数字，前两位为类别", "Four digits, of which two are the class", "0901"),
    "software-number": ("如 2016SR309930", "Such as 2016SR309930", "2016SR309930"),
    "software-certificate": ("如 软著登字第0650314号", "Such as 软著登字第0650314号", "软著登字第0650314号"),
    "work-number": ("如 国作登字-2016-F-00269796", "Such as 国作登字-2016-F-00269796", "国作登字-2016-F-00269796"),
    "layout-number": ("如 BS.18555922.0", "Such as BS.18555922.0", "BS.18555922.0"),
    "variety-number": ("如 CNA20080376.X", "Such as CNA20080376.X", "CNA20080376.X"),
    "gi-number": ("AGI 加 5 位数字", "AGI and five digits", "AGI00122"),
    "announcement-number": ("如 2006年第12号", "Such as 2006年第12号", "2006年第12号"),
    "right-key": (
        "权利的申请号、专利号、注册号或登记号",
        "The right's application, patent or registration number",
        "201710601862.3",
    ),
    "date": ("年-月-日，如 2019-03-12", "Year-month-day, as 2019-03-12", "2019-03-12"),
    "ipc": (
        "如 H05B 45/00；主分类号在前，多个用分号隔开",
        "Such as H05B 45/00, the main one first, by semicolons",
        "H05B 45/00",
    ),
    "cpc": ("如 H05B 45/10，多个用分号隔开", "Such as H05B 45/10, by semicolons", "H05B 45/10"),
    "locarno": ("如 26-05，多个用分号隔开", "Such as 26-05, by semicolons", "26-05"),
    "uscc": ("18 位代码", "18 characters", "914403001922038216"),
    "division": ("6 位行政区划代码或名称", "Six digits of GB/T 2260, or the name", "440100"),
    "region": ("国内为行政区划，国外为国别代码", "A division of China, or the code of another country", "440100"),
    "office": ("两位国别代码", "Two letters (ST.3)", "CN"),
    "st27": ("ST.27 事件代码，如 F10-F11", "Key and detailed event of ST.27, as F10-F11", "F10-F11"),
    "cn-legal-code": ("4 位法律状态代码", "Four characters, a legal-status code of China", "GR01"),
    "amount": ("如 100万元、USD 1000.50", "Such as 100万元 or USD 1000.50", "100万元"),
    "currency": ("三位币种代码", "Three letters (ISO 4217)", "CNY"),
    "agency-code": ("5 位代码", "Five digits", "44205"),
}
_LIST = ("多个用分号隔开", "Several by semicolons")
_NUMBER = ("数字", "A number")
_TERM_ENDS = {
    "utility_model": "2027-07-20",
    "design": "2032-07-20",
    "ic_layout": "2027-07-20",
    "trademark": "2029-03-11",
}


def form(column: Column) -> tuple[str, str]:
    """Return how a column's cells are written, in Chinese and in English; "" where any text will do."""
    spec = column.spec
    inner = spec.get("items", spec)
    named = _format(inner)
    if named == "application-number":
        found = "12 位数字加校验位，如 201710601862.3", "Twelve digits and the check digit, as 201710601862.3"
    elif named == "publication-number":
        found = "如 CN107000001A，多个用分号隔开", "Such as CN107000001A, by semicolons"
    elif named in _FORMS:
        found = _FORMS[named][:2]
    elif inner.get("type") in ("integer", "number"):
        found = _NUMBER
    elif spec.get("type") == "array":
        return _LIST
    else:
        return "", ""
    return found


def _format(spec: dict[str, Any]) -> str:
    named = str(spec.get("format", ""))
    return named.removeprefix("cn-") if named.startswith(("cn-application", "cn-publication")) else named


def example(kind: Kind, column: Column, language: str = "zh") -> str:
    """Return a cell that an import takes under this column, and in which the columns of a row agree; "" for none."""
    spec = column.spec
    inner = spec.get("items", spec)
    given = spec.get("examples") or inner.get("examples")
    if given:
        return str(given[0])
    if titles := inner.get("x-enum-titles"):
        first = next(iter(titles))
        return str(first if spec.get("type") == "array" else titles[first][0 if language == "zh" else 1])
    if inner.get("enum"):
        return str(inner["enum"][0])
    named = _format(inner)
    if named == "application-number":
        digits = f"2017{kind.schema.get('x-type-digits', '1')[0]}0601862"
        return f"{digits}.{identifiers.check_digit(digits)}"
    if named == "publication-number":
        return _publication(kind, column)
    if named == "date":
        return _day(kind, column)
    if named in ("cn-legal-code", "st27"):
        return _event(kind, named)
    if named in _FORMS:
        return _FORMS[named][2]
    if inner.get("type") in ("integer", "number"):
        return str(inner.get("minimum", 1))
    if inner.get("pattern"):
        return ""
    return f"示例{column.zh}" if language == "zh" else f"Example of {column.en}"


def _publication(kind: Kind, column: Column) -> str:
    letters = kind.schema.get("x-publication-letters", "AB")
    number = 2 if ".2." in column.path else 1
    return f"CN{kind.schema.get('x-type-digits', '1')[0]}0700000{number}{letters[min(number, len(letters)) - 1]}"


def _day(kind: Kind, column: Column) -> str:
    name = column.path.rpartition(".")[2]
    if name == "filing_date":
        return "2017-07-21"
    return _TERM_ENDS.get(kind.name, "2037-07-20") if name in ("expiry_date", "until", "ends") else "2019-03-12"


def _event(kind: Kind, named: str) -> str:
    """Return the first code of the Chinese office that means this kind of event, or its code in ST.27; "" for none."""
    code = next((code for code, event in codes.CN_EVENTS.items() if event.kind == kind.name), "")
    return code if named == "cn-legal-code" else code and (codes.st27(code) or "")
