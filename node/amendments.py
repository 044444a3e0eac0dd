"""What a person changes by hand: withdrawing, correcting, and undoing a submission. Each is a submission of its own."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from catalog.filed import keys_between
from node import cataloguing
from node.comparison import Tally, noted
from node.errors import NodeError
from node.messages import N_, either
from node.node import Node
from node.submission_book import RowFinding, Submission
from node.submissions import Deed, Submitting, submitting
from node.versions import UNDONE, Parts, shown, version, withdrawal
from records import checks
from records.body import Record
from records.finding import has_error
from records.kinds import Kinds
from records.rules import finding
from sync.tree import BUNDLE


class UnknownRecord(NodeError):
    """This node never filed that key: (key,)."""

    facts = ("key",)
    sentence = N_("This node has filed no record {key}. Check the number with `search` or `show`.")


class NotCorrected(NodeError):
    """A correction that the rules refuse: (key, why)."""

    facts = ("key", "why")
    sentence = N_("The correction of {key} is refused: {why} What was filed before stands.")


class UnknownField(NodeError):
    """A field that the kind does not have: (field, kind)."""

    facts = ("field", "kind")
    sentence = N_(
        "Records of kind {kind} have no field {field} that can be corrected so. `show --json` lists the fields."
    )


class NotUndone(NodeError):
    """A submission that cannot be taken back: (number, state)."""

    facts = ("number", "state")
    sentence = N_("Submission {number} cannot be undone: it is {state}.")


def withdraw(node: Node, key: str, reason: str, person: str) -> Submission:
    """Withdraw what this node filed for `key`, at every audience that saw it. Raises UnknownRecord.

    What the own rules keep out, perhaps because of its key, can be withdrawn as well.
    """
    with submitting(node, person, [], "", deed=Deed("withdraw", key, reason)) as under_way:
        held = under_way.filed([key]).get(key) or under_way.kept_out(key)
        if held is None or held.record.op == "withdraw":
            raise UnknownRecord(key)
        under_way.add([withdrawal(held, reason, under_way.number)], Tally(rows=1, records=1, sealed=1), [])
    return under_way.submission


def correct(node: Node, key: str, given: Mapping[str, Any], person: str) -> Submission:
    """File a new version of `key` with some fields replaced. Raises UnknownRecord, NotCorrected, UnknownField."""
    with submitting(node, person, [], "", deed=Deed("correct", key)) as under_way:
        held = under_way.filed([key]).get(key)
        if held is None or held.record.op == "withdraw":
            raise UnknownRecord(key)
        known = cataloguing.known_kinds(node)
        new = _corrected(held.record, given, known)
        found = checks.check(new, known)
        if has_error(found):
            first = next(one for one in found if one.severity == "error")
            raise NotCorrected(key, either(first.zh, first.en))
        source = {"submission": under_way.number}
        made = [] if new.fields == held.record.fields else [version(replace(new, source=source), held, known=known)]
        counts = Tally(rows=1, records=1, sealed=len(made), unchanged=1 - len(made))
        under_way.add(made, counts, list(noted(1, key, found)))
    return under_way.submission


def undo(node: Node, number: int, person: str) -> Submission:
    """Restore what submission `number` changed, record by record, where nobody changed it again since."""
    undone = node.notebook.submission(number)
    if undone.state not in ("done", "interrupted"):
        raise NotUndone(number, undone.state)
    with submitting(node, person, [], "", undoes=number, deed=Deed("import undo", f"{number}")) as under_way:
        keys = keys_between(under_way.catalogue, under_way.log, undone.first, undone.last)
        for at in range(0, len(keys), BUNDLE):
            _restore(under_way, keys[at : at + BUNDLE], undone, cataloguing.known_kinds(node))
    return under_way.submission


def _restore(under_way: Submitting, keys: list[str], undone: Submission, known: Kinds) -> None:
    """Put back what each key said before a submission; leave what was changed again since."""
    now, before = under_way.filed(keys), under_way.filed(keys, undone.first)
    entries: list[Parts] = []
    notes: list[RowFinding] = []
    for row, key in enumerate(keys, 1):
        current, old = now[key], before.get(key)
        if current.index >= undone.last:
            notes += noted(row, key, [finding("CHANGED_SINCE", "", key)])
        elif old is None or old.record.op == "withdraw":
            reason = (
                old.record.reason if old else UNDONE
            )  # what a person had withdrawn is again withdrawn by that person
            entries.append(withdrawal(current, reason, under_way.number))
        else:
            restored = replace(old.record, source={"submission": under_way.number})
            entries.append(version(restored, current, shown(old), True, known))
    sealed, refused = len(entries), len(notes)
    under_way.add(entries, Tally(rows=sealed + refused, records=sealed, sealed=sealed, refused=refused), notes)


def _corrected(record: Record, given: Mapping[str, Any], known: Kinds) -> Record:
    kind = known.get(record.kind)
    fields = dict(record.fields)
    for name, value in given.items():
        if kind is None or name not in kind.fields or name == "application_no":
            raise UnknownField(name, record.kind)
        if value in (None, "", [], {}):
            fields.pop(name, None)
        else:
            fields[name] = value
    raw = {name: text for name, text in fields.pop("raw", {}).items() if name not in given}
    return replace(record, fields={**fields, "raw": raw} if raw else fields, source={})
