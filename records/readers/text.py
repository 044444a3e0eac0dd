"""Text files: their encoding, and their lines in bounded memory.

Decoded strictly, in the order byte order mark, UTF-8, GB18030; a file is looked through once before anything is read.
"""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from records.errors import UnreadableFile
from records.readers import limits

_CHUNK = 1 << 20
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_USUAL = re.compile(r"[\t\r\n\x20-\xff\u2000-\u206f\u3000-\u30ff\u4e00-\u9fff\uff00-\uffef]+")
_SURE_UTF8 = 8  # so many characters beyond ASCII in a row are not UTF-8 by chance


@dataclass(frozen=True, slots=True)
class Text:
    """A text file whose encoding is known. `marks_text`: cells may be marked as text by =" or by an apostrophe."""

    path: Path
    encoding: str
    marks_text: bool

    def open(self) -> TextIO:
        """Open the file; its line ends stay as they are."""
        return self.path.open(encoding=self.encoding, newline="")


def recognise(path: Path) -> Text:
    """Look a text file through; raise UnreadableFile for one that is too large, not text, or holds a NUL."""
    limits.check_size(path, limits.MAX_TEXT_BYTES)
    with path.open("rb") as file:
        start = file.read(512)
    if not start:
        raise limits.empty()
    _check_lines(path)
    for encoding in _candidates(start):
        found = _looked_through(path, encoding)
        if found is not None:
            return Text(path, encoding, found)
    raise UnreadableFile(
        "文件不是表格、XML 或 UTF-8、GB18030 编码的文本；请用表格软件另存为 xlsx 后重试。",
        "The file is no table, no XML, and no text in UTF-8 or GB18030; save it as xlsx and retry.",
    )


class Lines:
    """The lines of an open text, none longer than a row may be; `restart` begins the count of a row anew."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._left = limits.MAX_LINE_BYTES
        self._number = 0

    def restart(self) -> None:
        self._left = limits.MAX_LINE_BYTES

    def __iter__(self) -> Iterator[str]:
        readline, most = self._file.readline, limits.MAX_LINE_BYTES
        while line := readline(most):
            self._number += 1
            self._left -= len(line)
            if self._left < 0:
                raise limits.long_line(self._number)
            yield line


def _candidates(start: bytes) -> list[str]:
    marked = [name for bom, name in _BOMS if start.startswith(bom)]
    if marked or b"\0" not in start:
        return marked or ["utf-8", "gb18030"]
    for encoding in ("utf-16-le", "utf-16-be"):
        text = start[: len(start) // 2 * 2].decode(encoding, "replace")
        if _USUAL.fullmatch(text) and any(char < "\x80" for char in text):
            return [encoding]
    return ["utf-8"]


def _check_lines(path: Path) -> None:
    """Raise UnreadableFile where a line never ends, before anything longer is held or decoded."""
    line, since = 1, 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            first, last = chunk.find(b"\n"), chunk.rfind(b"\n")
            if first < 0:
                first, last = chunk.find(b"\r"), chunk.rfind(b"\r")
            if since + (first if first >= 0 else len(chunk)) > limits.MAX_LINE_BYTES:
                raise limits.long_line(line)
            since = since + len(chunk) if first < 0 else len(chunk) - last
            line += chunk.count(b"\n")


def _looked_through(path: Path, encoding: str) -> bool | None:
    """Return whether =" or an apostrophe stands in the text; None if it is not text of that encoding."""
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    marks_text, wide, line = False, 0, 1
    with path.open("rb") as file:
        while True:
            chunk = file.read(_CHUNK)
            try:
                text = decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                wide += sum(char > "\x7f" for char in _decoded(chunk[: error.start]))
                if encoding.startswith("utf-8") and wide >= _SURE_UTF8:
                    raise _broken(line + chunk[: error.start].count(b"\n"), encoding) from error
                return None
            if "\0" in text:
                raise _nul(line + text[: text.index("\0")].count("\n"))
            marks_text = marks_text or '="' in text or "'" in text
            wide += 0 if text.isascii() or wide >= _SURE_UTF8 else sum(char > "\x7f" for char in text)
            line += text.count("\n")
            if not chunk:
                return marks_text


def _decoded(data: bytes) -> str:
    return data.decode("utf-8", "ignore")


def _broken(line: int, encoding: str) -> UnreadableFile:
    return UnreadableFile(
        f"文件是 UTF-8 编码，但第 {line} 行附近有损坏的字符；请重新导出，或修正该处后重试。",
        f"The file is text in UTF-8, but a character near line {line} is broken; export it again, or mend it.",
        line,
        encoding,
    )


def _nul(line: int) -> UnreadableFile:
    return UnreadableFile(
        f"第 {line} 行附近有空字符（NUL），不是正常的文本；请重新导出后重试。",
        f"There is a NUL character near line {line}, so this is no proper text; export it again and retry.",
        line,
    )
