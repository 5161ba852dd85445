"""Algolia's search protocol over HTTP: its parameters, its answers, its keys and indexes."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any

import pytest
from django.test import Client

from catalog.models import Attribute, AttributeValue, Brand, Product, Store
from catalog.models.keys import create_api_key
from search.errors import InvalidQuery
from search.instantsearch.conditions import Term, filter_clauses
from tests.api_fixtures import base64_photo, client_of, post_json, problem_of

pytestmark = pytest.mark.django_db

QUERIES = "/1/indexes/*/queries"


@pytest.fixture
def algolia(shop: Store) -> Client:
    """Calls the protocol with a publishable key of the shop, as a browser's client does."""
    _, key = create_api_key(store=shop, name="page", kind="publishable")
    return Client(headers={"X-Algolia-API-Key": key, "X-Algolia-Application-Id": "vitrine"})


def ask(client: Client, **parameters: Any) -> dict[str, Any]:
    """The one answer to these parameters, by the multi-query address."""
    answer = client.post(
        QUERIES, json.dumps({"requests": [{"indexName": "shop", **parameters}]}), content_type="text/plain"
    )
    assert answer.status_code == 200, answer.content
    (result,) = answer.json()["results"]
    return dict(result)


def refused(client: Client, **parameters: Any) -> dict[str, Any]:
    return problem_of(post_json(client, QUERIES, {"requests": [{"indexName": "shop", **parameters}]}))


def ids(answer: dict[str, Any]) -> list[str]:
    return [hit["objectID"] for hit in answer["hits"]]


# --- answers ---------------------------------------------------------------------------------------------------------


def test_words_are_answered_in_the_protocols_shape(algolia: Client) -> None:
    answer = ask(algolia, query="red shoes", hitsPerPage=5, facets=["brand"], clickAnalytics=True)
    assert (answer["nbHits"], answer["page"], answer["nbPages"], answer["hitsPerPage"]) == (1, 0, 1, 5)
    assert (answer["exhaustiveNbHits"], answer["query"], answer["index"]) == (True, "red shoes", "shop")
    assert answer["facets"] == {"brand": {"Halden": 1}}
    assert answer["params"] == "query=red+shoes&hitsPerPage=5&facets=%5B%22brand%22%5D&clickAnalytics=true"
    assert answer["processingTimeMS"] >= 0
    assert len(answer["queryID"]) > 10
    (hit,) = answer["hits"]
    assert (hit["objectID"], hit["title"], hit["brand"], hit["price"]) == ("red-shoes", "Red shoes", "Halden", 10.0)
    assert hit["categories"] == {"lvl0": "Clothes", "lvl1": "Clothes > Shoes"}
    assert (hit["color"], hit["in_stock"], hit["currency"]) == (["Red"], True, "EUR")
    assert hit["image"].startswith("http://testserver/media/")


def test_matched_words_stand_between_the_asked_tags(algolia: Client) -> None:
    answer = ask(algolia, query="red", highlightPreTag="__ais-highlight__", highlightPostTag="__/ais-highlight__")
    title = answer["hits"][0]["_highlightResult"]["title"]
    assert title["value"].startswith("__ais-highlight__Red__/ais-highlight__ ")
    assert (title["matchLevel"], title["fullyHighlighted"], title["matchedWords"]) == ("full", False, ["red"])
    assert answer["hits"][0]["_highlightResult"]["color"] == [
        {"value": "Red", "matchLevel": "none", "matchedWords": []}
    ]


def test_texts_are_escaped_where_the_tags_are_html_and_plain_where_they_are_not(algolia: Client, shop: Store) -> None:
    Product.objects.filter(store=shop, sku="red-shoes").update(title="Red <b>& 'shoes'", description="a<i> " * 20)

    def title(**tags: str) -> Any:
        answer = ask(algolia, query="red", filters="categories.lvl1:'Clothes > Shoes'", **tags)
        return answer["hits"][0]["_highlightResult"]["title"]["value"]

    assert title() == "<em>Red</em> &lt;b&gt;&amp; &#x27;shoes&#x27;"
    assert title(highlightPreTag="[[", highlightPostTag="]]") == "[[Red]] <b>& 'shoes'"
    (hit,) = ask(algolia, query="red shoes", attributesToSnippet=["description:3"])["hits"]
    assert hit["_snippetResult"] == {
        "description": {"value": "a&lt;i&gt; a&lt;i&gt; a&lt;i&gt;…", "matchLevel": "none"}
    }


