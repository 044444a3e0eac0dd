"""Key templates, and the texts that a path of a record's fields leads to."""

from dataclasses import dataclass, field
from functools import cache
from typing import Any


@dataclass(frozen=True, slots=True)
class Hole:
    """A place in a key: the first of `paths` that is stated fills it, else `default`; None: the key cannot be made.

    Of a longer text only the first `at_most` characters are used; None: all.
    """

    paths: tuple[str, ...]
    default: str | None
    at_most: int | None = None

    def values(self, fields: dict[str, Any]) -> tuple[str, ...]:
        """Return the texts that fill the hole; () for none."""
        for path in self.paths:
            value = fields.get(path)
            if type(value) is str:  # nearly always
                return (value[: self.at_most],)
            values = stated(fields, path)
            if values:
                return tuple([text[: self.at_most] for text in values])
        return () if self.default is None else (self.default,)


@dataclass(frozen=True, slots=True)
class Template:
    """A key in the making: `texts` stand around the `holes`, one more than there are."""

    texts: tuple[str, ...]
    holes: tuple[Hole, ...]
    _usual: tuple[tuple[str, str, str | None, int | None, str], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Work out for each hole the field and member of its first path, what fills it else, and the text behind."""
        usual = [
            (*_steps(hole.paths[0]), hole.default if len(hole.paths) == 1 else None, hole.at_most, text)
            for hole, text in zip(self.holes, self.texts[1:], strict=True)
        ]
        object.__setattr__(self, "_usual", tuple(usual))

    @classmethod
    def parse(cls, text: str) -> "Template":
        """Read "kind:{office=CN}:{a|b.c:60}": in braces paths to try in turn.

        After ":" stands how many characters of a text are used, and after "=" what is used where none is stated.
        """
        texts, holes = [], []
        while "{" in text:
            before, _, rest = text.partition("{")
            inside, _, text = rest.partition("}")
            names, equals, default = inside.partition("=")
            paths, _, length = names.rpartition(":") if names.rpartition(":")[2].isdecimal() else (names, "", "")
            texts.append(before)
            holes.append(Hole(tuple(paths.split("|")), default if equals else None, int(length) if length else None))
        return cls((*texts, text), tuple(holes))

    @property
    def paths(self) -> tuple[str, ...]:
        """Return every path that may fill a hole, in order."""
        return tuple(path for hole in self.holes for path in hole.paths)

    def fill(self, fields: dict[str, Any]) -> tuple[str, ...]:
        """Return the keys, one for each combination of values, in their order; () where a hole stays empty."""
        key = self.texts[0]
        for name, member, default, at_most, text in self._usual:
            value = fields.get(name, default)
            if member and value.__class__ is list and len(value) == 1 and value[0].__class__ is dict:
                value = value[0].get(member)
            elif member:
                return self.combinations(fields)
            if value.__class__ is not str:  # one text in each hole is as good as always so
                return self.combinations(fields)
            key = f"{key}{value if at_most is None else value[:at_most]}{text}"
        return (key,)

    def combinations(self, fields: dict[str, Any]) -> tuple[str, ...]:
        """Return what `fill` does, whatever the fields hold."""
        keys: tuple[str, ...] = (self.texts[0],)
        for hole, text in zip(self.holes, self.texts[1:], strict=True):
            values = hole.values(fields)
            if len(keys) == len(values) == 1:
                keys = (f"{keys[0]}{values[0]}{text}",)
            else:
                keys = tuple([f"{key}{value}{text}" for key in keys for value in values])
        return keys

    def of_value(self, value: str) -> str | None:
        """Return the key in which `value` fills the one hole that has no default; None for a template of others."""
        needed = [hole for hole in self.holes if hole.default is None]
        values = [value if hole.default is None else hole.default for hole in self.holes]
        if len(needed) != 1:
            return None
        return self.texts[0] + "".join(f"{one}{text}" for one, text in zip(values, self.texts[1:], strict=True))


def stated(fields: dict[str, Any], path: str) -> tuple[str, ...]:
    """Return the texts and numbers at `path`, "title" or "publications.no", as texts; () where nothing is stated.

    A field or a member may be one value, a list of them, or a list of objects; numbers are written in decimal.
    """
    name, member = _steps(path)
    value = fields.get(name)
    if value is None:
        return ()
    if not member and value.__class__ is str:
        return (value,)
    if member and value.__class__ is list and len(value) == 1 and value[0].__class__ is dict:
        text = value[0].get(member)  # of one owner, one publication, as nearly always
        if text.__class__ is str:
            return (text,)
    items = value if isinstance(value, list) else (value,)
    if member:
        items = [item[member] for item in items if isinstance(item, dict) and member in item]
    for item in items:
        if item.__class__ is not str:
            scalars = [one for one in items if isinstance(one, str | int | float) and not isinstance(one, bool)]
            return tuple(map(str, scalars))
    return tuple(items)


@cache
def _steps(path: str) -> tuple[str, str]:
    name, _, member = path.partition(".")
    return name, member
