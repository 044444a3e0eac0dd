"""Fixtures for all tests: the folder of real files, and a small federation of real nodes on loopback."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from node import messages
from tests.world import World

SHARED = Path(__file__).resolve().parents[2] / "shared"
REQUIRED = set(os.environ.get("BANYAN_REQUIRE", "").split(","))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="run the tests that take minutes, too")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--long"):
        for item in items:
            if "long" in item.keywords:
                item.add_marker(pytest.mark.skip(reason="takes minutes: run with --long"))


def missing(what: str, need: str) -> None:
    """Skip, with the reason; fail where BANYAN_REQUIRE names `need` or all."""
    if REQUIRED & {need, "all"}:
        pytest.fail(f"required, but {what}")
    pytest.skip(what)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real files, beside the checkout."""
    if not (SHARED / "data").is_dir():
        missing("no folder ../shared/data with real files", "shared")
    return SHARED / "data"


@pytest.fixture(scope="session")
def shared_vectors() -> Path:
    """The folder of published test vectors, beside the checkout."""
    if not (SHARED / "vectors").is_dir():
        missing("no folder ../shared/vectors with published vectors", "shared")
    return SHARED / "vectors"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """An empty place for a federation; what is started in it is stopped at the end."""
    made = World(tmp_path)
    try:
        yield made
    finally:
        made.close()


@pytest.fixture(autouse=True)
def english_afterwards() -> Iterator[None]:
    """A command speaks the language of its node; the next test begins in English again."""
    yield
    messages.use("en")
