"""Every sentence that the programs show has its Chinese, with the same facts in it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages import pofile

from node import messages

ROOT = Path(messages.__file__).resolve().parent.parent
FOLDERS = ("node", "hub", "substation", "outlet", "deploy")
CATALOGUE = messages.LOCALE / "zh_CN" / "LC_MESSAGES" / "banyan.po"
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


def marked(source: str) -> Iterator[tuple[str, ...]]:
    """Yield the literal arguments of `_`, `N_` and `ngettext`, also as members of a module."""
    for call in ast.walk(ast.parse(source)):
        if not isinstance(call, ast.Call):
            continue
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        wanted = {"_": 1, "N_": 1, "ngettext": 2}.get(name, 0)
        texts = [one.value for one in call.args[:wanted] if isinstance(one, ast.Constant)]
        if wanted and len(texts) == wanted and all(isinstance(one, str) for one in texts):
            yield tuple(texts)


def used() -> dict[tuple[str, ...], str]:
    return {
        texts: str(path.relative_to(ROOT))
        for folder in FOLDERS
        for path in sorted((ROOT / folder).rglob("*.py"))
        for texts in marked(path.read_text("utf-8"))
    }


def translated() -> dict[tuple[str, ...], tuple[str, ...]]:
    with CATALOGUE.open("rb") as file:
        found = pofile.read_po(file, locale="zh_CN")
    pairs = ((one.id, one.string) for one in found if one.id)
    return {ids if isinstance(ids, tuple) else (ids,): s if isinstance(s, tuple) else (s,) for ids, s in pairs}


def test_the_scan_finds_every_way_of_marking():
    source = '_("a" "b"); x = messages.N_("c"); ngettext("d", "e", n); _(variable); other("f")'
    assert list(marked(source)) == [("ab",), ("c",), ("d", "e")]


def test_every_sentence_has_its_chinese():
    known = translated()
    missing = {texts: where for texts, where in used().items() if not all(known.get(texts, ("",)))}
    assert used()
    assert not missing, "add these to node/locale/zh_CN/LC_MESSAGES/banyan.po"


def test_the_chinese_has_the_same_facts_as_the_english():
    for english, chinese in translated().items():
        facts = sorted(_PLACEHOLDER.findall(english[-1]))
        assert all(sorted(_PLACEHOLDER.findall(one)) == facts for one in chinese), english


@pytest.mark.parametrize(
    ("environ", "language"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "de_DE", "LC_MESSAGES": "zh_TW"}, "zh"),
    ],
)
def test_the_environment_says_which_language(environ, language):
    assert messages.preferred(environ) == language


def test_the_language_in_use_answers():
    if not CATALOGUE.with_suffix(".mo").is_file():
        pytest.skip("messages are not compiled: python proto/generate.py")
    try:
        messages.use("zh")
        assert messages._("Options") == "选项"
        assert messages._("no such sentence") == "no such sentence"
    finally:
        messages.use("en")
    assert messages._("Options") == "Options"
