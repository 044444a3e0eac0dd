"""The `node` commands: what is known of one node below, and its standing."""

from dataclasses import asdict
from typing import Any

import click

from node import decision, frame, membership, moving, nightly, nodes, quarantine, roles, sentences, stolen, succeeding
from node.commands import acting_on, moment, opened
from node.errors import NodeError
from node.frame import passed
from node.messages import N_, _
from node.node import Node
from node.quarantine import whole_origin
from node.report import Context
from sync.errors import SyncError

_HELP = {
    "suspend": N_(
        "Suspend a node, or a membership: nothing is taken from it until it is resumed; what it brought stays.\n\n"
        "Example: node suspend ip.gd.example/gz/scut --reason 欠费"
    ),
    "resume": N_(
        "Resume what was suspended; what waited is brought the next night.\n\n"
        "Example: node resume ip.gd.example/gz/scut --reason 已缴费"
    ),
    "revoke": N_(
        "Shut a node out for good: refused at its next call and package; its earlier records stay provable. With "
        "--stolen its keys are taken back instead, and it goes on with new ones.\n\n"
        "Example: node revoke ip.gd.example/gz/scut --reason 单位注销\n"
        "Example: node revoke ip.gd.example/gz/scut --stolen --reason 服务器被入侵"
    ),
    "remove": N_(
        "End a membership in this alliance: nothing new comes here any more; what is here stays.\n\n"
        "Example: node remove ip.gd.example/gz/scut --reason 合作期满"
    ),
}
_SAID = {
    "suspended": N_("{origin} is suspended: {reason}"),
    "active": N_("{origin} is active again: {reason}"),
    "revoked": N_("{origin} is shut out: {reason}"),
}
_WHY = N_("Why; the node is told, and the log keeps it.")
_WAYS = {
    stolen.RECOVER: N_(
        "Next: `invite --recover {origin}` here, and `join` with that token at the node, in a home without the old "
        "keys; the hub confirms. Its log goes on from there."
    ),
    stolen.SUCCEED: N_(
        "Next: `node succeed {origin}` here: more was signed for than stays good, or the log is forked, so another log "
        "goes on from it under new keys."
    ),
}


_SUCCESSION = {
    succeeding.STATED: N_(
        "Next: `confirm {origin}` at the hub, once a night has passed this on; then `invite {origin}` here."
    ),
    succeeding.CONFIRMED: N_(
        "The hub has confirmed it. Next: `invite {origin}` here, and `join` with that token in an empty home."
    ),
    succeeding.REGISTERED: N_("It has joined as {origin}."),
}


def add(top: frame.Group, moves: bool = False) -> None:
    """Add `node` show, suspend, resume, revoke, remove; and move where the hub runs."""
    group = frame.Group(
        "node", help=N_("One node below this one: how it stands, and changing that.\n\nExample: node show ORIGIN")
    )
    top.add_command(group)
    _show(group)
    for what, said in _HELP.items():
        if what != "revoke":
            _change(group, what, said)
    _revoke(group)
    _succeed(group)
    if moves:
        _move(group)


def _show(group: frame.Group) -> None:
    @group.command(
        "show",
        help=N_("Show all that is known here of one node.\n\nExample: node show ip.gd.example/gz/scut"),
    )
    @click.argument("origin")
    @passed
    def command(context: Context, origin: str) -> None:
        node = opened(context)
        found = membership.shown(node, whole_origin(node, origin))
        context.emit(found)
        if not context.json:
            for line in _lines(found):
                context.say(line)


def _lines(found: dict[str, Any]) -> list[str]:
    rows = [
        (_("origin"), found["origin"]),
        (_("name"), found["name"]),
        (_("role"), _(found["role"])),
        (
            _("status"),
            nodes.status_said(found) + (f" ({sentences.reason(found['reason'])})" if found["reason"] else ""),
        ),
        (_("Home"), found["home"]),
        (_("entries"), found["entries"]),
        (_("last receipt"), moment(found["received"])),
        (_("quarantined"), found["quarantined"]),
        (_("Digits to compare by telephone"), found.get("spoken", "")),
        (_("Fingerprint of all keys"), found.get("fingerprint", "")),
    ]
    said = [f"{label}: {value}" for label, value in rows if value != ""]
    for one in found["statements"]:
        size = "" if one["size"] is None else str(one["size"])
        facts = " ".join(text for text in (one["what"], one["status"], one["home"], size, one["reason"]) if text)
        said.append(_("Entry {index}, {when}: {facts}").format(
            index=one["index"], when=moment(one["time_ms"] / 1000), facts=facts
        ))  # fmt: skip
    if found.get("succeeded_by"):
        said += _succeeded_lines(found["origin"], **found["succeeded_by"])
    elif found.get("keys_taken_back"):
        said += _taken_back_lines(found["origin"], **found["keys_taken_back"])
    said += [_("ALARM {what}: {detail}").format(**one) for one in found["alarms_about_it"]]
    return said


def _taken_back_lines(origin: str, good_until: int, way: str) -> list[str]:
    good = _("Its keys were taken back: {size} entries stay good, and nothing that they sign behind these counts.")
    return [good.format(size=good_until), _(_WAYS[way]).format(origin=origin)]


def _change(group: frame.Group, what: str, said: str) -> None:
    @group.command(what, help=said)
    @click.argument("origin")
    @click.option("--reason", required=True, help=_WHY)
    @passed
    def command(context: Context, origin: str, reason: str) -> None:
        _changed(context, what, origin, reason)


