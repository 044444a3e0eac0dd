"""One key in full: what is merged, who states what, how it came about, and what was kept out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from catalog import aliases, events, published, views, words
from catalog.bodies import Bodies, log_of, place
from catalog.catalogue import OPEN_QUARANTINE, Catalogue
from catalog.composing import gathered
from catalog.sources import Sources
from catalog.standing import Held, current, stand, stated
from records import identifiers, registrations
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
    """Return one key as a view shows it, or None if the view shows nothing of it; a key that joined a right, as that.

    Members: key, also (further keys that have joined it), kind, state ("current" or "tombstone"), fields, sources
    (field → origin), conflicts (field → list of [origin, value]), others (origins shown, not merged), contested (number
    key → rights that claim it, where there are several), status and status_from (the event that it follows, "" for
    none), origin, first_applied, last_applied, and assertions: of each origin the current ones, with origin, index,
    part, key, op, fields, reason, applied_at, and size, that of the log under a receipt, 0 while this entry is not;
    and events: those of a right, oldest first, with key, kind, status, origin and fields.
    """
    record = _record(catalogue, key)
    record = (record and _right_of(catalogue, record, view)) or record
    parts = gathered(catalogue, [record], {})[record] if record else []
    bodies, sources = Bodies(store), Sources(catalogue)
    standing = stand(parts, view, bodies.load, sources) if parts else None
    if record is None or standing is None:
        return None
    (key,) = catalogue.db.execute("select key from record where id = ?", (record,)).fetchone()
    seen = [one.applied_at for one in parts if one.views & view]
    merged = standing.merged
    status, status_from = _status(catalogue, record, view)
    return {
        "key": key,
        "also": sorted({name for (name,) in _guests(catalogue, record, view)}),
        "kind": merged.kind,
        "state": "current" if merged.fields else "tombstone",
        "fields": merged.fields,
        "sources": merged.sources,
        "conflicts": merged.conflicts,
        "others": list(merged.others),
        "contested": aliases.contested(catalogue, key, record, view),
        "status": status,
        "status_from": status_from,
        "origin": standing.origin,
        "first_applied": min(seen),
        "last_applied": max(seen),
        "assertions": [_stated(store, one, bodies) for many in current(parts, view) for one in many],
        "events": _events(catalogue, key, record, view, bodies, sources),
    }


def history(store: Store, catalogue: Catalogue, key: str, view: int = views.FULL) -> list[dict[str, Any]]:
    """Return every version that a view shows, oldest first: by the time applied, then by origin and index.

    Members: origin, index, key, op, reason, applied_at, and changed: a list of {field, before, after} against this
    contributor's version before, None standing for what was or is not stated. What has been erased is left out.
    """
    entries: dict[int, list[Held]] = {}
    record = _record(catalogue, key)
    record = (record and _right_of(catalogue, record, view)) or record
    for one in gathered(catalogue, [record], {})[record] if record else ():
        if one.views & view:
            entries.setdefault(one.entry, []).append(one)
    bodies, sources = Bodies(store), Sources(catalogue)
    before: dict[tuple[int, int], dict[str, Any]] = {}
    found = []
    for parts in sorted(entries.values(), key=lambda many: (many[0].whose[0], many[0].age)):
        said = stated(parts, bodies.load, sources)
        if said is None:
            continue
        fields = said.record.fields if said.record.op == "assert" else {}
        found.append(
            {
                "origin": said.origin,
                "index": place(parts[0].id)[1],
                "key": said.record.key,
                "op": said.record.op,
                "reason": said.record.reason,
                "applied_at": max(one.applied_at for one in parts),
                "changed": _changed(before.get(parts[0].whose, {}), fields),
            }
        )
        before[parts[0].whose] = fields
    return sorted(found, key=lambda one: one["applied_at"])


@dataclass(frozen=True, slots=True)
class Kept:
    """Which quarantined parts are meant: of an origin and what is below it, of a rule, of a field; "" for any."""

    origin: str = ""
    rule: str = ""
    field: str = ""

    @property
    def where(self) -> str:
        said = "exists (select 1 from json_each(findings) where (:rule = '' or json_extract(value, '$.rule') = :rule)"
        return (
            "from quarantine join batch on batch.id = quarantine.batch join origin on origin.id = batch.log "
            f"where {OPEN_QUARANTINE} and (:origin = '' or name = :origin or name glob :origin || '/*') "
            f"and {said} and (:field = '' or json_extract(value, '$.field') = :field "
            "or json_extract(value, '$.field') glob :field || '.*'))"
        )

    @property
    def values(self) -> dict[str, Any]:
        return {"origin": self.origin, "rule": self.rule, "field": self.field}


def quarantine(
    catalogue: Catalogue, origin: str = "", rule: str = "", limit: int = 1000, after: int = 0, field: str = ""
) -> list[Quarantined]:
    """Return what is kept out and not mended by a newer version, by log and index; all, or of one origin or rule.

    `after` is the `id` of the last one seen.
    """
    kept = Kept(origin, rule, field)
    rows = catalogue.db.execute(
        f"select quarantine.id, name, key, findings, applied_at {kept.where} and quarantine.id > :after "
        "order by quarantine.id limit :limit",
        {**kept.values, "limit": limit, "after": after},
    )
    return [_quarantined(*row) for row in rows]


def count_quarantine(catalogue: Catalogue, origin: str = "", rule: str = "", field: str = "") -> int:
    """Return how many parts `quarantine` lists."""
    kept = Kept(origin, rule, field)
    return int(catalogue.db.execute(f"select count(*) {kept.where}", kept.values).fetchone()[0])


def quarantined(catalogue: Catalogue, ids: Sequence[int]) -> list[Quarantined]:
    """Return those of these parts that are kept out, mended or not."""
    query = (
        "select quarantine.id, name, key, findings, applied_at from quarantine "
        "join batch on batch.id = quarantine.batch join origin on origin.id = batch.log where quarantine.id in ({})"
    )
    return [_quarantined(*row) for row in catalogue.many(query, ids)]


def find_kept(catalogue: Catalogue, text: str, origin: str = "") -> list[Quarantined]:
    """Return what is kept out and not mended under a key, or under the number that ends a key, by log and index."""
    rows = catalogue.db.execute(
        "select quarantine.id, name, key, findings, applied_at from quarantine "
        "join batch on batch.id = quarantine.batch join origin on origin.id = batch.log "
        f"where {OPEN_QUARANTINE} and (key = :text or substr(key, -length(:text) - 1) = ':' || :text) "
        "and (:origin = '' or name = :origin or name glob :origin || '/*') order by quarantine.id",
        {"text": text, "origin": origin},
    )
    return [_quarantined(*row) for row in rows] if text else []


def _quarantined(id: int, name: str, key: str, findings: str, applied_at: int) -> Quarantined:
    return Quarantined(id, name, *place(id)[1:], key, orjson.loads(findings), applied_at)


def find_key(catalogue: Catalogue, text: str, view: int = views.FULL) -> str | None:
    """Return the key that a person means by a key, or by a number of any kind however written.

    A number under which a right is known as well gives that right; where several claim it, none of them. Only what the
    view shows counts: a number that is stated for others finds nothing, not even the right that everybody sees.
    """
    if not _is_text(text):
        return None
    keys = _meant(text, published.known(catalogue))
    seen = f"views & {view} <> 0"
    found = dict(catalogue.many(f"select key, id from record where record.{seen} and key in ({{}})", keys))
    named = next((key for key in keys if key in found), None)
    if named:
        return named
    claims = (
        "select min(key), count(*) from claim join record on record.id = claim.record "
        f"where claim.{seen} and alias in ({{}}) having 1"
    )
    claimed = [key for key, count in catalogue.many(claims, keys) if count == 1]
    return claimed[0] if claimed else _by_words(catalogue, text, view) or _by_class(catalogue, keys, view)


def _meant(text: str, known: Kinds) -> list[str]:
    """Return the keys that a text may mean, the likeliest first."""
    application, publication = identifiers.application_number(text), identifiers.publication_number(text)
    values = [application.canonical if application else "", publication.number if publication else "", text.strip()]
    templates = [template for kind in known.all() for template in kind.templates]
    keys = [text.strip()]
    keys += [key for value in values if value for template in templates if (key := template.of_value(value))]
    keys += [key for kind in known.of("right") if (key := registrations.right_key(text, kind.name))]
    return list(dict.fromkeys(key for key in keys if _is_text(key)))


def _by_words(catalogue: Catalogue, text: str, view: int) -> str | None:
    """Return the key of a right that is indexed under a publication number, which may lack its kind code."""
    publication = identifiers.publication_number(text)
    if publication is None:
        return None
    row = catalogue.db.execute(
        "select key from words join record on record.id = words.rowid where words match ? "
        "and record.views & ? <> 0 order by record.id limit 1",
        (f"numbers : {words.phrase(publication.number)}", view),
    ).fetchone()
    return row and row[0]


def _by_class(catalogue: Catalogue, keys: list[str], view: int) -> str | None:
    """Return the first class of a trademark whose number was given without one ("…/-")."""
    for start in (key.removesuffix("-") for key in keys if key.endswith("/-")):
        beyond = start[:-1] + chr(ord(start[-1]) + 1)
        query = "select min(key) from record where key >= ? and key < ? and views & ? <> 0"
        (found,) = catalogue.db.execute(query, (start, beyond, view)).fetchone()
        if found:
            return str(found)
    return None


def _is_text(text: str) -> bool:
    return text.isprintable()  # no lone surrogate, which SQLite cannot be asked for


def _record(catalogue: Catalogue, key: str) -> int | None:
    row = catalogue.db.execute("select id from record where key = ? and wider is null", (key,)).fetchone()
    return row and row[0]


def _right_of(catalogue: Catalogue, record: int, view: int) -> int | None:
    """Return the right that a number key has joined in a view."""
    query = "select right from joined where record = ? and views & ? <> 0"
    row = catalogue.db.execute(query, (record, view)).fetchone()
    return row and row[0]


def _guests(catalogue: Catalogue, record: int, view: int) -> list[tuple[str]]:
    return catalogue.db.execute(
        "select key from joined join record on record.id = joined.record where right = ? and joined.views & ? <> 0",
        (record, view),
    ).fetchall()


def _status(catalogue: Catalogue, record: int, view: int) -> tuple[str, str]:
    row = catalogue.db.execute(
        "select status, status_from from record where (id = ? or wider = ?) and views & ? <> 0",
        (record, record, view),
    ).fetchone()
    return row or ("", "")


def _events(
    catalogue: Catalogue, key: str, record: int, view: int, bodies: Bodies, sources: Sources
) -> list[dict[str, Any]]:
    found = events.about(catalogue, key, record, view)
    parts = gathered(catalogue, [event for event, _ in found], {})
    shown = []
    for event, name in found:
        standing = stand(parts[event], view, bodies.load, sources)
        if standing:
            fields = standing.merged.fields
            said = {"key": name, "kind": standing.merged.kind, "status": events.meaning(fields)}
            shown.append({**said, "origin": standing.origin, "fields": fields})
    return shown


def _stated(store: Store, part: Held, bodies: Bodies) -> dict[str, Any]:
    _, index, number = place(part.id)
    log, record = log_of(store, part.log), bodies.load(part.id)
    return {
        "origin": log.origin,
        "index": index,
        "part": number,
        "key": record.key if record else "",
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
