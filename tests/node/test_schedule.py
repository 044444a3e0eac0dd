"""Windows, catch-up and back-off by table and property; and the scheduler with a clock of our own."""

import threading
import time
from datetime import date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node import schedule
from node.errors import Interrupted, NotJoined
from node.notebook import Notebook
from node.schedule import Job, Night, Window
from sync.errors import SlowDown

CHINA = ZoneInfo("Asia/Shanghai")
NIGHT = Window.parse("23:00-02:30", CHINA)
MORNING = Window.parse("02:30-05:00", CHINA)
HOUR = 3600
ZONES = st.sampled_from([CHINA, ZoneInfo("Europe/Berlin"), ZoneInfo("America/St_Johns"), ZoneInfo("UTC")])
CLOCKS = st.tuples(st.integers(0, 23), st.integers(0, 59)).map(lambda one: f"{one[0]:02d}:{one[1]:02d}")
WINDOWS = st.builds(
    lambda ends, zone: Window.parse("-".join(ends), zone),
    st.tuples(CLOCKS, CLOCKS).filter(lambda one: one[0] != one[1]),
    ZONES,
)
SPRING, AUTUMN = 1_774_746_000, 1_792_890_000  # when clocks change in Berlin, 2026
TIMES = st.one_of(
    st.floats(1_600_000_000, 2_000_000_000, allow_nan=False),
    st.floats(SPRING - 90_000, SPRING + 90_000),
    st.floats(AUTUMN - 90_000, AUTUMN + 90_000),
)
OFFSETS = st.floats(0, 1, exclude_max=True)


def at(text, zone=CHINA):
    return datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()


@pytest.mark.parametrize(
    "text", ["", "23:00", "24:00-01:00", "1:00-2:00", "01:00-01:00", "٠١:00-02:00", "01:00-02:00 "]
)
def test_only_what_is_plain_is_a_window(text):
    with pytest.raises(ValueError, match=f"^{text}$"):
        Window.parse(text, CHINA)


@pytest.mark.parametrize(
    ("window", "now", "last_ok", "due"),
    [
        (NIGHT, "2026-11-22T22:59:59", None, False),
        (NIGHT, "2026-11-22T23:00:00", None, True),
        (NIGHT, "2026-11-23T02:29:59", None, True),
        (NIGHT, "2026-11-23T02:30:00", None, False),
        (NIGHT, "2026-11-23T12:00:00", None, False),
        (NIGHT, "2026-11-23T01:00:00", "2026-11-22T23:00:00", False),
        (NIGHT, "2026-11-23T01:00:00", "2026-11-22T22:59:59", True),
        (NIGHT, "2026-11-23T01:00:00", "2026-11-10T23:30:00", True),
        (NIGHT, "2026-11-23T23:00:00", "2026-11-23T02:00:00", True),
        (MORNING, "2026-11-23T02:29:59", None, False),
        (MORNING, "2026-11-23T04:59:59", None, True),
        (MORNING, "2026-11-23T05:00:00", None, False),
    ],
)
def test_a_job_is_due_once_in_its_window_also_late(window, now, last_ok, due):
    assert schedule.due(at(now), window, 0.0, at(last_ok) if last_ok else None) is due


def test_the_offset_is_steady_and_inside_the_first_part_of_the_window():
    origins = [f"ip.gd.example/gz/o{n}" for n in range(1000)]
    shares = [schedule.share(one) for one in origins]
    assert shares == [schedule.share(one) for one in origins]
    assert 0 <= min(shares) < 0.05
    assert 0.95 < max(shares) < 1
    span = NIGHT.latest(at("2026-11-23T00:00:00"))
    assert schedule.starts_at(span, 0.0) == at("2026-11-22T23:00:00")
    assert schedule.starts_at(span, 1.0) == at("2026-11-22T23:00:00") + 0.6 * 3.5 * HOUR
    assert not schedule.due(at("2026-11-22T23:10:00"), NIGHT, 0.5, None)


