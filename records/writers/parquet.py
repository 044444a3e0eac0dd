"""Parquet for analysis: a column a field, lists as lists; needs the extra `parquet` (pyarrow)."""

from typing import Any, BinaryIO

import orjson
import pyarrow
from pyarrow import parquet

from records.kinds import Kind
from records.writers.line import Line, Plan, Written

GROUP_ROWS = 4096
_SCALARS = {"string": pyarrow.string(), "integer": pyarrow.int64(), "number": pyarrow.float64()}
_TEXT = pyarrow.string()
_FINDINGS = pyarrow.list_(
    pyarrow.struct([(name, _TEXT) for name in ("rule", "severity", "field", "value", "zh", "en")])
)


class Parquet:
    """Writes one Parquet table: key, kind, version, then every field of the kinds; row groups bound the memory.

    A field that two kinds define differently, and an object without fixed members, is JSON text.
    """

    def __init__(self, out: BinaryIO, plan: Plan) -> None:
        self.written = Written()
        self._plan = plan
        self._fields = _types(plan.kinds)
        first = [("key", _TEXT), ("kind", _TEXT), ("version", pyarrow.int32())]
        found = [*first, *((f"field_{name}" if name in _TAKEN else name, of) for name, of in self._fields.items())]
        if plan.audience:
            found.append(("_audience", _TEXT))
        if plan.findings:
            found.append(("_findings", _FINDINGS))
        if plan.provenance:
            found.append(("_provenance", _TEXT))
        self._schema = pyarrow.schema(found)
        self._rows: list[dict[str, Any]] = []
        self._out = parquet.ParquetWriter(out, self._schema, compression="zstd")

    def add(self, line: Line) -> str:
        record = line.record
        row: dict[str, Any] = {"key": record.key, "kind": record.kind, "version": record.version}
        for name, of in self._fields.items():
            if name in record.fields:
                row[f"field_{name}" if name in _TAKEN else name] = _value(record.fields[name], of)
        row["_audience"] = line.audience
        row["_findings"] = [one.as_dict() for one in line.findings]
        row["_provenance"] = orjson.dumps(line.provenance.as_dict()).decode() if line.provenance else None
        self._rows.append(row)
        self.written.records += 1
        if len(self._rows) >= GROUP_ROWS:
            self._flush()
        return ""

    def _flush(self) -> None:
        self._out.write_table(pyarrow.Table.from_pylist(self._rows, self._schema))
        self._rows = []

    def close(self) -> None:
        if self._rows:
            self._flush()
        self._out.close()


_TAKEN = frozenset({"key", "kind", "version"})


def _types(kinds: tuple[Kind, ...]) -> dict[str, pyarrow.DataType]:
    found: dict[str, pyarrow.DataType] = {}
    for kind in kinds:
        for name, spec in kind.fields.items():
            of = _type(spec)
            found[name] = of if found.setdefault(name, of) == of else _TEXT
    return found


def _type(spec: dict[str, Any]) -> pyarrow.DataType:
    of = spec.get("type", "string")
    if of == "array":
        return pyarrow.list_(_type(spec.get("items", {})))
    if of == "object" and spec.get("properties"):
        return pyarrow.struct([(name, _type(one)) for name, one in spec["properties"].items()])
    if of == "boolean":
        return pyarrow.bool_()
    return _SCALARS.get(of, _TEXT) if isinstance(of, str) else _TEXT


def _value(value: Any, of: pyarrow.DataType) -> Any:
    """Return a value as its column takes it; what does not fit, as of another version of the kind, is None."""
    if pyarrow.types.is_string(of):
        return value if isinstance(value, str) else orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
    if pyarrow.types.is_list(of):
        return [_value(one, of.value_type) for one in value] if isinstance(value, list) else None
    if pyarrow.types.is_struct(of):
        if not isinstance(value, dict):
            return None
        members = {of.field(at).name: of.field(at).type for at in range(of.num_fields)}
        return {name: _value(one, members[name]) for name, one in value.items() if name in members}
    if pyarrow.types.is_boolean(of):
        return value if isinstance(value, bool) else None
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    return float(value) if pyarrow.types.is_floating(of) else value if isinstance(value, int) else None
