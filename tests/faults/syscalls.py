"""EIO and ENOSPC, by system call: strace looks on at a node's process and lets calls on its databases fail."""

from tests.faults import survey, tracing
from tests.faults.scene import Effect, Kind, Scene
from tests.faults.survey import Survey

_CALLS = {"EIO": tracing.CALLS, "ENOSPC": ("pwrite64", "ftruncate")}


def _night(scene: Scene, error: str) -> Effect:
    """Let calls on the files of one node fail: the nth of a thread; or it and all, or each third, of those after."""
    chance, federation = scene.chance, scene.federation
    place = scene.place_of(survey.rounds(_places(scene.survey, error), _code, scene.seed))
    origin, call, nth = place.split()
    federation.start()
    kind = chance.random()
    when = nth if kind < 0.4 else f"{nth}+" if kind < 0.7 else f"{nth}+3"
    home = scene.place.home(origin).path
    tracer = tracing.attach(federation.running[origin].pid, home, scene.folder, (call,), error, when)
    try:
        federation.night()
    finally:
        tracer.terminate()
        tracer.wait()
    injected = tracing.injected(scene.folder)
    if federation.running[origin].runs and chance.random() < 0.5:
        federation.stop(origin)  # a person starts it anew; or it goes on as it is
    return Effect(int(injected > 0), f"{origin}: {error} from {call} {injected} times, from {nth} on", (), (place,))


def _places(found: Survey, error: str) -> list[str]:
    """Return "node call n" for each call on a node's files in a night, counted by thread as strace does."""
    return [
        f"{origin} {call} {nth}"
        for (origin, call), most in sorted(found.syscalls.items())
        if call in _CALLS[error]
        for nth in range(1, most + 1)
    ]


def _code(place: str) -> str:
    """Return the call by its number's size: the first, then those to 4, to 16, to 64 and so on."""
    origin, call, nth = place.split()
    return f"{origin} {call} {int(nth).bit_length() // 2}"


def _kind(error: str, does: str) -> Kind:
    return Kind(
        error.lower(),
        does,
        lambda scene: _night(scene, error),
        share=6,
        needs="strace",
        survey="syscalls",
        places=lambda found: _places(found, error),
        code=_code,
    )


KINDS = [
    _kind("EIO", "EIO from write and sync calls on a node's databases"),
    _kind("ENOSPC", "ENOSPC from writes to a node's databases"),
]
