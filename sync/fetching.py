"""Parts of logs from above that did not come with their entries: asked for by name, taken as they verify.

They had no room in their package, or came later to the parent, which may be far from their author.
"""

import logging
import threading
from dataclasses import dataclass

from sync import entry, mirror
from sync.bundles import Bundles
from sync.client import MAX_WANTED, Client
from sync.errors import Refused
from sync.package import PartName
from sync.registry import Registry
from sync.rights import Rights
from sync.store import Store

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Fetching:
    """What one session with one parent fetches for the node `me`, until `stop` is set."""

    store: Store
    registry: Registry
    client: Client
    me: str
    stop: threading.Event

    def fetch(self, origin: str) -> int:
        """Ask for the parts of one log that are missing here and that the parent may hold; return how many came.

        Of the own log nothing is missing, unless it was damaged.

        Each is asked for once. Raises Refused for a parent that looks at nothing.
        """
        held = self.store.log(origin)
        if held is None:
            return 0
        due = Rights(self.store, self.registry).sees(origin, self.me, self.client.parent)
        committer, bundles = entry.Committer(self.registry.federation.id, origin), Bundles(self.store, held)
        taken = 0
        names = bundles.wanted(MAX_WANTED, due)
        while names and not self.stop.is_set():
            parts, looked = self._asked(origin, names)
            taken += mirror.take_parts(self.store, origin, parts, committer, due)[0]
            names = bundles.wanted(MAX_WANTED, due, behind=names[min(looked, len(names)) - 1])
        return taken

    def _asked(self, origin: str, names: list[PartName]) -> tuple[list[tuple[PartName, bytes]], int]:
        """Return those of these parts that the parent sends, and how many names it looked at."""
        parts, looked = self.client.parts(origin, names)
        if not looked:
            raise Refused(self.client.parent, "NO_PARTS", "it looks at nothing that is asked for")
        asked = set(names)
        found = {name: content for name, content in parts if name in asked}
        if len(found) < len(parts):
            log.warning(
                "parts unasked origin=%s parent=%s parts=%d", origin, self.client.parent, len(parts) - len(found)
            )
        return list(found.items()), looked
