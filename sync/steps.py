"""The steps of verifying an evidence file that held, in the order in which they were checked."""

from collections.abc import Mapping
from dataclasses import dataclass

from sync import control, entry
from sync.eras import Era
from sync.federation import Federation
from sync.proved import Step


@dataclass(frozen=True, slots=True)
class Held:
    """One step that held: its word as in NotProved, what it showed, and the facts of it by name."""

    step: str
    what: str
    facts: Mapping[str, object]


def key_ids(era: Era) -> list[str]:
    """Return the ids of an era's log keys, then of its mirror key, as they stand in signed notes."""
    return [one.key_id.hex() for one in (*era.log_keys, era.mirror_key)]


def stated(home: str, step: Step, said: control.Statement, before: tuple[Era, ...], after: tuple[Era, ...]) -> Held:
    """Return what a statement of `home` showed: the eras of the origin that it is on were `before`, and are `after`."""
    facts: dict[str, object] = {"by": home, "index": step.index, "at": step.head.time_s}
    earlier = key_ids(before[-1]) if before else []
    match said:
        case control.Node():
            facts |= {"origin": said.origin, "role": said.role, "status": said.status, "reason": said.reason}
            return Held("registration", "node", facts | {"keys": key_ids(after[-1]) if after and not before else []})
        case control.Rotate():
            ended = len(after) > len(before)
            hub = said.origin == home
            facts |= {"origin": said.origin, "size": said.size, "counts": ended or (hub and before != after)}
            if hub:
                old = [key_ids(one) for one, was in zip(after, before, strict=True) if one != was]
                return Held("registration", "hub-rotate", facts | {"earlier": old[0] if old else []})
            facts |= {"signed": bool(said.signatures), "keys": key_ids(after[-1]) if ended else []}
            return Held("registration", "rotate", facts | {"earlier": earlier})
        case control.Revoke():
            facts |= {"origin": said.origin, "size": said.size, "reason": said.reason, "counts": before != after}
            return Held("registration", "revoke", facts | {"earlier": earlier})
        case control.Home():
            return Held("registration", "home", facts | {"origin": said.origin, "home": said.home})
        case control.Confirm():
            named = {"origin": said.origin, "home": said.home, "confirmed": said.index}
            return Held("registration", "confirm", facts | named)
        case control.Successor():
            return Held(
                "registration", "successor", facts | {"origin": said.origin, "old": said.old, "size": said.size}
            )
    raise AssertionError(said)


def roots(trusted: Federation, pinned: Federation) -> list[Held]:
    """Return what the root said: of each version after the first, which keys the hub has by it."""
    named = {"name": trusted.name, "id": trusted.id.hex(), "version": trusted.newest.version}
    newest = pinned.newest.version
    found = [Held("root", "federation", {**named, "pinned": newest, "behind": newest > trusted.newest.version})]
    for one in trusted.versions[1:]:
        keys = [key.key_id.hex() for key in (*one.log_keys, one.mirror_key)]
        found.append(Held("root", "statement", {"version": one.version, "origin": one.name, "keys": keys}))
    return found


def record(step: Step, era: Era) -> Held:
    """Return whose log holds the entry, and under which head; `good_up_to` where its keys have been replaced since."""
    good = era.last_good.size if era.last_good else None
    facts = {"origin": step.head.origin, "index": step.index, "size": step.head.size, "at": step.head.time_s}
    return Held("record", "record", {**facts, "keys": key_ids(era)[:2], "good_up_to": good})


def parts(step: Step) -> list[Held]:
    """Return what was opened, and what the entry commits to besides."""
    found = []
    for number, (audience, _commitment) in enumerate(step.entry.commitments):
        content = step.parts.get(number)
        told: dict[str, object] = {"number": number, "audience": audience}
        if content is None:
            found.append(Held("part", "withheld", told))
        else:
            found.append(Held("part", "part", told | {"content": content[entry.SALT_BYTES :]}))
    return found
