"""Every safeguard by name: how it is switched off from outside, and the test that must notice.

Each room brings its rows in a module of its own, `rows_NAME.py`.
"""

import importlib
import pkgutil

import tests.safeguards
from tests.safeguards.switch import Safeguard

TABLE: list[Safeguard] = []
for _module in sorted(pkgutil.iter_modules(tests.safeguards.__path__), key=lambda one: one.name):
    if _module.name.startswith("rows_"):
        TABLE += importlib.import_module(f"tests.safeguards.{_module.name}").ROWS


def find(name: str) -> Safeguard:
    (found,) = [one for one in TABLE if one.name == name]
    return found
