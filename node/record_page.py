"""One record as a page of text for people: what is merged, from whom, where the sources differ, what happened to it."""

from collections.abc import Iterator, Mapping
from typing import Any

from node.commands import moment
from node.messages import N_, _
from node.report import table_lines
from records.kinds import Kind, Kinds

_STATUSES = {"valid": N_("in force"), "invalid": N_("not in force"), "pending": N_("pending")}
_NOT_SHOWN = ("raw", "licence")  # how files wrote it; the terms are told beside the sources
_TOLD_OF_EVENTS = (*_NOT_SHOWN, "office", "right", "right_title", "code", "event_text", "st27", "parties", "raw_text")


def lines(record: Mapping[str, Any], known: Kinds, names: Mapping[str, str], chinese: bool) -> Iterator[str]:
    """Yield the page of what `showing.show` returned; `names` are the organisations by origin."""
    return _Page(record, known, names, chinese).lines()


class _Page:
    def __init__(self, record: Mapping[str, Any], known: Kinds, names: Mapping[str, str], chinese: bool):
        self._record = record
        self._known = known
        self._kind = known.get(record["kind"])
        self._names = names
        self._chinese = chinese

    def lines(self) -> Iterator[str]:
        yield from self._head()
        yield from self._fields()
        yield from self._conflicts()
        yield from self._contested()
        yield from self._events()
        yield from self._assertions()

    def _head(self) -> Iterator[str]:
        record, kind = self._record, self._kind
        yield f"{self._title(kind) if kind else record['kind']}  {record['key']}"
        if record["also"]:
            yield _("Known as well as: {keys}").format(keys=", ".join(record["also"]))
        if record["state"] == "tombstone":
            yield _("Withdrawn by all who stated it.")
        if record["status"] in _STATUSES:
            status = _(_STATUSES[record["status"]])
            by = _(" (by {event})").format(event=record["status_from"]) if record["status_from"] else ""
            yield _("Legal status: {status}{by}").format(status=status, by=by)

    def _fields(self) -> Iterator[str]:
        rows = [
            {
                "field": self._field(name),
                "value": text(value, self._spec(self._kind, name), self._chinese) + self._written(name),
                "source": self._name(self._record["sources"][name]),
            }
            for name, value in self._ordered(self._record["fields"])
        ]
        if rows:
            yield ""
            yield from table_lines(rows, [("field", _("field")), ("value", _("value")), ("source", _("source"))])

    def _written(self, name: str) -> str:
        """Return how the field's source wrote it, where reading it changed more than blanks and punctuation."""
        source = self._record["sources"][name]
        for one in self._record["assertions"]:
            raw = one["fields"].get("raw", {})
            if one["origin"] == source and name in raw and one["fields"].get(name) == self._record["fields"][name]:
                return " " + _("(written: {text})").format(text=raw[name])
        return ""

    def _conflicts(self) -> Iterator[str]:
        if self._record["conflicts"]:
            yield ""
            yield _("The sources differ; the first value counts:")
        for name, stated in self._ordered(self._record["conflicts"]):
            for origin, value in stated:
                said = text(value, self._spec(self._kind, name), self._chinese)
                yield f"  {self._field(name)}: {said}  — {self._name(origin)}"
        if self._record["others"]:
            yield ""
            others = ", ".join(map(self._name, self._record["others"]))
            yield _("Stated by others as well, who are not among its owners and do not count: {origins}").format(
                origins=others
            )

    def _contested(self) -> Iterator[str]:
        for alias, rights in self._record["contested"].items():
            yield ""
            yield _("Several rights claim {key}, which therefore belongs to none: {rights}").format(
                key=alias, rights=", ".join(rights)
            )

    def _events(self) -> Iterator[str]:
        rows = [self._event(one) for one in self._record["events"]]
        if rows:
            yield ""
            yield _("Events:")
            columns = [("day", _("date")), ("what", _("event")), ("parties", _("parties"))]
            columns += [("details", _("details")), ("source", _("source"))]
            yield from table_lines(rows, columns)

    def _event(self, event: Mapping[str, Any]) -> dict[str, str]:
        fields, kind = event["fields"], self._known.get(event["kind"])
        what = fields.get("event_text") or (self._title(kind) if kind else event["kind"])
        return {
            "day": str(fields.get("date") or fields.get("published") or ""),
            "what": f"{what} {fields.get('code', '')}".strip(),
            "parties": "; ".join(str(one.get("name", "")) for one in fields.get("parties", ())),
            "details": self._details(fields, kind),
            "source": self._name(event["origin"]),
        }

    def _details(self, fields: Mapping[str, Any], kind: Kind | None) -> str:
        """Return what else an event says, so that two of one day can be told apart: prices, numbers, terms."""
        known = kind.fields if kind else {}
        day = "date" if "date" in fields else "published"
        shown = [name for name in known if name in fields and name not in (*_TOLD_OF_EVENTS, day)]
        return "; ".join(
            f"{self._spec(kind, name).get('title' if self._chinese else 'x-title-en', name)} "
            f"{text(fields[name], self._spec(kind, name), self._chinese)}"
            for name in shown
        )

    def _assertions(self) -> Iterator[str]:
        rows = [
            {**one, "origin": self._name(one["origin"]), "applied_at": moment(one["applied_at"]), "op": _(one["op"])}
            for one in self._record["assertions"]
        ]
        yield ""
        columns = [("origin", _("origin")), ("index", _("entry")), ("op", _("what")), ("applied_at", _("taken up"))]
        yield from table_lines(rows, [*columns, ("reason", _("reason"))])

    def _ordered(self, fields: Mapping[str, Any]) -> list[tuple[str, Any]]:
        """Return fields in the order of the kind's file."""
        order = {name: at for at, name in enumerate(self._kind.fields if self._kind else ())}
        found = [(name, value) for name, value in fields.items() if name not in _NOT_SHOWN]
        return sorted(found, key=lambda one: order.get(one[0], len(order)))

    def _title(self, kind: Kind) -> str:
        return kind.title_zh if self._chinese else kind.title_en

    def _field(self, name: str) -> str:
        spec = self._spec(self._kind, name)
        return str(spec.get("title" if self._chinese else "x-title-en", name))

    @staticmethod
    def _spec(kind: Kind | None, name: str) -> Mapping[str, Any]:
        return kind.fields.get(name, {}) if kind else {}

    def _name(self, origin: str) -> str:
        name = self._names.get(origin)
        return f"{name} ({origin})" if name else origin


def text(value: Any, spec: Mapping[str, Any], chinese: bool) -> str:
    """Return a field's value as people read it: lists with ";", objects as "name, …", codes by their title."""
    inner = spec.get("items", spec)
    if isinstance(value, list):
        return "; ".join(text(one, inner, chinese) for one in value)
    if isinstance(value, dict):
        members = inner.get("properties", {})
        return ", ".join(text(one, members.get(name, {}), chinese) for name, one in _in_order(value, members))
    titles = inner.get("x-enum-titles", {}).get(value) if isinstance(value, str) else None
    return str(titles[0 if chinese else 1] if titles else value)


def _in_order(value: Mapping[str, Any], members: Mapping[str, Any]) -> list[tuple[str, Any]]:
    order = {name: at for at, name in enumerate(members)}
    return sorted(value.items(), key=lambda one: order.get(one[0], len(order)))
