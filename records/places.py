"""Places: divisions of GB/T 2260, read from names and from the patent office's own numbers, which are others.

The office's 国省代码 pairs a name with a number of its own ("广东;44", "广州;81"): 81 is Guangzhou there, and Hong Kong
in GB/T 2260, so only the name is read. Guangdong is known by city, other provinces by their province and by the
cities that the office counts apart.
"""

import re
import unicodedata

from records import codes

_PROVINCES = """110000北京 120000天津 130000河北 140000山西 150000内蒙古 210000辽宁 220000吉林 230000黑龙江 310000上海
320000江苏 330000浙江 340000安徽 350000福建 360000江西 370000山东 410000河南 420000湖北 430000湖南 440000广东 450000广西
460000海南 500000重庆 510000四川 520000贵州 530000云南 540000西藏 610000陕西 620000甘肃 630000青海 640000宁夏 650000新疆
710000台湾 810000香港 820000澳门"""
_GUANGDONG = """440100广州 440200韶关 440300深圳 440400珠海 440500汕头 440600佛山 440700江门 440800湛江 440900茂名
441200肇庆 441300惠州 441400梅州 441500汕尾 441600河源 441700阳江 441800清远 441900东莞 442000中山 445100潮州 445200揭阳
445300云浮"""
_APART = """420100武汉 610100西安 210100沈阳 210200大连 230100哈尔滨 370200青岛 330200宁波 220100长春 320100南京
330100杭州 370100济南 510100成都 350200厦门"""


def _pairs(text: str) -> dict[str, str]:
    return {word[:6]: word[6:] for word in text.split()}


PROVINCES = _pairs(_PROVINCES)
GUANGDONG = _pairs(_GUANGDONG)
NAMES = PROVINCES | GUANGDONG | _pairs(_APART)
_CODE_OF = {name: code for code, name in NAMES.items()}
_SUFFIX = re.compile(r"(?:特别行政区|壮族自治区|回族自治区|维吾尔自治区|自治区|省|市)$")
_STATED = re.compile(r"(?:中国)?(.+)")
_POSTCODE = re.compile(r"^\s*(\d{6})(?!\d)")


def division(text: str) -> str | None:
    """Read a GB/T 2260 code or a name, "440100", "广州", "广东省", "广东省深圳市", "深圳;94", into the six digits.

    A number that stands alone is taken for a GB/T 2260 code if it has six digits and its first two are a province's;
    beside a name it is not looked at. None for a place that is not known.
    """
    folded = "".join(unicodedata.normalize("NFKC", text).split())
    if re.fullmatch(r"\d{6}", folded, re.ASCII):
        return folded if f"{folded[:2]}0000" in PROVINCES else None
    names = [part for part in re.split(r"[;,/|\-]", folded) if part and not part.isascii()]
    found = [code for name in names if (code := _named(name))]
    return found[-1] if found and len(found) == len(names) else None


def region(text: str) -> str | None:
    """Read where a party sits: a division of China, else an ST.3 code, "广州;81" → "440100", "美国;US" → "US"."""
    return division(text) or codes.office(text)


def of_address(text: str) -> str | None:
    """Return the division that an address says, city if known, from its words, else by a Guangdong postcode.

    That 510000 to 529999 is Guangdong is (unconfirmed). None where nothing is told; never a guess from a street's name:
    the words count only where they stand with 省 or 市, or first.
    """
    folded = "".join(unicodedata.normalize("NFKC", _POSTCODE.sub("", text)).split())
    city = next((code for code, name in NAMES.items() if code[2:] != "0000" and f"{name}市" in folded), None)
    province = next((code for code, name in PROVINCES.items() if folded.startswith(name)), None)
    if city and (province is None or province[:2] == city[:2]):
        return city
    if province:
        return province
    postcode = _POSTCODE.match(unicodedata.normalize("NFKC", text))
    return "440000" if postcode and 510000 <= int(postcode[1]) <= 529999 else None


def name(code: str) -> str | None:
    """Return the Chinese name of a division, of its city or province if it is not known itself."""
    return next((NAMES[one] for one in (code, f"{code[:4]}00", f"{code[:2]}0000") if one in NAMES), None)


def _named(text: str) -> str | None:
    """Return the code of "广东", "广东省", "广东省深圳市" or "中国香港", the narrower place if two are named."""
    match = _STATED.fullmatch(text)
    rest = match[1] if match else text
    short = _SUFFIX.sub("", rest)
    if short in _CODE_OF:
        return _CODE_OF[short]
    province = next((code for code, name in PROVINCES.items() if rest.startswith(name)), None)
    if province is None:
        return None
    inner = re.sub(r"^(?:省|市|壮族自治区|回族自治区|维吾尔自治区|自治区)", "", rest[len(PROVINCES[province]) :])
    code = _CODE_OF.get(_SUFFIX.sub("", inner)) or next(
        (found for name, found in _CODE_OF.items() if inner.startswith(f"{name}市")), None
    )
    return code if code and code[:2] == province[:2] else province
