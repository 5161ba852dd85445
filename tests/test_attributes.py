"""Attributes seen on photos, on real Postgres and Milvus: fitting, suggesting, and a merchandiser's yes or no."""

from __future__ import annotations

import json
import random
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from catalog.models import AttributeValue, Product, Store
from search import indexing
from search.attributes.decisions import accept, reconsider, reject
from search.attributes.fitting import Figures
from search.attributes.learning import fit_store
from search.attributes.suggesting import suggest
from search.models import AttributeSuggestion, FittedAttribute, IndexVersion, SuggestionKind
from search.query import Filters, Query
from search.retrieval import search
from tests.encoders import COLOURS, ColourEncoder
from tests.kept import kept_shop
from tests.shop import add_photo, category, make_product, make_store, photo_bytes
from workers.tasks import suggest_attributes

pytestmark = pytest.mark.django_db
LIST = "search_attributesuggestion_changelist"


def shade(colour: str, seed: object) -> bytes:
    """A photo of nearly this colour, always the same for a seed."""
    generator = random.Random(f"{colour} {seed}")
    red, green, blue = (min(255, max(0, part + generator.randint(-8, 8))) for part in COLOURS[colour])
    return photo_bytes((red, green, blue))


def colourful(store: Store, sku: str, looks: str, *, stated: str = "", **facts: Any) -> Product:
    """A product whose photo looks like one colour, and which states that or another or none.

    Its style decides its fold, so that every run fits the same, whatever ids the database gives.
    """
    product = make_product(store, sku, colours=(), title=f"Thing {sku}", style_code=sku, **facts)
    if stated:
        Product.objects.filter(pk=product.pk).update(attributes={"color": [stated]})
    add_photo(product, looks, data=shade(looks, sku))
    product.refresh_from_db()
    return product


def fill(store: Store, *, per_colour: int = 12, **facts: Any) -> None:
    """Products of three colours, listed as they look."""
    for colour in ("red", "green", "blue"):
        for number in range(per_colour):
            colourful(store, f"{colour}-{number}", colour, stated=colour, **facts)


@kept_shop
def shop(live_index: IndexVersion) -> Store:
    store = make_store("shop")
    fill(store)
    return store


def fitted(store: Store, version: IndexVersion, *names: str) -> dict[str, Figures | str]:
    indexing.sweep(version)
    return dict(fit_store(store, names=names))


def found(store: Store) -> list[tuple[str, str, str]]:
    """The store's suggestions: sku, kind and code."""
    rows = AttributeSuggestion.objects.filter(product__store=store).order_by("product__sku", "pk")
    return [
        (row.product.sku, row.kind, (row.value or row.category).code if row.value else row.category.slug)
        for row in rows
    ]  # type: ignore[union-attr]


def of_sku(sku: str) -> Any:
    return AttributeSuggestion.objects.filter(product__sku=sku)


def member(store: Store, *permissions: str) -> User:
    """A staff member of the store who may decide on suggestions, or has just these permissions."""
    user = User.objects.create_user(f"staff {store.slug} {len(permissions)}", is_staff=True)
    wanted = permissions or ("view_attributesuggestion", "change_attributesuggestion", "change_product", "view_product")
    user.user_permissions.set(Permission.objects.filter(codename__in=wanted))
    store.members.add(user)
    return user


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def act(client: Client, action: str, rows: Any) -> Any:
    return client.post(
        reverse(f"admin:{LIST}"), {"action": action, "_selected_action": [row.pk for row in rows]}, follow=True
    )


def skus_in(store: Store, colour: str) -> set[str]:
    result = search(Query(store.pk, filters=Filters(attributes=(("color", (colour,)),)), per_page=100))
    return {hit.product.sku for hit in result.hits}


