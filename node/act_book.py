"""Where in the own log it stands who decided what; what was decided is read from the log alone."""

from collections.abc import Iterable

from node.page import Page


class ActBook(Page):
    """The acts of one notebook."""

    def add_act(self, index: int) -> None:
        """Remember that entry `index` of the own log says who did what."""
        with self._write() as db:
            db.execute("insert or ignore into act (entry) values (?)", [index])

    def place_acts(self, start: int, found: Iterable[int]) -> None:
        """Let the acts from entry `start` on be just these. One transaction."""
        with self._write() as db:
            db.execute("delete from act where entry >= ?", [start])
            db.executemany("insert or ignore into act (entry) values (?)", [(index,) for index in found])

    def acts(self, limit: int, before: int) -> list[int]:
        """Return such entries below `before`, newest first, at most `limit`."""
        with self._open() as db:
            rows = db.execute("select entry from act where entry < ? order by entry desc limit ?", [before, limit])
            return [int(row["entry"]) for row in rows]
