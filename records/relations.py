"""The rules between two fields of a record. What stands alone is in checks.py."""

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from records import codes, identifiers, registrations
from records.finding import Finding
from records.kinds import Kind
from records.rules import finding
from records.template import stated

_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_Fields = dict[str, Any]
_Rule = Callable[[Kind, _Fields], Iterable[Finding]]


def between(kind: Kind, fields: _Fields) -> list[Finding]:
    """Return what is wrong between the fields of a record that is as its schema wants it."""
    found: list[Finding] = []
    for rule in _rules(kind):
        found += rule(kind, fields)
    return found


@lru_cache(maxsize=1024)
def _rules(kind: Kind) -> tuple[_Rule, ...]:
    """Return the rules that a kind's fields can break."""
    names = kind.fields.keys()
    rules: list[tuple[bool, _Rule]] = [
        ("x-type-digits" in kind.schema, _patent),
        ("x-order" in kind.schema, _order(kind)),
        ("nice_class" in names, _classes),
        ("certificate_no" in names, _certificate),
        ("first_use_date" in names and "creation_date" in names, _layout_term),
        ("amount" in names, _amount),
        (kind.category == "event", _event),
    ]
    return tuple(rule for applies, rule in rules if applies)


def _patent(kind: Kind, fields: _Fields) -> list[Finding]:
    found = []
    filed, application = fields.get("filing_date"), fields.get("application_no")
    at_home = fields.get("office", "CN") == "CN"
    if application is None:
        found += [finding("PUBNO_ONLY", "publications.no", one["no"]) for one in fields.get("publications", ())[:1]]
    elif not at_home:
        found += _foreign(fields, application)
    elif filed and application[:4] != filed[:4]:
        found += _year(fields, application, filed)
    if "publications" in fields and not (at_home and _are_usual(fields["publications"])):
        found += _publications(fields, at_home)
    if "st13_no" in fields and application and at_home:
        meant = identifiers.application_of_st13(fields["st13_no"])
        if meant and meant.canonical != application:
            found.append(finding("ST13_MISMATCH", "st13_no", fields["st13_no"], right=meant.canonical))
    return found


def _year(fields: _Fields, application: str, filed: str) -> Iterator[Finding]:
    """Compare years, except of a national phase (type digits 8 and 9, or PCT facts stated) and of a divisional."""
    number = identifiers.application_number(application)
    if not number or number.type_digit not in "123" or "divisional_of" in fields or "pct" in fields:
        return
    if not filed.startswith(str(number.year)):
        yield finding("YEAR_MISMATCH", "filing_date", filed, year=number.year)


def _foreign(fields: _Fields, application: str) -> Iterator[Finding]:
    number = identifiers.application_number(application)
    if "." in application and number and number.check_ok:
        yield finding("OFFICE_CONFLICT", "office", fields["office"], number=application)


def _are_usual(publications: list[dict[str, str]]) -> bool:
    """Return whether each of our office's numbers ends in its kind code, as nearly all do."""
    for one in publications:  # noqa: SIM110 (all() is slower for so few)
        if not one["no"].endswith(one.get("kind", "")):
            return False
    return True


def _publications(fields: _Fields, at_home: bool) -> Iterator[Finding]:
    """Compare each publication's kind code with that of its number, and its office with the record's.

    What a regional or international office published is no conflict.
    """
    for one in fields["publications"]:
        number, kind = one["no"], one.get("kind")
        if kind and not number.endswith(kind) and (at_home or number[-2:-1].isalpha() or number[-1:].isalpha()):
            yield finding("KIND_CONFLICT", "publications.kind", kind, number=number)
        if at_home or identifiers.foreign_publication(number) != number:
            continue
        if number[:2] not in (fields["office"], "WO", "EP", "EA", "AP", "OA"):
            yield finding("OFFICE_CONFLICT", "office", fields["office"], number=number)


def _order(kind: Kind) -> _Rule:
    """Return the rule that compares the dates of `x-order`: [earlier, later, …], the later ones each with the first."""
    orders = [
        (first, [(path, *path.partition(".")[::2]) for path in rest]) for first, *rest in kind.schema.get("x-order", ())
    ]

    def in_order(kind: Kind, fields: _Fields) -> list[Finding]:
        found: list[Finding] = []
        for first, later in orders:
            start = fields.get(first)
            if start is None:
                continue
            for path, name, member in later:
                value = fields.get(name)
                if value is None:
                    continue
                for text in stated(fields, path) if member else (value,):
                    if text < start and _ISO_DATE.fullmatch(text) and _ISO_DATE.fullmatch(start):
                        found.append(_out_of_order(kind, (first, start), (path, text)))
        return found

    return in_order


