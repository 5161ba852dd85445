"""`POST /api/v1/multi_search`: several searches in one call, each with its own answer or problem."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog.models import ApiKey
from search.api import docs
from search.api.auth import is_secret, owner_of, request_key
from search.api.errors import search_problem
from search.api.parameters import MultiSearchIn
from search.api.parsers import posted
from search.api.requests import build_query, read_fields
from search.api.selection import Selection, read_selection
from search.api.throttling import count_more
from search.api.writing import Answer, answer_data
from search.errors import InvalidQuery, SearchError
from search.multi import search_many
from search.query import Query
from search.rules.presets import with_preset


@dataclass(frozen=True, slots=True)
class Asked:
    """A search that makes sense, and the fields of its answer."""

    query: Query
    selection: Selection


class MultiSearchView(APIView):
    """Each search counts against the key's rate as one of its own would."""

    @docs.multi_search
    def post(self, request: Request) -> Response:
        key = request_key(request)
        data, _ = posted(request)
        asked = read_fields(MultiSearchIn, data)
        count_more(key, self, times=len(asked["searches"]) - 1)
        common = asked.get("common", {})
        read = [_read(key, one, common) for one in asked["searches"]]
        return Response({"results": _results(read, request)})


def _read(key: ApiKey, stated: Any, common: Mapping[str, Any]) -> Asked | SearchError:
    try:
        if not isinstance(stated, Mapping):
            raise InvalidQuery(f"A search is a JSON object, not {str(stated)[:40]!r}.", field="searches")
        data = {**common, **stated}
        query = build_query(key.store, owner=owner_of(key), data=data, may_modify=is_secret(key))
        return Asked(query, read_selection(with_preset(key.store, data)))
    except SearchError as error:
        return error


def _results(read: list[Asked | SearchError], request: Request) -> list[dict[str, Any]]:
    """The answers and problems, each in its search's place."""
    outcomes = iter(search_many([one.query for one in read if isinstance(one, Asked)]))
    results = []
    for one in read:
        outcome = next(outcomes) if isinstance(one, Asked) else one
        if isinstance(outcome, SearchError):
            results.append(search_problem(outcome).data)
        elif isinstance(one, Asked):
            answer = Answer(one.query, outcome, took_ms=round(sum(outcome.timings_ms.values())))
            results.append(one.selection.of(answer_data(answer, store=request_key(request).store, request=request)))
    return results
