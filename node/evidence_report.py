"""What evidence proves, step by step, as people read it: by whom, as of when; where it fails, what held before."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from node import frame, misses
from node.messages import N_, _
from node.report import Context
from records import body, view
from records.errors import MalformedRecord
from sync import evidence
from sync.evidence import NotProved, Verified
from sync.federation import Federation
from sync.steps import Held

_SAID: Mapping[str, str] = {
    "federation": N_("1. The federation is {name}, id {id}."),
    "statement": N_("1. The root stated in version {version}: the keys of {origin} are {keys}."),
    "node": N_("2. {by} registered {origin} as {role}, status {status}, as of {when}."),
    "rotate": N_("2. {by} stated new keys of {origin}, {keys}, in its entry {index}, as of {when}."),
    "hub-rotate": N_("2. {by} stated that its earlier keys {earlier} end, in its entry {index}, as of {when}."),
    "revoke": N_("2. {by} took back the keys {earlier} of {origin} in its entry {index}, as of {when}. {reason}"),
    "home": N_("2. {by} moved {origin} to {home} in its entry {index}, as of {when}."),
    "confirm": N_("2. {by} confirmed entry {confirmed} of {home} on {origin} in its entry {index}, as of {when}."),
    "successor": N_(
        "2. {by} stated in its entry {index}, as of {when}: {origin} goes on where {old} ended, at {size} entries."
    ),
    "record": N_("3. {origin} filed this as entry {index} of its log and signed it."),
    "part": N_("4. What was filed, for {audience}: {content}"),
    "withheld": N_("4. Withheld: the part for {audience}. The entry commits to it; the proof is no weaker for it."),
    "receipt": N_("5. {by} says that it has had it since {when} (log of {size} entries)."),
    "keys": N_("2. The keys under both heads, {keys}, are registered for {origin}."),
    "signed": N_("3. {origin} signed {size} entries under the root {root}, as of {when}."),
    "contradiction": N_("4. The two say different things of its first {size} entries, so they cannot both be true."),
    "both": N_("5. {by} gave receipts on both heads."),
    "statuses": N_("6. Statuses are as of {when}; what changed later, this file cannot show."),
}
_VOID = N_(
    "2. {by} stated other keys of {origin} in its entry {index}; neither owner nor hub agreed: they do not count."
)


def tell(context: Context, raw: bytes, pinned: Federation) -> int:
    """Say which steps hold, and the first that does not; return the exit code."""
    found = evidence.examine(raw, pinned)
    tell_held(context, found.held)
    if found.found is None:
        return tell_miss(context, found.held, found.miss)
    context.emit({"verified": True, **as_dict(found.found), "steps": steps(found.held, None)})
    context.say(_("PROVED."))
    return frame.DONE


def tell_held(context: Context, held: Sequence[Held]) -> None:
    """Say the steps that hold."""
    for one in held:
        for line in lines(one):
            context.say(line)


def tell_miss(context: Context, held: Sequence[Held], miss: NotProved | None) -> int:
    """Say the first step that does not hold, and that nothing is proved; return the exit code."""
    assert miss is not None
    said = misses.sentence(miss)
    context.emit({"verified": False, "error": "NotProved", "message": said, "steps": steps(held, miss)})
    context.say(said)
    context.say(_("NOT PROVED."))
    return frame.REFUSED


def as_dict(found: Verified) -> dict[str, Any]:
    """Return what was proved, for programs."""
    return {
        "federation": {"name": found.federation.name, "id": found.federation.id.hex()},
        "registered": [
            {"origin": one.node.origin, "by": one.home, "role": one.node.role, "status": one.node.status}
            for one in found.chain
        ],
        "origin": found.origin,
        "index": found.index,
        "parts": [{"audience": audience, "record": _record(raw)} for audience, raw in found.parts],
        "parts_withheld": len(found.entry.commitments) - len(found.parts),
        "receipts": [{"by": by, "entries": size, "at": at} for by, size, at in found.receipts],
        "as_of": found.as_of,
    }


def steps(held: Sequence[Held], miss: NotProved | None) -> list[dict[str, Any]]:
    """Return each step that held, then the one that did not."""
    said = [{"step": one.step, "what": one.what, "ok": True, **_plain(one.facts)} for one in held]
    if miss is not None:
        step, why = miss.args
        said.append({"step": step, "what": "miss", "ok": False, "why": why})
    return said


def lines(held: Held) -> list[str]:
    """Return one step that held as people read it."""
    facts = {name: _shown(name, value) for name, value in held.facts.items()}
    if isinstance(at := held.facts.get("at"), int):
        facts["when"] = _moment(at)
    void = held.facts.get("counts") is False
    said = [_(_VOID if void else _SAID[held.what]).format(**facts).rstrip()]
    return said if void else said + [_(one).format(**facts) for one in _further(held)]


def _further(held: Held) -> list[str]:
    """Return what people need to know besides, as sentences with the names of facts."""
    facts = held.facts
    match held.what:
        case "federation" if facts["behind"]:
            return [
                N_(
                    "1. You trust version {pinned} of the root, the file shows {version}; "
                    "it cannot show what changed after that."
                )
            ]
        case "node" if facts["keys"]:
            return [N_("2. From this entry, {index} of {by}, the keys of {origin} are {keys}.")]
        case "node" if facts["reason"]:
            return [N_("2. Its reason: {reason}")]
        case "rotate":
            agreed = N_("2. Both earlier log keys of {origin} signed this.")
            confirmed = N_("2. The earlier keys of {origin} were lost or taken back; the hub confirmed the new ones.")
            ended = N_("2. What the earlier keys {earlier} signed stands up to {size} entries, and no further.")
            return [agreed if facts["signed"] else confirmed, ended]
        case "hub-rotate" | "revoke":
            return [N_("2. What the earlier keys {earlier} signed stands up to {size} entries, and no further.")]
        case "record" if facts["good_up_to"] is None:
            return [N_("3. It is under a head of {size} entries, signed {when} by the keys {keys}.")]
        case "record":
            return [
                N_(
                    "3. It is under a head of {size} entries, signed {when} by the keys {keys}. "
                    "These were replaced later; the head is proved to lie within the {good_up_to} entries "
                    "up to which they stand."
                )
            ]
    return []


def _shown(name: str, value: object) -> str:
    match value:
        case list():
            return " ".join(value)
        case bytes():
            return _what(value)
        case str() if name in ("role", "status", "reason"):
            return _(value) if value else ""
    return str(value)


def _what(raw: bytes) -> str:
    try:
        record = body.decode(raw)
    except MalformedRecord:
        return _("{count} bytes").format(count=len(raw))
    title = view.columns(record).title
    return f"{record.key} {_(record.op)} {title}".strip()


def _plain(facts: Mapping[str, object]) -> dict[str, object]:
    return {("record" if name == "content" else name): _record(value) for name, value in facts.items()}


def _record(value: object) -> Any:
    if not isinstance(value, bytes):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return None


def _moment(time_s: int) -> str:
    return datetime.fromtimestamp(time_s, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S %z")
