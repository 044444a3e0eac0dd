"""One record as a page."""

from node import record_page
from records import kinds


def test_events_of_one_day_are_told_apart_by_what_else_they_say():
    right = "patent_invention:CN:201710601862.3"
    events = [
        {
            "key": f"listing:{right}/2022-01-01/-/{value}",
            "kind": "listing",
            "status": "",
            "origin": "ip.example/gz/a",
            "fields": {
                "right": right,
                "date": "2022-01-01",
                "amount": {"value": value, "currency": "CNY"},
                "parties": [{"name": "甲公司", "role": "seller"}],
                "raw": {"amount": f"{value}元"},
            },
        }
        for value in (100000, 200000)
    ]
    record = {
        "key": right, "kind": "patent_invention", "also": [], "state": "current", "status": "", "status_from": "",
        "fields": {}, "sources": {}, "conflicts": {}, "others": [], "contested": {}, "events": events, "assertions": [],
    }  # fmt: skip
    page = list(record_page.lines(record, kinds.BUILT_IN, {"ip.example/gz/a": "华工"}, True))
    said = [line.split("  ") for line in page if line.startswith("2022-01-01")]
    assert [[cell.strip() for cell in cells if cell] for cells in said] == [
        ["2022-01-01", "挂牌", "甲公司", f"金额 {value}, CNY", "华工 (ip.example/gz/a)"] for value in (100000, 200000)
    ]
