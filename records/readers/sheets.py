"""The first filled sheet of a workbook as rows of text, read by a process of its own (workbook.py) and passed on as it
reads, so that only some hundred rows are held here."""

import subprocess
import sys
import weakref
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from records.errors import UnreadableFile
from records.readers import limits
from records.readers.table import NumberedRow

_ROOT = str(Path(__file__).parents[2])
_PROGRAM = f"import sys; sys.path.insert(0, {_ROOT!r}); from records.readers import workbook; workbook.main()"


class SheetTable:
    """A sheet; the process that began to read it when the file was opened is the one that `rows` reads first."""

    encoding = ""
    headings = None

    def __init__(self, path: Path, form: str) -> None:
        self._path = path
        self.format = form
        self._started: _Reading | None = _Reading(path)
        head = self._started.head
        self.sheet: str = head["sheet"]
        self.other_sheets = tuple(head["others"])

    def rows(self) -> Iterator[NumberedRow]:
        reading, self._started = self._started or _Reading(self._path), None
        with reading:
            yield from reading.rows()


class _Reading:
    """A running reader of one workbook."""

    def __init__(self, path: Path) -> None:
        command = [sys.executable, "-I", "-c", _PROGRAM, str(path.resolve())]
        self._process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=1 << 16
        )
        self._end = weakref.finalize(self, _ended, self._process)
        self.head = self._read_head()

    def __enter__(self) -> "_Reading":
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def rows(self) -> Iterator[NumberedRow]:
        expected = 1
        for batch in map(orjson.loads, self._lines()):
            if batch == "end":
                return
            if isinstance(batch, dict):
                limits.check_shape(batch.get("rows", 0), batch.get("columns", 0))
                break
            number, *rows = batch
            for blank in range(expected, number):
                yield blank, []
            yield from enumerate(rows, number)
            expected = number + len(rows)
            limits.check_shape(expected - 1, 0)
        raise limits.damaged()  # it ended and did not say that all was read

    def _lines(self) -> Iterator[bytes]:
        assert self._process.stdout
        return iter(self._process.stdout.readline, b"")

    def _read_head(self) -> dict[str, Any]:
        head = orjson.loads(next(self._lines(), b'{"refused":"damaged"}'))
        try:
            if head.get("refused") == "password":
                raise limits.password()
            if "refused" in head:
                raise limits.damaged()
            if not head["sheet"]:
                raise limits.empty()
            limits.check_shape(head["rows"], head["columns"])
        except UnreadableFile:
            self._end()
            raise
        return head


def _ended(process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    if process.stdout:
        process.stdout.close()
    process.wait()


def opened(path: Path, form: str) -> SheetTable:
    """Start reading a workbook; raise UnreadableFile for one that is too large, damaged, encrypted or empty."""
    limits.check_size(path, limits.MAX_WORKBOOK_BYTES)
    if form != "xls":
        _check_unpacked(path)
    return SheetTable(path, form)


def _check_unpacked(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(item.file_size for item in archive.infolist())
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError) as error:
        raise limits.damaged() from error
    if size > limits.MAX_UNZIPPED_BYTES:
        raise limits.too_large(size, limits.MAX_UNZIPPED_BYTES)
    if size > limits.BOMB_BYTES and size > path.stat().st_size * limits.BOMB_RATIO:
        raise limits.bomb(size)
