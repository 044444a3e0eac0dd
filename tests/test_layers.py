"""The import arrows of the folders: deploy → programs → console → node → catalog → records, sync → proto."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
BELOW = {
    "records": set(),
    "sync": set(),
    "catalog": {"records", "sync"},
    "node": {"catalog", "records", "sync"},
    "console": {"node", "catalog", "records", "sync"},
    "outlet": {"console", "node", "catalog", "records", "sync"},
    "substation": {"console", "node", "catalog", "records", "sync"},
    "hub": {"console", "node", "catalog", "records", "sync"},
    "deploy": {"outlet", "substation", "hub", "console", "node", "catalog", "records", "sync"},
}
GENERATED = "banyan"
TOUCH_GENERATED_CODE = {
    "sync/arriving.py",
    "sync/service.py",
    "sync/client.py",
    "sync/greeting.py",
    "sync/control.py",
    "node/admission.py",
    "node/asking.py",
    "node/enrolment.py",
    "node/reconcile_client.py",
    "node/reconcile_door.py",
    "node/requests.py",
    "node/relay.py",
    "node/running.py",
    "node/serving.py",
    "node/doors.py",
}
PURE = {
    "tree",
    "proof",
    "note",
    "checkpoint",
    "origin",
    "keys",
    "head",
    "entry",
    "package",
    "federation",
    "control",
    "door",
}
NOT_IN_PURE = {"sqlite3", "grpc", "socket", "threading", "time", "pathlib", "os", "sqlite_utils", "random", "datetime"}


def imported(file: Path) -> set[str]:
    """Return the dotted names that a module imports, anywhere in it."""
    found: set[str] = set()
    for one in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(one, ast.Import):
            found |= {alias.name for alias in one.names}
        elif isinstance(one, ast.ImportFrom):
            assert one.level == 0, f"{file}: a relative import"
            found |= {f"{one.module}.{alias.name}" for alias in one.names}
    return found


def modules() -> list[Path]:
    return sorted(file for folder in BELOW for file in (ROOT / folder).rglob("*.py"))


def name(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("file", modules(), ids=name)
def test_imports_point_to_the_right(file):
    folder = file.relative_to(ROOT).parts[0]
    tops = {one.partition(".")[0] for one in imported(file)}
    assert tops & set(BELOW) <= BELOW[folder] | {folder}
    assert "tests" not in tops
    assert GENERATED not in tops or name(file) in TOUCH_GENERATED_CODE


@pytest.mark.parametrize("module", sorted(PURE))
def test_arithmetic_has_no_files_sockets_clocks_or_threads(module):
    file = ROOT / "sync" / f"{module}.py"
    assert not {one.partition(".")[0] for one in imported(file)} & NOT_IN_PURE
    within = {one.split(".")[1] for one in imported(file) if one.startswith("sync.")}
    assert within <= PURE | {"errors"}


@pytest.mark.parametrize("folder", sorted(BELOW))
def test_nothing_below_a_command_line_prints_or_exits(folder):
    at_the_edge = {"cli.py", "verify.py", "frame.py", "report.py"}  # report writes what a command says
    for file in (ROOT / folder).rglob("*.py"):
        if folder == "deploy" or file.name in at_the_edge:
            continue
        for one in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(one, ast.Call):
                called = ast.unparse(one.func)
                assert called not in {"print", "exit", "sys.exit", "os._exit", "quit"}, f"{name(file)}: {called}"


def test_the_folders_are_all_known():
    packages = {file.parent.name for file in ROOT.glob("*/__init__.py")}
    assert packages - {"tests", "proto"} <= set(BELOW)
    assert all((ROOT / file.parent / "__init__.py").read_text() == "" for file in ROOT.glob("*/__init__.py"))
