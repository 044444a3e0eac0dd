"""node.db: what belongs to this node alone: invitations (hashed), requests, runs, submissions, sources, its inbox.

Never rebuilt from anything, so it is in the backup. Times are POSIX seconds, given by the caller.
"""

from pathlib import Path
from typing import Any

from sqlite_utils import Database, Migrations

from node import drift_book, export_book, hold_book
from node.act_book import ActBook
from node.certificate_book import CertificateBook
from node.drift_book import DriftBook
from node.errors import MissingStore
from node.export_book import ExportBook
from node.hold_book import HoldBook
from node.inbox_book import InboxBook
from node.invitation_book import InvitationBook
from node.mapping_book import MappingBook
from node.request_book import RequestBook
from node.run_book import RunBook
from node.source_book import SourceBook
from node.submission_book import SubmissionBook

migrations = Migrations("node")


@migrations()
def m001_first(db: Any) -> None:
    db["invitation"].create(
        {
            "secret_hash": bytes,
            "origin": str,
            "role": str,
            "name": str,
            "alliance_id": str,
            "expires": int,
            "state": str,
            "used_keys_hash": bytes,
            "created_at": int,
        },
        pk="secret_hash",
    )
    db["run"].create(
        {"id": int, "job": str, "started_at": float, "ended_at": float, "outcome": str, "detail": str}, pk="id"
    )
    db["run"].create_index(["job", "started_at"])
    numbers = ("rows", "sealed", "unchanged", "refused", "first", "last")
    db["submission"].create(
        {
            "number": int,
            "started_at": int,
            "ended_at": int,
            "state": str,
            "person": str,
            "files": str,
            "file_sha256": str,
            **dict.fromkeys(numbers, int),
            "findings": str,
            "undoes": int,
        },
        pk="number",
    )
    texts = ("key", "rule", "severity", "field", "value", "zh", "en")
    db["finding"].create({"id": int, "number": int, "row": int, **dict.fromkeys(texts, str)}, pk="id")
    db["finding"].create_index(["number", "row"])


@migrations()
def m002_imports(db: Any) -> None:
    """What a file was read as, saved mappings, repositories to harvest, and files that came by the inbox."""
    for name in ("records", "blank"):
        db["submission"].add_column(name, int, not_null_default=0)
    for name in ("format", "encoding", "layout", "mapping", "via"):
        db["submission"].add_column(name, str, not_null_default="")
    db["mapping"].create({"name": str, "body": str, "person": str, "saved_at": int}, pk="name")
    texts = ("name", "url", "prefix", "set_spec", "audience", "added_by")
    cursor = {"complete_from": str, "complete_at": int, "token": str, "began": str, "pages": int}
    spool = {"records": int, "spooled": int, "error": str}
    db["source"].create({**dict.fromkeys(texts, str), "added_at": int, **cursor, **spool}, pk="name")
    harvested = {"source": str, "identifier": str, "key": str}
    db["harvested"].create(harvested, pk=("source", "identifier"))
    item = {"name": str, "sha256": str, "state": str, "submission": int, "moved_to": str, "reason": str, "at": int}
    db["inbox"].create({"id": int, **item}, pk="id")
    db["inbox"].create_index(["state"])


@migrations()
def m006_acts(db: Any) -> None:
    """Which entries of the own log say who did what."""
    db["act"].create({"entry": int}, pk="entry")


@migrations()
def m004_reconcile(db: Any) -> None:
    """What comparing with other nodes found, and changes that wait for a person."""
    db["comparison"].create(drift_book.TABLES["comparison"], pk="node")
    db["drift"].create(drift_book.TABLES["drift"], pk="id")
    db["drift"].create_index(["node"])


@migrations()
def m003_joining(db: Any) -> None:
    """Requests to join that wait for a person, and how this node itself stands with its parents."""
    texts = ("origin", "role", "name", "uscc", "contact", "log_keys", "mirror_key", "address", "alliance_id")
    hashes = ("hpke_key", "keys_hash", "tls_hash", "token_hash")
    times = {"first_at": int, "last_at": int, "times": int}
    decided = {"state": str, "reason": str, "decided_by": str, "decided_at": int}
    columns = {"number": int, **dict.fromkeys(texts, str), **dict.fromkeys(hashes, bytes), **times, **decided}
    db["request"].create(columns, pk="number")
    db["request"].create_index(["origin", "keys_hash"], unique=True)
    db["request"].create_index(["state"])
    db["stands"].create({"parent": str, "state": str, "reason": str, "since": int}, pk="parent")


@migrations()
def m008_certificates(db: Any) -> None:
    """When the certificates end that were given to children."""
    db["certificate"].create({"origin": str, "ends": int}, pk="origin")


@migrations()
def m009_authorities(db: Any) -> None:
    """Which children have a certificate of the authority that follows another."""
    db["shown"].create({"origin": str, "authority": bytes}, pk="origin")


@migrations()
def m004_holds(db: Any) -> None:
    """Changes that wait for a person."""
    db["hold"].create(hold_book.TABLE, pk="id")


@migrations()
def m009_recovery(db: Any) -> None:
    """Which invitations give new keys to a node that lost its own."""
    db["invitation"].add_column("recovers", int, not_null_default=0)


@migrations()
def m013_handouts(db: Any) -> None:
    """Files that left this node, and which parts each holds."""
    db["handout"].create(export_book.TABLES["handout"], pk="number")
    db["handout_part"].create(export_book.TABLES["handout_part"])
    db["handout_part"].create_index(["origin", "first"])


@migrations()
def m010_held_imports(db: Any) -> None:
    """Imports of which something waits for a person."""
    for name in ("held", "hold"):
        db["submission"].add_column(name, int, not_null_default=0)
    db["hold"].transform(drop={"mapping"})
    db["hold"].add_column("released_as", int, not_null_default=0)


class Notebook(
    ActBook,
    DriftBook,
    CertificateBook,
    ExportBook,
    HoldBook,
    InvitationBook,
    RunBook,
    SubmissionBook,
    MappingBook,
    SourceBook,
    InboxBook,
    RequestBook,
):
    """The notebook of one home: its books in one file."""

    def __init__(self, path: Path) -> None:
        """Open an existing notebook, bringing its tables up to date; raise MissingStore."""
        if not path.is_file():
            raise MissingStore(str(path))
        super().__init__(path)
        with self._open() as db:
            migrations.apply(Database(db))

    @classmethod
    def create(cls, path: Path) -> "Notebook":
        """Make a new, empty notebook, mode 0600; raise FileExistsError if there is one."""
        path.touch(mode=0o600, exist_ok=False)
        return cls(path)
