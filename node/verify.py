"""banyan-verify: says what an evidence file proves, by whom, as of when. Needs no network and no home."""

from pathlib import Path

import click

from node import evidence_report, fork_report, frame
from node.frame import passed
from node.messages import N_
from node.report import Context
from sync import evidence, fork
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
def top(context: Context, file: Path, root: Path, registrations: tuple[Path, ...]) -> int:
    pinned = Federation.parse(root.read_bytes())
    raw = _read(file)
    if raw.startswith(fork.TITLE):
        return fork_report.tell(context, raw, pinned, [_read(one) for one in registrations])
    return evidence_report.tell(context, raw, pinned)


def _read(path: Path) -> bytes:
    with path.open("rb") as content:
        return content.read(evidence.MAX_BYTES + 1)


def main() -> None:
    """Run banyan-verify."""
    frame.main(top)
