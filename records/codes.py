"""Code lists of offices: Chinese legal-event codes, WIPO ST.27 legal status events, WIPO ST.3 offices.

The Chinese codes are those of the office's gazette since 2017 (PB01) and before (C06), and the older ones that EPO's
legal status data keeps (BB1A). What each means in ST.27 is our reading; (unconfirmed) where the office has not said so.
"""

import re
from dataclasses import dataclass

_EVENTS = """
PB01 C06 BB1A|legal_status|publication|Q12|公布
SE01 C10|legal_status|exam_started|D11|实质审查的生效
DE01 EXSB|legal_status|exam_started|D00|专利局对专利申请实质审查的决定
GR01 C14|legal_status|grant|F11|授权
FG4A|legal_status|grant|F11|发明专利权授予
FG1K|legal_status|grant|F12|实用新型专利权授予
GR02 C13|legal_status|other|W00|审定
GR03 GRSP|legal_status|grant|F11|保密专利权的授予
CGPU|legal_status|grant|F16|专利类型转换
RJ01 C12|legal_status|app_end|B15|发明专利申请公布后的驳回
WD01 C01 C02 C05|legal_status|app_end|B12|发明专利申请公布后的视为撤回
WW01 C03 C04|legal_status|app_end|B11|发明专利申请公布后的撤回
CF01 C19 MM1K MM4A|legal_status|lapse|H13|未缴年费专利权终止
CE01 C17 EXPY|legal_status|lapse|H00|专利权的终止
CX01 MK1K MK4A|legal_status|expiry|H14|专利权有效期届满
AV01|legal_status|surrender|H15|专利权的主动放弃
AD01 C20 MA1K|legal_status|surrender|H15|专利权的视为放弃
AR01 C25 RGAV|legal_status|surrender|H15|避免重复授权放弃专利权
AV02|legal_status|limited|M12|专利权的部分放弃
IW01|legal_status|invalidated|H12|专利权的全部无效
IP01 C32 C35|legal_status|limited|M12|专利权的部分无效
RW01 C28|legal_status|invalidated|H12|专利权的全部撤销
RP01 C26|legal_status|limited|M12|专利权的部分撤销
TA01|assignment|transfer|R14|专利申请权的转移
TR01 C41 C44 C45 C47 ASS|assignment|transfer|R14|专利权的转移
CP01 C56|legal_status|party_change|R13|专利权人的姓名或者名称的变更
CP02|legal_status|party_change|R18|专利权人地址的变更
CP03 CB02|legal_status|party_change|R12|权利人或申请人信息的变更
CB03|legal_status|party_change|R16|发明人或设计人的变更
CB04 REPR|legal_status|party_change|R17|代理机构或代理人的变更
CB01|legal_status|party_change|R00|著录事项变更
EE01 LIC LICC|licence|recorded|S11|专利实施许可合同备案的生效
EM01|licence|changed|S12|专利实施许可合同备案的变更
EC01|licence|cancelled|S13|专利实施许可合同备案的注销
OL01|open_licence|declared|S26|专利开放许可声明
OL02|open_licence|withdrawn|S27|专利开放许可声明的撤回
PE01 PLDC|pledge|recorded|S20|专利权质押合同登记的生效
PM01|pledge|changed|S21|专利权质押合同登记的变更
PC01|pledge|cancelled|S22|专利权质押合同登记的注销
PP01 RINS|preservation|recorded|T14|专利权的保全
PD01|preservation|cancelled|T16|专利权保全的解除
RR01 RA01 C49|legal_status|revival|K13|专利权的恢复
C52 REIN|legal_status|revival|C13|专利申请权的恢复
TG01|legal_status|term_ext|G17|专利权期限的补偿
TP01|legal_status|term_ext|G20|药品专利权期限的补偿
C15 RN01|legal_status|term_ext|G00|专利权期限的续展
DC01|legal_status|other|W00|保密专利的解密
DCSP|legal_status|publication|Q14|保密专利的解密和公布
DD01|legal_status|other|W00|文件的公告送达
CI01 CU03|legal_status|correction|Q17|更正公布
CI02 CI03 CU01 CU02 C53 COR|legal_status|correction|P21|更正
ERR RECT|legal_status|correction|Y00|公报更正
OR01 C57 C59 C60 C61 C62 REG|legal_status|other|W00|其他有关事项
"""
_LAST_DETAILS = "A22 B17 C14 D24 E15 F17 G20 H15 K14 L19 M14 N12 P24 Q17 R19 S39 T16 U15 V15 W00 Y00"  # as of ST.96 V6
_LAST_DETAIL = {last[0]: int(last[1:]) for last in _LAST_DETAILS.split()}  # each category's details are 11 to this one
_INDICATORS = "APL ASN CIP CNV CRT DIV EXM IAP IVA LIC LIM NAP OPP OTH PRV RAP REX RIS RVC SEC SPC SRH TAD TEX UNS"
INDICATORS = frozenset(_INDICATORS.split())
_ST27 = re.compile(
    r"(?:(?P<state>[ANTU])-(?P<before>[0-6])-(?P<now>[0-6])-)?(?P<key>[A-Z]\d\d)-(?P<detail>[A-Z]\d\d)"
    r"(?:-(?P<indicator>[A-Z]{3}))?(?:-(?P<national>[A-Z]{2}_[A-Z0-9]{1,10}))?",
    re.ASCII,
)
_OFFICES = """AD AE AF AG AI AL AM AO AP AR AT AU AW AZ BA BB BD BE BF BG BH BI BJ BM BN BO BQ BR BS BT BV BW BX BY BZ
CA CD CF CG CH CI CK CL CM CN CO CR CU CV CW CY CZ DE DJ DK DM DO DZ EA EC EE EG EH EM EP ER ES ET EU FI
FJ FK FO FR GA GB GC GD GE GG GH GI GL GM GN GQ GR GS GT GW GY HK HN HR HT HU IB ID IE IL IM IN IQ IR IS
IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MG MK ML MM
MN MO MP MR MS MT MU MV MW MX MY MZ NA NE NG NI NL NO NP NR NZ OA OM PA PE PG PH PK PL PT PW PY QA QZ RO
RS RU RW SA SB SC SD SE SG SH SI SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TG TH TJ TL TM TN TO TR TT TV
TW TZ UA UG US UY UZ VA VC VE VG VN VU WO WS XN XU XV XX YE ZA ZM ZW"""
OFFICES = frozenset(_OFFICES.split())
_OFFICE_NAMES = """CN中国 US美国 JP日本 KR韩国 DE德国 FR法国 GB英国 CH瑞士 NL荷兰 SE瑞典 IT意大利 CA加拿大
AU澳大利亚 RU俄罗斯 IN印度 BR巴西 ES西班牙 AT奥地利 BE比利时 DK丹麦 FI芬兰 NO挪威 IE爱尔兰 IL以色列 SG新加坡 MY马来西亚
TH泰国 VN越南 ID印度尼西亚 PH菲律宾 NZ新西兰 ZA南非 MX墨西哥 TR土耳其 PL波兰 CZ捷克 HU匈牙利 PT葡萄牙 GR希腊 LU卢森堡
UA乌克兰 SA沙特阿拉伯 AE阿联酋 AR阿根廷 CL智利 KY开曼群岛 VG英属维尔京群岛 BM百慕大 WS萨摩亚 BB巴巴多斯 LI列支敦士登
EP欧洲专利局 WO世界知识产权组织 EA欧亚专利局 EM欧盟知识产权局 HK香港 MO澳门 TW台湾"""
OFFICE_OF_NAME = {word[2:]: word[:2] for word in _OFFICE_NAMES.split()} | {"台湾地区": "TW", "PCT": "WO", "WIPO": "WO"}


