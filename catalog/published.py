"""The kinds that a catalogue goes by: those of the program, and what the hub has published down its log since."""

import json
from contextlib import suppress
from functools import lru_cache
from hashlib import sha256
from typing import Any

import orjson

from catalog.catalogue import Catalogue
from records import kinds
from records.body import Record
from records.errors import MalformedKind
from records.finding import Finding
from records.kinds import Kind, Kinds

NAME = "kind"  # of the kind of record that publishes one


def known(catalogue: Catalogue) -> Kinds:
    """Return the built-in kinds and the published ones, of each the newest; the same object until they change."""
    rows = catalogue.db.execute("select schema from kind order by name").fetchall()
    return _with(tuple(schema for (schema,) in rows))


@lru_cache(maxsize=16)
def _with(schemas: tuple[str, ...]) -> Kinds:
    found = kinds.BUILT_IN
    for schema in schemas:
        with suppress(MalformedKind):  # an older program, to which the catalogue has come back
            found = found.with_published([json.loads(schema)])
    return found


def read(fields: dict[str, Any]) -> Kind:
    """Return the kind that the fields of a `kind` record publish; raise MalformedKind."""
    try:
        found = kinds.read(json.loads(str(fields.get("schema", ""))))
    except (ValueError, RecursionError) as error:
        raise MalformedKind("it is no JSON") from error
    except (TypeError, KeyError, AttributeError) as error:
        raise MalformedKind(f"it is no schema of a kind ({type(error).__name__})") from error
    if (found.name, found.version) != (fields.get("name"), fields.get("version")):
        raise MalformedKind(f"the schema is of {found.name}, version {found.version}")
    return found


def faults(record: Record) -> list[Finding]:
    """Return why a record publishes no kind that can be used here; nothing for any other record."""
    if record.kind != NAME or record.op != "assert":
        return []
    try:
        read(record.fields)
    except MalformedKind as error:
        return [_unusable(record, str(error))]
    return []


def know(catalogue: Catalogue, record_key: str, fields: dict[str, Any]) -> None:
    """Know what is published under a key now, nothing for {}."""
    catalogue.db.execute("delete from kind where name = ?", (record_key,))
    if fields:
        row = (record_key, fields["version"], fields["schema"])
        catalogue.db.execute("insert into kind(name, version, schema) values (?, ?, ?)", row)


def digests(found: Kinds) -> dict[str, str]:
    """Return what tells each kind from an earlier version of it, by name."""
    return {kind.name: _digest(kind) for kind in found.all()}


@lru_cache
def _digest(kind: Kind) -> str:
    return sha256(orjson.dumps(kind.schema, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]


def _unusable(record: Record, why: str) -> Finding:
    return Finding(
        "UNUSABLE_KIND",
        "error",
        "schema",
        record.key,
        f"发布的种类“{record.key}”不能使用（{why[:200]}）；请升级本程序，或由主站重新发布。",
        f"The published kind {record.key!r} cannot be used ({why[:200]}); upgrade this program, or have the hub "
        "publish it again.",
    )
