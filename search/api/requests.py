"""From a request's data to a `Query`, without HTTP: what the REST views and the shop page both call.

    result = search_request(store, owner=f"key:{key.pk}", data={"q": "red shoes", "page": 2})
    result = search_request(store, owner=f"session:{id}", data={"image": {"box": [0, 0, 0.5, 1]}}, image_bytes=photo)

`data` has the fields of `POST /api/v1/search` (docs/api.md): plain JSON values, or the strings of a form.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.conf import settings
from rest_framework.exceptions import ValidationError

from catalog.models import Store
from search.api.cursors import continued
from search.api.errors import InvalidRequest, field_errors
from search.api.faceting import parse_facet_by, parse_sort_by, with_facet_query
from search.api.fields import StrictSerializer
from search.api.filtering import parse_filter_by, store_vocabulary, typed_filters
from search.api.parameters import ListingIn, ScalarSearchIn, SearchIn, validated
from search.api.photos import read_photo
from search.choices import Collapse, Fusion, Match, Mode, Signal
from search.errors import InvalidQuery
from search.feedback import with_not_relevant
from search.query import FacetRequest, Filters, Modifier, Part, Query, Sort
from search.result import Result
from search.retrieval import search
from search.rules.presets import with_preset
from search.stamps import Stamps, read_stamps

_BY_WORDS_ALONE = (Mode.WORDS, Mode.LEXICAL, Mode.SEMANTIC)


def search_request(store: Store, *, owner: str, data: Mapping[str, Any], image_bytes: bytes | None = None) -> Result:
    """Validate the request's data, build its query and search.

    `owner` binds the `search_id` pool to whoever asks (a key, a session). `image_bytes` is an uploaded photo as it came.
    Raises `InvalidQuery` or `InvalidImage` (their `field` names the input), `IndexUnavailable`, `EncoderUnavailable`.
    """
    return search(build_query(store, owner=owner, data=data, image_bytes=image_bytes), store=store)


def build_query(
    store: Store,
    *,
    owner: str,
    data: Mapping[str, Any],
    image_bytes: bytes | None = None,
    shape: type[ScalarSearchIn] = SearchIn,
    may_modify: bool = False,
) -> Query:
    """The frozen query that this data asks for. Raises `InvalidQuery` or `InvalidImage`, naming the field.

    `shape` says which fields are known; `ScalarSearchIn` is the part that fits in a URL. `may_modify` says that whoever asks
    may set the business signals: a secret key, or a preset of the store's own.
    """
    asked = _asked(store, shape, data)
    if "modifiers" in data and not may_modify:
        raise InvalidQuery("Setting modifiers needs a secret key (sk_...): leave them out.", field="modifiers")
    listing = _listing(store, asked, owner=owner)
    stated = _stated_parts(asked, has_upload=image_bytes is not None)
    mode = _mode(asked["mode"], stated)
    # Last, because a photo is dear: it may be fetched, and is decoded.
    query = with_parts(
        replace(
            listing,
            mode=mode,
            match=Match(asked["match"]),
            **_ranking(asked),
            typo_tolerance=asked["typo_tolerance"],
            ignore=tuple(sorted(asked.get("ignore", ()))),
        ),
        [_part(store, one, uploaded=image_bytes) for one in stated],
    )
    query = with_not_relevant(query, asked.get("not_relevant", []))
    return continued(query, asked["cursor"]) if asked.get("cursor") else query


def with_parts(query: Query, parts: Sequence[Part]) -> Query:
    """The query with these parts: its first words, and its first photo or product, in their plain places."""
    text = next((part for part in parts if part.text and part.weight >= 0), None)
    photo = next((part for part in parts if part.is_visual and part.weight >= 0), None)
    others = tuple(part for part in parts if part is not text and part is not photo)
    return replace(
        query,
        text=text.text if text else "",
        text_weight=text.weight if text else 1.0,
        image=photo.image if photo else None,
        image_digest=photo.image_digest if photo else "",
        product_id=photo.product_id if photo else None,
        image_weight=photo.weight if photo else 1.0,
        others=others,
    )


def _ranking(asked: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a query that say how its parts and signals are weighed."""
    modifiers = asked.get("modifiers")
    return {
        "fusion": Fusion(asked["fusion"]),
        "lexical_weight": asked.get("lexical_weight"),
        "vector_weight": asked.get("vector_weight"),
        "check_modifiers": asked["check_modifiers"],
        "modifiers": None if modifiers is None else _modifiers(modifiers),
    }


def _modifiers(stated: Sequence[Mapping[str, Any]]) -> tuple[Modifier, ...]:
    signals = [one["signal"] for one in stated]
    if len(set(signals)) < len(signals):
        raise InvalidQuery("A signal is given twice: give each one weight.", field="modifiers")
    return tuple(Modifier(Signal(one["signal"]), one["weight"], one["half_life_days"]) for one in stated)


def similar_query(store: Store, product_id: int, *, owner: str, data: Mapping[str, Any]) -> Query:
    """What looks like this product, narrowed, ordered and paged as `data` says. Raises `InvalidQuery`."""
    asked = _asked(store, ListingIn, data)
    query = replace(_listing(store, asked, owner=owner), product_id=product_id, mode=Mode.IMAGE)
    query = with_not_relevant(query, asked.get("not_relevant", []))
    return continued(query, asked["cursor"]) if asked.get("cursor") else query


