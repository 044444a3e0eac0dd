"""The one look that passes the usual patent, against the tests of every field, which are its oracle."""

from itertools import product
from random import Random

import pytest

from deploy.madeup import made_up, write_csv
from records import checks, identifiers, kinds, reading, shape, statement

KINDS = ("patent_invention", "utility_model", "design")
DATES = ("2017-07-21", "2016-02-29", "2017-02-29", "2017-04-31", "2017-12-31", "2017-7-21", "20170721", "2017-07-21\n",
         "２０１７-07-21", "1917-07-21", "2017-13-01", "2017-00-10", "")  # fmt: skip
IPC = (
    "B65D 1/02",
    "B65D 01/02",
    "B65D 0/02",
    "B65D 1/020",
    "B65D 12345/02",
    "b65d 1/02",
    "B65D 1/02 ",
    "12-16",
    "B65D1/02",
)
LOCARNO = ("12-16", "21-01-C0293", "12-16(13)", "1216", "12-16\n")
PUBLICATIONS = ("CN107000001A", "CN107000001", "CN207000001U", "CN307000001S", "CN107000001B2", "CN1070000A",
                "CN187000001A", "CN107000001D", "cn107000001a", "CN107000001A\n", "CN907000001B")  # fmt: skip


def numbers():
    for body in ("201710601862", "201720601862", "201730601862", "201780601862", "200210601862", "209910601862",
                 "171060186200", "17106018", "201740601862"):  # fmt: skip
        right = identifiers.check_digit(body)
        yield from (
            f"{body}.{right}",
            f"{body}{right}",
            f"{body}.0",
            f"{body}.X",
            f"{body}.{right}\n",
            f"CN{body}.{right}",
        )


def plain(kind, fields):
    return shape.findings(kind, fields) or checks._each_field(kind, fields)


def agrees(kind, fields):
    """What is surely right has no findings; return whether it was."""
    sure = checks._is_surely_right(kind, fields)
    assert not (sure and plain(kind, fields)), fields
    return sure


@pytest.mark.parametrize("name", KINDS)
def test_what_is_surely_right_has_no_findings_whatever_is_changed(name):
    kind, sure = kinds.get(name), 0
    spans = list(product(DATES, repeat=2))
    for number in numbers():
        for filed, published in spans:
            sure += agrees(kind, {"application_no": number, "filing_date": filed, "publication_date": published})
    assert sure


@pytest.mark.parametrize("name", KINDS)
def test_lists_too(name):
    kind, rng, sure = kinds.get(name), Random(5), 0
    usual = {"patent_invention": "201710601862", "utility_model": "201720601862", "design": "201730601862"}[name]
    for _ in range(4_000):
        fields = {"application_no": f"{usual}.{identifiers.check_digit(usual)}", "filing_date": "2017-07-21"}
        if rng.random() < 0.7:
            fields["publications"] = [
                {"no": rng.choice(PUBLICATIONS), "date": rng.choice(DATES)} for _ in range(rng.choice((1, 1, 2)))
            ]
        if rng.random() < 0.5:
            fields["ipc"] = rng.choices(IPC, k=rng.choice((1, 2)))
        if rng.random() < 0.3:
            fields["locarno"] = [rng.choice(LOCARNO)]
        if rng.random() < 0.1:
            fields["owners"] = [{"name": "深圳大学", "uscc": rng.choice(("914403001922038216", "914403001922038217"))}]
        if rng.random() < 0.05:
            fields["unknown"] = "x"
        sure += agrees(kind, fields)
    assert sure


def test_made_up_patents_are_nearly_all_passed_by_one_look(tmp_path):
    write_csv(tmp_path / "rows.csv", made_up(3, 0, 500))
    found = list(statement.records(reading.recognise(tmp_path / "rows.csv")))
    sure = [agrees(kinds.get(one.kind), one.fields) for one in found if one]
    assert sum(sure) > 480


TEXTS = ["53696406", "0536", "G1234567", "53696406A", "9", "09", "45", "46", "0901", "4601", "901", "2016SR309930",
         "2016SR30993", "2016sr309930", "软著登字第0650314号", "软著登字第065031号", "国作登字-2016-F-00269796",
         "BS.18555922.0", "BS.18555922.1", "BS.185559220", "CNA20080376.X", "CNA20201002638", "AGI00122", "AGI122",
         "2006年第12号", "patent_invention:CN:201710601862.3", "patent_invention:CN:201710601862.4", "CN201710601862.3",
         "GR01", "XX99", "F10-F11", "F11", "44205", "4420", "440300", "81", "US", "UK", "CNY", "元", "2020-01-01",
         "2020-1-1", "2020-02-30", "914403001922038216", "914403001922038217", "102009000190429", "B65D 1/02",
         "Y02E 10/50", "X02E 10/50", "red", "exclusive", "甲", "甲\n", "", "A", "yes"]  # fmt: skip


def drawn(rng, spec):
    """Return a value of the field's type, of texts that are right somewhere; now and then one of another type."""
    if rng.random() < 0.02:
        return rng.choice([5, "x", ["x"], {"name": "x"}])
    if spec["type"] == "array":
        return [drawn(rng, spec["items"]) for _ in range(rng.choice((1, 1, 2)))]
    if spec["type"] == "object":
        members = spec.get("properties", {})
        chosen = {name for name in members if rng.random() < 0.4} | set(spec.get("required", ()))
        return {name: drawn(rng, members[name]) for name in chosen}
    if spec["type"] in ("number", "integer"):
        return rng.randrange(100)
    return rng.choice(spec.get("enum") or TEXTS)


@pytest.mark.parametrize("kind", kinds.all(), ids=lambda kind: kind.name)
def test_of_no_kind_anything_wrong_is_passed_by_one_look(kind):
    rng, sure = Random(kind.name), 0
    for _ in range(3_000):
        names = rng.sample(list(kind.fields), k=rng.choice((1, 1, 2)))
        names = [*names, *kind.schema.get("required", ())]
        sure += agrees(kind, {name: drawn(rng, kind.fields[name]) for name in names})
    assert sure


@pytest.mark.parametrize("office", ["US", "EP", "cn", "CN"])
def test_only_chinese_numbers_are_passed_by_one_look(office):
    fields = {"office": office, "application_no": "201710601862.3", "filing_date": "2017-07-21"}
    assert agrees(kinds.get("patent_invention"), fields) == (office == "CN")
