"""What was judged once and is judged otherwise now, because rules, kinds or roles have changed."""

from collections.abc import Iterable, Iterator

import orjson

from catalog import decisions, judgement, organisations, published
from catalog.bodies import place
from catalog.catalogue import Catalogue
from catalog.journal import CHUNK
from catalog.judgement import RoleOf
from sync.schema import key
from sync.store import Store

Range = tuple[int, int, int]  # log, first, last
_KINDS, _ROLES = "kinds", "registered"


class Review:
    """Looks for what is judged otherwise today, in one catalogue."""

    def __init__(self, store: Store, catalogue: Catalogue, me: str, role_of: RoleOf):
        self._store = store
        self._me = me
        self._catalogue = catalogue
        self._role_of = role_of

    def begin(self) -> None:
        """Note by which kinds an empty catalogue will be judged."""
        if not self._catalogue.cursor() and not self._catalogue.basis(_KINDS):
            with self._catalogue.write():
                self._catalogue.set_basis(_KINDS, _written(self._digests()))

    def all(self) -> list[Range]:
        """Return everything that is judged otherwise."""
        return self._otherwise(self._chunks(one.id for one in self._catalogue.origins().values()))

    def due(self) -> list[Range]:
        """Return what is judged otherwise since roles or kinds have changed; where nothing is, note that."""
        return self._by_roles() or self._by_kinds()

    def _by_roles(self) -> list[Range]:
        """Whenever the registry has been told more, an origin may have another role."""
        query = "select (select count(*) from control) || '+' || (select count(*) from introduction)"
        seen = str(self._store.db.execute(query).fetchone()[0])
        if self._catalogue.basis(_ROLES) == seen:
            return []
        changed = [one for one in self._catalogue.origins().values() if one.role != self._role_of(one.name)]
        found = self._otherwise(self._chunks(one.id for one in changed))
        if not found:
            with self._catalogue.write() as db:
                for one in changed:
                    db.execute("update origin set role = ? where id = ?", (self._role_of(one.name), one.id))
                    self._catalogue.stale(organisations.shared(self._catalogue, one.name))
                self._catalogue.set_basis(_ROLES, seen)
        return found

    def _by_kinds(self) -> list[Range]:
        """A new kind, or a new version, is published by the hub or comes with a program."""
        now, before = self._digests(), self._catalogue.basis(_KINDS)
        if before == _written(now):
            return []
        known = orjson.loads(before or b"{}")
        changed = [name for name in now.keys() | known.keys() if now.get(name) != known.get(name)]
        found = self._otherwise(ranges(self._of_kinds(changed)))
        if not found:
            with self._catalogue.write():
                records = self._catalogue.many("select id from record where wider is null and kind in ({})", changed)
                self._catalogue.stale(id for (id,) in records)
                self._catalogue.set_basis(_KINDS, _written(now))
        return found

    def _of_kinds(self, changed: list[str]) -> list[int]:
        """Return the parts that state records of these kinds, and all that is kept out, by id."""
        stated = self._catalogue.many(
            "select assertion.id from record join assertion on assertion.record = record.id where record.kind in ({})",
            changed,
        )
        said = self._catalogue.many("select id from stated where kind in ({})", changed)
        kept_out = self._catalogue.db.execute("select id from quarantine")
        return sorted({id for rows in (stated, said, kept_out) for (id,) in rows})

    def _chunks(self, logs: Iterable[int]) -> Iterator[Range]:
        wanted = set(logs)
        for one in self._catalogue.origins().values():
            for first in range(0, one.covered if one.id in wanted else 0, CHUNK):
                yield one.id, first, min(first + CHUNK, one.covered)

    def _otherwise(self, spans: Iterable[Range]) -> list[Range]:
        """Return the entries in these ranges that the view has otherwise than they are judged."""
        logs = {log.id: log for log in self._store.logs()}
        known = published.known(self._catalogue)
        found: list[Range] = []
        for log, first, last in spans:
            role = self._role_of(logs[log].origin)
            judged = judgement.judge(self._store, logs[log], first, last, role, known)
            judged = decisions.honour(self._store, self._catalogue, logs[log], first, last, judged, self._me)
            found += ranges(sorted(self._differing(judged, key(log, first), key(log, last))))
        return found

    def _differing(self, judged: judgement.Judged, start: int, end: int) -> set[int]:
        """Return the parts accepted now and not before, or the other way round, or kept out for something else."""
        db, span = self._catalogue.db, (start, end)
        tables = ("assertion", "stated")
        query = " union all ".join(f"select id from {table} where id >= ? and id < ?" for table in tables)
        accepted = {id for (id,) in db.execute(query, span * 2)}
        kept_out = set(db.execute("select id, findings from quarantine where id >= ? and id < ?", span))
        rejected = {(id, findings) for id, _, findings in judged.rejected}
        return ({one.id for one in judged.statements} ^ accepted) | {id for id, _ in rejected ^ kept_out}

    def _digests(self) -> dict[str, str]:
        return published.digests(published.known(self._catalogue))


def _written(digests: dict[str, str]) -> str:
    return orjson.dumps(digests, option=orjson.OPT_SORT_KEYS).decode()


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
