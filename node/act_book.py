"""Where in the own log it stands who decided what; what was decided is read from the log alone."""

from node.page import Page


class ActBook(Page):
    """The acts of one notebook."""

    def add_act(self, index: int) -> None:
        """Remember that entry `index` of the own log says who did what."""
        with self._write() as db:
            db.execute("insert or ignore into act (entry) values (?)", [index])

    def acts(self, limit: int, before: int) -> list[int]:
        """Return such entries below `before`, newest first, at most `limit`."""
        with self._open() as db:
            rows = db.execute("select entry from act where entry < ? order by entry desc limit ?", [before, limit])
            return [int(row["entry"]) for row in rows]
