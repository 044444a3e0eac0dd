"""Harvesting repositories by OAI-PMH: a source like a file, fetched page by page, then filed as one submission.

The next harvest asks for what changed since the repository answered the first page of the last complete one, and a day
before that; what was seen already changes nothing. A crash or a lost line costs at most a page. What was deleted at
its source is reported, never withdrawn by itself.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event

from node import cataloguing, intake
from node.comparison import Choice, noted
from node.errors import Interrupted, NodeError
from node.home import write_whole
from node.messages import N_
from node.node import Node
from node.repository import BrokenPage, HarvestFailed, Page, Repository, TokenLost, check_url
from node.source_book import Source
from node.spool import Spool
from node.submission_book import Submission
from node.submissions import check_audience
from node.versions import WiderAudience
from records.draft import Blank, Row
from records.errors import UnreadableFile
from records.rules import finding

log = logging.getLogger(__name__)
MAX_PAGES = 100_000
MAX_EMPTY_PAGES = 3
MAX_SPOOL_BYTES = 8 << 30
_OVERLAP = timedelta(days=1)
_FINE, _COARSE = "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d"
Progress = Callable[[int], None]


class BadSourceName(NodeError):
    """A name that no source can have: (name,)."""

    facts = ("name",)
    sentence = N_("{name} is no name for a source. Use letters and digits of any script, - and _, at most 60.")


@dataclass(frozen=True, slots=True)
class Harvested:
    """What a harvest brought: pages, records, those deleted there; `submission` is None where nothing came."""

    source: str
    since: str
    pages: int
    records: int
    deleted: int
    submission: Submission | None


def add(node: Node, source: Source, wider_confirmed: bool = False) -> None:
    """Write down a repository that is to be harvested every night.

    Raises NoRepository, BadSourceName, SourceExists, UnknownAudience, and WiderAudience where nobody confirmed it.
    """
    check_url(source.url)
    if source.name != _safe(source.name) or len(source.name) > 60:
        raise BadSourceName(source.name)
    if source.audience:
        check_audience(source.audience)
        if source.audience != "path" and not wider_confirmed:
            raise WiderAudience(source.audience)
    node.notebook.add_source(source)


def run_due(node: Node, since_s: float, person: str, stop: Event) -> None:
    """Harvest every source that was not harvested whole since then; one that fails does not stop the next.

    Raises what the first of them failed with, once all were tried.
    """
    failed: Exception | None = None
    for source in node.notebook.sources():
        if source.complete_at >= since_s:
            continue
        try:
            run(node, source.name, person, stop)
        except Interrupted:
            raise
        except (NodeError, UnreadableFile, OSError) as error:
            log.warning("harvest failed source=%s error=%r", source.name, error)
            failed = failed or error
    if failed is not None:
        raise failed


def run(
    node: Node,
    name: str,
    person: str,
    stop: Event | None = None,
    progress: Progress = lambda records: None,
    wait: Callable[[float], object] | None = None,
) -> Harvested:
    """Harvest one source to its end, from where the last run broke off, and file what came.

    Raises NoSource, NoHarvester, HarvestFailed, TokenLost, Busy, Interrupted. What was fetched is kept for the next
    run.
    """
    with node.home.hold(f"harvest-{_safe(name)}", wait_s=1.0):
        source = node.notebook.source(name)
        repository = Repository(source.url, stop or Event(), wait=wait)
        spool = Spool(node.home.path / "harvest" / f"{_safe(name)}.jsonl", source.prefix)
        try:
            since = _fetch(node, source, repository, spool, progress)
            return _file(node, node.notebook.source(name), spool, since, person)
        except TokenLost:
            node.notebook.harvest_again(name)
            raise
        except Interrupted:
            raise
        except HarvestFailed as error:
            node.notebook.harvest_failed(name, str(error.args[1]))
            raise


def _fetch(node: Node, source: Source, repository: Repository, spool: Spool, progress: Progress) -> str:
    """Bring the pages that are missing into the spool; return since when they were asked for."""
    notebook = node.notebook
    since = _since(source, repository)
    if source.began and not source.token:
        return since  # everything was fetched before a crash
    token, began, size = source.token, source.began, source.spooled
    empty, pages, seen = 0, source.pages, {source.token}
    while True:
        page = _page(node, source, repository, since, token)
        began = began or page.response_date
        _check_date(source, began)
        empty = 0 if page.items else empty + 1
        pages += 1
        if page.token and page.token in seen:
            raise HarvestFailed(source.url, "it gives the same page again and again")
        if page.token and (empty >= MAX_EMPTY_PAGES or pages >= _most_pages(page)):
            raise HarvestFailed(source.url, "its list does not come to an end")
        size = spool.add(page.items, size)
        if size > MAX_SPOOL_BYTES:
            raise HarvestFailed(source.url, f"more than {MAX_SPOOL_BYTES >> 30} GiB came")
        notebook.page_fetched(source.name, began, page.token, len(page.items), size)
        progress(len(page.items))
        if not page.token:
            return since
        token = page.token
        seen.add(token)


def _page(node: Node, source: Source, repository: Repository, since: str, token: str) -> Page:
    try:
        return repository.page(source.prefix, source.set_spec, since, token)
    except BrokenPage as error:
        kept = node.home.outbox / f"{_safe(source.name)}-broken-page.xml"
        write_whole(kept, error.raw)
        log.warning("harvest broken source=%s kept=%s", source.name, kept.name)
        raise


def _most_pages(page: Page) -> int:
    if page.complete_size and page.items:
        return min(MAX_PAGES, 2 * (page.complete_size // len(page.items) + 2))
    return MAX_PAGES


def _since(source: Source, repository: Repository) -> str:
    """Return from when on records are asked for, as finely as the repository takes it; "" for everything."""
    if not source.complete_from:
        return ""
    fine = "T" in repository.identify().get("granularity", "").upper()
    began = datetime.strptime(source.complete_from, _FINE).replace(tzinfo=UTC) - _OVERLAP
    return began.strftime(_FINE if fine else _COARSE)


def _check_date(source: Source, began: str) -> None:
    try:
        datetime.strptime(began, _FINE)
    except ValueError as error:
        raise HarvestFailed(source.url, f"its response date is {began[:40]!r}") from error


def _file(node: Node, source: Source, spool: Spool, since: str, person: str) -> Harvested:
    """File what is in the spool, and begin the next harvest where this one began."""
    via = f"source/{source.name}/{source.began}"
    done = node.notebook.done_via(via) if source.records else None
    deleted = 0
    if source.records:
        if done is None:
            opened = intake.Opened(spool.path, spool, cataloguing.known_kinds(node), title=source.url)
            choice = Choice(source.audience or None, wider_confirmed=True)  # confirmed when the source was added
            done = intake.take(
                node, opened, person, choice, via=via, filed=lambda batch: _remember(node, source.name, batch)
            )
        deleted = _report_deleted(node, source, spool, done)
    node.notebook.harvest_complete(source.name, source.began, node.clock())
    spool.remove()
    log.info("harvested source=%s pages=%d records=%d deleted=%d", source.name, source.pages, source.records, deleted)
    return Harvested(source.name, since, source.pages, source.records, deleted, done)


def _remember(node: Node, name: str, batch: list[Row | Blank]) -> None:
    keys = {row.raw["identifier"]: row.record.key for row in batch if isinstance(row, Row) and row.record}
    if keys:
        node.notebook.remember_keys(name, keys)


def _report_deleted(node: Node, source: Source, spool: Spool, done: Submission) -> int:
    """Note with the submission which records were deleted at their source and stand here; return how many came."""
    gone = {item.identifier: number for number, item in spool.items() if item.deleted}
    keys = node.notebook.harvested_keys(source.name, gone)
    told = {found.key for found in node.notebook.findings(done.number) if found.rule == "SOURCE_DELETED"}
    notes = [
        note
        for identifier, key in keys.items()
        if key not in told
        for note in noted(gone[identifier], key, [finding("SOURCE_DELETED", "", identifier, key=key)])
    ]
    node.notebook.add_late_findings(done.number, notes)
    return len(gone)


def _safe(name: str) -> str:
    """Return a source's name as a file's: letters and digits of any script, dash and underscore."""
    return "".join(one if one.isalnum() or one in "-_" else "_" for one in Path(name).name)[:100] or "_"
