"""Founding a federation: the hub's home, its root statement, and the root keys to carry away (wire.md section 6)."""

import errno
import os
from pathlib import Path

from node import keyfiles, root_keys
from node.home import Home, write_whole
from node.node import Node
from node.notebook import Notebook
from node.settings import Settings, save
from sync import federation, presence
from sync.federation import RootStatement
from sync.lock import HeadLock
from sync.store import Store


def found(path: Path, settings: Settings, carry: Path) -> Node:
    """Make a hub in the empty directory `path`, and its two root keys in `carry`; return the hub, its log begun.

    node.toml is written last: a crash before leaves a directory that no command takes for a node.
    """
    home = Home.create(path)
    keyfiles.create(home, settings.origin)
    mine = keyfiles.load(home, settings.origin)
    roots = _root_keys(settings.origin, carry)
    verifiers = tuple(signer.verifier for signer in roots)
    log_keys = tuple(signer.verifier for signer in mine.log)
    statement = RootStatement(settings.origin, 1, log_keys, mine.mirror.verifier, verifiers, verifiers)
    made = federation.chain([federation.sign(statement, roots, int(os.stat(path).st_mtime))])
    write_whole(home.federation_root, made.encode(), mode=0o644)
    store = Store.create(home.log_db)
    presence.start(store)
    store.close()
    HeadLock.create(home.head_lock).close()
    Notebook.create(home.node_db)
    with Node(home, settings).opened() as opened:
        opened.own.begin("")
    save(home, settings)
    return Node.open(home)


def _root_keys(origin: str, carry: Path) -> root_keys.Pair:
    """Make the offline pair in `carry`, which must not hold one yet."""
    for file in (root_keys.ROOT_ED25519, root_keys.ROOT_MLDSA44):
        if (carry / file).exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(carry / file))
    return root_keys.make(carry, origin)
