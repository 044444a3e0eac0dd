"""Commands of taking files in: import, trying it first, mappings."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from node import amendments, cataloguing, commands, frame, intake, mappings, rehearsal
from node.comparison import Choice
from node.errors import NoHome
from node.frame import passed
from node.intake import Opened
from node.messages import N_, _
from node.node import Node
from node.report import Context
from node.submission_book import Submission
from outlet import filing, trial
from records import kinds
from records.errors import UnreadableFile
from records.kinds import Kinds


class Asked:
    """What a person asked for on the command line, with the node that it is about, if any."""

    def __init__(self, node: Node | None, known: Kinds, choice: Choice, mapping: str, kind: str):
        self.node = node
        self.choice = choice
        self._mapping = mapping
        self._known = mappings.only(known, kind) if kind else known

    @property
    def enrolled(self) -> Node:
        """Return the node; there is one wherever something is written."""
        assert self.node is not None
        return self.node

    def opened(self, path: Path) -> Opened:
        """Return a file, recognised, with the mapping that was asked for or that fits. Raises UnreadableFile."""
        if self.node is None:
            return intake.open_file(path, known=self._known)
        if self._mapping:
            return intake.open_file(path, mappings.named(self.node, self._mapping), self._mapping, self._known)
        return mappings.fitting(self.node, path, self._known)


def add(top: frame.Group) -> None:
    """Add `import`."""

    @top.command(
        "import",
        help=N_(
            "Import files: spreadsheets, CSV, TRS text, JSON Lines, and the XML of the offices; what a file is, is "
            "told by its content. Of a folder every file is taken, each as a submission of its own. `import undo "
            "NUMBER` takes a submission back.\n\n"
            "Example: import 专利.xls\nExample: import 商标.csv --dry-run\nExample: import undo 3"
        ),
    )
    @click.argument("files", type=click.Path(path_type=Path), nargs=-1, required=True)
    @click.option("--mapping", default="", help=N_("Read the columns as the mapping of this name says."))
    @click.option("--save-mapping", default="", help=N_("Keep how the columns were read under this name."))
    @click.option("--kind", default="", help=N_("All rows are of this kind: patent_invention, trademark …"))
    @click.option("--audience", help=N_("Who may see these records: path, federation, public, alliance:ID."))
    @click.option("--confirm-wider", is_flag=True, help=N_("Yes, more people than by default may see them."))
    @click.option(
        "--clear-empty", is_flag=True, help=N_("An empty cell clears its field; otherwise it changes nothing.")
    )
    @click.option("--dry-run", is_flag=True, help=N_("Only say what would happen; needs no enrolled node."))
    @passed
    def command(
        context: Context,
        files: tuple[Path, ...],
        mapping: str,
        save_mapping: str,
        kind: str,
        audience: str | None,
        confirm_wider: bool,
        clear_empty: bool,
        dry_run: bool,
    ) -> int:
        if str(files[0]) == "undo" and not files[0].exists():
            return _undo(context, files[1:])
        choice = Choice(audience, clear_empty, confirm_wider)
        node = _node(context, dry_run and not mapping and not save_mapping)
        known = cataloguing.known_kinds(node) if node else kinds.BUILT_IN
        asked = Asked(node, known, choice, mapping, kind)
        answers: list[dict[str, Any]] = []
        for path in _each(files):
            answers.append(_one(context, asked, path, dry_run, save_mapping))
        context.emit(answers[0] if len(answers) == 1 else _together(answers))
        return frame.REFUSED if any("error" in one or is_left(one) for one in answers) else frame.DONE


def _undo(context: Context, numbers: tuple[Path, ...]) -> int:
    if len(numbers) != 1 or not str(numbers[0]).isdigit():
        raise click.UsageError(_("`import undo` takes the number of one submission"))
    node = commands.opened(context)
    return report(context, node, amendments.undo(node, int(str(numbers[0])), commands.person(context)))


def is_left(answer: dict[str, Any]) -> bool:
    """Tell whether something of an import was not filed, so that the command ends with 1: refused, or held."""
    return bool(answer["refused"] or answer.get("held"))


def report(context: Context, node: Node, done: Submission) -> int:
    """Report a submission made by hand; refused rows make the command end with 1."""
    context.emit(said(context, node, done))
    return frame.REFUSED if done.refused else frame.DONE


def _node(context: Context, may_be_missing: bool) -> Node | None:
    """Return the node of this home; None for a dry run where there is none, or where it has not joined yet."""
    try:
        node = commands.opened(context)
    except NoHome:
        if may_be_missing:
            return None
        raise
    with node.opened() as opened:
        has_log = opened.store.log(node.origin) is not None
    return node if has_log or not may_be_missing else None


def _each(files: tuple[Path, ...]) -> Iterator[Path]:
    """Yield the files; those of a folder by name, without what is hidden or a link."""
    for path in files:
        if not path.is_dir():
            yield path
            continue
        for one in sorted(path.rglob("*")):
            parts = one.relative_to(path).parts
            if one.is_file() and not one.is_symlink() and not any(part[:1] in (".", "~") for part in parts):
                yield one


def _one(context: Context, asked: Asked, path: Path, dry_run: bool, save_as: str) -> dict[str, Any]:
    """Take one file, or try it; return the answer. A file that is refused as a whole is answered with the sentence."""
    try:
        file = asked.opened(path)
        with context.progress(_("rows read"), None) as advance:
            found = rehearsal.rehearse(file, asked.choice, asked.node, advance) if dry_run else None
            done = (
                None if dry_run else intake.take(asked.enrolled, file, commands.person(context), asked.choice, advance)
            )
    except (UnreadableFile, OSError) as error:
        sentence = frame.sentence(error, context)
        context.warn(f"{path.name}: {sentence}")
        return {"file": path.name, "error": type(error).__name__, "message": sentence}
    if save_as and file.columns is not None:
        mappings.save(asked.enrolled, save_as, file.columns, commands.person(context))
    if found is not None:
        for line in () if context.json else trial.page(found, context.language):
            context.say(line)
        return found.as_dict()
    assert done is not None
    return said(context, asked.enrolled, done, file)


def said(context: Context, node: Node, done: Submission, file: Opened | None = None) -> dict[str, Any]:
    """Tell a person what became of a submission, and return the answer for a program."""
    listed = filing.write_findings(node, done)
    for line in trial.heading(file) if file else ():
        context.say(line)
    of = f"{file.path.name}: " if file else ""
    context.say(
        of
        + _("Submission {number}: {rows} rows, {sealed} sealed, {unchanged} unchanged, {refused} refused.").format(
            number=done.number, rows=done.rows, sealed=done.sealed, unchanged=done.unchanged, refused=done.refused
        )
    )
    answer = {**filing.as_dict(done), "hold": filing.hold(node, done)}
    if done.held:
        context.warn(filing.hold_line(answer))
    if done.blank:
        context.say(_("{blank} rows are blank.").format(blank=done.blank))
    if listed:
        context.say(_("What was found, row by row: {path}").format(path=listed))
    workbook = filing.write_results(node, done, file, context.language) if file else None
    if workbook:
        context.say(_("The rows with their verdicts, to be mended and imported again: {path}").format(path=workbook))
    files = {"findings_file": str(listed) if listed else None, "result_file": str(workbook) if workbook else None}
    return {**answer, **files}


def _together(answers: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the answers of several files as one, with their sums."""
    sums = {
        name: sum(one.get(name, 0) for one in answers)
        for name in ("rows", "blank", "records", "sealed", "unchanged", "held", "refused")
    }
    return {"files": answers, **sums, "refused_files": sum("error" in one for one in answers)}
