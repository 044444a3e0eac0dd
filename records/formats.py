"""The named formats of fields: how a text is read into the canonical form, and which rule is broken by another one.

National formats are those of the Chinese office; of a right at another office its numbers are taken as that office
writes them.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from records import amounts, codes, identifiers, places, registrations

NONE = ""
_USUAL_PUBLICATION = re.compile(r"CN\d{7,9}[ABCDSUY]\d?", re.ASCII)
_Read = Callable[[str], Any]


@dataclass(frozen=True, slots=True)
class Format:
    """`read` gives the canonical form of a text, or None; any text that is not its own breaks `rule`.

    `abroad` reads a number of another office, where that differs. `sure` is a pattern of which every text is canonical
    (braces doubled; {type_digits} and {letters} are the kind's); with `exactly`, if that says so too. No `sure`: only
    reading tells.
    """

    read: _Read
    rule: str
    abroad: _Read | None = None
    sure: str = ""
    exactly: Callable[[str], bool] | None = None


def read(form: str, text: str, office: str = "CN") -> Any:
    """Return the canonical form of a text in a named format, or None for one that cannot be read."""
    known = FORMATS[form]
    return (known.read if office == "CN" or known.abroad is None else known.abroad)(text)


def _application_number(text: str) -> str | None:
    number = identifiers.application_number(text)
    return number.canonical if number else None


def _publication_number(text: str) -> str | None:
    if _USUAL_PUBLICATION.fullmatch(text):
        return text  # nearly always, and too many to be remembered
    number = identifiers.publication_number(text)
    return number.number if number else None


def _st27(text: str) -> str | None:
    code = "".join(text.upper().split())
    return code if codes.st27_ok(code) else None


def _check_digit_fits(number: str) -> bool:
    return identifiers.check_digit(number[:12]) == number[13]


_DAY = (
    r"^(19|20)[0-9]{{2}}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)"
    r"|02-(0[1-9]|1[0-9]|2[0-8]))$"
)
_DIVISION = f"^({'|'.join(code[:2] for code in places.PROVINCES)})[0-9]{{{{4}}}}$"
_abroad = identifiers.foreign_number


def _any_of(words: Iterable[str]) -> str:
    return f"^({'|'.join(sorted(words))})$"


FORMATS: dict[str, Format] = {
    NONE: Format(lambda text: text, ""),
    "application-number": Format(
        _application_number,
        "APPNO_FORM",
        _abroad,
        r"^20(0[3-9]|[1-9][0-9])[{type_digits}][0-9]{{7}}\.[0-9X]$",
        _check_digit_fits,
    ),
    "publication-number": Format(
        _publication_number,
        "PUBNO_FORM",
        identifiers.foreign_publication,
        r"^CN[{type_digits}][0-9]{{8}}[{letters}][0-9]?$",
    ),
    "number": Format(_abroad, "NUMBER_FORM"),
    "publication": Format(identifiers.foreign_publication, "PUBLICATION_FORM"),
    "st13": Format(identifiers.st13_number, "ST13_FORM", sure="^[0-9]{{15}}$"),
    "trademark-number": Format(registrations.trademark_number, "TRADEMARK_FORM", _abroad, "^[1-9][0-9]{{0,7}}[A-Z]?$"),
    "nice": Format(registrations.nice_class, "NICE_FORM", sure="^([1-9]|[1-3][0-9]|4[0-5])$"),
    "similar-group": Format(registrations.similar_group, "SIMILAR_FORM", sure="^(0[1-9]|[1-3][0-9]|4[0-5])[0-9]{{2}}$"),
    "software-number": Format(
        registrations.software_number, "SOFTWARE_FORM", _abroad, "^(19|20)[0-9]{{2}}SR[A-Z]?[0-9]{{6,7}}$"
    ),
    "software-certificate": Format(
        registrations.software_certificate, "CERTIFICATE_FORM", _abroad, "^软著登字第[0-9]{{7,8}}号$"
    ),
    "work-number": Format(
        registrations.work_number, "WORK_FORM", _abroad, "^[国粤]作登字-[0-9]{{4}}-[A-L]-[0-9]{{8}}$"
    ),
    "layout-number": Format(
        registrations.layout_number,
        "LAYOUT_FORM",
        _abroad,
        r"^BS\.[0-9]{{2}}5[0-9]{{5}}\.[0-9X]$",
        lambda number: registrations.layout_check_digit(number) == number[-1],
    ),
    "variety-number": Format(registrations.variety_number, "VARIETY_FORM", _abroad),
    "gi-number": Format(registrations.gi_number, "GI_FORM", _abroad, "^AGI[0-9]{{5}}$"),
    "announcement-number": Format(registrations.announcement_number, "ANNOUNCEMENT_FORM", _abroad),
    "right-key": Format(identifiers.right_key, "RIGHT_FORM", sure="^[a-z][a-z0-9_]*:[A-Z]{{2}}:[!-~]{{1,80}}$"),
    "date": Format(identifiers.date, "DATE_FORM", sure=_DAY),
    "ipc": Format(identifiers.ipc_symbol, "IPC_FORM", sure=r"^[A-H][0-9]{{2}}[A-Z] [1-9][0-9]{{0,3}}/[0-9]{{2,6}}$"),
    "cpc": Format(identifiers.cpc_symbol, "CPC_FORM", sure=r"^[A-HY][0-9]{{2}}[A-Z] [1-9][0-9]{{0,3}}/[0-9]{{2,6}}$"),
    "locarno": Format(identifiers.locarno, "LOCARNO_FORM", sure="^[0-9]{{2}}-[0-9]{{2}}$"),
    "uscc": Format(identifiers.uscc, "USCC_FORM", sure="^[0-9A-HJ-NP-RTUWXY]{{18}}$", exactly=identifiers.uscc_ok),
    "division": Format(places.division, "DIVISION_FORM", sure=_DIVISION),
    "region": Format(places.region, "REGION_FORM", sure=_DIVISION),
    "office": Format(codes.office, "OFFICE_FORM", sure=_any_of(codes.OFFICES)),
    "st27": Format(_st27, "ST27_FORM"),
    "cn-legal-code": Format(codes.cn_code, "LEGAL_CODE_FORM", codes.foreign_code, _any_of(codes.CN_EVENTS)),
    "amount": Format(amounts.amount, "AMOUNT_FORM"),
    "currency": Format(amounts.currency, "CURRENCY_FORM", sure=_any_of(amounts.CODES)),
    "agency-code": Format(identifiers.agency_code, "AGENCY_FORM", sure="^[0-9]{{5}}$"),
}
