"""Any bytes give records, findings, or UnreadableFile: a short run of each target of fuzz_tables.py."""

from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.records import fuzz_tables

SLOW = {"workbook": 12}  # each run starts a process


@pytest.mark.parametrize("name", fuzz_tables.TARGETS)
def test_changed_files(name):
    target, seeds = fuzz_tables.TARGETS[name]
    for data in seeds:
        target(data)
    for seed in range(SLOW.get(name, 150)):
        rng = Random(seed)
        target(fuzz_tables.mutated(rng.choice(seeds), rng))


@pytest.mark.parametrize("name", [name for name in fuzz_tables.TARGETS if name not in SLOW])
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.one_of(st.binary(max_size=400), st.text(max_size=200).map(str.encode)))
def test_any_bytes(name, data):
    fuzz_tables.TARGETS[name][0](data)
