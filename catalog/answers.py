"""How a verdict is written: the answers of a tier as runs of entries, and the details for the outlet alone.

A place is `index << 3 | part`. Places that got the same answer are one group: the gap to each run of neighbouring
entries, and its length, in turn. The text for the outlet is one zstd frame of JSON; what it says of each quarantined
place follows in the order of places, so that neither entries nor sentences are repeated.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
import zstandard

from catalog.errors import MalformedVerdict
from sync.sealed import MAX_TEXT_BYTES

QUARANTINED, MENDED, WAITING, ACCEPTED = "quarantined", "mended", "waiting", "accepted"
MAX_PLACES = 100_000  # of one verdict
MAX_OPENED_BYTES = 4 * 1024 * 1024
MAX_TOLD_CHARS = 64 * 1024 * 1024  # of all sentences, each with its value in it
MAX_FINDINGS = 20  # of one record; the rest shows once these are mended
_LEVEL = 9
_NO_NOTE = -1
_VALUE = "\0"  # stands for the value in a sentence; no record holds it


class Answer(NamedTuple):
    """What a tier says of one place: `rules` that it breaks, and the entry of the decision that was told, 0 if none."""

    word: str
    rules: tuple[str, ...] = ()
    decided: int = 0


Answers = Mapping[int, Answer]


@dataclass(frozen=True, slots=True)
class Note:
    """What a person decided or remarked: where, who, release, keep or forward, and why."""

    author: str
    person: str
    word: str
    text: str


@dataclass(frozen=True, slots=True)
class Detail:
    """One quarantined place: the record's key ("" if unreadable), its findings as the catalogue has them, a note."""

    key: str
    findings: Sequence[Mapping[str, str]]
    note: Note | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """A verdict as its outlet reads it: it answers for entries below `last`; `open` are quarantined in all."""

    origin: str
    last: int
    open: int
    more: bool
    answers: Answers
    details: Mapping[int, Detail]


# -- answers as groups of runs ----------------------------------------------------------------------------------------


def groups(answers: Answers) -> list[dict[str, Any]]:
    """Return the answers as a verdict states them, by word, part, rules and decision."""
    found: dict[tuple[str, int, tuple[str, ...], int], list[int]] = {}
    for place in sorted(answers):
        word, rules, decided = answers[place]
        found.setdefault((word, place & 7, rules, decided), []).append(place >> 3)
    return [_group(*name, indices) for name, indices in sorted(found.items())]


def _group(word: str, part: int, rules: tuple[str, ...], decided: int, indices: list[int]) -> dict[str, Any]:
    made: dict[str, Any] = {"word": word, "part": part, "at": runs(indices)}
    return made | ({"rules": list(rules)} if rules else {}) | ({"decided": decided} if decided else {})


def runs(indices: Iterable[int]) -> list[int]:
    """Return ascending indices as gap and length of each run, in turn."""
    found: list[int] = []
    end = 0
    for index in indices:
        if found and index == end:
            found[-1] += 1
        else:
            found += (index - end, 1)
        end = index + 1
    return found


def indices(runs: Sequence[int], last: int, most: int = MAX_PLACES) -> Iterator[int]:
    """Yield the indices in runs; raise MalformedVerdict for what reaches beyond `last`, or is more than `most`."""
    if len(runs) % 2:
        raise MalformedVerdict("half a run")
    end = count = 0
    for gap, length in zip(runs[::2], runs[1::2], strict=True):
        start, end, count = end + gap, end + gap + length, count + length
        if end > last or count > most:
            raise MalformedVerdict(f"entries beyond {last}, or too many")
        yield from range(start, end)


class _Group(msgspec.Struct):
    word: Literal["quarantined", "mended", "waiting", "accepted"]
    part: Annotated[int, msgspec.Meta(ge=0, le=7)]
    at: list[Annotated[int, msgspec.Meta(ge=0)]]
    rules: list[str] = []
    decided: Annotated[int, msgspec.Meta(ge=0)] = 0


def read_groups(given: Any, last: int) -> dict[int, Answer]:
    """Return the answers in a verdict on `last` entries; raise MalformedVerdict."""
    try:
        stated = msgspec.convert(given, list[_Group])
    except msgspec.ValidationError as error:
        raise MalformedVerdict(str(error)) from error
    return _read(stated, last)


def _read(stated: list[_Group], last: int) -> dict[int, Answer]:
    found: dict[int, Answer] = {}
    for group in stated:
        answer = Answer(group.word, tuple(group.rules), group.decided)
        for index in indices(group.at, last, MAX_PLACES - len(found)):
            found[index << 3 | group.part] = answer
    return found


# -- the text for the outlet ------------------------------------------------------------------------------------------


