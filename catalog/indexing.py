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
_compressor, _decompressor = zstandard.ZstdCompressor(level=1), zstandard.ZstdDecompressor()


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
    rows = list(
        catalogue.many(
            "select id, key, coalesce(wider, id), views, filing_date from record "
            "where id in ({}) and state = 'current' and category <> 'statement' order by id",
            dirty,
        )
    )
    parts = gathered(catalogue, sorted({full for _, _, full, _, _ in rows}), {})
    sources = Sources(catalogue)
    found = []
    for id, name, full, mask, day in rows:
        record = _record(name, parts[full], mask, bodies, sources)
        if record:
            found.append((id, [*_texts(record, sources.known), columns(record, sources.known).ipc, day]))
    _put(catalogue, found)
    db.executemany("delete from dirty where record = ?", [(id,) for id in dirty])
    return len(dirty)


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
    kept = [(id, _compressor.compress(orjson.dumps(texts))) for id, texts in found]
    db.executemany("insert into indexed(record, texts) values (?, ?)", kept)
