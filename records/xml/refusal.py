"""Why a document of XML, an archive or an answer is not read: one UnreadableFile a reason, in Chinese and English."""

from records.errors import UnreadableFile


def entities(text: str) -> UnreadableFile:
    """The internal DTD declares what could grow or read other files."""
    return UnreadableFile(
        f"文件内部的 DTD 含有实体或其他声明（{text}），可能无限膨胀或读取其他文件，未读取；"
        "请向来源索取不含实体声明的文件。",
        f"The DTD inside the file declares {text!r}, which can make text grow without bound or read other files; it "
        "was not read. Ask the source for the file without such declarations.",
        text,
    )


def malformed(text: str, line: int = 0) -> UnreadableFile:
    """The bytes are not well-formed XML."""
    zh, en = (f"第 {line} 行", f" at line {line}") if line else ("", "")
    return UnreadableFile(
        f"不是完整、规范的 XML（{zh}{'：' if zh else ''}{text}）；文件可能被截断或损坏，请重新获取后再导入。",
        f"Not well-formed XML{en}: {text}. The file may be cut short or damaged; fetch it again and import it then.",
        text,
        line,
    )


def too_large(what: str, limit: int) -> UnreadableFile:
    """A limit of limits.py is reached."""
    zh = _PARTS_ZH[what]
    return UnreadableFile(
        f"XML 的{zh}超过上限 {limit}，未读取；请核对文件是否正常，或拆分后导入。",
        f"The XML has more than {limit} as its {what}, and was not read; check the file, or split it.",
        what,
        limit,
    )


_PARTS_ZH = {
    "prolog bytes": "文件头字节数",
    "depth": "嵌套层数",
    "attributes of one element": "单个元素的属性数",
    "characters of one attribute": "单个属性的字符数",
    "elements of one record": "单件记录的元素数",
    "characters of one record": "单件记录的字符数",
    "document bytes": "单个文档的字节数",
    "archive members": "压缩包成员数",
    "archive bytes": "压缩包解压后的字节数",
    "answer bytes": "接口应答的字节数",
}


def encoding(name: str, why: str) -> UnreadableFile:
    """The bytes do not fit the encoding that the file states or that its first bytes tell."""
    return UnreadableFile(
        f"文件内容与其编码 {name} 不符或不支持该编码（{why}）；请以 UTF-8 另存后导入。",
        f"The text does not fit its encoding {name}, or that encoding is not known ({why}); save it as UTF-8.",
        name,
    )


def unknown_format(root: str, namespace: str) -> UnreadableFile:
    """Well-formed XML of a format that no reader is for."""
    return UnreadableFile(
        f"无法识别的 XML 格式：根元素 {root}（命名空间 {namespace or '无'}）。支持国知局 XML、ST.36、ST.96、ST.66、"
        "美国专利 XML、EPO OPS 与美国转让登记；请选择这些格式之一。",
        f"No reader knows XML with the root {root} (namespace {namespace or 'none'}). Known are the XML of CNIPA, "
        "ST.36, ST.96, ST.66, US grants and applications, EPO OPS and US assignments.",
        root,
        namespace,
    )


def no_rights(zh: str, en: str) -> UnreadableFile:
    """A file that is recognised and holds neither rights nor events: `zh` and `en` say what it is."""
    return UnreadableFile(
        f"已识别：{zh}；其中没有可登记的权利或事件，未导入。",
        f"This is {en}; it holds no rights or events to import.",
        en,
    )


def archive(zh: str, en: str, *facts: object) -> UnreadableFile:
    """An archive as a whole is refused."""
    return UnreadableFile(f"压缩包未读取：{zh}。", f"The archive was not read: {en}.", *facts)
