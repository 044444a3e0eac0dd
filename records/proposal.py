"""What the columns of a table are likely to be, each with how sure that is and why.

Headings tell where they are known; where they are not there, not known, or contradicted by what stands below them, the
cells themselves tell. Nothing is taken from the cells without a finding that says so.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from records import content, headings, identifiers, no_rights
from records.content import Column as Content
from records.finding import Finding
from records.headings import Carrier, field_of, folded
from records.kinds import Kinds
from records.mapping import Column, Mapping
from records.readers.ahead import Ahead
from records.readers.table import Table
from records.rules import finding
from records.writers.columns import EXTRA_HEADINGS

LOOKED_AT_ROWS = 200
SAMPLE_ROWS = 20
SURE = 0.8  # from here on a column is read as what its cells say
_CONTRADICTED = 0.2
_ENOUGH = 3
_HEADING_ROWS = 20
_CNIPR_ORDER = (  # in which the CNIPR download writes its columns; tables without a heading keep it (unconfirmed)
    *("application_no", "title", "ipc", "ipc", "owners", "inventors", "publications.1.date", "publications.1.no"),
    *("agency", "agents", "filing_date", "address", "priority", "region", "abstract", "claim1"),
    *("pct.application_no", "pct.publication_no", "pct.entry_date", "divisional_of"),
)
_CNIPR_PROOF = {0: "application-number", 6: "date", 7: "publication-number", 10: "date"}
_VERDICT_HEADINGS = ("行号", "结果", "原因")  # what our own result workbook adds at the end
_EXPORT_HEADINGS = frozenset(map(folded, EXTRA_HEADINGS))


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


@dataclass(frozen=True, slots=True)
class Proposal:
    """A mapping with its reasons, and the first rows below the headings; data begins below row `after`, 0 for none.

    `findings` are what a person should look at before the file is taken.
    """

    mapping: Mapping
    carrier: Carrier
    layout: str
    after: int
    suggestions: tuple[Suggestion, ...]
    sample: tuple[tuple[int, tuple[str, ...]], ...]
    findings: tuple[Finding, ...]


def propose(table: Table, known: Kinds) -> Proposal:
    """Return what the columns of a table are. Raises UnreadableFile where no column can hold an identifier."""
    return of(Ahead(table, LOOKED_AT_ROWS), table.headings, table.format, known)


def of(ahead: Ahead, given: tuple[str, ...] | None, form: str, known: Kinds) -> Proposal:
    """Return what the columns are by the rows looked at; `given` are the headings that the format itself has."""
    carriers = headings.carriers(known)
    after, titles, rows = _headed(ahead.sample, given, carriers)
    has_headings = bool(after) or given is not None
    told = _told(rows, len(titles))[: len(titles)]
    carrier = _about(titles, told, carriers)
    if carrier is None:
        raise no_rights.refused(titles, rows, told, carriers[0])
    titles = _trimmed(titles, told) if after else titles
    suggestions = tuple(_Suggesting(titles, told, carrier, rows, has_headings).all())
    mapping = Mapping(carrier.kind, has_headings, tuple(Column(one.heading, one.path) for one in suggestions))
    sample = tuple((number, tuple(cells)) for number, cells in rows[:SAMPLE_ROWS])
    layout = "trs" if form == "trs" else _layout_name(titles, suggestions)
    return Proposal(mapping, carrier, layout, after, suggestions, sample, tuple(_findings(suggestions, carrier)))


def fitted(ahead: Ahead, table: Table, mapping: Mapping, carrier: Carrier) -> Proposal:
    """Return a given mapping as it fits a table: by its headings, wherever they stand, else by place."""
    sample: Rows = ahead.sample
    after, rows = 0, sample
    if table.headings is not None:
        mapping = mapping.fitted(list(table.headings))
    elif mapping.has_headings:
        wanted = {folded(one.heading) for one in mapping.columns if one.path and one.heading}
        hits = [len(wanted & set(map(folded, cells))) for _, cells in sample[:_HEADING_ROWS]]
        if not hits or not max(hits):
            raise no_rights.unfit([one.heading for one in mapping.columns if one.path])
        place = hits.index(max(hits))
        after, titles = sample[place]
        rows = sample[place + 1 :]
        mapping = mapping.fitted(_trimmed(titles, _told(rows, len(titles))))
    columns = enumerate(mapping.columns)
    suggestions = tuple(
        Suggestion(place, one.heading, one.path, "mapping", 1.0, "按指定的映射", "the mapping says so")
        for place, one in columns
    )
    shown = tuple((number, tuple(cells)) for number, cells in rows[:SAMPLE_ROWS])
    name = _layout_name([one.heading for one in mapping.columns], ())
    return Proposal(mapping, carrier, name, after, suggestions, shown, ())


Rows = Sequence[tuple[int, list[str]]]


def _headed(sample: Rows, given: tuple[str, ...] | None, carriers: Sequence[Carrier]) -> tuple[int, list[str], Rows]:
    """Return the number of the last heading row, the headings, and the rows below; 0 and blank ones without any."""
    if given is not None:
        return 0, list(given), sample
    found = max(_heading_rows(sample), key=lambda one: _best_fit(one[1], carriers), default=None)
    if found and (fit := _best_fit(found[1], carriers)) and (fit[0] or fit[1] >= 2):
        return sample[found[0]][0], found[1], sample[found[0] + 1 :]
    below = sample[1:]
    if below and _is_unknown_heading(sample[0][1], _told(below, 0), carriers):
        return sample[0][0], sample[0][1], below
    lengths = [len(cells) for _, cells in sample]
    return 0, [""] * max(set(lengths), key=lengths.count, default=0), sample


def _heading_rows(sample: Rows) -> list[tuple[int, list[str]]]:
    """Return candidates: each of the first rows, then two together, the lower finer; with the place of the last."""
    first = sample[:_HEADING_ROWS]
    found = [(place, cells) for place, (_, cells) in enumerate(first)]
    for place in range(1, len(first)):
        (upper_no, upper), (lower_no, lower) = first[place - 1], first[place]
        if lower_no == upper_no + 1:
            width = max(len(upper), len(lower))
            pairs = zip(*(cells + [""] * (width - len(cells)) for cells in (upper, lower)), strict=True)
            found.append((place, [fine if fine.strip() else coarse for coarse, fine in pairs]))
    return found


def _best_fit(titles: Sequence[str], carriers: Sequence[Carrier]) -> tuple[bool, float]:
    return max(_fit(titles, one) for one in carriers)


def _fit(titles: Sequence[str], carrier: Carrier) -> tuple[bool, float]:
    """Return whether the headings name an identifier of a carrier, and how many they name."""
    paths = {path for title in titles if title and (path := carrier.told(title)[0])}
    fields = {field_of(path) for path in paths if not path.endswith(".date")}
    has_identifier = carrier.is_identified(fields)
    category = carrier.kinds[0].category
    if category == "event":  # a date or a name alone may be anything's
        has_identifier = has_identifier and len(paths) >= 3
    elif category == "register":
        has_identifier = has_identifier and len(paths) >= max(2, 0.4 * sum(map(bool, titles)))
    without_title = category == "right" and not fields & carrier.titles
    return has_identifier, len(paths) - 0.5 * without_title


def _told(rows: Rows, width: int) -> list[Content]:
    width = max([width, *(len(cells) for _, cells in rows)], default=width)
    return [content.told([cells[place] for _, cells in rows if place < len(cells)]) for place in range(width)]


def _about(titles: Sequence[str], told: Sequence[Content], carriers: Sequence[Carrier]) -> Carrier | None:
    """Return what the table is about: by its headings, else by an identifier in the cells; None for no rights."""
    fits = {carrier.kind: _fit(titles, carrier) for carrier in carriers}
    by_heading = [one for one in carriers if fits[one.kind][0]]
    by_cells = [one for one in carriers if _identifier_places(told, one)]
    return max(by_heading or by_cells, key=lambda one: fits[one.kind][1], default=None)


def _identifier_places(told: Sequence[Content], carrier: Carrier) -> list[int]:
    forms = {form for path, form in carrier.forms if field_of(path) in carrier.identifiers}
    strong = [form for form in content.STRONG if form in forms and form not in ("date", "uscc")]
    return [place for place, one in enumerate(told) if strong and one.best(strong, SURE)]


def _is_unknown_heading(cells: list[str], below: Sequence[Content], carriers: Sequence[Carrier]) -> bool:
    """Return whether a row names columns in words that nobody knows: nothing in it is what stands below it."""
    if not any(_identifier_places(below, one) for one in carriers):
        return False
    tests = content.FORMS.values()
    return not any(test(cell) for cell in cells if not identifiers.is_blank(cell) for test in tests)


def _trimmed(titles: list[str], told: Sequence[Content]) -> list[str]:
    end = len(titles)
    while end and not titles[end - 1].strip() and not told[end - 1].filled:
        end -= 1
    return titles[:end]


class _Suggesting:
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
            form = self._told[place].best([one for one in content.STRONG if one != "date"], SURE)
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


def _layout_name(titles: Sequence[str], suggestions: Sequence[Suggestion]) -> str:
    names = {folded(title) for title in titles}
    for layout, wanted in _LAYOUTS:
        if any(group <= names for group in wanted):
            return layout
    return "trs-25" if any(one.by == "order" for one in suggestions) else ""


def _folded(*groups: str) -> tuple[frozenset[str], ...]:
    return tuple(frozenset(map(folded, group.split())) for group in groups)


_LAYOUTS = (
    ("cnipa-search", _folded("专利类型 专利名称 申请公布日/授权公告日 申请号")),
    ("patsnap", _folded("标题(译)(简体中文)", "[标]当前申请(专利权)人", "当前申请(专利权)人 公开(公告)号")),
    ("incopat", _folded("链接到incoPat", "标准化申请人 公开国别", "标题(中文) 公开(公告)号", "首权 公开(公告)号")),
    ("cnipr", _folded("公开（公告）号 申请（专利权）人 发明（设计）人")),
    ("cpc-labels", _folded("publication_number text labels")),
)


def _findings(suggestions: Sequence[Suggestion], carrier: Carrier) -> list[Finding]:
    found = []
    for one in suggestions:
        if one.by not in ("cells", "order"):
            continue
        by_heading = carrier.told(one.heading)[0] if one.heading else ""
        rule = "WRONG_HEADING" if by_heading and by_heading != one.path else "COLUMN_BY_CONTENT"
        field = field_of(one.path)
        facts = {
            "place": one.place + 1,
            "title": carrier.spec(field).get("title", field),
            "why": one.zh,
            "why_en": one.en,
        }
        found.append(finding(rule, field, one.heading, **facts))
    return found
