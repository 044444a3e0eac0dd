"""The demo's work, step by step: founding, enrolling, importing, nights, proving. Nothing here prints."""

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from deploy import federation
from deploy.federation import Failed, Federation, Member
from deploy.filings import Filing

HUB = "ip.gd.example"
GUANGZHOU, SHENZHEN, ALLIANCE = f"{HUB}/gz", f"{HUB}/sz", f"{HUB}/led"
UNIVERSITY = f"{SHENZHEN}/szu"
MEMBERS = (
    Member(HUB, "hub", "广东省主站（演示）"),
    Member(GUANGZHOU, "substation", "广州市分站（演示）", (HUB,)),
    Member(SHENZHEN, "substation", "深圳市分站（演示）", (HUB,)),
    Member(ALLIANCE, "alliance", "LED 产业联盟（演示）", (HUB,)),
    Member(UNIVERSITY, "outlet", "深圳示范大学", (SHENZHEN, ALLIANCE)),
    Member(f"{GUANGZHOU}/gzu", "outlet", "广州示范大学", (GUANGZHOU,)),
    Member(f"{GUANGZHOU}/lamp", "outlet", "广州示范照明有限公司", (GUANGZHOU,)),
    Member(f"{SHENZHEN}/tech", "outlet", "深圳示范科技有限公司", (SHENZHEN,)),
)
OUTLETS = [one.origin for one in MEMBERS if one.role == "outlet"]
SUBSTATIONS = [one.origin for one in MEMBERS if one.role in ("substation", "alliance")]
NEW_TITLE = "一种更正了名称的示范装置"
_PATIENCE_S = 60.0


def each(step: Callable[[str], Any], origins: Iterable[str]) -> dict[str, Any]:
    """Return what `step` gives for each origin; as many at a time as there are processors."""
    origins = list(origins)
    with ThreadPoolExecutor(max(2, os.cpu_count() or 1)) as pool:
        return dict(zip(origins, pool.map(step, origins), strict=True))


def found_hub(fed: Federation) -> None:
    """Found the federation and start its hub."""
    sync, join = federation.free_addresses()
    listening = ("--sync-listen", sync, "--join-listen", join, "--carry", str(fed.path / "root-keys"))
    fed.call(HUB, "init", HUB, "--name", fed.members[HUB].name, *listening)
    fed.start(HUB)


def enrol_substations(fed: Federation) -> None:
    """Enrol cities and alliance with one-time tokens of the hub, and start them."""

    def enrol(origin: str) -> None:
        sync, join = federation.free_addresses()
        _join(fed, origin, HUB, "--sync-listen", sync, "--join-listen", join)
        fed.start(origin)

    each(enrol, SUBSTATIONS)


def enrol_outlets(fed: Federation) -> None:
    """Enrol every outlet at its city, the university at the alliance as well, and start them."""

    def enrol(origin: str) -> None:
        at_home, *further = fed.members[origin].parents
        _join(fed, origin, at_home)
        for parent in further:
            _patiently(lambda: fed.call(origin, "sync"))  # fetches the proof of its registration at home
            _patiently(partial(_join, fed, origin, parent))
        fed.start(origin)

    each(enrol, OUTLETS)


def _join(fed: Federation, origin: str, parent: str, *more: str) -> None:
    """Enrol with a token that lies in a file for its owner only, until it is used; have one session."""
    member = fed.members[origin]
    token = fed.path / "tokens" / f"{member.label}-{fed.members[parent].label}"
    fed.call(parent, "invite", origin, "--role", member.role, "--name", member.name, "--out", str(token))
    joined = fed.call(origin, "join", str(token), "--name", member.name, *more)
    token.unlink()
    if joined["state"] != "active":
        _patiently(lambda: fed.call(origin, "sync"))


def _patiently(step: Callable[[], object]) -> None:
    """Do what a neighbour may not be ready for yet: it signs new registrations within seconds."""
    end = time.monotonic() + _PATIENCE_S
    while True:
        try:
            step()
        except Failed:
            if time.monotonic() > end:
                raise
            time.sleep(0.3)
        else:
            return