def test_a_missing_colour_is_suggested_accepted_in_the_admin_and_then_found_by_its_filter(
    shop: Store, live_index: IndexVersion, colour_encoder: ColourEncoder
) -> None:
    colourful(shop, "plain", "blue")
    fitted(shop, live_index, "color")
    encoded = colour_encoder.images_encoded
    report = suggest(shop)
    assert (report.attributes, report.missing, report.disagreements) == (1, 1, 0)
    assert colour_encoder.images_encoded == encoded, "vectors are read from Milvus, not made again"
    assert found(shop) == [("plain", "missing", "blue")]
    assert Product.objects.get(sku="plain").attributes == {}, "nothing is written before the yes"
    assert "plain" not in skus_in(shop, "blue")

    client = client_of(member(shop))
    page = client.get(reverse(f"admin:{LIST}")).content.decode()
    assert of_sku("plain").get().image.file.url in page
    assert "Thing plain" in page
    answer = act(client, "accept", of_sku("plain"))
    assert "1 products have the value now" in answer.content.decode()
    assert Product.objects.get(sku="plain").attributes == {"color": ["blue"]}
    assert indexing.count_stale(live_index) == 1, "the index follows"
    indexing.sweep(live_index)
    assert "plain" in skus_in(shop, "blue")
    decided = of_sku("plain").get()
    assert (decided.status, decided.decided_by.username) == ("accepted", "staff shop 0")


def test_what_is_listed_red_and_looks_blue_is_on_the_worklist(shop: Store, live_index: IndexVersion) -> None:
    colourful(shop, "wrong", "blue", stated="red")
    fitted(shop, live_index, "color")
    assert suggest(shop).disagreements == 1
    row = of_sku("wrong").get()
    assert (row.kind, row.stated, row.value.code) == (SuggestionKind.DISAGREEMENT, ["red"], "blue")
    client = client_of(member(shop))
    page = client.get(reverse(f"admin:{LIST}"), {"kind__exact": "disagreement"}).content.decode()
    assert "Red" in page
    assert "Blue" in page
    act(client, "accept", [row])
    assert Product.objects.get(sku="wrong").attributes == {"color": ["blue"]}


def test_a_rejected_suggestion_keeps_the_product_and_comes_again_for_another_photo_only(
    shop: Store, live_index: IndexVersion
) -> None:
    product = colourful(shop, "wrong", "blue", stated="red")
    fitted(shop, live_index, "color")
    suggest(shop)
    act(client_of(member(shop)), "reject", of_sku("wrong"))
    suggest(shop)
    assert [row.status for row in of_sku("wrong")] == ["rejected"]
    assert Product.objects.get(sku="wrong").attributes == {"color": ["red"]}
    product.images.all().delete()
    add_photo(product, "blue", data=shade("blue", "wrong"))
    indexing.sweep(live_index)
    suggest(shop)
    assert [row.status for row in of_sku("wrong")] == ["rejected"], "the same bytes are the same photo"
    product.images.all().delete()
    add_photo(product, "blue", data=shade("blue", "another"))
    indexing.sweep(live_index)
    suggest(shop)
    assert sorted(row.status for row in of_sku("wrong")) == ["rejected", "waiting"]


def test_another_stores_staff_neither_see_nor_decide(shop: Store, live_index: IndexVersion) -> None:
    other = make_store("other")
    colourful(shop, "plain", "blue")
    fitted(shop, live_index, "color")
    suggest(shop)
    client = client_of(member(other))
    page = client.get(reverse(f"admin:{LIST}")).content.decode()
    assert "Thing plain" not in page
    for action in ("accept", "reject"):
        act(client, action, of_sku("plain"))
    assert of_sku("plain").get().status == "waiting"
    assert Product.objects.get(sku="plain").attributes == {}
    everything = {"action": "accept", "_selected_action": [of_sku("plain").get().pk], "select_across": "1"}
    client.post(reverse(f"admin:{LIST}"), everything)
    assert Product.objects.get(sku="plain").attributes == {}


def test_who_may_not_change_products_may_not_accept(shop: Store, live_index: IndexVersion) -> None:
    colourful(shop, "plain", "blue")
    fitted(shop, live_index, "color")
    suggest(shop)
    client = client_of(member(shop, "view_attributesuggestion", "change_attributesuggestion"))
    assert "Thing plain" in client.get(reverse(f"admin:{LIST}")).content.decode()
    act(client, "accept", of_sku("plain"))
    assert of_sku("plain").get().status == "waiting"


