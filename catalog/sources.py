"""Who states what: the origins of a catalogue by log, with the roles and registered names that their rank rests on.

And in what terms: the kinds that are known.
"""

from functools import cache

from catalog import published
from catalog.catalogue import Catalogue
from records.merge import Source

_BY_DEPTH = ("hub", "substation", "outlet")


def role_by_name(origin: str) -> str:
    """Return what an origin is by its name alone, for one that the registry does not know here."""
    return _BY_DEPTH[min(origin.count("/"), 2)]


class Sources:
    """Origins and kinds (`known`) of one catalogue as they are now, for one transaction or call."""

    def __init__(self, catalogue: Catalogue):
        self._db = catalogue.db
        self.known = published.known(catalogue)
        self.name = cache(self._name)
        self.source = cache(self._source)

    def _name(self, log: int) -> str:
        """Return the origin of an applied log."""
        return str(self._db.execute("select name from origin where id = ?", (log,)).fetchone()[0])

    def _source(self, origin: str) -> Source:
        row = self._db.execute("select role from origin where name = ?", (origin,)).fetchone()
        named = self._db.execute("select name, uscc from organisation where origin = ?", (origin,)).fetchone()
        return Source(row[0] if row else role_by_name(origin), *(named or ("", "")))
