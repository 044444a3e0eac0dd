"""Files that came by the inbox: each is written down before it is touched, so a crash neither loses nor doubles it."""

from dataclasses import dataclass

from node.page import Page


@dataclass(frozen=True, slots=True)
class InboxItem:
    """One file: `state` is taking, filed, refused, or moved; `submission` is its number, 0 for none.

    `moved_to` is where it goes, as a path below the inbox, chosen before it is moved. `reason` says why it was refused.
    """

    id: int
    name: str
    sha256: str
    state: str
    submission: int
    moved_to: str
    reason: str
    at: int


class InboxBook(Page):
    """The inbox of one notebook."""

    def take_item(self, name: str, sha256: str, now: float) -> InboxItem:
        """Write down a file that is about to be taken; the same one again, after a crash, is the same item."""
        with self._write() as db:
            row = db.execute(
                "select * from inbox where name = ? and sha256 = ? and state <> 'moved' order by id desc",
                [name, sha256],
            ).fetchone()
            if row is None:
                db.execute("update inbox set state = 'moved' where name = ? and state <> 'moved'", [name])
                db.execute(
                    "insert into inbox (name, sha256, state, submission, moved_to, reason, at)"
                    " values (?, ?, 'taking', 0, '', '', ?)",
                    [name, sha256, int(now)],
                )
                row = db.execute("select * from inbox where id = last_insert_rowid()").fetchone()
        return InboxItem(**row)

    def settle_item(self, id: int, state: str, moved_to: str, submission: int = 0, reason: str = "") -> None:
        """Write down what became of an item, and where its file goes, before the file is moved."""
        with self._write() as db:
            db.execute(
                "update inbox set state = ?, moved_to = ?, submission = ?, reason = ? where id = ?",
                [state, moved_to, submission, reason[:2000], id],
            )

    def item_moved(self, id: int) -> None:
        """Write down that an item's file is where it belongs."""
        with self._write() as db:
            db.execute("update inbox set state = 'moved' where id = ?", [id])

    def unmoved_items(self) -> list[InboxItem]:
        """Return the items whose files were not moved yet, oldest first."""
        with self._open() as db:
            return [InboxItem(**row) for row in db.execute("select * from inbox where state <> 'moved' order by id")]

    def items_of(self, index: int) -> list[InboxItem]:
        """Return the items of whose files entry `index` of the own log was made, oldest first."""
        with self._open() as db:
            rows = db.execute(
                "select inbox.* from inbox join submission on number = inbox.submission where first <= ? and last > ? "
                "order by inbox.id",
                [index, index],
            )
            return [InboxItem(**row) for row in rows]

    def inbox_items(self, limit: int = 100) -> list[InboxItem]:
        """Return the newest items, newest first."""
        with self._open() as db:
            return [InboxItem(**row) for row in db.execute("select * from inbox order by id desc limit ?", [limit])]
