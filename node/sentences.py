"""From an error of any layer to one sentence for people: what happened, why, what to do.

Errors of `node` bring their own sentence (errors.py); those of the layers to the right, which know no people, stand
here under their full name. A test keeps both complete.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from node import stolen, succeeding
from node.errors import NodeError
from node.messages import N_, _
from records.errors import UnreadableFile

SENTENCES: Mapping[str, str] = {
    "sync.errors.SyncError": N_("The synchronisation was refused: {0} {1}. Nothing was changed."),
    "sync.errors.Malformed": N_("Refused: this is no valid {0}: {1}. Ask the node that it came from to send it again."),
    "sync.errors.Damaged": N_(
        "What is held of {0} does not fit what was signed: {1}. Nothing was concluded from it. It is checked and "
        "mended by itself; if this stays, run `fsck` there, and ask the operator of {0} if `fsck` finds nothing."
    ),
    "sync.errors.BadSignature": N_(
        "Refused: the signature of {0} does not hold ({1}). Nothing was stored; ask its operator before you try again."
    ),
    "sync.errors.DoesNotOpen": N_(
        "What {0} sealed for {1} does not open with this node's key. Ask the operator of {0} to send it again; if this "
        "node has new keys, its home must register them first."
    ),
    "sync.errors.BadProof": N_("Refused: the proof does not lead to the signed head ({0}). Nothing was stored."),
    "sync.errors.UnknownOrigin": N_("No node is registered as {0}. Check the name, or invite it first."),
    "sync.errors.NotAllowed": N_("{0} may not do this now: {1}. Ask the operator of its home."),
    "sync.errors.ShutOut": N_(
        "{0} is let in nowhere now: {1}, because: {2}. Ask the operator who did that; what is here waits and is lost "
        "by nobody."
    ),
    "sync.errors.OldSize": N_("The other side already holds a head of size {0}. Run the synchronisation again."),
    "sync.errors.NoHead": N_("There is no head of {0} with size {1}. Run the synchronisation again."),
    "sync.errors.Conflict": N_(
        "The entries do not continue what is stored (recorded {0}, stored {1}, next {2}). "
        "Run the synchronisation again; if this stays, ask the operator of the other node."
    ),
    "sync.errors.Fork": N_(
        "The log {0} has two heads that cannot both be true ({1}). It is frozen and the evidence is kept; "
        "an operator must decide."
    ),
    "sync.errors.OverLimit": N_("Too much at once: {0} is {1}, the limit is {2}. Send less, or split it."),
    "sync.errors.NoRoom": N_(
        "The disk there is nearly full: {0} MB free, nothing is taken below {1} MB. Its operator must make room; "
        "what is missing is brought the next time."
    ),
    "sync.errors.SlowDown": N_(
        "{1} has used up what may be brought in a day ({0}). Nothing is lost: the rest is taken from {2} s from now "
        "on. The parent's operator sets this amount in node.toml."
    ),
    "sync.errors.NeedsRecovery": N_(
        "This node signs nothing now, because its log {0} may not be whole: {1}. "
        "`recover` gets it back from its parents; on a hub, `seal --sign-anyway` signs all the same."
    ),
    "sync.errors.Unreachable": N_(
        "{0} did not answer, or the line broke ({1}: {2}). Check address, network and clock; try again later."
    ),
    "sync.errors.Refused": N_("{0} refused: {1} {2}. Ask its operator."),
    "sync.chain.NotProved": N_(
        "The evidence does not prove it, step {0}: {1}. Do not rely on it; ask for another file."
    ),
    "catalog.errors.CatalogError": N_("The catalogue refused: {0} {1}."),
    "catalog.digests.Behind": N_(
        "The catalogue has taken up {2} entries of {0}, not {1} as before. Compare again; if this stays, `rebuild`."
    ),
    "catalog.errors.NoCatalogue": N_("There is no catalogue at {0}. Make it again with `rebuild`."),
    "catalog.errors.OtherLog": N_("The catalogue does not fit the log (journal {0}). Make it again with `rebuild`."),
    "catalog.errors.BadQuery": N_("The query cannot be answered: {0} = {1}: {2}. Change it and try again."),
    "catalog.errors.BadToken": N_("This page of the list is no longer known ({0}). Start the list from the beginning."),
    "catalog.errors.MalformedVerdict": N_(
        "An answer of the node above cannot be read: {0}. Upgrade this program, or ask its operator."
    ),
    "records.errors.RecordsError": N_("The record is refused: {0}."),
    "records.errors.MalformedKind": N_("This is no usable kind: {0}. Correct its schema and publish it again."),
    "records.mapping.MalformedMapping": N_(
        "This is no mapping of columns: {0}. Correct it with `mapping set`, or propose one anew."
    ),
    "records.errors.MalformedRecord": N_("This is no valid record: {0}. Correct the row and import it again."),
    "records.errors.MissingLibrary": N_(
        "Writing {0} needs the library {1}, which is not installed. Install banyan-ip[{2}], or take another format."
    ),
    "builtins.OSError": N_("The file or device {0} cannot be used: {1}. Check that it exists, rights and free space."),
}
REASONS: Mapping[str, str] = {  # the reason words of wire.md section 4, where they stand alone
    "suspended": N_("its home has suspended it"),
    "revoked": N_("its home has revoked it"),
    "member-suspended": N_("the alliance has suspended its membership"),
    "member-revoked": N_("the alliance has ended its membership"),
    "member-unknown": N_("it is no member of the alliance"),
    "not-my-child": N_("it is not registered below this node"),
    "not-of-this-path": N_("this node does not bring that log"),
    "not-above-you": N_("that log is not above this node"),
    "not-above-me": N_("that log is not above this node"),
    "frozen": N_("its log is frozen, because it has two heads that cannot both be true"),
    "clock": N_("the clocks of the two nodes differ too much; set them"),
    "certificate": N_("its certificate does not say who it is"),
    "invited-under-another-name": N_("the invitation is for another name"),
    "other-keys-than-its-home-registers": N_("its home has registered other keys"),
    "unknown-origin": N_("nothing of it is held there"),
    stolen.TAKEN_BACK: N_("its keys were taken back as stolen; its home gives a recovery invitation for new ones"),
    succeeding.SUCCEEDED: N_("its log has ended; it goes on under another name, which its home tells"),
    "moved": N_("the hub has moved it to another home, to which it goes by itself"),
    "moving": N_("the hub has moved it, and the word of its new home is still awaited"),
    "registered-with-other-keys": N_("it is registered already, with other keys, which only `keys rotate` changes"),
    "not understood": N_("not understood"),  # and what the catalogue refuses a query for
    "nothing to search for; give words, or an option such as --kind or --applicant": N_(
        "nothing to search for; give words, or an option such as --kind or --applicant"
    ),
    "no such kind; `kind list` names them, or take right, event or register": N_(
        "no such kind; `kind list` names them, or take right, event or register"
    ),
    "words": N_("words"),
    "none of valid, invalid, pending": N_("none of valid, invalid, pending"),
}
PATTERNS: Sequence[tuple[re.Pattern[str], str]] = (  # causes that hold numbers or addresses, which may change places
    (
        re.compile(r"waiting: (\d+) of (\d+) substations have called since the start"),
        N_("{0} of {1} substations have called since the start, half of them must"),
    ),
    (
        re.compile(r"the clock is (\d+) s behind the last signature"),
        N_("this machine's clock is {0} s behind its last signature; set it"),
    ),
    (
        re.compile(r"(\d+) entries were signed, log\.db holds (\d+)"),
        N_("{0} entries were signed, log.db holds only {1}: it comes from an older backup"),
    ),
    (
        re.compile(r"lost: (\d+) entries were signed, (\d+) of them are left anywhere"),
        N_(
            "{0} entries were signed, and only {1} of them are left here and at the parents that answered; the home of "
            "this node must name a successor log"
        ),
    ),
    (
        re.compile(r"joined again, not recovered yet"),
        N_("it has joined again in a new home; let it join its alliances again as well, then run `recover`"),
    ),
    (
        re.compile(r"restored from a backup of \d+, not recovered yet"),
        N_("it was restored from a backup and is not recovered yet"),
    ),
    (re.compile(r".*?ipv[46]:([^ ]+): .*Connection refused"), N_("nobody listens at {0}")),
)
_MOST_ARGUMENTS = 6


def has_sentence(error: type[BaseException]) -> bool:
    """Return whether people get more than "internal error" for errors of this class."""
    return issubclass(error, NodeError | UnreadableFile) or any(_name(one) in SENTENCES for one in error.__mro__)


def say(error: BaseException, language: str) -> str:
    """Return the sentence for an error that has one, in the language in use; `language` picks where both came along."""
    if isinstance(error, UnreadableFile):
        return error.message_zh if language == "zh" else error.message_en
    if isinstance(error, NodeError):
        return _(error.sentence).format(**{name: _fact(name, value) for name, value in error.named().items()})
    sentence = next(SENTENCES[_name(one)] for one in type(error).__mro__ if _name(one) in SENTENCES)
    facts = (error.filename, error.strerror) if isinstance(error, OSError) else error.args
    padded = [*facts, *[""] * _MOST_ARGUMENTS][:_MOST_ARGUMENTS]
    return _(sentence).format(*(_fact("", "" if one is None else one) for one in padded))


def reason(word: str) -> str:
    """Return a reason word in the language in use; what a person gave as the reason stays as it is."""
    return _(REASONS.get(word, word))


def _fact(name: str, value: object) -> str:
    if name == "expires" and isinstance(value, int):
        return datetime.fromtimestamp(value).astimezone().strftime("%Y-%m-%d %H:%M %z")
    if not isinstance(value, str):
        return str(value)
    found = next(((match, said) for one, said in PATTERNS if (match := one.fullmatch(value))), None)
    return _(found[1]).format(*found[0].groups()) if found else reason(value)


def _name(error: type) -> str:
    return f"{error.__module__}.{error.__name__}"
