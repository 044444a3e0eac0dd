"""The `verdicts` command: what became of the own records above, and what to mend."""

from itertools import islice
from typing import Any

import click

from node import causes, commands, frame, nodes, told
from node.commands import moment
from node.frame import passed
from node.messages import N_, _
from node.report import Context


def add(top: frame.Group) -> None:
    """Add `verdicts`: by cause, or record by record."""

    @top.command(
        "verdicts",
        help=N_(
            "Show which records the substation, alliances and the hub keep out, why, and how to mend them. Import the "
            "mended rows, or use `correct`; the verdict goes with the next night.\n\n"
            "Example: verdicts\nExample: verdicts --list --rule APPNO_CHECK"
        ),
    )
    @click.option("--list", "each", is_flag=True, help=N_("Each record instead of each cause."))
    @click.option("--rule", default="", help=N_("With --list: only what this rule found."))
    @click.option("--field", default="", help=N_("With --list: only what was found in this field."))
    @click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help=N_("Rows a page."))
    @click.option("--after", type=int, default=-1, help=N_("Continue after a page: the number that it ended with."))
    @passed
    def command(context: Context, each: bool, rule: str, field: str, limit: int, after: int) -> None:
        above = told.tiers(commands.opened(context))
        answer: dict[str, Any] = {"tiers": [causes.standing(one) for one in above]}
        if each:
            rows = list(islice(causes.listed(above, rule, field, after), limit + 1))
            answer |= {"rows": rows[:limit], "next": rows[limit - 1]["place"] if len(rows) > limit else None}
        else:
            answer["causes"] = causes.by_cause(above)
        context.emit(answer)
        if not context.json:
            _show(context, answer)


def _show(context: Context, answer: dict[str, Any]) -> None:
    for one in answer["tiers"]:
        context.say(sentence(one))
    for row in answer.get("causes", ()):
        context.say("")
        context.say(_("{count} records: {rule} {field} ({tier})").format(**row))
        context.say("  " + row[_member(context)])
        context.say("  " + _("For example {example}, entry {entry}.").format(**row))
        for note in row["notes"]:
            context.say("  " + _("{by} of {node} writes: {text}").format(**note))
    if "rows" in answer:
        _list(context, answer)


def sentence(one: dict[str, Any]) -> str:
    """Return how one tier stands with our records, in a sentence or two."""
    said = " ".join(nodes.answered({"answers": [one]})) or _("{origin} has not answered yet.").format(**one)
    if one["more"]:
        said += " " + _("{told} of them are told here; the rest follows with the next nights.").format(**one)
    if one["unreadable"]:
        said += " " + _("{unreadable} of its answers cannot be read here; upgrade this program.").format(**one)
    return said


def _list(context: Context, answer: dict[str, Any]) -> None:
    rows = [
        {
            **row,
            "tiers": ", ".join(row["tiers"]),
            "time": moment(row["time"]),
            "said": " ".join(one[_member(context)] for one in row["findings"]),
            "note": row["note"]["text"] if row["note"] else "",
        }
        for row in answer["rows"]
    ]
    columns = [("entry", _("entry")), ("key", _("key")), ("tiers", _("kept out by")), ("time", _("time"))]
    context.table(rows, [*columns, ("said", _("what is wrong")), ("note", _("note"))])
    if answer["next"] is not None:
        context.say(_("More: --after {token}").format(token=answer["next"]))


def _member(context: Context) -> str:
    return "zh" if context.language == "zh" else "en"
