"""The sentences of every rule: what is wrong with a value and how to mend it, in Chinese and English."""

from records.finding import Finding, Severity

SENTENCES: dict[str, tuple[Severity, str, str]] = {
    "UNKNOWN_KIND": (
        "error",
        "本程序不认识种类“{value}”；请升级程序，或改用已有的种类。",
        "This program does not know the kind {value!r}; upgrade it, or use a kind that it knows.",
    ),
    "UNKNOWN_VERSION": (
        "error",
        "“{kind}”的第 {value} 版比本程序认识的第 {known} 版新；请升级程序后重试。",
        "Version {value} of {kind} is newer than version {known}, which this program knows; upgrade it and try again.",
    ),
    "SCHEMA": (
        "error",
        "字段“{field}”不符合该种类的格式（{detail}）；请按格式说明修改。",
        "Field {field!r} is not as its kind wants it ({detail}); change it to the form described there.",
    ),
    "NO_IDENTIFIER": (
        "error",
        "没有任何标识号；请填写申请号，或至少填写公开（公告）号。",
        "There is no identifier; state the application number, or at least a publication number.",
    ),
    "PUBNO_ONLY": (
        "warning",
        "只有公开（公告）号“{value}”，没有申请号；请补填申请号，以便与其他来源合并。",
        "Only the publication number {value} is known; add the application number, so that sources can be merged.",
    ),
    "KEY_MISMATCH": (
        "error",
        "记录的键“{value}”与其标识号不符，应为“{right}”；请用标识号重新生成键。",
        "The key {value!r} is not that of the identifiers, {right!r}; make the key from the identifiers.",
    ),
    "APPNO_FORM": (
        "error",
        "“{value}”不是中国专利申请号；请填写如 201710601862.3 的号码，公开（公告）号请填到公开（公告）号一栏。",
        "{value!r} is not a Chinese patent application number; write one like 201710601862.3, and put a publication "
        "number into the publication number column.",
    ),
    "APPNO_CHECK": (
        "error",
        "申请号“{value}”的校验位不对，按前面的数字应为 {right}；请对照受理通知书核对每一位。",
        "The check digit of application number {value} is wrong, the other digits give {right}; compare every digit "
        "with the filing receipt.",
    ),
    "PUBNO_FORM": (
        "error",
        "“{value}”不是中国专利公开（公告）号；请填写如 CN107000001A 的号码。",
        "{value!r} is not a Chinese patent publication number; write one like CN107000001A.",
    ),
    "KIND_MISSING": (
        "warning",
        "公开（公告）号“{value}”缺少文献种类代码；请在末尾补上字母，如 A、B、U、S。",
        "Publication number {value} lacks its kind code; add the letter at its end, such as A, B, U or S.",
    ),
    "TYPE_MISMATCH": (
        "error",
        "号码“{value}”不是“{kind}”的号码；请核对专利类型和号码。",
        "The number {value} is not one of {kind_en!r}; check the patent type and the number.",
    ),
    "TYPE_UNKNOWN": (
        "error",
        "无法判断是发明、实用新型还是外观设计（专利类型一栏写的是“{value}”）；请填写这三者之一，或留空以申请号为准。",
        "It cannot be told which kind it is (the patent type is written {value!r}); write an invention, utility "
        "model or design as the office does, or leave it empty for the application number to tell.",
    ),
    "YEAR_MISMATCH": (
        "warning",
        "申请号中的年份 {year} 与申请日“{value}”不符；请核对，分案申请可忽略。",
        "The year {year} in the application number is not that of the filing date {value}; check both, unless it is a "
        "divisional application.",
    ),
    "DATE_FORM": (
        "error",
        "“{value}”不是有效日期；请写成 2017-01-25 的形式。",
        "{value!r} is not a date; write it like 2017-01-25.",
    ),
    "DATE_ORDER": (
        "error",
        "公开（公告）日“{value}”早于申请日“{filed}”；请核对两个日期。",
        "The publication date {value} is before the filing date {filed}; check both dates.",
    ),
    "IPC_FORM": (
        "error",
        "“{value}”不是 IPC 分类号；请写成 B65D 1/02 的形式，多个分类号用分号隔开。",
        "{value!r} is not an IPC symbol; write it like B65D 1/02, several of them separated by semicolons.",
    ),
    "LOCARNO_IN_IPC": (
        "warning",
        "“{value}”是洛迦诺（外观设计）分类号，却写在 IPC 分类号一栏，已按洛迦诺分类号读取；请改用洛迦诺分类号一栏。",
        "{value} is a Locarno class in an IPC column and was read as a Locarno class; put it into the Locarno column.",
    ),
    "LOCARNO_FORM": (
        "error",
        "“{value}”不是洛迦诺分类号；请写成 12-16 的形式。",
        "{value!r} is not a Locarno class; write it like 12-16.",
    ),
    "USCC_CHECK": (
        "error",
        "统一社会信用代码“{value}”的校验不通过；请对照营业执照核对 18 位代码。",
        "The unified social credit code {value} fails its check; compare its 18 characters with the certificate.",
    ),
    "RAGGED_ROW": (
        "error",
        "本行有 {value} 个单元格，标题有 {wanted} 个，数值可能错位；请补齐或删去多余的单元格。",
        "The row has {value} cells and the heading {wanted}, so values may be shifted; add or remove cells.",
    ),
    "CONTROL_CHARACTER": (
        "error",
        "单元格“{value}”含有不可见的控制字符；请重新输入该单元格。",
        "The cell {value!r} holds an invisible control character; type it again.",
    ),
    "TOO_LARGE": (
        "error",
        "本行内容共 {value} 字节，超过 65536 字节；请缩短摘要或权利要求。",
        "The row makes a record of {value} bytes, more than 65536; shorten the abstract or the claim.",
    ),
    "DUPLICATE_KEY": (
        "error",
        "“{value}”在本文件第 {first} 行已经出现，内容不同，保留第 {first} 行；请删去其中一行。",
        "{value} stands in row {first} of this file with other values, which are kept; delete one of the two rows.",
    ),
    "OLDER": (
        "warning",
        "“{value}”的内容比已登记的旧，未采用；如确需改回，请使用 correct 更正。",
        "What the file says of {value} is older than what was filed, and was not taken; use `correct` to change it "
        "back.",
    ),
    "WITHDRAWN": (
        "warning",
        "“{value}”已由人工撤回，文件不会使其恢复；如需恢复，请撤销第 {number} 次提交：import undo {number}。",
        "{value} was withdrawn by a person, and no file brings it back; to restore it, undo submission {number}: "
        "`import undo {number}`.",
    ),
    "CHANGED_SINCE": (
        "error",
        "“{value}”后来又有更改，未恢复；请先撤销后来的那次提交，或使用 correct 更正。",
        "{value} was changed again since and was not restored; undo that later submission first, or use `correct`.",
    ),
    "DUPLICATE_ROW": (
        "warning",
        "本行与第 {first} 行相同（“{value}”）；可以删去。",
        "This row is the same as row {first} ({value}); it can be deleted.",
    ),
}


def finding(rule: str, field: str, value: object, **facts: object) -> Finding:
    """Return the finding of `rule`, its sentences filled with `field`, `value` (cut to 200 characters) and `facts`."""
    severity, zh, en = SENTENCES[rule]
    text = str(value)[:200]
    return Finding(
        rule,
        severity,
        field,
        text,
        zh.format(field=field, value=text, **facts),
        en.format(field=field, value=text, **facts),
    )
