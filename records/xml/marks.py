"""What the trademark readers share: which number a mark is known by, its classes, its present owner."""

import re
from collections.abc import Iterable

from lxml import etree

from records.xml.form import Form

_FEATURES = (
    (("sound",), "sound"),
    (("3-d", "three-d", "three d"), "three_dimensional"),
    (("colour", "color"), "colour"),
    (("combined", "stylized and design", "words and design"), "combined"),
    (("figurative", "design only"), "figurative"),
    (("typeset", "standard character", "word"), "word"),
)
_CLASS = re.compile(r"0*([1-9]\d?)")


def state_numbers(form: Form, office: str, applied: str, registered: str) -> None:
    """State a mark's number: in China application and registration have one, elsewhere the application's is the key.

    Of a mark abroad whose application number is not stated, the registration's is the key.
    """
    form.kind = "trademark"
    form.put("office", office)
    form.put("number", applied)
    if registered != applied:
        form.put("number" if office == "CN" and not applied else "registration_no", registered)


def feature(written: str, name: str, has_image: bool) -> str:
    """Return what a mark consists of, by its feature as written, else by what is stated of it; "" if nothing is."""
    lower = written.lower()
    for words, found in _FEATURES:
        if any(word in lower for word in words):
            return found
    return ("combined" if has_image else "word") if name else ("figurative" if has_image else "")


def nice_class(written: str) -> str:
    """Return a Nice class, 1 to 45, without zeros in front; "" for anything else, such as the old US classes."""
    match = _CLASS.fullmatch(written.strip())
    return match[1] if match and int(match[1]) <= 45 else ""


def state_goods(form: Form, listed: Iterable[tuple[str, str]]) -> None:
    """State classes and goods of (class as written, goods): of several classes, each text says which it is of."""
    found = [(nice_class(number), goods) for number, goods in listed]
    classes = list(dict.fromkeys(number for number, _ in found if number))
    form.add("nice_class", classes)
    texts = [(number, goods) for number, goods in dict.fromkeys(found) if goods]
    several = len({number for number, _ in texts}) > 1
    form.put("goods", "\n".join(f"{number}: {goods}" if several and number else goods for number, goods in texts))


def present(parties: list[tuple[int, etree._Element]]) -> list[etree._Element]:
    """Return the owners of today among (order, party): US files list every owner since the application, in order."""
    last = max((order for order, _ in parties), default=0)
    return [party for order, party in parties if order == last]
