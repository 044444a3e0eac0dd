"""Events in files that carry all kinds of them: which kind each is, and which code its words tell."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from records import codes
from records.draft import Draft
from records.kinds import Kind, Kinds

_GENERAL = "legal_status"  # what a file of events is called that holds every kind


def told(draft: Draft, known: Kinds) -> Draft:
    """Return a draft of an event with the code that its words tell, and under the kind that code or words mean.

    Only a legal status may turn out to be an event of another kind, and only if that kind has all its fields; codes of
    other offices, and words that are not known, tell nothing. Any other draft comes back as it is.
    """
    kind = known.get(draft.kind) if draft.kind else None
    if kind is None or kind.category != "event" or "code" not in kind.fields:
        return draft
    text = _text(draft.values, "code") or _text(draft.values, kind.fields["code"].get("x-derived-from", ""))
    if not text or (_text(draft.values, "office") or "CN") != "CN":
        return draft
    code = codes.cn_code(text)
    if code and not _text(draft.values, "code"):
        draft = replace(draft, values={**draft.values, "code": code})
    return replace(draft, kind=_kind(kind, text, draft.values, known).name)


def _kind(kind: Kind, text: str, values: Mapping[str, Any], known: Kinds) -> Kind:
    other = known.get(codes.event_kind(text) or "") if kind.name == _GENERAL else None
    return other if other and values.keys() <= other.fields.keys() else kind


def _text(values: Mapping[str, Any], name: str) -> str:
    value = values.get(name)
    if isinstance(value, list):
        value = value[0] if value else ""
    return value.strip() if isinstance(value, str) else ""
