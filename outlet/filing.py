"""Submissions as people file them: what they say, which tiers have them, the page in Chinese, the list of findings."""

import csv
from datetime import datetime
from hashlib import sha256
from html import escape
from io import StringIO
from pathlib import Path
from typing import Any

from node import export_book, handouts, returned, told
from node.amendments import UnknownField
from node.commands import moment
from node.home import write_whole
from node.intake import Opened
from node.messages import N_, _
from node.node import Node
from node.submission_book import Submission
from outlet import stages
from records import identifiers, kinds
from records.kinds import Kinds
from records.writers.inert import inert

_TIER_WORDS = {"substation": "分站", "alliance": "联盟", "hub": "主站"}


def submissions(node: Node, number: int | None) -> list[Submission]:
    """Return one submission, or all, newest first. Raises NoSubmission."""
    return node.notebook.submissions() if number is None else [node.notebook.submission(number)]


def as_dict(one: Submission) -> dict[str, Any]:
    """Return a submission as it is told everywhere."""
    return {
        "number": one.number,
        "state": one.state,
        "time": one.started_at,
        "person": one.person,
        "files": list(one.files),
        "hash": one.file_sha256,
        "rows": one.rows,
        "sealed": one.sealed,
        "unchanged": one.unchanged,
        "refused": one.refused,
        "blank": one.blank,
        "records": one.records,
        "format": one.format,
        "encoding": one.encoding,
        "layout": one.layout,
        "mapping": one.mapping or None,
        "via": one.via or None,
        "held": one.held,
        "findings": dict(one.findings),
        "first": one.first,
        "last": one.last,
        "undoes": one.undoes or None,
    }


def receipt(node: Node, one: Submission, above: told.Stages | None = None) -> dict[str, Any]:
    """Return a submission with the tiers that signed for having all of it: who, when, how many entries, which root.

    `stages` counts its records by where they are now, as the tiers above have answered.
    """
    answer = {**as_dict(one), "hold": hold(node, one)}
    answer["stages"] = (above or told.Stages(node, told.tiers(node))).count(one.first, one.last)
    answer["tiers"] = []
    with node.opened() as opened:
        log = opened.own.log
        if one.last > one.first:
            for found in sorted(opened.store.receipts(log, one.last), key=lambda receipt: receipt.time_s):
                role = opened.registry.get(found.signer).node.role
                answer["tiers"].append(
                    {
                        "tier": role,
                        "origin": found.signer,
                        "at": found.time_s,
                        "entries": found.size,
                        "root": found.root.hex(),
                    }
                )
    return answer


def hold(node: Node, one: Submission) -> dict[str, Any] | None:
    """Return under which number something of a submission waits for a person, or waited, and what became of it."""
    if not one.hold:
        return None
    found = node.notebook.hold(one.hold)
    return {
        "number": found.id,
        "state": found.state,
        "by": found.by or None,
        "reason": found.reason or None,
        "at": found.decided_at,
        "released_as": found.released_as or None,
    }


def hold_line(row: dict[str, Any]) -> str:
    """Return what became of what waited, as people read it; "" where nothing did."""
    found = row["hold"]
    if not found or found["released_as"] == row["number"]:
        return ""
    known = _("{held} changes wait for a person under the number {number}: `holds show {number}`.")
    if found["state"] == "refused":
        known = _("{held} changes waited under the number {number} and were refused by {by}: {reason}")
    elif found["released_as"]:
        known = _("{held} changes waited under the number {number} and were released by {by} as submission {as_}.")
    return known.format(held=row["held"], as_=found["released_as"], **found)


def readable(row: dict[str, Any]) -> dict[str, Any]:
    """Return a receipt's row for a table."""
    reached = ", ".join(f"{one['origin']} {moment(one['at'])}" for one in row["tiers"])
    return {
        **row,
        "time": moment(row["time"]),
        "files": _named(row),
        "state": _(row["state"]),
        "tiers": reached,
        "stages": stages.counted(row["stages"]),
        "hash": row["hash"][:16],
    }


_STATES = (N_("open"), N_("done"), N_("interrupted"), N_("undone"))


def _named(row: dict[str, Any]) -> str:
    if row["files"]:
        return ", ".join(row["files"])
    return _("undoing {number}").format(number=row["undoes"]) if row["undoes"] else _("by hand")


def write_findings(node: Node, one: Submission) -> Path | None:
    """Write the findings of a submission to outbox/ as CSV that spreadsheets open; return where, None without any."""
    found = list(node.notebook.findings(one.number))
    if not found:
        return None
    text = StringIO()
    rows = csv.writer(text)
    rows.writerow(["行号", "键", "规则", "级别", "字段", "内容", "说明", "Explanation"])
    for note in found:
        cells = (note.row, note.key, note.rule, note.severity, note.field, note.value, note.zh, note.en)
        rows.writerow([inert(str(cell)) for cell in cells])
    path = node.home.outbox / f"submission-{one.number}-findings.csv"
    content = b"\xef\xbb\xbf" + text.getvalue().encode()
    if one.last > one.first:
        held = {(node.origin, export_book.WHOLE): [(one.first, one.last)]}
        handouts.note(node, path, handouts.RESULT, held, sha256(content).hexdigest())
    write_whole(path, content)
    return path


