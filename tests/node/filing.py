"""A node to file in, without doors or parents, and files to import: rows under the headings of the office's export."""

import csv
from collections.abc import Iterable
from pathlib import Path

from banyan.v1 import search_pb2_grpc

from node import enrolment, founding, keyfiles, settings
from node.home import Home
from node.node import Node
from node.relay import SearchService
from node.serving import open_doors
from node.settings import Parent, Settings
from records import body, identifiers
from records.body import Record
from sync.bundles import Bundles
from sync.entry import SALT_BYTES, commitments
from tests.world import CITY, HUB, OUTLET, World


def node_at(path: Path) -> Node:
    """Return an outlet as it is once it has joined, with a log of its own; its parent was never opened."""
    hub = founding.found(path / "hub", Settings(HUB, "hub", "试验主站"), path / "root-keys")
    home = Home.create(path / "home")
    keyfiles.create(home, OUTLET)
    enrolment._prepare(home, hub.federation, OUTLET)
    parent = Parent(CITY, "127.0.0.1:1", "127.0.0.1:1")
    found = Settings(OUTLET, "outlet", "华南理工大学", parents=(parent,), language="en")
    enrolment.begin_log(Node(home, found))
    settings.save(home, found)
    return Node.open(home, {})


def number(n: int) -> str:
    """Return made-up application number `n`, 0 to 9,999,999, with its check digit."""
    digits = f"20171{n:07d}"
    return f"{digits}.{identifiers.check_digit(digits)}"


def key(n: int) -> str:
    return f"patent_invention:CN:{number(n)}"


def row(n: int, title: str = "一种照明装置", **more: str) -> dict[str, str]:
    """Return a row of a granted invention; its audience is federation by default."""
    given = {
        "专利类型": "发明授权",
        "专利名称": title,
        "法律状态": "授权",
        "法律状态最后修改日期": "20200301",
        "申请号": f"CN{number(n)}",
        "申请日": "2017.03.01",
        "申请人/专利权人": "华南理工大学",
        "发明人": "张三 ; 李四",
    }
    return given | more


def unfiled(n: int, title: str = "一种照明装置", **more: str) -> dict[str, str]:
    """Return a row that states nothing published; its audience is path by default."""
    return row(n, title, 法律状态="", 法律状态最后修改日期="", **more)


def write(path: Path, rows: Iterable[dict[str, str]]) -> Path:
    """Write rows as CSV; the first one's cells are the headings."""
    listed = list(rows)
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, list(listed[0]))
        writer.writeheader()
        writer.writerows(listed)
    return path


def entries(node: Node) -> list[list[tuple[str, Record]]]:
    """Return the record entries of a node's own log, oldest first: (audience, record) by part."""
    with node.opened() as opened:
        log = opened.own.log
        bundles = Bundles(opened.store, log)
        raws = bundles.entries(0, log.next_entry)
        found: dict[int, list[tuple[str, Record]]] = {}
        for (index, part), content in bundles.parts(0, log.next_entry):
            audience = commitments(raws[index])[1][part][0]
            if audience.startswith("node:"):
                continue  # who did what, and no record
            found.setdefault(index, []).append((audience, body.decode(content[SALT_BYTES:])))
    return [found[index] for index in sorted(found)]


def said(node: Node, n: int) -> dict[str, Record]:
    """Return what the newest entry of record `n` says, by audience."""
    return dict([parts for parts in entries(node) if parts[0][1].key == key(n)][-1])


def open_with_search(world: World, origin: str) -> None:
    """Open a node's doors again, searching included."""
    world.shut(origin)
    node = world.nodes[origin]
    world.doors[origin] = open_doors(
        node,
        world.stored.append,
        lambda origin: None,
        lambda server: search_pb2_grpc.add_SearchServicer_to_server(SearchService(node), server),
    )
