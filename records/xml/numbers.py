"""Numbers of patents as offices and services write them, in the one form that this project keeps them in."""

import re

_WO = re.compile(r"(?:PCT[/ ]?)?([A-Z]{2})[/ ]?(\d{2}|\d{4})[/ ]?0*(\d{5,6})", re.ASCII)


def application(office: str, written: str) -> str:
    """Return an application number in the form of its office; what has no known form stays as written.

    US numbers are digits only (series and serial, "13/547,826" is 13547826). DOCDB's form of US numbers since 2004
    has the year in front of them ("201213547826"). An EP check digit is dropped. Chinese numbers stay as written:
    the checks compare their digit. Source: EPO "DOCDB number formats" (unconfirmed), agrees with the samples.
    """
    squeezed = "".join(written.upper().split())
    if office == "US":
        digits = re.sub(r"[^0-9A-Z]", "", squeezed.removeprefix("US"))
        return digits[4:] if re.fullmatch(r"20\d{10}", digits) else digits
    if office == "EP":
        return re.sub(r"\.\d$", "", squeezed.removeprefix("EP"))
    if office == "WO":
        return international(written)
    return written.strip()


def international(written: str) -> str:
    """Return the number of an international application as PCT/US2013/050328; as written if it is none."""
    match = _WO.fullmatch("".join(written.upper().split()))
    if not match:
        return written.strip()
    year = match[2] if len(match[2]) == 4 else ("19" if match[2] >= "78" else "20") + match[2]
    return f"PCT/{match[1]}{year}/{match[3].zfill(6)}"


def publication(office: str, number: str, kind: str) -> str:
    """Return a publication number with office and kind code: "CN102025678A", "US8930553B2", "EP1000000A1".

    US numbers lose the zeros in front, and DOCDB's 2006142694 becomes the office's 20060142694.
    """
    squeezed = re.sub(r"[\s,/]", "", number.upper()).removeprefix(office)
    if office == "US":
        squeezed = re.sub(r"^([A-Z]*)0+(?=\d)", r"\1", squeezed)
        if re.fullmatch(r"20\d{8}", squeezed) and kind.startswith("A"):
            squeezed = f"{squeezed[:4]}0{squeezed[4:]}"
    if kind and squeezed.endswith(kind) and squeezed != kind:
        kind = ""
    return f"{office}{squeezed}{kind}"


def date(written: str) -> str:
    """Return a date without its time zone ("1995-02-07-05:00"); a day or month 00 and year 0001 are no date: ""."""
    found = re.match(r"\d{4}-\d{2}-\d{2}|\d{8}", written.strip())
    if not found:
        return written.strip()
    digits = found[0].replace("-", "")
    if digits.startswith("0001") or digits[4:6] == "00" or digits[6:] == "00":
        return ""
    return f"{digits[:4]}-{digits[4:6]}-{digits[6:]}"
