"""What the runs gave: a line each, one JSON object, and the table of docs/faults.md."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.faults.kinds import KINDS, Planned
from tests.faults.runs import Result
from tests.faults.survey import Survey

WRONG = ("lost", "duplicated", "forks", "unverified", "unrecovered")


@dataclass
class Report:
    """All results so far. `missing` says why kinds that need another program were left out, "" for none."""

    seed: int
    planned: Sequence[Planned]
    survey: Survey = field(default_factory=Survey)
    missing: str = ""
    seconds: float = 0.0
    results: list[Result] = field(default_factory=list)

    def add(self, result: Result) -> None:
        self.results.append(result)

    @property
    def by_fault(self) -> dict[str, int]:
        """How many runs of each kind had a fault that demonstrably took effect; each kind is named."""
        found = dict.fromkeys((one.name for one in KINDS), 0)
        for one in self.results:
            found[one.kind] += one.effects > 0
        return found

    @property
    def reached(self) -> dict[str, dict[str, int]]:
        """By kind, at how many places a fault took effect, of how many in a night; and in how many pieces of code."""
        found = {}
        for kind in KINDS:
            places = set(kind.places(self.survey))
            hit = {place for one in self.results if one.kind == kind.name for place in one.places}
            if places:
                hit &= places
                found[kind.name] = {"places": len(hit), "of": len(places)}
                pieces = set(map(kind.code, places))
                if len(pieces) < len(places):
                    found[kind.name] |= {"pieces": len(set(map(kind.code, hit))), "of_pieces": len(pieces)}
        return found

    def wrong(self, what: str) -> list[str]:
        return [text for one in self.results for text in one.wrong.get(what, [])]

    @property
    def without_effect(self) -> list[str]:
        """The kinds that were to be injected and never took effect."""
        by_fault = self.by_fault
        return sorted({one.kind.name for one in self.planned if not by_fault[one.kind.name]})

    @property
    def is_good(self) -> bool:
        done = len(self.results) == len(self.planned)
        return done and not self.without_effect and not any(self.wrong(what) for what in WRONG)


def line(result: Result) -> str:
    """Return one run in a line, and what was wrong in further ones."""
    state = "clean" if result.is_clean else "WRONG"
    first = f"{result.number:4} {state} {result.kind}: {result.seen or 'no effect'} ({result.seconds} s)"
    waits = [f"     waiting: {origin}: {count}: {why}" for origin, (count, why) in result.waiting.items()]
    return "\n".join(
        [first, *waits, *(f"     {what}: {text}" for what, texts in result.wrong.items() for text in texts)]
    )


def as_json(report: Report) -> str:
    found: dict[str, object] = {
        "runs": len(report.results),
        "by_fault": report.by_fault,
        **{what: len(report.wrong(what)) for what in WRONG},
        "waiting": sum(count for one in report.results for count, _why in one.waiting.values()),
        "without_effect": report.without_effect,
        "reached": report.reached,
        "seed": report.seed,
        "seconds": round(report.seconds, 1),
    }
    if report.missing:
        found["left_out"] = report.missing
    return json.dumps(found)


def sentence(report: Report) -> str:
    counts = ", ".join(f"{what} {len(report.wrong(what))}" for what in WRONG)
    return f"seed {report.seed}: {len(report.results)} runs in {report.seconds:.0f} s: {counts}"


def markdown(report: Report) -> str:
    """Return the table of faults and results."""
    rows = [
        "| fault | what it does | took effect | at places | lost | duplicated | forks | unverified | nights to recover"
        " |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for kind in KINDS:
        mine = [one for one in report.results if one.kind == kind.name]
        counts = [sum(len(one.wrong.get(what, [])) for one in mine) for what in WRONG[:4]]
        nights = max((one.nights for one in mine), default=0)
        at = report.reached.get(kind.name)
        places = f"{at['places']} of {at['of']}" if at else ""
        cells = [f"`{kind.name}`", kind.does, report.by_fault[kind.name], places, *counts, nights]
        rows.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join(rows)
