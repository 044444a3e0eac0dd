"""The kind of right that a patent document is about, from the codes of its office."""

_CN_TYPES = {"10": "patent_invention", "11": "patent_invention", "20": "utility_model", "21": "utility_model"}
_CN_TYPES |= {"30": "design", "40": "design", "1": "patent_invention", "2": "utility_model", "3": "design"}
_CN_TYPES |= {"8": "patent_invention", "9": "utility_model"}
_WORDS = (
    ("发明", "patent_invention"),
    ("实用新型", "utility_model"),
    ("外观", "design"),
    ("utility model", "utility_model"),
    ("utility", "patent_invention"),
    ("invention", "patent_invention"),
    ("reissue", "patent_invention"),
    ("sir", "patent_invention"),
    ("design", "design"),
    ("plant", "plant_variety"),
)
_DOCDB = {"PI": "patent_invention", "UM": "utility_model", "DP": "design", "DE": "design", "PP": "plant_variety"}
_LETTERS = {
    "CN": {"A": "patent_invention", "B": "patent_invention", "C": "patent_invention"}
    | {"U": "utility_model", "Y": "utility_model", "S": "design", "D": "design"},
    "US": {"A": "patent_invention", "B": "patent_invention", "E": "patent_invention", "H": "patent_invention"}
    | {"S": "design", "P": "plant_variety"},
}
_OTHER_LETTERS = {"U": "utility_model", "S": "design"}
_Y_IS_UTILITY_MODEL = frozenset({"JP", "KR", "TW", "DK", "ES", "FI"})


def of_type(written: str) -> str:
    """Return the kind that an application type says: CNIPA's 10 to 30, a word in Chinese or English; "" if none."""
    found = _CN_TYPES.get(written.strip())
    lower = written.lower()
    return found or next((kind for word, kind in _WORDS if word in lower), "")


def of_code(office: str, code: str) -> str:
    """Return the kind that a publication's kind code says (ST.16, and what offices make of it); "" without a code."""
    if not code:
        return ""
    if office in _LETTERS:
        return _LETTERS[office].get(code[0], "")
    if code[0] == "Y" and office in _Y_IS_UTILITY_MODEL:
        return "utility_model"
    return _OTHER_LETTERS.get(code[0], "patent_invention")


def of_docdb_type(code: str) -> str:
    """Return the kind that an INPADOC event's type of right says: PI, UM, DP; "" for another."""
    return _DOCDB.get(code.strip(), "")
