"""What the demo's outlets file: the first night's files, and what changes before the second."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from random import Random

from deploy import madeup
from records import reading, statement

SEED = 20_260_101
MADE_UP_WORD = "照明"
MIN_ROWS = 3  # of an outlet: one that a later export has changed, one to correct, one to withdraw
MAX_ROWS = madeup.MAX_ROWS
_CHANGED_ONE_IN = 20
_PAIR = re.compile(r"(?=([\u4e00-\u9fff]{2}))")


@dataclass(frozen=True, slots=True)
class Filing:
    """An outlet's files of two nights. In the second `changed` rows differ; `correct` and `withdraw` are numbers."""

    first: Path
    second: Path
    changed: int
    correct: str
    withdraw: str


def made_up(folder: Path, outlet: int, rows: int) -> Filing:
    """Write both files of made-up outlet number `outlet`; the rows to correct and to withdraw by hand are the last."""
    first = list(madeup.made_up(SEED, outlet, rows))
    rng = Random(f"changed {SEED} {outlet}")
    changed = set(rng.sample(range(rows - 2), max(1, rows // _CHANGED_ONE_IN)))
    second = [madeup.corrected(row, rng) if number in changed else row for number, row in enumerate(first)]
    paths = (folder / f"专利-{outlet}.csv", folder / f"专利-{outlet}-更新.csv")
    for path, written in zip(paths, (first, second), strict=True):
        madeup.write_csv(path, written)
    return Filing(*paths, len(changed), first[-1]["申请号"], first[-2]["申请号"])


def given(path: Path) -> Filing:
    """Return a file of one's own, which stays as it is: imported again, it must change nothing. Or UnreadableFile."""
    titles(path)
    return Filing(path, path, 0, "", "")


def titles(path: Path) -> list[str]:
    """Return the title of each right that a file states. Raises UnreadableFile."""
    found = {one.key: one.fields.get("title", "") for one in statement.records(reading.recognise(path))}
    return list(found.values())


def common_word(texts: Iterable[str]) -> str:
    """Return the commonest two Chinese characters that stand in at most a fifth of the texts, or else at all; or ""."""
    texts = list(texts)
    counted = Counter(pair for text in texts for pair in set(_PAIR.findall(text)))
    telling = [(count, pair) for pair, count in counted.items() if 5 * count <= len(texts)]
    return max(telling or [(count, pair) for pair, count in counted.items()], default=(0, ""))[1]
