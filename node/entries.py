"""One entry of a log as this node has it: its parts, each held, erased, awaited or withheld; by ORIGIN#INDEX."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from node.commands import moment
from node.errors import NodeError
from node.messages import N_, _
from node.node import Opened
from records import body
from records.errors import MalformedRecord
from sync import control, entry, erasing, tree
from sync.bundles import Bundles
from sync.schema import key
from sync.store import Log

HELD, ERASED, WANTED, WITHHELD = "held", "erased", "wanted", "withheld"
_ENTRY = re.compile(r"(?P<origin>[^#\s]+)#(?P<index>[0-9]{1,15})")
_ABSENT: Mapping[str, str] = {
    WANTED: N_("never held here: it is due here and has not come yet"),
    WITHHELD: N_("withheld: it is not meant for this node"),
}


class NeverHeld(NodeError):
    """An entry that has not come to this node: (origin, index)."""

    facts = ("origin", "index")
    sentence = N_(
        "Entry {index} of {origin} was never held here. Check the name and the number: a node has its own log and "
        "those of the nodes above and below it, the hub has all."
    )


@dataclass(frozen=True, slots=True)
class Part:
    """One part of an entry; `state` is a word of above. Of an erased one: who asked for it, when, on what ground.

    `ground` is "" where the log that asked is not held here; `at` is then when this node heard of it. `was_held` tells
    whether it ever came or was due here; `content` is what is held, without its salt.
    """

    part: int
    audience: str
    state: str
    was_held: bool
    by: str = ""
    ground: str = ""
    at: int | None = None
    content: bytes | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """An entry and its parts; `about` is whom a control entry names, `what` what it is, "record" for records."""

    origin: str
    index: int
    what: str
    about: str
    at: int
    leaf: bytes
    parts: tuple[Part, ...]


def named(text: str) -> tuple[str, int] | None:
    """Return the origin and index that a text like ip.gd.example/gz/scut#7 names, or None for other texts."""
    found = _ENTRY.fullmatch(text)
    return (found["origin"], int(found["index"])) if found else None


def find(here: Opened, origin: str, index: int) -> Found:
    """Return one entry as it is here; raise NeverHeld, and Malformed for one that has been damaged."""
    log = here.store.log(origin)
    if log is None or index >= log.next_entry:
        raise NeverHeld(origin, index)
    raw = Bundles(here.store, log).entries(index, index + 1)[0]
    read = entry.Entry.decode(raw)
    what, about = control.describe(read.control) if read.kind == entry.CONTROL else ("record", "")
    return Found(origin, index, what, about, read.time_ms // 1000, tree.leaf_hash(raw), parts(here, log, index))


def parts(here: Opened, log: Log, index: int) -> tuple[Part, ...]:
    """Return the parts that an entry which is held commits to, each as it is here."""
    stated = entry.commitments(Bundles(here.store, log).entries(index, index + 1)[0])[1]
    return tuple(_part(here, log, index, number, audience) for number, (audience, _commitment) in enumerate(stated))


def _part(here: Opened, log: Log, index: int, number: int, audience: str) -> Part:
    store = here.store
    if gone := erasing.find(store, log, index, number):
        ground, at = erasing.asked(store, gone)
        was_held = erasing.is_due(store, here.registry, log, gone, here.node.origin)
        return Part(number, audience, ERASED, was_held, gone.by, ground, at)
    if (content := Bundles(store, log).part(index, number)) is not None:
        return Part(number, audience, HELD, True, content=content[entry.SALT_BYTES :])
    id = key(log.id, index, number)
    wanted = store.db.execute("select 1 from wanted where id = ?", (id,)).fetchone()
    return Part(number, audience, WANTED if wanted else WITHHELD, False)


def absent(part: Part) -> str:
    """Return why a part is not here, for people."""
    if part.state != ERASED:
        return _(_ABSENT[part.state])
    said = _("erased: {by} asked for it on {when}, ground: {ground}").format(
        by=part.by, when=moment(part.at), ground=_(part.ground) if part.ground else "?"
    )
    return said if part.was_held else said + _("; it was never held here")


def as_dict(part: Part) -> dict[str, Any]:
    """Return a part for programs, without what it holds."""
    return {name: value for name, value in asdict(part).items() if name != "content"}


def shown(found: Found) -> dict[str, Any]:
    """Return an entry for programs."""
    named = {"origin": found.origin, "index": found.index, "what": found.what, "about": found.about}
    content = [{**as_dict(one), "record": _record(one.content)} for one in found.parts]
    return {**named, "at": found.at, "leaf": found.leaf.hex(), "parts": content}


def lines(found: Found) -> Iterator[str]:
    """Yield an entry as people read it."""
    yield f"{found.origin}#{found.index}  {found.what} {found.about}".rstrip()
    yield _("made {when}, leaf hash {leaf}").format(when=moment(found.at), leaf=found.leaf.hex())
    for one in found.parts:
        record = _record(one.content)
        said = f"{record.get('key', '')} {_(record.get('op', ''))}" if record else _("held here")
        yield f"  .{one.part}  {one.audience}  {said if one.state == HELD else absent(one)}"
        for name, value in (record or {}).get("fields", {}).items():
            yield f"      {name}: {value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"


def _record(content: bytes | None) -> dict[str, Any] | None:
    """Return a part that holds a record; None for others, such as what is sealed for one reader."""
    try:
        return asdict(body.decode(content)) if content is not None else None
    except MalformedRecord:
        return None
