"""Several searches in one go: their texts and photos are encoded in one batch each, then each is answered by itself."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import ExitStack

from search.errors import EncoderUnavailable, IndexUnavailable, SearchError
from search.models import IndexVersion
from search.query import Query
from search.query_cache import encoded_together
from search.result import Result
from search.retrieval import search
from search.vectors import encoder_inputs
from search.versions import encoder_of, live_and_next
from search.warming import keep_warm

logger = logging.getLogger(__name__)


def search_many(queries: Sequence[Query]) -> list[Result | SearchError]:
    """Each query's result in order, or why it has none. All of them ask the same index version."""
    version: IndexVersion | None
    try:
        version, coming = live_and_next()
        if coming is not None:
            keep_warm(coming)
    except IndexUnavailable:
        # Each search says for itself what it can do without one.
        version = None
    with ExitStack() as stack:
        if version is not None:
            _encode_together(stack, queries, version)
        return [_outcome(query, version) for query in queries]


def _encode_together(stack: ExitStack, queries: Sequence[Query], version: IndexVersion) -> None:
    texts, photos = encoder_inputs(queries)
    if texts or photos:
        try:
            stack.enter_context(encoded_together(encoder_of(version), texts=texts, photos=photos))
        except EncoderUnavailable as error:
            logger.warning("Several searches were not encoded together: %s", error)


def _outcome(query: Query, version: IndexVersion | None) -> Result | SearchError:
    try:
        return search(query, version=version)
    except SearchError as error:
        return error
