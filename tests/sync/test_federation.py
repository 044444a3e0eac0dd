"""Root statements: a chain without gaps, each signed by its own root and by the one before."""

from dataclasses import replace
from hashlib import sha256

import pytest

from sync import federation
from sync.errors import BadSignature, Malformed, SyncError
from sync.federation import Federation, RootStatement
from sync.note import Note, Signature
from tests.bits import flipped
from tests.sync import made

ONE, TWO, THREE = made.root_signers(1), made.root_signers(2), made.root_signers(3)


def signed(statement: RootStatement, *pairs) -> bytes:
    return federation.sign(statement, [signer for pair in pairs for signer in pair], made.NOW_S)


FIRST = signed(made.statement(1, root=1, following=2), ONE)
SECOND = signed(made.statement(2, root=2, following=3), ONE, TWO)
THIRD = signed(made.statement(3, root=3, following=3), TWO, THREE)


def test_a_chain_gives_the_newest_statement_and_the_hash_of_the_first():
    found = federation.chain([FIRST, SECOND, THIRD])
    assert (found.name, found.newest.version) == (made.HUB, 3)
    assert found.id == sha256(Note.parse(FIRST).text.encode()).digest()
    assert found.id == federation.chain([FIRST]).id
    assert found.newest.log_keys == made.verifiers(made.signers(made.HUB))


def test_the_file_is_read_as_written():
    found = federation.chain([FIRST, SECOND])
    assert Federation.parse(found.encode()) == found
    assert found.encode() == b"statement %d\n%bstatement %d\n%b" % (len(FIRST), FIRST, len(SECOND), SECOND)


OTHER = "ip.gx.example"
CHAINS = {
    "nothing": [],
    "starts at 2": [SECOND],
    "a gap": [FIRST, THIRD],
    "twice": [FIRST, FIRST],
    "backwards": [FIRST, SECOND, FIRST],
    "not signed by the root before": [FIRST, signed(made.statement(2, root=2, following=3), TWO)],
    "not signed by its own root": [FIRST, signed(made.statement(2, root=2, following=3), ONE)],
    "a root that was not announced": [FIRST, signed(made.statement(2, root=3, following=3), ONE, THREE)],
    "the old root again": [FIRST, signed(made.statement(2, root=1, following=1), ONE)],
    "one signature of two": [signed(made.statement(), ONE[:1])],
    "the other signature of two": [signed(made.statement(), ONE[1:])],
    "another federation": [signed(made.statement(), ONE), signed(made.statement(2, name=OTHER), ONE)],
    "another root": [signed(made.statement(1, root=2, following=2), ONE)],
}


@pytest.mark.parametrize("chain", CHAINS.values(), ids=CHAINS.keys())
def test_other_chains_are_refused(chain):
    with pytest.raises((Malformed, BadSignature)):
        federation.chain(chain)


@pytest.mark.parametrize("which", [0, 1])
def test_every_line_of_a_root_key_must_verify(which):
    read = Note.parse(FIRST)
    line = read.signatures[which]
    bad = Signature(line.name, line.key_id, flipped(line.value))
    for lines in ([*read.signatures, bad], [bad, *read.signatures], [bad, read.signatures[1 - which]]):
        with pytest.raises(BadSignature):
            federation.chain([Note(read.text, tuple(lines)).encode()])


def test_lines_of_unknown_keys_are_not_kept():
    read = Note.parse(FIRST)
    stranger = Signature("somebody", b"abcd", b"what" * 9)
    found = federation.chain([Note(read.text, (stranger, *read.signatures)).encode()])
    assert found.statements == (FIRST,)


@pytest.mark.parametrize("flipped", range(0, 400, 13))
def test_a_flipped_bit_in_the_text_is_refused(flipped):
    at = flipped % FIRST.index(b"\n\n")
    with pytest.raises(SyncError):
        federation.chain([FIRST[:at] + bytes([FIRST[at] ^ 1]) + FIRST[at + 1 :]])


GOOD = made.statement()
TEXT = GOOD.text()
LINES = TEXT.split("\n")


def swapped(a: int, b: int) -> str:
    lines = list(LINES)
    lines[a], lines[b] = lines[b], lines[a]
    return "\n".join(lines)


TEXTS = {
    "another title": TEXT.replace("v1", "v2", 1),
    "version 0": replace(GOOD, version=0).text(),
    "version +1": TEXT.replace("\n1\n", "\n+1\n"),
    "version 01": TEXT.replace("\n1\n", "\n01\n"),
    "version 1_0": TEXT.replace("\n1\n", "\n1_0\n"),
    "version in other digits": TEXT.replace("\n1\n", "\n\u0661\n"),
    "a superscript version": TEXT.replace("\n1\n", "\n\u00b9\n"),
    "a version beyond 64 bits": replace(GOOD, version=2**64).text(),
    "a version of 5000 digits": TEXT.replace("\n1\n", f"\n{'1' * 5000}\n"),
    "a line too many": TEXT + "more\n",
    "a line too few": "\n".join(LINES[:-2]) + "\n",
    "an empty line": TEXT + "\n",
    "the log's keys swapped": swapped(3, 4),
    "mirror and log key swapped": swapped(4, 5),
    "the root's keys swapped": swapped(6, 7),
    "another log's keys": TEXT.replace(LINES[3], made.signers(made.CITY)[0].verifier.encode()),
    "another node's mirror": TEXT.replace(LINES[5], made.mirror_signer(made.CITY).verifier.encode()),
    "another name": TEXT.replace("\nip.gd.example\n", "\nip.gx.example\n"),
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_statements_that_we_would_not_write_are_refused(text):
    assert RootStatement.parse(TEXT) == GOOD
    with pytest.raises(Malformed):
        RootStatement.parse(text)


FILE = federation.chain([FIRST]).encode()
FILES = {
    "empty": b"",
    "the statement alone": FIRST,
    "a leading zero": FILE.replace(b"statement ", b"statement 0", 1),
    "a plus": FILE.replace(b"statement ", b"statement +", 1),
    "another word": FILE.replace(b"statement", b"Statement", 1),
    "cut short": FILE[:-1],
    "bytes behind": FILE + b"x",
    "a blank line behind": FILE + b"\n",
    "a huge length": b"statement 9999999\n" + FIRST,
}


@pytest.mark.parametrize("raw", FILES.values(), ids=FILES.keys())
def test_files_that_we_would_not_write_are_refused(raw):
    assert Federation.parse(FILE).newest.version == 1
    with pytest.raises(Malformed):
        Federation.parse(raw)
