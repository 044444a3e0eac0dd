"""Dublin Core, as repositories give it by OAI-PMH (oai_dc), as a draft.

Only what says that it is a right is one: it carries a number that one of our kinds knows, or its type says a patent.
Everything else in a repository, articles and theses mostly, is none of ours.
"""

import re
import unicodedata
from typing import Any

from lxml import etree

from records import identifiers
from records.draft import Draft
from records.errors import UnreadableFile

_DC = "{http://purl.org/dc/elements/1.1/}"
_LABEL = re.compile(r"^[^\d:：]{1,20}[:：]\s*")
_TOLD = re.compile(r"申请|专利|application|patent|^\s*(?:CN|ZL)", re.IGNORECASE)
_SOFTWARE = re.compile(r"(?:19|20)\d{2}SR[A-Z]?\d{6,7}")
_PATENT_WORDS = ("patent", "专利", "發明", "发明", "实用新型", "外观设计")
_TYPES = {
    "发明": "发明", "invention": "发明", "实用新型": "实用新型", "utility model": "实用新型", "外观设计": "外观设计",
    "design": "外观设计",
}  # fmt: skip


def draft(payload: bytes, place: int) -> Draft | None:
    """Return what an oai_dc element states of a right; None for what is none. Raises UnreadableFile.

    Numbers are looked for among identifiers, sources and relations, under labels like 申请号：, too.
    """
    stated = _elements(payload)
    types = " ".join(stated.get("type", ())).lower()
    values, kind = _numbers([*stated.get("identifier", ()), *stated.get("source", ()), *stated.get("relation", ())])
    is_patent = any(word in types for word in _PATENT_WORDS)
    if not values and not is_patent:
        return None
    if "software" not in kind:
        values |= {"right_type_text": word} if (word := _type(types)) else {}
        values |= {"inventors": people} if (people := stated.get("creator")) else {}
        values |= {"owners": owners} if (owners := stated.get("publisher")) else {}
        values |= {"abstract": stated["description"][0]} if stated.get("description") else {}
    if titles := stated.get("title"):
        values["title"] = titles[0]
    raw = {f"dc:{name}": "; ".join(texts) for name, texts in stated.items()}
    return Draft(place, kind, values, raw)


def _elements(payload: bytes) -> dict[str, list[str]]:
    """Return the texts by element, those that say something."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(payload, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise UnreadableFile(
            f"元数据不是完整的 XML（{error}）；请联系提供该数据的机构库。",
            f"The metadata is no whole XML ({error}); ask the people of the repository that gave it.",
        ) from error
    found: dict[str, list[str]] = {}
    for one in root.iter(f"{_DC}*"):
        text = " ".join((one.text or "").split())
        if text:
            found.setdefault(str(one.tag).removeprefix(_DC), []).append(text)
    return found


def _numbers(texts: list[str]) -> tuple[dict[str, Any], str]:
    """Return what numbers the texts hold, by field, and the kind that they say by themselves, "" for a patent's."""
    values: dict[str, Any] = {}
    for text in texts:
        number = _LABEL.sub("", unicodedata.normalize("NFKC", text)).strip()
        if _SOFTWARE.fullmatch(number.upper()):
            return {"registration_no": number}, "copyright_software"
        read = identifiers.application_number(number)
        is_told = _TOLD.search(text) or (read is not None and read.check_ok and len(read.body) == 12)
        if read is not None and is_told and "application_no" not in values:
            values["application_no"] = number
        elif number.upper().startswith("CN") and identifiers.publication_number(number):
            values.setdefault("publications", []).append({"no": number})
    return values, ""


def _type(types: str) -> str:
    return next((word for sign, word in _TYPES.items() if sign in types), "")
