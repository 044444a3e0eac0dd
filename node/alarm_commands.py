"""The `alarms` commands of every program: what an operator must look at, and that it was looked at."""

import click

from node import frame
from node.commands import acting_on, moment, opened
from node.errors import NodeError
from node.frame import passed
from node.messages import N_, _
from node.report import Context


class NoAlarm(NodeError):
    """No open alarm has this number: (number,)."""

    facts = ("number",)
    sentence = N_("There is no open alarm {number}. `alarms list` shows the numbers.")


def add(top: frame.Group) -> None:
    """Add `alarms` list and done."""
    group = frame.Group("alarms", help=N_("What an operator must look at.\n\nExample: alarms list"))
    top.add_command(group)

    @group.command("list", help=N_("List what nobody has dealt with yet, oldest first.\n\nExample: alarms list"))
    @passed
    def list_(context: Context) -> None:
        with opened(context).opened() as here:
            names = ("number", "at", "what", "origin", "detail")
            rows = [dict(zip(names, row, strict=True)) for row in here.store.numbered_alarms()]
        shown = rows if context.json else [{**row, "time": moment(float(str(row["at"])))} for row in rows]
        columns = [("number", _("number")), ("time", _("time")), ("what", _("what")), ("origin", _("origin"))]
        context.table(shown, [*columns, ("detail", _("detail"))])

    @group.command(
        "done",
        help=N_(
            "Say that an alarm was dealt with, and how; it is shown no more, and the log keeps who said so.\n\n"
            "Example: alarms done 3 --reason 已与广州分站核实"
        ),
    )
    @click.argument("number", type=int)
    @click.option("--reason", required=True, help=N_("What was found, and what was done."))
    @passed
    def done(context: Context, number: int, reason: str) -> None:
        node = opened(context)
        with node.opened() as here:
            known = {row[0]: f"{row[2]} {row[3]}" for row in here.store.numbered_alarms()}
            if number not in known:
                raise NoAlarm(number)
            acting_on(context, node, "alarms done", known[number], reason)  # a crash behind it: said, and still shown
            with here.store.write():
                here.store.end_alarm(number)
        context.say(_("Alarm {number} is dealt with.").format(number=number))
        context.emit({"number": number, "done": True})
