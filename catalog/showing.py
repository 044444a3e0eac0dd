"""One key in full: what is merged, who states what, how it came about, and what was kept out."""

from dataclasses import dataclass
from typing import Any

import orjson

from catalog import published, views, words
from catalog.bodies import Bodies, log_of, place
from catalog.catalogue import OPEN_QUARANTINE, Catalogue
from catalog.composing import gathered
from catalog.sources import Sources
from catalog.standing import Held, current, stand, stated
from records import identifiers
from records.kinds import Kinds
from sync.store import Store


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A part that is sealed and kept out of the view, and why; `key` is "" where it could not be read.

    `id` orders them.
    """

    id: int
    origin: str
    index: int
    part: int
    key: str
    findings: list[dict[str, str]]
    applied_at: int


def show(store: Store, catalogue: Catalogue, key: str, view: int) -> dict[str, Any] | None:
    """Return one key as a view shows it, or None if the view shows nothing of it.

    Members: key, kind, state ("current" or "tombstone"), fields, sources (field → origin), conflicts (field → list of
    [origin, value]), origin, first_applied, last_applied, and assertions: of each origin the current ones, with origin,
    index, part, op, fields, reason, applied_at, and size, that of the log under a receipt, 0 while this entry is not.
    """
    parts = _parts(catalogue, key)
    bodies, sources = Bodies(store), Sources(catalogue)
    standing = stand(parts, view, bodies.load, sources) if parts else None
    if standing is None:
        return None
    seen = [one.applied_at for one in parts if one.views & view]
    merged = standing.merged
    return {
        "key": key,
        "kind": merged.kind,
        "state": "current" if merged.fields else "tombstone",
        "fields": merged.fields,
        "sources": merged.sources,
        "conflicts": merged.conflicts,
        "origin": standing.origin,
        "first_applied": min(seen),
        "last_applied": max(seen),
        "assertions": [_stated(store, one, bodies) for many in current(parts, view) for one in many],
    }


def history(store: Store, catalogue: Catalogue, key: str, view: int = views.FULL) -> list[dict[str, Any]]:
    """Return every version that a view shows, oldest first: by the time applied, then by origin and index.

    Members: origin, index, op, reason, applied_at, and changed: a list of {field, before, after} against the version
    of this origin before, None standing for what was or is not stated. What has been erased is left out.
    """
    entries: dict[int, list[Held]] = {}
    for one in _parts(catalogue, key):
        if one.views & view:
            entries.setdefault(one.entry, []).append(one)
    bodies, sources = Bodies(store), Sources(catalogue)
    before: dict[str, dict[str, Any]] = {}
    found = []
    for _, parts in sorted(entries.items()):
        said = stated(parts, bodies.load, sources)
        if said is None:
            continue
        fields = said.record.fields if said.record.op == "assert" else {}
        found.append(
            {
                "origin": said.origin,
                "index": place(parts[0].id)[1],
                "op": said.record.op,
                "reason": said.record.reason,
                "applied_at": max(one.applied_at for one in parts),
                "changed": _changed(before.get(said.origin, {}), fields),
            }
        )
        before[said.origin] = fields
    return sorted(found, key=lambda one: one["applied_at"])


def quarantine(
    catalogue: Catalogue, origin: str = "", rule: str = "", limit: int = 1000, after: int = 0
) -> list[Quarantined]:
    """Return what is kept out and not mended by a newer version, by log and index; all, or of one origin or rule.

    `after` is the `id` of the last one seen.
    """
    rows = catalogue.db.execute(
        "select quarantine.id, name, key, findings, applied_at from quarantine "
        "join batch on batch.id = quarantine.batch join origin on origin.id = batch.log "
        f"where quarantine.id > :after and (:origin = '' or name = :origin) and {OPEN_QUARANTINE} and (:rule = '' or "
        "exists (select 1 from json_each(findings) where json_extract(value, '$.rule') = :rule)) "
        "order by quarantine.id limit :limit",
        {"origin": origin, "rule": rule, "limit": limit, "after": after},
    )
    return [Quarantined(id, name, *place(id)[1:], key, orjson.loads(said), at) for id, name, key, said, at in rows]


def find_key(catalogue: Catalogue, text: str) -> str | None:
    """Return the key that a person means by a key, or by an application or publication number however written.

    A publication number of a right that has an application number is known once that right is indexed. Keys of every
    view are found: whether the asker may see one, `show` says.
    """
    application, publication = identifiers.application_number(text), identifiers.publication_number(text)
    values = [application.canonical if application else "", publication.number if publication else "", text.strip()]
    keys = [text.strip(), *(key for value in values if value for key in _keys(value, published.known(catalogue)))]
    if not all(map(_is_text, keys)):
        return None
    found = dict(catalogue.many("select key, id from record where wider is null and key in ({})", keys))
    named = next((key for key in keys if key in found), None)
    if named or not publication:
        return named
    row = catalogue.db.execute(
        "select key from words join record on record.id = words.rowid where words match ? order by record.id limit 1",
        (f"numbers : {words.phrase(publication.number)}",),
    ).fetchone()
    return row and row[0]


def _keys(value: str, known: Kinds) -> list[str]:
    """Return the keys that a number would give under any kind."""
    templates = [template for kind in known.all() for template in kind.templates]
    return [key for template in templates if (key := template.of_value(value))]


def _is_text(text: str) -> bool:
    return text.isprintable()  # no lone surrogate, which SQLite cannot be asked for


def _parts(catalogue: Catalogue, key: str) -> list[Held]:
    row = catalogue.db.execute("select id from record where key = ? and wider is null", (key,)).fetchone()
    return gathered(catalogue, [row[0]], {})[row[0]] if row else []


def _stated(store: Store, part: Held, bodies: Bodies) -> dict[str, Any]:
    _, index, number = place(part.id)
    log, record = log_of(store, part.log), bodies.load(part.id)
    return {
        "origin": log.origin,
        "index": index,
        "part": number,
        "op": record.op if record else "erased",
        "fields": record.fields if record else {},
        "reason": record.reason if record else "",
        "applied_at": part.applied_at,
        "size": log.stored if index < log.stored else 0,
    }


def _changed(before: dict[str, Any], after: dict[str, Any]) -> list[dict[str, Any]]:
    names = sorted(before.keys() | after.keys())
    return [
        {"field": name, "before": before.get(name), "after": after.get(name)}
        for name in names
        if before.get(name) != after.get(name)
    ]
