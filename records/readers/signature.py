"""What a file is by its first bytes and, of an archive, by the names in it."""

import zipfile
from pathlib import Path

from records.errors import UnreadableFile
from records.readers import limits

START_BYTES = 4096
_MAX_MEMBERS = 100_000
_OTHERS: tuple[tuple[bytes, str, str], ...] = (
    (b"%PDF-", "PDF 文档", "a PDF document"),
    (b"\x1f\x8b", "gzip 压缩文件", "a gzip archive"),
    (b"BZh", "bzip2 压缩文件", "a bzip2 archive"),
    (b"\xfd7zXZ\x00", "xz 压缩文件", "an xz archive"),
    (b"\x28\xb5\x2f\xfd", "zstd 压缩文件", "a zstd archive"),
    (b"7z\xbc\xaf\x27\x1c", "7z 压缩文件", "a 7z archive"),
    (b"Rar!\x1a\x07", "RAR 压缩文件", "a RAR archive"),
    (b"\x89PNG", "PNG 图片", "a PNG image"),
    (b"\xff\xd8\xff", "JPEG 图片", "a JPEG image"),
    (b"GIF8", "GIF 图片", "a GIF image"),
    (b"II*\x00", "TIFF 图片", "a TIFF image"),
    (b"MM\x00*", "TIFF 图片", "a TIFF image"),
    (b"BM", "BMP 图片", "a BMP image"),
    (b"{\\rtf", "RTF 文档", "an RTF document"),
    (b"SQLite format 3\x00", "SQLite 数据库", "an SQLite database"),
    (b"PAR1", "Parquet 文件", "a Parquet file"),
    (b"ARROW1", "Arrow 文件", "an Arrow file"),
    (b"\x7fELF", "程序", "a program"),
    (b"MZ", "程序", "a program"),
    (b"\xca\xfe\xba\xbe", "程序", "a program"),
    *(
        (
            b"\x80" + bytes([version]),
            "Python pickle 文件（打开它会运行其中的程序）",
            "a Python pickle, which runs code when opened",
        )
        for version in range(2, 6)
    ),
)
_WHOLE_MARKS = (b"BM", b"MZ")  # two letters that a text may begin with


def of(path: Path) -> str:
    """Return what a file is: "xls", "xlsx", "ods", "xml-zip", "xml", or "text" for all else.

    Raises UnreadableFile, which names it, for what is known and not taken.
    """
    with path.open("rb") as file:
        start = file.read(START_BYTES)
    if start.startswith(b"\xd0\xcf\x11\xe0"):
        return "xls"
    if start.startswith((b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")):
        return _archive(path)
    for mark, zh, en in _OTHERS:
        if start.startswith(mark) and (mark not in _WHOLE_MARKS or b"\0" in start):
            raise refused(zh, en)
    return _text(start)


def beginning(start: bytes) -> str:
    """Return the first characters of a text, as far as they can be told before its encoding is known."""
    for mark, encoding in (
        (b"\xff\xfe", "utf-16"),
        (b"\xfe\xff", "utf-16"),
        (b"<\0", "utf-16-le"),
        (b"\0<", "utf-16-be"),
    ):
        if start.startswith(mark):
            return start.decode(encoding, "ignore")
    return start.decode("utf-8-sig", "ignore")


def refused(zh: str, en: str) -> UnreadableFile:
    """Return the refusal of a file that is known to be something else."""
    return UnreadableFile(
        f"这是{zh}，不能读取；请提供 xls、xlsx、ods、csv、XML、TRS 文本或 JSON Lines。",
        f"This is {en}, which is not read; give an xls, xlsx, ods, csv, XML, TRS text or JSON Lines file.",
    )


def _text(start: bytes) -> str:
    text = beginning(start).lstrip("\ufeff \r\n\t")
    low = text[:2048].lower()
    if not text.startswith("<") or text.startswith("<REC>"):
        return "text"
    if low.startswith(("<html", "<!doctype html", "<table", "<head", "<meta", "<body", "<style")) or "<html" in low:
        raise UnreadableFile(
            "这是网页（HTML），有些系统导出的“.xls”其实是网页；请用表格软件打开，另存为 xlsx 后重试。",
            "This is a web page (HTML), as some systems export under the name .xls; open it and save it as xlsx.",
        )
    return "xml"


def _archive(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError, RecursionError) as error:
        raise limits.damaged() from error
    if len(names) > _MAX_MEMBERS:
        raise limits.bomb(len(names))
    if "xl/workbook.xml" in names:
        return "xlsx"
    if "xl/workbook.bin" in names:
        raise refused("二进制工作簿（xlsb）", "a binary workbook (xlsb)")
    if "content.xml" in names and "META-INF/manifest.xml" in names:
        return "ods"
    if any(name.startswith(("word/", "ppt/")) for name in names):
        raise refused("文字处理或演示文稿文件", "a text or presentation document")
    if any(name.lower().endswith(".xml") for name in names):
        return "xml-zip"
    raise refused("不含工作簿或 XML 的压缩包", "an archive without a workbook or XML")
