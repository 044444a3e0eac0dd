"""The `doctor` command of every program."""

from dataclasses import asdict

from node import frame
from node.commands import opened
from node.diagnosis import FAIL
from node.doctor import Doctor, worst
from node.frame import passed
from node.messages import N_, _
from node.report import Context

_SIGNS = {"ok": "✓", "warn": "!", "fail": "✗"}
_TESTS = (
    N_("approval"),
    N_("certificate"),
    N_("clock"),
    N_("disk"),
    N_("doors"),
    N_("files"),
    N_("name"),
    N_("port"),
    N_("proxy"),
    N_("versions"),
    N_("overdue"),
)


def add(top: frame.Group) -> None:
    """Add `doctor`: every step between this node and its parents, tested, with cause and cure."""

    @top.command(
        "doctor",
        help=N_(
            "Test what this node needs: disk, clock, files, doors; and for each parent name, port, proxy, certificate, "
            "approval, clock. Says the cause and the cure. Exit code 1 if something fails.\n\nExample: doctor"
        ),
    )
    @passed
    def command(context: Context) -> int:
        found = []
        for one in Doctor(opened(context), context.environ).examine():
            found.append(one)
            context.say(f"{_SIGNS[one.state]} {_(one.test)} {one.about}: {one.cause}")
            if one.cure:
                context.say(f"    {one.cure}")
        context.emit({"state": worst(found), "findings": [asdict(one) for one in found]})
        return frame.REFUSED if worst(found) == FAIL else frame.DONE
