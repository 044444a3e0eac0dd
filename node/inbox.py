"""The inbox: files dropped there are imported, and moved to inbox/done or inbox/refused with what became of them.

A file is taken once it has stood still for a while and nobody has it open for writing. It is written down before it is
touched: a crash at any step neither loses a file nor files it twice. What cannot be taken now, because the disk is
full or an import is under way, stays and is tried again.
"""

import errno
import fcntl
import logging
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import file_digest
from itertools import count
from pathlib import Path

from node import cataloguing, intake, mappings, returned
from node.home import sync_directory, write_whole
from node.inbox_book import InboxItem
from node.node import Node
from records.errors import UnreadableFile

log = logging.getLogger(__name__)
PERSON = "inbox"
STILL_S = 5.0
_PARTIAL = (".part", ".crdownload", ".tmp", ".download", ".filepart", ".partial", ".new")
_TEMPORARY = ("~$", ".", "~")
_LINK = (
    "这是链接，不是文件；请把文件本身放入收件夹。",
    "This is a link, not a file; put the file itself into the inbox.",
)
_SPECIAL = (
    "这不是普通文件；请把文件放入收件夹。",
    "This is no regular file; put a file into the inbox.",
)
_OURS = ("done", "refused")
_MAX_NAME_BYTES = 200  # of the 255 that a file's name may have
_MAX_SUFFIX_BYTES = 20
_MACHINE = {errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE, errno.EIO, errno.ENOMEM}


@dataclass(frozen=True, slots=True)
class _Look:
    """How a file looked, and since when it has looked so."""

    facts: tuple[int, int, int]
    since: float


@dataclass
class Inbox:
    """The inbox of one node, looked at again and again by one thread."""

    node: Node
    _looks: dict[str, _Look] = field(default_factory=dict)

    @property
    def path(self) -> Path:
        return self.node.home.inbox

    def look(self, now: float) -> list[InboxItem]:
        """Take what is ready at `now` (seconds on a clock that never jumps); return what became of it, file by file.

        Raises OSError, sqlite3.Error and Busy where nothing can be taken at the moment; then everything stays.
        """
        self._finish_moves()
        entries = sorted(os.scandir(self.path), key=lambda entry: entry.name)
        names = [entry.name for entry in entries if self._is_ready(entry, now)]
        there = {entry.name for entry in entries}
        self._looks = {name: look for name, look in self._looks.items() if name in there}
        return [self._take(name) for name in names]

    def waiting(self) -> list[str]:
        """Return the names of what lies there and was not taken yet."""
        return sorted(entry.name for entry in os.scandir(self.path) if not _is_ours(entry))

    def _is_ready(self, entry: os.DirEntry[str], now: float) -> bool:
        if _is_ours(entry) or entry.name.startswith(_TEMPORARY) or entry.name.lower().endswith(_PARTIAL):
            return False
        if not entry.is_symlink() and entry.is_dir():
            return False
        try:
            found = entry.stat(follow_symlinks=False)
        except FileNotFoundError:
            return False
        facts = (found.st_size, found.st_mtime_ns, found.st_ino)
        held = self._looks.get(entry.name)
        if held is None or held.facts != facts:
            held = self._looks[entry.name] = _Look(facts, now)
        return now - held.since >= STILL_S and not _is_written(Path(entry.path))

    # -- one file -----------------------------------------------------------------------------------------------------

    def _take(self, name: str) -> InboxItem:
        """Import one file and move it; return what became of it."""
        self._looks.pop(name, None)
        name = self._usable(name)
        path = self.path / name
        reason, digest = _unfit(path), ""
        try:
            digest = "" if reason else _digest(path)
        except OSError as error:
            reason = _reason(error)
        item = self.node.notebook.take_item(name, digest, self.node.clock())
        if reason is None:
            try:
                return self._settle_done(item, path)
            except UnreadableFile as error:
                reason = error.message_zh, error.message_en
            except OSError as error:
                reason = _reason(error)
        return self._settle_refused(item, reason)

    def _usable(self, name: str) -> str:
        """Return a file's name; one that cannot be written down, shown or made longer is changed first."""
        usable = _usable(name)
        if usable != name:
            usable = next(one for one in _numbered(usable) if not os.path.lexists(self.path / one))
            (self.path / name).rename(self.path / usable)
            sync_directory(self.path)
        return usable

    def _settle_done(self, item: InboxItem, path: Path) -> InboxItem:
        """Import a file, unless that was done before a crash; put its result workbook where it goes, and move it."""
        file = mappings.fitting(self.node, path, cataloguing.known_kinds(self.node))
        done = self.node.notebook.done_via(_via(item)) or intake.take(self.node, file, PERSON, via=_via(item))
        target = self._free("done", item.name)
        returned.write(self.node, done, file, self.path / f"{target}-结果.xlsx", self.node.settings.language)
        self.node.notebook.settle_item(item.id, "filed", target, done.number)
        self._move(item.id, item.name, target)
        log.info(
            "inbox filed name=%s submission=%d rows=%d sealed=%d refused=%d",
            item.name, done.number, done.rows, done.sealed, done.refused,
        )  # fmt: skip
        return self._said(item.id)

    def _settle_refused(self, item: InboxItem, reason: tuple[str, str]) -> InboxItem:
        """Write down why a file is refused, put the reason beside where it goes, and move it."""
        target = self._free("refused", item.name)
        write_whole(self.path / f"{target}-原因.txt", ("\n".join(reason) + "\n").encode("utf-8-sig"))
        self.node.notebook.settle_item(item.id, "refused", target, reason="\n".join(reason))
        self._move(item.id, item.name, target)
        log.warning("inbox refused name=%s", item.name)
        return self._said(item.id)

    def _free(self, folder: str, name: str) -> str:
        """Return a name in a folder of the inbox that nothing has, made from the file's own."""
        (self.path / folder).mkdir(mode=0o700, exist_ok=True)
        return next(f"{folder}/{one}" for one in _numbered(name) if not os.path.lexists(self.path / folder / one))

    def _finish_moves(self) -> None:
        """Move what was settled and not moved before a crash."""
        for item in self.node.notebook.unmoved_items():
            if item.moved_to:
                self._move(item.id, item.name, item.moved_to)

    def _move(self, id: int, name: str, target: str) -> None:
        source, goal = self.path / name, self.path / target
        if os.path.lexists(source) and not os.path.lexists(goal):
            source.rename(goal)  # a link goes as the link that it is
            sync_directory(goal.parent)
            sync_directory(self.path)
        self.node.notebook.item_moved(id)

    def _said(self, id: int) -> InboxItem:
        return next(one for one in self.node.notebook.inbox_items() if one.id == id)


