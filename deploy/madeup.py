"""Made-up patents under the headings of the CNIPA search export, for the demo, trials and benchmarks.

Nothing here exists: every agency is a 虚构代理机构, every company's name says 虚构, and every abstract ends with
（虚构数据）. Numbers have the real form and right check digits, so that they pass the same checks as real ones. The
words are in vocabulary.txt: lists long enough, with numbers and codes in between, that packages are no easier to
compress than those of real files.
"""

import csv
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from itertools import chain
from pathlib import Path
from random import Random

from records import identifiers

MAX_OUTLETS = 2_000
MAX_ROWS = 50_000  # of one outlet; 2,000 times that are the 8 digits of a publication number
_FIRST_YEAR, _YEARS = 2004, 20
_KINDS = (
    (
        "1",
        "发明申请",
        "A",
        ("实质审查的生效", "发明专利申请公布", "发明专利申请公布后的驳回", "发明专利申请公布后的视为撤回"),
    ),
    ("1", "发明授权", "B", ("发明专利权授予", "授权", "专利权的终止", "专利权有效期届满")),
    ("2", "实用新型", "U", ("实用新型专利权授予", "授权", "专利权的终止", "避免重复授权放弃专利权")),
    ("3", "外观设计", "S", ("外观设计专利权授予", "授权", "专利权的终止", "专利权有效期届满")),
)
_DAY_0 = date(_FIRST_YEAR, 1, 1)
_DAYS = [_DAY_0 + timedelta(days=number) for number in range(366 * (_YEARS + 4))]
_DOTTED = [day.strftime("%Y.%m.%d") for day in _DAYS]
_PLAIN = [day.strftime("%Y%m%d") for day in _DAYS]
_YEAR_STARTS = [(date(_FIRST_YEAR + number, 1, 1) - _DAY_0).days for number in range(_YEARS)]
Row = dict[str, str]


def _sections(text: str) -> dict[str, list[str]]:
    parts = (part.partition("]\n") for part in text.split("[")[1:])
    return {name: words.split() for name, _, words in parts}


def _pairs(words: list[str]) -> list[tuple[str, str]]:
    return [(word, code) for word, _, code in (entry.partition("=") for entry in words)]


_WORDS = _sections((Path(__file__).parent / "vocabulary.txt").read_text("utf-8"))
_SUBJECTS, _CITIES = _pairs(_WORDS["subjects"]), _pairs(_WORDS["cities"])


def made_up(seed: int, outlet: int, count: int) -> Iterator[Row]:
    """Give `count` (0 to 50,000) rows of outlet number `outlet` (0 to 1,999), heading to cell.

    The same arguments give the same rows. An outlet's numbers depend on nothing but its number, and no two outlets
    share one; the words depend on `seed` too. Raises ValueError outside the ranges.
    """
    if not (0 <= outlet < MAX_OUTLETS and 0 <= count <= MAX_ROWS):
        raise ValueError(f"outlet {outlet} of {MAX_OUTLETS}, {count} rows of {MAX_ROWS}")
    rng = Random(f"banyan made up {seed} {outlet}")
    pools = _Pools(rng)
    return (_row(rng, pools, outlet, number) for number in range(count))


def corrected(row: Row, rng: Random) -> Row:
    """Return the row as a later export would have it: another title, or another legal status of a later date."""
    if rng.random() < 0.5:
        title = f"{rng.choice(_WORDS['qualities'])}{row['专利名称'].removeprefix('一种')}"
        return row | {"专利名称": f"一种{title}"}
    statuses = next(statuses for _, name, _, statuses in _KINDS if name == row["专利类型"])
    later = _PLAIN.index(row["法律状态最后修改日期"]) + rng.randrange(1, 200)
    status = rng.choice([one for one in statuses if one != row["法律状态"]])
    return row | {"法律状态": status, "法律状态最后修改日期": _PLAIN[min(later, len(_PLAIN) - 1)]}


def write_csv(path: Path, rows: Iterable[Row]) -> None:
    """Write rows as CSV in UTF-8 with a byte order mark, as spreadsheets do; at least one row."""
    rows = iter(rows)
    first = next(rows)
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, first)
        writer.writeheader()
        writer.writerows(chain([first], rows))


def write_xlsx(path: Path, rows: Iterable[Row]) -> None:
    """Write rows as a workbook of one sheet; at least one row."""
    from openpyxl import Workbook  # slow to import, and most runs write CSV

    book = Workbook(write_only=True)
    sheet = book.create_sheet("Sheet1")
    for number, row in enumerate(rows):
        if number == 0:
            sheet.append(list(row))
        sheet.append(list(row.values()))
    book.save(path)


