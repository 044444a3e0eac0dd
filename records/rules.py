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
    "REQUIRED": (
        "error",
        "缺少“{title}”；请填写。",
        "{title_en} is missing; state it.",
    ),
    "CHOICE": (
        "error",
        "“{value}”不在可选范围内；请填写下列之一：{choices}。",
        "{value!r} is not one of the choices; write one of these: {choices_en}.",
    ),
    "TOO_LONG": (
        "error",
        "字段“{field}”有 {length} 个字符，超过 {limit} 个；请缩短。",
        "Field {field!r} has {length} characters, more than {limit}; shorten it.",
    ),
    "UNKNOWN_FIELD": (
        "error",
        "“{kind}”没有字段“{value}”；请删去，或改用该种类已有的字段。",
        "{kind_en!r} has no field {value!r}; leave it out, or use a field that it has.",
    ),
    "NO_IDENTIFIER": (
        "error",
        "没有可用的标识；请填写下列各项中足以识别的：{wanted}。",
        "Nothing identifies the record; state enough of these to do so: {wanted_en}.",
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
    "KEY_LONG": (
        "error",
        "标识“{value}”共 {length} 个字符，超过 {limit} 个；请缩短组成标识的字段。",
        "The key {value!r} has {length} characters, more than {limit}; shorten the fields that it is made of.",
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
        "{later}“{value}”早于{earlier}“{filed}”；请核对两个日期。",
        "{later_en} {value} is before {earlier_en} {filed}; check both dates.",
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
    "NUMBER_FORM": (
        "error",
        "“{value}”不是号码；请照该局（{office}）的写法填写，只用大写字母、数字和 . / -，不超过 40 个字符。",
        "{value!r} is not a number of office {office}; write it as that office does, in capitals, digits and . / - "
        "alone, at most 40 of them.",
    ),
    "PUBLICATION_FORM": (
        "error",
        "“{value}”不是公开（公告）号；请在号码前写两位国别代码，如 US8927118B2。",
        "{value!r} is not a publication number; write the two letters of its office first, as in US8927118B2.",
    ),
    "KIND_CONFLICT": (
        "warning",
        "文献种类代码“{value}”与公开（公告）号“{number}”末尾不同；请核对，或删去该代码。",
        "The kind code {value} is not that of the publication number {number}; check both, or leave the code out.",
    ),
    "OFFICE_CONFLICT": (
        "warning",
        "受理局写的是“{value}”，号码“{number}”却像另一局的；请核对受理局和号码。",
        "The office is {value}, and the number {number} looks like another office's; check the office and the number.",
    ),
    "ST13_FORM": (
        "error",
        "“{value}”不是 ST.13 申请号；请填写 15 位数字，如 102009000190429，或留空。",
        "{value!r} is not an ST.13 application number; write its 15 digits, as in 102009000190429, or leave it empty.",
    ),
    "ST13_MISMATCH": (
        "warning",
        "ST.13 申请号“{value}”对应申请号 {right}，与本记录不同；请核对，或删去 ST.13 申请号。",
        "The ST.13 number {value} stands for application {right}, which is not this one; check both, or leave it out.",
    ),
    "TRADEMARK_FORM": (
        "error",
        "“{value}”不是商标号；请填写注册号或申请号，如 53696406，马德里注册写作 G1234567。",
        "{value!r} is not a trademark number; write one like 53696406, or G1234567 for a Madrid registration.",
    ),
    "NICE_FORM": (
        "error",
        "“{value}”不是商品服务国际分类；请填写 1 至 45 中的一个数字，多个类别分行填写。",
        "{value!r} is not a Nice class; write one number from 1 to 45, each class of a mark in a row of its own.",
    ),
    "NICE_MISSING": (
        "warning",
        "没有国际分类，无法与同号其他类别区分；请补填 1 至 45 中的类别。",
        "The Nice class is missing, so that classes of one number cannot be told apart; add it, from 1 to 45.",
    ),
    "SIMILAR_FORM": (
        "error",
        "“{value}”不是类似群组代码；请填写四位数字，如 0901。",
        "{value!r} is not a similar-group code; write four digits such as 0901.",
    ),
    "SIMILAR_MISMATCH": (
        "warning",
        "类似群“{value}”不属于第 {nice} 类；请核对类似群和国际分类。",
        "The similar group {value} is not of class {nice}; check the group and the class.",
    ),
    "TERM_MISMATCH": (
        "warning",
        "届满日“{value}”与按规定算出的 {right} 不符；请核对届满日及起算日期。",
        "The expiry date {value} is not the {right} that the rules give; check it and the date that the term begins.",
    ),
    "SOFTWARE_FORM": (
        "error",
        "“{value}”不是软件著作权登记号；请填写如 2016SR309930 的号码，证书号请填到证书号一栏。",
        "{value!r} is not a software registration number; write one like 2016SR309930, and put a certificate number "
        "into its own column.",
    ),
    "CERTIFICATE_FORM": (
        "error",
        "“{value}”不是软件著作权证书号；请写成 软著登字第0650314号 的形式。",
        "{value!r} is not a software certificate number; write it as on the certificate, with 7 or 8 digits.",
    ),
    "CERTNO_ONLY": (
        "warning",
        "只有证书号“{value}”，没有登记号；请补填登记号，以便与其他来源合并。",
        "Only the certificate number {value} is known; add the registration number, so that sources can be merged.",
    ),
    "WORK_FORM": (
        "error",
        "“{value}”不是作品登记号；请写成 国作登字-2016-F-00269796 的形式。",
        "{value!r} is not a registration number of a work; write it as on the certificate, with year, letter and 8 "
        "digits.",
    ),
    "LAYOUT_FORM": (
        "error",
        "“{value}”不是集成电路布图设计登记号；请写成 BS.18555922.0 的形式。",
        "{value!r} is not the number of an integrated circuit layout; write it like BS.18555922.0.",
    ),
    "LAYOUT_CHECK": (
        "error",
        "布图设计登记号“{value}”的校验位不对，按前面的数字应为 {right}；请对照登记证书核对每一位。",
        "The check digit of layout number {value} is wrong, the other digits give {right}; compare every digit with "
        "the certificate.",
    ),
    "VARIETY_FORM": (
        "error",
        "“{value}”不是植物新品种号；请写成 CNA20080376.X 或 CNA20201002638 的形式，林业为 8 位数字。",
        "{value!r} is not the number of a plant variety; write it like CNA20080376.X or CNA20201002638, or with 8 "
        "digits for forestry.",
    ),
    "VARIETY_CHECK": (
        "warning",
        "植物新品种号“{value}”的校验位按前面的数字应为 {right}；请对照证书核对每一位。",
        "The other digits of variety number {value} give the check digit {right}; compare every digit with the "
        "certificate.",
    ),
    "GI_FORM": (
        "error",
        "“{value}”不是农产品地理标志编号；请写成 AGI00122 的形式，其他地理标志请填写公告号。",
        "{value!r} is not the number of an agricultural product's indication; write it like AGI00122, and of another "
        "one state the announcement.",
    ),
    "ANNOUNCEMENT_FORM": (
        "error",
        "“{value}”不是公告号；请写成 2006年第12号 的形式。",
        "{value!r} is not the number of an announcement; write the year and the number as the office does.",
    ),
    "RIGHT_FORM": (
        "error",
        "“{value}”认不出是哪一项权利；请填写申请号，如 201710601862.3，或该权利的键。",
        "It cannot be told which right {value!r} is; write an application number like 201710601862.3, or its key.",
    ),
    "CPC_FORM": (
        "error",
        "“{value}”不是 CPC 分类号；请写成 B65D 1/02 的形式，多个分类号用分号隔开。",
        "{value!r} is not a CPC symbol; write it like B65D 1/02, several of them separated by semicolons.",
    ),
    "USCC_FORM": (
        "error",
        "“{value}”不是统一社会信用代码；请填写 18 位数字和大写字母（没有 I、O、S、V、Z）。",
        "{value!r} is not a unified social credit code; write its 18 digits and capitals (I, O, S, V and Z are not "
        "among them).",
    ),
    "DIVISION_FORM": (
        "warning",
        "“{value}”不是认得的行政区划；请填写 GB/T 2260 的六位代码，如 440100，或城市名称。",
        "{value!r} is not a known division; write the six digits of GB/T 2260, such as 440100, or a city's name.",
    ),
    "REGION_FORM": (
        "warning",
        "“{value}”认不出是哪个地区；请填写名称，如 广州，或六位行政区划代码，国省代码请连名称一起填写。",
        "It cannot be told which region {value!r} is; write its name or the six digits of GB/T 2260; the office's own "
        "number alone does not tell.",
    ),
    "OFFICE_FORM": (
        "error",
        "“{value}”不是国别代码；请填写两位字母，如 CN、US、EP。",
        "{value!r} is not an office or country; write two letters such as CN, US or EP.",
    ),
    "ST27_FORM": (
        "error",
        "“{value}”不是 ST.27 事件代码；请写成 F10-F11 或 A-3-4-F10-F11-EXM-CN_GR01 的形式，或留空。",
        "{value!r} is not an ST.27 event code; write it like F10-F11 or A-3-4-F10-F11-EXM-CN_GR01, or leave it empty.",
    ),
    "ST27_MISMATCH": (
        "warning",
        "ST.27 代码“{value}”与法律状态代码 {code} 不符，后者对应 {right}；请核对其中之一。",
        "The ST.27 code {value} is not that of the event code {code}, which is {right}; check one of them.",
    ),
    "LEGAL_CODE_FORM": (
        "error",
        "“{value}”不是法律状态代码；请填写公报的代码，如 TR01，或其中文名称。",
        "{value!r} is not a legal event code; write that of the gazette, such as TR01, or its words.",
    ),
    "LEGAL_CODE_KIND": (
        "error",
        "法律状态代码“{value}”（{words}）不属于“{kind}”；请改用相应的种类，或核对代码。",
        "The legal event code {value} is not one of {kind_en!r}; file it under its own kind, or check the code.",
    ),
    "EVENT_BEFORE_RIGHT": (
        "error",
        "日期“{value}”早于“{right}”的申请年份 {year}；请核对日期和号码。",
        "The date {value} is before {year}, the year in which {right} was filed; check the date and the number.",
    ),
    "EVENT_ORDER": (
        "warning",
        "公告日“{value}”早于生效日“{date}”；授权自公告之日起生效，请核对两个日期；如确有更正公告，可忽略。",
        "The gazette date {value} is before the effective date {date}; a grant takes effect when it is published, so "
        "check both.",
    ),
    "AMOUNT_FORM": (
        "error",
        "“{value}”不是金额；请写成 100万元 或 USD 1000 的形式。",
        "{value!r} is not an amount; write a number with its currency, such as CNY 1000000.",
    ),
    "AMOUNT_UNIT": (
        "warning",
        "金额“{value}”没有写明货币单位；请写明，如 {value}元 或 {value}万元。",
        "The amount {value} has no currency; add it, so that yuan and ten thousand yuan can be told apart.",
    ),
    "CURRENCY_FORM": (
        "error",
        "“{value}”不是货币代码；请填写三位字母，如 CNY、USD。",
        "{value!r} is not a currency; write its three letters, such as CNY or USD.",
    ),
    "AGENCY_FORM": (
        "error",
        "“{value}”不是专利代理机构代码；请填写五位数字，如 44205。",
        "{value!r} is not the code of a patent agency; write its five digits, such as 44205.",
    ),
    "RAGGED_ROW": (
        "error",
        "本行有 {value} 个单元格，标题有 {wanted} 个，数值可能错位；请补齐或删去多余的单元格。",
        "The row has {value} cells and the heading {wanted}, so values may be shifted; add or remove cells.",
    ),
    "COLUMN_BY_CONTENT": (
        "warning",
        "第 {place} 列（标题“{value}”）按内容读作“{title}”：{why}；请核对，或用映射指定各列。",
        "Column {place} (heading {value!r}) was read as {field!r} by its content: {why_en}; check it, or name the "
        "columns by a mapping.",
    ),
    "WRONG_HEADING": (
        "warning",
        "第 {place} 列的标题是“{value}”，内容却是“{title}”，已按内容读取：{why}；请改正标题，或用映射指定各列。",
        "Column {place} is headed {value!r} but was read as {field!r} by its content: {why_en}; change the heading, or "
        "name the columns by a mapping.",
    ),
    "NO_OBJECT": (
        "error",
        "本行不是一个 JSON 对象（{detail}）；请每行写一个对象。",
        "The line is no JSON object ({detail}); write an object a line.",
    ),
    "NO_ASSERTION": (
        "error",
        "本行的操作是“{value}”，文件只能登记记录，不能撤回；请删去本行，撤回请使用 withdraw。",
        "The line's operation is {value!r}, and files only state records; delete the line, and use `withdraw` to "
        "withdraw.",
    ),
    "LIST_MISMATCH": (
        "error",
        "“{field}”的几列写了不同个数的值（{value}），不知道如何对应；请使各列的个数相同。",
        "The columns of {field!r} list different numbers of values ({value}), so it cannot be told which belong "
        "together; make them the same number.",
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
    "HELD": (
        "warning",
        "“{value}”的更改尚未登记：本次导入要更改的权利过多，已暂停；请用 holds show {number} 查看后放行或拒绝。",
        "The change of {value} is not filed yet: this import would change too many rights; look at it with `holds show "
        "{number}`, and release or refuse it.",
    ),
    "CHANGED_SINCE": (
        "error",
        "“{value}”后来又有更改，未恢复；请先撤销后来的那次提交，或使用 correct 更正。",
        "{value} was changed again since and was not restored; undo that later submission first, or use `correct`.",
    ),
    "SOURCE_DELETED": (
        "warning",
        "来源机构库已删除“{value}”，而“{key}”仍在登记中；如确已失效或误报，请用 withdraw 撤回。",
        "The repository has deleted {value}, while {key} stands here; if it should not, withdraw it with `withdraw`.",
    ),
    "XML_DOCUMENT": ("error", "{reason}；请核对该文档，其余照常读取。", "{reason_en} Check it; the rest was read."),
    "XML_ENTITY": (
        "warning",
        "“{value}”是文件自己未定义的实体，按原样保留；请对照原文核对“{field}”。",
        "{value} is an entity that the file does not define and was kept as written; compare {field} with the source.",
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