@dataclass(frozen=True, slots=True)
class Event:
    """What a Chinese code says: the kind of record, what happened, the ST.27 detailed event, the office's words."""

    kind: str
    what: str
    detail: str
    words: str

    @property
    def key_event(self) -> str:
        """Return the ST.27 key event, such as "F10" for the detailed event F11."""
        return self.detail if self.detail.endswith("00") else f"{self.detail[0]}10"


def _table() -> dict[str, Event]:
    rows = (line.split("|") for line in _EVENTS.split("\n") if line)
    return {code: Event(*rest) for codes, *rest in rows for code in codes.split()}


CN_EVENTS = _table()
_OTHER_WORDS = """
发明专利申请公布PB01 公开PB01 实质审查生效SE01 实质审查请求的生效SE01 实审请求生效SE01
专利权授予GR01 发明专利权授予GR01 实用新型专利权授予GR01 外观设计专利权授予GR01 授权公告GR01
驳回RJ01 发明专利申请的驳回RJ01 视为撤回WD01 专利申请的视为撤回WD01 发明专利申请公布后视为撤回WD01
撤回WW01 专利申请的撤回WW01 未缴纳年费专利权终止CF01 专利权有效期限届满CX01 期限届满CX01
主动放弃专利权AV01 专利权的视为放弃AD01 视为放弃专利权AD01 避免重复授予专利权AR01
避免重复授权放弃AR01 专利权全部无效宣告IW01 专利权全部无效IW01 专利权部分无效宣告IP01
专利权部分无效IP01 专利申请权的转移TA01 专利权转移TR01 专利权人的姓名或者名称、地址的变更CP03
专利权人姓名或者名称变更CP01 专利权人地址变更CP02 申请人信息变更CB02 发明人变更CB03 代理机构变更CB04
著录项目变更CB01 专利实施许可合同备案变更EM01 专利实施许可合同备案注销EC01 开放许可声明OL01
开放许可声明的撤回OL02 专利权质押合同登记生效PE01 专利权质押合同登记变更PM01
专利权质押合同登记注销PC01 专利权保全PP01 专利权保全解除PD01 保全解除PD01 专利权恢复RR01
保密专利的解密DC01 专利权期限补偿TG01 药品专利权期限补偿TP01 文件公告送达DD01
"""
_BY_WORDS = {event.words: code for code, event in reversed(CN_EVENTS.items())}
_BY_WORDS |= {word[:-4]: word[-4:] for word in _OTHER_WORDS.split()}
_HEADINGS = {  # of the gazette, and words of data sellers: each stands over several codes of one kind
    "assignment": "专利申请权、专利权的转移 权利转移 转让",
    "licence": "专利实施许可合同备案的生效、变更及注销 专利实施许可合同备案 专利实施许可合同的备案 实施许可 许可",
    "open_licence": "开放许可",
    "pledge": "专利权质押合同登记的生效、变更及注销 专利权质押合同登记 专利权质押 质押",
    "preservation": "专利权的保全及其解除 保全",
}
_KIND_OF_HEADING = {word: kind for kind, words in _HEADINGS.items() for word in words.split()}
_WITHOUT_EXAMINATION = ("utility_model", "design")


