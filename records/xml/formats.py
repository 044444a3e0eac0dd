"""The formats of XML that are read, told by the root's namespace and name."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from types import ModuleType

from lxml import etree

from records.errors import UnreadableFile
from records.xml import assignments, cnipa, epo_ops, refusal, st36, st66, st96
from records.xml.documents import Name, Unit
from records.xml.form import Form

_READERS: tuple[ModuleType, ...] = (cnipa, epo_ops, st96, st66, assignments, st36)
_USPTO = "urn:us:gov:doc:uspto:patent"
_KNOWN_AND_NOT_TAKEN = {
    Name(_USPTO, "SpecificationDocument"): (
        "美国专利商标局案卷中的说明书或摘要",
        "a specification of a US file wrapper",
    ),
    Name(_USPTO, "ClaimsDocument"): ("美国专利商标局案卷中的权利要求书", "a set of claims of a US file wrapper"),
    Name(_USPTO, "AbstractDocument"): ("美国专利商标局案卷中的摘要", "an abstract of a US file wrapper"),
    Name("http://www.w3.org/1999/xhtml", "html"): ("网页", "a web page"),
    Name("", "html"): ("网页", "a web page"),
    Name("http://ops.epo.org", "error"): ("EPO 接口的错误信息", "an error message of EPO's service"),
    Name("http://ops.epo.org", "fault"): ("EPO 接口的错误信息", "an error message of EPO's service"),
}


@dataclass(frozen=True, slots=True)
class Format:
    """One format: `name`, whether an element is a record's, and what a record's element says."""

    name: str
    is_unit: Callable[[Name, Name], bool]
    owns: Callable[[str], bool]
    forms: Callable[[Unit, int], Iterator[Form]]


@lru_cache(maxsize=256)
def of(root: Name) -> Format:
    """Return the format of a document by its root; raise UnreadableFile for one that is not read, with the reason."""
    if root in _KNOWN_AND_NOT_TAKEN:
        raise refusal.no_rights(*_KNOWN_AND_NOT_TAKEN[root])
    for reader in _READERS:
        if reader.takes(root):
            return Format(reader.format_of(root), reader.is_unit, reader.owns, reader.forms)
    raise refusal.unknown_format(root.local[:100], root.namespace[:200])


def is_unit(root: Name, element: Name) -> bool:
    """Return whether an element is a record's, in the format that the root tells; raise UnreadableFile as `of`."""
    return of(root).is_unit(root, element)


def holds(unit: Unit) -> bool:
    """Return whether a record's element holds anything that is read."""
    return next(forms(unit, 1), None) is not None


def empty(root: Name) -> UnreadableFile:
    """Return the refusal of a document whose record's element holds nothing that is read."""
    return refusal.no_rights(
        f"{of(root).name} 格式的文档，但没有著录项目", f"{of(root).name} without bibliographic data"
    )


def forms(unit: Unit, place: int) -> Iterator[Form]:
    """Read a record's element. Names of the format lose their namespace first: others cannot be mistaken for them."""
    known = of(unit.root)
    owned = _owned(known)
    for element in unit.element.iter(etree.Element):
        namespace, _, local = element.tag[1:].rpartition("}") if element.tag[0] == "{" else ("", "", element.tag)
        if namespace and owned(namespace):
            element.tag = local
    return known.forms(unit, place)


@lru_cache(maxsize=32)
def _owned(known: Format) -> Callable[[str], bool]:
    return lru_cache(maxsize=64)(known.owns)
