"""Switching a piece of the product off from outside.

`without` recompiles one function of the product with pieces of its text replaced. A piece that is no longer there is
an error, so that a row cannot go stale in silence.
"""

import inspect
import sqlite3
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from sync import keys
from sync.note import VerifierKey


@dataclass(frozen=True)
class Safeguard:
    """What is protected, how to do without it, and the test that goes red then.

    `also` names an error that the next safeguard behind it raises instead, where there is one.
    """

    name: str
    protects: str
    disable: Callable[[], None]
    test: str
    also: str = ""


class StaleRow(Exception):
    """The product does not say this any more: (function, text)."""


def without(where: ModuleType | type, name: str, *changes: tuple[str, str]) -> Callable[[], None]:
    """Return what replaces `old` by `new`, exactly once each, in the text of one function of the product."""

    def disable() -> None:
        found = inspect.getattr_static(where, name)
        text = textwrap.dedent(inspect.getsource(found))
        for old, new in changes:
            if text.count(old) != 1:
                raise StaleRow(name, old)
            text = text.replace(old, new)
        module = where if isinstance(where, ModuleType) else inspect.getmodule(where)
        assert module is not None
        made: dict[str, object] = {}
        exec(compile(text, f"{module.__name__} without", "exec"), vars(module), made)
        setattr(where, name, made[name])

    return disable


def put(where: object, name: str, value: object) -> Callable[[], None]:
    """Return what puts another value in place."""

    def disable() -> None:
        getattr(where, name)  # an AttributeError where the name is gone
        setattr(where, name, value)

    return disable


def both(*steps: Callable[[], None]) -> Callable[[], None]:
    def disable() -> None:
        for step in steps:
            step()

    return disable


def unsigned(type_: int) -> Callable[[], None]:
    """Return what lets every signature of one type pass."""
    verify = keys.verify_bytes

    def lenient(key: VerifierKey, covered: bytes, value: bytes) -> None:
        if key.type != type_:
            verify(key, covered, value)

    return put(keys, "verify_bytes", lenient)


def passes(*_of: object) -> None:
    """Check nothing."""


def power_cut_safe_no_more(path: Path, *_more: object, **_named: object) -> sqlite3.Connection:
    """Open a database as SQLite does by itself."""
    connection = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
    for pragma in ("journal_mode=wal", "synchronous=normal"):
        connection.execute(f"pragma {pragma}")
    return connection