def cn_code(text: str) -> str | None:
    """Read a Chinese legal-event code, "GR01" or "CN_GR01" or "cn gr01", or the gazette's words for one."""
    squeezed = "".join(text.upper().split()).removeprefix("CN_")
    return squeezed if squeezed in CN_EVENTS else _BY_WORDS.get("".join(text.split()))


def event_kind(text: str) -> str | None:
    """Return the kind of event that a Chinese code or the gazette's words mean, also words that tell no code."""
    code = cn_code(text)
    return CN_EVENTS[code].kind if code else _KIND_OF_HEADING.get("".join(text.split()))


def foreign_code(text: str) -> str | None:
    """Read an event code of another office, as it is written in that office's or EPO's legal status data."""
    code = "".join(text.upper().split())
    return code if re.fullmatch(r"[A-Z0-9]{1,10}", code) else None


def st27(code: str, right_kind: str = "") -> str | None:
    """Return the ST.27 event of a Chinese code, "F10-F11-CN_GR01"; None for an unknown one.

    State and stages are left out: they depend on what happened before. A utility model or design is granted without
    substantive examination: F12.
    """
    event = CN_EVENTS.get(code)
    if event is None:
        return None
    detail = "F12" if event.detail == "F11" and right_kind in _WITHOUT_EXAMINATION else event.detail
    return f"{event.key_event}-{detail}-CN_{code}"


def st27_ok(text: str) -> bool:
    """Return whether a text is an ST.27 code of known events, with state and stages or without.

    The layout State-PrevStage-CurStage-KeyEvent-DetailedEvent[-Indicator][-National] is (unconfirmed).
    """
    match = _ST27.fullmatch(text)
    if not match:
        return False
    key, detail, indicator = match["key"], match["detail"], match["indicator"]
    known = key[1:] in ("00", "10") and key[0] in _LAST_DETAIL and _is_detail(detail)
    return known and key[0] == detail[0] and indicator in (None, *INDICATORS)


def detailed_events() -> list[str]:
    """Return every ST.27 detailed event code, in order."""
    return [f"{letter}{n:02}" for letter, last in _LAST_DETAIL.items() for n in (0, *range(11, last + 1))]


def key_events() -> list[str]:
    """Return every ST.27 key event code, in order; W and Y have no detailed events but the unmapped one."""
    return [f"{letter}{n}" for letter in _LAST_DETAIL for n in ("00", "10")]


def _is_detail(code: str) -> bool:
    number = int(code[1:])
    return code[0] in _LAST_DETAIL and (number == 0 or 11 <= number <= _LAST_DETAIL[code[0]])


def office(text: str) -> str | None:
    """Read an ST.3 office or country code, or a usual Chinese name, "美国" or "美国;US" or "US"."""
    for part in re.split(r"[;；,，\s]+", text.strip()):
        code = part.upper() if part.upper() in OFFICES else OFFICE_OF_NAME.get(part.removeprefix("中国") or part)
        if code:
            return code
    return None
