"""Why evidence fails is said in the reader's language, whichever step it is."""

import ast
from pathlib import Path

import pytest

from node import messages, misses
from sync.evidence import NotProved

SYNC = Path(misses.__file__).parents[1] / "sync"
AT_WRITING = {"no receipt covers entry x of x yet"}  # said by the one who writes the file


def raised() -> set[tuple[str, str]]:
    """Every (step, reason) that `sync` gives, with x where a name or number stands."""
    found = set()
    for path in sorted(SYNC.glob("*.py")):
        for call in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "NotProved" and len(call.args) == 2:
                step, why = call.args
                if isinstance(why, ast.Constant | ast.JoinedStr):
                    found.add((_text(step), _text(why)))
    return found


def _text(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        parts = [str(one.value) if isinstance(one, ast.Constant) else "x" for one in node.values]
        return "".join(parts).replace("x: x", "BadProof: x").replace("part x", "part 1")
    return "registration"


@pytest.fixture
def chinese():
    messages.use("zh")
    yield
    messages.use("en")


def test_every_step_and_reason_has_its_words_in_chinese(chinese):
    known = raised()
    assert len(known) > 12
    for step, why in known:
        if why in AT_WRITING:
            continue
        said = misses.sentence(NotProved(step, why))
        assert said.startswith("证据文件不能证明。不成立的步骤："), said
        assert misses.reason(why) != why, why
        assert not any(word in said for word in (" not ", " of ", "Step", "the ")), said


def test_a_reason_that_is_not_known_is_shown_as_it_is(chinese):
    assert "something new" in misses.sentence(NotProved("record", "something new"))


def test_in_english_step_and_reason_stand_in_the_sentence():
    messages.use("en")
    said = misses.sentence(NotProved("part", "part 2 is not what the entry committed to"))
    assert said.startswith("The evidence does not prove it. Step 4, what was filed: part 2 is not what")
    assert "the signature of ip.gd.example does not hold" in misses.sentence(
        NotProved("record", "BadSignature: ('ip.gd.example', 'not by the keys')")
    )
