"""What was judged once and is judged otherwise now, because rules or roles have changed: it is to be taken up again."""

from collections.abc import Iterable, Iterator

from catalog import judgement, organisations
from catalog.bodies import place
from catalog.catalogue import Catalogue, Origin
from catalog.journal import CHUNK
from catalog.judgement import RoleOf
from sync.schema import key
from sync.store import Log, Store

Range = tuple[int, int, int]  # log, first, last


def otherwise(store: Store, catalogue: Catalogue, role_of: RoleOf, origins: Iterable[Origin] = ()) -> Iterator[Range]:
    """Yield the entries, of all logs or of some, that are judged otherwise today than the view has it."""
    logs = {log.id: log for log in store.logs()}
    for one in origins or catalogue.origins().values():
        for first in range(0, one.covered, CHUNK):
            last = min(first + CHUNK, one.covered)
            yield from ranges(sorted(_judged_otherwise(store, catalogue, logs[one.id], first, last, role_of(one.name))))


def review(store: Store, catalogue: Catalogue, role_of: RoleOf) -> list[Range]:
    """Return what is judged otherwise by the roles that origins have now; where nothing is, note that they have them."""
    seen = _registered(store)
    if catalogue.basis("registered") == seen:
        return []
    changed = [one for one in catalogue.origins().values() if one.role != role_of(one.name)]
    found = list(otherwise(store, catalogue, role_of, changed)) if changed else []
    if not found:
        with catalogue.write() as db:
            for one in changed:
                db.execute("update origin set role = ? where id = ?", (role_of(one.name), one.id))
                catalogue.stale(organisations.shared(catalogue, one.name))
            catalogue.set_basis("registered", seen)
    return found


def _registered(store: Store) -> str:
    """Return what changes whenever a role may have changed: how much the registry has been told."""
    query = "select (select count(*) from control) || '+' || (select count(*) from introduction)"
    return str(store.db.execute(query).fetchone()[0])


def _judged_otherwise(store: Store, catalogue: Catalogue, log: Log, first: int, last: int, role: str) -> set[int]:
    """Return the parts accepted now and not before, or the other way round."""
    span = key(log.id, first), key(log.id, last)
    held = {id for (id,) in catalogue.db.execute("select id from assertion where id >= ? and id < ?", span)}
    return {one.id for one in judgement.judge(store, log, first, last, role).statements} ^ held


def ranges(ids: Iterable[int]) -> Iterator[Range]:
    """Yield the entries of these parts, given by id, as ranges of neighbours."""
    start, end = (-1, -1), -1
    for log, index, _ in map(place, ids):
        if (log, index) == (start[0], end) and index - start[1] < CHUNK:
            end += 1
        elif (log, index) != (start[0], end - 1):
            if end >= 0:
                yield *start, end
            start, end = (log, index), index + 1
    if end >= 0:
        yield *start, end
