"""Reads a workbook in a process of its own: `python workbook.py PATH` writes it to standard output as JSON lines.

The library that reads workbooks takes memory for the rectangle up to the last cell, and aborts the process when there
is none; one wrong cell in a damaged or hostile file is enough. So tables.py runs this file with a limit on memory and
time. First line: {"sheet", "others", "rows", "columns"}, or {"refused": "password" or the library's words}; then a row
a line.
"""

import sys
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path

import orjson
import python_calamine

MAX_MEMORY_BYTES = 2 << 30
MAX_CPU_S = 300


def main(path: Path) -> None:
    """Write the first sheet that holds something, from A1; without any, "sheet" is ""."""
    _limit_process()
    out = sys.stdout.buffer
    try:
        with path.open("rb") as file, python_calamine.CalamineWorkbook.from_filelike(file) as book:
            filled = [sheet for sheet in map(book.get_sheet_by_name, _visible(book)) if sheet.end is not None]
            out.write(orjson.dumps(_head(filled)) + b"\n")
            if filled:
                left = [""] * (filled[0].start or (0, 0))[1]
                for row in filled[0].iter_rows():
                    out.write(orjson.dumps(left + [_text(cell) for cell in row]) + b"\n")
    except python_calamine.PasswordError:
        out.write(b'{"refused":"password"}\n')
    except (python_calamine.CalamineError, OSError) as error:
        out.write(orjson.dumps({"refused": str(error)}) + b"\n")


def _head(filled: Sequence[python_calamine.CalamineSheet]) -> dict[str, object]:
    row, column = (filled[0].end if filled else None) or (-1, -1)
    names = [sheet.name for sheet in filled]
    return {"sheet": "".join(names[:1]), "others": names[1:], "rows": row + 1, "columns": column + 1}


def _visible(book: python_calamine.CalamineWorkbook) -> list[str]:
    visible, work = python_calamine.SheetVisibleEnum.Visible, python_calamine.SheetTypeEnum.WorkSheet
    return [one.name for one in book.sheets_metadata if one.visible == visible and one.typ == work]


def _text(cell: object) -> str:
    if isinstance(cell, str):
        return cell
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else repr(cell)
    if isinstance(cell, datetime | date):
        return cell.isoformat()
    return str(cell)


def _limit_process() -> None:
    try:
        import resource
    except ImportError:  # not on Windows: there the limits on the file's size are all there is
        return
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (MAX_CPU_S, MAX_CPU_S))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
