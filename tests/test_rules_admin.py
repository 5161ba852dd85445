"""Rules, synonyms and presets in the admin: forms, previews that keep nothing, and each user's own stores."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from catalog.models import AttributeValue, Product, Store
from search.models import Preset, QueryImage, Rule, RuleTrigger, Synonym
from tests.api_fixtures import upload
from tests.shop import make_product, make_store

pytestmark = pytest.mark.django_db
ADD = "admin:search_rule_add"
PREVIEW = "admin:search_rule_preview"


@pytest.fixture
def store(db: None, settings: Any, tmp_path: Path) -> Store:
    settings.MEDIA_ROOT = tmp_path / "media"
    store = make_store("shop")
    for number, colour in enumerate(("red", "blue", "green")):
        make_product(store, f"{colour}-shoes", colours=(colour,), title=f"{colour.title()} shoes", price=10 + number)
    return store


def login(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def root(store: Store) -> Client:
    return login(User.objects.create_superuser("root"))


def member(store: Store) -> Client:
    user = User.objects.create_user(f"staff {store.slug}", is_staff=True)
    wanted = [
        f"{verb}_{name}" for verb in ("view", "add", "change", "delete") for name in ("rule", "synonym", "preset")
    ]
    inline = [
        f"{verb}_{name}" for verb in ("view", "add", "change", "delete") for name in ("ruletrigger", "ruleaction")
    ]
    user.user_permissions.set(Permission.objects.filter(codename__in=[*wanted, *inline, "view_product"]))
    store.members.add(user)
    return login(user)


def form(store: Store, **facts: Any) -> dict[str, Any]:
    """A rule's form as a browser sends it: one condition, one action."""
    red = Product.objects.get(store=store, sku="red-shoes")
    fields = {
        "store": store.pk,
        "name": "Red first",
        "priority": 10,
        "is_enabled": "on",
        "triggers-TOTAL_FORMS": 1,
        "triggers-INITIAL_FORMS": 0,
        "triggers-0-kind": "words",
        "triggers-0-match": "contains",
        "triggers-0-words": "shoes, boots",
        "triggers-0-threshold": "0.85",
        "actions-TOTAL_FORMS": 1,
        "actions-INITIAL_FORMS": 0,
        "actions-0-kind": "pin",
        "actions-0-product": red.pk,
        "actions-0-position": 1,
        "actions-0-factor": 2,
    }
    return {**fields, **facts}


def test_a_rule_is_made_and_listed_in_words(root: Client, store: Store) -> None:
    answer = root.post(reverse(ADD), form(store), follow=True)
    text = answer.content.decode()
    assert "was added successfully" in text
    assert "words contain shoes / boots" in text
    assert "pin Red shoes to 1" in text
    rule = Rule.objects.get()
    assert (rule.triggers.get().words, rule.actions.get().position) == (["shoes", "boots"], 1)
    page = root.get(reverse("admin:search_rule_change", args=[rule.pk]))
    assert page.status_code == 200
    assert b"shoes,boots" in page.content


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"triggers-0-words": ""}, "Give the words"),
        ({"triggers-0-kind": "similar"}, "Give the photo to compare with"),
        ({"triggers-0-kind": "colour"}, "Choose from"),
        ({"actions-0-product": ""}, "Choose the product"),
        ({"actions-0-kind": "boost", "actions-0-factor": "0.5"}, "does not boost"),
        ({"actions-0-kind": "boost", "actions-0-factor": "nan"}, "Enter a number"),
        ({"actions-0-kind": "banner", "actions-0-banner": "{"}, "Enter a valid JSON"),
        ({"actions-0-kind": "banner", "actions-0-banner": '{"a": NaN}'}, "cannot be kept as JSON"),
        ({"triggers-TOTAL_FORMS": 0}, "at least 1"),
        ({"from_time": "8:00"}, "Give both hours"),
    ],
)
def test_a_form_says_what_is_wrong(root: Client, store: Store, facts: dict[str, Any], message: str) -> None:
    answer = root.post(reverse(ADD), form(store, **facts))
    assert answer.status_code == 200
    assert message in answer.content.decode()
    assert Rule.objects.count() == 0


def test_a_reference_photo_is_uploaded_and_shown(root: Client, store: Store) -> None:
    facts = {"triggers-0-kind": "similar", "triggers-0-upload": upload("red")}
    root.post(reverse(ADD), form(store, **facts))
    trigger = RuleTrigger.objects.get()
    assert len(trigger.photo_sha256) == 64
    page = root.get(reverse("admin:search_rule_change", args=[trigger.rule_id])).content.decode()
    assert "data:image/jpeg;base64," in page


def test_another_stores_product_is_refused(root: Client, store: Store) -> None:
    theirs = make_product(make_store("other"), "theirs")
    answer = root.post(reverse(ADD), form(store, **{"actions-0-product": theirs.pk}))
    assert "belongs to another store" in answer.content.decode()
    assert Rule.objects.count() == 0


def test_members_see_and_make_rules_of_their_stores_only(store: Store) -> None:
    other = make_store("other")
    theirs = Rule.objects.create(store=other, name="Theirs")
    client = member(store)
    assert client.post(reverse(ADD), form(store)).status_code == 302
    assert "Theirs" not in client.get(reverse("admin:search_rule_changelist")).content.decode()
    assert client.get(reverse("admin:search_rule_change", args=[theirs.pk])).status_code == 302
    answer = client.post(reverse(ADD), {**form(store), "store": other.pk})
    assert "Select a valid choice" in answer.content.decode()
    term = {"term": "", "app_label": "search", "model_name": "ruleaction", "field_name": "value"}
    offered = client.get(reverse("admin:autocomplete"), term).json()["results"]
    ids = {int(one["id"]) for one in offered}
    assert ids
    assert not AttributeValue.objects.filter(pk__in=ids, attribute__store=other).exists()
    assert offered[0]["text"].startswith("Colour: ")


