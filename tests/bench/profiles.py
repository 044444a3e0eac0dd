"""Where the time goes: one part's work in one thread under cProfile."""

from cProfile import Profile
from pathlib import Path

from node.home import Home
from node.node import Node
from sync import entry, mirror
from sync.bundles import packages
from sync.package import Packer, unpack
from tests.bench import cataloguing, importing
from tests.bench.place import Place
from tests.sync.mirrored import Holds
from tests.world import OUTLET

PROFILES = ("hop", "apply", "import")


def write(what: str, place: Place, folder: Path, records: int, file: Path) -> None:
    """Write the statistics of one part's work on `records` records to `file`."""
    profile = Profile()
    if what == "import":
        importing.write(folder / "rows.csv", records)
        profile.runcall(importing.measure, place.outlet, folder / "rows.csv")
    elif what == "apply":
        profile.runcall(cataloguing.apply, place.outlet, folder / "catalog.db", False)
    else:
        profile.runcall(_hop, place)
    profile.dump_stats(file)


def _hop(place: Place) -> None:
    """What child and parent do for each package, without what is between them: read, pack, unpack, verify, store."""
    child, parent = Node.open(Home(place.outlet)), Node.open(Home(place.city))
    with child.opened() as below, parent.opened() as above, child.lock() as lock:
        end = below.own.seal(lock)
        registered = above.registry.get(OUTLET)
        mirror.record_head(above.store, registered, OUTLET, end.note, 0, [])
        committer, packer = entry.Committer(parent.federation.id, OUTLET), Packer()
        for one in packages(below.store, below.own.log, 0, end.size, end.size, lambda audience, index: True):
            mirror.take(above.store, registered, unpack(packer.pack(one)), end, committer, Holds())