def test_only_the_asked_attributes_are_shown(algolia: Client) -> None:
    (hit,) = ask(algolia, query="red shoes", attributesToRetrieve=["title"], attributesToHighlight=[])["hits"]
    assert hit == {"objectID": "red-shoes", "title": "Red shoes", "_highlightResult": {}}
    (hit,) = ask(algolia, query="red shoes", attributesToRetrieve="title,price", attributesToHighlight="brand")["hits"]
    assert set(hit) == {"objectID", "title", "price", "_highlightResult"}
    assert set(hit["_highlightResult"]) == {"brand"}


def test_ranking_info_says_how_a_hit_was_found(algolia: Client) -> None:
    (hit,) = ask(algolia, query="red shoes", getRankingInfo=True)["hits"]
    assert {score["route"] for score in hit["_rankingInfo"]["scores"]} == {"lexical", "text"}
    assert hit["_rankingInfo"]["nbTypos"] == 0


def test_parameters_that_mean_nothing_here_are_ignored(algolia: Client) -> None:
    answer = ask(algolia, query="red shoes", typoTolerance="min", userToken="u", ruleContexts=["a"], x=1, tagFilters="")
    assert ids(answer) == ["red-shoes"]


def test_banners_of_rules_are_the_protocols_user_data(algolia: Client, shop: Store) -> None:
    rule = {
        "name": "Sale",
        "triggers": [{"kind": "words", "match": "any"}],
        "actions": [{"kind": "banner", "banner": {"title": "Sale"}}, {"kind": "hide", "product": "red-lamp"}],
    }
    assert post_json(client_of(shop, kind="secret"), "/api/v1/rules", rule).status_code == 201
    answer = ask(algolia, query="red")
    assert (ids(answer), answer["userData"]) == (["red-shoes"], [{"title": "Sale"}])


# --- pages and orders ------------------------------------------------------------------------------------------------


def test_pages_count_from_0_and_cover_everything_once(algolia: Client) -> None:
    answers = [ask(algolia, hitsPerPage=3, page=page) for page in range(4)]
    assert [len(answer["hits"]) for answer in answers] == [3, 3, 2, 0]
    assert len({sku for answer in answers for sku in ids(answer)}) == 8
    assert {(answer["nbHits"], answer["nbPages"]) for answer in answers} == {(8, 3)}


def test_no_hits_and_a_page_out_of_reach_still_count(algolia: Client) -> None:
    for parameters in ({"hitsPerPage": 0}, {"page": 999_999}):
        answer = ask(algolia, facets=["in_stock"], **parameters)
        assert (answer["hits"], answer["nbHits"], answer["facets"]) == ([], 8, {"in_stock": {"true": 6, "false": 2}})


@pytest.mark.parametrize(
    ("index", "first"),
    [("shop_price_asc", "red-shoes"), ("shop_price_desc", "black-lamp"), ("shop_newest", "black-lamp")],
)
def test_replicas_are_orders(algolia: Client, index: str, first: str) -> None:
    assert ids(ask(algolia, indexName=index, hitsPerPage=1)) == [first]


@pytest.mark.parametrize("index", ["other", "shop_", "shop_cheapest", "", "x_price_asc"])
def test_another_index_does_not_exist(algolia: Client, index: str) -> None:
    body = problem_of(post_json(algolia, QUERIES, {"requests": [{"indexName": index}]}))
    assert (body["status"], body["code"]) == (404, "not_found")
    assert (
        body["message"]
        == f"Index {index!r} does not exist. This key has shop, shop_price_asc, shop_price_desc, shop_newest."
    )


