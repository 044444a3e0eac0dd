"""Commands of operating a node that two or more programs have: each is added to a program's group by its name."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from catalog import rebuilding
from node import (
    acting,
    admission,
    cataloguing,
    erasures,
    frame,
    inbox,
    manifests,
    nightly,
    nodes,
    reconciling,
    stands,
    verdicts,
)
from node.commands import acting_on, moment, opened, shown_progress
from node.errors import NodeError
from node.frame import passed
from node.home import write_whole
from node.messages import N_, _
from node.naming import whole_origin
from node.node import Node
from node.report import Context
from node.running import Running
from sync.bringing import Report
from sync.errors import SyncError


def audit(top: frame.Group) -> None:
    """Add `audit`: who decided what here, as the own log has it."""

    @top.command("audit", help=N_("List who decided what here, newest first; the own log proves it.\n\nExample: audit"))
    @click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help=N_("Rows a page."))
    @click.option("--before", type=int, default=2**62, help=N_("Continue after a page: entries before this one."))
    @passed
    def command(context: Context, limit: int, before: int) -> None:
        node = opened(context)
        with node.opened() as here:
            rows = [asdict(one) for one in acting.acts(node, here, limit, before)]
        if not context.json:
            rows = [{**row, "time": moment(row["time_ms"] / 1000), "role": _(row["role"])} for row in rows]
        columns = [("index", _("entry")), ("time", _("time")), ("by", _("by")), ("role", _("role"))]
        context.table(rows, [*columns, ("what", _("what")), ("about", _("about")), ("reason", _("reason"))])


def serve(top: frame.Group) -> None:
    """Add `serve`: doors, nights and the worker, until SIGTERM."""

    @top.command("serve", help=N_("Open the doors and keep the nightly schedule, until stopped.\n\nExample: serve"))
    @passed
    def command(context: Context) -> None:
        frame.log_to_stderr()
        running = Running(opened(context))
        with context.home.hold("serve", wait_s=1.0):
            frame.run_until_signalled([running.stop], lambda: _start(context, running))


def _start(context: Context, running: Running) -> None:
    """Start what `serve` runs, and say that it is ready: from then on a signal ends it well."""
    running.start()
    known = running.node.settings
    if known.role == "outlet":
        context.say(_("Running; the nightly window is {window}.").format(window=known.window))
    else:
        context.say(
            _("Open: synchronisation at {sync}, joining at {join}.").format(
                sync=known.sync_listen, join=known.join_listen
            )
        )
    context.emit({"ready": True, "sync": known.sync_listen, "join": known.join_listen})


def invite(top: frame.Group, roles: tuple[str, ...]) -> None:
    """Add `invite`: one token, printed once."""

    @top.command(
        "invite",
        help=N_(
            "Invite a node and print its one-time token. Hand it over safely: who has it can join under that name. "
            "With --open it names nobody: whoever has it can ask, and `requests` decides. With --recover it gives new "
            "keys to a node that lost its own.\n\n"
            "Example: invite ip.gd.example/gz --role substation --name 广州市分站\nExample: invite --open --days 30\n"
            "Example: invite --recover ip.gd.example/gz"
        ),
    )
    @click.argument("origin", required=False, default="")
    @click.option("--open", "is_open", is_flag=True, help=N_("For whoever has it, to ask with."))
    @click.option("--recover", is_flag=True, help=N_("For a node below that lost its keys with its machine."))
    @click.option("--role", type=click.Choice(roles), default=roles[0], show_default=True, help=N_("What it will be."))
    @click.option("--name", default="", help=N_("Name of the organisation, as people will see it."))
    @click.option("--days", type=click.IntRange(1, 90), default=7, show_default=True, help=N_("How long it is valid."))
    @click.option("--out", type=click.Path(path_type=Path), help=N_("Write the token to this file instead."))
    @passed
    def command(
        context: Context, origin: str, is_open: bool, recover: bool, role: str, name: str, days: int, out: Path | None
    ) -> None:
        if is_open == bool(origin) or not (is_open or recover or name):
            raise click.UsageError(_("give a name like ip.gd.example/gz and --name, or --open"))
        node = opened(context)
        origin = whole_origin(node, origin)
        if recover:
            token = admission.invite_to_recover(node, origin, name, days)
        elif is_open:
            token = admission.invite_open(node, role, name, days)
        else:
            token = admission.invite(node, origin, role, name, days)
        acting_on(context, node, "invite --recover" if recover else "invite", origin or "open")
        line = token.encode()
        if out is not None:
            write_whole(out, line.encode() + b"\n")
            context.say(
                _("The token is in {path}; it is valid until {when}.").format(path=out, when=moment(token.expires))
            )
        else:
            context.say(line)
        context.emit({"origin": origin, "role": token.role, "expires": token.expires, "token": None if out else line})


def list_nodes(top: frame.Group) -> None:
    """Add `nodes`: everyone invited or registered here, with what is held of them."""

    @top.command(
        "nodes", help=N_("List the nodes below this one: state, entries held, last receipt.\n\nExample: nodes")
    )
    @passed
    def command(context: Context) -> None:
        columns = [
            ("origin", _("origin")),
            ("name", _("name")),
            ("role", _("role")),
            ("status", _("status")),
            ("entries", _("entries")),
            ("received", _("last receipt")),
            ("called", _("last call")),
            ("quarantined", _("quarantined")),
            ("drift", _("drift")),
            ("certificate_days_left", _("certificate days")),
            ("alarms", _("alarms")),
        ]
        rows = nodes.listed(opened(context))
        if not context.json:
            rows = [
                {**row, **{name: moment(row[name]) for name in ("received", "called")}}
                | {"role": _(row["role"]), "status": nodes.status_said(row)}
                for row in rows
            ]
        context.table(rows, columns)


def sync(top: frame.Group) -> None:
    """Add `sync`: one session with every parent, now."""

    @top.command(
        "sync",
        help=N_(
            "Call every parent now: bring what is new, fetch receipts; before it, answer those below.\n\nExample: sync"
        ),
    )
    @passed
    def command(context: Context) -> int:
        node = opened(context)
        if node.settings.role != "outlet":
            verdicts.decide(node)
            manifests.state(node)
            manifests.look(node)
        night = nightly.run(node, progress=shown_progress(context))
        cataloguing.apply(node)
        erasures.follow_up(node)
        for report in night.reports:
            context.say(said_of(report))
        _reconcile(context, node, night)
        context.emit(
            {
                "sessions": [report_dict(one) for one in night.reports],
                "failures": {parent: frame.sentence(error, context) for parent, error in night.failures.items()},
            }
        )
        for parent, error in night.failures.items():
            context.warn(f"{parent}: {frame.sentence(error, context)}")
        refused = any(report.refused for report in night.reports)
        return frame.REFUSED if night.failures or refused else frame.DONE


def _reconcile(context: Context, node: Node, night: nightly.NightReport) -> None:
    """Compare with the parents that asked for it; what fails is told, and done in the night."""
    for parent, repair in reconciling.asked_for(node, night):
        try:
            found = reconciling.run(node, parent, repair)
        except (SyncError, NodeError) as error:
            context.warn(f"{parent.origin}: {frame.sentence(error, context)}")
        else:
            context.say(reconciling.sentence(parent.origin, found.drift))


def said_of(report: Report) -> str:
    """Return what a session did in one sentence."""
    text = _("{parent}: {up} entries brought, {down} fetched, {receipts} receipts.").format(
        parent=report.parent, up=report.entries_up, down=report.entries_down, receipts=len(report.receipts)
    )
    if report.parts_wanted:
        text += " " + _("Parts still missing there: {count}.").format(count=report.parts_wanted)
    for origin, reason in report.refused:
        text += " " + _("Refused: {origin} ({reason}).").format(origin=origin, reason=reason)
    if abs(report.skew_s) > 60:
        text += " " + _("The clocks differ by {seconds} s; set this machine's clock.").format(
            seconds=int(report.skew_s)
        )
    return text


def report_dict(report: Report) -> dict[str, Any]:
    """Return a session's report for --json."""
    return {
        "parent": report.parent,
        "entries_up": report.entries_up,
        "entries_down": report.entries_down,
        "packages": report.packages,
        "receipts": [{"origin": one, "signer": by, "size": size} for one, by, size in report.receipts],
        "refused": [{"origin": origin, "reason": reason} for origin, reason in report.refused],
        "parts_wanted": report.parts_wanted,
        "parts_down": report.parts_down,
        "calls": report.calls,
    }


