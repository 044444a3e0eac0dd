"""What a harvest has fetched so far, in a file beside the databases: a record a line, appended page by page."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile

import orjson

from node.repository import Item
from records import dublin_core, reading
from records.draft import Blank, Draft
from records.errors import UnreadableFile
from records.finding import Finding

DUBLIN_CORE = "oai_dc"
FORMAT = "oai-pmh"


@dataclass(frozen=True, slots=True)
class Spool:
    """The spool of one harvest. Also the reader of what lies in it: each line is a row."""

    path: Path
    prefix: str

    @property
    def format(self) -> str:
        return FORMAT

    @property
    def encoding(self) -> str:
        return "utf-8"

    @property
    def layout(self) -> str:
        return self.prefix

    @property
    def stated(self) -> None:
        return None

    def add(self, items: Iterable[Item], size: int) -> int:
        """Append records behind the first `size` bytes, durably, and return how many bytes there are then.

        What a crash left behind `size` is cut off.
        """
        self.path.parent.mkdir(mode=0o700, exist_ok=True)
        file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(file, "wb") as out:
            out.truncate(size)
            out.seek(size)
            for item in items:
                out.write(orjson.dumps([item.identifier, item.datestamp, item.deleted, item.payload.decode()]) + b"\n")
            out.flush()
            os.fsync(out.fileno())
            return out.tell()

    def items(self) -> Iterator[tuple[int, Item]]:
        """Yield the records by line, from 1."""
        with self.path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                identifier, datestamp, deleted, payload = orjson.loads(line)
                yield number, Item(identifier, datestamp, deleted, payload.encode())

    def drafts(self) -> Iterator[Draft | Blank]:
        """Yield what the records state; what states no right, or was deleted at its source, is a blank row."""
        for number, item in self.items():
            if item.deleted or not item.payload:
                yield Blank(number)
            else:
                yield from self._drafts(number, item)

    def _drafts(self, number: int, item: Item) -> Iterator[Draft | Blank]:
        try:
            if self.prefix == DUBLIN_CORE:
                found = dublin_core.draft(item.payload, number)
                drafts: list[Draft | Blank] = [found] if found else [Blank(number)]
            else:
                drafts = list(_native(item.payload))
        except UnreadableFile as error:
            unreadable = Finding("UNREADABLE", "error", "", item.identifier[:200], error.message_zh, error.message_en)
            yield Draft(number, "", {}, {"identifier": item.identifier}, (unreadable,))
            return
        for one in drafts:
            if isinstance(one, Draft):
                raw = {"identifier": item.identifier, **one.raw}
                yield Draft(number, one.kind, one.values, raw, one.findings)
        if not any(isinstance(one, Draft) for one in drafts):
            yield Blank(number)

    def remove(self) -> None:
        """Throw the spool away."""
        self.path.unlink(missing_ok=True)


def _native(payload: bytes) -> Iterator[Draft | Blank]:
    """Yield the drafts of a record in one of the formats that files come in."""
    with NamedTemporaryFile(suffix=".xml") as file:
        file.write(b'<?xml version="1.0" encoding="UTF-8"?>\n' + payload)
        file.flush()
        yield from reading.recognise(Path(file.name)).drafts()
