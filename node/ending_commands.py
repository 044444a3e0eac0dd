"""The `node` commands that end something: a node for good, its keys as stolen, its log."""

from dataclasses import asdict

import click

from node import decision, ended, frame, membership, quarantine, roles, stolen, succeeding
from node.commands import acting_on, opened
from node.frame import passed
from node.messages import N_, _
from node.naming import whole_origin
from node.node_commands import WHY, change_standing, number, tell
from node.report import Context

_REVOKE = N_(
    "Shut a node out for good: refused at its next call and package; its earlier records stay provable. With "
    "--stolen its keys are taken back instead, and it goes on with new ones.\n\n"
    "Example: node revoke ip.gd.example/gz/scut --reason 单位注销\n"
    "Example: node revoke ip.gd.example/gz/scut --stolen --reason 服务器被入侵"
)


def add(top: frame.Group) -> None:
    """Add revoke and succeed to the `node` commands."""
    group = top.commands["node"]
    assert isinstance(group, frame.Group)
    _revoke(group)
    _succeed(group)


def _revoke(group: frame.Group) -> None:
    @group.command("revoke", help=_REVOKE)
    @click.argument("origin")
    @click.option("--reason", required=True, help=WHY)
    @click.option("--stolen", "keys", is_flag=True, help=N_("Its keys were stolen: take them back, and nothing else."))
    @click.option(
        "--good-until",
        type=click.IntRange(min=0),
        help=N_("The size of an earlier head, if the keys were stolen before the newest one that is stored here."),
    )
    @passed
    def command(context: Context, origin: str, reason: str, keys: bool, good_until: int | None) -> None:
        if keys:
            _taken_back(context, origin, reason, good_until)
        elif good_until is not None:
            raise click.UsageError(_("--good-until goes with --stolen only."))
        else:
            change_standing(context, "revoke", origin, reason)


def _succeed(group: frame.Group) -> None:
    @group.command(
        "succeed",
        help=N_(
            "End the log of a node that cannot go on, and let another one go on from it: it is forked, what it signed "
            "is lost, or its stolen keys signed too much.\n\n"
            "Example: node succeed ip.gd.example/gz/scut --reason 日志分叉"
        ),
    )
    @click.argument("origin")
    @click.option("--reason", required=True, help=WHY)
    @click.option("--good-until", type=click.IntRange(min=0), help=N_("The size of an earlier head that it ends at."))
    @passed
    def command(context: Context, origin: str, reason: str, good_until: int | None) -> None:
        node = opened(context)
        origin = whole_origin(node, origin)
        membership.check_reason(reason)
        with node.opened() as here:
            changes = succeeding.check(here, origin, good_until) is not None
        if changes:
            acting_on(context, node, "node succeed", origin, reason)
        person = roles.person(node.settings).name
        with node.opened() as here:
            found = succeeding.succeed(here, origin, good_until)
        kept_out = quarantine.keep_behind(node, origin, found.size, person, reason)
        if found.changed:
            rows = [(_("origin"), origin), (_("Entries that stay good"), found.size), (_("reason"), reason)]
            rows += [(_("Goes on as"), found.successor), (_("by"), person)]
            page = decision.write(node, number(node), _("A log has ended"), rows)
            context.say(_("Page written: {path}").format(path=page))
        lines = ended.succeeded(origin, found.successor, found.size, found.state)
        for line in [*lines, *ended.kept_out(kept_out)]:
            context.say(line)
        tell(context, node)
        context.emit(asdict(found) | {"root": found.root.hex(), "reason": reason, "kept_out": kept_out})


def _taken_back(context: Context, origin: str, reason: str, good_until: int | None) -> None:
    node = opened(context)
    origin = whole_origin(node, origin)
    membership.check_reason(reason)
    with node.opened() as here:
        changes = stolen.check(here, origin, good_until) is not None
    if changes:
        acting_on(context, node, "node revoke --stolen", origin, reason)
    person = roles.person(node.settings).name
    with node.opened() as here:
        found = stolen.take_back(here, origin, reason, good_until)
    kept_out = quarantine.keep_behind(node, origin, found.size, person, reason)  # a crash before: by the same command
    lines = [*ended.taken_back(origin, found.size, found.way), *ended.kept_out(kept_out)]
    if found.changed:
        rows = [(_("origin"), origin), (_("Entries that stay good"), found.size), (_("reason"), reason)]
        page = decision.write(node, number(node), _("Keys taken back"), [*rows, (_("by"), person)])
        context.say(_("Page written: {path}").format(path=page))
    for line in lines:
        context.say(line)
    tell(context, node)
    said = {"size": found.size, "root": found.root.hex(), "way": found.way, "changed": found.changed}
    context.emit({"origin": origin, "reason": reason, "kept_out": kept_out, **said})
