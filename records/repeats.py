"""Which keys of a file came before, in little memory: a million take about 30 MB."""

from array import array

import orjson

from records import changes
from records.body import Record
from records.finding import Finding
from records.rules import finding

_FREE = -1


class Repeats:
    """The keys of a file so far, by hashes of 64 bits, each with its first row and a digest of what that stated.

    `_slots` is a table with open addressing over the numbers of the keys, at most half full.
    """

    def __init__(self) -> None:
        self._slots = array("i", [_FREE]) * 1024
        self._keys = array("q")
        self._rows = array("l")
        self._digests = array("q")

    def repeated(self, row_no: int, record: Record) -> Finding | None:
        """Remember a record; return what to say if its key came before."""
        fields = record.fields
        digest = hash(orjson.dumps(changes.meant(fields) if "raw" in fields else fields, option=orjson.OPT_SORT_KEYS))
        place = self._place(hash(record.key))
        if place == len(self._rows):
            self._rows.append(row_no)
            self._digests.append(digest)
            return None
        rule = "DUPLICATE_ROW" if digest == self._digests[place] else "DUPLICATE_KEY"
        return finding(rule, "", record.key, first=self._rows[place])

    def _place(self, key: int) -> int:
        """Return the number of a key, its own from now on if it is new."""
        slots, keys = self._slots, self._keys
        mask = len(slots) - 1
        slot = key & mask
        while (place := slots[slot]) != _FREE:
            if keys[place] == key:
                return place
            slot = (slot + 1) & mask
        slots[slot] = place = len(keys)
        keys.append(key)
        if 2 * len(keys) > len(slots):
            self._grow()
        return place

    def _grow(self) -> None:
        size = 4 * len(self._slots)
        mask, slots = size - 1, array("i", [_FREE]) * size
        for place, key in enumerate(self._keys):
            slot = key & mask
            while slots[slot] != _FREE:
                slot = (slot + 1) & mask
            slots[slot] = place
        self._slots = slots
