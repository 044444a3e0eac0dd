"""Logs of several origins in one log.db, and the records in them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from records import body, identifiers
from records.body import Record
from sync.keys import ED25519, MLDSA44, Signer
from sync.ownlog import OwnLog
from sync.store import Store

HUB = "ip.example"
GZ = "ip.example/gz"
SCUT = "ip.example/gz/scut"
LED = "ip.example/gz/led"
SZU = "ip.example/sz/szu"
FEDERATION_ID = bytes(32)


def key_of(number: int) -> str:
    """Return the key of made-up invention `number`, 0 to 9,999,999."""
    return f"patent_invention:CN:{application_no(number)}"


def application_no(number: int) -> str:
    digits = f"20171{number:07d}"
    return f"{digits}.{identifiers.check_digit(digits)}"


def patent(number: int, title: str = "一种照明装置", **fields: Any) -> Record:
    stated = {"application_no": application_no(number), "filing_date": "2017-07-21", "title": title, **fields}
    return Record(key_of(number), "assert", "patent_invention", 1, stated)


def withdrawal(number: int, reason: str = "重复") -> Record:
    return Record(key_of(number), "withdraw", "patent_invention", 1, reason=reason)


def organisation(origin: str, name: str, role: str = "outlet") -> Record:
    fields = {"origin": origin, "name": name, "role": role}
    return Record(f"organisation:{origin}", "assert", "organisation", 1, fields)


class Logs:
    """Writes logs of any origin; everything written is stored under a receipt."""

    def __init__(self, folder: Path):
        self.store = Store.create(folder / "log.db")

    def file(self, origin: str, *entries: Record | bytes | Sequence[tuple[str, Record | bytes]]) -> int:
        """Add one entry for each record (one federation part) or list of (audience, record); return the first index."""
        signers = Signer(origin, ED25519, bytes(32)), Signer(origin, MLDSA44, bytes(32))
        log = OwnLog(self.store, origin, FEDERATION_ID, signers, lambda: 1_700_000_000.0)
        log.begin(origin.rpartition("/")[0])
        parts = [[("federation", one)] if isinstance(one, Record | bytes) else one for one in entries]
        first = log.add([[(audience, _bytes(said)) for audience, said in one] for one in parts])
        with self.store.write():
            self.store.set_stored(log.log, log.log.next_entry)
        return first

    def lose(self, origin: str, index: int, part: int = 0) -> bytes:
        """Take a part out, as where it has not arrived yet; return its content."""
        id = self.id(origin, index, part)
        with self.store.write() as db:
            (content,) = db.execute("select content from part where id = ?", (id,)).fetchone()
            db.execute("delete from part where id = ?", (id,))
        return content

    def find(self, origin: str, index: int, content: bytes, part: int = 0) -> None:
        with self.store.write() as db:
            db.execute("insert into part(id, content) values (?, ?)", (self.id(origin, index, part), content))

    def id(self, origin: str, index: int, part: int = 0) -> int:
        log = self.store.log(origin)
        assert log is not None
        return log.id << 40 | index << 3 | part


def _bytes(said: Record | bytes) -> bytes:
    return said if isinstance(said, bytes) else body.encode(said)
