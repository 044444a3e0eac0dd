"""JSON answers of the US office's services: applications, dossiers and trials are read; what holds neither is refused.

Recognised by their own members, read whole (at most 16 MB) and strictly as JSON in UTF-8.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from records.draft import Draft
from records.errors import UnreadableFile
from records.xml import limits, numbers, refusal, rights, righttype, varieties
from records.xml.form import Form

FORMAT = "uspto-api"
_START = re.compile(rb"(?:\xef\xbb\xbf)?\s*\{")
_MEMBER = re.compile(rb'"(?:patentBag|patentFileWrapperDataBag|docs|results)"\s*:\s*\[|"corrAppNum"\s*:')
_REVIEWS = ("IPR", "PGR", "CBM")  # inter partes, post-grant, covered business method: all ask to cancel claims
_US_DATE = re.compile(r"(\d{2})[/-](\d{2})[/-](\d{4})")
_Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Shape:
    """One kind of answer: its name, the test for it, and how it is read. `read` None: it holds nothing to import."""

    name: str
    fits: Callable[[_Object], bool]
    read: Callable[[_Object], Iterator[Form]] | None
    zh: str = ""
    en: str = ""


def takes(start: bytes) -> bool:
    """Return whether the first bytes of a file may be an answer: one JSON object that names a member of such."""
    return bool(_START.match(start) and _MEMBER.search(start))


def check(path: Path) -> str:
    """Return which answer a file is; raise UnreadableFile, which says what it is, for one that is not imported."""
    answer = _load(path)
    shape = _shape(answer)
    found = next(shape.read(answer), None) if shape.read else None
    if found is None:
        raise refusal.no_rights(shape.zh, shape.en)
    return shape.name


def drafts(path: Path) -> Iterator[Draft]:
    """Give what an answer states. Raises UnreadableFile as `check` does."""
    answer = _load(path)
    shape = _shape(answer)
    return (form.draft() for form in (shape.read(answer) if shape.read else ()))


def _load(path: Path) -> _Object:
    if path.stat().st_size > limits.MAX_ANSWER_BYTES:
        raise refusal.too_large("answer bytes", limits.MAX_ANSWER_BYTES)
    try:
        answer = orjson.loads(path.read_bytes().removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        raise UnreadableFile(
            f"不是完整的 JSON（{error}）；文件可能被截断，请重新获取。",
            f"Not complete JSON ({error}); the file may be cut short, fetch it again.",
        ) from None
    return answer if isinstance(answer, dict) else {}


def _shape(answer: _Object) -> _Shape:
    return next(shape for shape in _SHAPES if shape.fits(answer))


def _list(value: Any) -> list[_Object]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _text(holder: _Object, name: str) -> str:
    value = holder.get(name)
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return " ".join(str(value).split())


class _Reading:
    """A form that is filled from objects: what is read is noted under the names of its members."""

    def __init__(self, place: int) -> None:
        self.form = Form(None, place)

    def take(self, holder: _Object, name: str, where: str = "") -> str:
        found = _text(holder, name)
        if found:
            self.form.note(f"{where}{name}", found)
        return found


def _date(written: str) -> str:
    """Return a date of "04/18/2019" or "10-15-2021", month first, or of the usual forms."""
    match = _US_DATE.fullmatch(written)
    return numbers.date(f"{match[3]}-{match[1]}-{match[2]}" if match else written)


def _applications(answer: _Object) -> Iterator[Form]:
    """Read applications of the Open Data Portal, and the conveyances recorded for each."""
    for place, bag in enumerate(_bags(answer), 1):
        reading = _Reading(place)
        number = reading.take(bag, "applicationNumberText")
        if not number:
            continue  # what it says is about an application that it does not name
        about = bag | bag.get("applicationMetaData", {}) if isinstance(bag.get("applicationMetaData"), dict) else bag
        form = reading.form
        kind = righttype.of_type(reading.take(about, "applicationTypeLabelName"))
        form.kind = kind or "patent_invention"
        form.put("office", "US")
        form.put("application_no", numbers.application("US", number))
        _biblio(reading, about)
        key = rights.key(form.kind, "US", form.values)
        if "title" in form.values:
            yield varieties.renamed(form, "", "") if form.kind == "plant_variety" else form
        for conveyance in _list(bag.get("assignmentBag")):
            yield _conveyance(conveyance, key, place)


def _bags(answer: _Object) -> list[_Object]:
    return _list(answer.get("patentBag")) or _list(answer.get("patentFileWrapperDataBag"))


def _biblio(reading: _Reading, about: _Object) -> None:
    form = reading.form
    form.put("title", reading.take(about, "inventionTitle"))
    form.put("filing_date", numbers.date(reading.take(about, "filingDate")))
    form.put("status_text", reading.take(about, "applicationStatusDescriptionText"))
    form.put("status_date", numbers.date(reading.take(about, "applicationStatusDate")))
    applicants = [reading.take(one, "applicantNameText", "applicantBag/") for one in _list(about.get("applicantBag"))]
    names = applicants or [reading.take(about, "firstApplicantName")]
    form.add("owners", [{"name": name} for name in names if name])
    inventors = _list(about.get("inventorBag"))
    form.add("inventors", [reading.take(one, "inventorNameText", "inventorBag/") for one in inventors])
    symbols = about.get("cpcClassificationBag")
    found = [one for one in symbols if isinstance(one, str)] if isinstance(symbols, list) else []
    form.add("cpc", [re.sub(r"^([A-HY]\d\d[A-Z])\s*(\d)", r"\1 \2", one.strip()) for one in found])
    if found:
        form.note("cpcClassificationBag", "; ".join(found))
    for number, date in (("earliestPublicationNumber", "earliestPublicationDate"), ("patentNumber", "grantDate")):
        written = reading.take(about, number)
        match = re.fullmatch(r"(?:US)?[\s-]*([A-Z]*[\d-]+)\s*([A-Z]\d?)?", written)
        if match:
            kind = match[2] or ""
            one = {"no": numbers.publication("US", match[1].replace("-", ""), kind), "kind": kind}
            one["date"] = numbers.date(reading.take(about, date))
            form.add("publications", [{name: value for name, value in one.items() if value}])


def _conveyance(conveyance: _Object, key: str, place: int) -> Form:
    reading = _Reading(place)
    form = reading.form
    rights.conveyance(form, reading.take(conveyance, "conveyanceText"))
    form.put("right", key)
    assignors = _list(conveyance.get("assignorBag"))
    form.put("date", next((_date(found) for one in assignors if (found := reading.take(one, "executionDate"))), ""))
    form.put("published", _date(reading.take(conveyance, "assignmentRecordedDate")))
    both = reading.take(conveyance, "reelAndFrameNumber") or reading.take(conveyance, "reelNumber/frameNumber")
    form.put("register_no", both.replace("/", "-"))
    givers = [reading.take(one, "assignorName", "assignorBag/") for one in assignors]
    takers = [reading.take(one, "assigneeNameText", "assigneeBag/") for one in _list(conveyance.get("assigneeBag"))]
    form.add("parties", rights.parties(form.kind, givers, takers))
    return form


def _dossier(answer: _Object) -> Iterator[Form]:
    """Read a family of the Global Dossier: an application each, with its publications."""
    for place, one in enumerate(_list(answer.get("list")), 1):
        reading = _Reading(place)
        form, office = reading.form, reading.take(one, "countryCode")
        number = reading.take(one, "appNum")
        if not (office and number):
            continue
        form.put("office", office)
        form.put("application_no", numbers.application(office, number))
        form.put("filing_date", _date(reading.take(one, "appDateStr")))
        form.put("title", reading.take(one, "title"))
        for said in _list(one.get("pubList")):
            published = [reading.take(said, name, "pubList/") for name in ("pubCountry", "pubNum", "kindCode")]
            if published[1]:
                item = {"no": numbers.publication(published[0] or office, published[1], published[2])}
                item |= {"kind": published[2], "date": _date(reading.take(said, "pubDateStr", "pubList/"))}
                form.add("publications", [{name: value for name, value in item.items() if value}])
        kinds = [righttype.of_code(office, item.get("kind", "")) for item in form.values.get("publications", ())]
        form.kind = next(filter(None, kinds), "patent_invention")
        claims = [
            " ".join(filter(None, (reading.take(said, "country", where), reading.take(said, "docNumber", where))))
            for where in ("priorityClaimList/",)
            for said in _list(one.get("priorityClaimList"))
        ]
        form.put("priority", "; ".join(dict.fromkeys(filter(None, claims))))
        names = one.get("applicantNames")
        form.add(
            "owners", [{"name": name} for name in names if isinstance(name, str)] if isinstance(names, list) else []
        )
        yield form


def _trials(answer: _Object) -> Iterator[Form]:
    """Read proceedings before the Patent Trial and Appeal Board: a dispute each."""
    for place, one in enumerate(_list(answer.get("results")), 1):
        reading = _Reading(place)
        number = reading.take(one, "respondentApplicationNumberText") or reading.take(
            one, "appellantApplicationNumberText"
        )
        patent = reading.take(one, "respondentPatentNumber") or reading.take(one, "appellantPatentNumber")
        proceeding = reading.take(one, "proceedingNumber")
        if not proceeding or not (number or patent):
            continue
        form = reading.form
        form.kind = "dispute"
        form.put("office", "US")
        form.put("forum", "Patent Trial and Appeal Board")
        form.put("dispute_type", "invalidation" if proceeding.startswith(_REVIEWS) else "other")
        form.put("decided", _date(reading.take(one, "decisionDate")))
        form.put("outcome", reading.take(one, "proceedingStatusCategory"))
        form.put("right", rights.us_key(number, patent, ""))
        form.put("register_no", proceeding)
        form.put("date", _date(reading.take(one, "proceedingFilingDate")))
        names = ("proceedingTypeCategory", "subproceedingTypeCategory")
        form.put("raw_text", "; ".join(filter(None, (reading.take(one, name) for name in names))))
        for side, role in (("petitioner", "applicant"), ("appellant", "applicant"), ("respondent", "respondent")):
            name = reading.take(one, f"{side}PartyName")
            form.add("parties", [{"role": role, "name": name}] if name else [])
        yield form


_NO_NUMBER_ZH = "美国专利商标局开放数据接口的应答，但没有写明所属申请号"
_NO_NUMBER_EN = "an answer of the US Open Data Portal that does not say which application it is about"
_SHAPES = (
    _Shape("odp", lambda one: bool(_bags(one)), _applications, _NO_NUMBER_ZH, _NO_NUMBER_EN),
    _Shape(
        "global-dossier",
        lambda one: "corrAppNum" in one and "list" in one,
        _dossier,
        "Global Dossier 同族应答，但其中没有申请",
        "an answer of the Global Dossier without applications",
    ),
    _Shape(
        "ptab",
        lambda one: any("proceedingNumber" in each for each in _list(one.get("results"))),
        _trials,
        "美国专利审判和上诉委员会（PTAB）的应答，但没有写明所涉专利",
        "an answer of the US Patent Trial and Appeal Board that names no patent",
    ),
    _Shape(
        "documents",
        lambda one: "docs" in one,
        None,
        "Global Dossier 的案卷文件清单",
        "a list of documents in a dossier",
    ),
    _Shape(
        "search",
        lambda one: "num_results" in one or "results" in one,
        None,
        "检索结果清单，只有公开号；请按公开号获取著录项目后导入",
        "a list of search results, publication numbers only; fetch the bibliographic data of each and import that",
    ),
    _Shape("unknown", lambda one: True, None, "无法识别的 JSON", "JSON of no known kind"),
)