def test_a_product_and_its_attribute_can_be_deleted_with_what_was_seen_of_them(
    shop: Store, live_index: IndexVersion
) -> None:
    product = colourful(shop, "plain", "blue")
    fitted(shop, live_index, "color")
    suggest(shop)
    client = client_of(
        member(shop, "view_product", "delete_product", "delete_productimage", "view_attributesuggestion")
    )
    assert "delete_selected" not in client.get(reverse(f"admin:{LIST}")).content.decode()
    address = reverse("admin:catalog_product_delete", args=[product.pk])
    assert client.post(address, {"post": "yes"}).status_code == 302
    assert not Product.objects.filter(pk=product.pk).exists()
    assert not AttributeSuggestion.objects.exists()
    Product.objects.filter(store=shop).delete()
    root = client_of(User.objects.create_superuser("root"))
    attribute = FittedAttribute.objects.get().attribute
    assert attribute is not None
    address = reverse("admin:catalog_attribute_delete", args=[attribute.pk])
    assert root.post(address, {"post": "yes"}).status_code == 302
    assert not FittedAttribute.objects.exists()


def test_deciding_twice_changes_nothing_more(shop: Store, live_index: IndexVersion) -> None:
    colourful(shop, "plain", "blue")
    fitted(shop, live_index, "color")
    suggest(shop)
    user = member(shop)
    assert accept(of_sku("plain"), user=user).written == 1
    revision = Product.objects.get(sku="plain").revision
    assert accept(of_sku("plain"), user=user).written == 0
    assert reject(of_sku("plain"), user=user) == 0
    assert Product.objects.get(sku="plain").revision == revision
    assert suggest(shop).missing == 0


def test_a_product_changed_since_is_left_as_it_is(shop: Store, live_index: IndexVersion) -> None:
    product = colourful(shop, "plain", "blue")
    fitted(shop, live_index, "color")
    suggest(shop)
    Product.objects.filter(pk=product.pk).update(attributes={"color": ["green"]})
    done = accept(of_sku("plain"), user=member(shop))
    assert (done.written, done.outdated) == (0, 1)
    assert Product.objects.get(sku="plain").attributes == {"color": ["green"]}
    assert not of_sku("plain").exists()


def test_a_suggestion_goes_when_somebody_states_the_value(shop: Store, live_index: IndexVersion) -> None:
    product = colourful(shop, "plain", "blue")
    fitted(shop, live_index, "color")
    suggest(shop)
    Product.objects.filter(pk=product.pk).update(attributes={"color": ["blue"]})
    assert suggest(shop).dropped == 1
    assert found(shop) == []


def test_rejected_ones_can_be_reconsidered(shop: Store, live_index: IndexVersion) -> None:
    colourful(shop, "plain", "blue")
    fitted(shop, live_index, "color")
    suggest(shop)
    user = member(shop)
    reject(of_sku("plain"), user=user)
    assert reconsider(of_sku("plain")) == 1
    assert accept(of_sku("plain"), user=user).written == 1


def test_nothing_is_suggested_where_a_category_has_no_such_attribute(shop: Store, live_index: IndexVersion) -> None:
    colourful(shop, "lamp", "blue", category=category(shop, "Lamps"))
    fitted(shop, live_index, "color")
    assert suggest(shop).missing == 0


def test_a_product_without_a_category_is_asked_for_what_nearly_all_have(live_index: IndexVersion) -> None:
    store = make_store("shop")
    fill(store, category=category(store, "Shoes"))
    colourful(store, "lost", "blue")
    fitted(store, live_index, "color")
    assert suggest(store).missing == 1
    for number in range(12):
        colourful(store, f"lamp-{number}", "white", category=category(store, "Lamps"))
    indexing.sweep(live_index)
    assert suggest(store).missing == 0, "it may be a lamp, and lamps state no colour here"


def test_a_product_with_several_values_is_neither_learned_from_nor_doubted(
    shop: Store, live_index: IndexVersion
) -> None:
    product = colourful(shop, "mixed", "blue")
    Product.objects.filter(pk=product.pk).update(attributes={"color": ["red", "green"]})
    figures = fitted(shop, live_index, "color")["color"]
    assert isinstance(figures, Figures)
    assert figures.examples == 36
    assert found(shop) == []


def test_a_category_is_suggested_and_accepted_like_a_value(live_index: IndexVersion) -> None:
    store = make_store("shop")
    lamps, shoes = category(store, "Home", "Lamps"), category(store, "Clothes", "Shoes")
    for number in range(15):
        colourful(store, f"lamp-{number}", "yellow", category=lamps)
        colourful(store, f"shoe-{number}", "brown", category=shoes)
    colourful(store, "lost", "brown")
    assert isinstance(fitted(store, live_index, "category")["category"], Figures)
    suggest(store)
    assert found(store) == [("lost", "missing", "shoes")]
    accept(of_sku("lost"), user=member(store))
    assert Product.objects.get(sku="lost").category == shoes


