"""A sending and a receiving side of one log, in files; every call of the receiver opens them anew, as after a crash."""

from sync import mirror, receipting, tree
from sync.bundles import Bundles, packages
from tests.sync import made
from tests.sync.made import CITY, NOW_S, OUTLET

MIRROR = made.mirror_signer(CITY)
SIZE = 700
HEADS = (300, 512, SIZE)


class Holds:
    """What a receiver may hold: everything, or one audience."""

    def __init__(self, only=""):
        self.only = only

    def __call__(self, audience, index):
        return not self.only or audience == self.only

    def renew(self):
        pass


class Sender:
    """An outlet's own log of 700 entries, sealed on three nights; parts for everybody and for the path."""

    def __init__(self, path):
        self.written = made.Written(path, OUTLET)
        with self.written.own() as own:
            self.heads = {}
            for size in HEADS:
                first = own.log.next_entry
                own.add([[("federation", b"f%d" % n), ("path", b"p%d" % n)] for n in range(first, size)])
                self.heads[size] = self.written.seal()
        self.store = made.Store(self.written.log_db)
        self.log = self.store.log(OUTLET)
        self.bundles = Bundles(self.store, self.log)

    def packages(self, start, end=SIZE, may_see=lambda audience, index: True):
        return list(packages(self.store, self.log, start, end, end, may_see))

    def proof(self, old, new):
        return tree.consistency_proof(self.bundles, old, new)


class Receiver:
    """A city that mirrors the outlet; every call opens its files anew, as after a crash."""

    def __init__(self, path, sender):
        self.written = made.Written(path, CITY)
        self.sender = sender
        self.registered = made.registration(OUTLET)
        self.may_hold = Holds()

    def record(self, size, old=None, path=OUTLET):
        with made.opened(self.written.log_db) as store:
            log = store.log(OUTLET)
            recorded = store.head(log, path) if log else None
            old = (recorded.size if recorded else 0) if old is None else old
            note = self.sender.heads[size].note
            return mirror.record_head(store, self.registered, path, note, old, self.sender.proof(old, size))

    def take(self, package, end=SIZE, store=None):
        if store is not None:
            return self._take(store, package, end)
        with made.opened(self.written.log_db) as opened:
            return self._take(opened, package, end)

    def _take(self, store, package, end):
        return mirror.take(
            store, self.registered, package, self.sender.heads[end], made.committer(OUTLET), self.may_hold
        )

    def take_all(self, end=SIZE):
        for one in self.sender.packages(self.log.next_entry, end):
            self.take(one, end)

    def take_parts(self, parts):
        with made.opened(self.written.log_db) as store:
            return mirror.take_parts(store, OUTLET, parts, made.committer(OUTLET), self.may_hold)

    def receipt(self, end=SIZE, now=NOW_S):
        with made.opened(self.written.log_db) as store, made.locked(self.written.head_lock) as lock:
            return receipting.give_receipt(store, lock, MIRROR, CITY, self.sender.heads[end], lambda: now)

    @property
    def log(self):
        with made.opened(self.written.log_db) as store:
            return store.log(OUTLET)

    def rows(self):
        """Everything that is held of the outlet's log, as bytes."""
        with made.opened(self.written.log_db) as store:
            log = store.log(OUTLET)
            if log is None:
                return None
            bundles = Bundles(store, log)
            counts = [
                store.db.execute(f"select count(*) from {one}").fetchone() for one in ("bundle", "node", "control")
            ]
            return log, bundles.entries(0, 9999), bundles.leaves(0, 9999), bundles.parts(0, 9999), counts

    def wanted(self):
        with made.opened(self.written.log_db) as store:
            return Bundles(store, store.log(OUTLET)).wanted(9999)

    def is_whole(self):
        """What is held is a prefix of the outlet's log, every hash of it is right, and each part is held or wanted."""
        with made.opened(self.written.log_db) as store:
            log = store.log(OUTLET)
            bundles, size = Bundles(store, log), log.next_entry
            assert bundles.entries(0, 9999) == self.sender.bundles.entries(0, size)
            assert bundles.leaves(0, 9999) == self.sender.bundles.leaves(0, size)
            assert bundles.root(size) == self.sender.bundles.root(size)
            due = {(index, number) for index in range(1, size) for number in range(2)}
            held = dict(bundles.parts(0, 9999))
            assert held.items() <= dict(self.sender.bundles.parts(0, size)).items()
            return set(held) | set(bundles.wanted(9999)) == due and not set(held) & set(bundles.wanted(9999))
