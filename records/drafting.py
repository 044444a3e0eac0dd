"""The cells of a row as the values of a draft."""

import re
from collections.abc import Callable
from typing import Any

from records import identifiers
from records.finding import Finding
from records.headings import Carrier, field_of
from records.mapping import Mapping
from records.rules import finding
from records.splitting import separated

_LISTED = re.compile("[;|,，；]")
_DATED = re.compile(r"(\S+)\s+(?:\S\s+)?(\d{4}[.\-/]\d{1,2}[.\-/]\d{1,2})")
_Put = Callable[[list[str], dict[str, Any], list[Finding]], None]


def reader(mapping: Mapping, carrier: Carrier) -> Callable[[list[str], list[Finding]], dict[str, Any]]:
    """Return what makes the values of a draft out of the cells of a row, and adds what is wrong with them."""
    places: dict[str, list[int]] = {}
    ranks = {place: carrier.told(one.heading)[1] for place, one in enumerate(mapping.columns)}
    for place in sorted(ranks, key=lambda place: (ranks[place], place)):
        if path := mapping.columns[place].path:
            places.setdefault(path, []).append(place)
    fields: dict[str, dict[str, list[int]]] = {}
    for path, found in places.items():
        fields.setdefault(field_of(path), {})[path] = found
    single = [
        (name, paths[name][0])
        for name, paths in fields.items()
        if list(map(len, paths.values())) == [1] and name in paths
    ]
    puts = [_put(name, paths, carrier.spec(name)) for name, paths in fields.items() if name not in dict(single)]

    def values(cells: list[str], found: list[Finding]) -> dict[str, Any]:
        made: dict[str, Any] = {name: cell for name, place in single if (cell := cells[place])}
        for put in puts:
            put(cells, made, found)
        return made

    return values


def _put(name: str, paths: dict[str, list[int]], spec: dict[str, Any]) -> _Put:
    if list(paths) == [name]:
        is_classes = "format" in spec.get("items", {})
        return _put_all(name, paths[name]) if is_classes else _put_first(name, paths[name])
    if spec.get("type") == "object":
        return _put_object(name, {path.rpartition(".")[2]: places for path, places in paths.items()}, spec)
    sets: dict[str, dict[str, int]] = {}
    for path, places in paths.items():
        number, _, member = path.removeprefix(name).removeprefix(".").rpartition(".")
        sets.setdefault(number, {})[member or spec["items"]["required"][0]] = places[0]
    fixed = {
        str(number): {member: text for member, text in columns.items() if isinstance(text, str)}
        for number, columns in enumerate(spec.get("x-columns", ()), 1)
    }
    return _put_sets(name, [(members, fixed.get(number, {})) for number, members in sorted(sets.items())], spec)


def _put_all(name: str, places: list[int]) -> _Put:
    def put(cells: list[str], made: dict[str, Any], found: list[Finding]) -> None:
        if all_cells := [cell for place in places if not identifiers.is_blank(cell := cells[place])]:
            made[name] = all_cells

    return put


def _put_first(name: str, places: list[int]) -> _Put:
    def put(cells: list[str], made: dict[str, Any], found: list[Finding]) -> None:
        if first := next((cell for place in places if not identifiers.is_blank(cell := cells[place])), ""):
            made[name] = first

    return put


def _put_object(name: str, members: dict[str, list[int]], spec: dict[str, Any]) -> _Put:
    """Return what makes an object; "PCT/JP98/01007 1998.03.11" is a number and its date."""
    known = spec.get("properties", {})
    pairs = [(member, member.removesuffix("_no") + "_date") for member in members if member.endswith("_no")]
    dated = [(member, date) for member, date in pairs if date in known]

    def put(cells: list[str], made: dict[str, Any], found: list[Finding]) -> None:
        texts = {
            member: cell
            for member, places in members.items()
            if (cell := next((cells[place] for place in places if not identifiers.is_blank(cells[place])), ""))
        }
        for member, date in dated:
            if (match := _DATED.fullmatch(texts.get(member, "").strip())) and date not in texts:
                texts[member], texts[date] = match[1], match[2]
        if texts:
            made[name] = texts

    return put


def _put_sets(name: str, sets: list[tuple[dict[str, int], dict[str, str]]], spec: dict[str, Any]) -> _Put:
    """Return what makes a list of objects; a list in each of several cells is paired, or left as written."""
    required = spec["items"].get("required", [])
    formats = {member: "format" in one for member, one in spec["items"]["properties"].items()}

    def put(cells: list[str], made: dict[str, Any], found: list[Finding]) -> None:
        items: list[dict[str, str]] = []
        for members, fixed in sets:
            texts = {member: cells[at] for member, at in members.items() if not identifiers.is_blank(cells[at])}
            if all([texts.get(member) or member in fixed for member in required]):  # noqa: C419 (faster for so few)
                pairs = _paired(texts, formats)
                if pairs is None:
                    found.append(finding("LIST_MISMATCH", name, "; ".join(texts.values())))
                items += [fixed | one for one in pairs or [texts]]
            elif name == "publications" and "date" in texts:
                made["publication_date"] = texts["date"]  # a date without its number is that of the newest publication
        if items:
            made[name] = items

    return put


def _paired(texts: dict[str, str], formats: dict[str, bool]) -> list[dict[str, str]] | None:
    """Return an item for each place in the lists that the texts are; None where their lengths differ."""
    if all(map(formats.get, texts)) and not any(map(_LISTED.search, texts.values())):
        return [texts]
    lists = {
        member: separated(text) if formats.get(member) else list(identifiers.names(text))
        for member, text in texts.items()
    }
    count = max(map(len, lists.values()), default=0)
    if any(len(found) != count for found in lists.values()):
        return None
    return [dict(zip(lists, one, strict=True)) for one in zip(*lists.values(), strict=True)]
