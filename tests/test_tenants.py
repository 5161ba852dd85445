"""No key sees or touches another store, on any endpoint. An endpoint without a row here fails the first test."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from catalog.models import Store
from search import indexing
from search.events.records import SearchEvent, SearchLog
from search.models import IndexVersion, Preset, QueryImage, Rule, Synonym
from search.query_images import store_query_image
from search.words import refresh_vocabularies
from tests.api_fixtures import base64_photo, client_of, post_json
from tests.shop import brand, category, make_product, make_store, photo_bytes

pytestmark = pytest.mark.django_db

MARK = "zanzibar"
"""Stands in everything of the first store that could be shown."""


@dataclass(frozen=True, slots=True)
class Ask:
    """How the other store's key asks an endpoint for the first store's things; `statuses` are what may be answered."""

    method: str
    path: str
    body: Any = None
    statuses: tuple[int, ...] = (200,)
    headers: tuple[tuple[str, str], ...] = ()


# By the path in the URL conf. What is left out of a path's methods does not exist.
ENDPOINTS: dict[str, list[Ask]] = {
    "api/v1/search": [
        Ask("GET", "/api/v1/search?facet_by=color,category,brand&q={mark}"),
        Ask("GET", "/api/v1/search?filter_by=brand:={mark}&search_id={search_id}"),
        Ask("POST", "/api/v1/search", {"image": {"product": "theirs"}}, (400,)),
        Ask("POST", "/api/v1/search", {"image": {"id": "{photo}"}}, (400,)),
        Ask("POST", "/api/v1/search", {"parts": [{"image": {"id": "{photo}"}}]}, (400,)),
        Ask("POST", "/api/v1/search", {"q": "red", "not_relevant": "theirs", "search_id": "{search_id}"}),
        Ask("POST", "/api/v1/search", {"q": "red", "preset": "{mark}-preset"}, (400,)),
        Ask("POST", "/api/v1/search", {"facet_by": ["color", "brand", "category"], "explain": True}),
    ],
    "api/v1/suggest": [Ask("GET", "/api/v1/suggest?q=zanz"), Ask("GET", "/api/v1/suggest?q={mark}")],
    "api/v1/multi_search": [
        Ask("POST", "/api/v1/multi_search", {"searches": [{"q": "{mark}"}, {"image": {"product": "theirs"}}]})
    ],
    "api/v1/images": [Ask("POST", "/api/v1/images", {"base64": base64_photo("red")}, (201,))],
    "api/v1/images/<str:image_id>": [
        Ask("GET", "/api/v1/images/{photo}", None, (404,)),
        Ask("DELETE", "/api/v1/images/{photo}", None, (404,)),
    ],
    "api/v1/products/<path:sku>/similar": [Ask("GET", "/api/v1/products/theirs/similar", None, (404,))],
    "api/v1/events": [
        # The same id as their event's: another store's ids are no duplicates.
        Ask("POST", "/api/v1/events", {"id": "e1", "type": "click", "product": "theirs"}, (202,)),
    ],
    "api/v1/visitors/<str:visitor>": [
        Ask("GET", "/api/v1/visitors/anna"),
        Ask("DELETE", "/api/v1/visitors/anna"),
    ],
    "api/v1/visitors/<str:visitor>/events": [Ask("DELETE", "/api/v1/visitors/anna/events")],
    **{
        path: asks
        for kind in ("rule", "synonym", "preset")
        for path, asks in {
            f"api/v1/{kind}s": [Ask("GET", f"/api/v1/{kind}s"), Ask("POST", f"/api/v1/{kind}s", {}, (400,))],
            f"api/v1/{kind}s/<int:pk>": [
                Ask("GET", f"/api/v1/{kind}s/{{{kind}}}", None, (404,)),
                Ask("PUT", f"/api/v1/{kind}s/{{{kind}}}", {"name": "mine"}, (400, 404)),
                Ask("PATCH", f"/api/v1/{kind}s/{{{kind}}}", {"is_enabled": False}, (400, 404)),
                Ask("DELETE", f"/api/v1/{kind}s/{{{kind}}}", None, (404,)),
            ],
        }.items()
    },
    "api/v1/products": [
        Ask("GET", "/api/v1/products"),
        Ask("GET", "/api/v1/products?brand={mark}"),
        Ask("GET", "/api/v1/products?category={mark}", None, (400,)),
        Ask("POST", "/api/v1/products", {"sku": "theirs", "title": "Mine", "store": "{store}"}, (400,)),
        Ask("POST", "/api/v1/products", {"sku": "theirs", "title": "Mine"}, (201,)),
    ],
    "api/v1/products/import": [
        Ask("POST", "/api/v1/products/import", b'{"sku": "theirs", "title": "Mine", "price": 1}\n', (200,))
    ],
    "api/v1/products/<path:sku>": [
        Ask("GET", "/api/v1/products/theirs", None, (404,)),
        Ask("PUT", "/api/v1/products/theirs", {"title": "Mine"}, (201,)),
        Ask("PATCH", "/api/v1/products/theirs", {"title": "Mine"}, (404,)),
        Ask("DELETE", "/api/v1/products/theirs", None, (404,)),
    ],
    # A store's key has no say in what all stores share, secret or not.
    "api/v1/indexes": [Ask("GET", "/api/v1/indexes", None, (403,)), Ask("POST", "/api/v1/indexes", {}, (403,))],
    "api/v1/indexes/<int:pk>": [
        Ask("GET", "/api/v1/indexes/1", None, (403,)),
        Ask("DELETE", "/api/v1/indexes/1", None, (403,)),
    ],
    "api/v1/indexes/<int:pk>/compare": [
        Ask("GET", "/api/v1/indexes/1/compare", None, (403,)),
        Ask("POST", "/api/v1/indexes/1/compare", {}, (403,)),
    ],
    "api/v1/indexes/<int:pk>/promote": [Ask("POST", "/api/v1/indexes/1/promote", {}, (403,))],
    "api/v1/indexes/<int:pk>/rollback": [Ask("POST", "/api/v1/indexes/1/rollback", {}, (403,))],
    "1/indexes/*/queries": [
        Ask("POST", "/1/indexes/*/queries", {"requests": [{"indexName": "one", "params": "query={mark}"}]}, (200, 404))
    ],
    "1/indexes/<str:index>/query": [
        Ask("POST", "/1/indexes/one/query", {"params": "query={mark}"}, (200, 404)),
        Ask("POST", "/1/indexes/two/query", {"params": "query={mark}"}),
    ],
    "1/indexes/<str:index>/facets/<str:facet>/query": [
        Ask("POST", "/1/indexes/one/facets/brand/query", {"params": "facetQuery=zan"}, (200, 404)),
        Ask("POST", "/1/indexes/two/facets/brand/query", {"params": "facetQuery=zan"}),
    ],
}
OF_NO_STORE = {"api/schema", "api/docs", "^(?:api|1)/"}
_ROWS = """
SELECT md5(string_agg(row::text, '|' ORDER BY row::text)) FROM (
    SELECT p::text AS row FROM catalog_product p WHERE store_id = %(store)s
    UNION ALL SELECT i::text FROM catalog_productimage i JOIN catalog_product p ON p.id = i.product_id WHERE p.store_id = %(store)s
    UNION ALL SELECT r::text FROM search_rule r WHERE store_id = %(store)s
    UNION ALL SELECT s::text FROM search_synonym s WHERE store_id = %(store)s
    UNION ALL SELECT s::text FROM search_preset s WHERE store_id = %(store)s
    UNION ALL SELECT q::text FROM search_queryimage q WHERE store_id = %(store)s
    UNION ALL SELECT e::text FROM search_searchevent e WHERE store_id = %(store)s
    UNION ALL SELECT l::text FROM search_searchlog l WHERE store_id = %(store)s
    UNION ALL SELECT b::text FROM catalog_brand b WHERE store_id = %(store)s
    UNION ALL SELECT c::text FROM catalog_category c WHERE store_id = %(store)s
    UNION ALL SELECT a::text FROM catalog_attribute a WHERE store_id = %(store)s
) everything
"""


def api_paths(patterns: list[URLPattern | URLResolver], before: str = "") -> Iterator[str]:
    """Every path of the URL conf under /api/ and /1/, as it stands there."""
    for pattern in patterns:
        path = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from api_paths(pattern.url_patterns, path)
        elif path.removeprefix("^").startswith(("api/", "1/", "(?:api|1)/")):
            yield path


def methods_of(path: str) -> set[str]:
    """What the view behind a path answers."""
    for pattern in flat(get_resolver().url_patterns):
        if str(pattern.pattern) == path:
            names = pattern.callback.view_class.http_method_names  # type: ignore[attr-defined]
            return {name.upper() for name in names if hasattr(pattern.callback.view_class, name)} - {"OPTIONS", "HEAD"}  # type: ignore[attr-defined]
    raise AssertionError(path)


def flat(patterns: list[URLPattern | URLResolver]) -> Iterator[URLPattern]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from flat(pattern.url_patterns)
        else:
            yield pattern


def test_every_endpoint_has_its_row() -> None:
    paths = set(api_paths(get_resolver().url_patterns)) - OF_NO_STORE
    assert paths == set(ENDPOINTS)
    for path in paths:
        assert methods_of(path) == {ask.method for ask in ENDPOINTS[path]}, path


@pytest.fixture
def one(live_index: IndexVersion) -> Store:
    """A store with one of everything, all of it marked; beside it `two`, with a product of its own."""
    store, other = make_store("one"), make_store("two")
    marked = {"category": category(store, MARK), "brand": brand(store, MARK)}
    make_product(store, "theirs", title=f"{MARK} shoes", description=MARK, **marked)
    make_product(other, "mine", title="Red shoes")
    indexing.sweep(live_index)
    refresh_vocabularies()
    client = client_of(store, kind="secret")
    rule = {
        "name": MARK,
        "triggers": [{"kind": "words", "match": "any"}],
        "actions": [{"kind": "pin", "product": "theirs", "position": 1}],
    }
    assert post_json(client, "/api/v1/rules", rule).status_code == 201
    assert post_json(client, "/api/v1/synonyms", {"phrases": [MARK, "red"]}).status_code == 201
    preset = {"name": f"{MARK}-preset", "parameters": {"per_page": 3}}
    assert post_json(client, "/api/v1/presets", preset).status_code == 201
    store_query_image(store, photo_bytes("red"), visitor="anna")
    SearchLog.objects.create(
        store=store, search_id="s1", mode="words", words=MARK, found=1, took_ms=1, created_at=timezone.now()
    )
    SearchEvent.objects.create(
        store=store,
        event_id="e1",
        kind="click",
        sku="theirs",
        visitor="anna",
        search_id="s1",
        occurred_at=timezone.now(),
    )
    return store


def digest_of(store: Store) -> str:
    """One hash of everything that the store has."""
    with connection.cursor() as cursor:
        cursor.execute(_ROWS, {"store": store.pk})
        return str(cursor.fetchone()[0])


def test_another_stores_key_sees_nothing_and_changes_nothing(one: Store) -> None:
    two = Store.objects.get(slug="two")
    names = {
        "mark": MARK,
        "store": one.slug,
        "search_id": client_of(one).get("/api/v1/search").json()["search_id"],
        "photo": QueryImage.objects.get(store=one).pk,
        "rule": str(Rule.objects.get(store=one).pk),
        "synonym": str(Synonym.objects.get(store=one).pk),
        "preset": str(Preset.objects.get(store=one).pk),
    }
    before = digest_of(one)
    clients = {kind: client_of(two, kind=kind) for kind in ("secret", "publishable")}
    algolia = Client(headers={"x-algolia-api-key": clients["publishable"].defaults["HTTP_X_API_KEY"]})
    for path, asks in ENDPOINTS.items():
        for ask in asks:
            for kind, client in {"algolia": algolia}.items() if path.startswith("1/") else clients.items():
                where = f"{ask.method} {ask.path} with a {kind} key"
                answer = send(client, ask, names)
                assert answer.status_code in (*ask.statuses, *((403,) if kind == "publishable" else ())), where
                assert not leaks(ask, answer, names), f"{where}: {answer.content!r}"
                assert digest_of(one) == before, where
                two.products.filter(sku="theirs").delete()


def send(client: Client, ask: Ask, names: dict[str, str]) -> Any:
    method: Callable[..., Any] = getattr(client, ask.method.lower())
    path = filled(ask.path, names)
    if ask.body is None:
        return method(path)
    if isinstance(ask.body, bytes):
        return method(path, data=ask.body, content_type="application/x-ndjson")
    return method(path, data=filled(json.dumps(ask.body), names), content_type="application/json")


def filled(text: str, names: dict[str, str]) -> str:
    for name, value in names.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def leaks(ask: Ask, answer: Any, names: dict[str, str]) -> bool:
    """Whether a 2xx answer says something of the first store. What was asked is not its secret: an error may repeat it."""
    if answer.status_code >= 300:
        return False
    said = answer.content.decode()
    shown = json.loads(said) if said else {}
    for echoed in ("q", "query", "params", "interpretation"):
        shown.pop(echoed, None)
    # How to widen what was asked, in the words that it was asked in.
    shown["suggestions"] = [one for one in shown.get("suggestions", []) if one.get("kind") != "drop_filter"]
    text = json.dumps(shown)
    # A product of its own may have any sku; one that it is shown unasked may not.
    named = ask.method == "GET" and '"theirs"' in text
    return named or f"{MARK} shoes" in text or f'"{MARK}"' in text or names["photo"] in text
