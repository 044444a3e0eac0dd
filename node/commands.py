"""What commands of the three programs begin with: the node that one is about, who works here, how times are shown."""

from datetime import datetime
from typing import Any

import click

from node import acting, cataloguing, frame, nightly, roles
from node.errors import WrongProgram
from node.messages import N_, _
from node.node import Node
from node.report import Context

_PROGRAMS = {
    "hub": "banyan-hub",
    "substation": "banyan-substation",
    "alliance": "banyan-substation",
    "outlet": "banyan-outlet",
    "feed": "feed",
}


def opened(context: Context) -> Node:
    """Return the node that a command is about. Raises NoHome, and WrongProgram for a home of another tier."""
    node = Node.open(context.home, context.environ)
    check_program(context, node.origin, node.settings.role)
    return node


def check_program(context: Context, origin: str, role: str) -> None:
    """Raise WrongProgram where a role belongs to another program.

    A city's home that files like an outlet, or an outlet's that seals like a hub, would do harm for good.
    """
    if _PROGRAMS[role] != context.program:
        raise WrongProgram(origin, context.program, _PROGRAMS[role])


def person(context: Context) -> str:
    """Return the name of who works here."""
    return roles.person(context.settings).name


def acting_on(context: Context, node: Node, what: str, about: str = "", reason: str = "") -> str:
    """Write into the own log that the person here does `what` to `about`, and why; return the name.

    Whether the role reaches for it, the frame has checked before the command began.
    """
    with node.opened() as opened:
        return acting.record(node, opened, what, about, reason)


def first_session(context: Context, node: Node) -> None:
    """Call the parents of a node that was just let in, and say so."""
    context.say(_("Joined as {origin}.").format(origin=node.origin))
    night = nightly.run(node)
    cataloguing.apply(node)
    for parent, error in night.failures.items():
        context.warn(f"{parent}: {frame.sentence(error, context)}")
    if night.failures:
        context.say(_("The first session did not succeed yet; run `sync` later."))
    state = "waiting" if night.failures else "active"
    context.emit({"origin": node.origin, "role": node.settings.role, "state": state})


def listening(command: Any) -> Any:
    """Add where the two doors of a node with children listen to a command."""
    sync_help, join_help = N_("Where nodes synchronise."), N_("Where nodes join.")
    command = click.option("--join-listen", default="127.0.0.1:7444", show_default=True, help=join_help)(command)
    return click.option("--sync-listen", default="127.0.0.1:7443", show_default=True, help=sync_help)(command)


def shown_progress(context: Context) -> nightly.Progress:
    """Return what tells a person every two seconds how far a log is."""
    shown: dict[str, float] = {}

    def progress(origin: str, done: int, total: int) -> None:
        now = datetime.now().timestamp()
        if now - shown.setdefault(origin, now) >= 2.0:
            shown[origin] = now
            context.warn(_("{origin}: {done} of {total} entries").format(origin=origin, done=done, total=total))

    return progress


def moment(time_s: float | None) -> str:
    """Return a time as people read it, in this machine's zone; nothing for none."""
    return datetime.fromtimestamp(time_s).astimezone().strftime("%Y-%m-%d %H:%M:%S") if time_s else ""
