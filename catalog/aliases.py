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
    """Return the further keys that a right claims whose own key is not loose; () without other identifiers."""
    found: tuple[str, ...] = ()
    for name, template in _further(kind):
        if not name or name in fields:  # nearly all that do not state it are told from that
            found += template.fill(fields)
    return tuple(dict.fromkeys(found)) if len(found) > 1 else found


@lru_cache
def _further(kind: Kind) -> tuple[tuple[str, Template], ...]:
    """Return the further templates of a right's key, each with a field without which it gives nothing, or ""."""
    if kind.category != "right":
        return ()
    return tuple((_needed(template), template) for template in kind.templates[1:])


def _needed(template: Template) -> str:
    alone = (hole.paths[0] for hole in template.holes if hole.default is None and len(hole.paths) == 1)
    return next((path.partition(".")[0] for path in alone), "")


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


def contested(catalogue: Catalogue, key: str, record: int, view: int) -> dict[str, list[str]]:
    """Return the number keys that a right, or a loose key itself, shares, with all rights that claim them in a view."""
    mine = "select alias from claim where record = ? and views & ? <> 0 union select ?"
    rows = catalogue.db.execute(
        "select alias, key from claim join record on record.id = claim.record "
        f"where alias in ({mine}) and claim.views & ? <> 0 order by alias, key",
        (record, view, key, view),
    )
    found: dict[str, list[str]] = {}
    for alias, right in rows:
        found.setdefault(alias, []).append(right)
    return {alias: rights for alias, rights in found.items() if len(rights) > 1}


class Joins:
    """Claims, loose keys and what has joined what, in one catalogue, inside a transaction."""

    def __init__(self, catalogue: Catalogue):
        self._catalogue = catalogue
        self._db = catalogue.db

    def add(self, claims: Sequence[tuple[str, int, int]], loose: Sequence[tuple[int, str]]) -> None:
        """Note what new rights claim, (alias, record, views), and new loose keys, (record, alias)."""
        self._db.executemany(
            "insert into claim(alias, record, views) values (?, ?, ?)", sorted(claims)
        )  # in its order: faster
        self._db.executemany("insert into loose(record, alias) values (?, ?)", loose)
        aliases = [alias for alias, _, _ in claims]
        self._settle([*aliases, *(alias for _, alias in loose)])
        events.touch(self._catalogue, events.with_events(self._catalogue, aliases))

    def change(self, claims: dict[int, dict[str, int]], loose: Sequence[tuple[int, str]]) -> None:
        """Replace what rights claim, by record alias → views, and know loose keys, which may have been known before."""
        before: dict[int, dict[str, int]] = {}
        query = "select record, alias, views from claim where record in ({})"
        for record, alias, mask in self._catalogue.many(query, list(claims)):
            before.setdefault(record, {})[alias] = mask
        changed = [record for record, now in claims.items() if before.get(record, {}) != now]
        self._db.executemany("delete from claim where record = ?", [(record,) for record in changed])
        new = [(alias, record, mask) for record in changed for alias, mask in claims[record].items()]
        self._db.executemany("insert into claim(alias, record, views) values (?, ?, ?)", new)
        self._db.executemany("insert or ignore into loose(record, alias) values (?, ?)", loose)
        touched = {alias for record in changed for alias in claims[record].keys() | before.get(record, {})}
        self._settle([*touched, *(alias for _, alias in loose)])
        if named := events.with_events(self._catalogue, sorted(touched)):
            events.touch(self._catalogue, named)
            self._catalogue.stale(changed)

    def forget(self, record: int) -> None:
        """Forget a key of which nothing is left."""
        self.change({record: {}}, ())
        self._db.execute("delete from loose where record = ?", (record,))
        self._db.execute("delete from joined where record = ?", (record,))

    def tell(self, records: Sequence[int]) -> None:
        """Have the rights that these have joined put together again: what they rest on may have changed."""
        rows = self._catalogue.many("select right from joined where record in ({})", records)
        self._catalogue.stale(right for (right,) in rows)

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
        loose = self._loose(aliases)
        claimed: dict[str, list[tuple[int, int]]] = {}
        query = "select alias, record, views from claim where alias in ({})"
        for alias, right, mask in self._catalogue.many(query, [alias for _, alias in loose]):
            claimed.setdefault(alias, []).append((right, mask))
        for record, alias in loose:
            claims = claimed.get(alias, [])
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
