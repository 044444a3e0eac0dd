"""Logs and a catalogue of them, as the tests use them."""

from pathlib import Path

from catalog.applying import Applied, apply
from catalog.catalogue import Catalogue
from catalog.indexing import index
from catalog.sources import role_by_name
from tests.catalog.logs import Logs


class Bench:
    """Logs and a catalogue of them; each `apply` is a second later."""

    def __init__(self, folder: Path):
        self.logs = Logs(folder)
        self.path = folder / "catalog.db"
        self.catalogue = Catalogue.create(self.path)
        self.now = 1000.0
        self.roles: dict[str, str] = {}  # where they are not what the name says

    def apply(self, me: str = "") -> Applied:
        """Apply and index everything."""
        self.now += 1
        done = apply(self.logs.store, self.catalogue, me, lambda: self.now, self.role_of)
        index(self.logs.store, self.catalogue)
        return done

    def role_of(self, origin: str) -> str:
        return self.roles.get(origin) or role_by_name(origin)

    def close(self) -> None:
        self.catalogue.close()
        self.logs.store.close()