def text(
    origin: str, last: int, open: int, more: bool, answers: Answers, details: Mapping[int, Detail]
) -> bytes | None:
    """Return what is sealed to the outlet, None where it is more than fits; details are of the quarantined places."""
    rules: dict[tuple[str, ...], int] = {}
    notes: dict[Note, int] = {}
    rows = []
    if sum(_chars(one) for many in details.values() for one in many.findings[:MAX_FINDINGS]) > MAX_TOLD_CHARS:
        return None
    for place in sorted(details):
        one = details[place]
        found = [_finding(finding, rules) for finding in one.findings[:MAX_FINDINGS]]
        rows.append((one.key, found, notes.setdefault(one.note, len(notes)) if one.note else _NO_NOTE))
    stated = {
        "v": 1, "origin": origin, "last": last, "open": open, "more": more, "answers": groups(answers),
        "rules": list(rules), "details": rows, "notes": [[one.author, one.person, one.word, one.text] for one in notes],
    }  # fmt: skip
    raw = msgspec.json.encode(stated)
    packed = zstandard.ZstdCompressor(level=_LEVEL).compress(raw) if len(raw) <= MAX_OPENED_BYTES else b""
    return packed if 0 < len(packed) <= MAX_TEXT_BYTES else None


def _chars(finding: Mapping[str, str]) -> int:
    return len(finding["zh"]) + len(finding["en"])


def _finding(finding: Mapping[str, str], rules: dict[tuple[str, ...], int]) -> list[Any]:
    value = finding["value"]
    zh, en = (finding[name].replace(value, _VALUE) if value else finding[name] for name in ("zh", "en"))
    said = (finding["rule"], finding["severity"], finding["field"], zh, en)
    return [rules.setdefault(said, len(rules)), value]


class _Text(msgspec.Struct):
    v: Literal[1]
    origin: str
    last: Annotated[int, msgspec.Meta(ge=0)]
    open: Annotated[int, msgspec.Meta(ge=0)]
    more: bool
    answers: list[_Group]
    rules: list[tuple[str, str, str, str, str]]
    details: list[tuple[str, list[tuple[int, str]], int]]
    notes: list[tuple[str, str, str, str]]


def read_text(raw: bytes, limit: int) -> Told:
    """Return the verdict in an opened text on a log of `limit` entries; raise MalformedVerdict for anything else."""
    try:
        found = msgspec.json.decode(_inflated(raw), type=_Text)
    except (msgspec.MsgspecError, ValueError, zstandard.ZstdError, RecursionError) as error:
        raise MalformedVerdict(str(error)[:200]) from error
    if found.last > limit:
        raise MalformedVerdict(f"answers for {found.last} entries of {limit}")
    answers = _read(found.answers, found.last)
    places = [place for place in sorted(answers) if answers[place].word == QUARANTINED]
    if len(places) != len(found.details):
        raise MalformedVerdict("details of other entries than are quarantined")
    try:
        _check_told(found)
        notes = [Note(*one) for one in found.notes]
        details = {place: _detail(row, found.rules, notes) for place, row in zip(places, found.details, strict=True)}
    except IndexError as error:
        raise MalformedVerdict("a reference to nothing") from error
    return Told(found.origin, found.last, found.open, found.more, answers, details)


def _check_told(found: _Text) -> None:
    """Raise MalformedVerdict where a little text, put into its sentences again and again, becomes very much."""
    sentences = [(len(zh) + len(en), zh.count(_VALUE) + en.count(_VALUE)) for *_, zh, en in found.rules]
    left = MAX_TOLD_CHARS
    for _key, said, _note in found.details:
        for number, value in said:
            chars, places = sentences[_at(number)]
            left -= chars + places * len(value)
            if left < 0:
                raise MalformedVerdict("more text than a verdict tells")


def _inflated(raw: bytes) -> bytes:
    """Return what a frame declares, read through a bounded reader (wire.md 3)."""
    size = zstandard.get_frame_parameters(raw).content_size
    if not 0 < size <= MAX_OPENED_BYTES:
        raise MalformedVerdict(f"{size} bytes declared")
    with zstandard.ZstdDecompressor().stream_reader(raw) as reader:
        found = reader.read(size + 1)
    if len(found) != size:
        raise MalformedVerdict("another size than declared")
    return found


def _detail(
    row: tuple[str, list[tuple[int, str]], int], rules: list[tuple[str, str, str, str, str]], notes: list[Note]
) -> Detail:
    findings = []
    key, said, note = row
    for number, value in said:
        rule, severity, field, zh, en = rules[_at(number)]
        zh, en = zh.replace(_VALUE, value), en.replace(_VALUE, value)
        findings.append({"rule": rule, "severity": severity, "field": field, "value": value, "zh": zh, "en": en})
    return Detail(key, findings, None if note == _NO_NOTE else notes[_at(note)])


def _at(number: int) -> int:
    if number < 0:
        raise IndexError(number)
    return number
