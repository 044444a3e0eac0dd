"""What the words of a Chinese right's legal status mean: is it in force, and has it been published?

The words are those that the offices' searches write, of patents and of trademarks. A word that is not listed says
nothing; that matters most for `is_published`, on which the default audience rests: an unfiled invention must not be
passed on for an unclear word.
"""

import re
from functools import lru_cache
from typing import Literal

from records import codes

Status = Literal["valid", "invalid", "pending", ""]

_NOT_YET = re.compile(r"[未不拟待](?:公开|公布|授权|授予|公告)|(?:公开|公布|授权)前")
_MEANINGS: tuple[tuple[re.Pattern[str], Status], ...] = (
    (_NOT_YET, "pending"),
    (re.compile(r"(?:撤销|无效宣告).*审查中|^(?:商标)?(?:已注册|注册|核准注册)"), "valid"),
    (re.compile(r"部分无效|恢复"), "valid"),
    (re.compile(r"终止|驳回|撤回|无效|失效|放弃|届满|撤销"), "invalid"),
    (re.compile(r"^授权|授予$|有效|^专利权人|^专利权质押"), "valid"),
    (re.compile(r"公布|公开|实质审查|审中|在审|初审公告|初步审定|等待|受理"), "pending"),
)
_DETAIL = re.compile(r"[A-Z][1-9][1-9]|[A-Z]00")  # of ST.27; the key event before it ends in 10, or is the same
_BY_LETTER: dict[str, Status] = {
    "B": "invalid", "C": "pending", "D": "pending", "F": "valid", "H": "invalid", "K": "valid", "N": "invalid"
}  # fmt: skip
_BY_DETAIL: dict[str, Status] = {"M12": "valid", "Q12": "pending"}
_PUBLISHED = re.compile(
    r"(?:公开|公布|授权|授权公告|实质审查的生效|(?:商标)?已注册|初审公告|注册公告)$|发明专利申请公布|未缴年费专利权终止|避免重复授权"
    r"|(?:发明|实用新型|外观设计)?专利权(?:人的姓名|有效期届满|的?(?:授予|终止|部分无效|全部无效|无效宣告|视为放弃|主动放弃))"
)


@lru_cache(maxsize=4096)
def status(text: str) -> Status:
    """Return "valid", "invalid" or "pending", or "" for words that say neither, such as a transfer."""
    return next((found for pattern, found in _MEANINGS if pattern.search(text)), "")


def of(text: str, state: str) -> Status:
    """Return what the words say, or else the ST.27 state: not active and terminated are "invalid".

    An active one may be in force or only applied for, so that "A" says neither.
    """
    return status(text) or ("invalid" if state in ("N", "T") else "")


@lru_cache(maxsize=4096)
def by_event(code: str, st27: str, words: str) -> Status:
    """Return what an event makes of a right, by its Chinese code, its ST.27 code or the gazette's words; or "".

    A grant, a revived or a limited right is in force; a cessation, a refusal and a withdrawal end it; a publication,
    an examination and a revived application leave it pending. Transfers, licences and the like say nothing.
    """
    known = codes.CN_EVENTS.get(code)
    detail = known.detail if known else next((part for part in st27.split("-")[-4:] if _DETAIL.fullmatch(part)), "")
    return _BY_LETTER.get(detail[:1], "") or _BY_DETAIL.get(detail, "") or (status(words) if not detail else "")


@lru_cache(maxsize=4096)
def is_published(text: str) -> bool:
    """Return whether the words are those of an application or patent that the office has published."""
    return bool(_PUBLISHED.match(text)) and not _NOT_YET.search(text)
