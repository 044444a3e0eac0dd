"""A repository that speaks OAI-PMH, read page by page: bounded, patient, and going nowhere else.

The library oaipmh-scythe speaks the protocol; what it asks over HTTP is asked here: http and https only, no redirect to
another place, a limit on bytes and time of every page, waiting as long as the repository asks for.
"""

import importlib
import logging
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from importlib.metadata import version
from threading import Event
from typing import Any
from urllib.parse import urljoin, urlsplit

from lxml import etree

from node.errors import Interrupted, NodeError
from node.messages import N_

log = logging.getLogger(__name__)
MAX_PAGE_BYTES = 64 << 20
MAX_PAGE_S = 600.0
_TIMEOUT_S = 60.0
_MOST_TRIES = 6
_MOST_REDIRECTS = 3
_LONGEST_WAIT_S = 3600.0
_OAI = "{http://www.openarchives.org/OAI/2.0/}"
_NOT_XML = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")


class NoHarvester(NodeError):
    """The library that speaks OAI-PMH is not installed: ()."""

    sentence = N_("Harvesting needs a further library. Install it with `pip install 'banyan-ip[oai]'`.")


class NoRepository(NodeError):
    """Not an address that can be harvested: (url,)."""

    facts = ("url",)
    sentence = N_("{url} cannot be harvested. Give the base URL of the repository: http:// or https://, no password.")


class HarvestFailed(NodeError):
    """A repository that does not answer as it should: (url, why)."""

    facts = ("url", "why")
    sentence = N_(
        "{url} could not be harvested: {why}. What was taken so far is kept; the next run goes on from there. "
        "If this stays, tell the people of the repository."
    )


class TokenLost(NodeError):
    """The repository knows a resumption token no longer: (url,)."""

    facts = ("url",)
    sentence = N_(
        "{url} has forgotten how far the harvest was. The next run begins again where the last whole one did."
    )


class BrokenPage(HarvestFailed):
    """A page that is no XML: (url, why); its bytes are in `raw`."""

    raw: bytes = b""


@dataclass(frozen=True, slots=True)
class Item:
    """One record of a page; of one that is deleted there is no `payload`, the XML inside its metadata element."""

    identifier: str
    datestamp: str
    deleted: bool
    payload: bytes = b""


@dataclass(frozen=True, slots=True)
class Page:
    """One answer: its records, when the repository gave it, and the token of the next page, "" on the last."""

    items: tuple[Item, ...]
    response_date: str
    token: str = ""
    complete_size: int = 0


def check_url(url: str) -> str:
    """Return an address that may be harvested; raise NoRepository."""
    try:
        parts = urlsplit(url)
        right = parts.scheme in ("http", "https") and parts.hostname and not (parts.username or parts.password)
        right = right and not parts.query and not parts.fragment and url.isprintable() and parts.port != 0
    except ValueError:
        right = False
    if not right:
        raise NoRepository(url)
    return url


@dataclass
class Repository:
    """One repository. `sleep` and `stop` are given by whoever waits; `stop` ends every wait with Interrupted."""

    url: str
    stop: Event = field(default_factory=Event)
    clock: Callable[[], float] = time.monotonic
    wait: Callable[[float], object] | None = None

    def identify(self) -> dict[str, str]:
        """Return what the repository says of itself: `granularity`, `deletedRecord` and their like, where stated."""
        root = self._asked({"verb": "Identify"})
        found = root.find(f"{_OAI}Identify")
        return {str(one.tag).rpartition("}")[2]: (one.text or "").strip() for one in ([] if found is None else found)}

    def page(self, prefix: str, set_spec: str = "", since: str = "", token: str = "") -> Page:
        """Return the first page of what changed since, or the page of a token; no match is a page without records.

        Raises TokenLost, BrokenPage, HarvestFailed, Interrupted.
        """
        query = {"verb": "ListRecords"}
        if token:
            query["resumptionToken"] = token
        else:
            given = {"metadataPrefix": prefix, "set": set_spec, "from": since}
            query.update((name, value) for name, value in given.items() if value)
        root = self._asked(query)
        return _page(root)

    def _asked(self, query: dict[str, str]) -> Any:
        """Return the root of an answer; an error that the protocol has is its own exception, or none."""
        scythe, exceptions = _library()
        with _Client(scythe, self) as client:
            for tried in range(1, _MOST_TRIES + 1):
                try:
                    client.scythe.harvest(query)
                    return client.root
                except exceptions.NoRecordsMatch:
                    return client.root
                except exceptions.BadResumptionToken as error:
                    raise TokenLost(self.url) from error
                except exceptions.OAIPMHException as error:
                    raise HarvestFailed(self.url, f"{type(error).__name__}: {error}"[:300]) from error
                except client.http.HTTPStatusError as error:
                    self._after_status(error.response, tried, error)
                except client.http.TransportError as error:
                    self._after(min(2.0**tried, 60.0), tried, error)
                except client.http.HTTPError as error:  # an encoding that is none, a request that cannot be made
                    raise HarvestFailed(self.url, f"{type(error).__name__}: {error}"[:300]) from error
        raise AssertionError("the last try raises")

    def _after_status(self, response: Any, tried: int, error: Exception) -> None:
        if response.status_code not in (429, 500, 502, 503, 504):
            raise HarvestFailed(self.url, f"HTTP {response.status_code}") from error
        self._after(_retry_after(response.headers.get("retry-after", ""), 2.0**tried), tried, error)

    def _after(self, seconds: float, tried: int, error: Exception) -> None:
        """Wait before the next try; give up after the last."""
        if tried == _MOST_TRIES or seconds > _LONGEST_WAIT_S:
            raise HarvestFailed(self.url, f"{type(error).__name__}: {error}"[:300]) from error
        log.info("harvest waits url=%s seconds=%d", self.url, seconds)
        if self.wait is not None:
            self.wait(seconds)
        elif self.stop.wait(seconds):
            raise Interrupted("harvest")
        if self.stop.is_set():
            raise Interrupted("harvest")


