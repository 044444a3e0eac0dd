"""Evidence of forks as it is kept: each file is under its own hash, proves itself, and names the log it is about."""

from collections.abc import Iterator
from dataclasses import dataclass

from sync import damage, fork, turned
from sync.damage import AWAY, HERE, Damage
from sync.errors import SyncError
from sync.registrations import Registrations
from sync.registry import Registry
from sync.store import Store

_CHANGED = "not what its hash says"


@dataclass(frozen=True)
class ForkRows:
    """The table `fork` of one store."""

    store: Store
    registry: Registry

    def damages(self) -> Iterator[Damage]:
        rows = self.store.db.execute("select rowid, hash, origin, file, registrations from fork not indexed")
        for row, name, origin, file, shown in rows.fetchall():
            why = self._wrong_fork(name, origin, file, shown)
            if why:
                yield Damage(origin if isinstance(origin, str) else "", damage.FORK, 0, 0, row, why)

    def _wrong_fork(self, name: object, origin: object, file: object, shown: object) -> str:
        if not (isinstance(file, bytes) and isinstance(shown, bytes) and name == fork.name_of(file)):
            return _CHANGED
        try:
            told = fork.decode(file)
            if shown and Registrations.decode(shown).verify(self.registry.federation).log_keys(told.origin) is None:
                return "shows no keys"
        except SyncError:
            return "proves no fork"
        return "" if told.origin == origin else "of another log"

    def mend(self, one: Damage) -> str:
        """The file is under its own name; who else holds it brings it again where it cannot be put right."""
        row = self.store.db.execute(
            "select hash, file, registrations from fork where rowid = ?", (one.part,)
        ).fetchone()
        if row is None:
            return AWAY
        name, file, shown = row
        for whole in self._files(name, file):
            for proofs in (shown, b""):  # without any, those of the registry are shown
                if not self._wrong_fork(fork.name_of(whole), fork.decode(whole).origin, whole, proofs):
                    self.store.db.execute(
                        "update or replace fork set hash = ?, origin = ?, file = ?, registrations = ? where rowid = ?",
                        (fork.name_of(whole), fork.decode(whole).origin, whole, proofs, one.part),
                    )
                    return HERE
        self.store.db.execute("delete from fork where rowid = ?", (one.part,))
        return AWAY

    def _files(self, name: object, file: object) -> Iterator[bytes]:
        """Yield what the file may have been: as it is, and as its name says."""
        tried = file if isinstance(file, bytes) else b""
        for whole in (tried, turned.back(tried, lambda raw: fork.name_of(raw) == name)):
            try:
                if whole is not None:
                    fork.decode(whole)
                    yield whole
            except SyncError:
                continue
