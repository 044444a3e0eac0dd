"""Who may see which parts of a log (wire.md section 3), by the registry and the owner's own word, as stored now.

An audience says who may see a part; for `path` it matters as well since when somebody stands above the owner. That is
read in one place only, the owner's log: the home that its genesis names sees all of it, and so does the hub; a node
that came above it later sees the entries that a `grant` in that log gives it. Of the grants to one node, for one
audience, from one index on, the newest counts. Its program writes one at the first session with a new parent, from
there on and without an end. So every node that mirrors the log comes to the same answer.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from sync import control
from sync.control import Genesis, Grant
from sync.errors import Malformed
from sync.ownlog import OwnLog
from sync.registry import Registry
from sync.schema import key
from sync.store import Store

Span = tuple[int, int]
ENDLESS = 2**63 - 1
ALL: tuple[Span, ...] = ((0, ENDLESS),)
NOTHING: tuple[Span, ...] = ()


class Sees(Protocol):
    """Tells by audience and index whether somebody may see parts of one log."""

    def __call__(self, audience: str, index: int) -> bool: ...

    def renew(self) -> None:
        """Answer from now on by what is stored now."""


@dataclass(frozen=True, slots=True)
class Right:
    """In which entries, [first, last) each, an asker sees an audience; `why` is a word that says by what."""

    spans: tuple[Span, ...]
    why: str

    def covers(self, index: int) -> bool:
        return any(first <= index < last for first, last in self.spans)


class Rights:
    """The rights in one node's view: its registry, and the logs that it holds."""

    def __init__(self, store: Store, registry: Registry):
        self._store = store
        self._registry = registry

    def right(self, audience: str, owner: str, asker: str) -> Right:
        """Return what `asker`, an active node, may see of the parts for `audience` in the log of `owner`."""
        registry = self._registry
        if asker == owner:
            return Right(ALL, "owner")
        if audience in ("public", "federation"):
            return Right(ALL, "everybody")
        kind, _colon, name = audience.partition(":")
        if kind == "node":
            return self._sealed(name, owner, asker)
        if kind == "alliance" and registry.is_of_alliance(name, asker):
            return Right(ALL, "alliance")
        if not registry.is_above(asker, owner):
            return Right(NOTHING, "not-of-the-alliance" if kind == "alliance" else "not-above")
        if audience == "path":
            return self._path(owner, asker)
        granted = tuple(self._granted(audience, owner, asker)) if kind == "alliance" else NOTHING
        return Right(granted, "granted" if granted else "not-of-the-alliance" if kind == "alliance" else "unknown")

    def _path(self, owner: str, asker: str) -> Right:
        if asker == self._registry.federation.name:
            return Right(ALL, "hub")
        if asker == self.first_home(owner):
            return Right(ALL, "home")
        granted = tuple(self._granted("path", owner, asker))
        return Right(granted, "granted" if granted else "came-later")

    def _sealed(self, reader: str, owner: str, asker: str) -> Right:
        """Sealed parts go up through all above the owner, else a node on the way would lack what the next one wants."""
        if reader == asker:
            return Right(ALL, "reader")
        relays = self._registry.is_above(asker, reader) or self._registry.is_above(asker, owner)
        return Right(ALL, "relay") if relays else Right(NOTHING, "sealed")

    def first_home(self, owner: str) -> str:
        """Return the home that the owner's genesis names; while that is not held, the one that it has now.

        "" where what is held has been damaged: nobody is given a right by what cannot be read.
        """
        log = self._store.log(owner)
        row = log and self._store.db.execute("select entry from control where id = ?", (key(log.id, 0),)).fetchone()
        try:
            found = control.decode(control.body_of(row[0])) if row else None
        except Malformed:
            return ""
        return found.home if isinstance(found, Genesis) else self._registry.home(owner)

    def _granted(self, audience: str, owner: str, asker: str) -> Iterator[Span]:
        newest = {one.first: one.last for one in self.grants(owner, asker) if one.audience == audience}
        yield from ((first, last) for first, last in sorted(newest.items()) if first < last)

    def grants(self, owner: str, asker: str) -> list[Grant]:
        """Return what `owner` has granted to `asker` in its log, oldest first, as far as it is held here."""
        log = self._store.log(owner)
        rows = self._store.db.execute(
            "select entry from control where about = ? and what = 'grant' and log = ? and id < ? order by id",
            (asker, log.id, key(log.id, log.next_entry)) if log else ("", 0, 0),
        )
        found = (control.decode(control.body_of(raw)) for (raw,) in rows.fetchall())
        return [one for one in found if isinstance(one, Grant)]

    def may_see(self, audience: str, owner: str, asker: str, index: int) -> bool:
        """Tell whether `asker`, an active node, may hold a part of entry `index` for that audience."""
        return self.right(audience, owner, asker).covers(index)

    def sees(self, owner: str, *askers: str) -> "Seen":
        """Return what tells of parts of that log whether all of these may see them."""
        return Seen(self, owner, askers)


class Seen:
    """What some nodes may see of one log: each audience is asked about once, for as long as the caller keeps this."""

    def __init__(self, rights: Rights, owner: str, askers: tuple[str, ...]):
        self._rights = rights
        self._owner = owner
        self._askers = askers
        self._known: dict[str, tuple[Right, ...]] = {}

    def __call__(self, audience: str, index: int) -> bool:
        found = self._known.get(audience)
        if found is None:
            limits = (self._rights.right(audience, self._owner, asker) for asker in self._askers)
            found = self._known[audience] = tuple(one for one in limits if one.spans is not ALL)
        return not found or all(one.covers(index) for one in found)

    def renew(self) -> None:
        """Answer from now on by what is stored now."""
        self._known.clear()


def open_to(store: Store, own: OwnLog, registry: Registry, parent: str) -> None:
    """Grant a parent what is added to the own log from now on, unless it sees all of it, or has that right."""
    rights = Rights(store, registry)
    if own.log.frozen or parent in (registry.federation.name, rights.first_home(own.origin)):
        return
    newest = {one.first: one.last for one in rights.grants(own.origin, parent) if one.audience == "path"}
    if ENDLESS not in newest.values():
        own.state(Grant(parent, "path", own.log.next_entry, ENDLESS))


def close_to(store: Store, own: OwnLog, registry: Registry, parent: str) -> None:
    """End what a parent was granted without an end: it is left, and sees nothing that is added from now on."""
    granted = Rights(store, registry).grants(own.origin, parent)
    newest = {(one.audience, one.first): one.last for one in granted}
    for (audience, first), last in newest.items():
        if last == ENDLESS:
            own.state(Grant(parent, audience, first, own.log.next_entry))
