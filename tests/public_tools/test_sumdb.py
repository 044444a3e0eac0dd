"""What Go's checksum database is verified with verifies our logs: golang.org/x/mod/sumdb as Debian packages it.

Nothing of ours runs there. Needs the packages golang-go and golang-golang-x-mod-dev.
"""

import os
import shutil
import subprocess
from base64 import b64decode, b64encode
from pathlib import Path

import pytest

from sync import evidence, keys, proved
from tests.conftest import missing
from tests.world import CITY, HUB, OUTLET, World

GOPATH = Path("/usr/share/gocode")
ENTRIES = 300  # more than one bundle


@pytest.fixture(scope="module")
def sumdb(tmp_path_factory) -> Path:
    """The verifier, built."""
    go = shutil.which("go")
    if go is None or not (GOPATH / "src/golang.org/x/mod/sumdb").is_dir():
        missing("Go with golang.org/x/mod is not installed: golang-go, golang-golang-x-mod-dev", "go")
    made = tmp_path_factory.mktemp("sumdb") / "sumdb"
    environ = {**os.environ, "GOPATH": str(GOPATH), "GO111MODULE": "off", "GOFLAGS": "", "GOTOOLCHAIN": "local"}
    environ["GOCACHE"] = str(made.with_name("cache"))
    source = Path(__file__).with_name("sumdb.go")
    subprocess.run([str(go), "build", "-o", str(made), str(source)], check=True, env=environ, timeout=300)
    return made


@pytest.fixture(scope="module")
def filed(tmp_path_factory):
    """A log of 301 entries that its city has a receipt for, its Ed25519 verifier key, and evidence of some entries."""
    world = World(tmp_path_factory.mktemp("world"))
    try:
        world.hub()
        world.node(CITY, "substation", HUB)
        node = world.node(OUTLET, "outlet", CITY)
        world.sync(CITY)
        world.file(OUTLET, *(b"%d" % number for number in range(ENTRIES)))
        world.sync(OUTLET)
        with node.opened() as opened:
            ed25519 = next(key for key in opened.own.verifiers if key.type == keys.ED25519)
            whole = {at: evidence.write(opened.store, opened.registry, OUTLET, at) for at in (0, 1, 255, 256, ENTRIES)}
        yield ed25519.encode(), whole
    finally:
        world.close()


def record(whole: bytes) -> bytes:
    """Return the tlog-proof in an evidence file's first `record` section, cut out as anybody can."""
    rest = whole.partition(b"\n")[2]
    while rest:
        line, _lf, rest = rest.partition(b"\n")
        word, _space, length = line.partition(b" ")
        if word == b"record":
            return rest[: int(length)]
        rest = rest[int(length) :]
    raise AssertionError("no record")


def run(sumdb: Path, tmp_path: Path, proof: bytes, key: str) -> subprocess.CompletedProcess[str]:
    file = tmp_path / "proof"
    file.write_bytes(proof)
    return subprocess.run([str(sumdb), str(file), key], capture_output=True, text=True, timeout=30, check=False)


@pytest.mark.parametrize("index", [0, 1, 255, 256, ENTRIES])
def test_go_verifies_head_and_inclusion(sumdb, filed, tmp_path, index):
    key, whole = filed
    found = run(sumdb, tmp_path, record(whole[index]), key)
    assert (found.returncode, found.stdout) == (0, f"{OUTLET} {index} {ENTRIES + 1}\n"), found.stderr


def with_entry_changed(proof: bytes) -> bytes:
    title, extra, rest = proof.split(b"\n", 2)
    raw = bytearray(b64decode(extra.removeprefix(b"extra ")))
    raw[12] ^= 1  # in the entry, behind its length
    return b"\n".join((title, b"extra " + b64encode(bytes(raw)), rest))


CHANGES = {
    "entry": with_entry_changed,
    "index": lambda proof: proof.replace(b"\nindex 255\n", b"\nindex 254\n"),
    "hash": lambda proof: proof.replace(proof.split(b"\n")[3], b64encode(bytes(32))),
    "size": lambda proof: proof.replace(b"\n301\n", b"\n302\n"),
    "root": lambda proof: proof.replace(proof.partition(b"\n301\n")[2][:44], b64encode(bytes(32))),
}


@pytest.mark.parametrize("what", sorted(CHANGES))
def test_go_refuses_what_was_changed(sumdb, filed, tmp_path, what):
    key, whole = filed
    proof = record(whole[255])
    changed = CHANGES[what](proof)
    assert changed != proof
    assert run(sumdb, tmp_path, changed, key).returncode == 1


def test_go_refuses_another_key(sumdb, filed, tmp_path):
    _key, whole = filed
    other = keys.Signer(OUTLET, keys.ED25519, bytes(range(32))).verifier.encode()
    found = run(sumdb, tmp_path, record(whole[1]), other)
    assert found.returncode == 1
    assert proved.stated_origin(record(whole[1])) == OUTLET
