"""banyan-hub: the province's node. Parses, calls, reports."""

from pathlib import Path

import click

from node import (
    alarm_commands,
    carry_commands,
    cataloguing,
    check_commands,
    commands,
    confirm_commands,
    daily_commands,
    doctoring,
    ending_commands,
    erasure_commands,
    erasures,
    expiry,
    explaining,
    export_commands,
    feed_commands,
    fork_commands,
    founding,
    frame,
    hold_commands,
    key_commands,
    kinds,
    lookups,
    manifests,
    node_commands,
    quarantining,
    reconcile_commands,
    recovery_commands,
    request_commands,
    verdicts,
)
from node.frame import passed
from node.messages import N_, _
from node.report import Context
from node.settings import Settings
from sync.origin import check

top = frame.group("banyan-hub", N_("The hub of a federation of intellectual-property records."))


@top.command(
    "init",
    help=N_(
        "Found a federation: its hub, its root keys, its name for good.\n\n"
        "Example: init ip.gd.example --name 广东省知识产权主站"
    ),
)
@click.argument("federation")
@click.option("--name", required=True, help=N_("Name of the organisation, as people will see it."))
@commands.listening
@click.option("--carry", type=click.Path(path_type=Path), help=N_("Where the two root keys go, to be carried away."))
@passed
def init(context: Context, federation: str, name: str, sync_listen: str, join_listen: str, carry: Path | None) -> None:
    settings = Settings(check(federation), "hub", name, sync_listen=sync_listen, join_listen=join_listen)
    away = carry or context.home_path.with_name(context.home_path.name + "-root-keys")
    node = founding.found(context.home_path, settings, away)
    with node.opened() as opened:
        opened.seal_as_hub()
    context.say(_("Founded {federation}, id {id}.").format(federation=federation, id=node.federation.id.hex()))
    context.say(
        _("Carry the two files in {path} away and keep them offline: whoever has them is the hub.").format(path=away)
    )
    context.emit({"federation": federation, "id": node.federation.id.hex(), "root_keys": str(away)})


daily_commands.serve(top)
daily_commands.invite(top, ("substation", "alliance"))
request_commands.add(top)
daily_commands.list_nodes(top)
node_commands.add(top, moves=True)
ending_commands.add(top)
feed_commands.feed(top)
lookups.search_here(top)
lookups.show_here(top)
lookups.history(top)
lookups.evidence(top)
export_commands.export(top)
kinds.kind(top, publishes=True)
daily_commands.status(top)
key_commands.add(top, hub=True)
confirm_commands.add(top)
fork_commands.add(top)
erasure_commands.add(top)
alarm_commands.add(top)
explaining.add(top)
daily_commands.audit(top)
doctoring.add(top)
quarantining.add(top)
reconcile_commands.add(top)
hold_commands.add(top)
daily_commands.rebuild(top)
recovery_commands.add(top)
check_commands.add(top)
carry_commands.add(top)


@top.command(
    "seal",
    help=N_("Sign the own log now; after a restart the hub waits for half of its substations.\n\nExample: seal"),
)
@click.option("--sign-anyway", is_flag=True, help=N_("Do not wait for substations; this is logged under your name."))
@passed
def seal(context: Context, sign_anyway: bool) -> None:
    node = commands.opened(context)
    anyway = commands.acting_on(context, node, "seal --sign-anyway") if sign_anyway else ""
    with node.opened() as opened:
        size = opened.seal_as_hub(anyway=anyway)
    erasures.follow_up(node)  # a hub that was put back answers searches from here on
    context.say(_("Signed: {size} entries.").format(size=size))
    context.emit({"size": size})


@top.command(
    "night",
    help=N_("Do the night's work now: take up what came, answer those below, sign the own log.\n\nExample: night"),
)
@passed
def night(context: Context) -> None:
    node = commands.opened(context)
    done = verdicts.decide(node)
    manifests.state(node)
    manifests.look(node)
    erasures.follow_up(node)
    with node.opened() as opened:
        expiry.warn(node, opened)
        size = opened.seal_as_hub(resign=True)
    cataloguing.apply(node)
    erasures.follow_up(node)
    context.say(_("Answered {count} nodes. Signed: {size} entries.").format(count=len(done.verdicts), size=size))
    context.emit({"verdicts": done.verdicts, "more": done.more, "judged": done.judged, "size": size})


def main() -> None:
    """Run banyan-hub."""
    frame.main(top)
