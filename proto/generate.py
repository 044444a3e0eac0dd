"""Generated code: Python modules from `proto/banyan`, and message catalogues (.mo) from `node/locale`.

A script (`python proto/generate.py`) and hatchling's build hook at once. What it writes is git-ignored.
"""

from importlib import resources
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parent.parent


def generate(root: Path = ROOT) -> None:
    """Write `proto/gen/banyan/v1/*` and `node/locale/*/LC_MESSAGES/banyan.mo` below `root`."""
    _contracts(root / "proto", root / "proto" / "gen")
    for source in sorted((root / "node" / "locale").glob("*/LC_MESSAGES/*.po")):
        _messages(source)


def _contracts(source: Path, target: Path) -> None:
    from grpc_tools import protoc

    target.mkdir(exist_ok=True)
    files = sorted(str(path) for path in source.glob("banyan/v1/*.proto"))
    well_known = str(resources.files("grpc_tools") / "_proto")
    outputs = [f"--{kind}_out={target}" for kind in ("python", "grpc_python", "mypy", "mypy_grpc")]
    if protoc.main(["protoc", f"-I{source}", f"-I{well_known}", *outputs, *files]):
        raise SystemExit("protoc failed: see the lines above")
    for folder in (target / "banyan", target / "banyan" / "v1"):
        (folder / "__init__.py").touch()
    (target / "banyan" / "py.typed").touch()


def _messages(source: Path) -> None:
    from babel.messages import mofile, pofile

    with source.open("rb") as text, source.with_suffix(".mo").open("wb") as compiled:
        mofile.write_mo(compiled, pofile.read_po(text))


class GeneratedCode(BuildHookInterface):  # type: ignore[type-arg]
    """Runs `generate` before anything is packed."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        generate(Path(self.root))


if __name__ == "__main__":
    generate()
