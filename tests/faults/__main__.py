"""python -m tests.faults --runs N --seed S --json: inject seeded faults into a real federation, and see what comes.

Exit code 0 only when nothing was lost, duplicated, forked or left unverified, every run recovered, and every kind of
fault that the runs reach took effect.
"""

import argparse
import os
import sys
import time
from pathlib import Path
from random import SystemRandom

from tests.faults import plain, report, runs, safeguards
from tests.faults.kinds import KINDS, plan
from tests.faults.place import Place
from tests.faults.tracing import available


def main() -> int:
    given = _arguments()
    if given.found:
        runs.found(given.found)
        return 0
    began = time.monotonic()
    with runs.working_folder(given.keep) as folder:
        missing = available(folder)
        without = frozenset({"strace"} if missing else ())
        planned = plan(given.runs, given.seed, given.only, without, given.first_case)
        made = Place(given.founded, "127.0.0.1") if given.founded else runs.found(folder / "founded")
        safeguards.choose(given.without)
        survey = plain.measured(made, folder, {one.kind.survey for one in planned})
        found = report.Report(given.seed, planned, survey, missing)
        how = runs.How(given.seed, given.place, bool(given.keep), given.until_wrong)
        for result in runs.run_all(made, survey, planned, how, folder / "runs", given.jobs):
            found.add(result)
            if given.until_wrong and not result.is_clean:
                break
            if not given.json or not result.is_clean:
                print(report.line(result), file=sys.stderr, flush=True)
    found.seconds = time.monotonic() - began
    if given.markdown:
        print(report.markdown(found))
    print(report.as_json(found) if given.json else report.sentence(found))
    return 0 if found.is_good else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__.partition("\n\n")[0])
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--seed", type=int, default=None, help="a number; without one, chance")
    parser.add_argument("--json", action="store_true", help="end with one JSON object")
    parser.add_argument("--markdown", action="store_true", help="print the table of docs/faults.md")
    parser.add_argument("--only", choices=[one.name for one in KINDS], default="", help="one kind of fault")
    parser.add_argument("--first-case", type=int, default=None, help="where kinds that go through a list begin")
    parser.add_argument("--place", default="", help="only at places, or attacks, that have this in their names")
    parser.add_argument("--without", choices=safeguards.names(), default="", help="one safeguard switched off")
    parser.add_argument("--jobs", type=int, default=max(2, os.cpu_count() or 2), help="runs side by side")
    parser.add_argument("--until-wrong", action="store_true", help="end with the first run that goes wrong")
    parser.add_argument("--found", type=Path, default=None, help="found a federation in this new folder, and end")
    parser.add_argument("--founded", type=Path, default=None, help="use the federation that --found made there")
    parser.add_argument("--keep", type=Path, default=None, help="keep all homes in this new folder, to look at")
    given = parser.parse_args()
    if given.runs < 1 or given.jobs < 1:
        parser.error("--runs and --jobs are at least 1")
    if given.seed is None:
        given.seed = SystemRandom().getrandbits(32)
    return given


if __name__ == "__main__":
    sys.exit(main())
