"""Why evidence does not prove what it is for, in the reader's language: the step that does not hold, and what is wrong.

The reasons are those of `sync` (chain.py, evidence.py, forkcheck.py). One that is not known here is shown as it is.
"""

import re
from collections.abc import Mapping, Sequence

from node.messages import N_, _
from sync.evidence import NotProved

_STEPS: Mapping[str, str] = {
    "file": N_("the file itself"),
    "root": N_("1, the root"),
    "registration": N_("2, registrations and keys"),
    "record": N_("3, the entry under its signed head"),
    "head": N_("3, the signatures of the two heads"),
    "part": N_("4, what was filed"),
    "contradiction": N_("4, that the two heads contradict each other"),
    "receipt": N_("5, receipts"),
}
_REASONS: Mapping[str, str] = {
    "not a banyan-evidence/v1 file, or too large": N_("it is no evidence file, or too large, or was changed"),
    "a section is cut short or unknown": N_("a section of it is cut short or unknown"),
    "no record, or more sections than allowed": N_("it has no entry in it, or more than such a file may have"),
    "a consistency proof is not of this layout": N_("a proof in it is not of this layout"),
    "another federation's": N_("it is of another federation than the root that you trust"),
    "a root statement is another than the one that you trust": N_(
        "one of its root statements is another than the one that you trust"
    ),
    "not a control entry": N_("what should register somebody is no such statement"),
    "the sections speak of different entries": N_("it speaks of different entries"),
    "no ancestor of the origin signed for having it": N_("nobody above the owner signed for having it"),
}
_PATTERNS: Sequence[tuple[re.Pattern[str], str]] = (
    (re.compile(r"(\S+) sealed no statement: .*"), N_("a statement of {0} cannot be read")),
    (re.compile(r"(\S+) does not speak for it"), N_("{0} may not state this: it is not the home")),
    (re.compile(r"statements of (\S+) are not in its order"), N_("the statements of {0} are not in their order")),
    (re.compile(r"no head of (\S+)"), N_("no head of {0} counts")),
    (re.compile(r"a head of (\S+), not of (\S+)"), N_("the head is that of {0}, not of {1}")),
    (
        re.compile(r"nothing shows whose keys signed as (\S+): give --registrations"),
        N_("nothing shows whose keys signed as {0}; give the file that does with --registrations"),
    ),
    (
        re.compile(r"part (\d+) is not what the entry committed to"),
        N_("part {0} is not what the entry committed to"),
    ),
    (re.compile(r".*BadSignature: \('([^']*)'.*"), N_("the signature of {0} does not hold")),
    (re.compile(r"\('([^']*)', .*signature.*\)"), N_("the signature of {0} does not hold")),
    (re.compile(r".*BadProof: .*"), N_("a proof does not lead to what was signed")),
    (
        re.compile(r".*Malformed: .*"),
        N_("something in it is not of the layout that this program knows, or was changed"),
    ),
)


def sentence(miss: NotProved) -> str:
    """Return which step does not hold, why, and what to do."""
    step, why = str(miss.args[0]), str(miss.args[1])
    return _("The evidence does not prove it. Step {step}: {why}. Do not rely on it; ask for another file.").format(
        step=_(_STEPS[step]) if step in _STEPS else step, why=reason(why)
    )


def reason(why: str) -> str:
    """Return one reason in the language in use."""
    if why in _REASONS:
        return _(_REASONS[why])
    found = next(((match, said) for one, said in _PATTERNS if (match := one.fullmatch(why))), None)
    return _(found[1]).format(*found[0].groups()) if found else why
