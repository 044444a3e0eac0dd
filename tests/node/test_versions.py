"""The parts of a new version: what each audience is told."""

from catalog.filed import Filed
from node.versions import version
from records import body
from records.body import Record

STATED = {"name": "甲", "affiliation": "某大学", "contact": "123"}


def expert(**changed):
    return Record("expert:甲/某大学", "assert", "expert", 1, {**STATED, **changed})


def told(parts):
    """Return what the parts say: operation and fields by audience."""
    said = {audience: body.decode(content) for audience, content in parts}
    return {audience: (record.op, sorted(record.fields)) for audience, record in said.items()}


def filed(parts):
    return Filed(0, tuple((audience, body.decode(content)) for audience, content in parts))


def test_a_field_that_is_narrower_is_left_out_of_the_wider_part():
    parts = version(expert(), None)
    assert told(parts) == {
        "federation": ("assert", ["affiliation", "name"]),
        "path": ("assert", ["affiliation", "contact", "name"]),
    }
    assert filed(parts).record.fields == STATED


def test_a_chosen_audience_keeps_it_narrow_too():
    assert told(version(expert(), None, audience="alliance:led")) == {
        "alliance:led": ("assert", ["affiliation", "name"]),
        "path": ("assert", ["affiliation", "contact", "name"]),
    }
    assert told(version(expert(), None, audience="path")) == {"path": ("assert", ["affiliation", "contact", "name"])}


def test_whoever_saw_the_key_is_told_again_and_no_more_than_it_may_see():
    alliance = filed(version(expert(), None, audience="alliance:led"))
    assert told(version(expert(position="教授"), alliance, audience="federation", wider=True)) == {
        "federation": ("assert", ["affiliation", "name", "position"]),
        "path": ("assert", ["affiliation", "contact", "name", "position"]),
        "alliance:led": ("assert", ["affiliation", "name", "position"]),
    }
    assert told(version(expert(), filed(version(expert(), None)), audience="path")) == {
        "path": ("assert", ["affiliation", "contact", "name"]),
        "federation": ("withdraw", []),
    }


def test_a_contact_that_was_taken_away_is_gone_from_its_part():
    held = filed(version(expert(), None))
    fields = {name: value for name, value in STATED.items() if name != "contact"}
    parts = version(Record("expert:甲/某大学", "assert", "expert", 1, fields), held)
    assert told(parts) == {
        "federation": ("assert", ["affiliation", "name"]),
        "path": ("assert", ["affiliation", "name"]),
    }
    assert filed(parts).record.fields == fields
