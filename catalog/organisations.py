"""The names and codes that are registered for origins, on which their rank among the sources of a right rests."""

from typing import Any

from catalog.catalogue import Catalogue
from sync.schema import key

_PREFIX = "organisation:"


def know(catalogue: Catalogue, record_key: str, fields: dict[str, Any]) -> None:
    """Know what is registered for an origin now; where that is news, its rights of several sources are stale.

    Organisations that are known by their code only are nobody's origin.
    """
    origin = record_key.removeprefix(_PREFIX)
    if origin == record_key or origin.startswith("uscc/"):
        return
    said = str(fields.get("name", "")), str(fields.get("uscc", ""))
    row = catalogue.db.execute("select name, uscc from organisation where origin = ?", (origin,)).fetchone()
    if said == (row or ("", "")):
        return
    catalogue.db.execute("delete from organisation where origin = ?", (origin,))
    if any(said):
        catalogue.db.execute("insert into organisation(origin, name, uscc) values (?, ?, ?)", (origin, *said))
    catalogue.stale(shared(catalogue, origin))


def shared(catalogue: Catalogue, origin: str) -> list[int]:
    """Return the records that rest on who an origin is.

    What it states and others as well, what rests on a joined key of it, what it states that events are about, and what
    its own events are about.
    """
    row = catalogue.db.execute("select id from origin where name = ?", (origin,)).fetchone()
    if row is None:
        return []
    span = key(row[0], 0), key(row[0] + 1, 0)
    states = "select distinct record from assertion where id >= :first and id < :end"
    rows = catalogue.db.execute(
        f"select record from ({states}) as mine where exists (select 1 from assertion as other "
        "where other.record = mine.record and (other.id < :first or other.id >= :end)) "
        f"union select right from joined where record in ({states}) "
        f"union select right from joined where right in ({states}) "
        "union select id from about join record on record.key = about.right and wider is null "
        f"where id in ({states}) or about.record in ({states}) "
        "union select claim.record from about join claim on claim.alias = about.right "
        f"where claim.record in ({states}) or about.record in ({states})",
        {"first": span[0], "end": span[1]},
    )
    return [id for (id,) in rows]


def alike(catalogue: Catalogue, origin: str, name: str, code: str) -> list[tuple[str, str, str]]:
    """Return (origin, name, code) of other origins that are registered under this name or code."""
    return catalogue.db.execute(
        "select origin, name, uscc from organisation where origin != ? and (name = ? or (uscc = ? and uscc != '')) "
        "order by origin limit 20",
        (origin, name, code),
    ).fetchall()
