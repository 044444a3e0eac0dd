"""Who is who: read from control entries that are stored under a head, never from claims (wire.md section 6).

Trust starts at the root statements, which name the hub's keys, and follows `node` entries down. Only an origin's home
speaks for it; the same entry in any other log is void.
"""

from collections.abc import Callable
from dataclasses import dataclass

from sync import control, entry, origin, proved
from sync.errors import BadSignature, Malformed, NotAllowed, UnknownOrigin
from sync.federation import Federation
from sync.note import VerifierKey
from sync.schema import index_of, key
from sync.store import Log, Store


@dataclass(frozen=True, slots=True)
class Registration:
    """An origin as its home registers it; `index` is where in the home's log, -1 for the hub itself."""

    node: control.Node
    home: str
    index: int


class Registry:
    """The registry as this node sees it now. Reads log.db at every question, so that revoking is immediate."""

    def __init__(self, store: Store, federation: Federation, me: str):
        self._store = store
        self._db = store.db
        self._federation = federation
        self._me = me

    @property
    def federation(self) -> Federation:
        return self._federation

    @property
    def me(self) -> str:
        return self._me

    def version(self) -> int:
        """Return a number that grows with every control entry that is stored here."""
        return int(self._db.execute("select count(*) from control").fetchone()[0])

    def _believed(self, log: Log) -> int:
        """A node believes all of its own log, and of others' what is under a head that it stored."""
        return log.next_entry if log.origin == self._me else log.stored

    def home(self, name: str) -> str:
        """Return the origin that registers `name`: by its name, unless the hub says otherwise."""
        found = self._newest("home", name, origin.federation(name))
        if found is None:
            return origin.default_home(name)
        statement = control.decode(control.body_of(found[1]))
        return statement.home if isinstance(statement, control.Home) else origin.default_home(name)

    def find(self, name: str) -> Registration | None:
        """Return the newest registration of `name` by its home, or None."""
        if name == self._federation.name:
            return self._hub()
        home = self.home(name)
        said = [one for one in (self._newest("node", name, home), self._introduced(name, home)) if one]
        if not said:
            return None
        index, raw = max(said, key=lambda one: one[0])  # both are the home's word; the newest counts
        statement = control.decode(control.body_of(raw))
        return Registration(statement, home, index) if isinstance(statement, control.Node) else None

    def get(self, name: str) -> Registration:
        """Return the registration of `name`; raise UnknownOrigin."""
        found = self.find(name)
        if found is None:
            raise UnknownOrigin(name)
        return found

    def role(self, name: str) -> str:
        """Return the role of `name`; empty where none is registered, or one that its home may not give.

        A city cannot make a node below it a hub, nor an alliance an office's feed.
        """
        chain = [name]
        while (home := self.home(chain[-1])) and home not in chain:  # what moves in a circle ends where it began
            chain.append(home)
        role = "hub" if chain.pop() == self._federation.name else ""
        while chain and role:
            found = self.find(chain.pop())
            role = found.node.role if found and found.node.role in control.BELOW.get(role, ()) else ""
        return role

    def _hub(self) -> Registration:
        root = self._federation.newest
        hub = control.Node(root.name, "hub", "active", root.log_keys, root.mirror_key, b"")
        return Registration(hub, "", -1)

    def _newest(self, what: str, about: str, log_origin: str) -> tuple[int, bytes] | None:
        """Return (index, entry) of the newest statement on `about` in that log, as far as the log is believed."""
        log = self._store.log(log_origin)
        if log is None:
            return None
        row = self._db.execute(
            "select id, entry from control where about = ? and what = ? and log = ? and id < ? "
            "order by id desc limit 1",
            (about, what, log.id, key(log.id, self._believed(log))),
        ).fetchone()
        return (index_of(row[0]), row[1]) if row else None

    # -- registrations proved out of a log that is not mirrored here --------------------------------------------------

    def introduce(self, name: str, proof: bytes) -> Registration:
        """Keep a registration that `proof`, a tlog-proof in the home's log, shows; its home's keys must be known.

        Raises UnknownOrigin, Malformed, BadSignature, BadProof and keeps nothing then.
        """
        home = self.home(name)
        step = proved.open_entry(proof, self.get(home).node.log_keys)
        statement = control.decode(step.entry.control) if step.entry.kind == entry.CONTROL else None
        if not isinstance(statement, control.Node) or statement.origin != name or step.head.origin != home:
            raise Malformed("introduction", f"not the registration of {name}")
        known = self.find(name)
        if known is not None and known.index >= step.index:
            return known  # an older entry must not bring back what was suspended since
        with self._store.write() as db:
            db.execute("insert or replace into introduction(origin, proof) values (?, ?)", (name, proof))
        return Registration(statement, home, step.index)

    def _introduced(self, name: str, home: str) -> tuple[int, bytes] | None:
        row = self._db.execute("select proof from introduction where origin = ?", (name,)).fetchone()
        if row is None or name == home:
            return None
        try:
            step = proved.open_entry(row[0], self.get(home).node.log_keys)
        except (BadSignature, UnknownOrigin):
            return None
        return step.index, step.raw

    # -- what follows from registrations ------------------------------------------------------------------------------

    def log_keys(self, name: str) -> tuple[VerifierKey, ...]:
        return self.get(name).node.log_keys

    def hpke_key(self, name: str) -> bytes:
        """Return the X25519 key, 32 bytes, that parts for `name` are sealed to (sealed.py)."""
        return self.get(name).node.hpke_key

    def mirror_key(self, name: str) -> VerifierKey:
        return self.get(name).node.mirror_key

    def children(self) -> list[control.Node | control.Member]:
        """Return what this node's own log says of each origin that it registers or counts as a member, by origin."""
        log = self._store.log(self._me)
        if log is None:
            return []
        rows = self._db.execute(
            "select entry from control where log = ? and what in ('node', 'member') and id in "
            "(select max(id) from control where log = ? and what in ('node', 'member') group by about) order by about",
            (log.id, log.id),
        ).fetchall()
        found = (control.decode(control.body_of(raw)) for (raw,) in rows)
        return [one for one in found if isinstance(one, control.Node | control.Member)]

    def membership(self, alliance: str, name: str) -> control.Member | None:
        """Return what `alliance` says of `name`, as far as its log is believed here; void where it is no alliance."""
        found = self._newest("member", name, alliance)
        author = self.find(alliance) if found else None
        if found is None or author is None or author.node.role != "alliance":
            return None
        statement = control.decode(control.body_of(found[1]))
        return statement if isinstance(statement, control.Member) else None

    def is_parent(self, parent: str, name: str) -> bool:
        """Tell whether `name` may call `parent`: it is its home, or an alliance that counts it as a member."""
        return self.home(name) == parent or self.membership(parent, name) is not None

    def check_caller(self, name: str) -> Registration:
        """Return the registration of a child that calls this node; raise UnknownOrigin, NotAllowed."""
        found = self.check_active(name)
        if not self.is_parent(self._me, name):
            raise NotAllowed(name, "not-my-child")
        member = self.membership(self._me, name)
        if member is not None and member.status != "active" and self.home(name) != self._me:
            raise NotAllowed(name, f"member-{member.status}")
        return found

    def check_active(self, name: str) -> Registration:
        """Return a registration to which its home gives the status active; raise UnknownOrigin, NotAllowed."""
        found = self.get(name)
        if found.node.status != "active":
            raise NotAllowed(name, found.node.status)
        return found

    def check_bringer(self, path: str, name: str) -> Registration:
        """Return the registration of log `name` if `path` may bring it; raise UnknownOrigin, NotAllowed."""
        found = self.check_active(name)
        if name == self._me:  # our own log is never a mirror: a receipt on it would take the place of our head
            raise NotAllowed(name, "not-of-this-path")
        if path == name or self.home(name) == path:
            return found
        member = self.membership(path, name)
        if member is None:
            raise NotAllowed(name, "not-of-this-path")
        if member.status != "active":
            raise NotAllowed(name, f"member-{member.status}")
        return found

    def may_see(self, audience: str, owner: str, asker: str) -> bool:
        """Tell whether `asker`, an active node, may hold a part of `owner`'s log for that audience (wire.md 3)."""
        if asker == owner or audience in ("public", "federation"):
            return True
        if audience == "path":
            return self._is_above(asker, owner)
        kind, _colon, name = audience.partition(":")
        if kind == "node":
            return name == asker or self._relays(asker, owner, name)
        if kind == "alliance":
            return self._is_of_alliance(name, asker)
        return False

    def _relays(self, asker: str, owner: str, reader: str) -> bool:
        """Sealed parts go up through all above the owner, else a node on the way would lack what the next one wants."""
        return self._is_above(asker, reader) or self._is_above(asker, owner)

    def _is_above(self, asker: str, owner: str) -> bool:
        """Tell whether `asker` is an ancestor of `owner`: its home, one of its alliances, the hub."""
        return asker == self._federation.name or self.belongs(owner, asker)

    def belongs(self, name: str, parent: str) -> bool:
        """Tell whether `parent` is the home of `name`, or an alliance of which it is an active member."""
        if self.home(name) == parent:
            return True
        member = self.membership(parent, name)
        return member is not None and member.status == "active"

    def _is_of_alliance(self, alliance_id: str, asker: str) -> bool:
        """The alliance itself, and its active members."""
        found = self.find(asker)
        if found and found.node.role == "alliance":
            return found.node.alliance_id == alliance_id
        counting = self._db.execute(  # few, by an index: an entry can name thousands of audiences
            "select distinct origin from control join log on log.id = control.log where about = ? and what = 'member'",
            (asker,),
        )
        for name in sorted({self.home(asker), *(name for (name,) in counting.fetchall())}):
            other = self.find(name)
            if other and other.node.role == "alliance" and other.node.alliance_id == alliance_id:
                return self.belongs(asker, name)
        return False


def ancestors(registry: Registry, me: str) -> list[str]:
    """Return `me` and the origins above it, hub first."""
    chain = [me]
    while (home := registry.home(chain[0])) and home not in chain:  # what moves in a circle ends where it began
        chain.insert(0, home)
    return chain


def remembered(question: Callable[[str], bool]) -> Callable[[str], bool]:
    """Return `question` with its answers kept, for as long as the caller keeps it."""
    known: dict[str, bool] = {}

    def answer(audience: str) -> bool:
        if audience not in known:
            known[audience] = question(audience)
        return known[audience]

    return answer
