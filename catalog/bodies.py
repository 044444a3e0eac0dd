"""Record bodies by the id of their part, which are kept in log.db only, and the accepted parts of a key."""

from collections.abc import Sequence

from catalog.catalogue import Catalogue
from catalog.standing import Held
from records import body
from records.body import Record
from sync.bundles import Bundles
from sync.entry import SALT_BYTES
from sync.errors import Damaged
from sync.schema import INDEX_SHIFT, LOG_SHIFT, index_of
from sync.store import Log, Store

_PART_MASK = (1 << INDEX_SHIFT) - 1


def place(id: int) -> tuple[int, int, int]:
    """Return (log, index, part number) of a part id."""
    return id >> LOG_SHIFT, index_of(id), id & _PART_MASK


def log_of(store: Store, id: int) -> Log:
    """Return the log of that id; raise Damaged where the row of it bears another name than it is known by."""
    (origin,) = store.db.execute("select origin from log where id = ?", (id,)).fetchone()
    found = store.log(origin)
    if found is None:
        raise Damaged(origin, "the row of its log bears another name")
    return found


class Bodies:
    """Reads parts of any log of one store."""

    def __init__(self, store: Store):
        self._store = store
        self._bundles: dict[int, Bundles] = {}

    def load(self, id: int) -> Record | None:
        """Return the record in a part that was accepted before, or None where it has been erased."""
        log, index, number = place(id)
        if log not in self._bundles:
            self._bundles[log] = Bundles(self._store, log_of(self._store, log))
        content = self._bundles[log].part(index, number)
        return None if content is None else body.decode(content[SALT_BYTES:])


def held(catalogue: Catalogue, records: Sequence[int], read: dict[int, Record]) -> dict[int, list[Held]]:
    """Return by record every accepted part, in the order of ids; those in `read`, by id, are filled in."""
    found: dict[int, list[Held]] = {record: [] for record in records}
    rows = catalogue.many(
        "select record, assertion.id, views, applied_at from assertion join batch on batch.id = assertion.batch "
        "where record in ({}) order by assertion.id",
        records,
    )
    lines = catalogue.lines()
    for record, id, mask, applied_at in rows:
        line, turn = lines.get(id >> LOG_SHIFT, (0, 1))
        found[record].append(Held(id, mask, applied_at, read.get(id), record, line, turn))
    return found
