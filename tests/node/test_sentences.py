"""Every error that reaches a person has a sentence with its facts in it."""

import importlib
import string
from pathlib import Path

import pytest

from catalog.errors import CatalogError
from node import messages, sentences
from node.errors import NodeError, NotJoined, TokenExpired
from records.errors import RecordsError, UnreadableFile
from sync.errors import NeedsRecovery, NotAllowed, SyncError

ROOT = Path(messages.__file__).resolve().parent.parent
LAYERS = {"sync": SyncError, "records": RecordsError, "catalog": CatalogError, "node": NodeError}


def defined(base):
    """Every class under `base`, wherever in the project it is written."""
    for folder in ("sync", "records", "catalog", "node"):
        for path in sorted((ROOT / folder).glob("*.py")):
            if f"({base.__name__})" in path.read_text("utf-8"):
                importlib.import_module(f"{folder}.{path.stem}")
    found, unseen = [base], [base]
    while unseen:
        unseen = [one for kind in unseen for one in kind.__subclasses__()]
        found += unseen
    return [one for one in found if one.__module__.partition(".")[0] in LAYERS]


@pytest.mark.parametrize("layer", ["sync", "records", "catalog"])
def test_every_error_of_the_layers_below_has_an_entry(layer):
    kinds = [one for one in defined(LAYERS[layer]) if one is not UnreadableFile]
    assert len(kinds) > 1
    assert [one for one in kinds if f"{one.__module__}.{one.__name__}" not in sentences.SENTENCES] == []


def test_every_entry_belongs_to_an_error_that_exists():
    for name in sentences.SENTENCES:
        module, _dot, kind = name.rpartition(".")
        assert issubclass(getattr(importlib.import_module(module), kind), Exception)


def test_every_error_of_node_says_its_facts_and_no_others():
    kinds = [one for one in defined(NodeError) if one is not NodeError]
    assert len(kinds) > 15
    for kind in kinds:
        named = {name for _text, name, _spec, _conversion in string.Formatter().parse(kind.sentence) if name}
        assert kind.sentence, kind
        assert named <= set(kind.facts), kind
        error = kind(*kind.facts)
        assert all(fact in sentences.say(error, "en") for fact in named)


def test_facts_are_named_when_an_error_is_made():
    assert NotJoined("ip.gd.example").named() == {"parent": "ip.gd.example"}
    with pytest.raises(TypeError):
        NotJoined()


def test_a_subclass_without_an_entry_falls_back_on_its_base():
    class Odd(NotAllowed):
        """Made in this test only."""

    assert sentences.say(Odd("ip.gd.example/gz", "suspended"), "en").startswith("ip.gd.example/gz may not do this now")
    assert sentences.has_sentence(Odd)
    assert not sentences.has_sentence(ZeroDivisionError)


def test_missing_facts_do_not_break_the_edge():
    assert "Refused: this is no valid" in sentences.say(SyncError.__subclasses__()[0](), "en")
    assert "cannot be used" in sentences.say(OSError(), "en")


def test_a_file_error_names_the_file(tmp_path):
    with pytest.raises(OSError, match="No such file") as error:
        (tmp_path / "none").read_bytes()
    assert str(tmp_path / "none") in sentences.say(error.value, "en")


def test_an_error_with_its_own_words_keeps_them():
    error = UnreadableFile("文件打不开。", "The file cannot be read.")
    assert (sentences.say(error, "zh"), sentences.say(error, "en")) == ("文件打不开。", "The file cannot be read.")


def test_a_time_is_told_as_a_date():
    assert "2027-01-" in sentences.say(TokenExpired(1_800_000_000), "en")


@pytest.mark.parametrize(
    ("cause", "said"),
    [
        ("waiting: 0 of 1 substations have called since the start", "0 of 1 substations have called"),
        ("the clock is 7 s behind the last signature", "clock is 7 s behind its last signature; set it"),
        ("9 entries were signed, log.db holds 4", "log.db holds only 4: it comes from an older backup"),
        (
            "failed; last error: UNKNOWN: ipv4:127.0.0.1:7453: Failed to connect: Connection refused",
            "at 127.0.0.1:7453",
        ),
        ("something else 7", "something else 7"),
    ],
)
def test_a_cause_with_numbers_is_said_in_peoples_words(cause, said):
    assert said in sentences.say(NeedsRecovery("ip.gd.example", cause), "en")


def test_a_reason_word_is_said_as_a_cause():
    said = sentences.say(NotAllowed("ip.gd.example/gz", "clock"), "en")
    assert "the clocks of the two nodes differ too much" in said
