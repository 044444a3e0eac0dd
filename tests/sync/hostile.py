"""A hostile child: a real session over mutual TLS in which what it brings of one log is changed on the way."""

import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from node import settings
from node.home import Home
from node.node import Node
from sync import head, tree
from sync.bringing import Report
from sync.bundles import Bundles, packages
from sync.checkpoint import Checkpoint
from sync.client import Client, Sent
from sync.fork import NOTHING, Beginning
from sync.note import Note
from sync.package import Frame, Package, Packer, PartName, unpack
from sync.session import Session
from sync.store import Store
from tests.world import CITY, HUB, OUTLET, World

NEIGHBOUR = "ip.gd.example/gz/giants"
FIRST, SECOND = 301, 601  # entries after the first and the second night, the genesis among them

Shown = tuple[Sequence[bytes], bytes]
HeadChange = Callable[["Nights", Sequence[bytes], bytes], Shown]
PartsChange = Callable[["Nights", list[tuple[PartName, bytes]]], list[tuple[PartName, bytes]]]
PackageChange = Callable[["Nights", list[Package]], list[Package]]


@dataclass
class Hostile(Client):
    """Behaves as a client does, but changes what it brings of the log `target`."""

    target: str = ""
    change_head: Callable[[Sequence[bytes], bytes], Shown] = lambda proof, note: (proof, note)
    change_packages: Callable[[list[Package]], list[Package]] = lambda sent: sent
    parts_refused: int = field(default=0, init=False)

    def add_checkpoint(
        self, origin: str, old_size: int, proof: Sequence[bytes], note: bytes, begins: Beginning = NOTHING
    ) -> int:
        if origin == self.target:
            proof, note = self.change_head(proof, note)
        return super().add_checkpoint(origin, old_size, proof, note, begins)

    def add_entries(
        self,
        origin: str,
        start: int,
        end: int,
        frames: Iterable[Frame],
        acknowledged: Callable[[int], None],
        mend: bool = False,
    ) -> Sent:
        if origin == self.target:
            packer = Packer()
            changed = self.change_packages([unpack(one) for one in frames])
            frames = iter([packer.pack(one) for one in changed])
        sent = super().add_entries(origin, start, end, frames, acknowledged, mend)
        self.parts_refused += sent.parts_refused
        return sent

    def add_parts(self, origin: str, parts: Sequence[tuple[PartName, bytes]]) -> int:
        """Whoever tampers with a log does not bring its missing parts either."""
        return 0 if origin == self.target else super().add_parts(origin, parts)


def session(
    world: World, origin: str, client: Callable[..., Client] = Client, parent: str = "", **more: object
) -> Report:
    """Run one session of a node as `nightly.call` does, through another client; `more` goes to the Session."""
    node = replace(world.nodes[origin], settings=settings.load(world.nodes[origin].home, {}))
    known = {one.origin: one for one in node.settings.parents}
    called = known[parent or node.settings.parents[0].origin]
    with node.opened() as opened, node.lock() as lock, node.channel(called) as channel:
        one = Session(
            opened.store, lock, opened.own, opened.registry, client(channel, called.origin), node.clock,
            resign=node.settings.role != "outlet", parents=tuple(known), **more,  # type: ignore[arg-type]
        )  # fmt: skip
        return one.run()


@dataclass
class Nights:
    """Two outlets below one city below the hub: 301 entries each are everywhere, 300 more are filed and not yet sent.

    `old_head` and `old` are what OUTLET sent in the first night.
    """

    world: World
    old_head: bytes = b""
    old: list[Package] = field(default_factory=list)

    @classmethod
    def begin(cls, path: Path) -> "Nights":
        path.mkdir(exist_ok=True)
        world = World(path)
        world.hub()
        world.node(CITY, "substation", HUB)
        for origin in (OUTLET, NEIGHBOUR):
            world.node(origin, "outlet", CITY)
            world.file(origin, *(f"{origin} {number}".encode() for number in range(300)))
            world.sync(origin)
        world.sync(CITY)
        made = cls(world, newest_note(world.nodes[OUTLET], OUTLET), held(world.nodes[OUTLET], OUTLET, 0, FIRST))
        for origin in (OUTLET, NEIGHBOUR):
            world.file(origin, *(f"{origin} {number}".encode() for number in range(300, 600)))
        return made

    def again(self, path: Path) -> "Nights":
        """Return a copy in `path`, with doors of its own; this one's must be shut."""
        shutil.copytree(self.world.path, path)
        world = World(path)
        for origin in (HUB, CITY, OUTLET, NEIGHBOUR):  # parents first
            relisten(world, origin)
        return Nights(world, self.old_head, self.old)

    def packages(self, origin: str) -> list[Package]:
        """Return the packages of the second night, as that log's owner would send them."""
        return held(self.world.nodes[origin], origin, FIRST, SECOND)

    def sign(self, size: int, root: bytes = b"", origin: str = OUTLET, keys_of: str = OUTLET) -> bytes:
        """Return a head of `origin` by the log keys of a node, over any size and root (its own root without one)."""
        node = self.world.nodes[keys_of]
        with node.opened() as opened:
            if not root:
                root = Bundles(opened.store, opened.own.log).root(size)
        return head.sign_head(node.keys.log, Checkpoint(origin, size, root), int(node.clock())).note

    def prove(self, old: int, new: int) -> list[bytes]:
        """Return the proof that OUTLET's tree of `old` entries is a prefix of that of `new`."""
        with self.world.nodes[OUTLET].opened() as opened:
            return tree.consistency_proof(Bundles(opened.store, opened.own.log), old, new)

    def client(self, target: str, attack: "Attack") -> Callable[..., Hostile]:
        def make(channel: object, parent: str) -> Hostile:
            return Hostile(
                channel,  # type: ignore[arg-type]
                parent,
                target=target,
                change_head=lambda proof, note: attack.head(self, proof, note),
                change_packages=lambda sent: attack.packages(self, sent),
            )

        return make


