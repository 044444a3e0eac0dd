"""Any file that people have, recognised by its bytes and opened for reading.

reader = reading.recognise(path)
for row in statement.rows(reader.drafts(), known, reader.stated): …
"""

import importlib
import stat
from pathlib import Path
from typing import cast

from records import kinds, layout, tables
from records.draft import Blank, Draft, Reader, Row
from records.errors import UnreadableFile
from records.kinds import Kinds
from records.layout import Mapping

__all__ = ["Blank", "Draft", "Reader", "Row", "recognise"]


def recognise(path: Path, mapping: Mapping | None = None, known: Kinds = kinds.BUILT_IN) -> Reader:
    """Open a file; the name says nothing. `mapping` says what the columns of a table are: else the headings do.

    Raises UnreadableFile, with what to do, for what is none of the formats, holds no rights or events, or is broken.
    """
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode):
        raise UnreadableFile(
            "这不是普通文件（可能是文件夹、管道或设备）；请选择一个文件。",
            "This is not a regular file but a folder, pipe or device; choose a file.",
        )
    if _is_xml(path):
        return cast(Reader, importlib.import_module("records.xml.source").open(path))
    return layout.opened(tables.read(path), mapping, known)


def _is_xml(path: Path) -> bool:
    with path.open("rb") as file:
        start = file.read(512)
    text = start.decode("utf-16" if start[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig", "ignore").lstrip()
    return text[:5].lower() in ("<?xml", "<!doc") and "<html" not in text.lower() and "doctype html" not in text.lower()
