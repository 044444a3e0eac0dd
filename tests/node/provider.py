"""An OAI-PMH provider on loopback: a real HTTP server with records in memory, and one that does everything wrong."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from xml.sax.saxutils import escape

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/">'
DC = (
    '<oai_dc:dc xmlns:oai_dc="http://www.openarchives.org/OAI/2.0/oai_dc/" xmlns:dc="http://purl.org/dc/elements/1.1/">'
)


@dataclass
class Item:
    """A record of the provider; `dc` are (element, text), None for one that was deleted."""

    identifier: str
    datestamp: str
    dc: list[tuple[str, str]] | None


@dataclass
class Provider:
    """What is provided, in pages; `asked` are the queries so far. `answer` may be replaced by what misbehaves."""

    items: list[Item] = field(default_factory=list)
    page_size: int = 2
    now: str = "2026-03-01T00:00:00Z"
    asked: list[dict[str, str]] = field(default_factory=list)
    url: str = ""
    answer: Callable[[dict[str, str]], tuple[int, dict[str, str], bytes]] = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        self.answer = self.right

    def right(self, query: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        """Answer as the protocol has it."""
        if query.get("verb") == "Identify":
            said = "<granularity>YYYY-MM-DDThh:mm:ssZ</granularity><deletedRecord>persistent</deletedRecord>"
            return ok(self.document(f"<Identify>{said}</Identify>"))
        if "resumptionToken" in query:
            since, _, at = query["resumptionToken"].partition("|")
            if not at.isdigit():
                return ok(self.error("badResumptionToken"))
        else:
            since, at = query.get("from", ""), "0"
        due = [one for one in self.items if one.datestamp >= since]
        if not due:
            return ok(self.error("noRecordsMatch"))
        end = int(at) + self.page_size
        token = f"<resumptionToken>{since}|{end}</resumptionToken>" if end < len(due) else ""
        if at != "0" and not token:
            token = "<resumptionToken/>"
        return ok(self.document(f"<ListRecords>{''.join(map(record, due[int(at) : end]))}{token}</ListRecords>"))

    def document(self, inside: str) -> str:
        return f"{HEAD}<responseDate>{self.now}</responseDate><request>{escape(self.url)}</request>{inside}</OAI-PMH>"

    def error(self, code: str) -> str:
        return self.document(f'<error code="{code}">why not</error>')


def ok(text: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    return 200, {"Content-Type": "text/xml; charset=UTF-8", **headers}, text.encode()


def record(item: Item) -> str:
    status = ' status="deleted"' if item.dc is None else ""
    header = (
        f"<header{status}><identifier>{item.identifier}</identifier><datestamp>{item.datestamp}</datestamp></header>"
    )
    if item.dc is None:
        return f"<record>{header}</record>"
    inside = "".join(f"<dc:{name}>{escape(text)}</dc:{name}>" for name, text in item.dc)
    return f"<record>{header}<metadata>{DC}{inside}</oai_dc:dc></metadata></record>"


@contextmanager
def providing(*items: Item, **given: Any) -> Iterator[Provider]:
    """Yield a provider that answers on loopback meanwhile."""
    provider = Provider(list(items), **given)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            query = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
            provider.asked.append(query)
            status, headers, body = provider.answer(query)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", headers.get("X-Claimed", str(len(body))))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_given: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    provider.url = f"http://127.0.0.1:{server.server_address[1]}/oai"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
