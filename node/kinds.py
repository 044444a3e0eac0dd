"""Kinds of record: publishing one down the hub's log, and showing those that this node goes by."""

import json
from pathlib import Path
from typing import Any

import click

from catalog import published
from node import cataloguing, frame
from node.commands import acting_on, opened
from node.errors import NodeError
from node.frame import passed
from node.messages import N_, _
from node.node import Node
from node.report import Context
from records import body, checks, kinds
from records.body import Record
from records.errors import MalformedKind
from records.finding import has_error
from records.kinds import Kind, Kinds

_KEPT = ("type", "format", "pattern")  # of a field: what was written under an older version must still be right
_LEAST = ("minimum", "minLength", "minItems")
_MOST = ("maximum", "maxLength", "maxItems")


class UnknownKind(NodeError):
    """No kind of that name: (name,)."""

    facts = ("name",)
    sentence = N_("There is no kind {name} here. `kind list` shows those that there are.")


class NotNewer(NodeError):
    """A version that is not above the one that is known: (name, version, known)."""

    facts = ("name", "version", "known")
    sentence = N_("Version {version} of {name} is not newer than version {known}, which is known. Raise x-version.")


class Incompatible(NodeError):
    """A new version that would refuse records of an older one: (name, why)."""

    facts = ("name", "why")
    sentence = N_(
        "The new version of {name} does not hold what the older one does: {why}. Keep that as it is, or publish a new "
        "kind under another name."
    )


def publish(node: Node, path: Path) -> Kind:
    """Publish the kind in a schema file down the hub's own log; return it.

    Raises MalformedKind for a schema that cannot be used, NotNewer and Incompatible.
    """
    cataloguing.apply_own(node)
    kind = _read(path)
    held = cataloguing.known_kinds(node).get(kind.name)
    if kind.category == "statement" or (held and held.category == "statement"):
        raise MalformedKind("the federation's own statements come with the program")
    if held:
        _check_newer(kind, held)
    record = _record(kind)
    with node.opened() as here:
        here.own.add([[("federation", body.encode(record))]])
    cataloguing.apply_own(node)
    return kind


def _read(path: Path) -> Kind:
    try:
        return kinds.read(kinds.resolved(json.loads(path.read_text("utf-8"))))
    except (OSError, ValueError, RecursionError) as error:
        raise MalformedKind(f"{path.name} cannot be read: {error}") from error
    except (TypeError, KeyError, AttributeError) as error:
        raise MalformedKind(f"{path.name} is no schema of a kind") from error


def _record(kind: Kind) -> Record:
    schema = json.dumps(kind.schema, ensure_ascii=False, separators=(",", ":"))
    fields = {"name": kind.name, "title": kind.title_zh, "version": kind.version, "schema": schema}
    record = Record(f"{published.NAME}:{kind.name}", "assert", published.NAME, 1, fields)
    found = [*checks.check(record), *published.faults(record)]
    if has_error(found):
        raise MalformedKind("; ".join(one.en for one in found))
    return record


def _check_newer(kind: Kind, held: Kind) -> None:
    """Return if every record of the held version is one of the new version too, with the same key."""
    if kind.version <= held.version:
        raise NotNewer(kind.name, kind.version, held.version)
    for name in ("x-category", "x-key", "x-split"):
        if kind.schema.get(name) != held.schema.get(name):
            raise Incompatible(kind.name, f"{name} is another one")
    if missing := set(kind.schema.get("required", ())) - set(held.schema.get("required", ())):
        raise Incompatible(kind.name, f"{', '.join(sorted(missing))} was not required")
    if kind.schema.get("dependentRequired", {}) != held.schema.get("dependentRequired", {}):
        raise Incompatible(kind.name, "dependentRequired is another one")
    if why := next(iter(_narrowed(kind.schema["properties"], held.schema["properties"])), ""):
        raise Incompatible(kind.name, why)


