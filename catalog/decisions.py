"""What people decide on single records: released although a rule refuses it, or kept out although none does.

To forward a record is to tell its outlet something of it, to retry it is to have it judged again. A decision is an
entry in the log of whoever decides. Of an origin's records its home decides, the hub may decide otherwise, and an
alliance decides for its own view; the newest word of each counts, the hub's before the home's.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import orjson

from catalog import answers, views
from catalog.bodies import Bodies
from catalog.catalogue import Catalogue
from catalog.judgement import Judged, Statement, shown_in
from catalog.statements import DECISION
from records import body
from records.body import Record
from records.finding import Finding
from sync import entry
from sync.bundles import Bundles
from sync.origin import default_home, federation
from sync.schema import index_of, key
from sync.store import Log, Store

RELEASE, KEEP, RETRY = "release", "keep", "retry"
KEPT_OUT = "KEPT_OUT"
# What a person cannot waive: it is unreadable here, from the wrong node, or of no form that the catalogue can show.
FIXED = frozenset(
    {"UNREADABLE", "MISPLACED", "UNKNOWN_KIND", "UNKNOWN_VERSION", "SCHEMA", "KEY_MISMATCH", "NO_IDENTIFIER"}
)
_PART_MASK = 7


@dataclass(frozen=True, slots=True)
class Decision:
    """One person's word on one part: `id` is that of the statement itself, as in log.db, `author` where it was said."""

    id: int
    author: str
    word: str
    person: str = ""
    reason: str = ""

    @property
    def entry(self) -> int:
        """The index of the decision in its author's log."""
        return index_of(self.id)


def record(origin: str, places: Iterable[int], word: str, person: str, reason: str) -> Record:
    """Return the record that states one decision on parts of `origin`, each given as index << 3 | part."""
    by_part: dict[int, list[int]] = {}
    for place in sorted(set(places)):
        by_part.setdefault(place & _PART_MASK, []).append(place >> 3)
    stated = [{"part": part, "at": answers.runs(indices)} for part, indices in sorted(by_part.items())]
    fields = {"origin": origin, "decision": word, "by": person, "places": stated}
    return Record(f"{DECISION}:{origin}", "assert", DECISION, 1, fields | ({"reason": reason} if reason else {}))


def waivable(findings: list[dict[str, str]]) -> bool:
    """Tell whether a person may release a record that has these findings."""
    return not any(one["severity"] == "error" and one["rule"] in FIXED for one in findings)


def newest(
    store: Store, catalogue: Catalogue, origin: str, first: int, last: int, author: str = ""
) -> Iterator[tuple[int, Decision]]:
    """Yield (index << 3 | part, decision) on entries [first, last) of `origin`, oldest of each author first.

    All authors, or one; without person and reason, which `said` reads.
    """
    rows = catalogue.db.execute(
        "select stated.id, name, idx, part, word from stated join batch on batch.id = stated.batch "
        f"join origin on origin.id = batch.log where kind = '{DECISION}' and about = ? and idx >= ? and idx < ? "
        "and (? = '' or name = ?) order by stated.id",
        (origin, first, last, author, author),
    )
    for id, name, index, part, word in rows:
        yield index << 3 | part, Decision(id, name, word)


def to_tell(store: Store, catalogue: Catalogue, origin: str, last: int, me: str) -> dict[int, Decision]:
    """Return by index << 3 | part the newest thing that a person at `me` wants the outlet to know."""
    found = newest(store, catalogue, origin, 0, last, me)
    return {place: one for place, one in found if one.word != RETRY}


def said(store: Store, decision: Decision) -> Decision:
    """Return the decision with who made it, and why."""
    found = Bodies(store).load(decision.id)
    fields = found.fields if found else {}
    texts = str(fields.get("by", "")), str(fields.get("reason", ""))
    return Decision(decision.id, decision.author, decision.word, *texts)


def in_force(store: Store, catalogue: Catalogue, origin: str, first: int, last: int, me: str) -> dict[int, Decision]:
    """Return by index << 3 | part the decision that counts at `me`: release or keep; nothing where none does."""
    by_rank: dict[int, dict[int, Decision]] = {}
    for place, one in newest(store, catalogue, origin, first, last):
        rank = _rank(one.author, origin, me)
        if rank and one.word in (RELEASE, KEEP):
            by_rank.setdefault(place, {})[rank] = one
    return {place: ranked[max(ranked)] for place, ranked in by_rank.items()}


def _rank(author: str, origin: str, me: str) -> int:
    """Return whose word goes first, 0 for who has no say: an alliance's is for its own view only."""
    if author == origin:
        return 0
    if author == federation(origin):
        return 3
    if author == default_home(origin):
        return 2
    return 1 if author == me else 0


def honour(store: Store, catalogue: Catalogue, log: Log, first: int, last: int, judged: Judged, me: str) -> Judged:
    """Return what was judged by the rules, with what people decided on entries [first, last) of the log."""
    decided = in_force(store, catalogue, log.origin, first, last, me)
    if not decided:
        return judged
    by_id = {log.id << 40 | place: one for place, one in decided.items()}
    found = Judged(waiting=judged.waiting)
    for id, name, findings in judged.rejected:
        one = by_id.get(id)
        if one is None or (one.word == RELEASE and not waivable(orjson.loads(findings))):
            found.rejected.append((id, name, findings))
        elif one.word == RELEASE:
            found.statements.append(_released(store, log, id))
        else:
            all_findings = [*orjson.loads(findings), _kept_out(said(store, one)).as_dict()]
            found.rejected.append((id, name, orjson.dumps(all_findings).decode()))
    for statement in judged.statements:
        one = by_id.get(statement.id)
        if one is None or one.word == RELEASE:
            found.statements.append(statement)
        else:
            finding = orjson.dumps([_kept_out(said(store, one)).as_dict()]).decode()
            found.rejected.append((statement.id, statement.record.key, finding))
    found.statements.sort(key=lambda one: one.id)
    found.rejected.sort()
    return found


def _released(store: Store, log: Log, id: int) -> Statement:
    """Return the statement in a part that was rejected, and could be read."""
    index, number = index_of(id), id & _PART_MASK
    bundles = Bundles(store, log)
    audience, _commitment = entry.commitments(bundles.entries(index, index + 1)[0])[1][number]
    content = bundles.part(index, number)
    assert content is not None  # it was judged a moment ago
    record = body.decode(content[entry.SALT_BYTES :])
    return Statement(key(log.id, index, number), views.of_audience(audience) & shown_in(record), record)


def _kept_out(one: Decision) -> Finding:
    reason_zh, reason_en = one.reason or "未说明理由", one.reason or "no reason given"
    return Finding(
        KEPT_OUT,
        "error",
        "",
        one.reason[:200],
        f"已由 {one.author} 的 {one.person} 人工隔离：{reason_zh}；请与其联系，或更正后重新提交。",
        f"{one.person} of {one.author} keeps it out: {reason_en}; ask there, or correct it and file it again.",
    )
