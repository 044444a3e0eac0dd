"""Messages for people in Chinese and English, by gettext: the English sentence is the key.

`_("…")` translates now, `N_("…")` only marks a sentence that is translated when shown. A test keeps the Chinese whole.
"""

import gettext
import os
from collections.abc import Mapping
from pathlib import Path

LOCALE = Path(__file__).resolve().parent / "locale"
LANGUAGES = {"zh": "zh_CN", "en": "en"}
_current: gettext.NullTranslations = gettext.NullTranslations()
_is_chinese = False


def translation(language: str) -> gettext.NullTranslations:
    """Return the messages of "zh" or "en"; English also where the compiled catalogue is missing."""
    if language == "en":
        return gettext.NullTranslations()
    return gettext.translation("banyan", LOCALE, [LANGUAGES[language]], fallback=True)


def use(language: str) -> None:
    """From now on `_` answers in this language ("zh" or "en"), in the whole process."""
    global _current, _is_chinese
    _current, _is_chinese = translation(language), language == "zh"


def preferred(environ: Mapping[str, str] = os.environ) -> str:
    """Return the language that the environment asks for: LC_ALL, LC_MESSAGES, LANG; English if none is Chinese."""
    wanted = next((environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environ.get(name)), "")
    return "zh" if wanted.lower().startswith("zh") else "en"


def either(chinese: str, english: str) -> str:
    """Return the one in the language in use, of a sentence that came along in both, as those of findings do."""
    return chinese if _is_chinese else english


def _(text: str) -> str:
    """Return `text` in the language in use."""
    return _current.gettext(text) if text else text


def ngettext(one: str, many: str, n: int) -> str:
    """Return the form for `n` in the language in use."""
    return _current.ngettext(one, many, n)


def N_(text: str) -> str:
    """Return `text` as it is; marks it for translation where it will be shown."""
    return text
