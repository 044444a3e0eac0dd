"""The formats that records are written in, by name."""

from importlib import import_module
from typing import BinaryIO

from records.errors import MissingLibrary
from records.writers.line import Plan, Writer

FORMATS = {
    "csv": ("records.writers.comma_separated", "CommaSeparated"),
    "xlsx": ("records.writers.sheets", "Workbook"),
    "jsonl": ("records.writers.json_lines", "JsonLines"),
    "parquet": ("records.writers.parquet", "Parquet"),
    "st96": ("records.writers.st96", "St96"),
}
SUFFIXES = {"csv": ".csv", "xlsx": ".xlsx", "jsonl": ".jsonl", "parquet": ".parquet", "st96": ".xml"}
_EXTRAS = {"pyarrow": "parquet"}  # libraries that are not always there, and the extra that brings them


def open_writer(name: str, out: BinaryIO, plan: Plan) -> Writer:
    """Return a writer of the format `name` to a binary stream. Raises MissingLibrary."""
    module, what = FORMATS[name]
    try:
        found = getattr(import_module(module), what)
    except ModuleNotFoundError as error:
        if error.name not in _EXTRAS:
            raise
        raise MissingLibrary(name, error.name, _EXTRAS[error.name]) from error
    made: Writer = found(out, plan)
    return made
