"""JSON Lines: a record body a line, with what is known of it besides in members of their own."""

from typing import Any, BinaryIO

import orjson

from records.writers.line import Line, Plan, Written


class JsonLines:
    """Writes a JSON object a line: key, op, kind, version, fields; then audience, findings and provenance if asked."""

    def __init__(self, out: BinaryIO, plan: Plan) -> None:
        self.written = Written()
        self._out, self._plan = out, plan

    def add(self, line: Line) -> str:
        record = line.record
        members: dict[str, Any] = {"key": record.key, "op": record.op, "kind": record.kind, "version": record.version}
        members["fields"] = record.fields
        if self._plan.audience:
            members["audience"] = line.audience
        if self._plan.findings:
            members["findings"] = [one.as_dict() for one in line.findings]
        if self._plan.provenance and line.provenance:
            members["provenance"] = line.provenance.as_dict()
        self._out.write(orjson.dumps(members, option=orjson.OPT_APPEND_NEWLINE))
        self.written.records += 1
        return ""

    def close(self) -> None:
        self._out.flush()
