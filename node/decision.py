"""A decision on a node, written down for the files: one page of text in the outbox, to be printed and signed."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from node.home import write_whole
from node.messages import _
from node.node import Node

_RULE = "-" * 64


def write(node: Node, number: str, title: str, rows: Sequence[tuple[str, object]]) -> Path:
    """Write a decision's page and return its path; the same decision again replaces its own page."""
    now = datetime.fromtimestamp(node.clock()).astimezone()
    written = _("Written {when} by {name} ({origin}).").format(
        when=f"{now:%Y-%m-%d %H:%M:%S %z}", name=node.settings.name, origin=node.origin
    )
    lines = [title, _RULE]
    lines += [f"{label}: {_one_line(value)}" for label, value in rows if value not in ("", None)]
    lines += [_RULE, written, "", _("Signature:") + " " + "_" * 24]
    path = node.home.outbox / f"decision-{number}.txt"
    write_whole(path, ("\n".join(lines) + "\n").encode())
    return path


def _one_line(value: object) -> str:
    return "".join(one if one.isprintable() else " " for one in str(value))