def relisten(world: World, origin: str) -> None:
    """Open a copied node at ports that are free, and let it know its parents' new addresses."""
    home = Home(world.home(origin))
    known = settings.load(home, {})
    parents = tuple(replace(one, sync_address=world.nodes[one.origin].settings.sync_address) for one in known.parents)
    if known.role == "outlet":
        settings.save(home, replace(known, parents=parents))
        world.nodes[origin] = replace(Node.open(home), clock=world.clock)
        return
    settings.save(home, replace(known, parents=parents, sync_listen="127.0.0.1:0", join_listen="127.0.0.1:0"))
    world.open(origin)


@dataclass(frozen=True)
class Attack:
    """One change on the way, and how it must be answered: the error's name and a word of its facts."""

    name: str
    answer: str
    head: HeadChange = lambda nights, proof, note: (proof, note)
    packages: PackageChange = lambda nights, sent: sent


def newest_note(node: Node, origin: str) -> bytes:
    with node.opened() as opened:
        log = opened.store.log(origin)
        found = opened.store.newest_head(log) if log else None
        assert found is not None
        return found.note


def held(node: Node, origin: str, start: int, end: int) -> list[Package]:
    """Return the packages [start, end) that a node can send of a log, every part it holds among them."""
    with node.opened() as opened:
        log = opened.store.log(origin)
        assert log is not None
        return list(packages(opened.store, log, start, end, end, lambda audience, index: True))


# -- what is kept of one log, to compare before and after -------------------------------------------------------------

_BY_KEY = ("bundle", "part", "wanted", "control")
_BY_LOG = ("head", "node", "receipt", "journal")


def kept(node: Node, origin: str) -> dict[str, list[tuple[object, ...]]]:
    """Return every row of a log in log.db (sightings, which are evidence, aside) and in head.lock."""
    with node.opened() as opened, node.lock() as lock:
        log = opened.store.log(origin)
        rows: dict[str, list[tuple[object, ...]]] = {"lock": [(lock.signed(origin),)]}
        if log is None or (log.next_entry, log.stored, log.frozen) == (0, 0, ""):
            return rows
        rows["log"] = [(log,)]
        for table in _BY_KEY:
            where = (log.id << 40, (log.id + 1) << 40)
            rows[table] = opened.store.db.execute(
                f"select * from {table} where id >= ? and id < ? order by id", where
            ).fetchall()
        for table in _BY_LOG:
            rows[table] = opened.store.db.execute(
                f"select * from {table} where log = ? order by 1, 2, 3", (log.id,)
            ).fetchall()
        return rows


def is_whole(world: World, origin: str, at: str) -> bool:
    """Tell whether `at` holds all entries, parts and the root that the log's owner has, with a receipt of its own."""
    with world.nodes[origin].opened() as owner, world.nodes[at].opened() as there:
        mine, theirs = owner.own.log, there.store.log(origin)
        if theirs is None or (theirs.next_entry, theirs.stored) != (mine.next_entry, mine.next_entry):
            return False
        ours, copy = Bundles(owner.store, mine), Bundles(there.store, theirs)
        receipt = there.store.newest_receipt(theirs, at)
        return (
            ours.entries(0, mine.next_entry) == copy.entries(0, mine.next_entry)
            and ours.parts(0, mine.next_entry) == copy.parts(0, mine.next_entry)
            and ours.root(mine.next_entry) == copy.root(mine.next_entry)
            and copy.count_wanted() == 0
            and receipt is not None
            and receipt.size == mine.next_entry
        )


def entries(change: Callable[[list[bytes]], list[bytes]]) -> PackageChange:
    """Change the entries of the first package."""
    return lambda nights, sent: [replace(sent[0], entries=change(list(sent[0].entries))), *sent[1:]]


def proofs(change: Callable[[list[bytes]], list[bytes]]) -> PackageChange:
    """Change the proof of the first package."""
    return lambda nights, sent: [replace(sent[0], proof=change(list(sent[0].proof))), *sent[1:]]


def parts(change: PartsChange, which: int = 0) -> PackageChange:
    """Change the parts of one package."""

    def changed(nights: "Nights", sent: list[Package]) -> list[Package]:
        sent[which] = replace(sent[which], parts=change(nights, list(sent[which].parts)))
        return sent

    return changed


def signature(type_: int, change: Callable[[bytes], bytes] | None) -> HeadChange:
    """Change the value of one of the two signatures of a head (first the 01, then the 06 line), or leave it out."""

    def changed(nights: "Nights", proof: Sequence[bytes], note: bytes) -> Shown:
        whole = Note.parse(note)
        lines = dict(zip((1, 6), whole.signatures, strict=True))
        if change is None:
            del lines[type_]
        else:
            lines[type_] = replace(lines[type_], value=change(lines[type_].value))
        return proof, Note(whole.text, tuple(lines.values())).encode()

    return changed


def text(change: Callable[[str], str]) -> HeadChange:
    """Change the text above the signatures."""

    def changed(nights: "Nights", proof: Sequence[bytes], note: bytes) -> Shown:
        whole = Note.parse(note)
        return proof, Note(change(whole.text), whole.signatures).encode()

    return changed


def wanted(store: Store, origin: str) -> Iterator[PartName]:
    """Yield what is missing of a log."""
    log = store.log(origin)
    assert log is not None
    yield from Bundles(store, log).wanted(1000)
