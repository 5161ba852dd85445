"""The playground in the admin: who may use it, what it asks, what it keeps, and what hostile input does (nothing)."""

from __future__ import annotations

from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from django.contrib.auth.models import Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from catalog.models import Product, Store
from search.evaluation.asking import Setup
from search.evaluation.asking import ask as ask_set
from search.evaluation.records import JudgedQueryRow, JudgedSetRow, JudgmentRow
from search.evaluation.stores import stored_set
from search.models import IndexVersion, QueryImage
from search.query_images import store_query_image
from search.rules.records import Preset
from tests.api_fixtures import upload
from tests.shop import photo_bytes

pytestmark = pytest.mark.django_db
PERMISSIONS = ("view_product", "add_judgedqueryrow", "add_judgmentrow", "add_judgedsetrow")


def staff_of(*stores: Store, permissions: tuple[str, ...] = PERMISSIONS) -> Client:
    """A browser of somebody on the staff who is a member of these stores."""
    user = User.objects.create_user("merchandiser", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    for store in stores:
        store.members.add(user)
    client = Client()
    client.force_login(user)
    return client


def page_of(client: Client, **fields: str) -> str:
    answer = client.get(reverse("admin:search_playground"), fields)
    assert answer.status_code == 200
    return answer.content.decode()


def keep(client: Client, state: dict[str, str], **fields: str) -> tuple[str, str]:
    """Keep the search; the page that follows, and the address's query."""
    answer = client.post(reverse("admin:search_playground_keep"), {"state": urlencode(state), **fields})
    assert answer.status_code == 302
    return client.get(answer["Location"]).content.decode(), urlsplit(answer["Location"]).query


def test_only_staff_who_may_see_products_of_their_own_stores_may_play(shop: Store) -> None:
    address = reverse("admin:search_playground")
    assert Client().get(address)["Location"].startswith(reverse("admin:login"))
    stranger = staff_of(permissions=())
    assert stranger.get(address).status_code == 403
    User.objects.all().delete()
    assert "You are a member of no store yet." in page_of(staff_of())


def test_another_stores_products_and_photos_cannot_be_reached(shop: Store) -> None:
    other = Store.objects.get(slug="other")
    client = staff_of(shop)
    page = page_of(client, store="other", q="red")
    assert "Select a valid choice" in page and "red-boots" not in page
    photo = store_query_image(other, photo_bytes("red"))
    for address in (
        reverse("admin:search_playground_shown", args=["other", photo.pk]),
        reverse("admin:search_playground_shown", args=["shop", photo.pk]),
    ):
        assert client.get(address).status_code == 404
    sent = {"state": "store=other", "photo_file": upload("red")}
    assert client.post(reverse("admin:search_playground_photo"), sent).status_code == 404
    assert client.post(reverse("admin:search_playground_keep"), {"state": "store=other&q=red"}).status_code == 404
    assert QueryImage.objects.count() == 1
    theirs = Product.objects.get(store=other, sku="red-boots")
    page, _ = keep(client, {"store": "shop", "q": "red"}, new_set="mine", **{f"gain-{theirs.pk}": "right"})
    assert "no product is judged right" in page
    assert not JudgedSetRow.objects.exists()


def test_a_search_is_explained_hit_by_hit(shop: Store, live_index: IndexVersion) -> None:
    page = page_of(staff_of(shop), store="shop", q="red shoes")
    assert "<strong>1</strong> found" in page
    assert "#1 · " in page and "route lexical" in page and live_index.collection in page
    assert reverse("admin:catalog_product_change", args=[Product.objects.get(store=shop, sku="red-shoes").pk]) in page


def test_two_ways_stand_side_by_side_with_what_moved(shop: Store) -> None:
    page = page_of(
        staff_of(shop),
        store="shop",
        like="red-shoes",
        compare="on",
        **{"a-more": '{"sort_by": "price:asc"}', "b-more": '{"sort_by": "price:desc"}'},
    )
    assert page.count("<strong>7</strong> found") == 2
    assert "▲6" in page and "▼6" in page and 'title="At the same place in both">=<' in page
    # Each product is judged once.
    assert page.count('value="right"') == 7


def test_an_empty_answer_offers_its_suggestions_as_links(shop: Store) -> None:
    page = page_of(staff_of(shop), store="shop", q="red shoes", filter_by="brand:=norrvik")
    assert 'href="?store=shop&amp;q=red+shoes">Without the brand Norrvik (1)</a>' in page


def test_a_photo_is_taken_shown_and_searched_by(shop: Store) -> None:
    client = staff_of(shop)
    state = {"state": "store=shop&q=lamp&box=0,0,1,1&like=red-shoes", "photo_file": upload("green")}
    answer = client.post(reverse("admin:search_playground_photo"), state)
    asked = parse_qs(urlsplit(answer["Location"]).query)
    assert asked.keys() == {"store", "q", "photo"}
    page = client.get(answer["Location"]).content.decode()
    shown = reverse("admin:search_playground_shown", args=["shop", asked["photo"][0]])
    assert f'src="{shown}"' in page and "words “lamp”" in page
    photo = client.get(shown)
    assert (photo["Content-Type"], photo["Cache-Control"]) == ("image/jpeg", "private, max-age=3600")


@pytest.mark.parametrize(
    ("file", "message"),
    [(None, "Choose a photo first."), (SimpleUploadedFile("x.jpg", b"no photo", "image/jpeg"), "not an image")],
)
def test_what_is_no_photo_is_refused_in_words(shop: Store, file: SimpleUploadedFile | None, message: str) -> None:
    client = staff_of(shop)
    sent = {"state": "store=shop", **({"photo_file": file} if file else {})}
    answer = client.post(reverse("admin:search_playground_photo"), sent)
    assert message in client.get(answer["Location"]).content.decode()
    assert not QueryImage.objects.exists()


def test_a_judged_search_is_kept_and_can_be_evaluated(shop: Store, live_index: IndexVersion) -> None:
    client = staff_of(shop)
    ids = dict(Product.objects.filter(store=shop).values_list("sku", "pk"))
    state = {"store": "shop", "q": "lamp", "filter_by": "brand:=norrvik && price:[1..50]", "a-text_weight": "2"}
    page, query = keep(
        client,
        state,
        new_set="first",
        **{
            f"gain-{ids['red-lamp']}": "right",
            f"gain-{ids['blue-lamp']}": "partly",
            f"gain-{ids['red-shoes']}": "wrong",
        },
    )
    assert "Kept as “lamp” in the set first, with 3 judgments." in page
    assert parse_qs(query)["into"] == ["first"]
    row = JudgedQueryRow.objects.get()
    assert (row.judged_set.store, row.key, row.text, row.text_weight) == (shop, "lamp", "lamp", 2.0)
    assert row.filters == {"brand": ["norrvik"], "price_min": "1", "price_max": "50"}
    assert set(row.judgments.values_list("sku", "gain")) == {("red-lamp", 2), ("blue-lamp", 1), ("red-shoes", 0)}
    keep(client, state, set="first", **{f"gain-{ids['red-lamp']}": "right"})
    assert list(JudgedQueryRow.objects.values_list("key", "position")) == [("lamp", 0), ("lamp 2", 1)]
    run = ask_set(shop, stored_set(row.judged_set), Setup("now", live_index))
    assert {answer.skus for answer in run.answers} == {("red-lamp", "blue-lamp")} or len(run.answers) == 2


def test_a_photo_with_its_box_is_kept_as_an_imported_sets_photos_are(shop: Store, live_index: IndexVersion) -> None:
    client = staff_of(shop)
    photo = store_query_image(shop, photo_bytes("blue", size=(200, 200)))
    chosen = Product.objects.get(store=shop, sku="blue-shoes")
    state = {"store": "shop", "photo": photo.pk, "box": "0.1,0.1,0.9,0.9"}
    keep(client, state, new_set="photos", key="A blue thing", **{f"gain-{chosen.pk}": "right"})
    row = JudgedQueryRow.objects.get()
    assert (row.key, row.region, row.image.name.split("/")[0]) == ("A blue thing", [0.1, 0.1, 0.9, 0.9], "evaluation")
    answer = ask_set(shop, stored_set(row.judged_set), Setup("now", live_index)).answers[0]
    assert set(answer.skus[:2]) == {"blue-shoes", "blue-lamp"}


def test_a_part_of_a_products_photo_is_kept_by_its_sku(shop: Store) -> None:
    chosen = Product.objects.get(store=shop, sku="blue-shoes")
    state = {"store": "shop", "like": "blue-shoes", "box": "0,0,0.5,1"}
    keep(staff_of(shop), state, new_set="parts", **{f"gain-{chosen.pk}": "right"})
    row = JudgedQueryRow.objects.get()
    assert (row.product, row.photo_of, row.region) == ("", "blue-shoes", [0.0, 0.0, 0.5, 1.0])


def test_somebody_who_may_only_look_cannot_keep(shop: Store) -> None:
    client = staff_of(shop, permissions=("view_product",))
    assert 'value="right"' not in page_of(client, store="shop", q="red")
    sent = {"state": "store=shop&q=red", "new_set": "mine"}
    assert client.post(reverse("admin:search_playground_keep"), sent).status_code == 403
    assert not JudgedSetRow.objects.exists()


@pytest.mark.parametrize(
    ("state", "fields", "message"),
    [
        ({"q": "red"}, {"new_set": "a b"}, "Use letters, digits"),
        ({"q": "red"}, {"new_set": "x" * 200}, "at most 80"),
        ({"q": "red"}, {}, "cannot be blank"),
        ({"q": "red", "filter_by": "nonsense"}, {"new_set": "mine"}, "filter_by"),
        ({"q": "red", "a-more": '{"parts": [{"text": "red"}]}'}, {"new_set": "mine"}, "by parts cannot be kept"),
        ({"q": "red", "filter_by": "palette:=red"}, {"new_set": "mine"}, "one of these filters"),
        ({"q": "red", "filter_by": "color:=red && color:=blue"}, {"new_set": "mine"}, "one of these filters"),
        ({"photo": "gone"}, {"new_set": "mine"}, "its time is over"),
        ({"like": "red-shoes", "box": "1,2,3"}, {"new_set": "mine"}, "region"),
        ({"like": "red-shoes", "box": "a,b"}, {"new_set": "mine"}, "box"),
        ({}, {"new_set": "mine"}, "asks nothing"),
        ({"a-mode": "psychic"}, {"new_set": "mine"}, "has mistakes"),
    ],
)
def test_what_cannot_be_kept_says_why_and_changes_nothing(
    shop: Store, state: dict[str, str], fields: dict[str, str], message: str
) -> None:
    chosen = Product.objects.get(store=shop, sku="red-shoes")
    gains = {f"gain-{chosen.pk}": "right", "gain-x": "right", f"gain-{'9' * 30}": "right", "gain-0": "maybe"}
    page, _ = keep(staff_of(shop), {"store": "shop", **state}, **fields, **gains)
    assert message in page
    assert not JudgedSetRow.objects.exists() and not JudgmentRow.objects.exists()


@pytest.mark.parametrize(
    "fields",
    [
        {"q": "<script>alert(1)</script>", "filter_by": "<b>"},
        {"q": "red", "a-more": '"><script>alert(1)</script>'},
        {"q": "red", "a-more": "[" * 2000},
        {"q": "red", "a-more": '{"q": "blue"}'},
        {"q": "red", "a-more": '{"pages": 1}'},
        {"q": "red\x00"},
        {"q": "x" * 501},
        {"store": "shop\x00"},
        {"photo": "x" * 100},
        {"photo": "<script>", "box": "<script>"},
        {"like": "<script>"},
        {"a-text_weight": "NaN"},
        {"a-version": "999999999999999999999999"},
        {"a-version": "x\x00"},
        {"a-min_confidence": "1e999"},
        {"box": "0,0,1,1"},
        {"compare": "on", "b-mode": "<script>"},
        {"into": '"><script>'},
    ],
)
def test_hostile_input_is_shown_as_text_or_refused(shop: Store, fields: dict[str, str]) -> None:
    page = page_of(staff_of(shop), **{"store": "shop", **fields})
    assert "<script>alert" not in page and '"><script>' not in page.replace('"></script>', "")


def test_a_preset_is_one_of_the_stores_own(shop: Store) -> None:
    Preset.objects.create(store=shop, name="cheap", parameters={"filter_by": "price:<=20"})
    Preset.objects.create(store=Store.objects.get(slug="other"), name="theirs", parameters={})
    client = staff_of(shop)
    page = page_of(client, store="shop", q="red", **{"a-preset": "cheap"})
    assert "<strong>2</strong> found" in page and "price:[..20]" in page and "theirs" not in page
    assert "Select a valid choice" in page_of(client, store="shop", **{"a-preset": "theirs"})


def test_a_title_is_text(shop: Store) -> None:
    Product.objects.filter(store=shop, sku="red-shoes").update(title="<img src=x onerror=alert(1)> red")
    assert "<img src=x" not in page_of(staff_of(shop), store="shop", q="red")


def test_another_index_version_is_asked_and_one_that_is_gone_says_so(shop: Store, live_index: IndexVersion) -> None:
    gone = IndexVersion.objects.create(
        collection="gone",
        encoder=live_index.encoder,
        fingerprint=live_index.fingerprint,
        dimension=live_index.dimension,
        index_type="FLAT",
        state="retired",
    )
    page = page_of(
        staff_of(shop),
        store="shop",
        like="red-shoes",
        compare="on",
        **{"a-version": str(live_index.pk), "b-version": str(gone.pk)},
    )
    assert "<strong>7</strong> found" in page
    assert 'pg-trouble" role="alert"' in page


def test_forms_need_their_token(shop: Store) -> None:
    user = User.objects.create_superuser("root")
    client = Client(enforce_csrf_checks=True)
    client.force_login(user)
    for name in ("admin:search_playground_keep", "admin:search_playground_photo"):
        assert client.post(reverse(name), {"state": "store=shop"}).status_code == 403
        assert client.get(reverse(name)).status_code == 405
