"""What a newly read statement changes of what an origin has filed."""

from dataclasses import replace
from typing import Any

from records.body import Record


def change(filed: Record | None, stated: Record, columns: frozenset[str], clear_empty: bool) -> Record | None:
    """Return the record to file, or None when nothing changes; `source` is not compared.

    `columns` are the fields that the file has a column for. A column that is absent changes nothing; an empty cell
    clears its field only with `clear_empty`. Publications are added by their number; none is dropped for being left
    out. What is not said of an owner or another named item, such as the address, changes nothing of it either. A newer
    version of the kind alone is no change. Changing again with the same statement gives None.
    """
    if stated.op == "withdraw":
        return None if filed is None or filed.op == "withdraw" else stated
    if filed is None or filed.op == "withdraw":
        return stated
    fields = dict(filed.fields)
    for name in sorted(columns | stated.fields.keys()):
        if name in stated.fields:
            fields[name] = _merged(name, fields.get(name), stated.fields[name], clear_empty)
        elif clear_empty:
            fields.pop(name, None)
    _renew_raw(fields, filed.fields.get("raw", {}), stated, columns)
    if meant(fields) == meant(filed.fields):
        return None
    return replace(stated, version=max(filed.version, stated.version), fields=fields)


def older(filed: Record, stated: Record) -> bool:
    """Return whether the statement is older than what was filed: such a one is reported and not applied.

    The first of these dates that both carry decides: the file's export date (`source["exported"]`), the date of the
    legal status, the newest publication date. False where they share none.
    """
    pairs = ((_exported(one), one.fields.get("status_date", ""), _published(one)) for one in (stated, filed))
    for new, old in zip(*pairs, strict=True):
        if new and old:
            return new < old
    return False


def meant(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields without `raw`, and CN as office left out: another way of writing the same says nothing else."""
    return {name: value for name, value in fields.items() if name != "raw" and (name, value) != ("office", "CN")}


def _merged(name: str, held: Any, stated: Any, clear_empty: bool) -> Any:
    if name == "publications" and held:
        return _added(held, stated)
    if clear_empty or not (_named(held) and _named(stated)):
        return stated
    known = {item["name"]: item for item in held}
    return [{**known.get(item["name"], {}), **item} for item in stated]


def _added(held: list[Any], stated: list[Any]) -> list[Any]:
    known = {item.get("no"): item for item in held}
    for item in stated:
        known[item.get("no")] = {**known.get(item.get("no"), {}), **item}
    if list(known.values()) == held:
        return held
    return sorted(known.values(), key=lambda item: (item.get("date", ""), item.get("no", "")))


def _named(items: Any) -> bool:
    """Return whether it is a list of objects that have a name each, no two the same."""
    if not isinstance(items, list) or not all(isinstance(item, dict) and "name" in item for item in items):
        return False
    return len({str(item["name"]) for item in items}) == len(items)


def _renew_raw(fields: dict[str, Any], held: dict[str, str], stated: Record, columns: frozenset[str]) -> None:
    """Keep the written form of the fields that were not stated anew."""
    renewed = stated.fields.keys() | {name for name in columns if name not in fields}
    raw = {name: text for name, text in held.items() if name not in renewed} | stated.fields.get("raw", {})
    fields.pop("raw", None)
    if raw:
        fields["raw"] = raw


def _exported(record: Record) -> str:
    return str(record.source.get("exported", ""))


def _published(record: Record) -> str:
    dates = [item.get("date", "") for item in record.fields.get("publications", ())]
    return max([record.fields.get("publication_date", ""), *dates])
