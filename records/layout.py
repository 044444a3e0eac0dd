"""Which column of a table is which field, and its rows as drafts."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from records import headings, identifiers
from records.draft import Blank, Draft
from records.errors import UnreadableFile
from records.finding import Finding
from records.headings import Carrier, field_of, folded
from records.kinds import Kinds
from records.rules import finding
from records.splitting import separated
from records.tables import Table


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its heading, "" without one, and the path its cells go to, "" where nothing is read from it."""

    heading: str
    path: str


@dataclass(frozen=True, slots=True)
class Mapping:
    """What the columns of a table are, in their order; `kind` is "" where each row tells its own.

    Columns are found again by their headings where `has_headings`, else by their place.
    """

    kind: str
    has_headings: bool
    columns: tuple[Column, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the mapping as JSON can hold it."""
        columns = [{"heading": one.heading, "path": one.path} for one in self.columns]
        return {"kind": self.kind, "has_headings": self.has_headings, "columns": columns}


@dataclass(frozen=True, slots=True)
class TableReader:
    """A table whose columns are known."""

    table: Table
    mapping: Mapping
    carrier: Carrier
    layout: str

    @property
    def format(self) -> str:
        return self.table.format

    @property
    def encoding(self) -> str:
        return self.table.encoding

    @property
    def unknown(self) -> tuple[str, ...]:
        """Return the headings of the columns that nothing is read from."""
        return tuple(dict.fromkeys(one.heading for one in self.mapping.columns if one.heading and not one.path))

    @property
    def stated(self) -> frozenset[str]:
        """Return the fields that have a column."""
        found = {field_of(one.path) for one in self.mapping.columns if one.path}
        dates = {one.path for one in self.mapping.columns if _is_publication_date(one.path)}
        numbers = {one.path for one in self.mapping.columns if one.path.startswith("publications.")} - dates
        if dates:
            found.add("publication_date")
        return frozenset(found if numbers or not dates else found - {"publications"})

    def drafts(self) -> Iterator[Draft | Blank]:
        """Give the rows below the headings. Raises UnreadableFile at a limit or at a broken file."""
        read = _values(self.mapping, self.carrier)
        titles = [one.heading for one in self.mapping.columns]
        for number, cells in self.table.rows():
            raw = dict(zip(titles, cells, strict=False))
            raw.pop("", None)
            if len(cells) == len(titles) or not (found := _ragged(titles, cells)):
                yield Draft(number, self.mapping.kind, read(cells), raw)
            else:
                yield Draft(number, self.mapping.kind, {}, raw, found)


def opened(table: Table, mapping: Mapping | None, known: Kinds) -> TableReader:
    """Return the reader of a table; raise UnreadableFile where it cannot be told what its columns are."""
    found = mapping or by_headings(table.headers, known)
    carrier = next(one for one in headings.carriers(known) if one.kind == found.kind)
    return TableReader(table, found, carrier, "")


def by_headings(titles: Sequence[str], known: Kinds) -> Mapping:
    """Return the mapping that the headings say; raise UnreadableFile without an identifier, or with one twice.

    A heading that nothing is read from may occur any number of times.
    """
    keys = [folded(title) for title in titles]
    best = max(headings.carriers(known), key=lambda one: _fit(one, keys))
    if not _fit(best, keys)[0]:
        raise _no_identifier(titles, headings.carriers(known)[0])
    for place, key in enumerate(keys):
        if key in best.paths and key in keys[:place]:
            raise UnreadableFile(
                f"标题“{titles[place]}”出现两次，无法确定以哪一列为准；请删去其中一列。",
                f"The heading {titles[place]!r} occurs twice; delete one of the two columns.",
                titles[place],
            )
    columns = [Column(title, best.paths.get(key, ("", 0))[0]) for title, key in zip(titles, keys, strict=True)]
    return Mapping(best.kind, True, tuple(columns))


def _fit(carrier: Carrier, keys: Sequence[str]) -> tuple[bool, int]:
    found = {carrier.paths[key][0] for key in keys if key in carrier.paths}
    named = {field_of(path) for path in found if not _is_publication_date(path)}
    return bool(named & carrier.identifiers), len(found)


def _is_publication_date(path: str) -> bool:
    return path.startswith("publications.") and path.endswith(".date")


def _ragged(titles: list[str], cells: list[str]) -> tuple[Finding, ...]:
    if len(cells) < len(titles) or any(cell.strip() for cell in cells[len(titles) :]):
        return (finding("RAGGED_ROW", "", len(cells), wanted=len(titles)),)
    return ()


_Put = Callable[[list[str], dict[str, Any]], None]


def _values(mapping: Mapping, carrier: Carrier) -> Callable[[list[str]], dict[str, Any]]:
    """Return what makes the values of a draft out of the cells of a row."""
    places: dict[str, list[int]] = {}
    ranks = {place: carrier.paths.get(folded(one.heading), ("", 999))[1] for place, one in enumerate(mapping.columns)}
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

    def values(cells: list[str]) -> dict[str, Any]:
        made: dict[str, Any] = {name: cell for name, place in single if (cell := cells[place])}
        for put in puts:
            put(cells, made)
        return made

    return values


def _put(name: str, paths: dict[str, list[int]], spec: dict[str, Any]) -> _Put:
    if list(paths) == [name]:
        is_classes = "format" in spec.get("items", {})
        return _put_all(name, paths[name]) if is_classes else _put_first(name, paths[name])
    if spec.get("type") == "object":
        return _put_object(name, {path.rpartition(".")[2]: places for path, places in paths.items()})
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
    def put(cells: list[str], made: dict[str, Any]) -> None:
        if found := [cell for place in places if not identifiers.is_blank(cell := cells[place])]:
            made[name] = found

    return put


def _put_first(name: str, places: list[int]) -> _Put:
    def put(cells: list[str], made: dict[str, Any]) -> None:
        if found := next((cell for place in places if not identifiers.is_blank(cell := cells[place])), ""):
            made[name] = found

    return put


def _put_object(name: str, members: dict[str, list[int]]) -> _Put:
    def put(cells: list[str], made: dict[str, Any]) -> None:
        found = {
            member: cell
            for member, places in members.items()
            if (cell := next((cells[place] for place in places if not identifiers.is_blank(cells[place])), ""))
        }
        if found:
            made[name] = found

    return put


def _put_sets(name: str, sets: list[tuple[dict[str, int], dict[str, str]]], spec: dict[str, Any]) -> _Put:
    """Return what makes a list of objects; a list in each of several cells is paired, or left as written."""
    required = spec["items"].get("required", [])
    formats = {member: "format" in one for member, one in spec["items"]["properties"].items()}

    def put(cells: list[str], made: dict[str, Any]) -> None:
        items: list[dict[str, str]] = []
        for members, fixed in sets:
            texts = {member: cells[at] for member, at in members.items() if not identifiers.is_blank(cells[at])}
            if all(texts.get(member) or member in fixed for member in required):
                items += [fixed | one for one in _paired(texts, formats)]
            elif name == "publications" and "date" in texts:
                made["publication_date"] = texts["date"]  # a date without its number is that of the newest publication
        if items:
            made[name] = items

    return put


def _paired(texts: dict[str, str], formats: dict[str, bool]) -> list[dict[str, str]]:
    lists = {
        member: separated(text) if formats.get(member) else list(identifiers.names(text))
        for member, text in texts.items()
    }
    count = max(map(len, lists.values()), default=0)
    if any(len(found) != count for found in lists.values()):
        return [texts]
    return [dict(zip(lists, one, strict=True)) for one in zip(*lists.values(), strict=True)]


def _no_identifier(titles: Sequence[str], carrier: Carrier) -> UnreadableFile:
    wanted = [
        heading
        for kind in carrier.kinds[:1]
        for path, found in headings.by_path(kind)
        if field_of(path) in carrier.identifiers and not _is_publication_date(path)
        for heading in found
    ]
    found = "、".join(title for title in titles if title)[:500]
    return UnreadableFile(
        f"没有找到标识号一列。文件的列：{found}。需要下列之一：{'、'.join(wanted)}；请改好标题行后重试。",
        f"No column holds an identifier. Found: {found}. Wanted is one of: {', '.join(wanted)}; mend the headings.",
        tuple(titles),
    )
