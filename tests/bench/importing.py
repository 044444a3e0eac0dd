"""How fast a file becomes sealed entries, against reading it and doing nothing; how much memory a million rows take."""

import csv
import resource
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import orjson
import python_calamine
import xlsxwriter

from deploy import madeup
from node import intake
from node.home import Home
from node.node import Node
from records import checks, reading, statement
from records.draft import Row
from tests.bench import rows
from tests.bench.processes import used

FORMS = ("csv", "xlsx", "jsonl")
_CHECKED = 20_000


@dataclass(frozen=True, slots=True)
class Import:
    """One import in a process of its own: seconds, what it sealed, and peaks of resident memory in MB."""

    seconds: float
    rows: int
    sealed: int
    rss_mb: float
    reader_rss_mb: float  # of the process that reads workbooks


def measure(outlet: Path, file: Path) -> Import:
    """Import a file and sign a head: through every check and the submission, to sealed entries."""
    node = Node.open(Home(outlet))
    started = time.perf_counter()
    submission = intake.take_file(node, file, "bench")
    with node.opened() as opened, node.lock() as lock:
        opened.own.seal(lock)
    seconds = time.perf_counter() - started
    if submission.refused or submission.blank:
        raise ValueError(f"of {submission.rows} made-up rows {submission.refused} were refused")
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return Import(seconds, submission.rows, submission.sealed, used().rss_mb, children)


def floor(file: Path) -> float:
    """Return the seconds that reading a file takes with the csv module, calamine or orjson, and doing nothing."""
    started = time.perf_counter()
    if file.suffix == ".xlsx":
        with python_calamine.CalamineWorkbook.from_path(file) as book:
            for _row in book.get_sheet_by_index(0).iter_rows():
                pass
    elif file.suffix == ".csv":
        with file.open(encoding="utf-8-sig", newline="") as lines:
            for _row in csv.reader(lines):
                pass
    else:
        with file.open("rb") as lines_of_json:
            for line in lines_of_json:
                orjson.loads(line)
    return time.perf_counter() - started


def check_us(file: Path) -> float:
    """Return the microseconds that checking a record takes, over the first records of a file."""
    reader = reading.recognise(file)
    found = statement.rows(reader.drafts(), stated=reader.stated)
    records = list(islice((row.record for row in found if isinstance(row, Row) and row.record), _CHECKED))
    started = time.perf_counter()
    for record in records:
        checks.check(record)
    return (time.perf_counter() - started) / len(records) * 1e6


def write(file: Path, count: int) -> None:
    """Write a file of `count` made-up rows, in the format that its suffix says."""
    made = rows.rows(count)
    if file.suffix == ".csv":
        madeup.write_csv(file, made)
        return
    with ExitStack() as stack:
        put = _sheet(file, stack) if file.suffix == ".xlsx" else _lines(file, stack)
        for row in made:
            put(row)


def _sheet(file: Path, stack: ExitStack) -> Callable[[madeup.Row], None]:
    book = stack.enter_context(xlsxwriter.Workbook(str(file), {"constant_memory": True}))
    sheet, at = book.add_worksheet(), 0

    def put(row: madeup.Row) -> None:
        nonlocal at
        if at == 0:
            sheet.write_row(0, 0, list(row))
        at += 1
        for column, cell in enumerate(row.values()):
            sheet.write_string(at, column, cell)

    return put


def _lines(file: Path, stack: ExitStack) -> Callable[[madeup.Row], None]:
    out = stack.enter_context(file.open("wb"))
    return lambda row: out.write(orjson.dumps(row) + b"\n") and None
