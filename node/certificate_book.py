"""The certificates that were given to children: when the newest of each ends, and by which authority it is."""

from node.page import Page


class CertificateBook(Page):
    """The certificates that one notebook has seen given to children."""

    def gave_certificate(self, origin: str, ends_s: int) -> None:
        """Remember when the newest certificate of a child ends (POSIX seconds)."""
        with self._write() as db:
            db.execute("insert or replace into certificate (origin, ends) values (?, ?)", [origin, ends_s])

    def certificates(self) -> dict[str, int]:
        """Return by child when its newest certificate ends."""
        with self._open() as db:
            return {row["origin"]: row["ends"] for row in db.execute("select origin, ends from certificate")}

    def showed(self, origin: str, authority: bytes) -> None:
        """Remember that a child has called with a certificate of the authority that has this hash."""
        if self.shown().get(origin) != authority:
            with self._write() as db:
                db.execute("insert or replace into shown (origin, authority) values (?, ?)", [origin, authority])

    def shown(self) -> dict[str, bytes]:
        """Return by child the hash of the newest authority of which it has shown a certificate."""
        with self._open() as db:
            return {row["origin"]: row["authority"] for row in db.execute("select origin, authority from shown")}
