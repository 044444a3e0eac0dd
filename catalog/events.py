"""Which events are about which right, and the legal status that a right has by its newest one.

An event names its right by key. A right is also meant by a key that it alone claims (aliases.py).
"""

from collections.abc import Iterable, Sequence
from typing import Any

from catalog.catalogue import Catalogue
from records import legal_status
from records.kinds import Kind

_NEWEST = (
    "select record.status, record.key, record.origin from about "
    "join record on record.id = about.record or record.wider = about.record "
    "where about.right in ({}) and record.views & ? <> 0 and record.state = 'current' and record.status <> '' "
    "order by coalesce(nullif(record.filing_date, ''), record.publication_date) desc, record.publication_date desc, "
    "record.key desc limit 1000"
)


def rights(kind: Kind, fields: dict[str, Any]) -> tuple[str, ...]:
    """Return the keys of the rights that an event says it is about; () for what is none."""
    said = fields.get("right") if kind.category == "event" else None
    return (said,) if isinstance(said, str) else ()


def meaning(fields: dict[str, Any]) -> str:
    """Return what an event makes of its right: "valid", "invalid", "pending", or "" where it leaves that open."""
    code, st27, text, raw = (str(fields.get(name, "")) for name in ("code", "st27", "event_text", "raw_text"))
    return legal_status.by_event(code, st27, text or raw)


def any_known(catalogue: Catalogue) -> bool:
    """Return whether there is any event at all."""
    return bool(catalogue.db.execute("select exists (select 1 from about)").fetchone()[0])


def link(catalogue: Catalogue, record: int, rights: Iterable[str]) -> None:
    """Know which rights an event is about, which may be others than before; those are put together again."""
    known = {right for (right,) in catalogue.db.execute("select right from about where record = ?", (record,))}
    wanted = set(rights)
    catalogue.db.executemany(
        "delete from about where right = ? and record = ?", [(one, record) for one in known - wanted]
    )
    catalogue.db.executemany(
        "insert into about(right, record) values (?, ?)", [(one, record) for one in wanted - known]
    )
    touch(catalogue, sorted(known | wanted))


def add(catalogue: Catalogue, rows: Sequence[tuple[str, int]]) -> None:
    """Know which rights new events are about: (right, record)."""
    catalogue.db.executemany("insert into about(right, record) values (?, ?)", rows)
    touch(catalogue, sorted({right for right, _ in rows}))


def touch(catalogue: Catalogue, rights: Sequence[str]) -> None:
    """Have the rights that these keys mean put together again."""
    by_key = catalogue.many("select id from record where wider is null and key in ({})", rights)
    by_claim = catalogue.many("select record from claim where alias in ({})", rights)
    catalogue.stale(id for rows in (by_key, by_claim) for (id,) in rows)


def with_events(catalogue: Catalogue, rights: Sequence[str]) -> list[str]:
    """Return those of the keys that events name."""
    if not any_known(catalogue):
        return []
    return [right for (right,) in catalogue.many("select distinct right from about where right in ({})", rights)]


def meant_by(catalogue: Catalogue, key: str, record: int, mask: int) -> list[str]:
    """Return the keys that mean a right in a view: its own, and those that no other right claims there."""
    rows = catalogue.db.execute(
        "select alias from claim as mine where record = ? and views & ? <> 0 and not exists "
        "(select 1 from claim as other where other.alias = mine.alias and other.record <> mine.record "
        "and other.views & ? <> 0) order by alias",
        (record, mask, mask),
    )
    return [key, *(alias for (alias,) in rows)]


def told(catalogue: Catalogue, key: str, record: int, mask: int) -> list[tuple[str, str, str]]:
    """Return the status that each event in a view gives a right, the event's key and whose it is, newest first."""
    keys = meant_by(catalogue, key, record, mask)
    marks = ",".join("?" * len(keys))
    return catalogue.db.execute(_NEWEST.format(marks), (*keys, mask)).fetchall()


def about(catalogue: Catalogue, key: str, record: int, mask: int) -> list[tuple[int, str]]:
    """Return the events of a right that a view shows, oldest first: (record, key)."""
    keys = meant_by(catalogue, key, record, mask)
    marks = ",".join("?" * len(keys))
    rows = catalogue.db.execute(
        "select distinct coalesce(record.wider, record.id), record.key, record.filing_date, record.publication_date "
        "from about join record on record.id = about.record or record.wider = about.record "
        f"where about.right in ({marks}) and record.views & ? <> 0 and record.state = 'current' "
        "order by coalesce(nullif(record.filing_date, ''), record.publication_date), record.key",
        (*keys, mask),
    )
    return [row[:2] for row in rows]