# --- filters and facets ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"facetFilters": ["brand:Halden", ["color:Red", "color:Blue"]]}, {"red-shoes", "blue-shoes"}),
        ({"facetFilters": "brand:halden", "numericFilters": "price<30"}, {"red-shoes"}),
        ({"facetFilters": [["categories.lvl0:Home"]], "numericFilters": ["price>=40", "price<=60"]}, {"blue-lamp", "green-lamp"}),
        ({"facetFilters": ["categories.lvl0:Home", "categories.lvl1:Home > Lamps"], "filters": "color:red"}, {"red-lamp"}),
        ({"facetFilters": ["categories.lvl0:Home", "categories.lvl0:Clothes"]}, set()),
        ({"facetFilters": ["brand:Halden", "brand:Norrvik"]}, set()),
        ({"facetFilters": ["color:Red", "color:Blue"]}, set()),
        ({"facetFilters": ["brand:No\x00body"]}, set()),
        ({"numericFilters": ["price:15 TO 30"]}, {"red-lamp", "blue-shoes"}),
        ({"numericFilters": ["price>10", "price<20"]}, set()),
        ({"filters": "price > 10 AND price < 40 AND NONE:x"}, None),
        ({"filters": "price > 10 AND price < 40"}, {"red-lamp", "blue-shoes"}),
        ({"filters": "(color:Red OR color:'Blue') AND brand:\"Norrvik\""}, {"red-lamp", "blue-lamp"}),
        ({"filters": "color:Red OR color:Blue AND price:10 TO 20"}, {"red-shoes", "red-lamp"}),
        ({"filters": "in_stock:false AND (brand:Halden)"}, {"black-shoes"}),
        ({"filters": "in_stock:false AND in_stock:true"}, set()),
        ({"filters": "(in_stock:false OR in_stock:true) AND price=10"}, {"red-shoes"}),
    ],
)  # fmt: skip
def test_filters_narrow(algolia: Client, parameters: dict[str, Any], expected: set[str] | None) -> None:
    if expected is None:
        assert "Unknown field 'NONE'" in refused(algolia, **parameters)["message"]
    else:
        assert set(ids(ask(algolia, **parameters))) == expected


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"filters": "NOT color:red"}, "NOT is not supported"),
        ({"filters": "color:red OR brand:x"}, "of one field"),
        ({"filters": "(color:red AND price:1 TO 2) OR color:blue"}, "AND inside of OR"),
        ({"filters": "color:red brand:x"}, "expected AND"),
        ({"filters": "color:"}, "expected a value"),
        ({"filters": "color"}, "expected :"),
        ({"filters": "(color:red"}, "expected )"),
        ({"filters": "(" * 3000}, "nested"),
        ({"filters": "\""}, "cannot be read"),
        ({"filters": "x" * 5000}, "4,000"),
        ({"filters": ["color:red"]}, "filters is a text"),
        ({"filters": "price:x TO 3"}, "not a number"),
        ({"filters": "price != 3"}, "is not supported"),
        ({"filters": "price:1 TO 2 OR price:4 TO 5"}, "Alternatives of prices"),
        ({"filters": "color > 3"}, "no number"),
        ({"filters": "in_stock:maybe"}, "true or false"),
        ({"facetFilters": ["-color:red"]}, "excludes"),
        ({"facetFilters": ["color:-red"]}, "excludes"),
        ({"facetFilters": ["color"]}, "brand:Halden"),
        ({"facetFilters": [[["color:red"]]]}, "a text of"),
        ({"facetFilters": {"a": 1}}, "a text of"),
        ({"facetFilters": ["color:red"] * 300}, "more than 200"),
        ({"facetFilters": [["color:red"] * 150] * 2}, "more than 200"),
        ({"numericFilters": ["price"]}, "price>=10"),
        ({"numericFilters": ["price:1"]}, "10 TO 80"),
        ({"numericFilters": ["price>=1e400"]}, "not a number"),
        ({"page": -1}, "whole number"),
        ({"page": 1.5}, "whole number"),
        ({"hitsPerPage": True}, "whole number"),
        ({"query": ["red"]}, "query is a text"),
        ({"facets": {"a": 1}}, "facets is a list"),
        ({"facets": "[1"}, "not JSON"),
        ({"params": 3}, "params is a text"),
        ({"type": "facet"}, "names its facet"),
        ({"image": {"id": "nope", "x": 1}}, "Unknown parameter"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_says_why(algolia: Client, parameters: dict[str, Any], said: str) -> None:
    body = refused(algolia, **parameters)
    assert body["status"] == 400
    assert said in body["message"]


def test_facets_are_counted_by_label_under_all_filters(algolia: Client) -> None:
    answer = ask(algolia, facets=["*"], facetFilters=["color:Red"])
    assert answer["facets"] == {
        "brand": {"Halden": 1, "Norrvik": 1},
        "categories.lvl0": {"Clothes": 1, "Home": 1},
        "categories.lvl1": {"Clothes > Shoes": 1, "Home > Lamps": 1},
        "price": {},
        "in_stock": {"true": 2},
        "color": {"Red": 2},
    }
    assert answer["facets_stats"] == {"price": {"min": 10.0, "max": 20.0, "avg": 15.0}}


def test_unknown_facets_are_ignored_and_values_are_cut(algolia: Client) -> None:
    answer = ask(algolia, facets=["color", "no-such"], maxValuesPerFacet=2)
    assert answer["facets"] == {"color": {"Black": 2, "Blue": 2}}


def test_values_that_share_a_label_go_by_their_codes(algolia: Client, shop: Store) -> None:
    color = Attribute.objects.get(store=shop, code="color")
    AttributeValue.objects.filter(attribute=color, code="blue").update(label="Red")
    Brand.objects.filter(store=shop, slug="halden").update(name="norrvik")
    assert ask(algolia, facets=["color"])["facets"] == {"color": {"Black": 2, "Green": 2, "blue": 2, "red": 2}}
    assert len(ids(ask(algolia, facetFilters=["color:blue"]))) == 2
    assert len(ids(ask(algolia, facetFilters=["color:Red"]))) == 4
    # The label comes before the code of the other.
    assert len(ids(ask(algolia, facetFilters=["brand:norrvik"]))) == 4


def test_a_facets_values_are_found_by_the_beginnings_of_their_words(algolia: Client, shop: Store) -> None:
    Brand.objects.filter(store=shop, slug="halden").update(name="Maison Élégance")
    found = post_json(algolia, "/1/indexes/shop/facets/brand/query", {"facetQuery": "ele"}).json()
    assert found["facetHits"] == [{"value": "Maison Élégance", "highlighted": "Maison <em>Élé</em>gance", "count": 4}]
    everything = ask(algolia, type="facet", facet="color", query="lamp", maxFacetHits=3)
    assert [(hit["value"], hit["count"]) for hit in everything["facetHits"]] == [
        ("Black", 1),
        ("Blue", 1),
        ("Green", 1),
    ]
    below = ask(algolia, type="facet", facet="categories.lvl1", facetQuery="shoe")
    assert [(hit["value"], hit["count"]) for hit in below["facetHits"]] == [("Clothes > Shoes", 4)]
    assert ask(algolia, type="facet", facet="no-such")["facetHits"] == []


# --- ways to ask -----------------------------------------------------------------------------------------------------


def test_older_clients_send_params_as_an_address(algolia: Client) -> None:
    text = "query=red&hitsPerPage=1&facets=%5B%22brand%22%5D&facetFilters=%5B%5B%22brand%3ANorrvik%22%5D%5D&page=0"
    assert ids(ask(algolia, params=text)) == ["red-lamp"]
    assert ids(ask(algolia, params={"query": "red shoes"})) == ["red-shoes"]
    assert ids(ask(algolia, params="query=red&numericFilters=price<=10,price>=5")) == ["red-shoes"]
    form = "application/x-www-form-urlencoded"
    one = algolia.post("/1/indexes/shop/query", json.dumps({"params": "query=red+shoes"}), content_type=form)
    assert ids(one.json()) == ["red-shoes"]


def test_an_empty_body_browses(algolia: Client) -> None:
    assert algolia.post("/1/indexes/shop/query", b"", content_type="").json()["nbHits"] == 8


def test_a_body_in_chunks_is_read_where_the_server_ends_it(algolia: Client) -> None:
    body = json.dumps({"query": "red shoes"}).encode()
    chunks: dict[str, Any] = {
        "headers": {"Transfer-Encoding": "chunked"},
        "CONTENT_LENGTH": "",
        "wsgi.input": BytesIO(body),
    }
    answer = algolia.generic("POST", "/1/indexes/shop/query", **chunks, **{"wsgi.input_terminated": True})
    assert ids(answer.json()) == ["red-shoes"]
    assert problem_of(algolia.generic("POST", "/1/indexes/shop/query", **chunks))["code"] == "length_required"


@pytest.mark.parametrize("body", [b"{", b"[]", b"[" * 200_000, b'{"requests": 3}', b'{"requests": [3]}', b"{}"])
def test_a_body_that_cannot_be_read_is_a_400(algolia: Client, body: bytes) -> None:
    assert problem_of(algolia.post(QUERIES, body, content_type="text/plain"))["status"] == 400


def test_more_than_50_requests_are_refused(algolia: Client) -> None:
    asked = {"requests": [{"indexName": "shop", "hitsPerPage": 0}] * 51}
    assert problem_of(post_json(algolia, QUERIES, asked))["field"] == "requests"


def test_a_photo_is_asked_as_in_our_own_search(algolia: Client) -> None:
    answer = ask(algolia, image={"base64": base64_photo("blue")}, hitsPerPage=2)
    assert set(ids(answer)) == {"blue-shoes", "blue-lamp"}
    assert "image" not in answer["params"]
    assert ids(ask(algolia, image={"product": "red-shoes"}))[0] == "red-lamp"


# --- keys ------------------------------------------------------------------------------------------------------------


def test_the_key_may_stand_in_the_address(shop: Store) -> None:
    _, key = create_api_key(store=shop, name="page", kind="publishable")
    address = f"/1/indexes/shop/query?x-algolia-api-key={key}&x-algolia-application-id=any"
    assert post_json(Client(), address, {"query": "red shoes"}).json()["nbHits"] == 1


def test_other_keys_are_refused(shop: Store) -> None:
    _, secret = create_api_key(store=shop, name="server", kind="secret")
    address = "/1/indexes/shop/query"
    assert problem_of(post_json(Client(), address, {}))["code"] == "missing_key"
    assert problem_of(post_json(Client(), f"{address}?x-algolia-api-key=pk_no", {}))["code"] == "invalid_key"
    body = problem_of(post_json(Client(headers={"X-Algolia-API-Key": secret}), address, {}))
    assert (body["status"], body["code"]) == (403, "forbidden")
    assert "secret key" in body["message"]


def test_a_key_sees_its_own_store_alone(algolia: Client) -> None:
    assert "red-boots" not in ids(ask(algolia, query="red boots"))
    assert ids(ask(algolia, facetFilters=["brand:Nobody"])) == []


def test_pages_of_allowed_origins_may_ask(shop: Store) -> None:
    _, key = create_api_key(store=shop, name="page", kind="publishable", origins=["https://shop.example"])
    preflight = Client().options(
        QUERIES,
        headers={
            "Origin": "https://shop.example",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "x-algolia-api-key,x-algolia-application-id,content-type",
        },
    )
    assert preflight["Access-Control-Allow-Origin"] == "https://shop.example"
    assert "x-algolia-api-key" in preflight["Access-Control-Allow-Headers"]
    address = f"/1/indexes/shop/query?x-algolia-api-key={key}"
    allowed = Client(headers={"Origin": "https://shop.example"}).post(address, "{}", content_type="text/plain")
    assert allowed["Access-Control-Allow-Origin"] == "https://shop.example"
    elsewhere = Client(headers={"Origin": "https://evil.example"}).post(address, "{}", content_type="text/plain")
    assert (elsewhere.status_code, "Access-Control-Allow-Origin" in elsewhere) == (403, False)


def test_other_addresses_of_the_protocol_are_problems(algolia: Client) -> None:
    assert problem_of(algolia.get("/1/indexes/shop/red-shoes"))["code"] == "not_found"
    assert problem_of(algolia.get(QUERIES))["code"] == "method_not_allowed"


# --- the language of filters -----------------------------------------------------------------------------------------


def test_or_binds_closer_than_and() -> None:
    assert filter_clauses("a:1 AND b:2 OR b:3 AND (c:4)") == (
        (Term("a", ":", "1"),),
        (Term("b", ":", "2"), Term("b", ":", "3")),
        (Term("c", ":", "4"),),
    )


def test_a_quoted_word_is_no_operator() -> None:
    assert filter_clauses('a:\'AND\' AND "b c":"d \\" e" OR a:x') == (
        (Term("a", ":", "AND"),),
        (Term("b c", ":", 'd " e'), Term("a", ":", "x")),
    )
    with pytest.raises(InvalidQuery):
        filter_clauses("a:x 'AND' b:y")