def _changed(context: Context, what: str, origin: str, reason: str) -> None:
    node = opened(context)
    origin = whole_origin(node, origin)
    with node.opened() as here:
        changes = membership.check(here, origin, what, reason)
    if changes:
        person = acting_on(context, node, f"node {what}", origin, reason)
        with node.opened() as here:
            found = membership.change(here, origin, what, reason)
        rows = [(_("origin"), origin), (_("status"), _(found.status)), (_("reason"), reason), (_("by"), person)]
        page = decision.write(node, _number(node), _("Decision on a node: {what}").format(what=what), rows)
        context.say(_("Page written: {path}").format(path=page))
    with node.opened() as here:
        status = membership.stated(here, origin).status
    context.say(_(_SAID[status]).format(origin=origin, reason=reason))
    tell(context, node)
    context.emit({"origin": origin, "status": status, "reason": reason, "changed": changes})


def _revoke(group: frame.Group) -> None:
    @group.command("revoke", help=_HELP["revoke"])
    @click.argument("origin")
    @click.option("--reason", required=True, help=_WHY)
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
            _changed(context, "revoke", origin, reason)


def _succeeded_lines(origin: str, successor: str, size: int, state: str) -> list[str]:
    ended = _("The log of {origin} ends at {size} entries; {successor} goes on from there.")
    return [ended.format(origin=origin, size=size, successor=successor), _(_SUCCESSION[state]).format(origin=successor)]


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
    @click.option("--reason", required=True, help=_WHY)
    @click.option("--good-until", type=click.IntRange(min=0), help=N_("The size of an earlier head that it ends at."))
    @passed
    def command(context: Context, origin: str, reason: str, good_until: int | None) -> None:
        node = opened(context)
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
            page = decision.write(node, _number(node), _("A log has ended"), rows)
            context.say(_("Page written: {path}").format(path=page))
        lines = _succeeded_lines(origin, found.successor, found.size, found.state)
        for line in [*lines, *_kept_out_lines(kept_out)]:
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
    lines = [*_taken_back_lines(origin, found.size, found.way), *_kept_out_lines(kept_out)]
    if found.changed:
        rows = [(_("origin"), origin), (_("Entries that stay good"), found.size), (_("reason"), reason)]
        page = decision.write(node, _number(node), _("Keys taken back"), [*rows, (_("by"), person)])
        context.say(_("Page written: {path}").format(path=page))
    for line in lines:
        context.say(line)
    tell(context, node)
    said = {"size": found.size, "root": found.root.hex(), "way": found.way, "changed": found.changed}
    context.emit({"origin": origin, "reason": reason, "kept_out": kept_out, **said})


def _kept_out_lines(count: int) -> list[str]:
    text = _("{count} parts behind that head are kept out of the catalogue; `quarantine list` shows them.")
    return [text.format(count=count)] if count else []


def _move(group: frame.Group) -> None:
    @group.command(
        "move",
        help=N_(
            "Move a node to another home. Its records stay where they are; it goes to the new home by itself, in the "
            "nights that follow.\n\n"
            "Example: node move ip.gd.example/gz/scut --to ip.gd.example/sz --reason 迁址"
        ),
    )
    @click.argument("origin")
    @click.option("--to", "new", required=True, help=N_("The new home: a substation's origin."))
    @click.option("--reason", required=True, help=_WHY)
    @passed
    def command(context: Context, origin: str, new: str, reason: str) -> None:
        node = opened(context)
        origin, new = whole_origin(node, origin), whole_origin(node, new)
        with node.opened() as here:
            before = here.registry.home(origin)
            if before != new:  # said once more, it may say another door
                moving.check(here, origin, new)
        person = acting_on(context, node, "node move", origin, f"{new}: {reason}")
        with node.opened() as here:
            index = moving.move(here, origin, new)
        rows = [(_("origin"), origin), (_("Home before"), before), (_("Home"), new), (_("reason"), reason)]
        page = decision.write(node, _number(node), _("A node is moved"), [*rows, (_("by"), person)])
        context.say(_("{origin} belongs to {home} from now on.").format(origin=origin, home=new))
        with node.opened() as here:
            at = moving.door_of(here, new)
        text = (
            _(
                "Nothing is left to do: {home} hears of it in its next night, {origin} in the one after that, and goes "
                "there by itself."
            )
            if at
            else _(
                "{home} has not said yet where it lets others in. Run this once more after its next night; or use "
                "`invite {origin}` there, then `join` with that token at {origin}."
            )
        )
        context.say(text.format(origin=origin, home=new))
        context.say(_("Page written: {path}").format(path=page))
        tell(context, node)
        context.emit(
            {
                "origin": origin,
                "home": new,
                "door": at.join_address if at else "",
                "before": before,
                "index": index,
                "page": str(page),
            }
        )


def _number(node: Node) -> str:
    """Return what tells this decision's page from others: where the own log ends now."""
    with node.opened() as here:
        return f"node-{here.own.log.next_entry}"


def tell(context: Context, node: Node) -> None:
    """Bring what was stated under a head, so that the nodes above hear of it; here it counts at once."""
    later = _("It counts here at once; others hear of it with the next night.")
    try:
        if node.settings.role == "hub":
            with node.opened() as here:
                here.seal_as_hub()
        elif nightly.run(node).failures:
            context.warn(later)
    except (SyncError, NodeError) as error:
        context.warn(f"{frame.sentence(error, context)} {later}")
