"""Entries whose rows are not what the log says, taken up again from the log; and why others stay as they are.

Where two catalogues differ, each side looks at its own: the rows are worked out anew from the verified entries, and
only rows that differ from that are wrong here. What the log itself does not hold yet, or keeps out, is told.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import orjson

from catalog import decisions, judgement, published, reviewing
from catalog.applying import Clock, apply
from catalog.catalogue import Catalogue
from catalog.judgement import Judged, RoleOf
from catalog.sources import role_by_name
from sync import entry
from sync.bundles import Bundles
from sync.schema import INDEX_SHIFT, LOG_SHIFT, index_of, key
from sync.store import Log, Store

MENDED, SOUND, WAITING, QUARANTINED, ABSENT, STUCK = WORDS = (
    "mended", "sound", "waiting", "quarantined", "absent", "stuck"
)  # fmt: skip
_PART_MASK = (1 << INDEX_SHIFT) - 1
_BY_RECORD = ("claim", "loose", "joined", "about")


@dataclass(frozen=True, slots=True)
class Mended:
    """What became of one entry: its rows were wrong and were taken up again; or why they stay as they are.

    mended; sound (they are what the log says); waiting (a part is not held here); quarantined, by these rules; absent
    (not in this catalogue yet); stuck (wrong still: the catalogue must be rebuilt).
    """

    index: int
    word: str
    rules: tuple[str, ...] = ()


def mend(
    store: Store,
    catalogue: Catalogue,
    me: str,
    clock: Clock,
    role_of: RoleOf,
    origin: str,
    indices: Iterable[int],
    due: Callable[[str, int], bool],
) -> list[Mended]:
    """Judge entries of a log again, take up those that the catalogue has otherwise, and return what became of each.

    Parts that are missing here are wanted from now on if they are `due` (audience, index). Nothing else changes: an
    entry whose rows are right is left alone.
    """
    log, wanted = store.log(origin), sorted(set(indices))
    covered = catalogue.covered(log.id) if log else 0
    held = [one for one in wanted if one < covered]
    if log is None or not held:
        return [Mended(one, ABSENT) for one in wanted]
    check = _Check(store, catalogue, me, role_of(origin) or role_by_name(origin), log)
    wrong = check.wrong(held)
    if wrong:
        with catalogue.write():
            _retake(catalogue, [key(log.id, one) for one in wrong])
        apply(store, catalogue, me, clock, role_of)
    still = check.wrong(wrong)
    _want(store, log, check.waiting, due)
    mended = {one: check.why(one) if one in check.missing() else Mended(one, MENDED) for one in wrong}
    mended.update((one, Mended(one, STUCK)) for one in still)
    mended.update((one, Mended(one, ABSENT)) for one in wanted if one >= covered)
    return [mended.get(one) or check.why(one) for one in wanted]


class _Check:
    """What entries of one log are worth now, beside what the catalogue has of them."""

    def __init__(self, store: Store, catalogue: Catalogue, me: str, role: str, log: Log):
        self._store = store
        self._catalogue = catalogue
        self._me = me
        self._role = role
        self._log = log
        self.waiting: set[int] = set()
        self._rules: dict[int, set[str]] = {}

    def wrong(self, indices: Sequence[int]) -> list[int]:
        """Return those of the entries that the catalogue has otherwise."""
        known, log = published.known(self._catalogue), self._log
        found: set[int] = set()
        for _log, first, last in reviewing.ranges(key(log.id, one) for one in indices):
            judged = judgement.judge(self._store, log, first, last, self._role, known)
            judged = decisions.honour(self._store, self._catalogue, log, first, last, judged, self._me)
            self.waiting.update(judged.waiting)
            for id, _name, findings in judged.rejected:
                broken = {one["rule"] for one in orjson.loads(findings) if one["severity"] == "error"}
                self._rules.setdefault(index_of(id), set()).update(broken)
            now = _stated(judged)
            had = _has(self._catalogue, key(log.id, first), key(log.id, last))
            found.update(index_of(id) for id, *_said in now ^ had)
        return sorted(found)

    def missing(self) -> set[int]:
        """Return the entries of which a part is not held here."""
        return {index_of(id) for id in self.waiting}

    def why(self, index: int) -> Mended:
        """Return why an entry stays as it is."""
        if index in self.missing():
            return Mended(index, WAITING)
        if index in self._rules:
            return Mended(index, QUARANTINED, tuple(sorted(self._rules[index])))
        return Mended(index, SOUND)


def _stated(judged: Judged) -> set[tuple[int, str, int]]:
    """Return (part id, key, 0 accepted, 1 kept out or 2 awaited) of what was judged."""
    accepted = {(one.id, one.record.key, 0) for one in judged.statements}
    kept_out = {(id, name, 1) for id, name, _findings in judged.rejected}
    return accepted | kept_out | {(id, "", 2) for id in judged.waiting}


def _has(catalogue: Catalogue, start: int, end: int) -> set[tuple[int, str, int]]:
    """Return the same of what the catalogue has; "" is the key of an assertion whose record is gone."""
    rows = catalogue.db.execute(
        "select assertion.id, coalesce(record.key, ''), 0 from assertion left join record "
        "on record.id = assertion.record where assertion.id >= ?1 and assertion.id < ?2 "
        "union all select distinct id, kind || ':' || about, 0 from stated where id >= ?1 and id < ?2 "
        "union all select id, key, 1 from quarantine where id >= ?1 and id < ?2 "
        "union all select id, '', 2 from waiting where id >= ?1 and id < ?2",
        (start, end),
    )
    return set(rows.fetchall())


def _retake(catalogue: Catalogue, entries: Sequence[int]) -> None:
    """Have entries, by the id of their first part, taken up again, and all that stands under the same records.

    A record may bear a wrong key, or be gone: then what hangs on it goes as well.
    """
    db = catalogue.db
    rows = [(id >> LOG_SHIFT, index_of(id)) for id in entries]
    db.executemany("insert or ignore into retake(log, idx) values (?, ?)", rows)
    span = "assertion.id >= ? and assertion.id < ?"
    records: dict[int, bool] = {}
    for id in entries:
        found = db.execute(
            "select record, record.id is null from assertion left join record on record.id = assertion.record "
            f"where {span}",
            (id, id + (1 << INDEX_SHIFT)),
        )
        records.update(found.fetchall())
    for record, is_gone in sorted(records.items()):
        stated = db.execute("select id from assertion where record = ?", (record,)).fetchall()
        same = [(id >> LOG_SHIFT, index_of(id)) for (id,) in stated]
        db.executemany("insert or ignore into retake(log, idx) values (?, ?)", same)
        for table in _BY_RECORD if is_gone else ():
            db.execute(f"delete from {table} where record = ?", (record,))
        db.execute("insert or ignore into dirty(record) values (?)", (record,))  # so that the index forgets it


def _want(store: Store, log: Log, waiting: Iterable[int], due: Callable[[str, int], bool]) -> None:
    """Want the parts that are missing here and due."""
    bundles = Bundles(store, log)
    wanted = []
    for id in sorted(waiting):
        index, number = index_of(id), id & _PART_MASK
        audience = entry.commitments(bundles.entries(index, index + 1)[0])[1][number][0]
        if due(audience, index):
            wanted.append(((index, number), audience))
    if wanted:
        with store.write():
            bundles.want(wanted)
