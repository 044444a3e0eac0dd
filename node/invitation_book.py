"""Who was invited to be a node below this one, and what became of it; only hashes of secrets are kept."""

import sqlite3
from dataclasses import dataclass

from node.errors import NoInvitation, TokenExpired, TokenUsed, TokenWithdrawn
from node.page import Page


@dataclass(frozen=True, slots=True)
class Invitation:
    """An invitation and what became of it: invited, used, expired or withdrawn; only hashes of secret and keys.

    `recovers` is 1 for one that gives new keys to a node that lost its own.
    """

    secret_hash: bytes
    origin: str
    role: str
    name: str
    alliance_id: str
    expires: int
    state: str
    used_keys_hash: bytes
    created_at: int
    recovers: int = 0


class InvitationBook(Page):
    """The invitations of one notebook."""

    def invite(self, invitation: Invitation) -> None:
        """Write down a new invitation."""
        with self._write() as db:
            _insert(db, "invitation", invitation)

    def find_invitation(self, secret_hash: bytes) -> Invitation | None:
        """Return the invitation with this hash of a secret, in whatever state."""
        with self._open() as db:
            row = db.execute("select * from invitation where secret_hash = ?", [secret_hash]).fetchone()
        return Invitation(**row) if row else None

    def invitations(self) -> list[Invitation]:
        """Return all invitations, newest first."""
        with self._open() as db:
            return [Invitation(**row) for row in db.execute("select * from invitation order by created_at desc, rowid")]

    def use_invitation(self, secret_hash: bytes, keys_hash: bytes, now: float) -> Invitation:
        """Mark an invitation as used with these keys and return it; the same keys again get the same answer.

        Raises NoInvitation, TokenWithdrawn, TokenExpired, and TokenUsed when other keys have used it.
        """
        with self._write() as db:
            row = db.execute("select * from invitation where secret_hash = ?", [secret_hash]).fetchone()
            if row is None:
                raise NoInvitation()
            found = Invitation(**row)
            if found.state == "used":
                if found.used_keys_hash != keys_hash:
                    raise TokenUsed(found.origin)
                return found
            if found.state == "withdrawn":
                raise TokenWithdrawn(found.origin)
            if found.state == "expired" or found.expires <= now:
                raise TokenExpired(found.expires)
            db.execute(
                "update invitation set state = 'used', used_keys_hash = ? where secret_hash = ? and state = 'invited'",
                [keys_hash, secret_hash],
            )
        return found

    def withdraw_invitations(self, origin: str) -> int:
        """Take back what was not used yet of the invitations for `origin`; return how many."""
        with self._write() as db:
            return db.execute(
                "update invitation set state = 'withdrawn' where origin = ? and state = 'invited'", [origin]
            ).rowcount

    def expire_invitations(self, now: float) -> int:
        """Mark unused invitations past their time as expired; return how many."""
        with self._write() as db:
            return db.execute(
                "update invitation set state = 'expired' where state = 'invited' and expires <= ?", [now]
            ).rowcount


def _insert(db: sqlite3.Connection, table: str, value: Invitation) -> None:
    names = value.__dataclass_fields__
    marks = ", ".join("?" * len(names))
    db.execute(f"insert into {table} ({', '.join(names)}) values ({marks})", [getattr(value, name) for name in names])