def _usable(name: str) -> str:
    """Return a name as UTF-8 of printable characters, with room for what is put behind it, and none of our own."""
    text = "".join(one if one.isprintable() else "_" for one in os.fsencode(name).decode("utf-8", "replace"))
    if text in _OURS:
        return f"{text}_"
    stem, suffix = os.path.splitext(text)
    suffix = _cut(suffix, _MAX_SUFFIX_BYTES)
    return _cut(stem, _MAX_NAME_BYTES - len(suffix.encode())) + suffix


def _cut(text: str, max_bytes: int) -> str:
    return text.encode()[:max_bytes].decode("utf-8", "ignore")


def _numbered(name: str) -> Iterator[str]:
    """Yield a name, then "name (2)", "name (3)" and so on, in front of its suffix."""
    yield name
    stem, dot, suffix = name.rpartition(".")
    for number in count(2):
        yield f"{stem} ({number}).{suffix}" if dot and stem else f"{name} ({number})"


def _is_ours(entry: os.DirEntry[str]) -> bool:
    return entry.name in _OURS and entry.is_dir(follow_symlinks=False)


def _via(item: InboxItem) -> str:
    return f"inbox/{item.id}"


def _unfit(path: Path) -> tuple[str, str] | None:
    """Return why something is no file to be taken, or None."""
    mode = path.lstat().st_mode
    if stat.S_ISLNK(mode):
        return _LINK
    return None if stat.S_ISREG(mode) else _SPECIAL


def _reason(error: OSError) -> tuple[str, str]:
    """Return what to say of a file that cannot be read; raise the error where it is the machine's trouble."""
    if error.errno in _MACHINE:
        raise error
    return f"文件无法读取（{error.strerror}）。", f"The file cannot be read ({error.strerror})."


def _digest(path: Path) -> str:
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(file, "rb") as content:
        return file_digest(content, "sha256").hexdigest()


def _is_written(path: Path) -> bool:
    """Tell whether a process has the file open for writing, as far as the system says so: a read lease needs that
    nobody has. Where it gives no leases, standing still has to do."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return False  # a link or unreadable: told when it is taken
    try:
        fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except OSError as error:
        return error.errno == errno.EAGAIN
    finally:
        os.close(file)
    return False


def standing(node: Node) -> dict[str, object]:
    """Return what waits in the inbox, and which files were refused lately, newest first."""
    items = node.notebook.inbox_items()
    refused = [{"file": one.moved_to, "reason": one.reason, "at": one.at} for one in items if one.submission == 0]
    return {"waiting": Inbox(node).waiting(), "refused": [one for one in refused if one["file"]]}
