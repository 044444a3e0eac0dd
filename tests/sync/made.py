"""Logs, keys and registrations made for tests: keys from fixed seeds, files in a temporary folder, no network."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

from sync import control, entry, federation, keys, origin
from sync.checkpoint import Checkpoint
from sync.federation import Federation, RootStatement
from sync.head import Head, sign_head
from sync.keys import ED25519, MLDSA44, Signer
from sync.lock import HeadLock, Swap
from sync.ownlog import OwnLog
from sync.registry import Registration
from sync.store import Store

HUB = "ip.gd.example"
CITY = "ip.gd.example/gz"
OTHER_CITY = "ip.gd.example/sz"
ALLIANCE = "ip.gd.example/led"
OUTLET = "ip.gd.example/gz/scut"
OTHER_OUTLET = "ip.gd.example/sz/szu"
NOW_S = 1_800_000_000


def seed(*of: object) -> bytes:
    """Return 32 bytes that are always the same for the same words."""
    return sha256("/".join(map(str, of)).encode()).digest()


def root_hash_of(what: str) -> bytes:
    return seed("root hash", what)


@cache
def signers(name: str, which: int = 1) -> tuple[Signer, Signer]:
    """Return a log's pair, 01 and 06; another pair for another `which`."""
    return Signer(name, ED25519, seed(name, which, "01")), Signer(name, MLDSA44, seed(name, which, "06"))


@cache
def mirror_signer(name: str) -> Signer:
    return Signer(origin.mirror_name(name), MLDSA44, seed(name, "mirror"))


def verifiers(pair: tuple[Signer, Signer]) -> tuple[keys.note.VerifierKey, ...]:
    return tuple(signer.verifier for signer in pair)


def root_signers(which: int = 1, name: str = HUB) -> tuple[Signer, Signer]:
    return signers(federation.root_name(name), which)


def statement(version: int = 1, root: int = 1, following: int = 1, name: str = HUB) -> RootStatement:
    """Return root statement `version` of root pair `root`, announcing pair `following`."""
    return RootStatement(
        name,
        version,
        verifiers(signers(name)),
        mirror_signer(name).verifier,
        verifiers(root_signers(root, name)),
        verifiers(root_signers(following, name)),
    )


@cache
def the_federation(name: str = HUB) -> Federation:
    return federation.chain([federation.sign(statement(name=name), root_signers(name=name), NOW_S)])


def node(name: str, role: str = "outlet", status: str = "active", alliance_id: str = "") -> control.Node:
    """Return what a home states of `name`, with the keys that `signers` and `mirror_signer` make."""
    mirror = mirror_signer(name).verifier
    return control.Node(
        name, role, status, verifiers(signers(name)), mirror, seed(name, "hpke"), alliance_id=alliance_id
    )


def registration(name: str, role: str = "outlet") -> Registration:
    return Registration(node(name, role), origin.default_home(name), 0)


def committer(name: str) -> entry.Committer:
    return entry.Committer(the_federation().id, name)


def signed(name: str, size: int, root: bytes, time_s: int = NOW_S) -> Head:
    """Return a head of a log that may or may not exist."""
    return sign_head(signers(name), Checkpoint(name, size, root), time_s)


@dataclass
class Written:
    """One node's own log with its files; `now` is its clock."""

    path: Path
    origin: str
    now: float = NOW_S

    def __post_init__(self) -> None:
        self.path.mkdir(parents=True, exist_ok=True)
        if not self.log_db.exists():
            Store.create(self.log_db).close()
            HeadLock.create(self.head_lock).close()
            with self.own() as own:
                own.begin(origin.default_home(self.origin))

    @property
    def log_db(self) -> Path:
        return self.path / "log.db"

    @property
    def head_lock(self) -> Path:
        return self.path / "head.lock"

    @contextmanager
    def own(self) -> Iterator[OwnLog]:
        with opened(self.log_db) as store:
            yield self.own_of(store)

    def own_of(self, store: Store) -> OwnLog:
        return OwnLog(store, self.origin, the_federation().id, signers(self.origin), lambda: self.now)

    def add(self, count: int, audience: str = "federation", body: bytes = b"") -> int:
        """Add that many records of one part; return the first index."""
        with self.own() as own:
            return own.add([[(audience, body or b'{"n": %d}' % one)] for one in range(count)])

    def grow_to(self, size: int) -> None:
        with self.own() as own:
            missing = size - own.log.next_entry
        self.add(missing)

    def seal(self, resign_after_s: int | None = None) -> Head:
        with self.own() as own, locked(self.head_lock) as lock:
            return own.seal(lock, resign_after_s)


@contextmanager
def opened(path: Path) -> Iterator[Store]:
    store = Store(path)
    try:
        yield store
    finally:
        store.close()


@contextmanager
def locked(path: Path) -> Iterator[HeadLock]:
    lock = HeadLock(path)
    try:
        yield lock
    finally:
        lock.close()


class InjectedFault(Exception):
    """What a fault raises; nothing in the product catches it."""


@dataclass
class Faults:
    """Breaks off at the n-th commit (1 is the first), before it takes effect or right after."""

    at: int
    takes_effect: bool
    commits: int = 0

    def reached(self, after: bool) -> None:
        self.commits += not after
        if self.commits == self.at and after == self.takes_effect:
            raise InjectedFault(self.at)


class FaultyStore(Store):
    """A Store whose n-th transaction breaks."""

    def __init__(self, path: Path, faults: Faults):
        super().__init__(path)
        self.faults = faults

    @contextmanager
    def write(self) -> Iterator:
        with super().write() as db:
            yield db
            self.faults.reached(after=False)
        self.faults.reached(after=True)


class FaultyLock(HeadLock):
    """A head.lock whose n-th swap breaks."""

    def __init__(self, path: Path, faults: Faults):
        super().__init__(path)
        self.faults = faults

    @contextmanager
    def swap(self, origin: str) -> Iterator[Swap]:
        with super().swap(origin) as swap:
            yield swap
            self.faults.reached(after=False)
        self.faults.reached(after=True)


def until_unbroken(run: Callable[[Faults], object], takes_effect: bool) -> Iterator[int]:
    """Break `run` at its first commit, then at its second, until it ends by itself; yield after each break.

    The caller reopens and checks between two runs. At least one break must have happened.
    """
    for at in range(1, 50):
        faults = Faults(at, takes_effect)
        try:
            run(faults)
        except InjectedFault:
            yield at
            continue
        assert at > 1
        assert faults.commits < at
        return
    raise AssertionError("never came to its end")
