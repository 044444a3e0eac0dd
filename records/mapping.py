"""What the columns of a table are, as people correct it and save it under a name."""

from dataclasses import dataclass
from typing import Any

from records.errors import RecordsError
from records.headings import folded


class MalformedMapping(RecordsError):
    """Something that is no mapping; the first argument says why."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its heading, "" without one, and the path its cells go to, "" where nothing is read from it."""

    heading: str
    path: str


@dataclass(frozen=True, slots=True)
class Mapping:
    """The columns of a table, in their order; `kind` is "" where each row tells its own, by its type or number.

    Columns are found again by their headings where `has_headings`, else by their place.
    """

    kind: str
    has_headings: bool
    columns: tuple[Column, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the mapping as JSON can hold it."""
        columns = [{"heading": one.heading, "path": one.path} for one in self.columns]
        return {"kind": self.kind, "has_headings": self.has_headings, "columns": columns}

    @classmethod
    def from_dict(cls, data: Any) -> "Mapping":
        """Read what `as_dict` gives, as a person may have changed it; raise MalformedMapping, which says why not."""
        if not isinstance(data, dict) or data.keys() != {"kind", "has_headings", "columns"}:
            raise MalformedMapping("a mapping has the members kind, has_headings and columns")
        kind, has_headings, columns = data["kind"], data["has_headings"], data["columns"]
        if not isinstance(kind, str) or not isinstance(has_headings, bool) or not isinstance(columns, list):
            raise MalformedMapping("kind is a text, has_headings true or false, and columns a list")
        for one in columns:
            if not isinstance(one, dict) or one.keys() != {"heading", "path"}:
                raise MalformedMapping("a column has the members heading and path")
            if not all(isinstance(text, str) for text in one.values()):
                raise MalformedMapping("heading and path of a column are texts")
        return cls(kind, has_headings, tuple(Column(one["heading"], one["path"]) for one in columns))

    def fitted(self, titles: list[str]) -> "Mapping":
        """Return the mapping for a file with these headings: its own columns in the file's order, others unread."""
        paths = {folded(one.heading): one.path for one in self.columns if one.path}
        return Mapping(self.kind, True, tuple(Column(title, paths.get(folded(title), "")) for title in titles))
