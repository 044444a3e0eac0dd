"""The bytes of an XML file as UTF-8, whatever encoding they were written in."""

import codecs
from collections.abc import Iterator
from typing import Protocol

from records.xml import limits, prolog, refusal

_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_BARE = ((b"<\x00?\x00", "utf-16-le"), (b"\x00<\x00?", "utf-16-be"))  # no byte order mark
_WIDER = {"gb2312": "gb18030", "gbk": "gb18030", "x-gbk": "gb18030", "us-ascii": "ascii"}
_KNOWN = {
    *("utf-8", "ascii", "gb18030", "big5", "big5hkscs", "shift_jis", "euc_jp", "euc_kr", "cp932", "cp949"),
    *(f"cp125{n}" for n in range(9)),
    *(f"iso8859-{n}" for n in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 13, 14, 15, 16)),
}


class Source(Protocol):
    """What bytes are read from: at most `size` of them, none at the end."""

    def read(self, size: int, /) -> bytes: ...


def encoding(start: bytes) -> str:
    """Return the encoding of a file that begins with `start`: byte order mark, then declaration, then UTF-8.

    GB2312 and GBK are read as GB18030, which holds both. Raises UnreadableFile for one that is not known.
    """
    for mark, name in (*_BOMS, *_BARE):
        if start.startswith(mark):
            return name
    declared = prolog.declared_encoding(start)
    if not declared:
        return "utf-8"
    try:
        name = codecs.lookup(_WIDER.get(declared, declared)).name
    except LookupError:
        raise refusal.encoding(declared, "unknown") from None
    if name not in _KNOWN:  # UTF-16 without its zeros, rot13, punycode and the like
        raise refusal.encoding(declared, "not supported")
    return name


def chunks(file: Source) -> Iterator[bytes]:
    """Give the file's text as UTF-8, without byte order mark, in pieces of about CHUNK bytes.

    Raises UnreadableFile where bytes do not fit the encoding; nothing is replaced.
    """
    chunk = file.read(limits.CHUNK)
    name = encoding(chunk)
    decoder = codecs.getincrementaldecoder(name)("strict")
    try:
        while chunk:
            yield decoder.decode(chunk).encode()
            chunk = file.read(limits.CHUNK)
        yield decoder.decode(b"", final=True).encode()
    except UnicodeError as error:
        raise refusal.encoding(name, str(error)[:200]) from None
