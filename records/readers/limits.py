"""What a file may hold at most, and the sentences for what is more, broken or empty."""

from pathlib import Path

from records.errors import UnreadableFile

MAX_TEXT_BYTES = 4 << 30
MAX_WORKBOOK_BYTES = 512 << 20
MAX_UNZIPPED_BYTES = 4 << 30
BOMB_BYTES = 64 << 20  # a workbook of more, unpacked,
BOMB_RATIO = 256  # that packs better than this holds nothing that people wrote
MAX_ROWS = 1_048_576  # what a sheet can hold
MAX_COLUMNS = 512
MAX_LINE_BYTES = 16 << 20  # also what a row may have, over all its lines
MAX_ROW_CHARS = 4 << 20  # of a sheet


def check_size(path: Path, max_bytes: int) -> None:
    """Raise UnreadableFile for a larger file."""
    size = path.stat().st_size
    if size > max_bytes:
        raise too_large(size, max_bytes)


def check_shape(rows: int, columns: int) -> None:
    """Raise UnreadableFile for more rows or columns than a table may have."""
    if rows > MAX_ROWS or columns > MAX_COLUMNS:
        raise UnreadableFile(
            f"表格有 {rows} 行、{columns} 列，最多 {MAX_ROWS} 行、{MAX_COLUMNS} 列；请分成几个文件或删去空列。",
            f"The sheet has {rows} rows and {columns} columns, at most {MAX_ROWS} and {MAX_COLUMNS} are read; "
            "split it, or delete empty columns.",
            rows,
            columns,
        )


def too_large(size: int, max_bytes: int) -> UnreadableFile:
    return UnreadableFile(
        f"文件（解压后）有 {size >> 20} MiB，超过 {max_bytes >> 20} MiB；请分成几个文件。",
        f"The file has {size >> 20} MiB (unpacked), more than {max_bytes >> 20} MiB; split it into several files.",
        size,
    )


def bomb(size: int) -> UnreadableFile:
    return UnreadableFile(
        f"压缩包解压后有 {size >> 20} MiB，超过压缩前的 {BOMB_RATIO} 倍，可能是压缩炸弹；请另存为 xlsx 后重试。",
        f"The archive unpacks to {size >> 20} MiB, more than {BOMB_RATIO} times its own size, as only a zip bomb does; "
        "save the file as xlsx again and retry.",
        size,
    )


def long_line(line: int) -> UnreadableFile:
    return UnreadableFile(
        f"第 {line} 行附近的一行超过 {MAX_LINE_BYTES >> 20} MiB；请检查换行和引号是否成对后重试。",
        f"The row near line {line} has more than {MAX_LINE_BYTES >> 20} MiB; check its line breaks and quotes.",
        line,
    )


def damaged() -> UnreadableFile:
    return UnreadableFile(
        "文件已损坏、不完整，或读取所需内存过大；请用表格软件打开并另存为 xlsx 后重试。",
        "The file is damaged, not whole, or takes too much memory; open it, save it as xlsx and retry.",
    )


def password() -> UnreadableFile:
    return UnreadableFile(
        "文件有密码保护，无法读取；请去掉密码后重试。", "The file is protected by a password; remove it and retry."
    )


def empty() -> UnreadableFile:
    return UnreadableFile("文件里没有内容；请检查是否导出成功。", "The file holds nothing; check that it was exported.")
