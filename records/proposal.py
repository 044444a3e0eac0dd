"""What the columns of a table are likely to be, each with how sure that is and why.

Headings tell where they are known; where they are not there, not known, or contradicted by what stands below them, the
cells themselves tell. Nothing is taken from the cells without a finding that says so.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from records import content, headings, identifiers, no_rights
from records.content import Column as Content
from records.finding import Finding
from records.headings import Carrier, field_of, folded
from records.kinds import Kinds
from records.mapping import Column, Mapping
from records.readers.ahead import Ahead
from records.readers.table import Table
from records.rules import finding
from records.suggesting import Rows, Suggesting, Suggestion, strong_form

LOOKED_AT_ROWS = 200
SAMPLE_ROWS = 20
_HEADING_ROWS = 20


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
    suggestions = tuple(Suggesting(titles, told, carrier, rows, has_headings).all())
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
    return [place for place, one in enumerate(told) if strong and strong_form(one, strong)]


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
