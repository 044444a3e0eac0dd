"""Who is who: read from control entries that are stored under a head, never from claims (wire.md section 6).

Trust starts at the root statements, which name the hub's keys, and follows `node` entries down. Only an origin's home
speaks for it; the same entry in any other log is void.
"""

from dataclasses import dataclass, replace
from functools import partial

from sync import control, entry, eras, origin, proved, rotation
from sync.bundles import Bundles
from sync.checkpoint import Checkpoint
from sync.eras import Era, Said
from sync.errors import Malformed, NotAllowed, UnknownOrigin
from sync.head import Head
from sync.note import VerifierKey
from sync.statements import Statements
from sync.store import Store


@dataclass(frozen=True, slots=True)
class Registration:
    """An origin as its home registers it, with the keys that it has now; `index` is where in the home's log, -1 for
    the hub itself. `eras` are all keys that it has had, oldest first; `follows` says which log it goes on from, if any.
    """

    node: control.Node
    home: str
    index: int
    eras: tuple[Era, ...] = ()
    follows: control.Successor | None = None

    @property
    def ages(self) -> tuple[Era, ...]:
        """The eras; one that lasts, of the registered keys, where nothing else is known."""
        return self.eras or (Era(*rotation.set_of(self.node), self.home, self.index),)


class Registry(Statements):
    """The registry as this node sees it now."""

    def find(self, name: str) -> Registration | None:
        """Return the newest registration of `name` by its home, with the keys of its newest era, or None."""
        if name == self._federation.name:
            return self._hub()
        said = [self.said(name, home) for home in self.homes(name)]
        newest = next((one for one in reversed(said[-1]) if isinstance(one.statement, control.Node)), None)
        if newest is None or not isinstance(newest.statement, control.Node) or not self.may_exist(name):
            return None
        found = self._eras(name, said)
        last, node = found[-1], newest.statement
        node = replace(node, log_keys=last.log_keys, mirror_key=last.mirror_key, hpke_key=last.hpke_key)
        if last.over and node.status == "active":
            node = node.with_status("suspended", "keys-revoked")
        follows = self.predecessor(name) if origin.is_successor(name) else None
        return Registration(node, newest.home, newest.index, found, follows)

    # -- keys through time --------------------------------------------------------------------------------------------

    def eras(self, name: str) -> tuple[Era, ...]:
        """Return all keys that `name` has had, oldest first, as far as its homes' logs are held here; () for none."""
        if name == self._federation.name:
            return eras.of_hub(self._federation.versions, self.in_log(name, name, "rotate"))
        return self._eras(name, [self.said(name, home) for home in self.homes(name)])

    def _eras(self, name: str, said: list[list[Said]]) -> tuple[Era, ...]:
        whole = (one for home in said for one in home)
        return eras.follow(whole, self._federation.id, partial(self.is_confirmed, name))

    def history(self, name: str, home: str = "") -> list[Said]:
        """Return the statements of one home (the present one) that make the eras of `name`, then its registration.

        Where its keys never changed that is its newest registration alone. One home that is named may be told before
        the present one has spoken: the hub has moved `name` there. Raises UnknownOrigin.
        """
        moved = bool(home) and len(self.homes(name)) > 1 and self.may_exist(name)
        ages = (self.eras(name) if moved else ()) or self.get(name).ages
        said = self.said(name, home or self.home(name))
        nodes = [one for one in said if isinstance(one.statement, control.Node)]
        if len(ages) == 1 and not ages[0].over:
            return nodes[-1:]
        changes = [one for one in said if isinstance(one.statement, control.Rotate | control.Revoke)]
        found = {one.index: one for one in (*nodes[:1], *changes, *nodes[-1:])}
        return [found[index] for index in sorted(found)]

    def open_head(self, name: str, raw: bytes) -> Head:
        """Return the head of `name` in a note, by its keys of now or, within their last good head, by earlier ones.

        Raises UnknownOrigin, Malformed, BadSignature.
        """
        return eras.open_head(self.get(name).ages, raw, partial(is_prefix, self._store))

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
        """The root statement says who the hub is; its log adds the key that others encrypt to, under the same keys."""
        root = self._federation.newest
        said = self.stated("node", root.name, root.name)
        node = control.decode(control.body_of(said[1])) if said else None
        same = isinstance(node, control.Node) and (node.log_keys, node.mirror_key) == (root.log_keys, root.mirror_key)
        hpke_key = node.hpke_key if same and isinstance(node, control.Node) else b""
        hub = control.Node(root.name, "hub", "active", root.log_keys, root.mirror_key, hpke_key)
        return Registration(hub, "", -1, self.eras(root.name) if len(self._federation.statements) > 1 else ())

    # -- registrations proved out of a log that is not mirrored here --------------------------------------------------

    def introduce(self, name: str, proof: bytes) -> Registration | None:
        """Keep a statement on `name` and its keys that `proof`, a tlog-proof in its home's log, shows.

        Returns the registration that follows from it, None where that is not known yet. The home's keys must be known.
        Raises UnknownOrigin, Malformed, BadSignature, BadProof and keeps nothing then.
        """
        homes, home = self.homes(name), proved.stated_origin(proof)
        home = home if home in homes else homes[-1]
        step = proved.open_entry(proof, self.get(home).node.log_keys)
        statement = control.decode(step.entry.control) if step.entry.kind == entry.CONTROL else None
        speaks = isinstance(statement, control.OfKeys) and statement.origin == name
        if not speaks or step.head.origin != home:
            raise Malformed("introduction", f"not the registration of {name}")
        with self._store.write() as db:
            db.execute(
                "insert or replace into introduction(origin, home, idx, entry, proof) values (?, ?, ?, ?, ?)",
                (name, home, step.index, step.raw, proof),
            )
        return self.find(name)

    # -- what follows from registrations ------------------------------------------------------------------------------

    def log_keys(self, name: str) -> tuple[VerifierKey, ...]:
        return self.get(name).node.log_keys

    def hpke_key(self, name: str) -> bytes:
        """Return the X25519 key, 32 bytes, that parts for `name` are sealed to (sealed.py)."""
        return self.get(name).node.hpke_key

    def mirror_key(self, name: str) -> VerifierKey:
        return self.get(name).node.mirror_key

    def children(self, moved: bool = False) -> list[control.Node | control.Member]:
        """Return what this node's own log says of each origin that it registers or counts as a member, by origin.

        Those that the hub has moved from here to another home are left out, unless `moved`.
        """
        log = self._store.log(self._me)
        if log is None:
            return []
        rows = self._db.execute(
            "select entry from control where log = ? and what in ('node', 'member') and id in "
            "(select max(id) from control where log = ? and what in ('node', 'member') group by about) order by about",
            (log.id, log.id),
        ).fetchall()
        found = (control.decode(control.body_of(raw)) for (raw,) in rows)
        named = [one for one in found if isinstance(one, control.Node | control.Member) and one.origin != self._me]
        return named if moved else [one for one in named if not self._is_gone(one.origin)]

    def _is_gone(self, name: str) -> bool:
        return self._me in self.homes(name)[:-1] and self.membership(self._me, name) is None

    def membership(self, alliance: str, name: str) -> control.Member | None:
        """Return what `alliance` says of `name`, as far as its log is believed here; void where it is no alliance."""
        found = self.stated("member", name, alliance)
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

    def has_moved(self, name: str) -> bool:
        """Tell whether the hub has moved `name` from here to another home, which may not have let it in yet."""
        found = self.stated("node", name, self._me) if self._me in self.homes(name)[:-1] else None
        statement = control.decode(control.body_of(found[1])) if found else None
        return isinstance(statement, control.Node) and statement.status == "active"

    def is_moving(self, name: str) -> bool:
        """Tell whether `name`, a member here, was moved to a home whose word on it is not known here yet."""
        member = self.membership(self._me, name) if len(self.homes(name)) > 1 else None
        return member is not None and member.status == "active" and self.find(name) is None

    def check_reader(self, name: str) -> None:
        """Return if `name` may read the logs above: it may call, or has been moved and must learn where to.

        Raises UnknownOrigin, NotAllowed.
        """
        try:
            self.check_caller(name)
        except (UnknownOrigin, NotAllowed):
            if not self.has_moved(name) and not self.is_moving(name):
                raise

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

    def is_above(self, asker: str, owner: str) -> bool:
        """Tell whether `asker` is an ancestor of `owner`: its home, one of its alliances, the hub."""
        return asker == self._federation.name or self.belongs(owner, asker)

    def belongs(self, name: str, parent: str) -> bool:
        """Tell whether `parent` is the home of `name`, or an alliance of which it is an active member."""
        if self.home(name) == parent:
            return True
        member = self.membership(parent, name)
        return member is not None and member.status == "active"

    def is_of_alliance(self, alliance_id: str, asker: str) -> bool:
        """Tell whether `asker` is the alliance of that id itself, or an active member of it."""
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


def is_prefix(store: Store, found: Checkpoint, last_good: Checkpoint) -> bool:
    """Tell whether the entries stored here lead from one head to the other."""
    log = store.log(found.origin)
    if log is None or log.next_entry < last_good.size:
        return False
    bundles = Bundles(store, log)
    return (bundles.root(found.size), bundles.root(last_good.size)) == (found.root, last_good.root)


def ancestors(registry: Registry, me: str) -> list[str]:
    """Return `me` and the origins above it, hub first."""
    chain = [me]
    while (home := registry.home(chain[0])) and home not in chain:  # what moves in a circle ends where it began
        chain.insert(0, home)
    return chain
