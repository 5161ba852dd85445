"""From a request's data to a `Query`, without HTTP: what the REST views and the shop page both call.

    result = search_request(store, owner=f"key:{key.pk}", data={"q": "red shoes", "page": 2})
    result = search_request(store, owner=f"session:{id}", data={"image": {"box": [0, 0, 0.5, 1]}}, image_bytes=photo)

`data` has the fields of `POST /api/v1/search` (docs/api.md): plain JSON values, or the strings of a form.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.conf import settings
from rest_framework.exceptions import ValidationError

from catalog.models import Store
from search.api.errors import InvalidRequest, field_errors
from search.api.faceting import parse_facet_by, parse_sort_by
from search.api.filtering import parse_filter_by, store_vocabulary, typed_filters
from search.api.parameters import ListingIn, ScalarSearchIn, SearchIn, StrictSerializer, validated
from search.api.photos import Photo, read_photo
from search.errors import InvalidQuery
from search.query import FacetRequest, Filters, Mode, Query, Result, Sort
from search.retrieval import search

_FORCED = {"words": Mode.WORDS, "lexical": Mode.LEXICAL, "semantic": Mode.SEMANTIC}


def search_request(store: Store, *, owner: str, data: Mapping[str, Any], image_bytes: bytes | None = None) -> Result:
    """Validate the request's data, build its query and search.

    `owner` binds the `search_id` pool to whoever asks (a key, a session). `image_bytes` is an uploaded photo as it came.
    Raises `InvalidQuery` or `InvalidImage` (their `field` names the input), `IndexUnavailable`, `EncoderUnavailable`.
    """
    return search(build_query(store, owner=owner, data=data, image_bytes=image_bytes))


def build_query(
    store: Store,
    *,
    owner: str,
    data: Mapping[str, Any],
    image_bytes: bytes | None = None,
    shape: type[ScalarSearchIn] = SearchIn,
) -> Query:
    """The frozen query that this data asks for. Raises `InvalidQuery` or `InvalidImage`, naming the field.

    `shape` says which fields are known; `ScalarSearchIn` is the part that fits in a URL.
    """
    asked = read_fields(shape, data)
    words, stated = _parts(asked) if asked.get("parts") else (asked.get("q", ""), asked.get("image"))
    text = "" if words.strip() == "*" else words.strip()
    is_visual = stated is not None or image_bytes is not None
    mode = _mode(asked["mode"], has_text=bool(text), has_photo=is_visual)
    if mode is Mode.COMPOSED and not (asked["text_weight"] or asked["image_weight"]):
        raise InvalidQuery(
            "text_weight and image_weight are both 0: nothing is left to search by.", field="text_weight"
        )
    listing = _listing(store, asked, owner=owner)
    # Last, because a photo is dear: it may be fetched, and is decoded.
    photo = read_photo(store, stated or {}, uploaded=image_bytes) if is_visual else Photo()
    return replace(
        listing,
        text=text,
        image=photo.image,
        product_id=photo.product_id,
        image_digest=photo.digest,
        text_weight=asked["text_weight"],
        image_weight=asked["image_weight"],
        mode=mode,
    )


def similar_query(store: Store, product_id: int, *, owner: str, data: Mapping[str, Any]) -> Query:
    """What looks like this product, narrowed, ordered and paged as `data` says. Raises `InvalidQuery`."""
    return replace(_listing(store, read_fields(ListingIn, data), owner=owner), product_id=product_id, mode=Mode.IMAGE)


def read_fields(shape: type[StrictSerializer], data: Mapping[str, Any]) -> dict[str, Any]:
    """The fields in their types, defaults filled in. Raises `InvalidRequest` with everything that is wrong."""
    try:
        return validated(shape, data)
    except ValidationError as error:
        raise InvalidRequest(field_errors(error.detail)) from error


def _mode(asked: str, *, has_text: bool, has_photo: bool) -> Mode:
    forced = _FORCED.get(asked)
    if forced is None:
        plain = Mode.WORDS if has_text else Mode.BROWSE
        return (Mode.COMPOSED if has_text else Mode.IMAGE) if has_photo else plain
    if has_photo:
        raise InvalidQuery(f"mode {asked} searches by words alone: leave the photo or the mode out.", field="mode")
    if not has_text:
        raise InvalidQuery(f"mode {asked} needs words: give q.", field="q")
    return forced


def _parts(asked: dict[str, Any]) -> tuple[str, Mapping[str, Any] | None]:
    """One text and one photo (or product) of `parts`, their weights put where the plain form has them."""
    if asked.get("q") or asked.get("image"):
        raise InvalidQuery("Give either parts or q and image, not both.", field="parts")
    texts = [part for part in asked["parts"] if "text" in part]
    photos = [part for part in asked["parts"] if "text" not in part]
    if len(texts) > 1 or len(photos) > 1:
        raise InvalidQuery(
            f"parts has {len(texts)} texts and {len(photos)} photos; at most one of each can be composed.",
            field="parts",
        )
    text = texts[0]["text"] if texts else ""
    if texts:
        asked["text_weight"] = texts[0]["weight"]
    if not photos:
        return text, None
    asked["image_weight"] = photos[0]["weight"]
    return text, photos[0].get("image") or {"product": photos[0]["product"]}


def _listing(store: Store, asked: Mapping[str, Any], *, owner: str) -> Query:
    """The query that these fields alone ask for: browsing, narrowed, counted, ordered and paged."""
    page, per_page, limit = asked["page"], asked["per_page"], settings.SEARCH_POOL_SIZE
    if page * per_page > limit:
        raise InvalidQuery(
            f"Page {page} of {per_page} reaches hit {page * per_page:,}; only the first {limit:,} can be paged to. "
            "Narrow the search with filters.",
            field="page",
        )
    filters, facet_by = _filters_and_facets(store, asked)
    return Query(
        store_id=store.pk,
        filters=filters,
        facet_by=facet_by,
        sort=parse_sort_by(asked["sort_by"]) if asked.get("sort_by") else Sort(),
        page=page,
        per_page=per_page,
        search_id=asked.get("search_id", ""),
        owner=owner,
        min_confidence=asked.get("min_confidence"),
        explain=asked["explain"],
        deadline_ms=asked.get("deadline_ms", settings.SEARCH_DEADLINE_MS),
    )


def _filters_and_facets(store: Store, asked: Mapping[str, Any]) -> tuple[Filters, tuple[FacetRequest, ...]]:
    if asked.get("filter_by") and asked.get("filters"):
        raise InvalidQuery("Give either filter_by or filters, not both.", field="filters")
    if not (asked.get("filter_by") or asked.get("filters") or asked.get("facet_by")):
        return Filters(), ()
    vocabulary = store_vocabulary(store)
    if asked.get("filter_by"):
        filters = parse_filter_by(asked["filter_by"], vocabulary)
    else:
        filters = typed_filters(asked.get("filters", {}), vocabulary)
    return filters, parse_facet_by(asked.get("facet_by", ""), vocabulary)
