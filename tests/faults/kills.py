"""SIGKILL exactly before and exactly after each write and each call of a night."""

import re

from tests.faults import survey
from tests.faults.hooks import Site
from tests.faults.processes import Process
from tests.faults.scene import Effect, Kind, Scene
from tests.faults.survey import Survey

_CALL = re.compile(r"(call|serve) ")


def _night(scene: Scene, when: str, calls: bool) -> Effect:
    """Let one node die at a site of this kind; go through all of them before one comes again."""
    found = _places(scene.survey, when, calls)
    place = scene.place_of(survey.rounds(list(found), _code, scene.seed))
    origin, site = found[place]
    federation = scene.federation
    federation.start({origin: lambda _origin, home: Process.start(home, federation.errors, chosen=site)})
    federation.night()
    killed = federation.running[origin]
    seen = f"{origin} {killed.pid} killed {site}" if killed.was_killed else ""
    return Effect(int(killed.was_killed), seen, (), (place,))


def _places(found: Survey, when: str, calls: bool) -> dict[str, tuple[str, Site]]:
    """Return node and site by "node site", of all sites of one kind that a night passes."""
    return {
        f"{origin} {site}": (origin, site)
        for origin, passed in sorted(found.sites.items())
        for site in passed
        if site.when == when and bool(_CALL.match(site.what)) == calls
    }


def _code(place: str) -> str:
    """Return what is written or called by which node, without how often it was before."""
    return place.rpartition(" ")[0]


def _kind(when: str, calls: bool) -> Kind:
    what = "call" if calls else "write"
    return Kind(
        f"sigkill-{when}-{what}",
        f"SIGKILL of a node's process exactly {when} a {what} of the night",
        lambda scene: _night(scene, when, calls),
        share=6 if calls else 16,
        survey="sites",
        places=lambda found: list(_places(found, when, calls)),
        code=_code,
    )


KINDS = [_kind(when, calls) for calls in (False, True) for when in ("before", "after")]
