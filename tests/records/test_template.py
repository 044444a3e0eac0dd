"""Key templates, and what a path of a record leads to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.template import Template, stated


@pytest.mark.parametrize(
    ("text", "fields", "keys"),
    [
        ("a:{no}", {"no": "1"}, ("a:1",)),
        ("a:{no}", {}, ()),
        ("a:{no}", {"no": ""}, ("a:",)),
        ("a:{office=CN}:{no}", {"no": "1"}, ("a:CN:1",)),
        ("a:{office=CN}:{no}", {"office": "US", "no": "1"}, ("a:US:1",)),
        ("a:{office=CN}:{no}", {"office": "US"}, ()),
        ("a:{x|y}/{z=-}", {"y": "2"}, ("a:2/-",)),
        ("a:{x|y}/{z=-}", {"x": "1", "y": "2", "z": "3"}, ("a:1/3",)),
        ("a:pub/{p.no}", {"p": [{"no": "1"}, {"date": "x"}, {"no": "2"}]}, ("a:pub/1", "a:pub/2")),
        ("a:{p.no}/{q}", {"p": [{"no": "1"}, {"no": "2"}], "q": ["x", "y"]}, ("a:1/x", "a:1/y", "a:2/x", "a:2/y")),
        ("a:{n}", {"n": 5}, ("a:5",)),
        ("a:{amount.value}", {"amount": {"value": 50.5}}, ("a:50.5",)),
        ("a:{flag=-}", {"flag": True}, ("a:-",)),
        ("a:{e=}", {}, ("a:",)),
        ("a:{x|y:3=-}/{z}", {"y": "灯光照明", "z": "12345"}, ("a:灯光照/12345",)),
        ("a:{p.no:2}", {"p": [{"no": "123"}, {"no": "4"}]}, ("a:12", "a:4")),
        ("a:{x:3=-}", {}, ("a:-",)),
        ("a:all", {}, ("a:all",)),
    ],
)
def test_keys_are_filled_in(text, fields, keys):
    assert Template.parse(text).fill(fields) == keys


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("a:{office=CN}:{no}", "a:CN:7"),
        ("a:{no}", "a:7"),
        ("a:{x|y}/{z=-}", "a:7/-"),
        ("a:{x}/{y}", None),
        ("a:all", None),
    ],
)
def test_a_value_alone_fills_the_one_hole_that_needs_one(text, key):
    assert Template.parse(text).of_value("7") == key


@pytest.mark.parametrize(
    ("path", "texts"),
    [
        ("title", ("灯",)),
        ("names", ("甲", "乙")),
        ("owners.name", ("甲",)),
        ("amount.value", ("5",)),
        ("amount", ()),
        ("owners", ("x",)),
        ("title.name", ()),
        ("none", ()),
        ("none.name", ()),
        ("flag", ()),
    ],
)
def test_a_path_leads_to_texts(path, texts):
    fields = {
        "title": "灯",
        "names": ["甲", "乙", {"x": "y"}, True],
        "owners": [{"name": "甲"}, "x", {"uscc": "1"}],
        "amount": {"value": 5},
        "flag": False,
    }
    assert stated(fields, path) == texts


LEAVES = st.sampled_from(["1", "灯", "", None, 5, True])
FIELDS = st.dictionaries(
    st.sampled_from(["a", "b", "p"]),
    LEAVES | st.lists(LEAVES | st.dictionaries(st.sampled_from(["no", "date"]), LEAVES), max_size=2),
)


@given(FIELDS)
def test_one_text_in_each_hole_is_filled_in_as_many_are(fields):
    for text in ("x:{a}", "x:{a=CN}:{b}", "x:{a|b}", "x:{a|b:1=-}/{p.no}", "x:{p.no:2}:{a=}", "x:{p.no=-}", "x:{p}"):
        template = Template.parse(text)
        assert template.fill(fields) == template.combinations(fields), text


@given(FIELDS)
def test_a_path_leads_to_every_text_and_number(fields):
    for path in ("a", "p", "p.no"):
        name, _, member = path.partition(".")
        value = fields.get(name)
        items = value if isinstance(value, list) else [value]
        if member:
            items = [one[member] for one in items if isinstance(one, dict) and member in one]
        kept = [one for one in items if isinstance(one, str | int) and not isinstance(one, bool)]
        assert stated(fields, path) == tuple(map(str, kept))
