"""A suggestion for every column of a table: by its heading, by its cells, by the order of columns."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from records import content, identifiers, no_rights
from records.content import Column as Content
from records.headings import Carrier, field_of, folded
from records.writers.columns import EXTRA_HEADINGS

SURE = 0.8  # from here on a column is read as what its cells say
_CHECKED = 0.6  # enough where a check digit proves each cell: one in eleven fits by chance
_CONTRADICTED = 0.2
_ENOUGH = 3
_CNIPR_ORDER = (  # in which the CNIPR download writes its columns; tables without a heading keep it (unconfirmed)
    *("application_no", "title", "ipc", "ipc", "owners", "inventors", "publications.1.date", "publications.1.no"),
    *("agency", "agents", "filing_date", "address", "priority", "region", "abstract", "claim1"),
    *("pct.application_no", "pct.publication_no", "pct.entry_date", "divisional_of"),
)
_CNIPR_PROOF = {0: "application-number", 6: "date", 7: "publication-number", 10: "date"}
_VERDICT_HEADINGS = ("行号", "结果", "原因")  # what our own result workbook adds at the end
_EXPORT_HEADINGS = frozenset(map(folded, EXTRA_HEADINGS))

Rows = Sequence[tuple[int, list[str]]]

By = Literal["heading", "near", "cells", "order", "mapping", ""]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What a column is read as: `path` "" for nothing. `confidence` is 0 to 1; `zh` and `en` say why.

    `by` is what told it: "heading", "near" (a heading that is close), "cells", "order", "mapping", or "" for nothing.
    """

    place: int
    heading: str
    path: str
    by: By
    confidence: float
    zh: str
    en: str


def strong_form(cells: Content, forms: Sequence[str]) -> str:
    """Return the form of these that a column's cells surely have, "" for none; some wrong numbers may be among them."""
    found = cells.best(forms, SURE)
    if not found and "application-number" in forms and cells.best(("application-number",), _CHECKED):
        return "application-number"
    return found


class Suggesting:
    """The columns of one table while it is told what they are."""

    def __init__(
        self, titles: Sequence[str], told: Sequence[Content], carrier: Carrier, rows: Rows, has_headings: bool
    ) -> None:
        self._titles, self._told, self._carrier, self._rows = titles, told, carrier, rows
        self._has_headings = has_headings
        self._made: dict[int, Suggestion] = {}
        self._unread = _verdict_columns(titles)

    def all(self) -> list[Suggestion]:
        """Return a suggestion a column."""
        self._by_headings()
        self._contradicted()
        if self._is_cnipr_order():
            self._by_order()
        self._by_form()
        self._by_dates()
        if len(self._made) < 2 or not self._has_headings:
            self._by_words()
        return [self._made.get(place) or self._nothing(place) for place in range(len(self._titles))]

    def _suggest(self, place: int, path: str, by: By, confidence: float, zh: str, en: str) -> None:
        self._made[place] = Suggestion(place, self._titles[place], path, by, confidence, zh, en)

    def _nothing(self, place: int) -> Suggestion:
        return Suggestion(place, self._titles[place], "", "", 0.0, "不知道是哪个字段，不读取", "not known, so not read")

    def _by_headings(self) -> None:
        seen: set[str] = set()
        for place, title in enumerate(self._titles):
            path, _, is_exact = self._carrier.told(title) if title else ("", 0, False)
            if not path or place in self._unread:
                continue
            if folded(title) in seen:
                raise no_rights.twice(title)
            seen.add(folded(title))
            if is_exact:
                self._suggest(place, path, "heading", 1.0, "标题就是该字段的名称", "the heading names this field")
            elif not self._is_taken(path):
                self._suggest(
                    place, path, "near", 0.9, "标题与该字段的名称相近", "the heading is close to this field's name"
                )

    def _contradicted(self) -> None:
        """Take back what a heading says where nearly all cells are surely something else."""
        forms = dict(self._carrier.forms)
        for place, one in list(self._made.items()):
            form, cells = forms.get(one.path, ""), self._told[place]
            found = cells.best(content.STRONG, SURE)
            if cells.filled < _ENOUGH or not found or found == form or {form, found} <= {"ipc", "cpc", "locarno"}:
                continue
            is_name = not form and one.path in {*self._carrier.titles, "owners", "inventors"}
            if is_name or (form in cells.shares and cells.shares[form] < _CONTRADICTED):
                del self._made[place]
                if not self._put_form(place, found):
                    self._made[place] = one

    def _by_form(self) -> None:
        for place in self._open():
            form = strong_form(self._told[place], [one for one in content.STRONG if one != "date"])
            if form:
                self._put_form(place, form)

    def _put_form(self, place: int, form: str) -> bool:
        """Suggest the place of a form, the first that no column has yet; several columns may hold classes."""
        if form == "date":
            return self._put_date(place)
        paths = [path for path, known in self._carrier.forms if known == form]
        kept = [path for path in paths if field_of(path) == field_of(paths[0])]
        free = [path for path in kept if form in ("ipc", "cpc") or not self._is_taken(path)]
        if not free:
            return False
        share = self._told[place].shares[form]
        self._suggest(place, free[0], "cells", share, *_because(form, share))
        return True

    def _by_dates(self) -> None:
        for place in self._open():
            if self._told[place].best(("date",), SURE):
                self._put_date(place)

    def _put_date(self, place: int) -> bool:
        """Suggest the filing date where the years are those of the application numbers; of other dates none can say."""
        fits = self._year_share(place)
        if fits < SURE or self._is_taken("filing_date") or not self._carrier.spec("filing_date"):
            return False
        zh, en = f"{fits:.0%} 的年份与申请号中的年份相同", f"{fits:.0%} of the years are those of the numbers"
        self._suggest(place, "filing_date", "cells", fits, zh, en)
        return True

    def _year_share(self, place: int) -> float:
        numbers = next((at for at, one in self._made.items() if one.path == "application_no"), None)
        if numbers is None:
            return 0.0
        fits = []
        for _, cells in self._rows:
            if max(numbers, place) < len(cells):
                number, day = identifiers.application_number(cells[numbers]), identifiers.date(cells[place])
                if number and day:
                    fits.append(day.startswith(str(number.year)))
        return sum(fits) / len(fits) if fits else 0.0

    def _is_cnipr_order(self) -> bool:
        return (
            not self._has_headings
            and len(self._titles) >= len(_CNIPR_ORDER)
            and all(self._told[place].best((form,), SURE) for place, form in _CNIPR_PROOF.items())
        )

    def _by_order(self) -> None:
        for place, path in enumerate(_CNIPR_ORDER):
            if self._carrier.spec(field_of(path)):
                zh, en = "列的次序与 CNIPR 下载表相同", "the columns are in the order of the CNIPR download"
                self._suggest(place, path, "order", 0.95, zh, en)

    def _by_words(self) -> None:
        for word, path in _WORD_PATHS.items():
            if not self._carrier.spec(field_of(path)):
                continue
            for place in self._open():
                cells = self._told[place]
                share = cells.shares[word]
                if share >= SURE and not self._is_taken(path) and (word != "title" or cells.distinct >= SURE):
                    self._suggest(place, path, "cells", share, *_because(word, share))

    def _open(self) -> list[int]:
        places = range(min(len(self._titles), len(self._told)))
        return [place for place in places if place not in self._made and place not in self._unread]

    def _is_taken(self, path: str) -> bool:
        return any(one.path == path for one in self._made.values())


