"""From a request's data to a `Query`, without HTTP: what the REST views and the shop page both call.

    result = search_request(store, owner=f"key:{key.pk}", data={"q": "red shoes", "page": 2})
    result = search_request(store, owner=f"session:{id}", data={"image": {"box": [0, 0, 0.5, 1]}}, image_bytes=photo)

`data` has the fields of `POST /api/v1/search` (docs/api.md): plain JSON values, or the strings of a form.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from catalog.models import Store
from search.query import Query, Result


def search_request(
    store: Store, *, owner: str, data: Mapping[str, Any], image_bytes: bytes | None = None
) -> Result:
    """Validate the request's data, build its query and search.

    `owner` binds the `search_id` pool to whoever asks (a key, a session). `image_bytes` is an uploaded photo as it came.
    Raises `InvalidQuery` or `InvalidImage` (their `field` names the input), `IndexUnavailable`, `EncoderUnavailable`.
    """
    from search.retrieval import search

    return search(build_query(store, owner=owner, data=data, image_bytes=image_bytes))


def build_query(store: Store, *, owner: str, data: Mapping[str, Any], image_bytes: bytes | None = None) -> Query:
    """The frozen query that this data asks for. Raises `InvalidQuery` or `InvalidImage`, naming the field."""
    raise NotImplementedError
