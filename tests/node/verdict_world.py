"""Nights of a small federation with bad records in it, as an older program would have sealed them."""

from dataclasses import replace

from catalog import showing
from node import cataloguing, settings, told, verdicts
from node.node import Node
from node.verdicts import Answered
from records import body, identifiers
from records.body import Record
from tests.world import ALLIANCE, CITY, HUB, OUTLET, World


def number(count: int, good: bool = True) -> str:
    """Return an application number of a made-up invention, with its check digit, or with a wrong one."""
    digits = f"20171{count:07d}"
    right = identifiers.check_digit(digits)
    return f"{digits}.{right if good else '0' if right != '0' else '1'}"


def key(count: int, good: bool = True) -> str:
    return f"patent_invention:CN:{number(count, good)}"


def patent(count: int, good: bool = True, title: str = "一种照明装置") -> bytes:
    """Return the body of a record; a bad one has a wrong check digit."""
    fields = {"application_no": number(count, good), "filing_date": "2017-07-21", "title": title}
    return body.encode(Record(key(count, good), "assert", "patent_invention", 1, fields))


def late(count: int, filed: str = "2017-07-21", published: str = "2016-01-01") -> bytes:
    """Return the body of a record that was published before it was filed, unless told otherwise."""
    fields = {"application_no": number(count), "filing_date": filed, "title": "灯", "publication_date": published}
    return body.encode(Record(key(count), "assert", "patent_invention", 1, fields))


class Nights:
    """A hub, a city and an outlet; their nights by hand."""

    def __init__(self, world: World, *roles: tuple[str, str, tuple[str, ...]]):
        self.world = world
        world.hub()
        world.node(CITY, "substation", HUB)
        world.node(OUTLET, "outlet", CITY)
        for origin, role, parents in roles:
            world.node(origin, role, *parents)

    def node(self, origin: str) -> Node:
        node = self.world.nodes[origin]
        return replace(node, settings=settings.load(node.home, {}))

    def sync(self, *origins: str) -> None:
        for origin in origins:
            for parent in self.node(origin).settings.parents:
                self.world.sync(origin, parent.origin)
            cataloguing.apply(self.node(origin))

    def later(self, seconds: float = 10.0) -> None:
        """Let time pass: what got a receipt in the same second counts as judged the next time only."""
        self.world.clock.ahead += seconds

    def substation(self, origin: str = CITY) -> Answered:
        self.later()
        done = verdicts.decide(self.node(origin))
        self.sync(origin)
        return done

    def hub(self) -> Answered:
        self.later()
        done = verdicts.decide(self.node(HUB))
        with self.node(HUB).opened() as opened:
            opened.seal_as_hub()
        cataloguing.apply(self.node(HUB))
        return done

    def outlets(self) -> list[str]:
        return [one for one in self.world.nodes if self.node(one).settings.role == "outlet"]

    def substations(self) -> list[str]:
        return [one for one in self.world.nodes if self.node(one).settings.role in ("substation", "alliance")]

    def night(self) -> dict[str, Answered]:
        """Outlets call, substations answer and call, the hub answers; its word comes down. Return what was answered."""
        self.sync(*self.outlets())
        done = {one: self.substation(one) for one in self.substations()}
        done[HUB] = self.hub()
        self.sync(*self.substations(), *self.outlets())
        return done

    def entries(self, origin: str) -> int:
        """How many entries a node's own log has."""
        with self.node(origin).opened() as opened:
            return opened.own.log.next_entry

    def kept_out(self, origin: str, of: str = OUTLET) -> list[str]:
        """The keys that a tier keeps out of its catalogue."""
        with cataloguing.catalogue(self.node(origin)) as found:
            return sorted(one.key for one in showing.quarantine(found, of, limit=-1))

    def rights(self, origin: str) -> int:
        with cataloguing.catalogue(self.node(origin)) as found:
            return int(found.counts()["rights"])  # type: ignore[arg-type]

    def tier(self, origin: str, at: str = OUTLET) -> told.Tier:
        """What a node has been told by a tier above it."""
        return next(one for one in told.tiers(self.node(at)) if one.origin == origin)

    def told(self, origin: str, at: str = OUTLET) -> list[str]:
        """The keys that a node knows a tier above keeps out."""
        tier = self.tier(origin, at)
        assert not tier.unreadable
        return sorted(found[1].key for place in tier.kept_out() if (found := tier.detail(place)))

    def stages(self, first: int, last: int, at: str = OUTLET) -> dict[str, int]:
        node = self.node(at)
        return told.Stages(node, told.tiers(node)).count(first, last)


__all__ = ["ALLIANCE", "CITY", "HUB", "OUTLET", "Nights", "key", "late", "number", "patent"]
