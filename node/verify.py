"""banyan-verify: says what an evidence file proves, by whom, as of when. Needs no network and no home."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from node import fork_report, frame
from node.frame import passed
from node.messages import N_, _
from node.report import Context
from records import body, view
from records.errors import MalformedRecord
from sync import evidence, fork
from sync.evidence import Verified
from sync.federation import Federation


@click.command(
    "banyan-verify",
    cls=frame.Command,
    help=N_(
        "Verify an evidence file, or the evidence of a fork, against the federation's root. "
        "Exit code 0: proved; 1: not proved.\n\n"
        "Example: banyan-verify proof.txt --root federation.root\n\n"
        "Example: banyan-verify x.fork --root federation.root --registrations x.registrations"
    ),
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--root",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    required=True,
    help=N_("The federation.root that you trust."),
)
@click.option(
    "--registrations",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    multiple=True,
    help=N_("For a fork file: what shows whose keys signed, or evidence of a record of that log; may be repeated."),
)
@passed
def top(context: Context, file: Path, root: Path, registrations: tuple[Path, ...]) -> None:
    pinned = Federation.parse(root.read_bytes())
    raw = _read(file)
    if raw.startswith(fork.TITLE):
        fork_report.tell(context, raw, pinned, [_read(one) for one in registrations])
        return
    found = evidence.verify(raw, pinned)
    context.emit({"verified": True, **as_dict(found)})
    for line in lines(found):
        context.say(line)


def _read(path: Path) -> bytes:
    with path.open("rb") as content:
        return content.read(evidence.MAX_BYTES + 1)


def as_dict(found: Verified) -> dict[str, Any]:
    """Return what was proved, step by step."""
    return {
        "federation": {"name": found.federation.name, "id": found.federation.id.hex()},
        "registered": [
            {"origin": one.node.origin, "by": one.home, "role": one.node.role, "status": one.node.status}
            for one in found.chain
        ],
        "origin": found.origin,
        "index": found.index,
        "parts": [{"audience": audience, "record": _record(raw)} for audience, raw in found.parts],
        "parts_withheld": len(found.entry.commitments) - len(found.parts),
        "receipts": [{"by": by, "entries": size, "at": at} for by, size, at in found.receipts],
        "as_of": found.as_of,
    }


def _record(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        return None


def lines(found: Verified) -> list[str]:
    """Return what was proved as people read it, in the order in which it was checked."""
    said = [_("1. The federation is {name}, id {id}.").format(name=found.federation.name, id=found.federation.id.hex())]
    for one in found.chain:
        said.append(
            _("2. {home} registered {origin} as {role}, status {status}, as of {when}.").format(
                home=one.home,
                origin=one.node.origin,
                role=_(one.node.role),
                status=_(one.node.status),
                when=_moment(one.time_s),
            )
        )
    said.append(
        _("3. {origin} filed this as entry {index} of its log and signed it.").format(
            origin=found.origin, index=found.index
        )
    )
    for audience, raw in found.parts:
        said.append(_("4. What was filed, for {audience}: {what}").format(audience=audience, what=_what(raw)))
    withheld = len(found.entry.commitments) - len(found.parts)
    if withheld:
        said.append(_("4. Parts withheld: {count}; they do not weaken the proof.").format(count=withheld))
    for by, size, at in found.receipts:
        said.append(
            _("5. {by} says that it has had it since {when} (log of {size} entries).").format(
                by=by, when=_moment(at), size=size
            )
        )
    said.append(
        _("6. Statuses are as of {when}; what changed later, this file cannot show.").format(when=_moment(found.as_of))
    )
    said.append(_("PROVED."))
    return said


def _what(raw: bytes) -> str:
    try:
        record = body.decode(raw)
    except MalformedRecord:
        return _("{count} bytes").format(count=len(raw))
    title = view.columns(record).title
    return f"{record.key} {_(record.op)} {title}".strip()


def _moment(time_s: int) -> str:
    return datetime.fromtimestamp(time_s, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S %z")


def main() -> None:
    """Run banyan-verify."""
    frame.main(top)