class _Pools:
    """What one outlet's rows share: its owner and address, partners, people and agencies."""

    def __init__(self, rng: Random) -> None:
        city, code = rng.choice(_CITIES)
        self.owner = _company(rng, city)
        self.address = f"{code} 广东省{city}市{rng.choice(_WORDS['roads'])}路"
        self.partners = [_company(rng, rng.choice(_CITIES)[0]) for _ in range(30)]
        self.people = [_person(rng) for _ in range(2_000)]
        self.agencies = [f"虚构代理机构{rng.choice(_WORDS['fantasy'])}所 44{rng.randrange(1000):03}" for _ in range(20)]


def _company(rng: Random, city: str) -> str:
    form = rng.choice(("有限公司", "股份有限公司", "研究院", "科技有限公司"))
    return f"{city}虚构{rng.choice(_WORDS['fantasy'])}{rng.choice(_WORDS['trades'])}{form}"


def _person(rng: Random) -> str:
    return rng.choice(_WORDS["family_names"]) + "".join(rng.choices(_WORDS["given_names"], k=rng.choice((1, 2, 2))))


def _row(rng: Random, pools: _Pools, outlet: int, number: int) -> Row:
    year = number % _YEARS
    type_digit, type_text, letter, statuses = rng.choices(_KINDS, (45, 20, 27, 8))[0]
    body = f"{_FIRST_YEAR + year}{type_digit}{outlet * (MAX_ROWS // _YEARS) + number // _YEARS:07}"
    filed = _YEAR_STARTS[year] + int(rng.random() * 365)
    published = filed + 90 + int(rng.random() * 460)
    subject, subclass = rng.choice(_SUBJECTS)
    main, further = _class(rng, subclass), _class(rng, rng.choice(_SUBJECTS)[1])
    return {
        "专利类型": type_text,
        "专利名称": _title(rng, subject),
        "法律状态": rng.choice(statuses),
        "法律状态最后修改日期": _PLAIN[published + int(rng.random() * 300)],
        "申请公布日/授权公告日": _DOTTED[published],
        "申请号": f"CN{body}.{identifiers.check_digit(body)}",
        "申请日": _DOTTED[filed],
        "申请人/专利权人": pools.owner if rng.random() < 0.8 else f"{pools.owner} ; {rng.choice(pools.partners)}",
        "发明人": " ; ".join(rng.choices(pools.people, k=1 + int(rng.random() * 5))),
        "公开（公告）号": f"CN{type_digit}{outlet * MAX_ROWS + number:08}{letter}",
        "主分类号": main if type_digit != "3" else "",
        "分类号": f"{main};{further}" if type_digit != "3" else "",
        "摘要": _abstract(rng, subject),
        "代理机构": rng.choice(pools.agencies),
        "代理人": rng.choice(pools.people),
        "地址": f"{pools.address}{1 + int(rng.random() * 400)}号",
    }


def _title(rng: Random, subject: str) -> str:
    first, second = rng.choices(_WORDS["qualities"], k=2)
    return (
        f"一种{first}{second}{subject}"
        if rng.random() < 0.6
        else f"一种用于{rng.choice(_WORDS['fields'])}的{first}{subject}"
    )


def _class(rng: Random, subclass: str) -> str:
    return f"{subclass}{1 + int(rng.random() * 60)}/{int(rng.random() * 60):02}"


def _abstract(rng: Random, subject: str) -> str:
    one, two, three, four, five = rng.choices(_WORDS["parts"], k=5)
    join, hold, lead = rng.choices(_WORDS["actions"], k=3)
    low = 1 + int(rng.random() * 900)
    return (
        f"本发明涉及{rng.choice(_WORDS['fields'])}领域，公开了一种{subject}，包括{one}、{two}和{three}，"
        f"所述{one}{join}{two}，"
        f"{three}由{rng.choice(_WORDS['materials'])}制成并{hold}{four}，{five}{lead}{one}，型号{_model(rng)}，"
        f"其参数为{low}～{low + 1 + int(rng.random() * 200)}{rng.choice(_WORDS['units'])}，"
        f"{rng.choice(_WORDS['effects'])}，{rng.choice(_WORDS['effects'])}。（虚构数据）"
    )


def _model(rng: Random) -> str:
    return f"{''.join(rng.choices('ABCDEFGHJKLMNPQRSTUVWXYZ', k=2))}-{int(rng.random() * 10000):04}"
