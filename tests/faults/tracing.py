"""strace, looking on at a node's process: what it calls on the node's databases, and which of these calls fail."""

import re
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

FILES = (
    *("log.db", "log.db-wal", "log.db-shm", "head.lock", "head.lock-wal", "head.lock-shm"),
    *("catalog.db", "catalog.db-wal", "node.db", "node.db-wal"),
)
CALLS = ("pwrite64", "fdatasync", "ftruncate")
ATTACH_S = 10.0
STRACE = shutil.which("strace")
_ATTACHED = re.compile(rb"attached")
_CALL = re.compile(r"^(\d+) +(\w+)\(", re.MULTILINE)


def attach(
    pid: int, home: Path, folder: Path, calls: Sequence[str], error: str = "", when: str = ""
) -> "subprocess.Popen[bytes]":
    """Return strace once it looks on at all threads of a process; it lets `calls` fail with `error` at `when`.

    `when` counts the calls of each thread, as strace does. What it sees is written to `folder`/strace.
    """
    said = folder / "strace.said"
    command = ["strace", "-f", "-p", str(pid), "-o", str(folder / "strace"), "-e", f"trace={','.join(calls)}"]
    for call in calls if error else ():
        command += ["-e", f"inject={call}:error={error}:when={when}"]
    for name in FILES:
        command += ["-P", str(home / name)]
    with said.open("wb") as errors:
        tracer = subprocess.Popen(command, stderr=errors)
    until = time.monotonic() + ATTACH_S
    while not _ATTACHED.search(said.read_bytes()) and time.monotonic() < until and tracer.poll() is None:
        time.sleep(0.005)
    return tracer


def calls(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield (thread, call) of each call that was seen."""
    for found in _CALL.finditer((folder / "strace").read_text("utf-8", "replace")):
        yield found[1], found[2]


def injected(folder: Path) -> int:
    """Return how many calls were seen to fail because they were made to."""
    return (folder / "strace").read_text("utf-8", "replace").count("(INJECTED)")


def available(folder: Path) -> str:
    """Return why strace cannot be had here, "" if it can."""
    if STRACE is None:
        return "strace is not installed"
    out = folder / "strace.tried"
    tried = subprocess.run(["strace", "-o", str(out), "true"], capture_output=True, text=True, check=False)
    return "" if tried.returncode == 0 else f"strace: {tried.stderr.strip()[:200]}"
