"""Why a table that holds no rights or events is refused: what it is instead, and what to do."""

import re
from collections.abc import Sequence

from records import headings
from records.content import Column
from records.errors import UnreadableFile
from records.headings import Carrier, field_of

_CODE = re.compile(r"[A-Za-z]{1,3}\d{0,4}|\d{1,5}")
_CODE_HEADING = re.compile(r"code|definition|description|释义|含义|rule|规则", re.IGNORECASE)
_SHOWN_CHARS = 500


def refused(
    titles: Sequence[str], rows: Sequence[tuple[int, list[str]]], told: Sequence[Column], carrier: Carrier
) -> UnreadableFile:
    """Return the refusal of a table in which no column can hold an identifier."""
    if not titles and not rows:
        return _empty()
    titles = titles if any(titles) else rows[0][1]
    found = "、".join(title for title in titles if title)[:_SHOWN_CHARS]
    filled = [one for one in told if one.filled]
    if _is_counts(filled) and not any(map(_CODE_HEADING.search, titles)):
        return UnreadableFile(
            f"这是统计表：每行是一个单位或类别的数量（列：{found}），没有单件权利或事项的标识号，不能作为记录导入；请提供逐件列出的清单。",
            f"This is a table of counts, a row a company or class (columns: {found}), without identifiers of single "
            "rights or events, so it holds no records; give a list with a row for each right.",
            tuple(titles),
        )
    if _is_code_list(titles, filled, rows):
        return UnreadableFile(
            f"这是代码或分类对照表（列：{found}），不含权利或事项，不能作为记录导入；请提供带申请号等标识号的清单。",
            f"This is a list of codes or classes (columns: {found}), not of rights or events, so it holds no records; "
            "give a list with identifiers such as application numbers.",
            tuple(titles),
        )
    wanted = _wanted(carrier)
    return UnreadableFile(
        f"没有找到标识号一列。文件的列：{found}。需要下列之一：{'、'.join(wanted)}；请改好标题行后重试。",
        f"No column holds an identifier. Found: {found}. Wanted is one of: {', '.join(wanted)}; mend the headings.",
        tuple(titles),
    )


def twice(title: str) -> UnreadableFile:
    """Return the refusal of a table with two columns of the same heading."""
    return UnreadableFile(
        f"标题“{title}”出现两次，无法确定以哪一列为准；请删去其中一列。",
        f"The heading {title!r} occurs twice; delete one of the two columns.",
        title,
    )


def unfit(titles: Sequence[str]) -> UnreadableFile:
    """Return the refusal of a table that has none of the headings of its mapping."""
    wanted = "、".join(title for title in titles if title)[:_SHOWN_CHARS]
    return UnreadableFile(
        f"文件里没有映射中的任何一个标题（{wanted}）；请换一个映射，或改好标题行后重试。",
        f"The file has none of the headings of the mapping ({wanted}); choose another mapping, or mend the headings.",
        tuple(titles),
    )


def _empty() -> UnreadableFile:
    return UnreadableFile("文件里没有内容；请检查是否导出成功。", "The file holds nothing; check that it was exported.")


def _is_counts(filled: Sequence[Column]) -> bool:
    others = filled[1:]
    return len(others) >= 2 and sum(one.numeric >= 0.8 for one in others) >= 0.3 * len(others)


def _has_classes(told: Sequence[Column]) -> bool:
    return any(max(one.shares["ipc"], one.shares["cpc"]) >= 0.8 for one in told)


def _is_code_list(titles: Sequence[str], told: Sequence[Column], rows: Sequence[tuple[int, list[str]]]) -> bool:
    if _has_classes(told) or any(map(_CODE_HEADING.search, titles)):
        return True
    firsts = [cells[0].strip() for _, cells in rows if cells]
    return len(told) == 2 and bool(firsts) and sum(map(bool, map(_CODE.fullmatch, firsts))) >= 0.9 * len(firsts)


def _wanted(carrier: Carrier) -> list[str]:
    return [
        heading
        for path, found in headings.by_path(carrier.kinds[0])
        if field_of(path) in carrier.identifiers and not path.endswith(".date")
        for heading in found
        if not heading.isascii()
    ]
