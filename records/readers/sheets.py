"""The first filled sheet of a workbook as rows of text, read by a process of its own (workbook.py) and passed on as it
reads, so that only some hundred rows are held here."""

import subprocess
import sys
import weakref
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import orjson

from records import apart
from records.errors import UnreadableFile
from records.readers import limits
from records.readers.table import NumberedRow

_PIPE_BYTES = 1 << 20  # what an unprivileged process may have
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
        self._order = b""
        self.sheet: str = head["sheet"]
        self.other_sheets = tuple(head["others"])

    def rows(self) -> Iterator[NumberedRow]:
        reading, self._started = self._started or _Reading(self._path), None
        with reading:
            yield from reading.rows(lambda: self._order)

    def state(self, order: bytes) -> None:
        """Have rows that are read from now on stated where they are read (apart.py); with "" they come as they are."""
        self._order = order


class _Reading:
    """A running reader of one workbook."""

    def __init__(self, path: Path) -> None:
        command = [sys.executable, "-I", "-c", _PROGRAM, str(path.resolve())]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=1 << 16
        )
        self._end = weakref.finalize(self, _ended, self._process)
        _widen(self._process.stdout)
        self.head = self._read_head()

    def __enter__(self) -> "_Reading":
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def rows(self, order: Callable[[], bytes]) -> Iterator[NumberedRow]:
        """Give (number, cells) of every row; behind the first some hundred, what they state if an `order` says so."""
        expected = 1
        for batch in map(orjson.loads, self._lines()):
            if batch == "end":
                return
            if batch == "wait":
                self._answer(order() or b"\n")
                continue
            if isinstance(batch, dict) and "told" in batch:
                for number, told in apart.read(batch["told"]):
                    limits.check_shape(number, 0)
                    expected = number + 1
                    yield number, told
                continue
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

    def _answer(self, line: bytes) -> None:
        assert self._process.stdin
        with suppress(BrokenPipeError):  # it has died; that is seen at the next line
            self._process.stdin.write(line)
            self._process.stdin.flush()

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


def _widen(pipe: IO[bytes] | None) -> None:
    """Let the process go on reading while some hundred rows more wait here; where that cannot be, it waits earlier."""
    with suppress(OSError, AttributeError, ImportError):
        import fcntl

        if pipe:
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)


def _ended(process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    for pipe in (process.stdin, process.stdout):
        if pipe:
            with suppress(BrokenPipeError):
                pipe.close()
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
