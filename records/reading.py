"""Any file that people have, recognised by its bytes and opened for reading.

reader = reading.recognise(path)
for row in statement.rows(reader.drafts(), known, reader.stated): …
"""

import stat
from pathlib import Path
from typing import cast

from records import kinds, layout
from records.draft import Blank, Draft, Reader, Row
from records.errors import UnreadableFile
from records.kinds import Kinds
from records.layout import Mapping
from records.readers import csvfile, jsonlines, sheets, signature, text, trs
from records.readers.table import Table
from records.xml import answers, source

__all__ = ["Blank", "Draft", "Reader", "Row", "recognise", "table"]


def recognise(path: Path, mapping: Mapping | None = None, known: Kinds = kinds.BUILT_IN) -> Reader:
    """Open a file; its name says nothing. `mapping` says what the columns of a table are: else it is worked out.

    Raises UnreadableFile, with what to do, for what is none of the formats, holds no rights or events, or is broken.
    """
    found = _opened(path, known)
    return layout.opened(cast(Table, found), mapping, known) if is_table(found) else cast(Reader, found)


def table(path: Path, known: Kinds = kinds.BUILT_IN) -> Table | None:
    """Return a file's rows of text, whatever they say; None for a file that is no table. Raises UnreadableFile."""
    found = _opened(path, known)
    return cast(Table, found) if is_table(found) else None


def is_table(found: Table | Reader) -> bool:
    """Return whether what was opened gives rows, whose columns are still to be told."""
    return not hasattr(found, "drafts")


def _opened(path: Path, known: Kinds) -> Table | Reader:
    if not stat.S_ISREG(path.stat().st_mode):
        raise UnreadableFile(
            "这不是普通文件（可能是文件夹、管道或设备）；请选择一个文件。",
            "This is not a regular file but a folder, pipe or device; choose a file.",
        )
    form = signature.of(path)
    if form in ("xls", "xlsx", "ods"):
        return sheets.opened(path, form)
    if form in ("xml", "xml-zip"):
        return source.open(path, known)
    content = text.recognise(path)
    with content.open() as file:
        beginning = file.read(512)
    if trs.is_trs(beginning):
        return trs.opened(content)
    if answers.takes(beginning.encode()):
        return source.open(path, known)
    if jsonlines.is_json(beginning):
        return jsonlines.opened(content, known)
    return csvfile.opened(content)
