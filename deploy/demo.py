"""python -m deploy.demo: a whole federation on this machine, from its founding to the second night.

Eight nodes in eight processes, mutual TLS between them on loopback. Exit code 0: every check held.
"""

import shutil
import signal
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from deploy import federation, filings, night
from deploy.federation import Federation
from deploy.filings import Filing
from node import frame
from node.errors import HomeExists
from node.frame import passed
from node.messages import N_, _
from node.report import Context

MIN_RECORDS = filings.MIN_ROWS * len(night.OUTLETS)
MAX_RECORDS = filings.MAX_ROWS * (len(night.OUTLETS) - 1)
NOT_VERIFIED = N_("not verified")
_ROWS = N_("{name}: {rows} rows, {sealed} sealed, {unchanged} unchanged, {refused} refused.")


@dataclass
class Outcome:
    """What the demo counted; `failures` says which checks did not hold."""

    imported: int = 0
    substation: int = 0
    hub: int = 0
    word: str = ""
    found: int = 0
    evidence: str = NOT_VERIFIED
    changed: int = 0
    withdrawn: int = 0
    second_sync_entries: int = 0
    receipts: list[str] = field(default_factory=list)
    imports: dict[str, dict[str, int]] = field(default_factory=dict)
    by_node: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    home: str | None = None
    pids: dict[str, int] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)

    def check(self, holds: bool, otherwise: str) -> None:
        if not holds:
            self.failures.append(otherwise)


@click.command(
    "python -m deploy.demo",
    cls=frame.Command,
    help=N_(
        "Run a whole federation on this machine: a hub, two cities, an alliance, four outlets; enrol, import, two "
        "nights, search, evidence.\n\nExample: python -m deploy.demo --records 5000 --keep"
    ),
)
@click.option(
    "--records",
    type=click.IntRange(MIN_RECORDS, MAX_RECORDS),
    default=2000,
    show_default=True,
    help=N_("How many made-up patents the outlets share."),
)
@click.option(
    "--data",
    type=click.Path(exists=True, dir_okay=False, resolve_path=True, path_type=Path),
    help=N_("The university imports this file instead of made-up patents."),
)
@click.option("--keep", is_flag=True, help=N_("Leave the nodes running, and say how to reach them."))
@passed
def top(context: Context, records: int, data: Path | None, keep: bool) -> int:
    begun = time.monotonic()
    own = filings.given(data) if data else None
    path, temporary = _place(context)
    fed = Federation(path, night.MEMBERS, context.language)
    done = False
    try:
        outcome = _run(context, fed, _filings(fed, records, own), own is not None)
        done = True
    finally:
        if not (keep and done):
            codes = fed.stop()
        if not done:
            context.warn(_("The homes and logs of the nodes are in {path}.").format(path=path))
    if keep:
        outcome.pids = fed.running()
        _say_how_to_reach(context, fed)
    else:
        outcome.check(not codes, _("these nodes did not stop in order: {codes}").format(codes=codes))
    outcome.seconds = round(time.monotonic() - begun, 1)
    outcome.home = str(path)
    if temporary and not keep and not outcome.failures:
        shutil.rmtree(path)
        outcome.home = None
    _summarise(context, outcome)
    context.emit(asdict(outcome))
    return frame.REFUSED if outcome.failures else frame.DONE


top.params = [one for one in top.params if one.name != "home"] + [
    click.Option(
        ["--home"],
        type=click.Path(path_type=Path),
        expose_value=False,
        callback=lambda ctx, _option, path: setattr(ctx.find_root().obj, "home_path", path) if path else None,
        help=N_("A new or empty directory for the nodes' homes, kept afterwards; default: a temporary one."),
    )
]


def _place(context: Context) -> tuple[Path, bool]:
    """Return an empty directory of our own, and whether it is a temporary one. Raises HomeExists."""
    if click.get_current_context().get_parameter_source("home") is not ParameterSource.COMMANDLINE:
        return Path(tempfile.mkdtemp(prefix="banyan-demo-")), True
    path = context.home_path.absolute()
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(path.iterdir()):
        raise HomeExists(str(path))
    return path, False


