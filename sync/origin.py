"""Names of logs: `fed(/label){0,2}`; `ip.gd.example` is a hub, `ip.gd.example/gz/scut` an outlet (wire.md 2)."""

import re

from sync.errors import Malformed

MAX_BYTES = 200
_LABEL = r"[a-z0-9][a-z0-9-]*(?:\.g[0-9]+)?"
_FEDERATION = r"[a-z0-9][a-z0-9-]*(?:\.[a-z0-9][a-z0-9-]*)*"
_ORIGIN = re.compile(rf"{_FEDERATION}(?:/{_LABEL}){{0,2}}", re.ASCII)
_RESERVED = {"root", "mirror"}


def check(origin: str) -> str:
    """Return `origin` if it is a log's name; raise Malformed otherwise."""
    if len(origin) > MAX_BYTES or not _ORIGIN.fullmatch(origin) or _RESERVED & set(origin.split("/")[1:]):
        raise Malformed("origin", origin[:MAX_BYTES])
    return origin


def federation(origin: str) -> str:
    """Return the hub's origin: everything before the first slash."""
    return origin.split("/", 1)[0]


def default_home(origin: str) -> str:
    """Return the origin that registers this one unless the hub moved it; empty for the hub."""
    return origin.rpartition("/")[0]


def is_successor(origin: str) -> bool:
    """Tell whether a log goes on from another one, as its name says: `<old>.gN`."""
    return re.search(r"\.g[0-9]+$", origin.rpartition("/")[2]) is not None and "/" in origin


def generation(origin: str) -> tuple[str, int]:
    """Return the name that a log and all that go on from it share, and which of them it is: 1 for the first."""
    base, _dot, number = origin.rpartition(".g")
    return (base, int(number)) if is_successor(origin) else (origin, 1)


def mirror_name(origin: str) -> str:
    """Return the name under which `origin` signs receipts."""
    return f"{origin}/mirror"
