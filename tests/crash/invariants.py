"""What must be true of an outlet and its parent after any crash, read from their files with nothing kept in memory."""

import json
import time
from collections.abc import Iterable, Sequence

from node.node import Node, Opened
from sync import entry, head, tree
from sync.bundles import Bundles
from sync.store import Log, Store
from tests.crash.trace import Event

CHUNK = 4096


def prefix_roots(leaves: Iterable[bytes], sizes: Iterable[int]) -> dict[int, bytes]:
    """Return by size the root over the first `size` leaves, made from the leaves alone, in one pass."""
    wanted = set(sizes)
    peaks: list[tuple[int, bytes]] = []
    roots = {0: tree.EMPTY_ROOT}
    for size, leaf in enumerate(leaves, 1):
        level, value = 0, leaf
        while peaks and peaks[-1][0] == level:
            value = tree.node_hash(peaks.pop()[1], value)
            level += 1
        peaks.append((level, value))
        if size in wanted:
            for _level, left in reversed(peaks[:-1]):
                value = tree.node_hash(left, value)
            roots[size] = value
    return roots


def check(child: Node, parent: Node, events: Sequence[Event]) -> list[tuple[str, int, int]]:
    """Fail unless all of the child's own log is at the parent, once and the same, under one history of heads.

    Return (batch, at, of) of each record, in the log's order.
    """
    with child.opened() as below, parent.opened() as above:
        ours, mirrored = below.own.log, above.store.log(child.origin)
        assert mirrored is not None
        assert (mirrored.next_entry, mirrored.stored) == (ours.next_entry, ours.next_entry) == (ours.stored,) * 2
        for one in (below, above):
            assert one.store.alarms() == []
            assert [log.origin for log in one.store.logs() if log.frozen] == []
            assert one.store.db.execute("pragma integrity_check").fetchone() == ("ok",)
        assert Bundles(above.store, mirrored).count_wanted() == 0
        leaves, names = _same_content(below, ours, above, mirrored)
        _one_history(below, ours, above, mirrored, leaves, events)
        _receipt_is_durable(below, ours, above, mirrored)
        _down_is_whole(below, above)
        return names


def _same_content(
    below: Opened, ours: Log, above: Opened, mirrored: Log
) -> tuple[list[bytes], list[tuple[str, int, int]]]:
    """Compare entries, stored hashes and parts of both sides; return the leaves, hashed again, and the records."""
    committer = entry.Committer(below.node.federation.id, ours.origin)
    leaves: list[bytes] = []
    names: list[tuple[str, int, int]] = []
    child, parent = Bundles(below.store, ours), Bundles(above.store, mirrored)
    for start in range(0, ours.next_entry, CHUNK):
        end = min(ours.next_entry, start + CHUNK)
        entries, parts = child.entries(start, end), child.parts(start, end)
        assert len(entries) == end - start
        assert parent.entries(start, end) == entries
        assert parent.parts(start, end) == parts
        made = [tree.leaf_hash(one) for one in entries]
        assert child.leaves(start, end) == parent.leaves(start, end) == made
        stated = {
            (index, number): found
            for index, raw in enumerate(entries, start)
            for number, found in enumerate(entry.commitments(raw)[1])
        }
        assert [name for name, _content in parts] == list(stated)
        for name, content in parts:
            assert committer.commit(stated[name][0], content) == stated[name][1]
            body = json.loads(content[entry.SALT_BYTES :])
            names.append((body["batch"], body["at"], body["of"]))
        leaves += made
    assert _rows(below.store, ours) == _rows(above.store, mirrored) == ours.next_entry
    return leaves, names


def _rows(store: Store, log: Log) -> int:
    """Return how many leaves all rows of a log hold, also any beyond its end."""
    low, high = log.id << 40, (log.id + 1) << 40
    found = store.db.execute("select sum(length(leaves)) from bundle where id >= ? and id < ?", (low, high)).fetchone()
    return int(found[0]) // 32


