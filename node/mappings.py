"""Mappings of columns to fields: what is proposed for a file, and what people make of it under a name."""

import re
from collections.abc import Mapping as AnyMapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from node.errors import NodeError
from node.intake import Opened, open_file
from node.mapping_book import SavedMapping
from node.messages import N_
from node.node import Node
from records import headings
from records.errors import UnreadableFile
from records.headings import folded
from records.kinds import Kinds
from records.layout import Column, Mapping


class NoTable(NodeError):
    """A file that has no columns, so there is nothing to map: (file, format)."""

    facts = ("file", "format")
    sentence = N_("{file} is {format}: it has no columns to map, and needs no mapping.")


class NoColumn(NodeError):
    """A mapping has no such column: (column, name)."""

    facts = ("column", "name")
    sentence = N_("The mapping {name} has no column {column}. `mapping show {name}` lists its columns.")


class NoPath(NodeError):
    """No kind that the mapping is for has such a field: (field, kind)."""

    facts = ("field", "kind")
    sentence = N_("Nothing of kind {kind} has a field {field}. `mapping show NAME` lists the fields that it has.")


class UnknownKindNamed(NodeError):
    """No kind has this name: (kind, known)."""

    facts = ("kind", "known")
    sentence = N_("There is no kind {kind}. There are: {known}.")


def described(file: Opened) -> dict[str, Any] | None:
    """Return what the columns of a file are taken for, for people and programs; None for what is no table."""
    if file.columns is None:
        return None
    found = as_columns(file.mapping, file.columns)
    said = getattr(file.reader, "proposal", None)
    for column, one in zip(found["columns"], said.suggestions if said else (), strict=False):
        column.update({"confidence": round(one.confidence, 2), "zh": one.zh, "en": one.en})
    return found


def as_columns(name: str, mapping: Mapping) -> dict[str, Any]:
    """Return a mapping as people and programs read it."""
    columns = [{"heading": one.heading, "field": one.path or None} for one in mapping.columns]
    kind, has_headings = mapping.kind or None, mapping.has_headings
    return {"name": name or None, "kind": kind, "has_headings": has_headings, "columns": columns}


def of(saved: SavedMapping) -> Mapping:
    """Return a saved mapping as the reader of tables takes it."""
    return Mapping.from_dict(dict(saved.body))


def propose(path: Path, known: Kinds) -> Opened:
    """Return a file with the mapping that is proposed for it. Raises UnreadableFile, NoTable."""
    file = open_file(path, known=known)
    if file.columns is None:
        raise NoTable(path.name, file.reader.format)
    return file


def save(node: Node, name: str, columns: Mapping, person: str) -> None:
    """Keep a mapping under a name, in place of what stood there."""
    node.notebook.save_mapping(name, columns.as_dict(), person, node.clock())


def changed(saved: SavedMapping, given: AnyMapping[str, str], kind: str | None, known: Kinds) -> Mapping:
    """Return a mapping with some columns put to other fields, "" for none, and perhaps for another kind.

    A column is named by its heading or its number from 1; a field by its path or its title. Raises NoColumn, NoPath,
    UnknownKindNamed.
    """
    mapping = of(saved)
    if kind is not None:
        mapping = replace(mapping, kind=kind_named(kind, known) if kind else "")
    columns = list(mapping.columns)
    for column, field in given.items():
        at = _place(columns, column)
        if at is None:
            raise NoColumn(column, saved.name)
        columns[at] = replace(columns[at], path=_path(field, mapping.kind, known))
    return replace(mapping, columns=tuple(columns))


def fitting(node: Node, path: Path, known: Kinds) -> Opened:
    """Return a file opened with the saved mapping that has just its headings, or as its own headings say.

    Of several that fit, the one saved last. Raises UnreadableFile.
    """
    saved = sorted(node.notebook.mappings(), key=lambda one: -one.saved_at)
    titles = _titles(path, known) if saved else None
    for one in saved:
        mapping = of(one)
        if titles is not None and mapping.has_headings and [folded(c.heading) for c in mapping.columns] == titles:
            return open_file(path, mapping, one.name, known)
    return open_file(path, known=known)


def named(node: Node, name: str) -> Mapping:
    """Return the mapping of that name; raise NoMapping."""
    return of(node.notebook.mapping(name))


def kind_named(name: str, known: Kinds) -> str:
    """Return the name of a kind that is given by its name or a title; raise UnknownKindNamed."""
    for kind in known.all():
        if name in (kind.name, kind.title_zh, kind.title_en):
            return kind.name
    raise UnknownKindNamed(name, ", ".join(kind.name for kind in known.all()))


def only(known: Kinds, kind: str) -> Kinds:
    """Return one kind alone, named as `kind_named` takes it, so that a file is read as nothing else."""
    name = kind_named(kind, known)
    return Kinds([known[name]])


def _titles(path: Path, known: Kinds) -> list[str] | None:
    try:
        columns = open_file(path, known=known).columns
    except UnreadableFile:
        return None
    return [folded(one.heading) for one in columns.columns] if columns else None


def _place(columns: list[Column], column: str) -> int | None:
    wanted = folded(column)
    found = [at for at, one in enumerate(columns) if one.heading and folded(one.heading) == wanted]
    if not found and re.fullmatch("[1-9][0-9]{0,5}", column) and int(column) <= len(columns):
        return int(column) - 1
    return found[0] if found else None


def _path(field: str, kind: str, known: Kinds) -> str:
    """Return the path that a person means."""
    if not field:
        return ""
    carrier = next(one for one in headings.carriers(known) if one.kind == kind)
    wanted = folded(field)
    for member in carrier.kinds:
        for path, titles in headings.by_path(member):
            if field == path or wanted in map(folded, titles):
                return path
        for name, spec in member.fields.items():
            if wanted in map(folded, (spec.get("title", ""), spec.get("x-title-en", ""))):
                return name
    raise NoPath(field, kind or ", ".join(one.name for one in carrier.kinds))