def _out_of_order(kind: Kind, first: tuple[str, str], later: tuple[str, str]) -> Finding:
    (early, start), (late, text) = first, later
    one, other = kind.titles(early), kind.titles(late)
    facts = {"earlier": one[0], "later": other[0], "earlier_en": one[1], "later_en": other[1]}
    return finding("DATE_ORDER", late, text, filed=start, **facts)


def _classes(kind: Kind, fields: _Fields) -> Iterator[Finding]:
    found = fields.get("nice_class")
    if not found:
        yield finding("NICE_MISSING", "nice_class", "")
        return
    for group in fields.get("similar_groups", ()) if registrations.nice_class(found) == found else ():
        if registrations.nice_class(group[:2]) not in (found, None):
            yield finding("SIMILAR_MISMATCH", "similar_groups", group, nice=found)
    yield from _mark_term(fields)


def _mark_term(fields: _Fields) -> Iterator[Finding]:
    """A registration lasts ten years, and ten more with each renewal (unconfirmed); the last day may be left out."""
    since, until = (_day(fields.get(name, "")) for name in ("registration_date", "expiry_date"))
    if fields.get("office", "CN") != "CN" or not since or not until or until <= since:
        return
    ends = {_years_after(since, years) for years in range(10, until.year - since.year + 11, 10)}
    if until not in ends | {end - timedelta(days=1) for end in ends}:
        yield finding("TERM_MISMATCH", "expiry_date", str(until), right=str(min(ends) - timedelta(days=1)))


def _certificate(kind: Kind, fields: _Fields) -> Iterator[Finding]:
    if "registration_no" not in fields and "certificate_no" in fields:
        yield finding("CERTNO_ONLY", "certificate_no", fields["certificate_no"])


def _layout_term(kind: Kind, fields: _Fields) -> Iterator[Finding]:
    """A layout lasts ten years from filing or first use, whichever is earlier, and at most 15 from its creation.

    Source: Regulations on the Protection of Layout-Designs of Integrated Circuits.
    """
    until, made = _day(fields.get("expiry_date", "")), _day(fields.get("creation_date", ""))
    starts = [day for name in ("filing_date", "first_use_date") if (day := _day(fields.get(name, "")))]
    if not until or not starts:
        return
    last = _years_after(min(starts), 10)
    last = min(last, _years_after(made, 15)) if made else last
    if until > last:
        yield finding("TERM_MISMATCH", "expiry_date", str(until), right=str(last))


def _event(kind: Kind, fields: _Fields) -> Iterator[Finding]:
    right, code, happened = (fields.get(name, "") for name in ("right", "code", "date"))
    event = codes.CN_EVENTS.get(code)
    if event and event.kind != kind.name:
        yield finding("LEGAL_CODE_KIND", "code", code, words=event.words, kind=kind.title_zh, kind_en=kind.title_en)
    meant = codes.st27(code, right.partition(":")[0]) if event and "st27" in fields else None
    if meant and meant.split("-")[1] not in fields["st27"].split("-"):
        yield finding("ST27_MISMATCH", "st27", fields["st27"], code=code, right=meant)
    number = identifiers.application_number(right.rpartition(":")[2]) if ":CN:" in right else None
    if number and number.check_ok is False:
        yield finding("APPNO_CHECK", "right", number.canonical, right=identifiers.check_digit(number.body))
    for name in ("date", "published"):
        text = fields.get(name, "")
        if number and _ISO_DATE.fullmatch(text) and int(text[:4]) < number.year:
            yield finding("EVENT_BEFORE_RIGHT", name, text, right=right, year=number.year)
    published = fields.get("published", "")
    if event and event.what == "grant" and happened and published and published < happened:
        yield finding("EVENT_ORDER", "published", published, date=happened)


def _amount(kind: Kind, fields: _Fields) -> Iterator[Finding]:
    amount = fields.get("amount")
    if isinstance(amount, dict) and "value" in amount and "currency" not in amount:
        yield finding("AMOUNT_UNIT", "amount.value", amount["value"])


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if identifiers.date(text) == text else None


def _years_after(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:  # the 29th of February
        return day.replace(year=day.year + years, day=28)
