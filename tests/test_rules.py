"""Rules at work: every trigger and every action, the same in every mode, and totals that stay true."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from catalog.models import Category, Product, Store
from search import indexing
from search.choices import Mode
from search.models import IndexVersion, Rule, RuleAction, RuleTrigger, Synonym
from search.query import Query
from search.retrieval import search
from search.rules.active import rules_in_force, rules_to_try
from search.rules.matching import Asked, Schedule, Trigger, is_time, plausible, replaced, words_of
from search.rules.matching import Rule as RuleValue
from search.rules.synonyms import checked
from tests.api_fixtures import base64_photo, client_of, post_json, skus
from tests.encoders import ColourEncoder
from tests.shop import make_product

pytestmark = pytest.mark.django_db
ANY = {"kind": "words", "match": "any"}
RED = {"image": {"base64": base64_photo("red")}}
# One search of each mode over the same shop.
MODES: dict[str, dict[str, Any]] = {
    "browse": {},
    "words": {"q": "shoes"},
    "photo": RED,
    "composed": {"q": "red shoes", **RED},
}
each_mode = pytest.mark.parametrize("asked", MODES.values(), ids=MODES.keys())


@pytest.fixture
def owner(shop: Store) -> Client:
    return client_of(shop, kind="secret")


def make_rule(owner: Client, *actions: dict[str, Any], triggers: Any = (ANY,), **facts: Any) -> int:
    body = {"name": "A rule", "triggers": list(triggers), "actions": list(actions), **facts}
    answer = post_json(owner, "/api/v1/rules", body)
    assert answer.status_code == 201, answer.content
    return int(answer.json()["id"])


def ask(client: Client, asked: dict[str, Any], **more: Any) -> Any:
    answer = post_json(client, "/api/v1/search", {"min_confidence": 0, **asked, **more})
    assert answer.status_code == 200, answer.content
    return answer


def applied(client: Client, asked: dict[str, Any], **more: Any) -> list[str]:
    return [rule["name"] for rule in ask(client, asked, **more).json()["applied_rules"]]


def all_hits(client: Client, asked: dict[str, Any]) -> tuple[list[str], int]:
    """The skus of all pages of two, and `found` of the first."""
    first = ask(client, asked, per_page=2).json()
    found: list[str] = [hit["product"]["sku"] for hit in first["hits"]]
    page = 2
    while True:
        answer = ask(client, asked, per_page=2, page=page, search_id=first["search_id"]).json()
        assert answer["found"] == first["found"]
        assert answer["applied_rules"] == first["applied_rules"]
        if not answer["hits"]:
            return found, first["found"]
        found += [hit["product"]["sku"] for hit in answer["hits"]]
        page += 1


def test_words_are_read_without_case_and_signs() -> None:
    assert words_of("  RED, dress! T-shirt Straße") == ("red", "dress", "t-shirt", "strasse")
    assert words_of("…--") == ()


@pytest.mark.parametrize(
    ("match", "words", "query", "holds"),
    [
        ("is", "red dress", "Red  DRESS", True),
        ("is", "red dress", "red dresses", False),
        ("is", "red dress", "a red dress", False),
        ("contains", "red dress", "the red dress, please", True),
        ("contains", "red dress", "red long dress", False),
        ("contains", "dress", "redress", False),
        ("any", "", "", True),
    ],
)
def test_words_hold_or_not(match: str, words: str, query: str, holds: bool) -> None:
    phrases = (words_of(words),) if words else ()
    rule = RuleValue(1, "x", (Trigger("words", match=match, phrases=phrases),))
    asked = Asked(datetime.now(UTC), words_of(query))
    assert bool(plausible([rule], asked)) is holds


def test_a_rule_without_a_condition_never_holds() -> None:
    assert plausible([RuleValue(1, "x")], Asked(datetime.now(UTC))) == []


@pytest.mark.parametrize(
    ("schedule", "now", "holds"),
    [
        (Schedule(), datetime(2026, 6, 1, 3), True),
        (Schedule(frozenset({"monday"})), datetime(2026, 6, 1, 3), True),
        (Schedule(frozenset({"tuesday"})), datetime(2026, 6, 1, 3), False),
        (Schedule(frozenset(), time(8), time(12)), datetime(2026, 6, 1, 8), True),
        (Schedule(frozenset(), time(8), time(12)), datetime(2026, 6, 1, 12), False),
        (Schedule(frozenset(), time(22), time(4)), datetime(2026, 6, 1, 23), True),
        (Schedule(frozenset({"sunday"}), time(22), time(4)), datetime(2026, 6, 1, 3), True),
        (Schedule(frozenset({"monday"}), time(22), time(4)), datetime(2026, 6, 1, 3), False),
    ],
)
def test_hours_and_weekdays(schedule: Schedule, now: datetime, holds: bool) -> None:
    assert is_time(schedule, now) is holds


@pytest.mark.parametrize(
    ("text", "phrases", "by", "becomes"),
    [
        ("red sneekers", ["sneekers"], "sneakers", "red sneakers"),
        ("Sneekers, SNEEKERS!", ["sneekers"], "shoes", "shoes, shoes!"),
        ("sale red", ["sale"], "", "red"),
        ("anything", [], "shoes", "shoes"),
        ("big red shoe", ["red", "red shoe"], "boot", "big boot"),
        ("untouched", ["red"], "blue", "untouched"),
    ],
)
def test_words_are_replaced(text: str, phrases: list[str], by: str, becomes: str) -> None:
    assert replaced(text, [words_of(phrase) for phrase in phrases], by=by) == becomes


@each_mode
def test_a_pin_puts_a_product_to_its_place_in_every_mode(client: Client, owner: Client, asked: dict[str, Any]) -> None:
    before = skus(ask(client, asked))
    make_rule(owner, {"kind": "pin", "product": "blue-lamp", "position": 2})
    after = skus(ask(client, asked))
    assert after[1] == "blue-lamp"
    assert [sku for sku in after if sku != "blue-lamp"] == [sku for sku in before if sku != "blue-lamp"]


@each_mode
def test_a_hidden_product_is_in_no_page_total_or_facet(client: Client, owner: Client, asked: dict[str, Any]) -> None:
    make_rule(owner, {"kind": "hide", "attribute": "color", "value": "red"})
    hits, found = all_hits(client, asked)
    assert len(hits) == len(set(hits)) == found
    assert not any(sku.startswith("red") for sku in hits)
    facet = ask(client, asked, facet_by="color").json()["facet_counts"][0]
    counts = {value["value"]: value["count"] for value in facet["counts"]}
    assert "red" not in counts
    assert sum(counts.values()) == found


@each_mode
def test_pins_keep_the_total_true(client: Client, owner: Client, asked: dict[str, Any]) -> None:
    for position, sku in ((1, "black-lamp"), (3, "red-shoes"), (99, "green-lamp")):
        make_rule(owner, {"kind": "pin", "product": sku, "position": position})
    hits, found = all_hits(client, asked)
    assert len(hits) == len(set(hits)) == found
    assert (hits[0], hits[2], hits[-1]) == ("black-lamp", "red-shoes", "green-lamp")
    facet = ask(client, asked, facet_by="category").json()["facet_counts"][0]
    leaves = sum(value["count"] for value in facet["counts"] if value["value"] in ("shoes", "lamps"))
    assert leaves == found


@each_mode
def test_a_boost_moves_up_and_a_bury_down_and_neither_changes_the_total(
    client: Client, owner: Client, asked: dict[str, Any]
) -> None:
    before, total = all_hits(client, asked)
    last, first = before[-1], before[0]
    make_rule(
        owner, {"kind": "boost", "product": last, "factor": 50}, {"kind": "bury", "product": first, "factor": 0.01}
    )
    after, found = all_hits(client, asked)
    assert after[-1] == first
    assert after[0] == last
    assert (sorted(after), found) == (sorted(before), total)
    hits_now = ask(client, asked, explain=True).json()["hits"]
    assert 50.0 in hits_now[after.index(last)]["signals"].values()


@each_mode
def test_a_filter_is_added_in_every_mode(client: Client, owner: Client, asked: dict[str, Any]) -> None:
    make_rule(owner, {"kind": "add_filter", "brand": "norrvik"}, {"kind": "add_filter", "filter_by": "price:[..60]"})
    rows = [hit["product"] for hit in ask(client, asked).json()["hits"]]
    assert all(row["brand"]["slug"] == "norrvik" and float(row["price"]["amount"]) <= 60 for row in rows)
    if "q" not in asked:
        assert len(rows) == 3


def test_boosts_and_hides_work_by_category_brand_and_value(client: Client, owner: Client) -> None:
    make_rule(
        owner, {"kind": "boost", "category": "home", "factor": 10}, {"kind": "boost", "brand": "norrvik", "factor": 10}
    )
    assert skus(ask(client, {}))[:4] == ["black-lamp", "green-lamp", "blue-lamp", "red-lamp"]
    make_rule(owner, {"kind": "hide", "category": "home"})
    hits, found = all_hits(client, {})
    assert (found, {sku.split("-")[1] for sku in hits}) == (4, {"shoes"})
    make_rule(owner, {"kind": "hide", "brand": "halden"})
    assert all_hits(client, {}) == ([], 0)


def test_replaced_words_are_what_is_searched(client: Client, owner: Client) -> None:
    assert ask(client, {"q": "lampen"}, mode="lexical").json()["found"] == 0
    make_rule(
        owner,
        {"kind": "replace_words", "words": ["lampen", "leuchte"], "text": "lamp"},
        triggers=[{"kind": "words", "match": "contains", "words": ["lampen"]}],
    )
    answer = ask(client, {"q": "red Lampen"}, mode="lexical")
    assert skus(answer) == ["red-lamp"]
    assert answer.json()["hits"][0]["highlights"]["title"] == "<mark>Red</mark> <mark>lamp</mark>"


def test_words_taken_out_altogether_browse_and_later_pages_too(client: Client, owner: Client) -> None:
    make_rule(
        owner,
        {"kind": "replace_words", "text": ""},
        {"kind": "add_filter", "category": "shoes"},
        triggers=[{"kind": "words", "match": "is", "words": ["sale"]}],
    )
    hits, found = all_hits(client, {"q": "Sale"})
    assert (len(hits), found) == (4, 4)
    facet = ask(client, {"q": "sale"}, facet_by="color").json()["facet_counts"][0]
    assert sum(value["count"] for value in facet["counts"]) == 4


def test_words_taken_out_beside_a_photo_leave_the_photo(client: Client, owner: Client) -> None:
    make_rule(
        owner, {"kind": "replace_words", "text": ""}, triggers=[{"kind": "words", "match": "is", "words": ["sale"]}]
    )
    both, photo = ask(client, {"q": "sale", **RED}), ask(client, RED)
    assert skus(both) == skus(photo)


def test_a_shoppers_own_filter_stands_before_a_rules(client: Client, owner: Client) -> None:
    make_rule(
        owner, {"kind": "add_filter", "category": "shoes"}, {"kind": "add_filter", "attribute": "color", "value": "red"}
    )
    assert skus(ask(client, {})) == ["red-shoes"]
    assert skus(ask(client, {}, filter_by="category:=lamps")) == ["red-lamp"]
    assert skus(ask(client, {}, filter_by="category:=lamps && color:=blue")) == ["blue-lamp"]


def test_a_filter_whose_field_is_gone_adds_nothing(client: Client, owner: Client, shop: Store) -> None:
    make_rule(owner, {"kind": "add_filter", "filter_by": "color:=red"})
    Product.objects.filter(store=shop).update(attributes={})
    shop.attributes.all().delete()
    assert ask(client, {}).json()["found"] == 8


def test_the_answer_names_the_rules_and_gives_their_banners_as_they_are(client: Client, owner: Client) -> None:
    banner = {"title": "<script>alert(1)</script>", "rank": 1.5, "of": [None, {"a": "ü"}]}
    second = make_rule(owner, {"kind": "banner", "banner": {"n": 2}}, name="Second", priority=20)
    first = make_rule(
        owner, {"kind": "hide", "product": "red-lamp"}, {"kind": "banner", "banner": banner}, name="First", priority=10
    )
    body = ask(client, {}).json()
    assert body["applied_rules"] == [
        {"id": first, "name": "First", "actions": ["hide", "banner"]},
        {"id": second, "name": "Second", "actions": ["banner"]},
    ]
    assert body["banners"] == [banner, {"n": 2}]


def test_without_rules_the_answer_says_so(client: Client) -> None:
    body = ask(client, {"q": "shoes"}).json()
    assert (body["applied_rules"], body["banners"]) == ([], [])


def test_several_conditions_must_all_hold(client: Client, owner: Client) -> None:
    words = {"kind": "words", "match": "contains", "words": ["shoes"]}
    make_rule(owner, {"kind": "banner", "banner": {"n": 1}}, triggers=[words, {"kind": "filter", "brand": "halden"}])
    assert applied(client, {"q": "shoes"}) == []
    assert applied(client, {}, filter_by="brand:=halden") == []
    assert applied(client, {"q": "red shoes"}, filter_by="brand:=[halden,norrvik]") == ["A rule"]


def test_conditions_on_filters(client: Client, owner: Client, shop: Store) -> None:
    banner = {"kind": "banner", "banner": {"n": 1}}
    make_rule(owner, banner, triggers=[{"kind": "category", "category": "home"}], name="home")
    make_rule(owner, banner, triggers=[{"kind": "filter", "field": "price"}], name="price")
    make_rule(owner, banner, triggers=[{"kind": "filter", "attribute": "color", "value": "red"}], name="red")
    make_rule(owner, banner, triggers=[{"kind": "filter", "field": "color"}], name="colour")
    assert applied(client, {}) == []
    assert applied(client, {}, filter_by="category:=lamps") == ["home"], "a category below it counts"
    assert applied(client, {}, filter_by="category:=shoes") == []
    assert applied(client, {}, filter_by="price:<50 && color:=[blue,red]") == ["price", "red", "colour"]
    Category.objects.filter(store=shop, slug="home").update(slug="house")
    assert applied(client, {}, filter_by="category:=house") == ["home"], "a rename needs no edit"


@pytest.mark.parametrize("asked", [RED, {"q": "shoes", **RED}, {"image": {"product": "red-shoes"}}])
def test_conditions_on_the_photo(client: Client, owner: Client, asked: dict[str, Any]) -> None:
    banner = {"kind": "banner", "banner": {"n": 1}}
    for colour in ("red", "blue"):
        value = {"kind": "attribute", "attribute": "color", "value": colour}
        like = {"kind": "similar", "image": {"base64": base64_photo(colour)}, "threshold": 0.95}
        make_rule(owner, banner, triggers=[value], name=f"value {colour}")
        make_rule(owner, banner, triggers=[{"kind": "colour", "colours": [colour]}], name=f"colour {colour}")
        make_rule(owner, banner, triggers=[like], name=f"like {colour}")
    assert applied(client, asked) == ["value red", "colour red", "like red"]
    assert applied(client, {"q": "red"}) == [], "words show nothing"
    assert applied(client, {}) == []


def test_a_reference_photo_is_encoded_once_for_each_encoder(
    client: Client, owner: Client, live_index: IndexVersion, colour_encoder: ColourEncoder, settings: Any
) -> None:
    settings.QUERY_VECTOR_LIFETIME_S = 0
    like = {"kind": "similar", "image": {"base64": base64_photo("red")}, "threshold": 0.9}
    make_rule(owner, {"kind": "banner", "banner": {"n": 1}}, triggers=[like])
    before = colour_encoder.images_encoded
    assert applied(client, RED) == ["A rule"]
    first = colour_encoder.images_encoded - before
    assert applied(client, RED) == ["A rule"]
    assert colour_encoder.images_encoded - before == 2 * first - 1
    row = RuleTrigger.objects.get()
    assert (row.fingerprint, len(bytes(row.vector))) == (live_index.fingerprint, 16 * 4)
    RuleTrigger.objects.update(fingerprint="another", vector=b"\x00" * 64)
    assert applied(client, RED) == ["A rule"], "another encoder's vector is made anew"
    assert RuleTrigger.objects.get().fingerprint == live_index.fingerprint


def test_a_fitted_attribute_says_what_the_photo_shows(
    client: Client, owner: Client, shop: Store, live_index: IndexVersion
) -> None:
    from search.attributes.learning import fit_store

    for number in range(20):
        for colour in ("red", "blue"):
            make_product(shop, f"more-{colour}-{number}", colours=(colour,), style_code=f"{colour}-{number}")
    indexing.sweep(live_index)
    list(fit_store(shop, names=("color",)))
    make_rule(
        owner,
        {"kind": "banner", "banner": {}} | {"banner": {"n": 1}},
        triggers=[{"kind": "attribute", "attribute": "color", "value": "red"}],
    )
    assert applied(client, RED) == ["A rule"]
    assert applied(client, {"image": {"base64": base64_photo("blue")}}) == []


def test_dates_and_hours_decide(client: Client, owner: Client, shop: Store) -> None:
    banner = {"kind": "banner", "banner": {"n": 1}}
    now = timezone.now()
    make_rule(owner, banner, name="over", ends_at=(now - timedelta(minutes=1)).isoformat())
    make_rule(owner, banner, name="to come", starts_at=(now + timedelta(hours=1)).isoformat())
    make_rule(
        owner,
        banner,
        name="now",
        starts_at=(now - timedelta(hours=1)).isoformat(),
        ends_at=(now + timedelta(hours=1)).isoformat(),
    )
    assert applied(client, {}) == ["now"]
    far, near = [(now + timedelta(hours=hours)).strftime("%H:%M") for hours in (13, 14)]
    Store.objects.filter(pk=shop.pk).update(time_zone="Etc/GMT-13")
    make_rule(owner, banner, name="hours", from_time=far, until_time=near)
    assert applied(client, {}) == ["now", "hours"], "hours are of the store's time zone"
    Store.objects.filter(pk=shop.pk).update(time_zone="UTC")
    assert applied(client, {}) == ["now"]


def test_of_two_pins_for_one_place_the_first_priority_gets_it(client: Client, owner: Client) -> None:
    make_rule(owner, {"kind": "pin", "product": "red-shoes", "position": 1}, priority=20)
    make_rule(owner, {"kind": "pin", "product": "blue-lamp", "position": 1}, priority=10)
    assert skus(ask(client, {}))[:2] == ["blue-lamp", "red-shoes"]


def test_a_pin_that_fails_the_filters_is_hidden_or_unpublished_does_not_show(client: Client, owner: Client) -> None:
    for position, sku in enumerate(("red-lamp", "blue-shoes", "green-shoes"), start=1):
        make_rule(owner, {"kind": "pin", "product": sku, "position": position})
    make_rule(owner, {"kind": "hide", "product": "blue-shoes"})
    Product.objects.filter(sku="green-shoes").update(is_published=False)
    answer = ask(client, {"q": "shoes"}, filter_by="category:=shoes")
    assert sorted(skus(answer)) == ["black-shoes", "red-shoes"]
    assert answer.json()["found"] == 2


def test_a_rule_works_from_the_next_new_search_on_and_a_kept_list_stays(client: Client, owner: Client) -> None:
    first = ask(client, {}, per_page=2).json()
    rule = make_rule(owner, {"kind": "hide", "category": "shoes"})
    later = ask(client, {}, per_page=2, page=2, search_id=first["search_id"]).json()
    assert (later["found"], later["applied_rules"]) == (8, [])
    assert ask(client, {}).json()["found"] == 4
    owner.patch(f"/api/v1/rules/{rule}", {"is_enabled": False}, "application/json")
    assert ask(client, {}).json()["found"] == 8


def test_rules_stay_in_their_store(client: Client, owner: Client) -> None:
    make_rule(owner, {"kind": "hide", "category": "shoes"})
    other = client_of(Store.objects.get(slug="other"))
    body = ask(other, {}).json()
    assert (body["found"], body["applied_rules"]) == (2, [])


def test_a_row_that_names_another_stores_product_reaches_nothing(client: Client, owner: Client, shop: Store) -> None:
    """However it came into the table."""
    rule = Rule.objects.get(pk=make_rule(owner, {"kind": "hide", "product": "red-lamp"}))
    theirs = Product.objects.get(sku="red-boots")
    rule.actions.update(product=theirs)
    rule.actions.create(kind="pin", product=theirs, position=1)
    hits, found = all_hits(client, {})
    assert (len(hits), found) == (8, 8)
    assert ask(client_of(theirs.store), {}).json()["found"] == 2


def test_rules_can_be_tried_in_the_place_of_those_in_force(shop: Store, owner: Client) -> None:
    switched_off = make_rule(owner, {"kind": "hide", "category": "shoes"}, is_enabled=False)
    make_rule(owner, {"kind": "hide", "category": "lamps"})
    query = Query(shop.pk)
    assert search(query).found == 4
    assert search(query, rules=[]).found == 8
    tried = search(query, rules=rules_to_try(shop, [switched_off]))
    assert {hit.product.sku.split("-")[1] for hit in tried.hits} == {"lamp"}


def test_rules_in_force_cost_one_query(shop: Store, owner: Client, django_assert_num_queries: Any) -> None:
    for number in range(5):
        make_rule(
            owner,
            {"kind": "hide", "category": "shoes"},
            {"kind": "boost", "brand": "halden", "factor": 2},
            name=str(number),
        )
    with django_assert_num_queries(1):
        assert len(rules_in_force(shop, now=timezone.now())) == 5


def test_a_change_of_rules_or_synonyms_counts_with_the_next_search(shop: Store) -> None:
    def found() -> list[str]:
        return [hit.product.sku for hit in search(Query(shop.pk, text="lamp", mode=Mode.LEXICAL)).hits]

    before = found()
    rule = Rule.objects.create(store=shop, name="Hide the first")
    RuleTrigger.objects.create(rule=rule, kind="words", match="any")
    hidden = Product.objects.get(store=shop, sku=before[0])
    action = RuleAction.objects.create(rule=rule, kind="hide", product=hidden)
    assert found() == before[1:]
    RuleAction.objects.filter(pk=action.pk).update(product=Product.objects.get(store=shop, sku=before[1]))
    assert found() == [before[0], *before[2:]]
    rule.delete()
    assert found() == before
    assert search(Query(shop.pk, text="luminaire", mode=Mode.LEXICAL)).found == 0
    synonym = checked(Synonym(store=shop, phrases=["lamp", "luminaire"]))
    synonym.save()
    assert search(Query(shop.pk, text="luminaire", mode=Mode.LEXICAL)).found == len(before)
    Synonym.objects.filter(pk=synonym.pk).update(is_enabled=False)
    assert search(Query(shop.pk, text="luminaire", mode=Mode.LEXICAL)).found == 0
