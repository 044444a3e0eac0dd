"""What the entries of a log are worth: statements for the view, rejections for quarantine, parts to wait for.

Nothing here stops at a bad record. What an origin may state follows its role in the registry: a kind names the roles
that file it. Organisations of the federation are stated by what is above them, or by themselves.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache

import orjson

from catalog import published, views
from records import body, checks, licence
from records.body import Record
from records.errors import MalformedRecord
from records.finding import Finding, has_error
from records.kinds import Kind, Kinds
from sync import entry
from sync.bundles import Bundles
from sync.entry import SALT_BYTES
from sync.errors import Malformed
from sync.schema import key
from sync.store import Log, Store

RoleOf = Callable[[str], str]  # origin → its role in the registry
_FILED_BY = {  # where a kind does not say
    "right": ("outlet", "feed"),
    "event": ("outlet", "feed"),
    "register": ("hub", "substation", "alliance"),
    "statement": ("hub", "substation", "alliance"),
}


@dataclass(slots=True)
class Statement:
    """One accepted part: `id` as in log.db, the mask of views that it counts in, and what it says."""

    id: int
    views: int
    record: Record


@dataclass(slots=True)
class Judged:
    """The entries of one range. Rejected are (part id, key or "", findings as JSON); waiting are part ids not held."""

    statements: list[Statement] = field(default_factory=list)
    rejected: list[tuple[int, str, str]] = field(default_factory=list)
    waiting: list[int] = field(default_factory=list)


class _Author:
    """Whose entries are judged, and by which kinds."""

    def __init__(self, origin: str, role: str, known: Kinds):
        self.origin = origin
        self.known = known
        self._files = {kind.name: role in _filed_by(kind) for kind in known.all()}

    def may_state(self, record: Record) -> bool:
        """Return whether the author may state it; of an unknown kind its own finding says enough."""
        if record.kind != "organisation":
            return self._files.get(record.kind, True)
        about = record.key.partition(":")[2]
        is_below = about.startswith("uscc/") or f"{about}/".startswith(f"{self.origin}/")
        return is_below and self._files["organisation"]


def judge(store: Store, log: Log, first: int, last: int, role: str, known: Kinds) -> Judged:
    """Return what entries [first, last) of a log, whose origin has that role, are worth by today's rules."""
    bundles, found, author = Bundles(store, log), Judged(), _Author(log.origin, role, known)
    parts, erased = dict(bundles.parts(first, last)), bundles.erased(first, last)
    for index, raw in enumerate(bundles.entries(first, last), first):
        try:
            kind, commitments = entry.commitments(raw)
        except Malformed as error:
            found.rejected.append(_rejected(key(log.id, index), "", [_unreadable(error)]))
            continue
        for number, (audience, _) in enumerate(commitments if kind == entry.RECORD else ()):
            mask = views.of_audience(audience)
            if mask and (content := parts.get((index, number))) is not None:
                _part(found, author, key(log.id, index, number), mask, content)
            elif mask and (index, number) not in erased:
                found.waiting.append(key(log.id, index, number))
    return found


def _part(found: Judged, author: _Author, id: int, mask: int, content: bytes) -> None:
    try:
        record = body.decode(content[SALT_BYTES:])
    except MalformedRecord as error:
        found.rejected.append(_rejected(id, "", [_unreadable(error)]))
        return
    findings = checks.check(record, author.known)
    if not author.may_state(record):
        findings.append(_misplaced(record))
    if record.kind == published.NAME:
        findings += published.faults(record)
    if findings and has_error(findings):
        found.rejected.append(_rejected(id, record.key, findings))
    else:
        found.statements.append(Statement(id, mask & shown_in(record), record))


def shown_in(record: Record) -> int:
    """Return the views that may show a record by the terms of its source: where these forbid it, only this node's own.

    A day on which the terms end does not count here: a view is the same whenever it is made.
    """
    if "licence" not in record.fields or licence.may_leave(record.fields, "", "search"):
        return sum(views.ALL)
    return views.FULL


@lru_cache
def _filed_by(kind: Kind) -> frozenset[str]:
    return frozenset(kind.schema.get("x-filed-by", _FILED_BY.get(kind.category, ())))


def _rejected(id: int, key: str, findings: list[Finding]) -> tuple[int, str, str]:
    return id, key, orjson.dumps([one.as_dict() for one in findings]).decode()


def _unreadable(error: Exception) -> Finding:
    return Finding(
        "UNREADABLE",
        "error",
        "",
        str(error)[:200],
        f"内容无法读取（{str(error)[:200]}）；请升级本程序，或请来源单位重新提交。",
        f"The content cannot be read ({str(error)[:200]}); upgrade this program, or ask the origin to file it again.",
    )


def _misplaced(record: Record) -> Finding:
    return Finding(
        "MISPLACED",
        "error",
        "kind",
        record.kind,
        f"该来源不能登记“{record.key}”：权利由网点或数据源提交，成员单位由其上级登记；请从正确的节点提交。",
        f"This origin may not state {record.key!r}: rights come from outlets and feeds, organisations from the node "
        "that registers them; file it there.",
    )
