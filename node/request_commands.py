"""The `requests` commands: who asks to be let in, all of the evidence on one screen, and the decision."""

from hashlib import sha256
from typing import Any

import click

from node import authority, decision, fingerprint, frame, requests
from node.commands import acting_on, moment, opened
from node.frame import passed
from node.messages import N_, _
from node.node import Node
from node.report import Context
from node.request_book import Request

CONFLICTS = {
    "registered-with-other-keys": N_("somebody is registered under this name, with other keys: {about}"),
    "asked-with-other-keys": N_("another request claims the same name, with other keys: number {about}"),
    "invited-by-name": N_("this name was given to somebody else by an invitation: {about}"),
    "same-code": N_("the same code is registered for {about}"),
    "same-name": N_("the same name is registered for {about}"),
    "code-check": N_("the check digit of the code is wrong: {about}"),
}
_STATES = (N_("waiting"), N_("approved"), N_("rejected"))


def add(top: frame.Group) -> None:
    """Add `requests` list, show, approve, reject and door."""
    group = frame.Group(
        "requests",
        help=N_("Who asks to be let in: see the evidence, approve or reject.\n\nExample: requests list"),
    )
    top.add_command(group)
    _list(group)
    _show(group)
    _approve(group)
    _reject(group)
    _door(group)


def _list(group: frame.Group) -> None:
    @group.command("list", help=N_("List requests, those that wait first.\n\nExample: requests list --all"))
    @click.option("--all", "every", is_flag=True, help=N_("Also those that were decided."))
    @passed
    def command(context: Context, every: bool) -> None:
        node = opened(context)
        found = sorted(node.notebook.requests("" if every else "waiting"), key=lambda one: one.state != "waiting")
        rows: list[dict[str, Any]] = [_row(one) for one in found]
        if not context.json:
            rows = [
                {**row, "last_at": moment(row["last_at"]), "role": _(row["role"]), "state": _(row["state"])}
                for row in rows
            ]
        columns = [("number", _("number")), ("state", _("status")), ("origin", _("origin")), ("role", _("role"))]
        context.table(rows, [*columns, ("name", _("name")), ("address", _("address")), ("last_at", _("last asked"))])


def _row(one: Request) -> dict[str, Any]:
    names = ("number", "state", "origin", "role", "name", "uscc", "address", "first_at", "last_at", "times", "reason")
    return {name: getattr(one, name) for name in names}


def _show(group: frame.Group) -> None:
    @group.command(
        "show",
        help=N_(
            "Show all that a decision rests on. Call the organisation at a number that you know, and let it read out "
            "the digits.\n\nExample: requests show 3"
        ),
    )
    @click.argument("number", type=int)
    @passed
    def command(context: Context, number: int) -> None:
        shown = _evidence(opened(context), number)
        context.emit(shown)
        if not context.json:
            for label, value in page(shown):
                context.say(f"{label}: {value}")


def _evidence(node: Node, number: int) -> dict[str, Any]:
    with node.opened() as here:
        return requests.evidence(node, here, node.notebook.request(number))


def page(shown: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the evidence of a request as rows of one screen."""
    rows = [
        (_("Request"), f"{shown['number']}  {_(shown['state'])}"),
        (_("Asks for the name"), f"{shown['origin']}  ({_(shown['role'])})"),
        (_("Organisation"), shown["name"]),
        (_("Code"), shown["uscc"] or _("none given")),
        (_("Contact, as it says itself"), shown["contact"] or _("none given")),
        (_("Digits to compare by telephone"), shown["spoken"]),
        (_("Fingerprint of all keys"), shown["fingerprint"]),
        *((_("Key {name}").format(name=name), value) for name, value in shown["keys"].items()),
        (_("TLS key of the certificate request"), shown["tls_key"]),
        (_("Came from the address"), shown["address"]),
        (_("With an open invitation"), shown["invitation"] or _("no")),
        (_("First asked"), moment(shown["first_at"])),
        (
            _("Last asked"),
            _("{when}, {times} times in all").format(when=moment(shown["last_at"]), times=shown["times"]),
        ),
    ]
    said = [_(CONFLICTS[one["what"]]).format(about=one["about"]) for one in shown["conflicts"]]
    rows += [(_("CONFLICT"), one) for one in said] or [(_("Conflicts"), _("none"))]
    if shown["decided_by"]:
        rows.append((_("Decided by"), f"{shown['decided_by']}  {moment(shown['decided_at'])}  {shown['reason']}"))
    return rows


def _approve(group: frame.Group) -> None:
    @group.command(
        "approve",
        help=N_(
            "Approve a request: the node is let in when it asks the next time. A page for the files is written.\n\n"
            "Example: requests approve 3"
        ),
    )
    @click.argument("number", type=int)
    @click.option("--reason", default="", help=N_("A note for the files."))
    @passed
    def command(context: Context, number: int, reason: str) -> None:
        node = opened(context)
        asked = node.notebook.request(number)
        person = acting_on(context, node, "requests approve", asked.origin, reason)
        with node.opened() as here:
            requests.decide(node, here, asked, person, reason)
        _tell(context, node, number, _("Approved: {origin}. It is in when it asks the next time."))


def _reject(group: frame.Group) -> None:
    @group.command(
        "reject",
        help=N_(
            "Reject a request; who asks is told the reason. A page for the files is written.\n\n"
            "Example: requests reject 3 --reason 请改用单位全称"
        ),
    )
    @click.argument("number", type=int)
    @click.option("--reason", required=True, help=N_("Why; who asks reads it."))
    @passed
    def command(context: Context, number: int, reason: str) -> None:
        node = opened(context)
        asked = node.notebook.request(number)
        person = acting_on(context, node, "requests reject", asked.origin, reason)
        with node.opened() as here:
            requests.reject(node, here, asked, person, reason)
        _tell(context, node, number, _("Rejected: {origin}."))


def _tell(context: Context, node: Node, number: int, said: str) -> None:
    shown = _evidence(node, number)
    title = _("Decision on request {number}: {state}").format(number=number, state=_(shown["state"]))
    path = decision.write(node, f"request-{number}", title, page(shown))
    context.say(said.format(origin=shown["origin"]))
    context.say(_("Page written: {path}").format(path=path))
    context.emit(shown | {"page": str(path)})


def _door(group: frame.Group) -> None:
    @group.command(
        "door",
        help=N_(
            "Show what people need who ask without an invitation: address and fingerprint of this node.\n\n"
            "Example: requests door"
        ),
    )
    @passed
    def command(context: Context) -> None:
        node = opened(context)
        shown = fingerprint.of_hex(sha256(authority.authority_der(node.home)).digest())
        context.say(_("Address: {address}").format(address=node.settings.join_address))
        context.say(_("Fingerprint: {fingerprint}").format(fingerprint=shown))
        context.emit({"address": node.settings.join_address, "fingerprint": shown.replace(" ", "")})