def test_a_head_learns_what_the_words_do_not_say(live_index: IndexVersion) -> None:
    """Values named by words that the encoder does not know: zero-shot guesses, the trained head does not."""
    store = make_store("shop")
    AttributeValue.objects.filter(attribute__store=store).exclude(code__in=("red", "green", "blue")).delete()
    for value in AttributeValue.objects.filter(attribute__store=store):
        value.label = f"Shade {value.pk}"
        value.save()
    fill(store)
    figures = fitted(store, live_index, "color")["color"]
    assert isinstance(figures, Figures)
    assert (figures.method, figures.learned_values) == ("head", 3)
    assert figures.macro_f1["head"] == 1.0
    assert figures.macro_f1["zero-shot"] < 0.5


def test_too_few_labels_are_said_and_nothing_is_stored(live_index: IndexVersion) -> None:
    store = make_store("shop")
    for number in range(5):
        colourful(store, f"red-{number}", "red", stated="red")
    said = fitted(store, live_index, "color")["color"]
    assert said == "5 labelled products with 1 values; 30 with 2 are needed to tell how often a suggestion is right"
    assert not FittedAttribute.objects.exists()


def test_a_value_deleted_or_added_since_the_fit_is_no_error(shop: Store, live_index: IndexVersion) -> None:
    colourful(shop, "plain", "blue")
    fitted(shop, live_index, "color")
    values = AttributeValue.objects.filter(attribute__store=shop)
    AttributeValue.objects.create(attribute=values[0].attribute, code="teal", label="Teal")
    colourful(shop, "new", "blue", stated="teal")
    values.filter(code="grey").delete()
    indexing.sweep(live_index)
    suggest(shop)
    assert found(shop) == [("plain", "missing", "blue")]


def test_the_commands_fit_report_and_suggest(shop: Store, live_index: IndexVersion, tmp_path: Path) -> None:
    colourful(shop, "plain", "blue")
    indexing.sweep(live_index)
    out, err, path = StringIO(), StringIO(), tmp_path / "figures.json"
    call_command("fit_attributes", "--store", "shop", "--markdown", "--json", str(path), stdout=out, stderr=err)
    assert "| color | 36 | 12 (3) | 1.000 |" in out.getvalue()
    figures = json.loads(path.read_text())["color"]
    assert figures["error_after"] < 0.05
    assert sum(part["count"] for part in figures["curve"]) == 36
    out = StringIO()
    call_command("suggest_attributes", "--store", "shop", stdout=out)
    assert "1 missing values and 0 disagreements wait" in out.getvalue()


def test_the_commands_name_what_is_wrong(shop: Store) -> None:
    with pytest.raises(CommandError, match=r"There is no store 'shoop' \(stores: shop"):
        call_command("fit_attributes", "--store", "shoop")
    with pytest.raises(CommandError, match=r"precision is 1\.5"):
        call_command("fit_attributes", "--store", "shop", "--precision", "1.5")
    with pytest.raises(CommandError, match=r"run manage\.py fit_attributes --store shop"):
        call_command("suggest_attributes", "--store", "shop")


def test_the_task_suggests_for_fitted_stores_and_fits_again_for_other_vectors(
    shop: Store, live_index: IndexVersion
) -> None:
    colourful(shop, "plain", "blue")
    suggest_attributes()
    assert found(shop) == []
    fitted(shop, live_index, "color")
    FittedAttribute.objects.update(fingerprint="an older encoder")
    suggest_attributes()
    assert found(shop) == [("plain", "missing", "blue")]
    assert [row.fingerprint for row in FittedAttribute.objects.all()] == [live_index.fingerprint]


def test_the_lists_answer_in_few_queries(
    shop: Store, live_index: IndexVersion, django_assert_max_num_queries: Any
) -> None:
    for number in range(12):
        colourful(shop, f"plain-{number}", "blue", stated="red" if number % 2 else "")
    fitted(shop, live_index, "color")
    suggest(shop)
    client = client_of(User.objects.create_superuser("root"))
    with django_assert_max_num_queries(20):
        assert client.get(reverse(f"admin:{LIST}")).status_code == 200
    page = client.get(reverse("admin:search_fittedattribute_changelist")).content.decode()
    assert "zero-shot" in page
