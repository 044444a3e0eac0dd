"""Mappings that people saved: how a file's columns become fields, by name."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from node.errors import NodeError
from node.messages import N_
from node.page import Page


class NoMapping(NodeError):
    """No mapping was saved under this name: (name,)."""

    facts = ("name",)
    sentence = N_("There is no mapping named {name}. `mapping list` shows those that were saved.")


@dataclass(frozen=True, slots=True)
class SavedMapping:
    """A mapping under its name; `body` is what records.layout reads and writes."""

    name: str
    body: Mapping[str, Any]
    person: str
    saved_at: int


class MappingBook(Page):
    """The mappings of one notebook."""

    def save_mapping(self, name: str, body: Mapping[str, Any], person: str, now: float) -> None:
        """Keep a mapping under a name, in place of what stood there."""
        with self._write() as db:
            db.execute(
                "insert or replace into mapping (name, body, person, saved_at) values (?, ?, ?, ?)",
                [name, json.dumps(dict(body), ensure_ascii=False), person, int(now)],
            )

    def mapping(self, name: str) -> SavedMapping:
        """Return the mapping of that name; raise NoMapping."""
        with self._open() as db:
            row = db.execute("select * from mapping where name = ?", [name]).fetchone()
        if row is None:
            raise NoMapping(name)
        return _saved(row)

    def mappings(self) -> list[SavedMapping]:
        """Return all mappings, by name."""
        with self._open() as db:
            return [_saved(row) for row in db.execute("select * from mapping order by name")]

    def remove_mapping(self, name: str) -> None:
        """Forget a mapping; raise NoMapping."""
        with self._write() as db:
            if db.execute("delete from mapping where name = ?", [name]).rowcount != 1:
                raise NoMapping(name)


def _saved(row: Any) -> SavedMapping:
    return SavedMapping(row["name"], json.loads(row["body"]), row["person"], row["saved_at"])
