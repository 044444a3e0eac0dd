"""What a person typed against the word index, with filters, ranked, a page at a time."""

import unicodedata
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from typing import Annotated, NoReturn

import msgspec
import orjson

from catalog import published, views, words
from catalog.catalogue import Catalogue
from catalog.errors import BadQuery, BadToken
from catalog.standing import city
from records import identifiers
from records.kinds import Category, Kinds

MAX_LIMIT = 1000
MAX_CHARS = 500
STATUSES = ("valid", "invalid", "pending")
_DIGEST_BYTES = 8
_TAIL = 5
_COLUMNS = "key, kind, title, number, applicants, filing_date, publication_date, status, city, origin"


_Hit = tuple[float | str, Annotated[int, msgspec.Meta(ge=0, le=(1 << 63) - 1)]]  # score or day, row
_Tail = Annotated[list[_Hit], msgspec.Meta(min_length=1, max_length=_TAIL)]  # the last hits shown, in order

_tail_decoder = msgspec.json.Decoder(_Tail)


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked for; "" asks nothing. Dates are filing dates, both included; `ipc` is a symbol or its beginning.

    `kind` is a kind's name or title, or a category: right, event or register; `applicant` holds parts of names, all of
    which must be found; `city` is the label
    of a home, or a part of the name that its register entry gives.
    `limit` is 1 to 1,000 hits a page, `after` the `next` of the page before of the same query.
    """

    words: str = ""
    kind: str = ""
    applicant: str = ""
    ipc: str = ""
    city: str = ""
    status: str = ""
    date_from: str = ""
    date_to: str = ""
    limit: int = 20
    after: str = ""


@dataclass(frozen=True, slots=True)
class Hit:
    """One record as it stands in the view asked for; `applicants` are separated by "; "."""

    key: str
    kind: str
    title: str
    number: str
    applicants: str
    filing_date: str
    publication_date: str
    status: str
    city: str
    origin: str

    def as_dict(self) -> dict[str, str]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Page:
    """The hits in all, those of this page in order, and what to put into `after` for the next page, "" at the end."""

    total: int
    hits: list[Hit]
    next: str


def find(catalogue: Catalogue, query: Query, view: int) -> Page:
    """Return the current records that a view shows and that match all that is asked.

    With words the best come first, else the newest filing dates; equal ones by row. Registers are found only by their
    kind. Records are found as they were when last indexed. A page goes on behind the place where the last hits stand
    now, so that what comes and goes between two pages moves no other hit out of sight. Raises BadQuery and BadToken.
    """
    if view not in views.ALL:
        raise BadQuery("view", str(view), "not a view")
    _check(query)
    asked_for = _asked_for(catalogue, query, view)
    tail = _tail(asked_for, query.after)
    expression = words.match(query.words)
    filters = _filters(catalogue, query, view)
    if not expression and (query.words or not filters):
        raise BadQuery(
            "words", query.words, "nothing to search for; give words, or an option such as --kind or --applicant"
        )
    order = _RANKED if expression else _LISTED
    asked: list[tuple[str, tuple[str | int, ...]]] = [
        ("record.views & ? <> 0", (view,)),
        (_carried(query), ()),
        *filters,
    ]
    if expression:
        asked.append(("words match ?", (expression,)))
    hits = f"with hits as materialized ({order.source} and {' and '.join(condition for condition, _ in asked)})"
    values = [value for _, some in asked for value in some]
    beyond, ids = _beyond(order, tail), [id for _, id in tail]
    rows = catalogue.db.execute(
        f"{hits}{beyond[0]} select score, id, {_COLUMNS} from hits join record using (id) {beyond[1]} "
        f"order by {order.by} limit ?",
        [*values, *((*ids, *ids, *tail[-1], *ids) if tail else ()), query.limit + 1],
    ).fetchall()
    (total,) = catalogue.db.execute(f"{hits} select count(*) from hits", values).fetchone()
    shown = rows[: query.limit]
    tail = [*tail, *(row[:2] for row in shown)][-_TAIL:]
    return Page(total, [Hit(*row[2:]) for row in shown], _token(asked_for, tail) if len(rows) > query.limit else "")


@dataclass(frozen=True, slots=True)
class _Order:
    """Where hits come from and how they follow each other; `sign` compares the score of a later one."""

    source: str
    by: str
    sign: str


_RANKED = _Order(
    "select record.id as id, words.rank as score from words join record on record.id = words.rowid "
    "where record.state = 'current'",
    "score, id",
    ">",
)
_LISTED = _Order(
    "select record.id as id, listed.day as score from listed join record on record.id = listed.record "
    "where record.state = 'current'",
    "score desc, id",
    "<",
)


def _beyond(order: _Order, tail: list[_Hit]) -> tuple[str, str]:
    """Return the table of the place that the page before ended at, and the condition for what is beyond it.

    Scores rest on all texts of the index and are others tomorrow. So the place is where the middle one of the last
    hits stands now, which one changed record cannot move far; only where none is a hit any more, it is the old score.
    Takes: ids, ids, the old score and row, ids.
    """
    if not tail:
        return "", ""
    last = f"id in ({','.join('?' * len(tail))})"
    anchor = (
        f", anchor(at_score, at_id) as (select * from (select score, id from hits where {last} order by {order.by} "
        f"limit 1 offset (select count(*) / 2 from hits where {last})) union all select ?, ? limit 1)"
    )
    beyond = f"(score {order.sign} at_score or score = at_score and id > at_id)"
    return anchor, f"cross join anchor where {beyond} and not {last}"


def _check(query: Query) -> None:
    for name, value in asdict(query).items():
        if isinstance(value, str) and (len(value) > MAX_CHARS or not _is_text(value)):
            raise BadQuery(name, value[:20], f"more than {MAX_CHARS} characters, or none that can be written")
    if not 1 <= query.limit <= MAX_LIMIT:
        raise BadQuery("limit", str(query.limit), f"not 1 to {MAX_LIMIT}")
    if query.status and query.status not in STATUSES:
        raise BadQuery("status", query.status, f"none of {', '.join(STATUSES)}")


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:  # a lone surrogate
        return False
    return True


def _filters(catalogue: Catalogue, query: Query, view: int) -> list[tuple[str, tuple[str, ...]]]:
    """Return (condition, its values) for each filter that is asked; what is typed stands in the values only."""
    found: list[tuple[str, tuple[str, ...]]] = []
    if query.kind:
        names = _kinds(query.kind, published.known(catalogue))
        if not names:
            raise BadQuery("kind", query.kind, "no such kind; `kind list` names them, or take right, event or register")
        found.append((f"record.kind in ({','.join('?' * len(names))})", names))
    if query.city:
        labels = _labels(catalogue, query.city, view)
        found.append((f"record.city in ({','.join('?' * len(labels))})", labels))
    if query.status:
        found.append(("record.category = 'right' and record.status = ?", (query.status,)))
    if query.applicant:
        parts = words.all_of(query.applicant) or _refuse("applicant", query.applicant)
        found.append(("record.id in (select rowid from words where words match ?)", (f"applicants : ({parts})",)))
    if query.ipc:
        prefix = words.ipc_prefix(query.ipc) or _refuse("ipc", query.ipc)
        beyond = prefix[:-1] + chr(ord(prefix[-1]) + 1)
        found.append(("record.id in (select record from symbol where ipc >= ? and ipc < ?)", (prefix, beyond)))
    for name, sign, text in (("date_from", ">=", query.date_from), ("date_to", "<=", query.date_to)):
        if text:
            day = identifiers.date(text) or _refuse(name, text)
            found.append((f"record.filing_date <> '' and record.filing_date {sign} ?", (day,)))
    return found


def conditions(catalogue: Catalogue, query: Query, view: int) -> list[tuple[str, tuple[str | int, ...]]]:
    """Return (condition on `record`, its values) for all that is asked, in SQL; its page, order and limit aside.

    Nothing asked is everything but registers, which are meant only by their kind. Raises BadQuery.
    """
    _check(query)
    found: list[tuple[str, tuple[str | int, ...]]] = [
        ("record.state = 'current' and record.views & ? <> 0", (view,)),
        (_carried(query), ()),
        *_filters(catalogue, query, view),
    ]
    if query.words.strip():
        expression = words.match(query.words) or _refuse("words", query.words)
        found.append(("record.id in (select rowid from words where words match ?)", (expression,)))
    return found


_CARRIED: tuple[Category, ...] = ("right", "event", "register")  # and no statement of the federation's own
_CATEGORIES: dict[str, Category] = {"权利": "right", "事件": "event", "名册项": "register", "登记": "register"}


def _carried(query: Query) -> str:
    """Return the condition for what is searched: registers are meant only by their kind."""
    meant = _CARRIED if query.kind else _CARRIED[:2]
    return f"record.category in ({', '.join(map(repr, meant))})"


def _kinds(text: str, known: Kinds) -> tuple[str, ...]:
    """Return the names of the kinds that a text means: a name, a title, or a category; () for none."""
    wanted = text.strip().casefold()
    carried = known.of(*_CARRIED)
    named = tuple(kind.name for kind in carried if wanted in (kind.name, kind.title_zh, kind.title_en.casefold()))
    category = _CATEGORIES.get(wanted, wanted)
    return named or tuple(kind.name for kind in carried if kind.category == category)


def _labels(catalogue: Catalogue, text: str, view: int) -> tuple[str, ...]:
    """Return the labels of homes that `text` names: the label itself, and those whose registered name holds it."""
    wanted = unicodedata.normalize("NFKC", text).strip()
    rows = catalogue.db.execute(
        "select key from record where kind = 'organisation' and category = 'register' and state = 'current' "
        "and views & ? <> 0 and instr(title, ?)",
        (view, wanted),
    )
    origins = (key.removeprefix("organisation:") for (key,) in rows)
    homes = {label for one in origins if one.count("/") == 1 and not one.startswith("uscc/") and (label := city(one))}
    return tuple(sorted(homes | {wanted.lower()}))


def _refuse(field: str, value: str) -> NoReturn:
    raise BadQuery(field, value, "not understood")


def _asked_for(catalogue: Catalogue, query: Query, view: int) -> bytes:
    """Return what a token is tied to: the query, the view, and this making of the catalogue, whose rows it names."""
    return orjson.dumps([asdict(replace(query, after="", limit=1)), view, catalogue.generation])


def _token(asked_for: bytes, tail: list[_Hit]) -> str:
    said = orjson.dumps(tail)
    digest = sha256(b"banyan-page/v1\0" + asked_for + said).digest()[:_DIGEST_BYTES]
    return urlsafe_b64encode(digest + said).decode().rstrip("=")


def _tail(asked_for: bytes, after: str) -> list[_Hit]:
    """Return the last hits that were shown, none at the beginning; raise BadToken."""
    if not after:
        return []
    try:
        raw = urlsafe_b64decode(after + "=" * (-len(after) % 4))
        tail = _tail_decoder.decode(raw[_DIGEST_BYTES:])
    except (ValueError, msgspec.DecodeError) as error:
        raise BadToken(after) from error
    if _token(asked_for, tail) != after:
        raise BadToken(after)  # of another query, view or catalogue, or not ours
    return tail
