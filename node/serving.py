"""A node's open doors: the sync door and the joining door, and what runs behind them."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace

import grpc
from banyan.v1 import enrolment_pb2_grpc, sync_pb2_grpc

from node import doors
from node.admission import EnrolService
from node.node import Node
from sync import presence
from sync.service import SyncService

log = logging.getLogger(__name__)
GRACE_S = 5.0


@dataclass
class Doors:
    """Two running servers, and the node with the addresses that they got."""

    node: Node
    sync: grpc.Server
    join: grpc.Server

    def close(self) -> None:
        """Let calls under way finish for a few seconds, then end them; the child goes on from there the next time."""
        for done in [server.stop(GRACE_S) for server in (self.sync, self.join)]:
            done.wait()


def open_doors(
    node: Node,
    stored: Callable[[str], None],
    enrolled: Callable[[str], None],
    more: Callable[[grpc.Server], None] = lambda server: None,
) -> Doors:
    """Open both doors of a node that has children; `more` adds further services to the sync door."""
    addresses = (node.settings.sync_listen, node.settings.join_listen)
    node.own_authority(hosts(node))
    with node.opened() as opened:
        presence.start(opened.store)
        opened.settle_keys()
    sync, sync_port = doors.sync_server(node.home, addresses[0])
    join, join_port = doors.join_server(node.home, addresses[1])
    node = _at(node, sync_port, join_port)
    sync_pb2_grpc.add_SyncServicer_to_server(SyncService(node.serving(stored)), sync)
    more(sync)
    enrolment_pb2_grpc.add_EnrolmentServicer_to_server(EnrolService(node, enrolled), join)
    sync.start()
    join.start()
    log.info("doors open sync=%d join=%d", sync_port, join_port)
    return Doors(node, sync, join)


def _at(node: Node, sync_port: int, join_port: int) -> Node:
    """Return the node with the ports that it got, where its settings leave the choice to the machine (port 0)."""
    known = node.settings
    sync_listen, join_listen = (
        f"{address.removesuffix(':0')}:{port}" if address.endswith(":0") else address
        for address, port in ((known.sync_listen, sync_port), (known.join_listen, join_port))
    )
    return replace(node, settings=replace(known, sync_listen=sync_listen, join_listen=join_listen))


def hosts(node: Node) -> list[str]:
    """Return the host names under which children reach this node."""
    found = (
        address.rpartition(":")[0].strip("[]") for address in (node.settings.sync_address, node.settings.join_address)
    )
    return sorted(set(found))
