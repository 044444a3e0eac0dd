"""Made-up patents for the benchmarks: as files to import, and as the bodies that importing them makes."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from deploy import madeup
from records import body, kinds, reading, statement
from records.body import Record

SEED = 7
NEWER = 20  # every twentieth record is a newer statement of a right stated before, which applying has to merge
_CHUNK = 20_000


def rows(count: int) -> Iterator[madeup.Row]:
    """Return `count` rows, no two of the same right; one outlet after the other, as one can make up 50,000 only."""
    outlets = range(-(-count // madeup.MAX_ROWS))
    return islice(chain.from_iterable(madeup.made_up(SEED, one, madeup.MAX_ROWS) for one in outlets), count)


def bodies(count: int) -> Iterator[bytes]:
    """Return `count` record bodies of about 1 KB, read from files by the import's own code."""
    rng, source = Random(SEED), rows(count)
    for done in range(0, count, _CHUNK):
        size = min(_CHUNK, count - done)
        fresh = list(islice(source, size - size // NEWER))
        yield from _read(fresh)
        if size >= NEWER:
            yield from _read(madeup.corrected(row, rng) for row in rng.sample(fresh, size // NEWER))


def _read(these: Iterable[madeup.Row]) -> Iterator[bytes]:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "rows.csv"
        madeup.write_csv(path, these)
        reader = reading.recognise(path)
        for row in statement.rows(reader.drafts(), kinds.BUILT_IN, reader.stated):
            if isinstance(row, reading.Blank) or row.record is None:
                raise ValueError(f"made-up row {row.row_no} was refused: {row.findings}")
            yield body.encode(filed(row.record, row.row_no))


def filed(record: Record, row_no: int) -> Record:
    """Return the record as an import files it."""
    return replace(record, source={"row": row_no, "submission": 1})
