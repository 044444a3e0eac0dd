"""WIPO ST.36 and its dialects: US grants and applications, CNIPA's cn-patent-document, EPO's exchange documents.

A dialect sets its office before some names (us-parties, cn-parties) and leaves the rest as it is, so that one reader
reads them all. Source: WIPO ST.36; DTDs us-patent-grant v4.0 to v4.5 and cn-patent-document of 2006-03-06.
"""

import re
from collections.abc import Iterable, Iterator

from lxml import etree

from records.xml import numbers, righttype, varieties
from records.xml.documents import Name, Unit
from records.xml.form import MISSING, Form, attribute, text

_UNIT = re.compile(
    r"(?:[a-z]{2}-)?(?:patent-document|patent-grant|patent-application|published-application|patent-publication"
    r"|utility-model-document|design-document)|exchange-document"
)
_WRAPPER = re.compile(
    r"exchange-documents|(?:[a-z]{2}-)?(?:patents?|patent-(?:documents|grants|applications))|world-patent-data"
)
_NAMESPACES = frozenset({"", "http://www.epo.org/exchange", "http://ops.epo.org"})
_BIBLIO = re.compile(r"(?:[a-z]{2}-)?bibliographic-data(?:-(?:grant|application))?")
_IPC = re.compile(r"\s*([A-H])\s*(\d{2})\s*([A-Z])\s*(\d{1,4})\s*/\s*(\d{2,6})")
_Element = etree._Element


def owns(namespace: str) -> bool:
    """Return whether elements of a namespace are of ST.36: those without one, and EPO's."""
    return namespace in _NAMESPACES


def takes(root: Name) -> bool:
    """Return whether a document with this root is of ST.36."""
    return root.namespace in _NAMESPACES and bool(_UNIT.fullmatch(root.local) or _WRAPPER.fullmatch(root.local))


def is_unit(root: Name, element: Name) -> bool:
    """Return whether an element is one patent document."""
    return element.namespace in _NAMESPACES and bool(_UNIT.fullmatch(element.local))


def format_of(root: Name) -> str:
    """Return the dialect's name."""
    if root.local.startswith("us-"):
        return "uspto"
    if root.local.startswith("cn-"):
        return "cnipa-st36"
    return "epo-ops" if root.local == "world-patent-data" else "st36"


def forms(unit: Unit, place: int) -> Iterator[Form]:
    """Read one patent document."""
    top = unit.element
    biblio = next((one for one in top.iter(etree.Element) if _BIBLIO.fullmatch(str(one.tag))), None)
    if biblio is None:
        return
    form = Form(top, place)
    office = _numbers(form, top, biblio)
    _titles(form, biblio, office)
    _classes(form, biblio)
    _parties(form, biblio)
    _priority(form, biblio)
    _international(form, biblio)
    _texts(form, top, biblio)
    if form.kind == "plant_variety":
        plant = first(biblio, "botanic")
        varieties.renamed(form, form.take(first(plant, "variety")), form.take(first(plant, "latin-name")))
    yield form


def children(element: _Element | None, *names: str) -> list[_Element]:
    """Return the elements at a path below `element`, each name with or without an office before it."""
    found = [element] if element is not None else []
    for name in names:
        found = [
            child
            for one in found
            for child in one
            if isinstance(child.tag, str) and (child.tag == name or (child.tag[2:3] == "-" and child.tag[3:] == name))
        ]
    return found


def first(element: _Element | None, *names: str) -> _Element | None:
    """Return the first element at a path below `element`, or None."""
    return next(iter(children(element, *names)), None)


def document_id(reference: _Element | None, *preferred: str) -> _Element | None:
    """Return the document-id of a reference whose type comes first in `preferred`, else the first one."""
    found = children(reference, "document-id")
    order = {name: place for place, name in enumerate(preferred)}
    return min(found, key=lambda one: order.get(attribute(one, "document-id-type"), len(order)), default=None)


def application(form: Form, reference: _Element | None, office: str) -> str:
    """State the application's number and date; return its office."""
    docdb = document_id(reference, "docdb")
    office = form.take(first(docdb, "country")) or office
    number = document_id(reference, "original", "docdb") if office != "CN" else docdb
    written = form.take(first(number, "doc-number"))
    if form.take(first(docdb, "kind")) == "W":  # DOCDB: an international application, under its receiving office
        form.put("application_no", numbers.international(office + text(first(docdb, "doc-number"))))
        office = "WO"
    else:
        form.put("application_no", numbers.application(office, written))
    dates = [form.take(date) for date in children(reference, "document-id", "date")]
    form.put("filing_date", numbers.date(next(iter(dates), "")))
    return office


