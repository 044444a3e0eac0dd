"""The commands of who is below: `request` asks to be let in, `join` goes on with it, `leave` ends a membership."""

from typing import Any, TextIO

import click

from node import asking, enrolment, fingerprint, frame, settings, tokens
from node.asking import Door, Waiting, Wish
from node.commands import acting_on, check_program, first_session, listening, moment, opened
from node.errors import NodeError
from node.frame import passed
from node.home import Home
from node.messages import N_, _
from node.node import Node
from node.report import Context


class NoFingerprint(NodeError):
    """Not a fingerprint: (text,)."""

    facts = ("text",)
    sentence = N_(
        "{text} is no fingerprint: it has 64 digits 0-9, a-f. The parent's operator sees it with `requests door`."
    )


def who_asks(command: Any) -> Any:
    """Add the options that say who asks, and under which name."""
    contact, code = N_("Whom the parent's operator may call."), N_("Unified social credit code of the organisation.")
    command = click.option("--contact", default="", help=contact)(command)
    command = click.option("--uscc", default="", help=code)(command)
    return click.option(
        "--as", "origin", default="", help=N_("The name to ask for, for example ip.gd.example/gz/scut.")
    )(command)


def ask(context: Context, door: Door, wish: Wish, more: dict[str, Any]) -> Node | Waiting:
    """Ask at a door as a command does; a home that is a node already asks as that node."""
    home = Home(context.home_path.absolute())
    if home.settings_file.exists():
        known = settings.load(home, context.environ)
        wish = Wish(known.origin, known.role, wish.name or known.name, wish.uscc, wish.contact)
    if not wish.origin:
        raise click.UsageError(_("--as is needed: the name to ask for"))
    check_program(context, wish.origin, wish.role)
    return asking.ask(home, door, wish, **more)


def tell(context: Context, found: Node | Waiting) -> None:
    """Say what came of asking: the first session of a node, or what is awaited since when."""
    if isinstance(found, Node):
        first_session(context, found)
        return
    for line in lines(found):
        context.say(line)
    context.emit(
        {
            "origin": found.origin,
            "parent": found.parent,
            "state": "waiting",
            "since": found.since,
            "spoken": found.spoken,
            "fingerprint": found.fingerprint.replace(" ", ""),
        }
    )


def lines(found: Waiting) -> list[str]:
    """Return what a person reads about a request that waits."""
    return [
        _("{origin} waits for {parent} to approve it, since {when}.").format(
            origin=found.origin, parent=found.parent, when=moment(found.since)
        ),
        _("If its operator calls, read out: {digits}").format(digits=found.spoken),
        _("Run `join` again to see whether it was approved."),
    ]


def join(top: frame.Group, listens: bool) -> None:
    """Add `join`: make this home a node below whoever gave the token, or let it join a further parent."""

    @top.command(
        "join",
        help=N_(
            "Join with the token that the parent's operator gave you; again with an alliance's token to belong to it "
            "as well. With an open token, say who you are; without one, go on with what was asked before.\n\n"
            "Example: join token.txt --name 华南理工大学\nExample: join - < token.txt\n"
            "Example: join open.txt --as ip.gd.example/gz/scut --name 华南理工大学\nExample: join"
        ),
    )
    @click.argument("token", type=click.File("r"), required=False)
    @click.option("--name", default="", help=N_("Name of the organisation, as people will see it."))
    @who_asks
    @(listening if listens else lambda command: command)
    @passed
    def command(
        context: Context, token: TextIO | None, name: str, origin: str, uscc: str, contact: str, **listen: str
    ) -> None:
        home = Home(context.home_path.absolute())
        if token is None:
            for found in asking.ask_again(home)[:1]:
                tell(context, found)
            return
        invitation = tokens.parse(token.read(tokens.MAX_CHARS + 2))
        if not invitation.origin:
            wish = asking.Wish(origin, invitation.role, name or origin, uscc, contact)
            tell(context, ask(context, asking.door_of(invitation), wish, listen))
            return
        check_program(context, invitation.origin, invitation.role)
        first_session(context, enrolment.join(home, invitation, name or invitation.origin, **listen))


def request(top: frame.Group, roles: tuple[str, ...], listens: bool) -> None:
    """Add `request`: ask without an invitation."""

    @top.command(
        "request",
        help=N_(
            "Ask a node to be let in below it, without an invitation; a person there decides. Address and fingerprint "
            "come from its operator.\n\n"
            "Example: request city.example:7444 --fingerprint 3f2a… --as ip.gd.example/gz/scut --name 华南理工大学"
        ),
    )
    @click.argument("address")
    @click.option("--fingerprint", "expected", required=True, help=N_("Fingerprint of the node that is asked."))
    @click.option("--name", default="", help=N_("Name of the organisation, as people will see it."))
    @click.option("--role", type=click.Choice(roles), default=roles[0], show_default=True, help=N_("What it will be."))
    @who_asks
    @(listening if listens else lambda command: command)
    @passed
    def command(
        context: Context,
        address: str,
        expected: str,
        name: str,
        role: str,
        origin: str,
        uscc: str,
        contact: str,
        **listen: str,
    ) -> None:
        try:
            pinned = fingerprint.read(expected)
        except ValueError as error:
            raise NoFingerprint(expected) from error
        wish = Wish(origin, role, name or origin, uscc, contact)
        tell(context, ask(context, asking.door_at(address, pinned), wish, listen))


def leave(top: frame.Group) -> None:
    """Add `leave`: end the membership in an alliance."""

    @top.command(
        "leave",
        help=N_(
            "Leave an alliance: nothing new goes there any more; what it has stays.\n\n"
            "Example: leave ip.gd.example/led --reason 合作期满"
        ),
    )
    @click.argument("alliance")
    @click.option("--reason", required=True, help=N_("Why; the alliance reads it and its log keeps it."))
    @passed
    def command(context: Context, alliance: str, reason: str) -> None:
        node = opened(context)
        acting_on(context, node, "leave", alliance, reason)
        asking.leave(node, alliance, reason)
        context.say(_("{origin} has left {alliance}.").format(origin=node.origin, alliance=alliance))
        context.emit({"origin": node.origin, "alliance": alliance, "state": "left"})
