"""Keys that are only a publication number, and the rights that they belong to.

A right claims the keys that its other identifiers would give: as long as a current statement of it says both its
application number and that publication number. A key of such a number alone is loose; in each view it joins the one
right that claims it there. Where two claim it, it stays by itself.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from catalog import events, views
from catalog.catalogue import Catalogue
from records.kinds import Kind
from records.template import Template


def claimed(kind: Kind, fields: dict[str, Any]) -> tuple[str, ...]:
    """Return the further keys of a right that states its proper identifier and others; () for one that does not."""
    first, *further = kind.templates
    if not further or kind.category != "right":
        return ()
    found = [key for template in further for key in template.fill(fields)]
    return tuple(dict.fromkeys(found)) if found and first.fill(fields) else ()


def is_loose(kind: Kind | None, key: str) -> bool:
    """Return whether a right's key is made of another identifier than the proper one."""
    pattern = _loose(kind) if kind else None
    return bool(pattern and pattern.fullmatch(key))


@lru_cache
def _loose(kind: Kind) -> re.Pattern[str] | None:
    if kind.category != "right" or len(kind.templates) < 2:
        return None
    first, *further = map(_pattern, kind.templates)
    return re.compile(f"(?!(?:{first})$)(?:{'|'.join(further)})")


def _pattern(template: Template) -> str:
    return "[^:/]+".join(map(re.escape, template.texts))


class Joins:
    """Claims, loose keys and what has joined what, in one catalogue, inside a transaction."""

    def __init__(self, catalogue: Catalogue):
        self._catalogue = catalogue
        self._db = catalogue.db

    def add(self, rows: Sequence[tuple[str, int, int]]) -> None:
        """Note what new rights claim: (alias, record, views)."""
        self._db.executemany("insert into claim(alias, record, views) values (?, ?, ?)", rows)
        aliases = [alias for alias, _, _ in rows]
        self._settle(aliases)
        events.touch(self._catalogue, events.with_events(self._catalogue, aliases))

    def change(self, record: int, claims: dict[str, int]) -> None:
        """Replace what one right claims by `claims`, alias → views."""
        rows = self._db.execute("select alias, views from claim where record = ?", (record,)).fetchall()
        if dict(rows) != claims:
            self._db.execute("delete from claim where record = ?", (record,))
            new = [(alias, record, mask) for alias, mask in claims.items()]
            self._db.executemany("insert into claim(alias, record, views) values (?, ?, ?)", new)
            touched = sorted(dict(rows).keys() | claims)
            self._settle(touched)
            if named := events.with_events(self._catalogue, touched):
                events.touch(self._catalogue, named)
                self._catalogue.stale([record])

    def loosen(self, record: int, key: str) -> None:
        """Know a loose key, which may have been known before."""
        added = self._db.execute("insert or ignore into loose(record, alias) values (?, ?)", (record, key))
        if added.rowcount:
            self._settle([key])

    def forget(self, record: int) -> None:
        """Forget a key of which nothing is left."""
        self.change(record, {})
        self._db.execute("delete from loose where record = ?", (record,))
        self._db.execute("delete from joined where record = ?", (record,))

    def out_of(self, records: Sequence[int]) -> dict[int, int]:
        """Return by record the views in which it has joined a right."""
        found: dict[int, int] = {}
        for record, mask in self._catalogue.many("select record, views from joined where record in ({})", records):
            found[record] = found.get(record, 0) | mask
        return found

    def into(self, records: Sequence[int]) -> dict[int, list[tuple[int, int]]]:
        """Return by right what has joined it: (record, views)."""
        found: dict[int, list[tuple[int, int]]] = {}
        query = "select right, record, views from joined where right in ({}) order by record"
        for right, record, mask in self._catalogue.many(query, records):
            found.setdefault(right, []).append((record, mask))
        return found

    def _settle(self, aliases: Sequence[str]) -> None:
        """Let loose keys join the one right that claims them in each view; what changes is put together again."""
        for record, alias in self._loose(aliases):
            claims = self._db.execute("select record, views from claim where alias = ?", (alias,)).fetchall()
            wanted: dict[int, int] = {}
            for view in views.ALL:
                rights = [right for right, mask in claims if mask & view]
                if len(rights) == 1:
                    wanted[rights[0]] = wanted.get(rights[0], 0) | view
            known = dict(self._db.execute("select right, views from joined where record = ?", (record,)).fetchall())
            if known != wanted:
                self._db.execute("delete from joined where record = ?", (record,))
                new = [(record, right, mask) for right, mask in wanted.items()]
                self._db.executemany("insert into joined(record, right, views) values (?, ?, ?)", new)
                self._catalogue.stale({record, *known, *wanted})

    def _loose(self, aliases: Sequence[str]) -> list[tuple[int, str]]:
        if not self._db.execute("select exists (select 1 from loose)").fetchone()[0]:
            return []  # as nearly always
        return list(self._catalogue.many("select record, alias from loose where alias in ({})", aliases))
