"""The federation's root statements: the one thing that is pinned (wire.md section 6; layout in proto/README.md).

A statement is a signed note by the offline key pair `<fed>/root`:
`banyan-root/v1 LF name LF version LF`, then verifier keys, one a line: the hub's log (01, 06), its mirror (06), this
root (01, 06), the next root (01, 06). The 06 line covers (start 0, end version, H(text)) under the name `<fed>/root`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256

from sync import keys, note, origin
from sync.errors import BadSignature, Malformed
from sync.note import Note, VerifierKey

_TITLE = "banyan-root/v1"
_TYPES = [keys.ED25519, keys.MLDSA44]
_NUMBER = re.compile(rb"[1-9][0-9]{0,5}")


@dataclass(frozen=True, slots=True)
class RootStatement:
    """What the root says: the hub's keys, and which root may say version + 1."""

    name: str
    version: int
    log_keys: tuple[VerifierKey, ...]
    mirror_key: VerifierKey
    root_keys: tuple[VerifierKey, ...]
    next_root_keys: tuple[VerifierKey, ...]

    def text(self) -> str:
        lines = [*self.log_keys, self.mirror_key, *self.root_keys, *self.next_root_keys]
        return "\n".join((_TITLE, self.name, str(self.version), *(key.encode() for key in lines))) + "\n"

    @classmethod
    def parse(cls, text: str) -> "RootStatement":
        """Read exactly what `text` writes; raise Malformed."""
        lines = text.split("\n")
        if len(lines) != 11 or lines[0] != _TITLE or lines[-1] or not _NUMBER.fullmatch(lines[2].encode()):
            raise Malformed("root statement", "not of this layout")
        name = origin.check(lines[1])
        found = [keys.check_key(VerifierKey.parse(line)) for line in lines[3:10]]
        statement = cls(name, int(lines[2]), tuple(found[:2]), found[2], tuple(found[3:5]), tuple(found[5:]))
        if statement.text() != text or not statement._is_well_named():
            raise Malformed("root statement", "keys of another name or type")
        return statement

    def _is_well_named(self) -> bool:
        root = root_name(self.name)
        pairs = ((self.log_keys, self.name), (self.root_keys, root), (self.next_root_keys, root))
        named = all([(key.name, key.type) for key in pair] == [(name, one) for one in _TYPES] for pair, name in pairs)
        mirror = (origin.mirror_name(self.name), keys.MLDSA44)
        return named and (self.mirror_key.name, self.mirror_key.type) == mirror


def root_name(federation: str) -> str:
    """Return the name under which the federation's root signs."""
    return f"{federation}/root"


def sign(statement: RootStatement, signers: Sequence[keys.Signer], time_s: int) -> bytes:
    """Return the statement's note, signed by both keys of each root that must sign it, old root first."""
    lines = []
    for signer in signers:
        covered = _covered(statement, signer.type, time_s)
        value = signer.sign_bytes(covered)
        stamped = time_s.to_bytes(8, "big") + value if signer.type == keys.MLDSA44 else value
        lines.append(note.Signature(signer.name, signer.verifier.key_id, stamped))
    return Note(statement.text(), tuple(lines)).encode()


def _covered(statement: RootStatement, type_: int, time_s: int) -> bytes:
    if type_ == keys.ED25519:
        return statement.text().encode()
    name = root_name(statement.name)
    return keys.cosigned(name, time_s, name, 0, statement.version, sha256(statement.text().encode()).digest())


@dataclass(frozen=True, slots=True)
class Federation:
    """A verified chain of root statements, version 1 first; `statements` are their notes."""

    statements: tuple[bytes, ...]
    id: bytes
    newest: RootStatement

    @property
    def name(self) -> str:
        return self.newest.name

    @property
    def versions(self) -> tuple[RootStatement, ...]:
        """The statements as values, version 1 first."""
        return _parsed(self.statements)

    def extended(self, further: Sequence[bytes]) -> "Federation":
        """Return this chain with the statements that follow it; those held already are passed over.

        Raises Malformed, BadSignature, and what is held is never replaced.
        """
        new = [one for one in further if RootStatement.parse(Note.parse(one).text).version > self.newest.version]
        return chain([*self.statements, *new]) if new else self

    def encode(self) -> bytes:
        """Return the file `federation.root`: the statements' notes, each behind a line with its length in bytes."""
        return b"".join(b"statement %d\n" % len(one) + one for one in self.statements)

    @classmethod
    def parse(cls, raw: bytes) -> "Federation":
        """Read `federation.root` and verify its chain; raise Malformed, BadSignature."""
        statements = []
        while raw:
            line, _lf, raw = raw.partition(b"\n")
            word, _space, length = line.partition(b" ")
            if word != b"statement" or not _NUMBER.fullmatch(length) or int(length) > len(raw):
                raise Malformed("federation.root", "no statement where one should begin")
            statements.append(raw[: int(length)])
            raw = raw[int(length) :]
        return chain(statements)


@lru_cache(maxsize=16)
def _parsed(statements: tuple[bytes, ...]) -> tuple[RootStatement, ...]:
    return tuple(RootStatement.parse(Note.parse(one).text) for one in statements)


def chain(statements: Sequence[bytes]) -> Federation:
    """Return the federation that these notes make; each is signed by its own root and, from 2 on, by the one before.

    Raises Malformed, BadSignature; also for a gap, another name, or a root that was not announced.
    """
    before: RootStatement | None = None
    kept: list[bytes] = []
    first = b""
    for raw in statements:
        parsed = Note.parse(raw)
        statement = RootStatement.parse(parsed.text)
        signing = statement.root_keys if before is None else (*before.root_keys, *statement.root_keys)
        _check_signatures(parsed, statement, signing)
        if before is None:
            first = sha256(parsed.text.encode()).digest()
        elif statement.root_keys != before.next_root_keys:
            raise BadSignature(statement.name, "a root that was not announced")
        if statement.version != (before.version + 1 if before else 1) or (before and before.name != statement.name):
            raise Malformed("root statement", "a gap, or another federation's")
        known = {(key.name, key.key_id) for key in signing}
        lines = tuple(one for one in parsed.signatures if (one.name, one.key_id) in known)
        kept.append(Note(parsed.text, lines).encode())  # lines of unknown keys are dropped
        before = statement
    if before is None:
        raise Malformed("federation.root", "empty")
    return Federation(tuple(kept), first, before)


def _check_signatures(parsed: Note, statement: RootStatement, root_keys: Sequence[VerifierKey]) -> None:
    for key in root_keys:
        lines = [one for one in parsed.signatures if (one.name, one.key_id) == (key.name, key.key_id)]
        if not lines:
            raise BadSignature(key.name, f"no signature of type {key.type:02x}")
        for line in lines:
            time_s, value = 0, line.value
            if key.type == keys.MLDSA44:
                time_s, value = int.from_bytes(value[:8], "big"), value[8:]
            keys.verify_bytes(key, _covered(statement, key.type, time_s), value)
