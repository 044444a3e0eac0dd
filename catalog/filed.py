"""What one origin has filed for a key: its newest accepted entry, part by part. What imports compare with."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from catalog.catalogue import Catalogue
from records import body
from records.body import Record
from records.errors import MalformedRecord
from sync import entry
from sync.bundles import Bundles
from sync.schema import index_of, key
from sync.store import Log, Store
from sync.tree import BUNDLE

_LOOKUP = 500


@dataclass(frozen=True, slots=True)
class Filed:
    """One entry: where it is, and what its parts said, by audience."""

    index: int
    parts: tuple[tuple[str, Record], ...]

    @property
    def record(self) -> Record:
        """What is asserted, all parts together; a withdrawal if no part asserts anything."""
        said = [record for _audience, record in self.parts if record.op == "assert"]
        if len(said) < 2:
            return said[0] if said else self.parts[0][1]
        fields = {name: value for record in said for name, value in record.fields.items()}
        return Record(said[0].key, "assert", said[0].kind, said[0].version, fields, said[0].source)


def filed(
    store: Store, catalogue: Catalogue, log: Log, keys: Sequence[str], before: int | None = None
) -> dict[str, Filed]:
    """Return by key the newest entry that `log` states, below index `before`; keys that it never stated are left out.

    The catalogue must be up to date with the log.
    """
    span = (key(log.id, 0), key(log.id, log.next_entry if before is None else before))
    newest: dict[str, int] = {}
    for at in range(0, len(keys), _LOOKUP):
        some = keys[at : at + _LOOKUP]
        rows = catalogue.db.execute(
            "select record.key, max(assertion.id) from record join assertion on assertion.record = record.id "
            f"where record.key in ({','.join('?' * len(some))}) and record.wider is null "
            "and assertion.id >= ? and assertion.id < ? group by record.key",
            (*some, *span),
        )
        newest.update(rows.fetchall())
    entries = _entries(Bundles(store, log), sorted({index_of(id) for id in newest.values()}))
    return {one: entries[index_of(id)] for one, id in newest.items()}


def kept_out(store: Store, catalogue: Catalogue, log: Log, key_: str) -> Filed | None:
    """Return the newest entry of `log` on a key that is quarantined here, so that it can be taken back; or None."""
    span = (key(log.id, 0), key(log.id, log.next_entry))
    (id,) = catalogue.db.execute(
        "select max(id) from quarantine where key = ? and id >= ? and id < ?", (key_, *span)
    ).fetchone()
    if id is None:
        return None
    try:
        found = _entries(Bundles(store, log), [index_of(id)])[index_of(id)]
    except MalformedRecord:
        return None
    return found if found.parts else None


def keys_between(catalogue: Catalogue, log: Log, first: int, last: int) -> list[str]:
    """Return the keys that entries [first, last) of a log state, by key."""
    rows = catalogue.db.execute(
        "select distinct record.key from assertion join record on assertion.record = record.id "
        "where assertion.id >= ? and assertion.id < ? order by record.key",
        (key(log.id, first), key(log.id, last)),
    )
    return [one for (one,) in rows]


def _entries(bundles: Bundles, indices: Sequence[int]) -> dict[int, Filed]:
    """Return entries by index; those that lie in one bundle are read together."""
    found: dict[int, Filed] = {}
    for _bundle, group in groupby(indices, lambda index: index // BUNDLE):
        mine = list(group)
        first, last = mine[0], mine[-1] + 1
        raws = bundles.entries(first, last)
        parts: dict[int, list[tuple[str, Record]]] = {index: [] for index in mine}
        audiences = {index: entry.commitments(raws[index - first])[1] for index in mine}
        for (index, number), content in bundles.parts(first, last):
            if index in parts:
                audience = audiences[index][number][0]
                parts[index].append((audience, body.decode(content[entry.SALT_BYTES :])))
        found.update((index, Filed(index, tuple(said))) for index, said in parts.items())
    return found
