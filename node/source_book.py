"""Repositories that are harvested, and how far: where a harvest goes on after a crash, and the next one begins."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from node.errors import NodeError
from node.messages import N_
from node.page import Page


class NoSource(NodeError):
    """No repository was added under this name: (name,)."""

    facts = ("name",)
    sentence = N_("There is no source named {name}. `source list` shows those that were added.")


class SourceExists(NodeError):
    """A name that a repository has already: (name,)."""

    facts = ("name",)
    sentence = N_("There is a source named {name} already. Remove it first, or choose another name.")


@dataclass(frozen=True, slots=True)
class Source:
    """One repository and its cursor.

    `complete_from` is the response date of the first page of the last complete harvest, "" before there was one.
    While a harvest is under way, `began` is the response date of its first page, `token` asks for its next page ("":
    there is none), `pages` and `records` count what was fetched so far, and `spooled` are its bytes in the spool.
    """

    name: str
    url: str
    prefix: str
    set_spec: str
    audience: str
    added_by: str
    added_at: int
    complete_from: str = ""
    complete_at: int = 0
    token: str = ""
    began: str = ""
    pages: int = 0
    records: int = 0
    spooled: int = 0
    error: str = ""


_BEFORE_ANY_PAGE = "update source set token = '', began = '', pages = 0, records = 0, spooled = 0 where name = ?"


class SourceBook(Page):
    """The sources of one notebook."""

    def add_source(self, source: Source) -> None:
        """Write down a new source; raise SourceExists."""
        names = source.__dataclass_fields__
        with self._write() as db:
            if db.execute("select 1 from source where name = ?", [source.name]).fetchone():
                raise SourceExists(source.name)
            db.execute(
                f"insert into source ({', '.join(names)}) values ({', '.join('?' * len(names))})",
                [getattr(source, name) for name in names],
            )

    def source(self, name: str) -> Source:
        """Return the source of that name; raise NoSource."""
        with self._open() as db:
            row = db.execute("select * from source where name = ?", [name]).fetchone()
        if row is None:
            raise NoSource(name)
        return Source(**row)

    def sources(self) -> list[Source]:
        """Return all sources, by name."""
        with self._open() as db:
            return [Source(**row) for row in db.execute("select * from source order by name")]

    def remove_source(self, name: str) -> None:
        """Forget a source; raise NoSource. What was filed from it stays."""
        with self._write() as db:
            if db.execute("delete from source where name = ?", [name]).rowcount != 1:
                raise NoSource(name)
            db.execute("delete from harvested where source = ?", [name])

    def page_fetched(self, name: str, began: str, token: str, records: int, spooled: int) -> None:
        """Write down that a page is in the spool, and which page follows; "" for none."""
        with self._write() as db:
            db.execute(
                "update source set began = ?, token = ?, pages = pages + 1, records = records + ?, spooled = ?,"
                " error = '' where name = ?",
                [began, token, records, spooled, name],
            )

    def harvest_complete(self, name: str, began: str, now: float) -> None:
        """Write down that every page was taken: the next harvest begins where this one began."""
        with self._write() as db:
            db.execute(
                "update source set complete_from = ?, complete_at = ?, error = '' where name = ?",
                [began, int(now), name],
            )
            db.execute(_BEFORE_ANY_PAGE, [name])

    def harvest_again(self, name: str) -> None:
        """Forget how far the harvest under way was: it begins again where the last complete one did."""
        with self._write() as db:
            db.execute(_BEFORE_ANY_PAGE, [name])

    def harvest_failed(self, name: str, error: str) -> None:
        """Write down what ended a harvest; what was taken is kept."""
        with self._write() as db:
            db.execute("update source set error = ? where name = ?", [error[:500], name])

    def remember_keys(self, name: str, keys: Mapping[str, str]) -> None:
        """Write down which key a record of a source states, by its identifier there."""
        rows = [(name, identifier, key) for identifier, key in keys.items()]
        with self._write() as db:
            db.executemany("insert or replace into harvested (source, identifier, key) values (?, ?, ?)", rows)

    def harvested_keys(self, name: str, identifiers: Iterable[str]) -> dict[str, str]:
        """Return by identifier the keys of those records of a source that stated one."""
        with self._open() as db:
            rows = (
                db.execute("select identifier, key from harvested where source = ? and identifier = ?", [name, one])
                for one in identifiers
            )
            return {row["identifier"]: row["key"] for found in rows for row in found}
