"""What a command tells people and programs: sentences, tables, progress; or, with --json, one value on stdout."""

import json
import os
import re
import sys
import time
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from node import messages, settings
from node.home import Home

_LINE_EVERY_S = 2.0
# Stands in strings only: what a terminal obeys and JSON does not escape, and what is no text (a file's odd name).
_HARMFUL = re.compile("[\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


@dataclass
class Context:
    """What every command gets: where the home is, and how to report. Filled by the options of the frame."""

    program: str
    home_path: Path
    json: bool = False
    language: str = "en"
    language_chosen: bool = False
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    emitted: bool = False

    @property
    def home(self) -> Home:
        """The node's home; raises NoHome, naming the command that makes one."""
        return Home.open(self.home_path, f"{self.program} {'init' if self.program.endswith('hub') else 'join'}")

    @cached_property
    def settings(self) -> settings.Settings:
        """The node's settings with the environment's overrides; raises NoHome or BadSetting."""
        return settings.load(self.home, self.environ)

    def speak(self, language: str, chosen: bool) -> None:
        """Use this language from now on; one that a person chose is not overridden by node.toml."""
        if chosen or not self.language_chosen:
            self.language, self.language_chosen = language, chosen
            messages.use(language)

    def say(self, text: str) -> None:
        """Tell a person; on stderr when stdout belongs to a program (--json)."""
        print(_lines(text), file=sys.stderr if self.json else sys.stdout, flush=True)

    def warn(self, text: str) -> None:
        """Tell a person something that should not be missed, on stderr."""
        print(_lines(text), file=sys.stderr, flush=True)

    def emit(self, value: Any) -> None:
        """With --json write the command's one answer, an object or array, to stdout; otherwise nothing."""
        if not self.json:
            return
        if self.emitted:
            raise RuntimeError("a command answers with one JSON value")
        self.emitted = True
        text = json.dumps(value, ensure_ascii=False, default=_plain)
        print(_HARMFUL.sub(lambda found: f"\\u{ord(found[0]):04x}", text), flush=True)

    def table(self, rows: Sequence[Mapping[str, Any]], columns: Sequence[tuple[str, str]]) -> None:
        """Show rows under (key, title) columns; with --json this is the command's answer: an array of whole rows."""
        if self.json:
            self.emit([dict(row) for row in rows])
            return
        for line in table_lines(rows, columns):
            print(line)

    @contextmanager
    def progress(self, label: str, total: int | None) -> Iterator[Callable[[int], None]]:
        """Yield advance(n): shows how far the work is on stderr, in place on a terminal, else a line every 2 s."""
        shown = _Progress(label, total, sys.stderr.isatty())
        try:
            yield shown.advance
        finally:
            shown.end()


class _Progress:
    def __init__(self, label: str, total: int | None, in_place: bool) -> None:
        self._label, self._total, self._in_place = label, total, in_place
        self._done = 0
        self._every_s = 0.1 if in_place else _LINE_EVERY_S
        self._next = time.monotonic() + self._every_s
        self._shown = False

    def advance(self, n: int) -> None:
        self._done += n
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + self._every_s
            self._show()

    def end(self) -> None:
        if self._shown:
            self._show()
            if self._in_place:
                print(file=sys.stderr)

    def _show(self) -> None:
        self._shown = True
        share = f"/{self._total} ({100 * self._done // self._total} %)" if self._total else ""
        start, end = ("\r", "") if self._in_place else ("", "\n")
        print(f"{start}{self._label} {self._done}{share}", end=end, file=sys.stderr, flush=True)


def table_lines(rows: Sequence[Mapping[str, Any]], columns: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Yield the lines of a table under its (key, title) columns, as wide as people see them."""
    cells = [[title for _key, title in columns]]
    cells += [[_cell(row.get(key)) for key, _title in columns] for row in rows]
    widths = [max(_width(line[at]) for line in cells) for at in range(len(columns))]
    for line in cells:
        padded = (text + " " * (width - _width(text)) for text, width in zip(line, widths, strict=True))
        yield "  ".join(padded).rstrip()


def _cell(value: object) -> str:
    return _shown("" if value is None else str(value))


def _lines(text: str) -> str:
    """Return lines for a terminal: what others wrote moves no cursor, changes no colours and hides nothing."""
    return text if text.isprintable() else "\n".join(map(_shown, text.split("\n")))


def _shown(text: str) -> str:
    return text if text.isprintable() else "".join(one if one.isprintable() else " " for one in text)


def _width(text: str) -> int:
    """Columns on a terminal: a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text)


def _plain(value: object) -> object:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, set | frozenset | tuple):
        return sorted(value) if not isinstance(value, tuple) else list(value)
    return str(value)