def _one_history(
    below: Opened, ours: Log, above: Opened, mirrored: Log, leaves: Sequence[bytes], events: Sequence[Event]
) -> None:
    """Every head ever signed, shown, sighted or locked is a prefix of what the log is now: there is no fork."""
    heads = {
        (one.number(1), bytes.fromhex(one.facts[2]))
        for one in events
        if one.what in ("signed", "shown") and one.facts[0] == ours.origin
    }
    rows = above.store.db.execute("select size, root from sighting where log = ?", (mirrored.id,))
    heads |= {(size, root) for size, root in rows}
    sealed, recorded = below.own.sealed(), above.store.head(mirrored, ours.origin)
    assert sealed is not None
    assert recorded is not None
    assert sealed.size == ours.next_entry
    assert sealed.note == recorded.note
    with below.node.lock() as lock, above.node.lock() as parents_lock:
        for locked in (lock.signed(ours.origin), parents_lock.signed(ours.origin)):
            assert locked is not None
            assert (locked.size, locked.root) == (sealed.size, sealed.root)
    heads.add((sealed.size, sealed.root))
    roots = prefix_roots(leaves, (size for size, _root in heads))
    assert {(size, roots[size]) for size, _root in heads} == heads
    for store, log in ((below.store, ours), (above.store, mirrored)):
        assert Bundles(store, log).root(sealed.size) == roots[sealed.size]


def _receipt_is_durable(below: Opened, ours: Log, above: Opened, mirrored: Log) -> None:
    """The child holds the parent's receipt on all of its log, as the parent's lock has it, and it verifies."""
    parent = above.node.origin
    kept = below.store.newest_receipt(ours, parent)
    assert kept is not None
    opened = head.open_receipt(kept.note, parent, below.registry.mirror_key(parent), int(time.time()))
    assert opened.checkpoint == kept.checkpoint
    sealed = below.own.sealed()
    assert sealed is not None
    assert kept.checkpoint == sealed.checkpoint
    theirs = above.store.newest_receipt(mirrored, parent)
    with above.node.lock() as lock:
        signed = lock.signed(ours.origin)
    assert theirs is not None
    assert signed is not None
    assert signed.note == theirs.note == kept.note


def _down_is_whole(below: Opened, above: Opened) -> None:
    """The child's mirror of its parent's log is the parent's log, as far as the parent has signed it."""
    parents, mirrored = above.own.log, below.store.log(above.node.origin)
    assert mirrored is not None
    assert mirrored.stored == mirrored.next_entry == parents.stored
    size = parents.stored
    assert Bundles(below.store, mirrored).root(size) == Bundles(above.store, parents).root(size)
    assert Bundles(below.store, mirrored).entries(0, size) == Bundles(above.store, parents).entries(0, size)


def check_batches(names: Sequence[tuple[str, int, int]], events: Sequence[Event]) -> None:
    """Fail unless each batch that was acknowledged is in the log once, where it was said to be.

    A batch that was in flight at a kill is there whole or not at all; nothing else is there.
    """
    added = {one.facts[0]: (one.number(1), one.number(2)) for one in events if one.what == "added"}
    begun = {one.facts[0]: one.number(1) for one in events if one.what == "adding"}
    found: dict[str, tuple[int, int]] = {}
    at = 0
    while at < len(names):
        batch, _at, count = names[at]
        assert batch not in found, f"batch {batch} is there twice"
        assert begun[batch] == count
        assert list(names[at : at + count]) == [(batch, one, count) for one in range(count)]
        found[batch] = (count, at + 1)  # entry 0 is the genesis, which has no parts
        at += count
    assert {batch: found.get(batch) for batch in added} == added


def check_at_hub(child: Node, hub: Node) -> None:
    """Fail unless the child's log is at a node two hops away as the child has it."""
    with child.opened() as below, hub.opened() as above:
        ours, mirrored = below.own.log, above.store.log(child.origin)
        assert mirrored is not None
        assert mirrored.stored == ours.stored == ours.next_entry
        assert Bundles(above.store, mirrored).count_wanted() == 0
        assert above.store.alarms() == []
        _same_content(below, ours, above, mirrored)
