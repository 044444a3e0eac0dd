"""Who did what at this node (architecture.md, Trust).

What people decide, import or change by hand goes into the node's own log as an entry whose one part is sealed to the
node itself: everybody can prove that the entry is there, nobody else reads the names.
"""

import getpass
import json
from collections.abc import Iterator
from dataclasses import dataclass

from node import roles
from node.node import Node, Opened
from sync import entry, sealed
from sync.bundles import Bundles
from sync.errors import SyncError

VERSION = 1


@dataclass(frozen=True, slots=True)
class Act:
    """What somebody decided: entry `index` of the own log, POSIX milliseconds, and in words what, on what, and why."""

    index: int
    time_ms: int
    what: str
    about: str
    by: str
    role: str
    user: str
    reason: str


def entry_for(node: Node, what: str, about: str = "", reason: str = "", by: str = "") -> list[tuple[str, bytes]]:
    """Return the parts of the entry that says who does what; `by` is who, where that is not who works here.

    The role is left empty where it is nobody's: of the inbox, or of a harvest at night.
    """
    who = roles.person(node.settings)
    role = who.role if by in ("", who.name) else ""
    said = {"what": what, "about": about, "by": by or who.name, "role": role, "user": getpass.getuser()}
    text = json.dumps({"audit": VERSION, **said, "reason": reason}, ensure_ascii=False, sort_keys=True).encode()
    body = sealed.seal(text, node.keys.hpke_public, node.federation.id, node.origin, node.origin)
    return [(sealed.audience(node.origin), body)]


def record(node: Node, opened: Opened, what: str, about: str = "", reason: str = "") -> str:
    """Add what is being done to the own log, before it is done; return the person's name.

    It is sealed with the next head. Raises OverLimit for a reason that is longer than a part can hold.
    """
    index = opened.own.add([entry_for(node, what, about, reason)])
    node.notebook.add_act(index)  # a crash before leaves an act that the log proves and the list does not show
    return roles.person(node.settings).name


def acts(node: Node, opened: Opened, limit: int, before: int = 2**62) -> Iterator[Act]:
    """Yield what people decided here, newest first, at most `limit`, of entries before that index."""
    bundles = Bundles(opened.store, opened.own.log)
    for index in node.notebook.acts(limit, before):
        raw = bundles.entries(index, index + 1)
        content = bundles.part(index, 0)
        try:
            text = opened.unsealed(node.origin, (content or b"")[entry.SALT_BYTES :])
            said = json.loads(text)
            facts = [str(said.get(name, "")) for name in ("what", "about", "by", "role", "user", "reason")]
        except (SyncError, ValueError, AttributeError):  # a key that is gone, or a log that was put back
            facts = ["?", "", "", "", "", ""]
        if raw:
            yield Act(index, entry.Entry.decode(raw[0]).time_ms, *facts)
