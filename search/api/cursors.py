"""Cursors: where a page ended, as a text that means something only beside the query that it came from."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.core import signing

from search.errors import InvalidQuery
from search.identity import query_digest
from search.query import Mark, Query

_SALT = "search.cursor"


def encode_cursor(query: Query, *, search_id: str, mark: Mark) -> str:
    """The text that reads on at the mark, in the pool of this search id or in a new one of the same query."""
    return signing.dumps([search_id, mark.position, mark.product_id, _digest(query)], salt=_SALT)


def continued(query: Query, cursor: str) -> Query:
    """The query as it goes on behind the cursor. Raises `InvalidQuery` for one that is not ours, or another query's."""
    if query.page != 1 or query.search_id:
        raise InvalidQuery("Give either cursor, or page and search_id.", field="cursor")
    try:
        stated: Any = signing.loads(cursor if cursor.isascii() else "", salt=_SALT)
    except signing.BadSignature as error:
        raise InvalidQuery("This is no cursor of ours: give next_cursor as it came.", field="cursor") from error
    search_id, position, product_id, digest = stated
    if digest != _digest(query):
        raise InvalidQuery(
            "cursor belongs to another query: leave it out, or repeat the query that it came from.", field="cursor"
        )
    return replace(query, search_id=search_id, after=Mark(position, product_id))


def _digest(query: Query) -> str:
    return query_digest(query)[:16]