def _narrowed(new: dict[str, Any], old: dict[str, Any], above: str = "") -> list[str]:
    """Return what is narrower in the new fields than in the old ones."""
    found = []
    for name, was in old.items():
        path, now = f"{above}{name}", new.get(name)
        if now is None:
            found.append(f"{path} is missing")
            continue
        found += [f"{path} has another {word}" for word in _KEPT if now.get(word) != was.get(word)]
        found += [f"{path} has a higher {word}" for word in _LEAST if now.get(word, 0) > was.get(word, 0)]
        found += [f"{path} has a lower {word}" for word in _MOST if _below(now.get(word), was.get(word))]
        if "enum" in now and not set(was.get("enum", ("",))) <= set(now["enum"]):
            found.append(f"{path} allows fewer values")
        if more := set(now.get("required", ())) - set(was.get("required", ())):
            found.append(f"{path} requires {', '.join(sorted(more))}")
        found += _narrowed(now.get("properties", {}), was.get("properties", {}), f"{path}.")
        if isinstance(was.get("items"), dict):
            found += _narrowed({"items": now.get("items")}, {"items": was["items"]}, f"{path}.")
    return found


def _below(now: float | None, was: float | None) -> bool:
    return now is not None and (was is None or now < was)


def rows(known: Kinds) -> list[dict[str, Any]]:
    """Return the kinds of records that people file, one a row."""
    return [
        {
            "name": kind.name,
            "version": kind.version,
            "title": kind.title_zh,
            "title_en": kind.title_en,
            "category": kind.category,
            "from": "program" if kinds.BUILT_IN.get(kind.name) is kind else "hub",
        }
        for kind in known.of("right", "event", "register")
    ]


def kind(top: frame.Group, publishes: bool = False) -> None:
    """Add `kind`: list and show what there is; at the hub also publish."""

    @top.group(
        "kind", help=N_("Kinds of record that this node knows.\n\nExample: kind list\nExample: kind show trademark")
    )
    def group() -> None:
        pass

    @group.command("list", help=N_("List the kinds of record, and where each is from.\n\nExample: kind list"))
    @passed
    def list_(context: Context) -> None:
        found = rows(cataloguing.known_kinds(opened(context)))
        title = ("title" if context.language.startswith("zh") else "title_en", _("title"))
        columns = [
            ("name", _("name")),
            title,
            ("category", _("category")),
            ("version", _("version")),
        ]
        if not context.json:
            found = [{**one, "category": _(one["category"]), "from": _(one["from"])} for one in found]
        context.table(found, [*columns, ("from", _("from"))])

    @group.command("show", help=N_("Show a kind's fields; with --json its schema.\n\nExample: kind show trademark"))
    @click.argument("name")
    @passed
    def show(context: Context, name: str) -> None:
        found = cataloguing.known_kinds(opened(context)).get(name)
        if found is None:
            raise UnknownKind(name)
        context.emit(found.schema)
        if not context.json:
            _show(context, found)

    if publishes:
        _publish(group)


def _show(context: Context, found: Kind) -> None:
    is_zh = context.language.startswith("zh")
    title = found.title_zh if is_zh else found.title_en
    context.say(_("{title} ({name}), version {version}").format(title=title, name=found.name, version=found.version))
    fields = [
        {
            "field": name,
            "title": spec["title"] if is_zh else spec["x-title-en"],
            "headers": " / ".join(spec.get("x-headers", ())),
            "is": spec.get("items", spec).get("format", spec.get("type", "")),
        }
        for name, spec in found.fields.items()
    ]
    columns = [("field", _("field")), ("title", _("title")), ("is", _("format")), ("headers", _("column headings"))]
    context.table(fields, columns)


def _publish(group: click.Group) -> None:
    @group.command(
        "publish",
        help=N_(
            "Publish a new kind, or a new version of one, to the whole federation; records that waited for it are "
            "taken up everywhere.\n\nExample: kind publish trademark.json"
        ),
    )
    @click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
    @passed
    def command(context: Context, file: Path) -> None:
        node = opened(context)
        made = publish(node, file)
        acting_on(context, node, "kind publish", f"{made.name} {made.version}")
        context.say(_("Published: {name}, version {version}.").format(name=made.name, version=made.version))
        context.emit({"name": made.name, "version": made.version})
