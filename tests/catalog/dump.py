"""Everything in a catalogue but its row ids, for comparing."""

import orjson
import zstandard

from catalog.catalogue import Catalogue

_SHOWN = (
    "key, views, kind, category, title, number, applicants, filing_date, publication_date, status, status_from, city, "
    "origin, state"
)


def results(catalogue: Catalogue) -> list[tuple]:
    """Return what is merged, without times: the same for any order of applying."""
    return catalogue.db.execute(f"select {_SHOWN} from record order by key, views").fetchall()


def dump(catalogue: Catalogue) -> dict[str, list[tuple]]:
    """Return every table, times included; rows of `record` are named by key and mask of views."""
    db, name = catalogue.db, "(select key || views from record where record.id = {})"
    queries = {
        "record": f"select {_SHOWN}, first_applied, last_applied, (select key from record as full "
        "where full.id = record.wider) from record",
        "origin": "select * from origin",
        "batch": "select * from batch",
        "assertion": f"select id, {name.format('record')}, views, op, batch from assertion",
        "waiting": "select * from waiting",
        "quarantine": "select * from quarantine",
        "stated": "select * from stated",
        "retake": "select * from retake",
        "held": "select * from held",
        "symbol": f"select ipc, {name.format('record')} from symbol",
        "listed": f"select day, {name.format('record')} from listed",
        "claim": f"select alias, {name.format('record')}, views from claim",
        "loose": f"select {name.format('record')}, alias from loose",
        "joined": f"select {name.format('record')}, (select key from record as full where full.id = joined.right), "
        "views from joined",
        "about": f"select right, {name.format('record')} from about",
        "organisation": "select * from organisation",
        "kind": "select * from kind",
        "basis": "select * from basis",
        "stale": f"select {name.format('record')} from stale",
        "dirty": f"select {name.format('record')} from dirty",
    }
    found = {table: sorted(db.execute(query).fetchall(), key=repr) for table, query in queries.items()}
    kept = db.execute(f"select {name.format('record')}, texts from indexed").fetchall()
    texts = [(key, orjson.loads(zstandard.decompress(blob))) for key, blob in kept]
    return found | {"indexed": sorted(texts, key=repr)}
