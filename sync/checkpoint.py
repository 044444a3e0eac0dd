"""A log's promise on its size and root (C2SP tlog-checkpoint; wire.md section 2). No extension lines."""

import re
from base64 import b64encode
from dataclasses import dataclass

from sync import note, origin
from sync.errors import Malformed

MAX_SIZE = 2**63 - 1
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The log `origin` holds `size` entries (>= 0) under `root` (32 bytes)."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n"

    @classmethod
    def parse(cls, text: str) -> "Checkpoint":
        """Read exactly what `text` writes; raise Malformed for anything else ("+5", "1_0", an extension line …)."""
        lines = text.split("\n")
        if len(lines) != 4 or lines[3] or not _SIZE.fullmatch(lines[1]):
            raise Malformed("checkpoint", "not origin, size and root")
        found = cls(origin.check(lines[0]), int(lines[1]), note.decode_base64(lines[2]))
        if len(found.root) != 32 or found.size > MAX_SIZE:
            raise Malformed("checkpoint", "size or root out of range")
        return found