def publication(form: Form, identifier: _Element | None, office: str) -> dict[str, str]:
    """Return a publication as the record states it; {} without a number."""
    number, kind = form.take(first(identifier, "doc-number")), form.take(first(identifier, "kind"))
    office = form.take(first(identifier, "country")) or office
    if not number or kind == "00":
        return {}
    one = {"no": numbers.publication(office, number, kind), "kind": kind}
    one["date"] = numbers.date(form.take(first(identifier, "date")))
    return {name: value for name, value in one.items() if value}


def _numbers(form: Form, top: _Element, biblio: _Element) -> str:
    reference = first(biblio, "application-reference")
    published = document_id(first(biblio, "publication-reference"), "docdb")
    said = text(first(published, "country")) or attribute(top, "country")
    office = application(form, reference, said) or "CN"
    one = publication(form, published, said)
    gazette = form.take(first(biblio, "publication-reference", "gazette-reference", "gazette-num"))
    earlier = [
        *children(biblio, "related-publication", "publication-reference", "document-id"),
        *children(biblio, "related-documents", "related-publication", "document-id"),
    ]
    form.add("publications", [one | ({"gazette": gazette} if gazette and one else {})])
    form.add("publications", [publication(form, other, said) for other in earlier])
    form.put("office", office)
    form.put("family_id", attribute(top, "family-id"))
    written = attribute(reference, "appl-type") if reference is not None else ""
    form.kind = righttype.of_type(written) or righttype.of_code(office, one.get("kind", ""))
    form.put("right_type_text", written)
    parent = first(biblio, "related-documents", "division", "relation", "parent-doc", "document-id")
    if parent is not None and text(first(parent, "country")) == office:
        form.put("divisional_of", numbers.application(office, form.take(first(parent, "doc-number"))))
    return office


def _titles(form: Form, biblio: _Element, office: str) -> None:
    titles = {attribute(one, "lang").lower(): one for one in reversed(children(biblio, "invention-title"))}
    english = titles.get("en")
    first_one = next(reversed(titles.values()), None)
    main = next((titles[lang] for lang in ("zh", "", "en") if lang in titles), first_one)
    form.put("title", form.take(main))
    if english is not None and main is not english:
        form.put("title_en", form.take(english))


def _classes(form: Form, biblio: _Element) -> None:
    for group in children(biblio, "classifications-ipcr"):
        form.add("ipc", [_symbol(form, one) for one in children(group, "classification-ipcr")])
    for group in children(biblio, "classification-ipc"):
        listed = [*children(group, "main-classification"), *children(group, "further-classification")]
        found = [form.take(one) for one in (listed or children(group, "text"))]
        form.add("ipc", [_IPC.sub(_joined, one) for one in found])
    for group in children(biblio, "classifications-cpc"):
        further = children(group, "further-cpc", "classification-cpc")
        form.add("cpc", [_symbol(form, one) for one in (*children(group, "main-cpc", "classification-cpc"), *further)])
    for one in children(biblio, "patent-classifications", "patent-classification"):
        scheme = first(one, "classification-scheme")
        if scheme is not None and attribute(scheme, "scheme").startswith("CPC"):
            form.add("cpc", [_symbol(form, one)])
    for one in children(biblio, "classification-locarno"):
        listed = [*children(one, "main-classification"), *children(one, "further-classification")]
        form.add("locarno", [_locarno(form.take(each)) for each in (listed or children(one, "text"))])


def _symbol(form: Form, element: _Element) -> str:
    names = ("section", "class", "subclass", "main-group", "subgroup")
    parts = [form.take(first(element, name)) for name in names]
    if all(parts[:3]) and parts[3]:
        return f"{''.join(parts[:3])} {parts[3]}/{parts[4] or '00'}"
    written = form.take(first(element, "text"))
    match = _IPC.match(written)
    return _joined(match) if match else written


def _joined(match: re.Match[str]) -> str:
    return f"{match[1]}{match[2]}{match[3]} {match[4]}/{match[5]}"


def _locarno(written: str) -> str:
    return f"{written[:2]}-{written[2:]}" if re.fullmatch(r"\d{4}", written) else written


def _parties(form: Form, biblio: _Element) -> None:
    parties = children(biblio, "parties")
    applicants = [one for group in parties for one in children(group, "applicants", "applicant")]
    assignees = [
        *children(biblio, "assignees", "assignee"),
        *(one for group in parties for one in children(group, "assignees", "assignee")),
    ]
    themselves = [one for one in applicants if attribute(one, "app-type") == "applicant-inventor"]
    others = [one for one in applicants if one not in themselves]
    form.add("owners", _owners(form, assignees or others or themselves))
    inventors = [one for group in parties for one in children(group, "inventors", "inventor")]
    names = [_name(form, one) for one in _one_language(inventors or themselves)]
    form.add("inventors", list({name.casefold(): name for name in reversed(names)}.values())[::-1])
    for agent in (one for group in parties for one in children(group, "agents", "agent")):
        _agent(form, agent)


