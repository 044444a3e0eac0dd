"""What a tier answers an origin: how its own result differs from what has been said, by itself and by the tier below.

Nothing is remembered but the verdicts in the logs. What a tier has said is read from its own log, what stands below it
from the log of the origin's home; what the catalogue holds now is compared with that, and the difference is the next
verdict. After a crash, or after a rebuild, the difference is the same. Silence means agreement.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from catalog import answers, decisions
from catalog.answers import ACCEPTED, MENDED, QUARANTINED, WAITING, Answer, Answers, Detail, Note
from catalog.bodies import Bodies
from catalog.catalogue import OPEN_QUARANTINE, Catalogue
from catalog.errors import MalformedVerdict
from catalog.statements import JUDGED, MAX_INDEX, VERDICT
from records import body
from records.body import Record
from records.errors import MalformedRecord
from sync.entry import MAX_PART_BYTES, SALT_BYTES
from sync.schema import index_of, key
from sync.store import Log, Store

AGREED = Answer(ACCEPTED)
MAX_QUARANTINED = 20_000  # that are tried for one verdict; some thousands fit


@dataclass(frozen=True, slots=True)
class Said:
    """What one tier has said of an origin: its answers by place, and how many entries it answered for."""

    answers: Answers
    last: int = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """The next verdict on an origin: the body for the path, and the text to be sealed to the outlet."""

    origin: str
    body: bytes
    text: bytes
    told: int
    more: bool


def said(store: Store, catalogue: Catalogue, author: str, origin: str) -> Said:
    """Return what `author` has said of `origin`, all its verdicts in the view laid over each other."""
    log = store.log(author)
    if log is None:
        return Said({})
    rows = catalogue.db.execute(
        "select id from stated where kind = ? and about = ? and id >= ? and id < ? order by id",
        (VERDICT, origin, key(log.id, 0), key(log.id + 1, 0)),
    )
    bodies, found, last = Bodies(store), {}, 0
    for (id,) in rows.fetchall():
        fields = _fields(bodies, id)
        try:
            found.update(answers.read_groups(fields.get("answers", []), min(int(fields["last"]), MAX_INDEX)))
        except (MalformedVerdict, KeyError):
            continue  # of a node that writes otherwise than we do; its next one may be readable
        last = max(last, int(fields["last"]))
    return Said(found, last)


def _fields(bodies: Bodies, id: int) -> dict:
    record = bodies.load(id)
    return record.fields if record else {}


def stands(store: Store, catalogue: Catalogue, log: Log, me: str) -> dict[int, Answer]:
    """Return by place what this catalogue does not plainly accept of a log, now."""
    span = key(log.id, 0), key(log.id + 1, 0)
    base = log.id << 40
    waiting = {id for (id,) in catalogue.db.execute("select id from waiting where id >= ? and id < ?", span)}
    wanted = store.db.execute("select id from wanted where id >= ? and id < ?", span) if waiting else ()
    found = {id - base: Answer(WAITING) for (id,) in wanted if id in waiting}
    told = decisions.to_tell(store, catalogue, log.origin, log.next_entry, me)
    rows = catalogue.db.execute(
        f"select id, findings, {OPEN_QUARANTINE} from quarantine where id >= ? and id < ? order by id", span
    )
    for id, findings, open in rows:
        place = id - base
        if open:
            rules = sorted({one["rule"] for one in orjson.loads(findings) if one["severity"] == "error"})
            found[place] = Answer(QUARANTINED, tuple(rules), told[place].entry if place in told else 0)
        else:
            found[place] = Answer(MENDED)
    return found


def differing(now: Answers, said: Answers, below: Answers, covered: int) -> dict[int, Answer]:
    """Return by place what a tier has to say: its result of `now` where what it `said`, or the tier `below`, differs.

    Of entries from `covered` on it says nothing: the tier below may have judged what has not arrived here yet.
    What it said itself must be just its result; where it said nothing, the tier below must have the same result, and
    no decision of its own may wait to be told.
    """
    found: dict[int, Answer] = {}
    for place in now.keys() | said.keys() | below.keys():
        if place >> 3 >= covered:
            continue
        result = now.get(place, AGREED)
        if place in said:
            agreed = said[place] == result
        else:
            agreed = below.get(place, AGREED).word == result.word and not result.decided
        if not agreed:
            found[place] = result
    return found


def due(store: Store, catalogue: Catalogue, log: Log, me: str, below: str) -> Verdict | None:
    """Return what `me` has to answer the origin of a log now; None for nothing.

    `below` is the tier whose answer goes before ours, the origin's home where that is another node; "" where there is
    none: the origin itself accepts everything.
    """
    known = said(store, catalogue, me, log.origin)
    before = said(store, catalogue, below, log.origin) if below else Said({})
    now = stands(store, catalogue, log, me)
    found = differing(now, known.answers, before.answers, catalogue.covered(log.id))
    if not found:
        return None
    open = sum(one.word == QUARANTINED for one in now.values())
    return _fitting(store, catalogue, log, me, known.last, found, open)


def _fitting(store: Store, catalogue: Catalogue, log: Log, me: str, first: int, found: Answers, open: int) -> Verdict:
    """Return the verdict with as many answers as fit into its parts; the rest differs still, and follows."""
    last = catalogue.covered(log.id)
    plain = sorted(place for place, one in found.items() if one.word != QUARANTINED)
    bad = sorted(place for place, one in found.items() if one.word == QUARANTINED)
    details = _details(store, catalogue, log, me, bad[:MAX_QUARANTINED])
    order = [*plain, *bad[:MAX_QUARANTINED]][: answers.MAX_PLACES]
    low, high, best = 0, len(order), None
    count = high
    while high > low:
        chosen = {place: found[place] for place in order[:count]}
        made = _verdict(log.origin, first, last, open, count < len(found), chosen, details)
        if made is not None:
            low, best = count, made
        else:
            high = count - 1
        count = (low + high + 1) // 2
    assert best is not None  # one record's findings always fit
    return best


def _verdict(
    origin: str, first: int, last: int, open: int, more: bool, chosen: Answers, details: Mapping[int, Detail]
) -> Verdict | None:
    """Return the verdict on these places; None where it is too large."""
    told = {place: details[place] for place, one in chosen.items() if one.word == QUARANTINED}
    text = answers.text(origin, last, open, more, chosen, told)
    fields = {"origin": origin, "first": min(first, last), "last": last, "open": open, "more": more}
    stated = Record(f"{VERDICT}:{origin}", "assert", VERDICT, 1, fields | {"answers": answers.groups(chosen)})
    try:
        written = body.encode(stated)
    except MalformedRecord:  # too long
        return None
    if text is None or len(written) + SALT_BYTES > MAX_PART_BYTES:
        return None
    return Verdict(origin, written, text, len(chosen), more)


def _details(store: Store, catalogue: Catalogue, log: Log, me: str, places: list[int]) -> dict[int, Detail]:
    """Return what the outlet is told of quarantined places: key, findings, and this tier's own decision."""
    told = decisions.to_tell(store, catalogue, log.origin, log.next_entry, me)
    base, wanted = log.id << 40, set(places)
    rows = catalogue.db.execute(
        "select id, key, findings from quarantine where id >= ? and id < ?", (key(log.id, 0), key(log.id + 1, 0))
    )
    found = {}
    for id, name, findings in rows:
        place = id - base
        if place in wanted:
            note = _note(store, told[place]) if place in told else None
            found[place] = Detail(name, orjson.loads(findings), note)
    return found