def test_the_deadline_is_the_end_of_the_window():
    assert schedule.deadline(at("2026-11-22T23:30:00"), NIGHT) == at("2026-11-23T02:30:00")
    assert schedule.deadline(at("2026-11-23T02:00:00"), NIGHT) == at("2026-11-23T02:30:00")


def test_a_clock_that_is_put_forward_or_back_moves_the_window_with_it():
    berlin = ZoneInfo("Europe/Berlin")
    window = Window.parse("01:00-04:00", berlin)
    long, short = (window.on(date.fromisoformat(day)) for day in ("2026-10-25", "2026-03-29"))
    assert [round((end - start) / HOUR) for start, end in (long, short)] == [4, 2]
    swallowed = Window.parse("02:30-03:00", berlin).on(date(2026, 3, 29))
    assert swallowed[1] - swallowed[0] == HOUR / 2


@given(WINDOWS, TIMES, OFFSETS, st.none() | TIMES)
def test_next_time_is_the_first_moment_at_which_the_job_is_due(window, now, offset, last_ok):
    last_ok = None if last_ok is None else min(last_ok, now)
    when = schedule.next_time(now, window, offset, last_ok)
    assert when >= now
    assert schedule.due(when, window, offset, last_ok)
    assert schedule.due(now, window, offset, last_ok) == (when == now)
    if when > now:
        for share in (0.1, 0.5, 0.9, 0.999):
            assert not schedule.due(now + (when - now) * share, window, offset, last_ok)


@given(WINDOWS, TIMES, OFFSETS)
def test_work_that_is_due_has_time_left_and_is_done_after_one_good_run(window, now, offset):
    when = schedule.next_time(now, window, offset, None)
    start, end = window.latest(when)
    assert start <= when < schedule.deadline(when, window) == end
    assert not schedule.due(when, window, offset, when)
    assert not schedule.due(end - 1e-3, window, offset, when)
    assert schedule.next_time(when, window, offset, when) > end - 2 * HOUR


@given(WINDOWS, TIMES, OFFSETS, st.integers(1, 5))
def test_after_nights_of_downtime_one_run_catches_up(window, now, offset, nights):
    first = schedule.next_time(now, window, offset, None)
    back = schedule.next_time(first + nights * 86_400, window, offset, first)
    assert back <= first + (nights + 1) * 86_400 + 2 * HOUR
    assert schedule.due(back, window, offset, first)


def test_waiting_after_failures_doubles_to_half_an_hour():
    assert [schedule.retry_at(n, 1000) - 1000 for n in range(8)] == [0, 60, 120, 240, 480, 960, 1800, 1800]


class Clock:
    def __init__(self, now):
        self.now = now

    def __call__(self):
        return self.now


@pytest.fixture
def notebook(tmp_path):
    return Notebook.create(tmp_path / "node.db")


def night(notebook, clock, run, window=NIGHT):
    job = Job("sync", window, run)
    return Night([job], notebook, clock, "ip.gd.example/gz/scut"), job


def test_a_tick_runs_what_is_due_with_the_deadline_and_writes_it_down(notebook):
    clock, seen = Clock(at("2026-11-22T22:00:00")), []
    made, job = night(notebook, clock, lambda deadline, stop: seen.append((deadline, stop.is_set())))
    assert not made.tick(job)
    clock.now = made.next_times()["sync"]
    assert made.tick(job)
    assert seen == [(at("2026-11-23T02:30:00"), False)]
    assert notebook.last_ok("sync") == clock.now
    clock.now += HOUR / 2
    assert not made.tick(job)


def test_a_parent_that_is_asked_too_much_says_when_to_come_back(notebook):
    clock, tries = Clock(at("2026-11-22T23:00:00")), []

    def run(_deadline, _stop):
        tries.append(clock.now)
        if len(tries) == 1:
            raise SlowDown("bytes", "ip.gd.example/gz/scut", 700)

    made, job = night(notebook, clock, run)
    clock.now = start = made.next_times()["sync"]
    while clock.now < start + 1500:
        made.tick(job)
        clock.now += 60
    assert tries == [start, start + 720]