def _owners(form: Form, elements: Iterable[_Element]) -> list[dict[str, str]]:
    found = []
    for one in _one_language(list(elements)):
        book = _book(one)
        owner = {"name": _name(form, one), "address": _address(form, first(book, "address"))}
        country = form.take(first(book, "address", "country")) or form.take(first(one, "residence", "country"))
        owner["country"] = "" if country in MISSING else country
        found.append({name: value for name, value in owner.items() if value})
    return [owner for owner in found if "name" in owner]


def _one_language(elements: list[_Element]) -> list[_Element]:
    """Return the parties once each: EPO writes them in its own form (epodoc) and as they came (original)."""
    original = [one for one in elements if attribute(one, "data-format") == "original"]
    return original or elements


def _book(party: _Element) -> _Element:
    for name in ("addressbook", "applicant-name", "inventor-name", "agency"):
        found = first(party, name)
        if found is not None:
            return found
    return party


def _name(form: Form, party: _Element) -> str:
    book = _book(party)
    whole = form.take(first(book, "orgname")) or form.take(first(book, "name"))
    if not whole:
        names = ("first-name", "middle-name", "last-name", "suffix")
        whole = " ".join(filter(None, (form.take(first(book, name)) for name in names)))
    whole = whole or form.take(first(book, "text"))
    if attribute(party, "data-format") == "epodoc":
        whole = re.sub(r"\s*\[[A-Z]{2}\]$", "", whole)
    return "" if whole in MISSING else whole.strip(" ,;")


def _address(form: Form, address: _Element | None) -> str:
    written = form.take(first(address, "text"))
    if written:
        return written
    names = ("address-1", "address-2", "address-3", "building", "street", "city", "county", "state", "postcode")
    parts = [form.take(one) for name in names for one in children(address, name)]
    return ", ".join(part for part in parts if part not in MISSING)


def _agent(form: Form, agent: _Element) -> None:
    book = _book(agent)
    agency = form.take(first(agent, "agency", "name")) or form.take(first(book, "orgname"))
    if agency and agency not in MISSING:
        form.put("agency", agency)
    persons = children(agent, "agency", "agent") or [agent]
    for person in persons:
        if first(_book(person), "orgname") is None:
            names = [form.take(one) for one in children(person, "name")] or [_name(form, person)]
            form.add("agents", [name for name in names if name != agency])


def _priority(form: Form, biblio: _Element) -> None:
    claims = []
    for claim in children(biblio, "priority-claims", "priority-claim"):
        source = document_id(claim, "original", "docdb") if children(claim, "document-id") else claim
        other = document_id(claim, "epodoc")
        number = form.take(first(source, "doc-number"))
        country = form.take(first(source, "country")) or text(first(other, "doc-number"))[:2]
        date = form.take(first(source, "date")) or form.take(first(other, "date"))
        number = number.removeprefix(country) if len(country) == 2 and country.isalpha() else number
        claims.append(" ".join(filter(None, (country, number, numbers.date(date)))))
    form.put("priority", "; ".join(dict.fromkeys(filter(None, claims))))


def _international(form: Form, biblio: _Element) -> None:
    filed = first(biblio, "pct-or-regional-filing-data")
    published = first(biblio, "pct-or-regional-publishing-data")
    number = form.take(first(filed, "document-id", "doc-number"))
    entry = form.take(first(biblio, "date-pct-article-22-39-fulfilled", "date"))
    entry = entry or form.take(first(filed, "371c124-date", "date"))
    one = {
        "application_no": numbers.international(number) if number else "",
        "application_date": numbers.date(form.take(first(filed, "document-id", "date"))),
        "publication_no": publication(form, first(published, "document-id"), "WO").get("no", ""),
        "publication_date": numbers.date(form.take(first(published, "document-id", "date"))),
        "entry_date": numbers.date(entry),
    }
    form.put("pct", {name: value for name, value in one.items() if value})


def _texts(form: Form, top: _Element, biblio: _Element) -> None:
    abstracts = [*children(biblio, "abstract"), *children(top, "abstract")]
    by_language = {attribute(one, "lang").lower(): one for one in reversed(abstracts)}
    chosen = by_language.get("zh")
    if chosen is None and abstracts:
        chosen = abstracts[0]
    if chosen is not None:
        paragraphs = list(chosen.iter("p")) or [chosen]
        form.put("abstract", "\n".join(filter(None, map(form.take, paragraphs))))
    claim = next(top.iter("claim"), None)
    if claim is not None:
        form.put("claim1", form.take(claim))