class _Client:
    """The library's client for one question, asking over HTTP by our rules."""

    def __init__(self, scythe: Any, repository: Repository):
        self.http = importlib.import_module("httpx2")
        self._repository = repository
        self.root: Any = None
        configuration = importlib.import_module("oaipmh_scythe.config")
        contact = f"banyan-ip/{version('banyan-ip')}"
        given = configuration.HTTPConfig(timeout=_TIMEOUT_S, user_agent=contact)
        self.scythe = scythe(repository.url, http_config=given)
        self.scythe._request = self._request

    def __enter__(self) -> "_Client":
        return self

    def __exit__(self, *_raised: object) -> None:
        self.scythe.close()

    def _strictly(self, whole: bytes) -> Any:
        """Return the root of an answer; control characters are left out. Raises BrokenPage."""
        for content in (whole, _NOT_XML.sub(b"", whole)):
            try:
                root: Any = etree.fromstring(content, _parser())
            except (etree.XMLSyntaxError, ValueError) as error:
                why = str(error)[:200]
                continue
            if root.getroottree().docinfo.doctype:
                why = "a document type, which no answer has"
                break
            if root.tag == f"{_OAI}OAI-PMH":
                return root
            why = f"no OAI-PMH answer but {str(root.tag)[:100]}"
            break
        broken = BrokenPage(self._repository.url, why)
        broken.raw = whole
        raise broken

    def _request(self, query: dict[str, str]) -> Any:
        """Return a response read whole within the limits; only redirects within the same place are followed."""
        url, given = self._repository.url, query
        for _ in range(_MOST_REDIRECTS + 1):
            if self._repository.stop.is_set():
                raise Interrupted("harvest")
            with self.scythe.client.stream("GET", url, params=given or None) as response:
                if not response.is_redirect:
                    response.raise_for_status()
                    self.root = self._strictly(self._read(response))
                    content = etree.tostring(self.root)
                    return self.http.Response(response.status_code, content=content, request=response.request)
                target = urljoin(str(response.url), response.headers.get("location", ""))
            if not _is_same_place(self._repository.url, target):
                raise HarvestFailed(self._repository.url, f"it sends us to another place, {target[:200]}")
            url, given = target, {}
        raise HarvestFailed(self._repository.url, "it sends us round in circles")

    def _read(self, response: Any) -> bytes:
        until, pieces, size = self._repository.clock() + MAX_PAGE_S, [], 0
        for piece in response.iter_bytes():
            size += len(piece)
            pieces.append(piece)
            if size > MAX_PAGE_BYTES:
                raise HarvestFailed(self._repository.url, f"a page has more than {MAX_PAGE_BYTES >> 20} MiB")
            if self._repository.clock() > until:
                raise HarvestFailed(self._repository.url, f"a page took longer than {MAX_PAGE_S:.0f} s")
            if self._repository.stop.is_set():
                raise Interrupted("harvest")
        return b"".join(pieces)


def _library() -> tuple[Any, Any]:
    try:
        return importlib.import_module("oaipmh_scythe").Scythe, importlib.import_module("oaipmh_scythe.exceptions")
    except ImportError as error:
        raise NoHarvester() from error


def _parser() -> etree.XMLParser:
    return etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False)


def _page(root: Any) -> Page:
    records = root.iterfind(f"{_OAI}ListRecords/{_OAI}record")
    token = root.find(f"{_OAI}ListRecords/{_OAI}resumptionToken")
    size = token.get("completeListSize", "") if token is not None else ""
    return Page(
        tuple(item for record in records if (item := _item(record)) is not None),
        _text(root.find(f"{_OAI}responseDate")),
        _text(token),
        int(size) if size.isascii() and size.isdigit() and len(size) < 12 else 0,
    )


def _item(record: Any) -> Item | None:
    header = record.find(f"{_OAI}header")
    if header is None:
        return None
    identifier, datestamp = _text(header.find(f"{_OAI}identifier")), _text(header.find(f"{_OAI}datestamp"))
    if header.get("status") == "deleted":
        return Item(identifier, datestamp, True)
    payload = record.find(f"{_OAI}metadata")
    inside = [] if payload is None else list(payload)
    return Item(identifier, datestamp, False, etree.tostring(inside[0], with_tail=False) if inside else b"")


def _text(element: Any) -> str:
    return (element.text or "").strip() if element is not None else ""


def _is_same_place(url: str, target: str) -> bool:
    """Tell whether a redirect stays with the same host and port, or goes from http to https on the same host."""
    try:
        here, there = urlsplit(url), urlsplit(target)
        if here.hostname != there.hostname or there.username or there.password:
            return False
        if (here.scheme, here.port) == (there.scheme, there.port):
            return True
        return (
            (here.scheme, there.scheme) == ("http", "https") and here.port in (None, 80) and there.port in (None, 443)
        )
    except ValueError:
        return False


def _retry_after(text: str, otherwise_s: float) -> float:
    """Return the seconds of a Retry-After header, a number or a date."""
    if text.isascii() and text.isdigit() and len(text) < 9:
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, TypeError):
        return otherwise_s
