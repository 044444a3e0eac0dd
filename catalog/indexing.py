"""From records of the catalogue into what search reads: words, IPC symbols, days. Has its own cursor, the dirty queue.

The word index keeps no text of its own, and SQLite 3.40 takes a row out of such an index only against the very text
that was put in. That text is kept compressed in `indexed` rather than read from log.db again, where it may have been
erased meanwhile.
"""

from collections.abc import Callable
from functools import lru_cache
from threading import Event
from typing import Any

import orjson
import zstandard

from catalog import words
from catalog.bodies import Bodies
from catalog.catalogue import Catalogue
from catalog.composing import gathered
from catalog.sources import Sources
from catalog.standing import Held, stand
from records import kinds
from records.body import Record
from records.kinds import Kind, Kinds
from records.view import columns
from sync.store import Store

_BATCH = 512
_ELSEWHERE = ("title", "applicants", "inventors", "ipc", "status")
_NOT_WORDS = ("note", "office", "raw", "status_text")
_WORDS = "title, applicants, inventors, numbers, text"
_compressor, _decompressor = zstandard.ZstdCompressor(level=1, write_checksum=True), zstandard.ZstdDecompressor()


def index(
    store: Store,
    catalogue: Catalogue,
    progress: Callable[[int, int], None] | None = None,
    stop: Event | None = None,
) -> int:
    """Make every record that changed searchable as it stands now; return how many there were.

    Each batch is one transaction. `progress` gets (records done, all that wait); `stop` ends between two batches.
    """
    done, bodies = 0, Bodies(store)
    total = catalogue.lag(store).records
    while not (stop and stop.is_set()):
        with catalogue.write():
            count = _index_batch(catalogue, bodies)
        if not count:
            break
        done += count
        if progress:
            progress(done, max(total, done))
    return done


def _index_batch(catalogue: Catalogue, bodies: Bodies) -> int:
    db = catalogue.db
    dirty = [id for (id,) in db.execute("select record from dirty order by record limit ?", (_BATCH,))]
    _take_out(catalogue, dirty)
    _put(catalogue, _wanted(catalogue, bodies, dirty))
    db.executemany("delete from dirty where record = ?", [(id,) for id in dirty])
    return len(dirty)


def _wanted(catalogue: Catalogue, bodies: Bodies, ids: list[int]) -> list[tuple[int, list[Any]]]:
    """Return what search should read of these records: the texts, the IPC symbols, the day."""
    rows = list(
        catalogue.many(
            "select id, key, coalesce(wider, id), views, filing_date from record "
            "where id in ({}) and state = 'current' and category <> 'statement' order by id",
            ids,
        )
    )
    parts = gathered(catalogue, sorted({full for _, _, full, _, _ in rows}), {})
    sources = Sources(catalogue)
    found = []
    for id, name, full, mask, day in rows:
        record = _record(name, parts[full], mask, bodies, sources)
        if record:
            found.append((id, [*_texts(record, sources.known), columns(record, sources.known).ipc, day]))
    return found


def differing(store: Store, catalogue: Catalogue, ids: list[int]) -> list[int]:
    """Return those of the records of which search reads something else than it should, or that it should not read."""
    db = catalogue.db
    wanted = {id: orjson.loads(orjson.dumps(texts)) for id, texts in _wanted(catalogue, Bodies(store), ids)}
    kept = catalogue.many("select record, texts from indexed where record in ({})", ids)
    held = {id: _opened(blob) for id, blob in kept}
    wrong = {id for id in ids if wanted.get(id) != held.get(id)}
    for id, texts in wanted.items():
        found = [db.execute("select 1 from listed where (day, record) = (?, ?)", (texts[6], id)).fetchone()]
        for ipc in texts[5]:
            found.append(db.execute("select 1 from symbol where (ipc, record) = (?, ?)", (ipc, id)).fetchone())
        if None in found:
            wrong.add(id)
    return sorted(wrong)


def is_counted(catalogue: Catalogue) -> bool:
    """Tell whether what is searched by day is as much as what is searched by words: nothing is left of old records."""
    db = catalogue.db
    (listed,), (indexed,) = (db.execute(f"select count(*) from {one}").fetchone() for one in ("listed", "indexed"))
    strangers = "select 1 from symbol where record not in (select record from indexed) limit 1"
    return listed == indexed and db.execute(strangers).fetchone() is None


