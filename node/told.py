"""What the tiers above have answered this node, read from their logs: each record's stage, and what to mend.

Verdicts are opened anew at each question; nothing is kept beside the logs. What a tier does not mention it judges as
the tier before it does, as far as it has said that it has judged.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from catalog import answers, statements
from catalog.answers import MENDED, QUARANTINED, WAITING, Answer, Detail
from catalog.errors import MalformedVerdict
from node.node import Node, Opened
from records import body
from records.errors import MalformedRecord
from sync import entry, sealed
from sync.bundles import Bundles
from sync.errors import DoesNotOpen
from sync.registry import ancestors
from sync.store import Log

STAGES = ("sealed", "at_substation", "at_hub", "published", "quarantined", "replaced")
SEALED, AT_SUBSTATION, AT_HUB, PUBLISHED, KEPT_OUT, REPLACED = STAGES
_CHUNK = 4096
_LATEST_S = 1 << 40  # no time is later; SQLite is asked for it
_ORDER = {"substation": 0, "alliance": 1, "hub": 2}


@dataclass
class Tier:
    """One node above: what it said itself, by place (index << 3 | part), and how it stands with our log.

    `received` entries have its receipt, `judged` of them it has judged; `open` records it holds back in all, of which
    `details` tells those that it has told of yet. `unreadable` verdicts could not be opened here.
    """

    origin: str
    role: str
    received: int = 0
    judged: int = 0
    open: int = 0
    more: bool = False
    unreadable: int = 0
    answers: dict[int, Answer] = field(default_factory=dict)
    details: dict[int, Detail] = field(default_factory=dict)
    times: dict[int, int] = field(default_factory=dict)
    below: "Tier | None" = None

    def answer(self, place: int) -> Answer | None:
        """Return what this tier holds of one place, its silence being what the tier below says; None: accepted."""
        if place in self.answers:
            return self.answers[place]
        if self.below is None or place >> 3 >= self.judged:
            return None
        return self.below.answer(place)

    def places(self) -> set[int]:
        """Return every place that this tier may not plainly accept."""
        return self.answers.keys() | (self.below.places() if self.below else set())

    def kept_out(self) -> list[int]:
        """Return the places that this tier keeps out, as far as it has told, in order."""
        return sorted(place for place in self.places() if _word(self.answer(place)) == QUARANTINED)

    @property
    def quarantined(self) -> int:
        """How many of our records this tier keeps out, those included that it has not told of yet."""
        return self.open if self.more else len(self.kept_out())

    def detail(self, place: int) -> tuple["Tier", Detail, int] | None:
        """Return who told of a place that is kept out, the details, and when (POSIX seconds)."""
        if place in self.details:
            return self, self.details[place], self.times[place]
        return self.below.detail(place) if self.below else None


def _word(answer: Answer | None) -> str:
    return answer.word if answer else ""


def tiers(node: Node) -> list[Tier]:
    """Return the nodes above this one, from its home up, with what they have answered."""
    with node.opened() as opened:
        above = {one for parent in node.settings.parents for one in ancestors(opened.registry, parent.origin)}
        found = [_tier(opened, origin) for origin in sorted(above)]
        home = opened.registry.home(node.origin)
    by_origin = {one.origin: one for one in found}
    for one in found:
        if one.role == "hub" and one.origin != home:
            one.below = by_origin.get(home)
    return sorted(found, key=lambda one: (_ORDER.get(one.role, 3), one.origin))


def awaits_word(node: Node) -> bool:
    """Tell whether a parent gave a receipt, for any log, after the time until which it has said that it judged."""
    with node.opened() as opened:
        for parent in node.settings.parents:
            log = opened.store.log(parent.origin)
            newest = opened.store.newest_receipt_time(parent.origin)
            until = max((_judged(said)[0] for _time, _who, said in _statements(opened, log)), default=0) if log else 0
            if newest is not None and newest >= until:
                return True
    return False


def _tier(opened: Opened, origin: str) -> Tier:
    own, store = opened.own.log, opened.store
    known = opened.registry.find(origin)
    tier = Tier(origin, known.node.role if known else "")
    receipt = store.newest_receipt(own, origin)
    tier.received = receipt.size if receipt else 0
    log = store.log(origin)
    if log is None:
        return tier
    judged = answered = 0
    for time_ms, audience, content in _statements(opened, log):
        if audience == "federation":
            until, held = _judged(content)
            judged = max(
                judged, min(store.size_before(own, origin, until), held.get(opened.node.origin, own.next_entry))
            )
            continue
        try:
            told = _opened(opened, origin, content)
        except (DoesNotOpen, MalformedVerdict):
            tier.unreadable += 1
            continue
        answered = max(answered, told.last)
        tier.open, tier.more = told.open, told.more
        _take(tier, told, time_ms // 1000)
    tier.judged = max(judged, answered)
    return tier


def _statements(opened: Opened, log: Log) -> Iterator[tuple[int, str, bytes]]:
    """Yield (time, audience, body) of the parts of a log, as far as it is under a head, that may speak of us."""
    bundles, mine = Bundles(opened.store, log), sealed.audience(opened.node.origin)
    for first in range(0, log.stored, _CHUNK):
        last = min(first + _CHUNK, log.stored)
        held = bundles.parts(first, last)
        raws = bundles.entries(first, last) if held else []
        for (index, number), content in held:
            raw = raws[index - first]
            audience = entry.commitments(raw)[1][number][0]
            if audience in ("federation", mine):
                yield entry.Entry.decode(raw).time_ms, audience, content[entry.SALT_BYTES :]


def _judged(content: bytes) -> tuple[int, dict[str, int]]:
    """Return until when a statement says that all is judged, 0 for other records, and of which origins how much is."""
    if b'"judged"' not in content:
        return 0, {}
    try:
        record = body.decode(content)
    except MalformedRecord:
        return 0, {}
    until = record.fields.get("until", 0) if record.kind == statements.JUDGED else 0
    if not isinstance(until, int) or not 0 <= until <= _LATEST_S:
        return 0, {}
    stated = record.fields.get("held", ())
    pairs = [(one.get("origin"), one.get("size")) for one in stated if isinstance(one, dict)]
    return until, {origin: size for origin, size in pairs if isinstance(origin, str) and isinstance(size, int)}


def _opened(opened: Opened, author: str, content: bytes) -> answers.Told:
    node, own = opened.node, opened.own.log
    text = opened.unsealed(author, content)
    told = answers.read_text(text, own.next_entry)
    if told.origin != node.origin:
        raise MalformedVerdict(f"about {told.origin}")
    return told


def _take(tier: Tier, told: answers.Told, time_s: int) -> None:
    """Lay one verdict over what the tier said before."""
    for place, answer in told.answers.items():
        tier.answers[place] = answer
        tier.times[place] = time_s
        if answer.word == QUARANTINED:
            tier.details[place] = told.details[place]
        else:
            tier.details.pop(place, None)


# -- stages -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Stage:
    """Where one entry is: its stage; where it is kept out, at which tier, since when, why, and what a person said."""

    stage: str
    tier: str = ""
    at: int | None = None
    detail: Detail | None = None


class Stages:
    """The stages of the own entries, as the tiers' answers give them."""

    def __init__(self, node: Node, above: list[Tier]):
        self._node = node
        self._above = above
        self._words: dict[int, set[int]] = {}
        for tier in above:
            for place in tier.places():
                self._words.setdefault(place >> 3, set()).add(place)
        homes = [one for one in above if one.role in ("substation", "hub")]
        self._home = homes[0] if homes else None
        self._hub = next((one for one in above if one.role == "hub"), None)
        self._alliances = [one for one in above if one.role == "alliance"]

    def of(self, index: int, for_alliance: bool = False) -> Stage:
        """Return the stage of one entry; one that is for alliances only is published by these."""
        kept = self._kept(index)
        if kept is not None:
            return kept
        words = {_word(tier.answer(place)) for place in self._words.get(index, ()) for tier in self._above}
        if MENDED in words:
            return Stage(REPLACED)
        last = self._alliances if for_alliance else [self._hub] if self._hub else []
        if WAITING not in words and any(index < one.judged for one in last):
            return Stage(PUBLISHED)
        if self._hub and index < self._hub.received:
            return Stage(AT_HUB)
        return Stage(AT_SUBSTATION if self._home and index < self._home.received else SEALED)

    def _kept(self, index: int) -> Stage | None:
        for place in sorted(self._words.get(index, ())):
            for tier in self._above:
                if _word(tier.answer(place)) == QUARANTINED:
                    found = tier.detail(place)
                    return Stage(KEPT_OUT, tier.origin, found[2] if found else None, found[1] if found else None)
        return None

    def count(self, first: int, last: int) -> dict[str, int]:
        """Return how many of the entries [first, last) are at each stage; those at none are left out."""
        found: Counter[str] = Counter()
        single = {index: False for index in self._words if first <= index < last}
        if self._alliances:
            single.update((index, True) for index in self._for_alliances(first, last))
        found.update(self.of(index, alone).stage for index, alone in single.items())
        bounds = {0, last, *(size for one in self._above for size in (one.received, one.judged))}
        edges = [first, *sorted(bound for bound in bounds if first < bound < last), last]
        plain = sorted(single)
        for start, end in pairwise(edges):
            among = sum(start <= index < end for index in plain)
            if end - start > among:
                found[self._plain(start)] += end - start - among
        return {stage: found[stage] for stage in STAGES if found[stage]}

    def _plain(self, index: int) -> str:
        """Return the stage of an entry that no verdict mentions."""
        if self._hub and index < self._hub.judged:
            return PUBLISHED
        if self._hub and index < self._hub.received:
            return AT_HUB
        return AT_SUBSTATION if self._home and index < self._home.received else SEALED

    def _for_alliances(self, first: int, last: int) -> Iterator[int]:
        """Yield the entries all of whose parts are for alliances."""
        with self._node.opened() as opened:
            bundles = Bundles(opened.store, opened.own.log)
            for start in range(first, last, _CHUNK):
                for index, raw in enumerate(bundles.entries(start, min(start + _CHUNK, last)), start):
                    stated = entry.commitments(raw)[1]
                    if stated and all(audience.startswith("alliance:") for audience, _commitment in stated):
                        yield index
