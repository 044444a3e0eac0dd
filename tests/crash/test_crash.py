"""kill -9 of outlet, parent and importer at random moments, while the outlet goes on importing."""

import random
import time

import pytest

from tests.crash import invariants
from tests.crash.conftest import Federation
from tests.crash.resumption import Resumption
from tests.world import CITY, HUB, OUTLET

ROLES = ("child", "parent", "importer")
AIMS = {
    "child": ("sent", "asking", "shown", "upload", "acknowledged", "receipt", "signed", "committing", "committed"),
    "parent": ("take", "stored", "signed", "committing", "committed"),
    "importer": ("adding", "committing", "committed", "added"),
}
MAX_INTO_SESSION_S = 0.15
PATIENCE_S = 30.0


def kill_one(federation: Federation, role: str, chance: random.Random, aim: str | None) -> None:
    """Kill the process of that role, at `aim` or somewhere in a session, and start it again at once."""
    process = federation.running[role]
    if aim is None:
        federation.trace.await_event("asking", "child", federation.running["child"].pid, 1, PATIENCE_S)
        time.sleep(chance.uniform(0, MAX_INTO_SESSION_S))  # the random moment itself; nothing waits for it
    else:
        federation.trace.await_event(aim, role, process.pid, chance.randint(1, 6), PATIENCE_S)
    process.kill(federation.trace)
    federation.start(role, chance.getrandbits(32))


@pytest.mark.parametrize("kills", [12, pytest.param(200, marks=[pytest.mark.long, pytest.mark.timeout(1800)])])
def test_nothing_is_lost_doubled_or_sent_again_by_kills_at_random_moments(federation: Federation, kills: int) -> None:
    seed = random.SystemRandom().getrandbits(32)
    print(f"seed={seed} kills={kills}")
    chance = random.Random(seed)
    federation.world.shut(CITY)
    for role in ("parent", "child", "importer"):
        federation.start(role, chance.getrandbits(32))
    for number in range(kills):
        role = ROLES[number % len(ROLES)]
        aimed = number < len(ROLES) or chance.random() < 0.4
        aim = AIMS[role][0] if number < len(ROLES) else chance.choice(AIMS[role])
        kill_one(federation, role, chance, aim if aimed else None)
    for role in ("importer", "child", "parent"):  # the child's last session finds everything imported
        federation.running[role].finish()

    events = federation.trace.events()
    names = invariants.check(federation.child, federation.parent, events)
    invariants.check_batches(names, events)
    cost = Resumption(OUTLET).read(events)
    print(f"records={len(names)} {cost}")
    assert "Traceback" not in federation.said(), "an error that nobody caught"
    assert cost.kills == kills
    assert cost.interrupted >= kills // 12
    federation.world.sync(CITY)  # and what came so far goes on to the hub under the same signatures
    invariants.check_at_hub(federation.child, federation.world.nodes[HUB])
