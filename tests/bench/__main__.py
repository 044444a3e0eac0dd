"""python -m tests.bench: a table, and as the last line one JSON object. Ratios are to floors of the same run."""

import argparse
import json
import os
import platform
import shutil
import sys
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.bench import cataloguing, checking, hop, importing, nights, profiles, reconciling, verifying
from tests.bench.place import BYTES_A_RECORD, Place, fill
from tests.bench.processes import alone

PARTS = ("hop", "fsck", "verify", "apply", "import", "night", "million", "reconcile", "import-million")


def main() -> int:
    asked = _asked()
    with TemporaryDirectory(prefix="banyan-bench-", dir=asked.folder) as folder:
        bench = Bench(Path(folder), asked)
        if asked.profile:
            place = bench.empty if asked.profile == "import" else bench.place
            profiles.write(asked.profile, place, Path(folder), asked.records, Path(f"{asked.profile}.prof"))
            return 0
        if short := bench.missing_bytes():
            print(f"{folder}: {short >> 20} MiB more are needed; see --folder, --only and --quick", file=sys.stderr)
            return 1
        for part in asked.only:
            getattr(bench, f"measure_{part.replace('-', '_')}")()
    print(json.dumps({**bench.found, "cpus": os.cpu_count(), "python": platform.python_version()}))
    return 0


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m tests.bench", description=__doc__)
    parser.add_argument("--records", type=int, default=200_000, help="records of the timed measurements")
    parser.add_argument("--million", type=int, default=1_000_000, help="records of the measurement of memory")
    parser.add_argument("--rows", type=int, default=100_000, help="rows of the files that are imported")
    parser.add_argument("--small", type=int, default=10_000, help="records of the small outlet")
    parser.add_argument("--rounds", type=int, default=3, help="times that hop and apply are measured")
    parser.add_argument("--only", type=lambda text: text.split(","), default=list(PARTS), help=",".join(PARTS))
    parser.add_argument("--quick", action="store_true", help="a tenth of all records, for trying")
    parser.add_argument("--folder", type=Path, help="where to put gigabytes; else the temporary folder")
    parser.add_argument("--profile", choices=profiles.PROFILES, help="only write cProfile's statistics to NAME.prof")
    asked = parser.parse_args()
    if unknown := set(asked.only) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    if asked.quick:
        for name in ("records", "million", "small", "rows"):
            setattr(asked, name, getattr(asked, name) // 10)
    return asked


class Bench:
    """One run: what was found so far, and the federations that it was found with."""

    def __init__(self, folder: Path, asked: argparse.Namespace):
        self._folder = folder
        self._asked = asked
        self.found: dict[str, Any] = {}

    def missing_bytes(self) -> int:
        """Return by how much the disk is too small: all tiers hold the million; what was measured is removed again."""
        if self._asked.only == ["verify"]:
            return 0
        most = self._asked.million if "million" in self._asked.only else self._asked.records
        needed = 3 * BYTES_A_RECORD * (most + self._asked.records)
        print(f"{self._folder}: up to {needed >> 20} MiB are needed for a while")
        return max(0, needed - shutil.disk_usage(self._folder).free)

    @cached_property
    def empty(self) -> Place:
        return Place.found(self._folder / "empty")

    @cached_property
    def place(self) -> Place:
        """A federation whose outlet holds all records and has brought none of them up."""
        place = self.empty.copy(self._folder / "filled")
        alone(fill, place.outlet, self._asked.records)
        return place

    def measure_hop(self) -> None:
        one = hop.measure(self.place, self._folder, self._asked.rounds)
        self.found |= {"hop": round(one.rate), "hop_floor": round(one.floor), "hop_ratio": round(one.ratio, 3)}
        _say("hop, child's log to receipt", f"{one.rate:,.0f} records/s", "at least 0.25, aim 0.40", one.ratio)
        _say("  its floor: hash and write", f"{one.floor:,.0f} records/s")
        for name, seconds in one.cpu_s.items():
            _say(f"  CPU of the {name}", f"{seconds:.1f} s")

    def measure_fsck(self) -> None:
        one = checking.measure(self.place, self._folder, self._asked.rounds)
        self.found |= {"fsck": round(one.rate), "fsck_ratio": round(one.ratio, 3)}
        _say("fsck of a log", f"{one.rate:,.0f} records/s", "at least 0.50", one.ratio)
        _say("  the floor of a hop: hash and write", f"{one.floor:,.0f} records/s")

    def measure_verify(self) -> None:
        one = verifying.measure(self.empty.copy(self._folder / "verify"), self._asked.rounds)
        self.found |= {"verify_ms": round(one.ms, 2), "verify_floor_ms": round(one.floor_ms, 2)}
        self.found["verify_ratio"] = round(one.ratio, 2)
        _say(f"verifying evidence, {one.bytes:,} bytes, ms", "", "under 50", one.ms)
        _say("  times its floor: the signatures alone", f"{one.signatures} in {one.floor_ms:.2f} ms", "", one.ratio)

    def measure_apply(self) -> None:
        one = cataloguing.measure(self.place, self._folder, self._asked.rounds)
        self.found |= {"apply": round(one.rate), "apply_floor": round(one.floor), "apply_ratio": round(one.ratio, 3)}
        self.found["index"] = round(one.index)
        _say("apply, with checks and merging", f"{one.rate:,.0f} records/s", "at least 0.30", one.ratio)
        _say("  its floor: write, two indexes", f"{one.floor:,.0f} records/s")
        _say("index, full text", f"{one.index:,.0f} records/s")

    def measure_import(self) -> None:
        wanted = {"csv": "reported", "xlsx": "at most 6"}
        for form in wanted:
            file = self._folder / f"rows.{form}"
            importing.write(file, self._asked.rows)
            floors, found = [], []
            for _ in range(self._asked.rounds):
                place = self.empty.copy(self._folder / "import")
                floors.append(alone(importing.floor, file))
                found.append(alone(importing.measure, place.outlet, file))
                again = alone(importing.measure, place.outlet, file)
                if again.sealed:
                    raise ValueError(f"the second import of the same file sealed {again.sealed} entries")
                place.remove()
            seconds, floor = min(one.seconds for one in found), min(floors)
            self.found |= {f"import_{form}": round(self._asked.rows / seconds)}
            self.found |= {f"import_{form}_floor_s": round(floor, 3), f"import_{form}_ratio": round(seconds / floor, 2)}
            _say(f"import of {form}, file to sealed entries", f"{self._asked.rows / seconds:,.0f} rows/s")
            _say("  times its floor: read and do nothing", f"{floor:.2f} s", wanted[form], seconds / floor)
            _say("  the same file again", f"{again.rows / again.seconds:,.0f} rows/s", "seals nothing", again.sealed)
            if form == "csv":
                self.found["check_us"] = round(alone(importing.check_us, file), 1)
                _say("checking a record, µs", "", "under 20", self.found["check_us"])
            file.unlink()

    def measure_import_million(self) -> None:
        for form in importing.FORMS:
            file, place = self._folder / f"million.{form}", self.empty.copy(self._folder / "import-million")
            importing.write(file, self._asked.million)
            one = alone(importing.measure, place.outlet, file)
            self.found.setdefault("import_rss_mb", {})[form] = [round(one.rss_mb), round(one.reader_rss_mb)]
            peak = one.rss_mb + (one.reader_rss_mb if form == "xlsx" else 0)
            rate = f"{one.rows:,} rows, {one.rows / one.seconds:,.0f} rows/s"
            _say(f"peak MB importing {form}", rate, "under 300", peak)
            place.remove()
            file.unlink()

    def measure_night(self) -> None:
        place = self.empty.copy(self._folder / "small")
        json_bytes = alone(fill, place.outlet, self._asked.small)
        cost = nights.counted(place)
        self.found["wire_bytes"] = round(cost.bytes / json_bytes, 3)
        _say("bytes on the wire per byte of JSON", "", "at most 0.5", cost.bytes / json_bytes)
        idle = self._nights(place, self._asked.small)
        self.found |= {"idle_calls": idle.calls, "idle_bytes": idle.bytes}
        _say("calls of an idle night", "", "at most 4", idle.calls)
        _say("bytes of an idle night", "", "at most 32,768", idle.bytes)

    def measure_million(self) -> None:
        place = self.empty.copy(self._folder / "million")
        alone(fill, place.outlet, self._asked.million)
        peaks, found = nights.memory(place)
        self.found["rss_mb"] = {name: round(peak, 1) for name, peak in peaks.items()}
        for name, peak in peaks.items():
            _say(f"peak MB of the {name}, {found.entries:,} records", "", "under 250", peak)
        self._nights(place, self._asked.million)
        place.remove()

    def measure_reconcile(self) -> None:
        place = self.empty.copy(self._folder / "reconcile")
        alone(fill, place.outlet, self._asked.million)
        equal, drifted = reconciling.measure(place)
        self.found["reconcile"] = {"equal": asdict(equal), "drifted": asdict(drifted)}
        self.found |= {"reconcile_bytes": drifted.bytes, "reconcile_listed": drifted.listed}
        for name, one in (("nothing", equal), (f"{reconciling.DIFFERING} records", drifted)):
            value = f"{one.calls} calls, {one.listed} rows listed, {one.seconds:.1f} s, peak MB {one.rss_mb:.0f}"
            _say(f"reconcile {self._asked.million:,}, differing in {name}", value)
        _say("bytes on the wire", f"{equal.bytes:,} where nothing differs", "under 1,000,000", drifted.bytes)
        place.remove()

    def _nights(self, place: Place, held: int) -> nights.Cost:
        found = nights.nights(place)
        self.found.setdefault("night", {})[str(held)] = {name: asdict(cost) for name, cost in found.items()}
        for name, cost in found.items():
            what = "nothing changed" if name == "idle" else f"{nights.CHANGED} new records"
            _say(f"a night, {held:,} held, {what}", f"{cost.calls} calls, {cost.bytes:,} bytes, {cost.seconds:.2f} s")
        return found["idle"]


def _say(what: str, value: str, wanted: str = "", found: float | None = None) -> None:
    shown = "" if found is None else f"{found:,.3f}".rstrip("0").rstrip(".")
    print(f"{what:<46} {value:<44} {shown:>10}  {wanted}".rstrip(), flush=True)


if __name__ == "__main__":
    sys.exit(main())
