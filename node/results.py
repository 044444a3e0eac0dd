"""The result workbook of an import: every row as it was in the file, and in its last columns what became of it.

A person mends the refused rows in it and imports the workbook again: rows that were taken are unchanged then, and its
own last columns say nothing to an import.
"""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from itertools import zip_longest
from pathlib import Path
from typing import Any, Literal, Protocol

from node.home import whole_file
from records.writers.line import Language
from records.writers.sheets import MAX_ROWS, Sheet, workbook

Verdict = Literal["sealed", "unchanged", "held", "refused"]
HEADINGS = ("行号", "结果", "原因")  # the same in every language: by them an import knows its own columns
WORDS: Mapping[Language, Mapping[Verdict, str]] = {
    "zh": {"sealed": "登记", "unchanged": "未变", "held": "暂停", "refused": "退回"},
    "en": {"sealed": "sealed", "unchanged": "unchanged", "held": "held", "refused": "refused"},
}
_REMARK: Mapping[Language, str] = {"zh": "，有提示", "en": ", with warnings"}
_BEYOND: Mapping[Language, str] = {"zh": "没有标题的内容：", "en": "Without a heading: "}
_SHEET: Mapping[Language, str] = {"zh": "导入结果", "en": "Import result"}


class Said(Protocol):
    """What a finding tells people: its sentence in both languages."""

    @property
    def zh(self) -> str: ...

    @property
    def en(self) -> str: ...


class ResultBook:
    """Writes the workbook row by row, with flat memory; it is at `path` once it is closed, and then whole.

    `headings` are the file's own, in its order; those that an earlier result workbook added are left out. Used as a
    context manager it is closed at the end, and thrown away after an error.
    """

    def __init__(self, path: Path, headings: Sequence[str], language: Language = "zh", max_rows: int = MAX_ROWS):
        self.path = path
        self._language = language
        own = tuple(headings[-3:])
        self._headings = list(headings[:-3] if own == HEADINGS else headings)
        self._dropped = len(headings) - len(self._headings)
        self._stack = ExitStack()
        self._book = workbook(self._stack.enter_context(whole_file(path)))
        self._sheet = Sheet(self._book, _SHEET[language], [*self._headings, *HEADINGS], max_rows)
        self._formats = {
            "refused": self._book.add_format({"num_format": "@", "bg_color": "#FFC7CE"}),
            "remark": self._book.add_format({"num_format": "@", "bg_color": "#FFEB9C"}),
        }

    def add(
        self, row_no: int, cells: Sequence[str] | Mapping[str, str], verdict: Verdict, findings: Sequence[Said] = ()
    ) -> None:
        """Write one row: its cells as they were, by column or under their headings, what became of it, and why.

        What stands beyond the headings is told with the reasons.
        """
        known, beyond = self._placed(cells)
        word = WORDS[self._language][verdict]
        if findings and verdict != "refused":
            word += _REMARK[self._language]
        reasons = [one.zh if self._language == "zh" else one.en for one in findings]
        reasons += [_BEYOND[self._language] + beyond] if beyond else []
        marked = self._formats["refused" if verdict == "refused" else "remark"] if word not in _PLAIN else None
        first = len(self._headings)
        self._sheet.add([*known, str(row_no), word, "\n".join(reasons)], lambda at: marked if at >= first else None)

    def _placed(self, cells: Sequence[str] | Mapping[str, str]) -> tuple[list[str], str]:
        """Return the cells under the headings, and what has none."""
        if isinstance(cells, Mapping):
            left = {name: text for name, text in cells.items() if name not in self._own or name in self._headings}
            known = [left.pop(heading, "") for heading in self._headings]
            return known, "; ".join(f"{name}: {text}" for name, text in left.items())
        width = len(self._headings)
        known = [cell or "" for cell, _ in zip_longest(cells[:width], range(width))]
        return known, "; ".join(filter(None, cells[width + self._dropped :]))

    @property
    def _own(self) -> tuple[str, ...]:
        return HEADINGS if self._dropped else ()

    def close(self) -> Path:
        """Bring the workbook into place and return where it is."""
        self._sheet.close()
        self._book.close()
        self._stack.close()
        return self.path

    def __enter__(self) -> "ResultBook":
        return self

    def __exit__(self, *error: Any) -> None:
        if error[0] is None:
            self.close()
        else:
            self._stack.__exit__(*error)


_PLAIN = frozenset(word for words in WORDS.values() for word in (words["sealed"], words["unchanged"]))