def _filings(fed: Federation, records: int, own: Filing | None) -> dict[str, Filing]:
    """Write the files of the outlets, which share the made-up records as evenly as can be."""
    makers = [one for one in night.OUTLETS if own is None or one != night.UNIVERSITY]
    made = {}
    for number, origin in enumerate(makers):
        rows = records // len(makers) + (number < records % len(makers))
        made[origin] = filings.made_up(fed.path / "files", number, rows)
    return made if own is None else {**made, night.UNIVERSITY: own}


def _run(context: Context, fed: Federation, files: dict[str, Filing], real: bool) -> Outcome:
    """Do everything once, telling each step; return what was counted and checked. `real`: --data gave a file."""
    outcome = Outcome()
    context.say(_("All patents but those of --data are made up, and say so."))
    context.say(_("1. Founding the hub."))
    night.found_hub(fed)
    context.say(_("2. Enrolling two cities and the LED alliance with one-time tokens."))
    night.enrol_substations(fed)
    context.say(_("3. Enrolling four outlets; the university belongs to its city and to the alliance."))
    night.enrol_outlets(fed)
    _first_night(context, fed, files, outcome)
    _search(context, fed, files, outcome, real)
    _second_night(context, fed, files, outcome)
    no_overlap = real or outcome.imported == outcome.hub
    outcome.check(no_overlap, _("the hub does not have as many rights as were imported"))
    return outcome


def _first_night(context: Context, fed: Federation, files: dict[str, Filing], outcome: Outcome) -> None:
    context.say(_("4. Importing records at the outlets."))
    for origin, one in night.file_first(fed, files).items():
        outcome.imports[origin] = {name: one[name] for name in ("rows", "sealed", "unchanged", "refused")}
        context.say("   " + _(_ROWS).format(name=fed.members[origin].name, **outcome.imports[origin]))
        accounted = one["sealed"] + one["unchanged"] + one["refused"]
        outcome.check(accounted == one["rows"], _("rows of {name} are not accounted for").format(name=origin))
    outcome.imported = sum(one["sealed"] for one in outcome.imports.values())
    context.say(_("5. First night: outlets, then substations, then outlets again for receipts."))
    night.night(fed)
    rights = night.each(fed.rights, fed.members)
    outcome.by_node = {origin: len(keys) for origin, keys in rights.items()}
    outcome.substation = len(set().union(*(rights[one] for one in night.SUBSTATIONS)))
    outcome.hub = len(rights[night.HUB])
    _check_rights(outcome, rights)
    outcome.check(outcome.substation == outcome.hub, _("substations and hub do not have the same rights"))
    outcome.receipts = night.tiers(fed)
    outcome.check(len(outcome.receipts) == 3, _("the university lacks a receipt of city, alliance or hub"))


def _check_rights(outcome: Outcome, rights: dict[str, set[str]]) -> None:
    filed = set().union(*(rights[one] for one in night.OUTLETS))
    outcome.check(rights[night.HUB] == filed, _("the hub does not have exactly the rights that the outlets filed"))


