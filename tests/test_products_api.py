"""Products over REST: what a key may read and write, in which form, and that stores keep apart."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from catalog.api.serializers import product_data
from catalog.labels import Labels
from catalog.models import Product, ProductImage, Store
from catalog.models.keys import KeyKind, create_api_key
from tests.shop import add_photo, brand, category, make_product, make_store, photo_bytes

pytestmark = pytest.mark.django_db

URL = "/api/v1/products"


@pytest.fixture(autouse=True)
def media(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def store() -> Store:
    return make_store()


class Shop:
    """A client with a key of a store."""

    def __init__(self, store: Store, kind: str = KeyKind.SECRET) -> None:
        _, key = create_api_key(store=store, name="test", kind=kind)
        self.client = Client(headers={"X-API-Key": key})

    def send(self, method: str, path: str = "", body: Any = None, **extra: Any) -> Any:
        data = body if isinstance(body, bytes | str) else json.dumps(body) if body is not None else ""
        kind = extra.pop("content_type", "application/json")
        return self.client.generic(method, URL + path, data, content_type=kind, **extra)


@pytest.fixture
def shop(store: Store) -> Shop:
    return Shop(store)


@pytest.fixture
def page(store: Store) -> Shop:
    return Shop(store, KeyKind.PUBLISHABLE)


def test_a_product_is_created_read_changed_and_deleted(shop: Shop) -> None:
    body = {
        "sku": "A/1",
        "title": "Linen trousers",
        "category": "Clothes > Trousers",
        "brand": "Nordlicht",
        "price": 39.9,
        "quantity": 2,
        "attributes": {"color": ["red"], "fit": ["Wide"]},
        "images": [{"url": "https://shop.example/a.jpg"}],
    }
    created = shop.send("POST", "", body)
    assert created.status_code == 201
    answer = created.json()
    image_id = answer["images"][0].pop("id")
    assert answer == {
        "sku": "A/1",
        "title": "Linen trousers",
        "description": "",
        "category": {"slug": "trousers", "name": "Trousers", "path": "Clothes > Trousers"},
        "brand": {"slug": "nordlicht", "name": "Nordlicht"},
        "price": {"amount": "39.90", "currency": "EUR"},
        "in_stock": True,
        "quantity": 2,
        "margin": None,
        "attributes": {"color": [{"code": "red", "label": "Red"}], "fit": [{"code": "wide", "label": "Wide"}]},
        "style_code": "",
        "url": "",
        "images": [{"url": "https://shop.example/a.jpg", "kind": "catalog", "width": 0, "height": 0, "position": 0}],
        "is_published": True,
    }
    assert shop.send("GET", "/A/1").json()["images"][0]["id"] == image_id
    changed = shop.send("PATCH", "/A/1", {"price": None, "attributes": {"fit": []}})
    assert changed.status_code == 200
    assert changed.json()["price"] == {"amount": None, "currency": "EUR"}
    assert list(changed.json()["attributes"]) == ["color"]
    assert shop.send("DELETE", "/A/1").status_code == 204
    assert shop.send("GET", "/A/1").status_code == 404
    assert ProductImage.objects.count() == 0


def test_put_creates_replaces_and_empties_what_it_does_not_state(shop: Shop, store: Store) -> None:
    assert shop.send("PUT", "/A", {"title": "Lamp", "price": "5", "brand": "Nord"}).status_code == 201
    add_photo(Product.objects.get(), "red")
    again = shop.send("PUT", "/A", {"sku": "A", "title": "Lamp", "attributes": {"color": ["red"]}})
    assert again.status_code == 200
    product = Product.objects.get()
    assert (product.price, product.brand, product.attributes) == (None, None, {"color": ["red"]})
    assert product.images.count() == 1
    shop.send("PUT", "/A", {"title": "Lamp"})
    product.refresh_from_db()
    assert product.attributes == {}


def test_a_repeated_put_changes_no_revision(shop: Shop) -> None:
    body = {"title": "Lamp", "price": "5", "attributes": {"color": ["red"]}}
    shop.send("PUT", "/A", body)
    before = Product.objects.values_list("revision", "updated_at").get()
    shop.send("PUT", "/A", body)
    assert Product.objects.values_list("revision", "updated_at").get() == before


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"title": "x"}, "sku"),
        ({"sku": "B"}, "title"),
        ({"sku": "B", "title": "x", "price": "on request"}, "price"),
        ({"sku": "B", "title": "x", "price": -1}, "price"),
        ({"sku": "B", "title": "x", "quantity": 1.5}, "quantity"),
        ({"sku": "B", "title": "x", "prize": 1}, "prize"),
        ({"sku": "B", "title": "x", "url": "javascript:alert(1)"}, "url"),
        ({"sku": "B", "title": "x", "attributes": ["red"]}, "attributes"),
        ({"sku": "B", "title": "x", "attributes": {"size": [str(n) for n in range(200)]}}, "attributes"),
        ({"sku": "B", "title": "x", "images": [{"file": "/etc/passwd"}]}, "images"),
        ({"sku": "B", "title": "x", "images": [{"url": "ftp://shop.example/a.jpg"}]}, "images"),
        ({"sku": "B", "title": "x", "images": "https://shop.example/a.jpg"}, "images"),
        ({"sku": "B", "title": ["x"]}, "title"),
    ],
)
def test_a_field_that_cannot_be_is_a_400_that_names_it(shop: Shop, body: dict[str, Any], field: str) -> None:
    answer = shop.send("POST", "", body)
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    assert (answer.json()["code"], answer.json()["field"]) == ("invalid_request", field)
    assert Product.objects.count() == 0


@pytest.mark.parametrize("body", ["[]", '"x"', "{", "null", "3"])
def test_a_body_that_is_no_object_is_a_400(shop: Shop, body: str) -> None:
    assert shop.send("POST", "", body).status_code == 400


def test_a_taken_sku_is_a_409_and_another_sku_in_the_body_a_400(shop: Shop) -> None:
    shop.send("POST", "", {"sku": "A", "title": "Lamp"})
    answer = shop.send("POST", "", {"sku": "A", "title": "Other"})
    assert (answer.status_code, answer.json()["code"]) == (409, "sku_taken")
    assert shop.send("PATCH", "/A", {"sku": "B"}).json()["field"] == "sku"
    assert shop.send("PATCH", "/B", {"title": "x"}).status_code == 404
    assert shop.send("DELETE", "/B").status_code == 404
    assert Product.objects.get().title == "Lamp"


def test_a_form_uploads_photos(shop: Shop, store: Store) -> None:
    answer = shop.client.post(
        URL,
        {
            "sku": "A",
            "title": "Lamp",
            "price": "5,50",
            "attributes": '{"color": ["red"]}',
            "images": [
                SimpleUploadedFile("front.png", photo_bytes("red", size=(20, 30))),
                SimpleUploadedFile("back.png", photo_bytes("blue")),
            ],
            "lifestyle_images": SimpleUploadedFile("room.png", photo_bytes("green")),
        },
    )
    assert answer.status_code == 201
    images = answer.json()["images"]
    assert [(image["kind"], image["position"]) for image in images] == [
        ("catalog", 0),
        ("catalog", 1),
        ("lifestyle", 2),
    ]
    assert (images[0]["width"], images[0]["height"]) == (20, 30)
    assert images[0]["url"].startswith(f"http://testserver/media/products/{store.pk}/")
    product = Product.objects.get()
    assert (product.price, product.attributes) == (Decimal("5.5"), {"color": ["red"]})


@pytest.mark.parametrize(
    ("part", "data"), [("images", b"no picture"), ("images", b""), ("lifestyle_images", b"GIF89a"), ("photo", b"x")]
)
def test_an_upload_that_is_no_photo_is_a_400_and_nothing_is_written(shop: Shop, part: str, data: bytes) -> None:
    answer = shop.client.post(URL, {"sku": "A", "title": "Lamp", part: SimpleUploadedFile("a.png", data)})
    assert (answer.status_code, answer.json()["field"]) == (400, part)
    assert Product.objects.count() == 0


def test_a_publishable_key_reads_what_is_published_and_writes_nothing(shop: Shop, page: Shop, store: Store) -> None:
    make_product(store, "A")
    make_product(store, "B", is_published=False)
    assert [row["sku"] for row in page.send("GET").json()["products"]] == ["A"]
    assert page.send("GET", "/A").status_code == 200
    assert page.send("GET", "/B").status_code == 404
    assert page.send("GET", "?is_published=false").json()["found"] == 0
    assert shop.send("GET", "?is_published=false").json()["found"] == 1
    for method, path in (("POST", ""), ("PUT", "/A"), ("PATCH", "/A"), ("DELETE", "/A"), ("POST", "/import")):
        answer = page.send(method, path, {"sku": "A", "title": "Mine now"})
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert Product.objects.get(sku="A").title == "red thing"


def test_without_a_key_there_is_nothing(store: Store) -> None:
    make_product(store, "A")
    for method, path in (("GET", ""), ("GET", "/A"), ("DELETE", "/A"), ("POST", "/import")):
        assert Client().generic(method, URL + path).status_code == 401


def test_a_key_sees_and_changes_its_own_store_only(shop: Shop, store: Store) -> None:
    other = make_store("other")
    make_product(other, "A", title="Theirs")
    assert shop.send("GET").json() == {"found": 0, "page": 1, "per_page": 20, "products": []}
    for method in ("GET", "PATCH", "DELETE"):
        assert shop.send(method, "/A", {"title": "x"}).status_code == 404
    assert shop.send("PUT", "/A", {"title": "Mine"}).status_code == 201
    body = b'{"sku": "A", "title": "Mine again", "category": "Lamps"}\n'
    assert shop.send("POST", "/import", body, content_type="application/x-ndjson").json()["updated"] == 1
    assert Product.objects.get(store=other).title == "Theirs"
    assert Product.objects.get(store=store).title == "Mine again"
    assert shop.send("GET", "?category=other-lamps").status_code == 400


def test_a_list_is_paged_and_filtered(shop: Shop, store: Store) -> None:
    trousers, lamps = category(store, "Clothes", "Trousers"), category(store, "Lamps")
    make_product(store, "A", category=trousers, brand=brand(store, "Nord"), style_code="S")
    make_product(store, "B", category=trousers, quantity=0)
    make_product(store, "C", category=lamps, colours=())

    def skus(query: str) -> list[str]:
        return [row["sku"] for row in shop.send("GET", query).json()["products"]]

    assert skus("") == ["C", "B", "A"]
    assert skus("?category=clothes") == ["B", "A"]
    assert skus("?brand=nord") == ["A"]
    assert skus("?style_code=S") == ["A"]
    assert skus("?in_stock=false") == ["B"]
    assert skus("?has_images=false") == ["C"]
    assert skus("?has_images=true&category=clothes&in_stock=true") == ["A"]
    assert skus("?per_page=2&page=2") == ["A"]
    assert shop.send("GET", "?per_page=2&page=2").json()["found"] == 3


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("?page=0", "page"),
        ("?page=x", "page"),
        ("?per_page=101", "per_page"),
        ("?page=99999999999999999999", "page"),
        ("?colour=red", "colour"),
        ("?in_stock=maybe", "in_stock"),
        ("?category=nope", "category"),
    ],
)
def test_a_list_parameter_that_cannot_be_is_a_400(shop: Shop, query: str, field: str) -> None:
    answer = shop.send("GET", query)
    assert (answer.status_code, answer.json()["field"]) == (400, field)


def test_a_page_costs_the_same_queries_whatever_its_size(shop: Shop, store: Store) -> None:
    def queries(count: int) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert len(shop.send("GET", f"?per_page={count}").json()["products"]) == count
        return len(captured)

    for number in range(12):
        make_product(
            store, f"S{number}", category=category(store, "Clothes", f"C{number}"), brand=brand(store, f"B{number}")
        )
    assert queries(2) == queries(12) <= 7


def test_hits_need_no_query_of_their_own(store: Store) -> None:
    make_product(store, "A", category=category(store, "Clothes", "Shirts"))
    products = list(Product.objects.with_facts())  # type: ignore[attr-defined]
    labels = Labels(products)
    with CaptureQueriesContext(connection) as captured:
        data = product_data(products[0], labels)
    assert len(captured) == 0
    assert data["category"]["path"] == "Clothes > Shirts"


def test_a_price_has_the_digits_of_its_currency() -> None:
    yen = make_store("yen", currency="JPY")
    product = make_product(yen, "A", price=Decimal("1500"))
    assert product_data(product, Labels([product]))["price"] == {"amount": "1500", "currency": "JPY"}


IMPORT = (
    '{"sku": "A", "title": "Lamp", "price": "5"}\n'
    "\n"
    '{"sku": "B", "title": "Chair", "price": "cheap"}\n'
    '{"sku": "A", "title": "Lamp again"}\n'
    '{"sku": "C", "title": "Sofa", "images": [{"file": "../a.png"}]}\n'
)


def test_an_import_answers_for_each_line(shop: Shop) -> None:
    answer = shop.send("POST", "/import", IMPORT, content_type="application/x-ndjson").json()
    assert {name: answer[name] for name in ("created", "updated", "unchanged", "refused")} == {
        "created": 2,
        "updated": 0,
        "unchanged": 0,
        "refused": 2,
    }
    assert [(row["line"], row["sku"], row["outcome"], row["reason"]) for row in answer["results"]] == [
        (1, "A", "created", ""),
        (3, "B", "refused", 'price "cheap" is not a number in EUR'),
        (4, "A", "refused", "the SKU stands in line 1 already; the first one counts"),
        (5, "C", "created", ""),
    ]
    assert answer["results"][3]["image_problems"] == ["../a.png: this request carries no files; give a url"]
    again = shop.send("POST", "/import", IMPORT, content_type="application/x-ndjson").json()
    assert (again["unchanged"], again["refused"]) == (2, 2)


def test_an_import_answers_in_lines_where_asked(shop: Shop) -> None:
    answer = shop.send(
        "POST", "/import", IMPORT, content_type="application/x-ndjson", headers={"Accept": "application/x-ndjson"}
    )
    assert answer["Content-Type"] == "application/x-ndjson"
    assert [json.loads(line)["outcome"] for line in answer.content.decode().splitlines()] == [
        "created",
        "refused",
        "refused",
        "created",
    ]


def test_an_import_is_bounded(shop: Shop, settings: Settings) -> None:
    too_many = b"{}\n" * 20_001
    answer = shop.send("POST", "/import", too_many, content_type="application/x-ndjson")
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    assert shop.send("POST", "/import", b"x" * 1001, content_type="text/plain").status_code == 413
    assert shop.send("POST", "/import", b"  \n", content_type="text/plain").status_code == 400
    assert shop.send("POST", "/import", b"{}", content_type="application/xml").status_code == 415


def test_an_import_of_rubbish_is_all_refused(shop: Shop) -> None:
    rubbish = bytes(range(256)) * 20
    answer = shop.send("POST", "/import", rubbish, content_type="application/x-ndjson")
    assert answer.status_code == 200
    assert (answer.json()["created"], answer.json()["refused"] > 0) == (0, True)
