"""Loaded with `-p` by the runs that test_safeguards starts: switches one safeguard off, and says what went red."""

import os

import pytest

from tests.safeguards import table

NAME = "BANYAN_TEST_WITHOUT"
_red: list[str] = []


def pytest_configure(config: pytest.Config) -> None:
    name = os.environ.get(NAME)
    if name:
        table.find(name).disable()


def pytest_exception_interact(node: pytest.Item, call: pytest.CallInfo[object], report: pytest.TestReport) -> None:
    if call.excinfo is not None:
        _red.append(f"red in {report.when}: {call.excinfo.typename}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for line in _red:
        terminalreporter.write_line(line)
