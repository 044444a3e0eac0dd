"""One right, published more than once in a file: one draft that lists all its publications."""

from collections import OrderedDict
from collections.abc import Iterable, Iterator

from records.xml.form import Form

WINDOW = 1_000  # rights that are held back; members of a family stand close together
_NOT_JOINED = frozenset({"", "trademark", "gi", "plant_variety"})


def joined(forms: Iterable[Form]) -> Iterator[Form]:
    """Give the forms in their order, those about one application as one.

    Of two texts of a field, the one of the later publication is taken. A form that comes more than WINDOW rights after
    the first of its application stays by itself.
    """
    held: OrderedDict[object, Form] = OrderedDict()
    for nth, form in enumerate(forms):
        same = _identity(form) or nth
        first = held.get(same)
        if first is not None:
            _join(first, form)
            continue
        held[same] = form
        if len(held) > WINDOW:
            yield held.popitem(last=False)[1]
    yield from held.values()


def _identity(form: Form) -> tuple[str, str, str] | None:
    number = form.values.get("application_no", "")
    if form.kind in _NOT_JOINED or not number:
        return None
    return form.kind, form.values.get("office", ""), number


def _join(first: Form, other: Form) -> None:
    publications = first.values.get("publications", [])
    later = [one for one in other.values.get("publications", []) if one not in publications]
    newer = _newest(other) > _newest(first)
    values = {**first.values, **other.values} if newer else {**other.values, **first.values}
    numbers = {one["no"]: one for one in (*later, *publications)}
    numbers = {one["no"]: {**one, **numbers[one["no"]]} for one in (*publications, *later)}
    if numbers:
        values["publications"] = sorted(numbers.values(), key=lambda one: one.get("date", ""))
    first.values = values
    for where, written in other.raw.items():
        first.note(where, written)
    first.findings += [one for one in other.findings if one not in first.findings]


def _newest(form: Form) -> str:
    return max((one.get("date", "") for one in form.values.get("publications", ())), default="")