def _note(store: Store, one: decisions.Decision) -> Note:
    made = decisions.said(store, one)
    return Note(made.author, made.person, made.word, made.reason)


def newest_entry(store: Store, catalogue: Catalogue, author: str, kind: str, about: str) -> int | None:
    """Return the index of the newest statement of a kind about `about` in the log of `author`, None where is none."""
    log = store.log(author)
    if log is None:
        return None
    (id,) = catalogue.db.execute(
        "select max(id) from stated where kind = ? and about = ? and id >= ? and id < ?",
        (kind, about, key(log.id, 0), key(log.id + 1, 0)),
    ).fetchone()
    return None if id is None else index_of(id)


# -- how far everything was judged ------------------------------------------------------------------------------------


def judged(me: str, until: int, journal: int, held: Mapping[str, int]) -> bytes:
    """Return the statement that all that got a receipt before `until` is judged, up to that row of the journal.

    Of an origin in `held` no more than so many entries are: the others wait for a person (brake.py).
    """
    fields: dict[str, Any] = {"origin": me, "until": until, "journal": journal}
    if held:
        fields["held"] = [{"origin": origin, "size": size} for origin, size in sorted(held.items())]
    return body.encode(Record(f"{JUDGED}:{me}", "assert", JUDGED, 1, fields))


def has_judged(store: Store, catalogue: Catalogue, me: str, logs: set[int]) -> bool:
    """Tell whether entries of these logs were taken up since `me` last said how far it had judged."""
    own, newest = store.log(me), newest_entry(store, catalogue, me, JUDGED, me)
    stated = _fields(Bodies(store), key(own.id, newest)) if own and newest is not None else {}
    journal = int(stated.get("journal", 0))
    if journal > catalogue.cursor():
        return True  # of a log.db that was lost since: its journal began anew
    rows = catalogue.db.execute("select distinct log from batch where id > ? and last > first", (journal,))
    return any(log in logs for (log,) in rows)
