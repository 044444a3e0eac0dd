"""What the catalogue refuses. The edge translates."""


class CatalogError(Exception):
    """Base of everything that `catalog` raises; the arguments are the facts."""


class NoCatalogue(CatalogError):
    """The file is not there; making one is its own command: (path,)."""


class OtherLog(CatalogError):
    """The catalogue was built from another state of log.db than the one at hand and must be rebuilt: (journal id,)."""


class BadQuery(CatalogError):
    """A query that cannot be answered as asked: (field, value, why)."""


class BadToken(CatalogError):
    """A resumption token that this query did not give out: (token,)."""


class MalformedVerdict(CatalogError):
    """A verdict that we would not have written: (why,)."""
