"""What `records` raises. A row or a field that is wrong is a Finding instead (finding.py)."""


class RecordsError(Exception):
    """Base of all errors of this folder."""


class MalformedRecord(RecordsError):
    """Bytes that are not a record body, or a record that cannot be written as one; the first argument says why."""


class MalformedKind(RecordsError):
    """A schema that does not describe a kind; the first argument says why."""


class MissingLibrary(RecordsError):
    """A format needs a library that is not installed: (format, library, the extra of this package that brings it)."""


class UnreadableFile(RecordsError):
    """A whole file is refused. `message_zh` and `message_en` say what happened, why, and what to do."""

    def __init__(self, message_zh: str, message_en: str, *facts: object) -> None:
        super().__init__(message_en, *facts)
        self.message_zh = message_zh
        self.message_en = message_en
        self.facts = facts

    def __str__(self) -> str:
        return self.message_en