def file_first(fed: Federation, filings: dict[str, Filing]) -> dict[str, Any]:
    """Import each outlet's first file; return the submissions by origin. Refused rows are told, not raised."""
    return each(lambda one: fed.call(one, "import", str(filings[one].first), taken=(0, 1)), OUTLETS)


def file_changes(fed: Federation, filings: dict[str, Filing]) -> list[Any]:
    """Import each later export, correct and withdraw by hand; return every submission that this made."""

    def change(origin: str) -> list[Any]:
        filing = filings[origin]
        done = [fed.call(origin, "import", str(filing.second), taken=(0, 1))]
        if filing.withdraw:
            done.append(fed.call(origin, "withdraw", filing.withdraw, "--reason", "演示：重复登记"))
        return done

    done = [one for many in each(change, OUTLETS).values() for one in many]
    who = corrector(filings)
    done.append(fed.call(who, "correct", filings[who].correct, "--set", f"title={NEW_TITLE}"))
    return done


def corrector(filings: dict[str, Filing]) -> str:
    """Return who corrects a record by hand: the university, unless its file is somebody's own."""
    return next(origin for origin in OUTLETS if filings[origin].correct)


def night(fed: Federation) -> None:
    """Let everyone call: outlets, then substations, which answer them; the hub answers; its word and the receipts come
    down. Wait for the catalogues."""
    for callers in (OUTLETS, SUBSTATIONS):
        each(lambda origin: fed.call(origin, "sync"), callers)
    fed.call(HUB, "night")
    for callers in (SUBSTATIONS, OUTLETS):
        each(lambda origin: fed.call(origin, "sync"), callers)
    for origin in (HUB, *SUBSTATIONS):
        federation.until(partial(_caught_up, fed, origin), origin, "catalogue", fed.log_file(origin))


def _caught_up(fed: Federation, origin: str) -> bool:
    behind = fed.standing(origin)["catalogue"]
    return behind["entries_behind"] == 0 and behind["records_behind"] == 0


def records_held(fed: Federation) -> int:
    """Return how many entries of the outlets' logs the hub has answered for with its receipt, without the audit's."""
    held = fed.held(HUB)
    return sum(held.get(origin, 0) - _acts(fed, origin, held.get(origin, 0)) for origin in OUTLETS)


def _acts(fed: Federation, origin: str, size: int) -> int:
    """Return how many of the first `size` entries of an outlet's log say who did what there: one an import."""
    return sum(one["index"] < size for one in fed.call(origin, "audit", "--limit", "1000"))


def prove(fed: Federation, key: str, origin: str) -> tuple[bool, list[str]]:
    """Write a record's evidence at the hub, verify it in a bare directory; return whether it holds, and what it says.

    The verifier gets two files, an empty environment and an empty directory: no home, no network address, no key.
    """
    kept = fed.path / "evidence.txt"
    written = fed.call(HUB, "evidence", key, "--origin", origin, "--out", str(kept))
    with tempfile.TemporaryDirectory(prefix="banyan-verify-") as bare:
        folder = Path(bare)
        shutil.copy(kept, folder / "evidence.txt")
        shutil.copy(fed.home(HUB) / "federation.root", folder / "federation.root")
        line = [str(federation.script("banyan-verify")), "--json", "--lang", fed.language]
        line += ["evidence.txt", "--root", "federation.root"]
        found, said = federation.answer(line, (0,), {}, folder)
    stated = [part["record"]["key"] for part in found["parts"] if part["record"]]
    holds = found["verified"] and (found["origin"], found["index"]) == (written["origin"], written["index"])
    return holds and key in stated, said.splitlines()


def tiers(fed: Federation) -> list[str]:
    """Return the tiers whose receipt the university holds for its first submission, from the city up."""
    (first,) = fed.call(UNIVERSITY, "receipts", "1")
    reached = {one["tier"] for one in first["tiers"]}
    return [tier for tier in ("substation", "alliance", "hub") if tier in reached]
