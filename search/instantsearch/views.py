"""Algolia's search endpoints: validate, call, respond. An index is the key's store, or that store in another order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from django.conf import settings
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog.models import Store
from search.api.auth import owner_of, request_key
from search.api.errors import problem_response
from search.api.requests import build_query
from search.api.throttling import count_more
from search.errors import SearchError
from search.instantsearch.answers import facet_answer, facet_requests, search_answer
from search.instantsearch.bodies import AnyJsonParser, read_body
from search.instantsearch.keys import AlgoliaKeyAuthentication, HasPublishableKey
from search.instantsearch.parameters import Asked, read_asked, read_queries
from search.instantsearch.values import Vocabulary
from search.multi import search_many
from search.query import Query
from search.result import Result

# What follows the store's slug in an index's name, and its order.
REPLICAS = {"": "relevance", "_price_asc": "price:asc", "_price_desc": "price:desc", "_newest": "newest"}


class ProtocolView(APIView):
    """Answers in the protocol's form; an error is a problem document that also says its `message`, as clients read it."""

    authentication_classes = (AlgoliaKeyAuthentication,)
    permission_classes = (HasPublishableKey,)
    parser_classes = (AnyJsonParser,)
    schema = None

    def get_exception_handler(self) -> Callable[[Exception, Mapping[str, Any]], Response]:
        return _problem_with_message

    def answers(self, request: Request, asked: list[Asked]) -> list[dict[str, Any]]:
        """What each of the requests finds, in order; each counts against the key's rate. Raises what the first wrong one does."""
        key = request_key(request)
        count_more(key, self, times=len(asked) - 1)
        vocabulary = Vocabulary(key.store)
        results = search_many([query_of(one, vocabulary, owner=owner_of(key)) for one in asked])
        return [
            _answer(one, result, vocabulary=vocabulary, request=request)
            for one, result in zip(asked, results, strict=True)
        ]


class QueriesView(ProtocolView):
    """Several searches, and searches in a facet's values, in one request."""

    def post(self, request: Request) -> Response:
        asked = [read_asked(one) for one in read_queries(read_body(request))]
        return Response({"results": self.answers(request, asked)})


class QueryView(ProtocolView):
    """One search."""

    def post(self, request: Request, index: str) -> Response:
        return Response(self.answers(request, [read_asked(read_body(request), index=index)])[0])


class FacetQueryView(ProtocolView):
    """The values of one facet that begin with what is typed."""

    def post(self, request: Request, index: str, facet: str) -> Response:
        return Response(self.answers(request, [read_asked(read_body(request), index=index, facet=facet)])[0])


def query_of(asked: Asked, vocabulary: Vocabulary, *, owner: str) -> Query:
    """Our query for this request. A page beyond what can be reached asks for no hits."""
    store = vocabulary.store
    data: dict[str, Any] = {
        "q": asked.text,
        "sort_by": order_of(asked.index, store),
        "explain": asked.has_ranking_info,
    }
    if asked.image is not None:
        data["image"] = asked.image
    query = build_query(store, owner=owner, data=data)
    is_reachable = (asked.page + 1) * asked.hits_per_page <= settings.SEARCH_POOL_SIZE
    has_hits = is_reachable and not asked.facet
    return replace(
        query,
        filters=vocabulary.filters(asked.clauses),
        facet_by=facet_requests(asked, vocabulary),
        page=asked.page + 1 if has_hits else 1,
        per_page=asked.hits_per_page if has_hits else 0,
        # The protocol has no place for them, and each costs a search.
        suggests=False,
    )


def order_of(index: str, store: Store) -> str:
    """The order that the index's name asks for. Raises `NotFound` for a name that is not of this store."""
    order = REPLICAS.get(index.removeprefix(store.slug)) if index.startswith(store.slug) else None
    if order is None:
        names = ", ".join(store.slug + replica for replica in REPLICAS)
        raise NotFound(f"Index {index[:80]!r} does not exist. This key has {names}.")
    return order


def _answer(asked: Asked, result: Result | SearchError, *, vocabulary: Vocabulary, request: Request) -> dict[str, Any]:
    if isinstance(result, SearchError):
        raise result
    if asked.facet:
        return facet_answer(asked, result, vocabulary=vocabulary)
    reachable: int = settings.SEARCH_POOL_SIZE
    return search_answer(asked, result, vocabulary=vocabulary, request=request, reachable=reachable)


def _problem_with_message(exc: Exception, context: Mapping[str, Any]) -> Response:
    response = problem_response(exc, context)
    response.data["message"] = response.data["detail"]
    return response
