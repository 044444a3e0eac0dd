"""Where a record stands: the entries that state it, by its key or number, or one entry as ORIGIN#INDEX."""

from catalog import showing
from catalog.bodies import place
from node import cataloguing, entries, lookups
from node.node import Node, Opened
from sync.store import Log


def entries_of(node: Node, text: str) -> list[tuple[str, int]]:
    """Return the entries that are held here and state a record, in every version, or the one that `text` names.

    Raises NoSuchRecord.
    """
    named = entries.named(text)
    found = [named] if named else _stating(node, lookups.find_key(node, text) or text)
    with node.opened() as here:
        known = {origin: here.store.log(origin) for origin, _index in found}
    held = [one for one in found if _holds(known[one[0]], one[1])]
    if not held:
        raise lookups.NoSuchRecord(text)
    return held


def _stating(node: Node, key: str) -> list[tuple[str, int]]:
    with node.opened() as here, cataloguing.catalogue(node) as found:
        rows = found.db.execute(
            "select assertion.id from assertion join record on record.id = assertion.record where record.key = ? "
            "and record.wider is null",
            (key,),
        )
        ids = sorted({id for (id,) in rows} | {one.id for one in showing.find_kept(found, key)})
        names = _names(here)
    return list(dict.fromkeys((names[log], index) for log, index, _part in map(place, ids)))


def _names(here: Opened) -> dict[int, str]:
    return {log.id: log.origin for log in here.store.logs()}


def _holds(log: Log | None, index: int) -> bool:
    return log is not None and index < log.next_entry
