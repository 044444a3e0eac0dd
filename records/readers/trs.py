"""TRS text of the Chinese office as rows: `<REC>` begins a record, `<字段>=值` names a field, other lines go on."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from records.readers import limits
from records.readers.table import NumberedRow
from records.readers.text import Lines, Text

_FIELD = re.compile(r"<([^<>\r\n]{1,100})>=(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class TrsTable:
    """The records of a TRS text, numbered from 1; a field that occurs twice in a record is joined by ";"."""

    text: Text
    headings: tuple[str, ...]
    format: str = "trs"
    sheet: str = ""
    other_sheets: tuple[str, ...] = ()

    @property
    def encoding(self) -> str:
        return self.text.encoding

    def rows(self) -> Iterator[NumberedRow]:
        for number, record in enumerate(_records(self.text), 1):
            limits.check_shape(number, len(record))
            yield number, [record.get(heading, "") for heading in self.headings]


def is_trs(start: str) -> bool:
    """Return whether a text that begins so is TRS text."""
    return start.lstrip("\ufeff \r\n\t").startswith("<REC>")


def opened(text: Text) -> TrsTable:
    """Return the table of a text; its headings are the fields of all records. Raises UnreadableFile at a limit."""
    headings: dict[str, None] = {}
    for record in _records(text):
        headings.update(dict.fromkeys(record))
        limits.check_shape(0, len(headings))
    return TrsTable(text, tuple(headings))


def _records(text: Text) -> Iterator[dict[str, str]]:
    with text.open() as file:
        lines = Lines(file)
        record: dict[str, list[list[str]]] = {}
        name = ""
        for line in lines:
            if line.strip() == "<REC>":
                if record:
                    yield _joined(record)
                record, name = {}, ""
                lines.restart()
            elif match := _FIELD.match(line):
                name = match[1].strip()
                record.setdefault(name, []).append([match[2]])
            elif name:
                record[name][-1].append(line)
        if record:
            yield _joined(record)


def _joined(record: dict[str, list[list[str]]]) -> dict[str, str]:
    return {name: ";".join("".join(lines).strip() for lines in texts) for name, texts in record.items()}
