"""What a column holds, told by its cells alone."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from records import identifiers
from records.splitting import listed

_TYPES = re.compile(r"(发明|实用新型|外观设计|外观)(专利|申请|授权|公开|公布)*")
_STATUS = re.compile(r"授权|有效|失效|实质审查|实审|公开|公布|驳回|撤回|终止|届满|放弃|无效|审中|在审")
_ORGANISATION = re.compile(
    r"公司|大学|学院|研究所|研究院|医院|中心|集团|工厂|厂$|学校|株式会社|局$|基金会|合作社|\b(?:Inc|Ltd|LLC|GmbH|Corp|Co|University)\b"
)
_AGENCY = re.compile(r"代理|事务所")
_PERSON = re.compile(r"[㐀-鿿]{2,4}|[㐀-鿿A-Za-z]+(?:[·.•][㐀-鿿A-Za-z]+)+")
_ADDRESS = re.compile(r"省|市|区|县|路|街|号|镇|村")
_REGION = re.compile(r"[㐀-鿿（）()]{2,12};[0-9A-Za-z]{2}")  # 广东;44, 美国;US; two names are people
_CJK = re.compile(r"[㐀-鿿]")
_ABSTRACT_CHARS = 90
_MAX_TITLE_CHARS = 70


def _application(text: str) -> bool:
    number = identifiers.application_number(text)
    if number is None or number.check_ok is False:
        return False
    is_short = len(number.body) == 8 and "." not in text  # eight digits, or nine, can be many other things
    return not is_short or text.strip().upper().startswith(("CN", "ZL"))


def _publication(text: str) -> bool:
    number = identifiers.publication_number(text)
    if number is None or _application(text):
        return False
    return bool(number.kind) or text.strip().upper().startswith("CN")


def _cpc_only(text: str) -> bool:
    """Return whether a symbol can be of the CPC alone: section Y, or an indexing code of 2000 and more."""
    group = re.match(r"\s*[A-HY]\d\d[A-Z]\s*(\d{4})/", text)
    return text.strip()[:1] == "Y" or bool(group and group[1] >= "2000")


def _org(text: str) -> bool:
    return bool(_ORGANISATION.search(text)) and not _AGENCY.search(text) and len(text) < 200


def _people(text: str) -> bool:
    found = identifiers.names(text)
    return bool(found) and all(_PERSON.fullmatch(name) for name in found)


def _every(test: Callable[[str], object]) -> Callable[[str], bool]:
    return lambda text: bool(parts := listed(text)) and all(map(test, parts))


def _day(text: str) -> bool:
    """Return whether a text is a date: a number only if it has eight digits of our time."""
    digits = text.strip()
    if not digits.isdecimal():
        return identifiers.date(text) is not None
    return len(digits) == 8 and digits.isdecimal() and "1950" < digits[:4] < "2100" and bool(identifiers.date(digits))


FORMS: dict[str, Callable[[str], bool]] = {
    "application-number": _application,
    "publication-number": _every(_publication),
    "date": _day,
    "ipc": _every(identifiers.ipc_symbol),
    "cpc": lambda text: _every(identifiers.ipc_symbol)(text) and any(map(_cpc_only, listed(text))),
    "locarno": _every(identifiers.locarno),
    "uscc": lambda text: identifiers.uscc_ok(text.strip().upper()),
    "software-number": lambda text: bool(re.fullmatch(r"(19|20)\d{2}SR[A-Z]?\d{6,7}", text.strip().upper())),
    "work-number": lambda text: bool(re.fullmatch(r"[一-鿿]作登字-\d{4}-[A-L]-\d{8}", text.strip())),
    "layout-number": lambda text: bool(re.fullmatch(r"BS\.?\d{2}5\d{5}\.?[\dX]", text.strip().upper())),
    "gi-number": lambda text: bool(re.fullmatch(r"AGI\d{5}", text.strip().upper())),
}
STRONG = tuple(FORMS)
WORDS: dict[str, Callable[[str], bool]] = {
    "type": lambda text: bool(_TYPES.fullmatch(text.strip())),
    "status": lambda text: bool(_STATUS.search(text)) and len(text) <= 24,
    "region": lambda text: bool(_REGION.fullmatch(text.strip())),
    "agency": lambda text: bool(_AGENCY.search(text)) and len(text) < 80,
    "organisations": _org,
    "people": _people,
    "address": lambda text: len(_ADDRESS.findall(text)) >= 2 and 6 <= len(text) < 120,
    "long text": lambda text: len(text) >= _ABSTRACT_CHARS,
    "title": lambda text: 2 <= len(text) <= _MAX_TITLE_CHARS and bool(_CJK.search(text)),
}


@dataclass(frozen=True, slots=True)
class Column:
    """The cells of a sample that hold anything, and what share of them (0 to 1) is of each form."""

    filled: int
    shares: dict[str, float]
    distinct: float
    numeric: float

    def best(self, forms: Sequence[str], at_least: float) -> str:
        """Return the form of the highest share, the earlier one of equals; "" where none reaches `at_least`."""
        form = max(forms, key=lambda one: self.shares[one])
        return form if self.filled and self.shares[form] >= at_least else ""


def told(cells: Sequence[str]) -> Column:
    """Return what the cells of a column are."""
    texts = [text for cell in cells if not identifiers.is_blank(text := cell.strip())]
    count = len(texts) or 1
    shares = {name: sum(map(test, texts)) / count for name, test in (FORMS | WORDS).items()}
    numeric = sum(bool(re.fullmatch(r"-?[\d,]+(\.\d+)?%?", text)) and not _day(text) for text in texts)
    if shares["cpc"]:
        shares["cpc"], shares["ipc"] = shares["ipc"], 0.0  # one symbol of the CPC alone tells the column
    return Column(len(texts), shares, len(set(texts)) / count, numeric / count)