def again(store: Store, catalogue: Catalogue, id: int) -> None:
    """Have a record indexed again, whatever is left of it; inside a transaction.

    The words were given a text that is kept beside them; where that cannot be read, it was what the record still says.
    """
    db = catalogue.db
    for table in ("symbol", "listed"):
        db.execute(f"delete from {table} where record = ?", (id,))
    row = db.execute("select texts from indexed where record = ?", (id,)).fetchone()
    if row is not None and _opened(row[0]) is None:
        for _id, texts in _wanted(catalogue, Bodies(store), [id]):
            db.execute("update indexed set texts = ? where record = ?", (_kept(texts), id))
    db.execute("insert or ignore into dirty(record) values (?)", (id,))


def _kept(texts: list[Any]) -> bytes:
    return _compressor.compress(orjson.dumps(texts))


def _opened(blob: bytes) -> Any:
    """Return the texts that search was given, None where they cannot be read."""
    try:
        return orjson.loads(_decompressor.decompress(blob))
    except (zstandard.ZstdError, orjson.JSONDecodeError, TypeError):
        return None


def _record(name: str, parts: list[Held], mask: int, bodies: Bodies, sources: Sources) -> Record | None:
    if len(parts) == 1:
        return bodies.load(parts[0].id)
    found = stand(parts, mask & -mask, bodies.load, sources)
    return found.record(name) if found else None


def _texts(record: Record, known: Kinds) -> list[str]:
    """Return the columns of the word index."""
    shown, kind = columns(record, known), known.get(record.kind)
    numbers_at, words_at = _searched(kind) if kind else ((), ())
    stated = [number for path in numbers_at for number in kinds.stated(record.fields, path)]
    numbers = [form for number in stated for form in words.written(number)]
    long_texts = [text for path in words_at for text in kinds.stated(record.fields, path)]
    columns_of = ([shown.title], shown.applicants, shown.inventors, [*numbers, *shown.ipc], long_texts)
    return [words.spaced(texts) for texts in columns_of]


@lru_cache(maxsize=1024)
def _searched(kind: Kind) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the paths that are searched as numbers, and those of other words than title, names and numbers.

    Numbers are what identifies a record. Words are the abstract, and the claim of a patent; of other kinds whatever is
    plain text, neither read in a format nor out of a list.
    """
    places = kind.schema["x-view"]
    identifiers = () if kind.category == "event" else kind.identifiers()
    numbers = tuple(dict.fromkeys([*_paths(places["number"]), *identifiers]))
    abstract = _paths(places.get("abstract", "abstract"))
    if "x-type-digits" in kind.schema:
        return numbers, (*abstract, "claim1")
    elsewhere = {*numbers, *(path for place in _ELSEWHERE for path in _paths(places.get(place, ()))), *_NOT_WORDS}
    plain = [name for name, spec in kind.fields.items() if _is_plain(spec) and name not in elsewhere]
    return numbers, tuple(dict.fromkeys([*abstract, *plain]))


def _paths(said: Any) -> tuple[str, ...]:
    return (said,) if isinstance(said, str) else tuple(said)


def _is_plain(spec: dict[str, Any]) -> bool:
    inner = spec.get("items", spec)
    return inner.get("type") == "string" and not {"format", "enum", "pattern"} & inner.keys()


def _take_out(catalogue: Catalogue, ids: list[int]) -> None:
    old: list[tuple[int, list[Any]]] = [
        (id, orjson.loads(_decompressor.decompress(blob)))
        for id, blob in catalogue.many("select record, texts from indexed where record in ({})", ids)
    ]
    db = catalogue.db
    db.executemany(
        f"insert into words(words, rowid, {_WORDS}) values ('delete', ?, ?, ?, ?, ?, ?)",
        [(id, *texts[:5]) for id, texts in old],
    )
    symbols = [(ipc, id) for id, texts in old for ipc in texts[5]]
    db.executemany("delete from symbol where ipc = ? and record = ?", symbols)
    db.executemany("delete from listed where day = ? and record = ?", [(texts[6], id) for id, texts in old])
    db.executemany("delete from indexed where record = ?", [(id,) for id, _ in old])


def _put(catalogue: Catalogue, found: list[tuple[int, list[Any]]]) -> None:
    db = catalogue.db
    db.executemany(
        f"insert into words(rowid, {_WORDS}) values (?, ?, ?, ?, ?, ?)", [(id, *texts[:5]) for id, texts in found]
    )
    symbols = [(ipc, id) for id, texts in found for ipc in texts[5]]
    db.executemany("insert or ignore into symbol(ipc, record) values (?, ?)", symbols)
    db.executemany("insert into listed(day, record) values (?, ?)", [(texts[6], id) for id, texts in found])
    kept = [(id, _kept(texts)) for id, texts in found]
    db.executemany("insert into indexed(record, texts) values (?, ?)", kept)
