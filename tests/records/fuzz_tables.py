"""Any bytes, given to each reader of tables: records, findings, or UnreadableFile, and nothing else.

A target takes bytes. By hand, longer: python -m tests.records.fuzz_tables NAME SECONDS [SEED]
"""

import io
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from random import Random

from records import kinds, reading, statement
from records.body import encode
from records.errors import UnreadableFile
from records.finding import has_error
from records.readers import bigsheet

BOM = b"\xef\xbb\xbf"
CSV = '专利类型,专利名称,申请号,申请日,申请人\n发明申请,一种灯,CN201710601862.3,2017.07.21,"深圳大学;甲\n"\n'.encode()
TRS = "<REC>\n<申请号>=CN98811333.3\n<名称>=一种灯\n<国际申请>=PCT/JP98/01007 1998.03.11\n".encode()
JSONL = '{"申请号": "CN201710601862.3", "发明人": ["甲", {"a": 1}], "申请人": "[1]"}\n'.encode()
BODIES = (
    b'{"key":"a","op":"assert","kind":"trademark","version":1,"fields":{"number":"12345678","nice_class":"9;35"}}\n'
)
SHEET = (
    b'<worksheet><sheetData><row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" s="0"><v>42760.5</v></c></row></sheetData>'
)
PARTS = {
    "xl/_rels/workbook.xml.rels": b'<R><Relationship Id="r" Target="worksheets/s.xml"/></R>',
    "xl/workbook.xml": b'<workbook><sheets><sheet name="a" r:id="r"/></sheets></workbook>',
    "xl/styles.xml": b'<styleSheet><cellXfs><xf numFmtId="14"/></cellXfs></styleSheet>',
    "xl/sharedStrings.xml": "<sst><si><t>申请号</t></si></sst>".encode(),
    "xl/worksheets/s.xml": SHEET + b"</worksheet>",
}


def whole(data: bytes) -> None:
    """Give any bytes to whatever reader recognises them; every draft must become a row that keeps the contract."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        path.write_bytes(data)
        try:
            reader = reading.recognise(path)
            for row in statement.rows(reader.drafts(), kinds.BUILT_IN, reader.stated):
                if isinstance(row, reading.Row):
                    assert (row.record is None) == has_error(row.findings)
                    assert row.record is None or encode(row.record)
        except UnreadableFile as error:
            if "；" not in error.message_zh or not error.message_en:
                raise AssertionError("it does not say what to do") from error


def trs(data: bytes) -> None:
    whole(b"<REC>\n" + data)


def jsonl(data: bytes) -> None:
    whole(JSONL + data)


def bodies(data: bytes) -> None:
    whole(BODIES + data)


def archive(parts: dict[str, bytes]) -> bytes:
    """Return a zip of these parts."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        for name, data in parts.items():
            made.writestr(name, data)
    return file.getvalue()


def big_sheet(data: bytes) -> None:
    """Give bytes to the streaming reader as a whole workbook, and as its sheet, strings, styles and book."""
    for made in (data, *(archive({**PARTS, name: data}) for name in PARTS)):
        with tempfile.NamedTemporaryFile() as file:
            file.write(made)
            file.flush()
            try:
                _, rows = bigsheet.opened(Path(file.name))
                assert all(isinstance(cell, str) for _, cells in rows for cell in cells)
            except (bigsheet.Damaged, bigsheet.TooWide, zipfile.BadZipFile):
                pass


TARGETS: dict[str, tuple[Callable[[bytes], None], list[bytes]]] = {
    "any": (whole, [CSV, BOM + CSV, CSV.decode().encode("gb18030"), CSV.decode().encode("utf-16"), TRS, JSONL, BODIES]),
    "trs": (trs, [TRS]),
    "jsonl": (jsonl, [JSONL]),
    "bodies": (bodies, [BODIES]),
    "big_sheet": (big_sheet, [archive(PARTS), *PARTS.values()]),
    "workbook": (whole, [archive(PARTS), b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)]),
}


def mutated(data: bytes, rng: Random) -> bytes:
    """Return bytes with some changed, cut out, doubled or put in."""
    made = bytearray(data)
    for _ in range(rng.randint(1, 8)):
        at = rng.randint(0, len(made))
        piece = bytes(made[at : at + rng.randint(1, 40)])
        what = rng.randrange(4)
        if what == 0:
            made[at : at + 1] = bytes([rng.randrange(256)])
        elif what == 1:
            del made[at : at + len(piece)]
        elif what == 2:
            made[at:at] = piece * rng.randint(1, 50)
        else:
            made[at:at] = rng.choice(
                (b"\0", b'"', b"\n", b"<", b"&a;", b"\xff", b",,", b"\xed\xa0\x80", b"9" * 400, b"[", b"1e999")
            )
    return bytes(made)


def main(name: str, seconds: float, seed: int) -> None:
    """Run a target on mutated seeds for so long."""
    target, seeds = TARGETS[name]
    rng, end, count = Random(seed), time.monotonic() + seconds, 0
    while time.monotonic() < end:
        data = mutated(rng.choice(seeds), rng)
        try:
            target(data)
        except BaseException:
            print(f"seed={seed} run={count} {data!r}")
            raise
        count += 1
    print(f"{name}: {count} runs, seed {seed}")


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 1)
