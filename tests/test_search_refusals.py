"""Requests that are refused: each names the input and the fix as problem+json, and none is a crash."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import Settings

from tests.api_fixtures import post_json, problem_of, upload

pytestmark = pytest.mark.django_db

SEARCH = "/api/v1/search"
IMAGES = "/api/v1/images"


@pytest.mark.parametrize(
    ("asked", "field", "said"),
    [
        ({"querry": "red"}, "querry", "Unknown parameter 'querry'"),
        ({"filters_by": "x"}, "filters_by", "did you mean filter"),
        ({"image": {"bix": [0, 0, 1, 1]}}, "image.bix", "did you mean box?"),
        ({"q": "x" * 501}, "q", "no more than 500 characters"),
        ({"q": "a\x00b"}, "q", "Null characters"),
        ({"q": ["red"]}, "q", "Not a valid string"),
        ({"page": 0}, "page", "greater than or equal to 1"),
        ({"per_page": 101}, "per_page", "less than or equal to 100"),
        ({"page": 101}, "page", "only the first 2,000"),
        ({"text_weight": "nan", "q": "x"}, "text_weight", "valid number"),
        ({"sort_by": "cheapest"}, "sort_by", "Unknown order"),
        ({"mode": "psychic"}, "mode", "not a valid choice"),
        ({"mode": "lexical"}, "q", "needs words"),
        ({"mode": "words", "q": "x", "image": {"product": "red-shoes"}}, "mode", "words alone"),
        ({"filter_by": "color:=red", "filters": {"brand": "x"}}, "filters", "either filter_by or filters"),
        ({"filter_by": "colour:=red"}, "filter_by", "did you mean color?"),
        ({"filters": {"colour": "red"}}, "filters.colour", "Unknown parameter"),
        ({"filters": {"attributes": {"size": "9"}}}, "filters.attributes", "this store has color"),
        ({"filters": {"price": {"min": 5, "max": 1}}}, "filters.price", "min is above max"),
        ({"facet_by": "colour"}, "facet_by", "did you mean color?"),
        ({"facet_by": [{"field_name": "color", "limit": 0}]}, "facet_by.limit", "greater than or equal to 1"),
        ({"image": {}}, "image", "in one way"),
        ({"image": {"product": "red-shoes", "id": "x"}}, "image", "not id and product together"),
        ({"image": {"product": "nothing"}}, "image.product", "There is no product 'nothing'"),
        ({"image": {"product": "red-boots"}}, "image.product", "There is no product 'red-boots'"),
        ({"image": {"id": "nothing"}}, "image.id", "upload it again"),
        ({"image": {"base64": "no!"}}, "image.base64", "not base64"),
        ({"image": {"base64": "data:image/png,xx"}}, "image.base64", "must be base64"),
        ({"image": {"base64": "AAAA"}}, "image", "not an image"),
        ({"image": {"product": "red-shoes", "box": [0, 0, 1]}}, "image.box", "give four"),
        ({"image": {"product": "red-shoes", "box": [0.5, 0, 0.5, 1]}}, "image.box", "x1 < x2"),
        ({"image": {"product": "red-shoes", "box": [0, 0, 2, 1]}}, "image.box.2", "less than or equal to 1"),
        ({"image": {"product": "red-shoes", "box": [0, 0, 0.1, 1]}}, "image.box", "at least 8 a side"),
        (
            {"image": {"product": "x"}, "q": "y", "text_weight": 0, "image_weight": 0},
            "text_weight",
            "Every weight is 0",
        ),
        ({"parts": [{"text": "a", "weight": -1}]}, "parts", "Every part pushes away"),
        ({"parts": [{"text": "a"}] * 13}, "parts", "no more than 12"),
        ({"mode": "image", "q": "x"}, "mode", "of mode words, not image"),
        ({"match": "most", "q": "x"}, "match", "not a valid choice"),
        ({"parts": [{"text": "a", "product": "b"}]}, "parts.0", "exactly one of"),
        ({"parts": [{"text": "a"}], "q": "b"}, "parts", "not both"),
        ({"deadline_ms": 1}, "deadline_ms", "greater than or equal to 50"),
        ({"explain": "perhaps"}, "explain", "valid boolean"),
    ],
)
def test_a_refusal_names_the_input_and_the_fix(
    empty_client: Client, asked: dict[str, Any], field: str, said: str
) -> None:
    refused = problem_of(post_json(empty_client, SEARCH, asked))
    assert refused["status"] == 400
    assert (refused["field"], refused["code"][:8]) == (field, "invalid_")
    assert said in refused["detail"]


def test_all_wrong_fields_are_named_at_once(empty_client: Client) -> None:
    refused = problem_of(post_json(empty_client, SEARCH, {"page": 0, "per_page": 0, "explain": "x"}))
    assert {error["field"] for error in refused["errors"]} == {"page", "per_page", "explain"}


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "unreadable_body"),
        (b"[]", 400, "unreadable_body"),
        (b"[" * 100_000, 400, "unreadable_body"),
        (b"\xff", 400, "unreadable_body"),
        (b'{"page": NaN}', 400, "unreadable_body"),
        (b'{"page": 1' + b"0" * 5000 + b"}", 400, "unreadable_body"),
        (b'{"q": "\\ud800"}', 400, "invalid_request"),
        (b'{"text_weight": 1' + b"0" * 400 + b"}", 400, "invalid_request"),
        (b"null", 400, "unreadable_body"),
        (b"", 200, ""),
    ],
)
def test_an_unreadable_body_is_a_problem_and_never_a_crash(
    empty_client: Client, body: bytes, status: int, code: str
) -> None:
    answer = empty_client.post(SEARCH, data=body, content_type="application/json")
    assert answer.status_code == status
    if code:
        assert problem_of(answer)["code"] == code


def test_other_mistakes_of_http_are_problems_too(empty_client: Client) -> None:
    assert problem_of(empty_client.put(SEARCH))["status"] == 405
    assert (
        problem_of(empty_client.post(SEARCH, data="q=x", content_type="application/x-www-form-urlencoded"))["status"]
        == 415
    )
    assert problem_of(empty_client.get("/api/v1/nothing"))["status"] == 404
    assert problem_of(empty_client.get(SEARCH, {"q": ["a", "b"]}))["field"] == "q"
    assert problem_of(empty_client.post(SEARCH, {"photo": upload("red")}))["field"] == "photo"
    assert problem_of(empty_client.post(SEARCH, {"query": "["}))["field"] == "query"
    assert problem_of(empty_client.post(SEARCH, {"query": '{"q": "a"}', "q": "b"}))["field"] == "q"
    broken = empty_client.post(SEARCH, data=b"--x\r\nbroken", content_type="multipart/form-data")
    assert problem_of(broken)["code"] == "unreadable_body"


def test_a_body_over_the_limit_is_refused_before_it_is_read(empty_client: Client, settings: Settings) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 500
    for answer in (
        post_json(empty_client, SEARCH, {"image": {"base64": "A" * 600}}),
        empty_client.post(SEARCH, {"image": SimpleUploadedFile("p.png", b"x" * 600)}),
        empty_client.post(IMAGES, {"image": SimpleUploadedFile("p.png", b"x" * 600)}),
    ):
        assert (answer.status_code, problem_of(answer)["code"]) == (413, "body_too_large")


def test_a_photo_over_its_limit_says_so(empty_client: Client, settings: Settings) -> None:
    settings.IMAGE_MAX_BYTES = 50
    refused = problem_of(empty_client.post(SEARCH, {"image": upload("red")}))
    assert (refused["status"], refused["code"], refused["field"]) == (400, "invalid_image", "image")
    long = problem_of(post_json(empty_client, SEARCH, {"image": {"base64": "A" * 5000}}))
    assert (long["code"], long["field"]) == ("invalid_image", "image.base64")


@pytest.mark.parametrize(
    "asked",
    [
        {"filter_by": "price:>=99999999999999"},
        {"filter_by": "price:[-99999999999999.9999..99999999999999.9999]"},
        {"filters": {"price": {"min": "-99999999999999.9999", "max": "99999999999999.9999"}}},
        {"facet_by": "price(0..99999999999999.9999,0.0001..0.0002)"},
        {"filter_by": "brand:=`" + "é" * 200 + "`"},
        {"filter_by": 'color:="\\u0027; DROP TABLE catalog_product; --"'},
        {"q": "' & | ! <-> :* \\ (", "mode": "lexical"},
        {"q": "\x02\x03 %s {} \u202e", "mode": "lexical"},
    ],
)
def test_extreme_but_honest_values_are_answered(empty_client: Client, asked: dict[str, Any]) -> None:
    answer = post_json(empty_client, SEARCH, asked)
    assert answer.status_code == 200, answer.content


def test_a_body_in_chunks_is_refused_rather_than_taken_for_an_empty_one(empty_client: Client) -> None:
    answer = empty_client.post(
        SEARCH, data=b"", content_type="application/json", headers={"Transfer-Encoding": "chunked"}
    )
    assert (answer.status_code, problem_of(answer)["code"]) == (411, "length_required")