def write_results(node: Node, one: Submission, file: Opened, language: str) -> Path | None:
    """Write the result workbook of a submission to outbox/; return where, None where nothing was found."""
    return returned.write(node, one, file, node.home.outbox / f"submission-{one.number}-result.xlsx", language)


def write_page(node: Node, row: dict[str, Any]) -> Path:
    """Write a receipt as a page in Chinese, to be printed and kept with the file; return where."""
    by_hand = f"（撤销第 {row['undoes']} 号提交）" if row["undoes"] else "（手工更正）"
    facts = [
        ("提交编号", str(row["number"])),
        ("提交单位", f"{node.settings.name}（{node.origin}）"),
        ("经办人", row["person"]),
        ("提交时间", _chinese(row["time"])),
        (
            "文件",
            "、".join(row["files"]) or by_hand,
        ),
        ("文件 SHA-256", row["hash"] or "—"),
        (
            "行数",
            f"共 {row['rows']} 行：登记 {row['sealed']}，未变 {row['unchanged']}，{_waits(row)}退回 {row['refused']}",
        ),
        *_held_facts(row),
        ("日志条目", f"第 {row['first']} 至 {row['last'] - 1} 条" if row["last"] > row["first"] else "无"),
    ]
    lines = "".join(f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in facts)
    tiers = "".join(
        f"<tr><td>{_TIER_WORDS.get(one['tier'], '')}</td><td>{escape(one['origin'])}</td><td>{_chinese(one['at'])}</td>"
        f"<td>{one['entries']}</td><td class=hash>{one['root']}</td></tr>"
        for one in row["tiers"]
    )
    awaited = "尚无上级节点签收；夜间同步之后再打印。" if row["sealed"] else "本次提交没有新条目，无需签收。"
    reached = tiers or f"<tr><td colspan=5>{awaited}</td></tr>"
    page = _PAGE.format(
        number=row["number"],
        lines=lines,
        tiers=reached,
        federation=node.federation.id.hex(),
        printed=_chinese(node.clock()),
    )
    path = node.home.outbox / f"receipt-{row['number']}.html"
    write_whole(path, page.encode(), mode=0o644)
    return path


def _waits(row: dict[str, Any]) -> str:
    return f"暂停 {row['held']}，" if row["held"] else ""


def _held_facts(row: dict[str, Any]) -> list[tuple[str, str]]:
    """Return what the page says of changes that wait for a person, or waited."""
    found = row["hold"]
    if not row["held"] or not found:
        return []
    said = f"第 {found['number']} 号暂停：{row['held']} 项更改待人工处理"
    if found["state"] == "refused":
        said = f"第 {found['number']} 号暂停：{row['held']} 项更改由{found['by']}拒绝（{found['reason']}），未登记"
    elif found["released_as"]:
        said = (
            f"第 {found['number']} 号暂停：{row['held']} 项更改由{found['by']}放行，见第 {found['released_as']} 号提交"
        )
    return [("暂停的更改", said)]


def _chinese(time_s: float) -> str:
    return datetime.fromtimestamp(time_s).astimezone().strftime("%Y年%m月%d日 %H:%M:%S")


_PAGE = """<!doctype html>
<html lang="zh-CN"><meta charset="utf-8"><title>提交回执 {number}</title>
<style>
body {{ font-family: "Noto Sans CJK SC", "Microsoft YaHei", sans-serif; color: #111 }}
body {{ margin: 3rem auto; max-width: 48rem }}
h1 {{ font-size: 1.5rem; text-align: center }} table {{ border-collapse: collapse; width: 100%; margin: 1rem 0 }}
th, td {{ border: 1px solid #888; padding: .4rem .6rem; text-align: left; vertical-align: top }}
th {{ background: #f2f2f2; font-weight: normal; white-space: nowrap }}
.hash {{ font-family: monospace; word-break: break-all }}
</style>
<h1>知识产权数据提交回执</h1>
<table>{lines}</table>
<table><tr><th>级别</th><th>签收节点</th><th>签收时间</th><th>已存条目数</th><th>根哈希</th></tr>{tiers}</table>
<p>签收节点以其签名确认：自第 0 条起、少于“已存条目数”的全部条目均已持久保存。用 evidence 命令可取得单条记录的证据文件，
以 banyan-verify 离线核验。联合体标识：<span class=hash>{federation}</span></p>
<p>打印时间：{printed}</p>
</html>
"""


def fields_given(kind_name: str, given: tuple[str, ...], known_kinds: Kinds = kinds.BUILT_IN) -> dict[str, Any]:
    """Read FIELD=VALUE pairs: fields by name or Chinese title, lists by `;`. Raises UnknownField."""
    kind = known_kinds.get(kind_name)
    fields: dict[str, Any] = {}
    for pair in given:
        word, equals, text = pair.partition("=")
        known = kind.fields if kind else {}
        name = next((one for one, schema in known.items() if word.strip() in (one, schema.get("title"))), "")
        if not equals or not name:
            raise UnknownField(word, kind_name)
        fields[name] = _value(known[name], text.strip())
    return fields


def _value(schema: dict[str, Any], text: str) -> Any:
    if schema.get("type") != "array":
        return identifiers.date(text) or text if schema.get("format") == "date" else text
    if schema.get("items", {}).get("type") == "object":
        return [{"name": one} for one in identifiers.names(text)]
    if schema.get("items", {}).get("format") == "ipc":
        return list(identifiers.ipc_list(text))
    return list(identifiers.names(text))