def test_failures_are_written_down_and_tried_again_with_growing_pauses(notebook):
    clock, tries = Clock(at("2026-11-22T23:00:00")), []

    def run(_deadline, _stop):
        tries.append(clock.now)
        raise NotJoined("ip.gd.example") if len(tries) % 2 else RuntimeError("broken")

    made, job = night(notebook, clock, run)
    clock.now = start = made.next_times()["sync"]
    while clock.now < at("2026-11-23T02:30:00"):
        made.tick(job)
        clock.now += 60
    gaps = [round((later - sooner) / 60) for sooner, later in pairwise(tries)]
    assert tries[0] == start
    assert gaps[:6] == [1, 2, 4, 8, 16, 30][: len(gaps)]
    assert set(gaps[5:]) <= {30}
    assert {one.outcome for one in notebook.runs()} == {"failed"}
    assert notebook.runs()[-1].detail.startswith("NotJoined: ")
    clock.now = made.next_times()["sync"]
    assert made.tick(job), "another night, another try at once"


@pytest.mark.parametrize("outcome", ["ok", "failed"])
def test_a_clock_that_was_a_year_ahead_for_one_night_costs_no_further_nights(notebook, outcome):
    clock, tries = Clock(at("2027-11-22T23:00:00")), []

    def run(_deadline, _stop):
        tries.append(clock.now)
        if outcome == "failed" and len(tries) == 1:
            raise NotJoined("ip.gd.example")

    made, job = night(notebook, clock, run)
    clock.now = made.next_times()["sync"]
    assert made.tick(job)
    for evening in ("2026-11-23T12:00:00", "2026-11-24T12:00:00"):
        clock.now = at(evening)
        clock.now = made.next_times()["sync"]
        assert made.tick(job)
        clock.now += 60
        assert not made.tick(job), "once a night"


def test_a_stopped_job_is_interrupted_and_due_again_after_restart(notebook):
    clock = Clock(at("2026-11-23T02:00:00"))

    def run(_deadline, stop):
        assert stop.wait(10)
        raise Interrupted("sync")

    made, _job = night(notebook, clock, run)
    made.start()
    wait_for(lambda: notebook.runs())
    began = time.monotonic()
    made.stop()
    assert time.monotonic() - began < 5
    assert [one.outcome for one in notebook.runs()] == ["interrupted"]
    again, job = night(notebook, clock, lambda deadline, stop: None)
    assert again.tick(job)
    assert not made.tick(job), "a stopped night runs nothing more"


def test_jobs_run_at_start_beside_each_other_and_never_twice_at_once(notebook):
    clock, going, release = Clock(at("2026-11-23T02:00:00")), [], threading.Event()

    def run(_deadline, _stop):
        going.append(threading.get_ident())
        release.wait(10)

    made = Night([Job("sync", NIGHT, run), Job("apply", NIGHT, run)], notebook, clock, "ip.gd.example")
    made.start()
    wait_for(lambda: len(going) == 2)
    assert len(set(going)) == 2
    release.set()
    made.stop()
    assert sorted((one.job, one.outcome) for one in notebook.runs()) == [("apply", "ok"), ("sync", "ok")]


def wait_for(what, seconds=10):
    """Return when `what` holds; the scheduler's own threads make it hold."""
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until
        threading.Event().wait(0.01)


def test_a_window_of_days_in_a_row_begins_daily():
    now, starts = at("2026-11-22T12:00:00"), []
    for _day in range(5):
        now = NIGHT.following(now)[0]
        starts.append(now)
    assert {later - sooner for sooner, later in pairwise(starts)} == {timedelta(days=1).total_seconds()}