_WORD_PATHS = {
    "type": "right_type_text",
    "status": "status_text",
    "region": "region",
    "agency": "agency",
    "organisations": "owners",
    "people": "inventors",
    "address": "address",
    "long text": "abstract",
    "title": "title",
}
_WORDS_FOR = {
    "application-number": ("校验位正确的申请号", "application numbers whose check digit fits"),
    "publication-number": ("公开（公告）号", "publication numbers"),
    "date": ("日期", "dates"),
    "ipc": ("IPC 分类号", "IPC symbols"),
    "cpc": ("CPC 分类号", "CPC symbols"),
    "locarno": ("洛迦诺分类号", "Locarno classes"),
    "uscc": ("统一社会信用代码", "unified social credit codes"),
    "software-number": ("软件著作权登记号", "software registration numbers"),
    "work-number": ("作品登记号", "work registration numbers"),
    "layout-number": ("集成电路布图设计登记号", "layout design numbers"),
    "gi-number": ("农产品地理标志编号", "geographical indication numbers"),
    "type": ("专利类型", "patent types"),
    "status": ("法律状态", "legal statuses"),
    "region": ("国省代码", "region codes"),
    "agency": ("代理机构", "agencies"),
    "organisations": ("单位名称", "names of organisations"),
    "people": ("人名", "names of people"),
    "address": ("地址", "addresses"),
    "long text": ("长文本", "long texts"),
    "title": ("名称", "titles"),
}


def _because(form: str, share: float) -> tuple[str, str]:
    zh, en = _WORDS_FOR[form]
    return f"{share:.0%} 的单元格是{zh}", f"{share:.0%} of its cells are {en}"


def _verdict_columns(titles: Sequence[str]) -> set[int]:
    """Return the places of the columns that our own result workbook or export added."""
    names = [folded(title) for title in titles]
    found = {place for place, name in enumerate(names) if name in _EXPORT_HEADINGS}
    if tuple(names[-len(_VERDICT_HEADINGS) :]) == _VERDICT_HEADINGS:
        found |= set(range(len(names) - len(_VERDICT_HEADINGS), len(names)))
    return found