def read_fields(shape: type[StrictSerializer], data: Mapping[str, Any]) -> dict[str, Any]:
    """The fields in their types, defaults filled in. Raises `InvalidRequest` with everything that is wrong."""
    try:
        return validated(shape, data)
    except ValidationError as error:
        raise InvalidRequest(field_errors(error.detail)) from error


def _asked(store: Store, shape: type[StrictSerializer], data: Mapping[str, Any]) -> dict[str, Any]:
    """The request's fields over those of the preset that it names, which may be any of a whole search."""
    asked = read_fields(shape, data)
    return read_fields(SearchIn, with_preset(store, data)) if asked.get("preset") else asked


def _mode(asked: str, stated: Sequence[Mapping[str, Any]]) -> Mode:
    """The asked mode if the parts that are wanted suit it; `auto` follows from them."""
    has_text = any("text" in part and part["weight"] >= 0 for part in stated)
    has_photo = any("text" not in part and part["weight"] >= 0 for part in stated)
    plain = Mode.WORDS if has_text else Mode.BROWSE
    derived = (Mode.COMPOSED if has_text else Mode.IMAGE) if has_photo else plain
    if derived is Mode.BROWSE and stated:
        raise InvalidQuery("Every part pushes away: give one with a weight of 0 or more.", field="parts")
    if asked == "auto":
        return derived
    mode = Mode(asked)
    if mode in _BY_WORDS_ALONE and has_photo:
        raise InvalidQuery(f"mode {asked} searches by words alone: leave the photo or the mode out.", field="mode")
    if mode in _BY_WORDS_ALONE and not has_text:
        raise InvalidQuery(f"mode {asked} needs words: give q.", field="q")
    if mode not in _BY_WORDS_ALONE and mode is not derived:
        raise InvalidQuery(f"What is given makes this a search of mode {derived}, not {asked}.", field="mode")
    return mode


def _stated_parts(asked: Mapping[str, Any], *, has_upload: bool) -> list[dict[str, Any]]:
    """The parts of the request, each with a weight; the plain `q` and photo are parts too. Blank words are none."""
    stated = [dict(part) for part in asked.get("parts", [])]
    words, photo = asked.get("q", ""), asked.get("image")
    if stated and (words or photo is not None or has_upload):
        raise InvalidQuery("Give either parts or q and image, not both.", field="parts")
    if not stated:
        if words:
            stated.append({"text": words, "weight": asked["text_weight"]})
        if photo is not None or has_upload:
            stated.append({"image": photo or {}, "weight": asked["image_weight"]})
    texts = [part for part in stated if "text" in part]
    for part in texts:
        part["text"] = "" if part["text"].strip() == "*" else part["text"].strip()
    stated = [part for part in stated if part.get("text") != ""]
    if stated and not any(part["weight"] for part in stated):
        field = "parts" if asked.get("parts") else "text_weight"
        raise InvalidQuery("Every weight is 0: nothing is left to search by.", field=field)
    return stated


def _part(store: Store, stated: Mapping[str, Any], *, uploaded: bytes | None) -> Part:
    if "text" in stated:
        return Part(stated["weight"], text=stated["text"])
    named = stated.get("image", {"product": stated.get("product")})
    photo = read_photo(store, named, uploaded=uploaded)
    return Part(stated["weight"], image=photo.image, image_digest=photo.digest, product_id=photo.product_id)


def _listing(store: Store, asked: Mapping[str, Any], *, owner: str) -> Query:
    """The query that these fields alone ask for: browsing, narrowed, counted, ordered and paged."""
    page, per_page, limit = asked["page"], asked["per_page"], settings.SEARCH_POOL_SIZE
    if page * per_page > limit:
        raise InvalidQuery(
            f"Page {page} of {per_page} reaches hit {page * per_page:,}; only the first {limit:,} can be paged to. "
            "Narrow the search with filters.",
            field="page",
        )
    stamps = read_stamps(store.pk)
    filters, facet_by = _filters_and_facets(store, asked, stamps)
    return Query(
        store_id=store.pk,
        stamps=stamps,
        filters=filters,
        facet_by=facet_by,
        sort=parse_sort_by(asked["sort_by"]) if asked.get("sort_by") else Sort(),
        page=page,
        per_page=per_page,
        search_id=asked.get("search_id", ""),
        owner=owner,
        min_confidence=asked.get("min_confidence"),
        collapse=Collapse(asked["collapse"]),
        diversity=asked["diversity"],
        max_per=asked.get("max_per", ()),
        rerank=asked["rerank"],
        explain=asked["explain"],
        suggests=asked["suggestions"],
        deadline_ms=asked.get("deadline_ms", settings.SEARCH_DEADLINE_MS),
    )


def _filters_and_facets(
    store: Store, asked: Mapping[str, Any], stamps: Stamps
) -> tuple[Filters, tuple[FacetRequest, ...]]:
    if asked.get("filter_by") and asked.get("filters"):
        raise InvalidQuery("Give either filter_by or filters, not both.", field="filters")
    if not (asked.get("filter_by") or asked.get("filters") or asked.get("facet_by") or asked.get("facet_query")):
        return Filters(), ()
    vocabulary = store_vocabulary(store, stamps=stamps)
    if asked.get("filter_by"):
        filters = parse_filter_by(asked["filter_by"], vocabulary)
    else:
        filters = typed_filters(asked.get("filters", {}), vocabulary)
    facets = parse_facet_by(asked.get("facet_by", ""), vocabulary)
    return filters, with_facet_query(facets, asked["facet_query"]) if asked.get("facet_query") else facets
