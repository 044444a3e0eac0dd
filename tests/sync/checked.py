"""A city whose store is checked and mended in tests: it registers an outlet, holds all of its log, and has signed."""

from sync import fsck, mirror, receipting
from sync.bundles import packages
from sync.mending import Mending
from sync.registry import Registry
from tests.sync import made
from tests.sync.flipped import flip
from tests.sync.made import CITY, HUB, NOW_S, OUTLET
from tests.sync.mirrored import SIZE, Holds, Receiver


class City(Receiver):
    """A city that registers the outlet in its own log, holds all of the outlet's, and has given a receipt."""

    def __init__(self, path, sender):
        super().__init__(path, sender)
        with self.written.own() as own:
            own.state(made.node(OUTLET))
        self.written.add(300)
        self._mirror_hub(path)
        self.written.seal()
        for end in (300, SIZE):
            self.record(end)
            self.take_all(end)
            self.receipt(end)

    def _mirror_hub(self, path):
        """Fetch the hub's log, which registers the city."""
        hub = made.Written(path / "hub", HUB)
        with hub.own() as own:
            own.state(made.node(CITY, "substation"))
        head, registered = hub.seal(), made.registration(HUB, "hub")
        with made.opened(hub.log_db) as theirs, made.opened(self.log_db) as store:
            mirror.record_head(store, registered, "", head.note, 0, [])
            for one in packages(theirs, theirs.log(HUB), 0, head.size, head.size, lambda audience, index: True):
                mirror.take(store, registered, one, head, made.committer(HUB), Holds())
            receipting.settle(store, head)

    @property
    def log_db(self):
        return self.written.log_db

    def check(self, **options):
        with made.opened(self.log_db) as store, made.locked(self.written.head_lock) as lock:
            return fsck.check(store, Registry(store, made.the_federation(), CITY), lock, **options)

    def mend(self, found):
        """Note and mend what can be mended here; return (what is open still, what a new check finds)."""
        with made.opened(self.log_db) as store:
            return self.mend_in(store, found)

    def mend_in(self, store, found):
        """Do the same with that store."""
        with made.locked(self.written.head_lock) as lock:
            mending = Mending(store, Registry(store, made.the_federation(), CITY), lock, NOW_S)
            mending.book.note(found, NOW_S)
            mending.here(found)
            return mending.book.open(), fsck.check(store, mending.registry, lock)

    def id(self, origin=OUTLET):
        with made.opened(self.log_db) as store:
            return store.log(origin).id

    def flip(self, table, column, where="1", at=0, bit=0):
        flip(self.log_db, f"select {column} from {table} not indexed where {where}", at, bit)

    def set(self, sql, *values):
        with made.opened(self.log_db) as store:
            store.db.execute(sql, values)
