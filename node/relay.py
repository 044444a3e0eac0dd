"""Asking the catalogue of the node above, or the hub's through it (module with generated code).

Who asks from outside sees what is public or for the federation; at an alliance, its members see its own parts as well.
A relayed question is asked as the substation's own. Texts of questions are never logged.
"""

import json
import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import grpc
from banyan.v1 import search_pb2 as pb
from banyan.v1 import search_pb2_grpc

from catalog import search, showing, views
from catalog.errors import BadQuery, BadToken, CatalogError
from node import cataloguing
from node.node import Node, peer
from sync import recovery, refusals
from sync.errors import Malformed, NotAllowed, SyncError

log = logging.getLogger(__name__)
TIMEOUT_S = 30.0
MAX_FILTERS_BYTES = 4096
SCOPES = {"city": pb.SCOPE_HERE, "province": pb.SCOPE_PROVINCE}


@dataclass(frozen=True, slots=True)
class Answer:
    """A page of hits from above: their number in all, each as a dict, and the token of the next page."""

    total: int
    hits: list[dict[str, Any]]
    next: str


class SearchService(search_pb2_grpc.SearchServicer):
    """Find and Show for this node's active children."""

    def __init__(self, node: Node):
        self._node = node

    def Find(self, request: pb.FindRequest, context: grpc.ServicerContext) -> pb.FindResponse:
        """Answer from the own catalogue, or relay the question to the hub."""
        return self._answer(context, request.scope, lambda view: self._find(request, view), self._relay_find(request))

    def Show(self, request: pb.ShowRequest, context: grpc.ServicerContext) -> pb.ShowResponse:
        """Answer with one record as it stands here, or as it stands at the hub."""
        return self._answer(context, request.scope, lambda view: self._show(request, view), self._relay_show(request))

    def _answer(
        self, context: grpc.ServicerContext, scope: int, here: Callable[[int], Any], above: Callable[[], Any]
    ) -> Any:
        child = ""
        try:
            child = peer(context)
            view = self._view(child, scope)
            if scope == pb.SCOPE_PROVINCE and self._node.settings.parents:
                return above()
            return here(view)
        except CatalogError as error:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, _facts(error))
        except SyncError as error:
            log.warning("search refused child=%s error=%s", child, type(error).__name__)
            refusals.refuse(context, error)

    def _view(self, child: str, scope: int) -> int:
        """Return what `child` may see here; raise UnknownOrigin, NotAllowed, NeedsRecovery."""
        if scope not in (pb.SCOPE_HERE, pb.SCOPE_PROVINCE):
            raise NotAllowed(child, "scope")
        with self._node.opened() as opened:
            registry = opened.registry
            registry.check_caller(child)
            recovery.check_replayed(opened.store, self._node.origin)
            of_alliance = self._node.settings.role == "alliance" and registry.belongs(child, self._node.origin)
            if scope == pb.SCOPE_HERE and of_alliance:
                return views.ALLIANCE
        return views.OPEN

    def _find(self, request: pb.FindRequest, view: int) -> pb.FindResponse:
        with cataloguing.catalogue(self._node) as found:
            page = search.find(found, _query(request), view)
        hits = [json.dumps(hit.as_dict(), ensure_ascii=False).encode() for hit in page.hits]
        return pb.FindResponse(total=page.total, hits=hits, next=page.next)

    def _show(self, request: pb.ShowRequest, view: int) -> pb.ShowResponse:
        with self._node.opened() as opened, cataloguing.catalogue(self._node) as found:
            key = showing.find_key(found, request.key, view)
            record = showing.show(opened.store, found, key, view) if key else None
        return pb.ShowResponse(record=json.dumps(record, ensure_ascii=False).encode() if record else b"")

    def _relay_find(self, request: pb.FindRequest) -> Callable[[], pb.FindResponse]:
        def ask() -> pb.FindResponse:
            with self._node.channel(self._node.settings.parents[0]) as channel:
                return _called(self._node, lambda: search_pb2_grpc.SearchStub(channel).Find(request, timeout=TIMEOUT_S))

        return ask

    def _relay_show(self, request: pb.ShowRequest) -> Callable[[], pb.ShowResponse]:
        def ask() -> pb.ShowResponse:
            with self._node.channel(self._node.settings.parents[0]) as channel:
                return _called(self._node, lambda: search_pb2_grpc.SearchStub(channel).Show(request, timeout=TIMEOUT_S))

        return ask


def _query(request: pb.FindRequest) -> search.Query:
    """Return the query in a request; raise BadQuery for filters that are none."""
    try:
        given = json.loads(request.filters[:MAX_FILTERS_BYTES] or b"{}")
        texts = {str(name): value for name, value in given.items() if isinstance(value, str)}
        return search.Query(words=request.words, limit=request.limit, after=request.after, **texts)
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise BadQuery("filters", "", "not an object of known filters") from error


def _facts(error: CatalogError) -> str:
    """Return what a refused query's error says, for `_refusal`; it may have come from a relay below."""
    return json.dumps([type(error).__name__, *(str(fact)[:100] for fact in error.args)])


def _refusal(details: str) -> CatalogError:
    """Return the error that the node above refused a query with."""
    try:
        name, *facts = map(str, json.loads(details))
    except (ValueError, TypeError, RecursionError):
        return BadQuery("query", "", details)
    return BadToken(*facts[:1]) if name == BadToken.__name__ else BadQuery(*facts[:3])


def _called(node: Node, call: Callable[[], Any]) -> Any:
    try:
        return call()
    except grpc.RpcError as error:
        if isinstance(error, grpc.Call) and error.code() == grpc.StatusCode.INVALID_ARGUMENT:
            raise _refusal(str(error.details())) from error
        raise refusals.understood(error, node.settings.parents[0].origin) from error


# -- the child --------------------------------------------------------------------------------------------------------


def find(node: Node, scope: str, query: search.Query) -> Answer:
    """Ask the first parent, `scope` city, or the hub through it, `scope` province. Raises SyncError, BadQuery,
    BadToken."""
    texts = {name: value for name, value in asdict(query).items() if value and name not in ("words", "limit", "after")}
    request = pb.FindRequest(
        scope=SCOPES[scope],
        words=query.words,
        filters=json.dumps(texts, ensure_ascii=False).encode(),
        limit=query.limit,
        after=query.after,
    )
    with node.channel(node.settings.parents[0]) as channel:
        answer = _called(node, lambda: search_pb2_grpc.SearchStub(channel).Find(request, timeout=TIMEOUT_S))
    return Answer(answer.total, [_object(hit) for hit in answer.hits], answer.next)


def show(node: Node, scope: str, key: str) -> dict[str, Any] | None:
    """Return one record as the parent, or the hub, has it; None where there is none."""
    request = pb.ShowRequest(scope=SCOPES[scope], key=key)
    with node.channel(node.settings.parents[0]) as channel:
        answer = _called(node, lambda: search_pb2_grpc.SearchStub(channel).Show(request, timeout=TIMEOUT_S))
    return _object(answer.record) if answer.record else None


def _object(raw: bytes) -> dict[str, Any]:
    """Return the JSON object that the node above answered with; raise Malformed for anything else."""
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise Malformed("answer", "not JSON") from error
    if not isinstance(found, dict):
        raise Malformed("answer", "not a JSON object")
    return found