def test_a_preview_of_a_form_keeps_nothing_and_can_be_asked_other_words(root: Client, store: Store) -> None:
    page = root.post(reverse(ADD), form(store, _preview="1"))
    assert page.status_code == 200
    comparison = page.context_data["comparison"]
    assert comparison.after[0].product.sku == "red-shoes"
    assert [rule["name"] for rule in comparison.applied] == ["Red first"]
    assert (Rule.objects.count(), RuleTrigger.objects.count()) == (0, 0)
    again = root.post(reverse(PREVIEW), {"unsaved": page.context_data["carried"], "words": "lamp", "store": store.slug})
    assert again.context_data["comparison"].idle == ("Red first",)


def test_an_edited_rule_is_previewed_as_its_form_stands(root: Client, store: Store) -> None:
    root.post(reverse(ADD), form(store))
    rule = Rule.objects.get()
    facts = {
        "triggers-INITIAL_FORMS": 1,
        "triggers-0-id": rule.triggers.get().pk,
        "triggers-0-rule": rule.pk,
        "actions-INITIAL_FORMS": 1,
        "actions-0-id": rule.actions.get().pk,
        "actions-0-rule": rule.pk,
        "actions-0-position": 3,
        "_preview": "1",
    }
    page = root.post(reverse("admin:search_rule_change", args=[rule.pk]), form(store, **facts))
    comparison = page.context_data["comparison"]
    assert [tile.product.sku for tile in comparison.after][-1] == "red-shoes"
    assert Rule.objects.get().actions.get().position == 1


def test_a_preview_tries_rules_that_are_off_and_a_dropped_photo(root: Client, store: Store) -> None:
    rule = Rule.objects.create(store=store, name="Hide red", is_enabled=False)
    rule.triggers.create(kind="words", match="any")
    rule.actions.create(kind="hide", product=Product.objects.get(sku="red-shoes"))
    page = root.post(reverse(PREVIEW), {"words": "shoes", "rules": [rule.pk], "store": store.slug})
    comparison = page.context_data["comparison"]
    assert (comparison.found_before, comparison.found_after) == (3, 2)
    assert next(tile for tile in comparison.before if tile.product.sku == "red-shoes").was is None
    assert "Hide red (off)" in page.content.decode()
    with_photo = root.post(reverse(PREVIEW), {"words": "shoes", "photo": upload("red"), "store": store.slug})
    assert with_photo.context_data["photo_uri"].startswith("data:image/jpeg;base64,")
    assert QueryImage.objects.count() == 1


@pytest.mark.parametrize(
    "facts",
    [
        {"words": "x" * 501},
        {"filter_by": "nonsense"},
        {"unsaved": "forged"},
        {"photo_id": "a\x00b"},
        {"store": "a\x00"},
        {"rules": ["999999"]},
        {"words": "a\x00b"},
    ],
)
def test_a_preview_survives_what_makes_no_sense(root: Client, store: Store, facts: dict[str, Any]) -> None:
    assert root.post(reverse(PREVIEW), {"words": "shoes", **facts}).status_code == 200


def test_an_address_may_name_rules_to_try(root: Client, store: Store) -> None:
    rule = Rule.objects.create(store=store, name="Hide red", is_enabled=False)
    rule.triggers.create(kind="words", match="any")
    rule.actions.create(kind="hide", product=Product.objects.get(sku="red-shoes"))
    page = root.get(reverse(PREVIEW), {"words": "shoes", "rules": [rule.pk, "9" * 30, "x", "-1"]})
    assert page.context_data["comparison"].found_after == 2


def test_a_preview_is_for_those_who_see_rules_and_their_stores(store: Store) -> None:
    nobody = login(User.objects.create_user("nobody", is_staff=True))
    assert nobody.get(reverse(PREVIEW)).status_code == 403
    other = make_store("other")
    page = member(store).post(reverse(PREVIEW), {"words": "", "store": other.slug})
    assert page.context_data["store"] == store


def test_a_synonym_is_made_with_its_stems(root: Client, store: Store) -> None:
    add = reverse("admin:search_synonym_add")
    facts = {"store": store.pk, "direction": "two_way", "phrases": "sneakers, running shoes", "is_enabled": "on"}
    assert root.post(add, facts).status_code == 302
    row = Synonym.objects.get()
    assert (row.phrases, row.stems, row.heads) == (
        ["sneakers", "running shoes"],
        [["sneaker"], ["run", "shoe"]],
        ["run", "sneaker"],
    )
    assert "Give two phrases" in root.post(add, {**facts, "phrases": "alone"}).content.decode()
    assert "leave out" in root.post(add, {**facts, "phrases": "the, for"}).content.decode()


def test_a_preset_is_checked_like_a_request(root: Client, store: Store) -> None:
    add = reverse("admin:search_preset_add")
    facts = {"store": store.pk, "name": "sale", "parameters": '{"per_page": 48, "facet_by": "color"}'}
    assert root.post(add, facts).status_code == 302
    assert Preset.objects.get().parameters == {"per_page": 48, "facet_by": "color"}
    for wrong in ('{"per_page": 1000}', '{"facet_by": "weight"}', '{"q": "x"}', "[1]", '{"text_weight": NaN}'):
        answer = root.post(add, {**facts, "name": "other", "parameters": wrong})
        assert answer.status_code == 200, wrong
    assert Preset.objects.count() == 1
