"""The demo as people run it: a process of its own that starts eight more; what it counts, and what it leaves behind."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from base64 import b64decode, b64encode
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
import python_calamine

from catalog import search, showing, views
from deploy.federation import Federation
from deploy.night import HUB, MEMBERS, OUTLETS, UNIVERSITY
from node import cataloguing
from node.home import Home
from node.node import Node

ROOT = Path(__file__).resolve().parents[2]
ENVIRON = {name: value for name, value in os.environ.items() if not name.startswith("BANYAN_")} | {"LANG": "C.UTF-8"}


@dataclass
class Run:
    """A finished demo: its answer, what it told people, and where its homes are."""

    answer: dict[str, Any]
    told: str
    home: Path

    def node(self, label: str) -> Node:
        return Node.open(Home.open(self.home / label), {})


def command(home: Path, *more: str) -> list[str]:
    return [sys.executable, "-m", "deploy.demo", "--json", "--home", str(home), *more]


def run(home: Path, *more: str) -> Run:
    done = subprocess.run(command(home, *more), cwd=ROOT, env=ENVIRON, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr + done.stdout
    return Run(json.loads(done.stdout.splitlines()[-1]), done.stderr, home)


def processes_at(home: Path) -> list[list[str]]:
    """Command lines of the processes that have this directory among their arguments."""
    lines = [one.info["cmdline"] or [] for one in psutil.process_iter(["cmdline"])]
    return [line for line in lines if any(part.startswith(str(home)) for part in line)]


@pytest.fixture(scope="module")
def made_up(tmp_path_factory):
    return run(tmp_path_factory.mktemp("demo") / "made", "--records", "402")


@pytest.fixture(scope="module")
def real(tmp_path_factory, shared_data):
    file = shared_data / "pss_xls" / "专利_34304.xls"
    return run(tmp_path_factory.mktemp("demo") / "real", "--records", "60", "--data", str(file))


def test_everything_that_was_filed_reaches_the_hub_and_only_changes_travel_again(made_up):
    answer = made_up.answer
    assert (answer["imported"], answer["substation"], answer["hub"]) == (402, 402, 402)
    assert answer["failures"] == []
    assert answer["evidence"] == "verified"
    assert answer["receipts"] == ["substation", "alliance", "hub"]
    assert answer["second_sync_entries"] == answer["changed"] + answer["withdrawn"] == 4 * 5 + 1 + 4
    assert 0 < answer["seconds"] < 300


def test_what_was_found_is_what_the_files_hold(made_up):
    files = [path for path in (made_up.home / "files").glob("*.csv") if "更新" not in path.name]
    rows = [line for path in files for line in path.read_text("utf-8-sig").splitlines()[1:]]
    assert len(rows) == 402
    assert len(made_up.answer["word"]) == 2
    assert made_up.answer["found"] == sum(made_up.answer["word"] in row for row in rows) > 0


def test_the_university_is_in_its_city_and_in_the_alliance_and_counts_once(made_up):
    by_node = made_up.answer["by_node"]
    assert sorted(by_node.values()) == [100, 100, 101, 101, 101, 201, 201, 402]
    assert by_node[f"{HUB}/led"] == by_node[UNIVERSITY] == 101
    assert sum(by_node[one] for one in OUTLETS) == by_node[HUB]


def test_the_summary_tells_people_the_same_numbers(made_up):
    assert "Imported: 402 records." in made_up.told
    assert "402 rights at the substations, 402 at the hub" in made_up.told
    assert "PROVED." in made_up.told
    assert "made up" in made_up.told


def test_the_second_night_left_corrections_and_withdrawals_at_the_hub(made_up):
    with made_up.node("hub").opened() as opened, cataloguing.catalogue(made_up.node("hub")) as catalogue:
        counts = catalogue.counts()
        assert (counts["rights"], counts["tombstones"], counts["quarantined"]) == (398, 4, 0)
        assert {log.origin: log.stored for log in opened.store.logs() if log.origin in OUTLETS} == {
            origin: 1 + made_up.answer["by_node"][origin] + 5 + 1 + 3 + 3 * (origin == UNIVERSITY) for origin in OUTLETS
        }  # genesis, records, changed by file, withdrawn, who did these three; corrected by hand, by whom, granted


def altered(evidence: bytes) -> bytes:
    """The same evidence about a record whose title begins otherwise; the text stands in it as base64."""
    for line in evidence.splitlines():
        plain = b64decode(line.removeprefix(b"extra ")) if line.startswith(b"extra ") else b""
        if "一种".encode() in plain:
            other = b64encode(plain.replace("一种".encode(), "二种".encode()))
            return evidence.replace(line, b"extra " + other)
    raise AssertionError("the evidence does not hold the title")


def test_altered_evidence_is_refused(made_up, tmp_path):
    evidence = (made_up.home / "evidence.txt").read_bytes()
    verify = [str(Path(sys.executable).with_name("banyan-verify")), "--root", "federation.root", "proof.txt"]
    (tmp_path / "federation.root").write_bytes((made_up.home / "hub" / "federation.root").read_bytes())
    codes = []
    for text in (evidence, altered(evidence)):
        (tmp_path / "proof.txt").write_bytes(text)
        codes.append(subprocess.run(verify, cwd=tmp_path, env={}, capture_output=True).returncode)
    assert codes == [0, 1]


def test_nothing_goes_on_running_and_no_token_stays(made_up):
    assert processes_at(made_up.home) == []
    assert list((made_up.home / "tokens").iterdir()) == []
    assert (made_up.home.stat().st_mode & 0o777) == 0o700


def test_a_place_that_is_not_empty_is_refused_in_one_sentence(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    done = subprocess.run(command(tmp_path), cwd=ROOT, env=ENVIRON, capture_output=True, encoding="utf-8")
    assert done.returncode == 1
    assert json.loads(done.stdout)["error"] == "HomeExists"
    assert len(done.stderr.splitlines()) == 1
    assert [one.name for one in tmp_path.iterdir()] == ["mine.txt"]


def test_ended_half_way_it_stops_what_it_started(tmp_path):
    home = tmp_path / "fed"
    process = subprocess.Popen(
        command(home, "--records", "20"), cwd=ROOT, env=ENVIRON, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    until = time.monotonic() + 120
    ready = home / "logs" / "gz.ready"
    while not (ready.exists() and b"ready" in ready.read_bytes()):
        assert process.poll() is None
        assert time.monotonic() < until
        time.sleep(0.05)
    assert len(processes_at(home)) > 2  # the demo, the hub, a substation at least
    process.send_signal(signal.SIGTERM)
    said, _ = process.communicate(timeout=120)
    assert (process.returncode, json.loads(said)["error"]) == (1, "Aborted")
    assert processes_at(home) == []


def test_kept_nodes_answer_until_they_are_stopped(tmp_path):
    kept = run(tmp_path / "fed", "--records", "20", "--keep")
    pids = kept.answer["pids"]
    try:
        assert set(pids) == {one.origin for one in MEMBERS}
        assert all(psutil.pid_exists(pid) for pid in pids.values())
        assert "kill " + " ".join(str(pid) for pid in pids.values()) in kept.told
        program = str(Path(sys.executable).with_name("banyan-outlet"))
        line = [program, "--home", str(kept.home / "szu"), "--json", "search", "照明", "--scope", "province"]
        found = json.loads(subprocess.run(line, env=ENVIRON, capture_output=True, check=True).stdout)
        assert found["total"] > 0  # asked through the city's door at the hub's
    finally:
        for pid in pids.values():
            os.kill(pid, signal.SIGTERM)
    _gone, alive = psutil.wait_procs([psutil.Process(pid) for pid in pids.values() if psutil.pid_exists(pid)], 30)
    assert not alive


# -- the real file ----------------------------------------------------------------------------------------------------


def real_rows(shared_data: Path) -> list[dict[str, str]]:
    """The rows as the workbook has them, read without any of our own code."""
    book = python_calamine.load_workbook(str(shared_data / "pss_xls" / "专利_34304.xls"))
    headings, *rows = book.get_sheet_by_index(0).to_python()
    return [dict(zip(headings, map(str, row), strict=True)) for row in rows]


def written_forms(number: str) -> list[str]:
    """Ways in which people write an application number CN201610859128.2."""
    plain = number.removeprefix("CN")
    body, digit = plain.split(".")
    wide = "".join(chr(ord(one) + 0xFEE0) for one in number)
    spaced = f"ZL {body[:4]} {body[4]} {body[5:]}.{digit}"
    return [number, plain, f"ZL{plain}", f"zl{plain}", body + digit, f"CN{body}{digit}", body, wide, spaced]


def test_every_row_of_the_real_file_is_accounted_for(real):
    told = real.answer["imports"][UNIVERSITY]
    assert told["rows"] == told["sealed"] + told["unchanged"] + told["refused"] == 110
    assert (real.answer["imported"], real.answer["hub"], real.answer["evidence"]) == (170, 170, "verified")
    assert real.answer["by_node"][f"{HUB}/led"] == 110
    for submission in real.node("szu").notebook.submissions():
        accounted = submission.sealed + submission.unchanged + submission.refused
        assert accounted == submission.rows == 110
    again = real.node("szu").notebook.submission(2)
    assert (again.sealed, again.unchanged + again.refused) == (0, 110)


def test_real_records_are_found_at_the_hub_by_title_applicant_and_number(real, shared_data):
    rows = real_rows(shared_data)
    assert len(rows) == 110

    def numbers(**asked: str) -> set[str]:
        page = search.find(catalogue, search.Query(limit=1000, **asked), views.FULL)
        assert page.total == len(page.hits)
        return {hit.number for hit in page.hits}

    with cataloguing.catalogue(real.node("hub")) as catalogue:
        for row in rows:
            number = row["申请号"].removeprefix("CN")
            assert number in numbers(words=row["专利名称"])
            for word in re.findall("[\u4e00-\u9fff]{2}", row["专利名称"]):
                assert number in numbers(words=word, applicant="深圳大学"), word
            for form in written_forms(row["申请号"]):
                assert numbers(words=form) == {number}, form
                assert (showing.find_key(catalogue, form) or "").endswith(number), form
        assert numbers(applicant="深圳大学") == {row["申请号"].removeprefix("CN") for row in rows}


def test_the_word_is_counted_from_the_real_titles(real, shared_data):
    word = real.answer["word"]
    named = sum(word in row["专利名称"] for row in real_rows(shared_data))
    assert len(word) == 2
    assert real.answer["found"] >= named > 1


def test_classes_that_were_given_find_their_records(real):
    fed_file = real.home / "files" / "专利-0.csv"
    heading, *rows = (line.split(",") for line in fed_file.read_text("utf-8-sig").splitlines())
    place = heading.index("主分类号")
    given = next(row for row in rows if row[place])
    with cataloguing.catalogue(real.node("hub")) as catalogue:
        page = search.find(catalogue, search.Query(ipc=given[place], limit=1000), views.FULL)
    assert given[heading.index("申请号")].removeprefix("CN") in {hit.number for hit in page.hits}


def test_a_federation_reads_rights_page_by_page(made_up, monkeypatch):
    monkeypatch.setattr(search, "MAX_LIMIT", 50)
    fed = object.__new__(Federation)  # reading needs the path and the members only
    fed.path, fed.members = made_up.home, {one.origin: one for one in MEMBERS}
    assert len(fed.rights(HUB)) == 398