def status(top: frame.Group) -> None:
    """Add `status`: how this node stands with its parents, its catalogue and its alarms."""

    @top.command("status", help=N_("Show how this node stands.\n\nExample: status --night"))
    @click.option("--night", is_flag=True, help=N_("Say the last night in one sentence."))
    @passed
    def command(context: Context, night: bool) -> None:
        if stands.tell_before_joining(context, moment):
            return
        node = opened(context)
        if node.settings.role == "outlet":  # imports leave this to whoever looks next
            cataloguing.apply_own(node)
        found = nodes.standing(node)
        if node.settings.role == "outlet":
            found["inbox"] = inbox.standing(node)
        context.emit(found)
        if not context.json:
            last_night = [nodes.night_sentence(found), *nodes.answered(found)]
            for line in last_night if night else nodes.lines(found):
                context.say(line)


def rebuild(top: frame.Group) -> None:
    """Add `rebuild`: the catalogue made again from log.db."""

    @top.command(
        "rebuild", help=N_("Make the catalogue again from the logs; searches go on meanwhile.\n\nExample: rebuild")
    )
    @passed
    def command(context: Context) -> None:
        node = opened(context)
        with (
            node.home.hold("apply", cataloguing.APPLY_WAIT_S),
            node.opened() as here,
            context.progress(_("entries applied"), None) as advance,
        ):
            done = rebuilding.rebuild(
                here.store,
                node.home.catalog_db,
                node.origin,
                node.clock,
                here.role_of,
                _delta(advance),
                node.settings.brake_share,
            )
        context.say(_("Rebuilt: {count} entries applied.").format(count=done.entries))
        context.emit({"entries": done.entries, "rights": nodes.standing(node)["catalogue"]["rights"]})


def _delta(advance: Callable[[int], None]) -> Callable[..., None]:
    last = 0

    def progress(done: int, *_total: int) -> None:
        nonlocal last
        advance(done - last)
        last = done

    return progress