def _search(context: Context, fed: Federation, files: dict[str, Filing], outcome: Outcome, real: bool) -> None:
    titles = {origin: filings.titles(one.first) for origin, one in files.items()}
    outcome.word = (real and filings.common_word(titles[night.UNIVERSITY])) or filings.MADE_UP_WORD
    page = fed.call(night.HUB, "search", outcome.word, "--limit", "100")
    outcome.found = page["total"]
    named = sum(outcome.word in title for many in titles.values() for title in many)
    context.say(_("6. Searching at the hub for {word}: {total} found.").format(word=outcome.word, total=page["total"]))
    enough = 0 < outcome.found >= named
    outcome.check(enough, _("fewer records found than have the word in their titles: {named}").format(named=named))
    if not page["hits"]:
        return
    hit = next((one for one in page["hits"] if one["origin"] == night.UNIVERSITY), page["hits"][0])
    for stated in fed.call(night.HUB, "show", hit["key"])["assertions"]:
        name = fed.members[stated["origin"]].name
        said = _("{number} {title}: stated by {name} ({origin}), entry {index} of its log.")
        context.say("   " + said.format(number=hit["number"], title=hit["title"], name=name, **stated))
    context.say(_("7. Its evidence, verified by banyan-verify in a bare directory:"))
    holds, said_lines = night.prove(fed, hit["key"], hit["origin"])
    for line in said_lines:
        context.say("   " + line)
    outcome.evidence = N_("verified") if holds else NOT_VERIFIED
    outcome.check(holds, _("the evidence proves another record"))


def _second_night(context: Context, fed: Federation, files: dict[str, Filing], outcome: Outcome) -> None:
    context.say(_("8. Importing later exports, correcting and withdrawing by hand."))
    before = night.records_held(fed)
    done = night.file_changes(fed, files)
    outcome.withdrawn = sum(bool(one.withdraw) for one in files.values())
    outcome.changed = sum(one.changed for one in files.values()) + 1
    made = outcome.changed + outcome.withdrawn
    outcome.check(sum(one["sealed"] for one in done) == made, _("unchanged rows made entries"))
    context.say(_("9. Second night."))
    night.night(fed)
    outcome.second_sync_entries = night.records_held(fed) - before
    outcome.check(outcome.second_sync_entries == made, _("not exactly the changes travelled in the second night"))
    _check_rights(outcome, night.each(fed.rights, (night.HUB, *night.OUTLETS)))
    shown = fed.call(night.HUB, "show", files[night.corrector(files)].correct)
    outcome.check(shown["fields"]["title"] == night.NEW_TITLE, _("the hub does not show what was corrected"))


def _summarise(context: Context, outcome: Outcome) -> None:
    """Say what came of it."""
    tiers = ", ".join(_(one) for one in outcome.receipts)
    context.say("")
    context.say(_("Imported: {count} records.").format(count=outcome.imported))
    held = _("After the first night: {substation} rights at the substations, {hub} at the hub.")
    context.say(held.format(substation=outcome.substation, hub=outcome.hub))
    context.say(_("Found at the hub for {word}: {count}.").format(word=outcome.word, count=outcome.found))
    context.say(_("Evidence: {state}.").format(state=_(outcome.evidence)))
    changes = _(
        "Second night: {changed} changed, {withdrawn} withdrawn; {second_sync_entries} entries reached the hub."
    )
    context.say(changes.format(**asdict(outcome)))
    context.say(_("Receipts at the university: {tiers}.").format(tiers=tiers))
    for one in outcome.failures:
        context.say(_("DOES NOT HOLD: {what}").format(what=one))
    if not outcome.failures:
        context.say(_("Everything holds. {seconds} s.").format(seconds=outcome.seconds))


def _say_how_to_reach(context: Context, fed: Federation) -> None:
    """Say where each node is, and how to stop them all."""
    context.say(_("The nodes go on running:"))
    for origin, process in fed.running().items():
        member = fed.members[origin]
        program = federation.script(member.program)
        door = "" if member.role == "outlet" else fed.node(origin).settings.sync_listen
        context.say(f"   {member.name}  {origin}  pid {process}  {door}".rstrip())
        context.say(f"      {program} --home {fed.home(origin)} status")
    pids = " ".join(str(one) for one in fed.running().values())
    context.say(_("Stop them with: kill {pids}").format(pids=pids))


def _interrupted(_number: int, _frame: Any) -> None:
    raise KeyboardInterrupt


def main() -> None:
    """Run the demo; SIGTERM ends it like Ctrl-C: the nodes are stopped."""
    signal.signal(signal.SIGTERM, _interrupted)
    frame.main(top)


if __name__ == "__main__":
    main()
