"""What can be wrong with bytes from outside, or with what they ask for. The edge translates; see `refusals.py`."""


class SyncError(Exception):
    """Base of everything that `sync` refuses; the arguments are the facts."""


class Malformed(SyncError):
    """Bytes that we would not have written ourselves: (what, why)."""


class Damaged(Malformed):
    """Rows here that do not give what was signed, or cannot be read; nothing is concluded from them: (origin, what)."""


class BadSignature(SyncError):
    """A signature that is missing, or does not verify: (name, why)."""


class DoesNotOpen(SyncError):
    """A sealed text that its reader's key does not open, or that was sealed elsewhere: (author, reader)."""


class BadProof(SyncError):
    """Hashes that do not lead to the signed root: (why,)."""


class UnknownOrigin(SyncError):
    """No registration for this log: (origin,)."""


class NotAllowed(SyncError):
    """Registered, but may not do this now: (origin, reason word)."""

    @property
    def origin(self) -> str:
        return str(self.args[0])

    @property
    def reason(self) -> str:
        return str(self.args[1])


class ShutOut(NotAllowed):
    """Suspended or revoked, with what was given as the reason: (origin, reason word, because)."""


class OldSize(SyncError):
    """The proof starts from another size than the recorded one: (recorded,)."""

    @property
    def recorded(self) -> int:
        return int(self.args[0])


class NoHead(SyncError):
    """No head of that size is recorded: (origin, size)."""


class Conflict(SyncError):
    """Entries that do not continue what is stored: (recorded, stored, next_entry)."""


class Fork(SyncError):
    """Two heads of one log that cannot both be true: (origin, what). The evidence is stored."""


class OverLimit(SyncError):
    """More than is taken at once: (what, found, limit)."""


class NoRoom(SyncError):
    """The disk is nearly full, so nothing more is taken in: (free MB, floor MB)."""


class SlowDown(SyncError):
    """A quota is used up, for now; nothing is lost: (what, child or log, seconds after which to come back)."""

    @property
    def retry_after_s(self) -> int:
        """Return the wait, at most a day; a minute where the other side says none."""
        said = self.args[2]
        return min(said, 86_400) if isinstance(said, int) else 60


class NeedsRecovery(SyncError):
    """This node must not sign until its log is recovered: (origin, why)."""


class Unreachable(SyncError):
    """The other side did not answer, or the line broke: (node, gRPC status, detail). Try again later."""


class Refused(SyncError):
    """The other side refused, for a reason that has no class of its own here: (node, reason word, detail)."""
