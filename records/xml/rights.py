"""Events as the readers state them: which right they are about, which kind they are, what their office calls them."""

import re
from collections.abc import Mapping
from typing import Any

from records import codes, identifiers
from records.xml import numbers
from records.xml.form import Form

MAX_EVENT_TEXT = 100  # longer words stand in raw_text only
_MAX_CODE = 10
_ROLES = {
    "assignment": ("transferor", "transferee"),
    "pledge": ("pledgor", "pledgee"),
    "licence": ("licensor", "licensee"),
}
_REGISTER = re.compile(
    r"(?:TRIAL NO|REEL/FRAME|CONTRACT RECORD NO|RECORD NUMBER|REGISTRATION NUMBER|RECORD CONTRACT NO)[.: ]+"
    r"([A-Z0-9][A-Z0-9/-]{3,39})"
)
_US_DESIGN = re.compile(r"D\d+")
_US_PLANT = re.compile(r"PP\d+")
_SECURITY = re.compile(r"SECURITY|MORTGAGE|\bLIEN\b|PLEDGE", re.IGNORECASE)
_LICENCE = re.compile(r"\bLICEN[CS]E", re.IGNORECASE)


def key(kind: str, office: str, values: Mapping[str, Any]) -> str:
    """Return the key of a right from what a draft states of it: its application number, else its publication."""
    number = values.get("application_no", "")
    if office == "CN" and number:
        read = identifiers.application_number(number)
        number = read.canonical if read else number
    published = next((one["no"] for one in values.get("publications", ())), "")
    return f"{kind or 'patent_invention'}:{office}:{number or (f'pub/{published}' if published else '')}"


def us_key(application: str, patent: str, publication: str) -> str:
    """Return the key of a US right from the numbers that a recorded assignment gives, each "" where it has none."""
    kind = "patent_invention"
    if _US_DESIGN.fullmatch(patent):
        kind = "design"
    elif _US_PLANT.fullmatch(patent):
        kind = "plant_variety"
    values: dict[str, Any] = {"application_no": numbers.application("US", application)} if application else {}
    said = patent or publication
    if said:
        values["publications"] = [{"no": numbers.publication("US", said, "")}]
    return key(kind, "US", values)


def state_event(form: Form, right: str, office: str, code: str, about: tuple[str, str]) -> None:
    """State which legal event it is: China's codes tell the kind and the ST.27 event, others are a legal_status.

    `about` is the state, and the code there, that an EP event refers to, each "" if none: they make part of the code
    ("PG25AT", "REGDE8364"), for the same happens on one day in many states.
    """
    cn = codes.cn_code(code) if office == "CN" else None
    form.kind = codes.CN_EVENTS[cn].kind if cn else "legal_status"
    form.put("office", office)
    form.put("right", right)
    joined = re.sub(r"[^A-Z0-9]", "", "".join((code, *about)).upper())
    form.put("code", cn or joined[:_MAX_CODE] or code.strip())
    form.put("st27", codes.st27(cn, right.partition(":")[0]) if cn else "")


def conveyance(form: Form, said: str) -> None:
    """State what a US conveyance says it is: a security interest is a pledge, a licence a licence."""
    form.kind = "assignment"
    if _SECURITY.search(said):
        form.kind = "pledge"
    elif _LICENCE.search(said):
        form.kind = "licence"
    form.put("office", "US")
    form.put("event_text", said if len(said) <= MAX_EVENT_TEXT else "")
    form.put("raw_text", said)


def register_number(said: str) -> str:
    """Return the number of a trial, contract or entry that an event's free text names, "" if none.

    The words are those of US and Chinese events in INPADOC; the Chinese ones are (unconfirmed).
    """
    match = _REGISTER.search(said.upper())
    return match[1].replace("/", "-") if match else ""


def parties(kind: str, givers: list[str], takers: list[str]) -> list[dict[str, str]]:
    """Return the two sides of an assignment, a pledge or a licence with their roles."""
    giving, taking = _ROLES[kind]
    found = [*((giving, name) for name in givers), *((taking, name) for name in takers)]
    return [{"role": role, "name": name} for role, name in dict.fromkeys(found) if name]
