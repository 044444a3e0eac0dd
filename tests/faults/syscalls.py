"""EIO and ENOSPC, by system call: strace looks on at a node's process and lets calls on its databases fail."""

import re
import shutil
import subprocess
import time
from pathlib import Path

from tests.faults.place import HONEST
from tests.faults.processes import Process
from tests.faults.scene import Effect, Kind, Scene

FILES = ("log.db", "log.db-wal", "head.lock", "head.lock-wal", "catalog.db-wal", "node.db-wal", "log.db-shm")
_ATTACHED = re.compile(rb"attached", re.MULTILINE)
ATTACH_S = 10.0
STRACE = shutil.which("strace")


def _night(scene: Scene, error: str) -> Effect:
    """Let some calls on some files of one node fail, once or from then on until the night is over."""
    chance, federation = scene.chance, scene.federation
    origin = HONEST[scene.turn % len(HONEST)]
    federation.start()
    tracer = _attach(scene, federation.running[origin], error, _when(chance.random(), chance.randint(1, 12)))
    try:
        federation.night()
    finally:
        tracer.terminate()
        tracer.wait()
    injected = (scene.folder / "strace").read_text("utf-8", "replace").count("(INJECTED)")
    if federation.running[origin].runs and chance.random() < 0.5:
        federation.stop(origin)  # a person starts it anew; or it goes on as it is
    return Effect(int(injected > 0), f"{origin}: {error} {injected} times")


def _when(kind: float, first: int) -> str:
    return f"{first}" if kind < 0.4 else f"{first}+" if kind < 0.7 else f"{first}+3"


def _attach(scene: Scene, process: Process, error: str, when: str) -> "subprocess.Popen[bytes]":
    """Return strace once it looks on at all threads of the process."""
    home = scene.place.home(_origin(scene, process)).path
    out, said = scene.folder / "strace", scene.folder / "strace.said"
    calls = ("pwrite64",) if error == "ENOSPC" else ("pwrite64", "fdatasync")
    command = ["strace", "-f", "-p", str(process.pid), "-o", str(out), "-e", f"trace={','.join(calls)}"]
    for call in calls:
        command += ["-e", f"inject={call}:error={error}:when={when}"]
    for name in FILES:
        command += ["-P", str(home / name)]
    with said.open("wb") as errors:
        tracer = subprocess.Popen(command, stderr=errors)
    until = time.monotonic() + ATTACH_S
    while not _ATTACHED.search(said.read_bytes()) and time.monotonic() < until and tracer.poll() is None:
        time.sleep(0.005)
    return tracer


def _origin(scene: Scene, process: Process) -> str:
    return next(origin for origin, one in scene.federation.running.items() if one is process)


def available(folder: Path) -> str:
    """Return why strace cannot be had here, "" if it can."""
    if STRACE is None:
        return "strace is not installed"
    out = folder / "strace.tried"
    tried = subprocess.run(["strace", "-o", str(out), "true"], capture_output=True, text=True, check=False)
    return "" if tried.returncode == 0 else f"strace: {tried.stderr.strip()[:200]}"


KINDS = [
    Kind("eio", "EIO from write and sync calls on a node's databases", lambda scene: _night(scene, "EIO"), 5, "strace"),
    Kind("enospc", "ENOSPC from writes to a node's databases", lambda scene: _night(scene, "ENOSPC"), 5, "strace"),
]
