"""Rules over REST: what can be stated, what is refused, and whose they are."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from catalog.models import AttributeValue, Store
from search.models import Rule, RuleAction, RuleTrigger
from tests.api_fixtures import base64_photo, client_of, post_json, problem_of
from tests.shop import brand, category, make_product, make_store

pytestmark = pytest.mark.django_db
PATH = "/api/v1/rules"
ANY = {"kind": "words", "match": "any"}
PIN = {"kind": "pin", "product": "red-shoes", "position": 1}


@pytest.fixture
def store(db: None, settings: Any, tmp_path: Any) -> Store:
    settings.MEDIA_ROOT = tmp_path / "media"
    store = make_store("shop")
    make_product(store, "red-shoes", category=category(store, "Clothes", "Shoes"), brand=brand(store, "Halden"))
    return store


@pytest.fixture
def client(store: Store) -> Client:
    return client_of(store, kind="secret")


def rule(**facts: Any) -> dict[str, Any]:
    return {"name": "A rule", "triggers": [ANY], "actions": [PIN], **facts}


def refused(client: Client, body: object) -> dict[str, Any]:
    """The problem of a rule that is not taken, after checking that nothing was kept."""
    before = Rule.objects.count()
    answer = post_json(client, PATH, body)
    assert answer.status_code == 400, answer.content
    assert Rule.objects.count() == before
    return problem_of(answer)


def test_a_rule_of_every_kind_of_trigger_and_action_comes_back_as_it_was_stated(client: Client) -> None:
    body = rule(
        is_enabled=False,
        priority=5,
        starts_at="2026-06-01T00:00:00+00:00",
        ends_at="2026-09-01T00:00:00+00:00",
        weekdays=["monday", "sunday"],
        from_time="08:00:00",
        until_time="12:30:00",
        triggers=[
            {"kind": "words", "match": "contains", "words": ["red dress", "red dresses"]},
            {"kind": "category", "category": "shoes"},
            {"kind": "filter", "brand": "halden"},
            {"kind": "filter", "field": "price"},
            {"kind": "attribute", "attribute": "color", "value": "red"},
            {"kind": "colour", "colours": ["red", "navy"]},
        ],
        actions=[
            {"kind": "pin", "position": 2, "product": "red-shoes"},
            {"kind": "boost", "factor": 2.5, "brand": "halden"},
            {"kind": "bury", "factor": 0.2, "category": "shoes"},
            {"kind": "hide", "attribute": "color", "value": "blue"},
            {"kind": "replace_words", "words": ["sneekers"], "text": "sneakers"},
            {"kind": "add_filter", "filter_by": "price:[..50]"},
            {"kind": "banner", "banner": {"title": "<b>Sale</b>", "nested": {"list": [1, 2.5, None, True]}}},
        ],
    )
    answer = post_json(client, PATH, body)
    assert answer.status_code == 201, answer.content
    made = answer.json()
    expected = {**body, "id": made["id"]}
    for name in ("starts_at", "ends_at"):
        expected[name] = made[name]
        assert made[name].startswith(body[name][:19])
    assert made == expected | {"triggers": made["triggers"], "actions": made["actions"]}
    for stated, kept in zip(body["triggers"] + body["actions"], made["triggers"] + made["actions"], strict=True):
        assert {key: value for key, value in kept.items() if key in stated} == stated
    again = client.put(f"{PATH}/{made['id']}", {k: v for k, v in made.items() if k != "id"}, "application/json")
    assert again.status_code == 200, again.content
    assert again.json() == made
    assert (RuleTrigger.objects.count(), RuleAction.objects.count()) == (6, 7)


def test_a_reference_photo_is_kept_small_and_named_by_its_hash(client: Client) -> None:
    photo = {"kind": "similar", "image": {"base64": base64_photo("red")}, "threshold": 0.9}
    made = post_json(client, PATH, rule(triggers=[photo])).json()
    kept = RuleTrigger.objects.get()
    assert made["triggers"] == [{"kind": "similar", "threshold": 0.9, "photo": kept.photo_sha256}]
    assert bytes(kept.photo).startswith(b"\xff\xd8\xff")
    changed = client.patch(
        f"{PATH}/{made['id']}", {"triggers": [{**made["triggers"][0], "threshold": 0.5}]}, "application/json"
    )
    assert changed.status_code == 200, changed.content
    assert RuleTrigger.objects.get().photo_sha256 == kept.photo_sha256
    unknown = client.patch(
        f"{PATH}/{made['id']}", {"triggers": [{"kind": "similar", "photo": "00"}]}, "application/json"
    )
    assert problem_of(unknown)["field"] == "triggers.0.photo"


def test_a_reference_may_be_a_products_photo(client: Client) -> None:
    made = post_json(client, PATH, rule(triggers=[{"kind": "similar", "image": {"product": "red-shoes"}}]))
    assert made.status_code == 201, made.content
    assert RuleTrigger.objects.get().photo


def test_rules_are_listed_by_priority_and_deleted(client: Client) -> None:
    for priority in (30, 10, 20):
        post_json(client, PATH, rule(name=f"P{priority}", priority=priority))
    listed = client.get(PATH, {"per_page": 2}).json()
    assert [one["name"] for one in listed["rules"]] == ["P10", "P20"]
    assert (listed["found"], listed["page"], listed["per_page"]) == (3, 1, 2)
    first = listed["rules"][0]["id"]
    assert client.delete(f"{PATH}/{first}").status_code == 204
    assert client.get(f"{PATH}/{first}").status_code == 404
    assert RuleTrigger.objects.filter(rule=first).count() == 0


def test_a_patch_leaves_alone_what_it_does_not_state(client: Client) -> None:
    made = post_json(client, PATH, rule(priority=7)).json()
    answer = client.patch(f"{PATH}/{made['id']}", {"is_enabled": False}, "application/json")
    assert answer.json() == made | {"is_enabled": False}


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"triggers": []}, "triggers"),
        ({"actions": []}, "actions"),
        ({"name": ""}, "name"),
        ({"name": "a\x00b"}, "name"),
        ({"name": "\ud800"}, "name"),
        ({"priority": 40_000}, "priority"),
        ({"priority": 10**30}, "priority"),
        ({"colour": "red"}, "colour"),
        ({"weekdays": ["someday"]}, "weekdays.0"),
        ({"starts_at": "2026-02-01T00:00:00Z", "ends_at": "2026-01-01T00:00:00Z"}, "ends_at"),
        ({"from_time": "08:00"}, "until_time"),
        ({"from_time": "08:00", "until_time": "08:00"}, "until_time"),
        ({"triggers": [{"kind": "moon"}]}, "triggers.0.kind"),
        ({"triggers": ["words"]}, "triggers.0"),
        ({"triggers": [{"kind": "words", "match": "is"}]}, "triggers.0.words"),
        ({"triggers": [{"kind": "words", "match": "is", "words": [" "]}]}, "triggers.0.words.0"),
        ({"triggers": [{"kind": "words", "match": "is", "words": ["x" * 101]}]}, "triggers.0.words.0"),
        ({"triggers": [{"kind": "category"}]}, "triggers.0.category"),
        ({"triggers": [{"kind": "category", "category": "gone"}]}, "triggers.0.category"),
        ({"triggers": [{"kind": "category", "category": "shoes", "brand": "halden"}]}, "triggers.0.brand"),
        ({"triggers": [{"kind": "filter", "field": "weight"}]}, "triggers.0.field"),
        ({"triggers": [{"kind": "attribute", "value": "red"}]}, "triggers.0.value"),
        ({"triggers": [{"kind": "attribute", "attribute": "color", "value": "loud"}]}, "triggers.0.value"),
        ({"triggers": [{"kind": "colour", "colours": ["loud"]}]}, "triggers.0.colours"),
        ({"triggers": [{"kind": "similar"}]}, "triggers.0.photo"),
        ({"triggers": [{"kind": "similar", "image": {"base64": "AAAA"}}]}, "triggers.0.image"),
        ({"triggers": [{"kind": "similar", "threshold": "nan"}]}, "triggers.0.threshold"),
        ({"triggers": [ANY] * 21}, "triggers"),
        ({"actions": [{"kind": "pin"}]}, "actions.0.product"),
        ({"actions": [{"kind": "pin", "product": "gone"}]}, "actions.0.product"),
        ({"actions": [{**PIN, "position": 0}]}, "actions.0.position"),
        ({"actions": [{**PIN, "position": 10**20}]}, "actions.0.position"),
        ({"actions": [{"kind": "boost", "product": "red-shoes", "factor": 0.5}]}, "actions.0.factor"),
        ({"actions": [{"kind": "bury", "product": "red-shoes", "factor": 2}]}, "actions.0.factor"),
        ({"actions": [{"kind": "boost", "product": "red-shoes", "factor": "Infinity"}]}, "actions.0.factor"),
        ({"actions": [{"kind": "boost"}]}, "actions.0.value"),
        ({"actions": [{"kind": "hide", "product": "red-shoes", "brand": "halden"}]}, "actions.0.brand"),
        ({"actions": [{"kind": "add_filter", "filter_by": "weight:=3"}]}, "actions.0.filter_by"),
        ({"actions": [{"kind": "banner"}]}, "actions.0.banner"),
        ({"actions": [{"kind": "banner", "banner": []}]}, "actions.0.banner"),
        ({"actions": [{"kind": "banner", "banner": {"a": "x" * 5000}}]}, "actions.0.banner"),
        ({"actions": [{"kind": "banner", "banner": {"a\x00": 1}}]}, "actions.0.banner"),
        ({"actions": [{"kind": "banner", "banner": {"a": "\ud800"}}]}, "actions.0.banner"),
        ({"actions": [{"kind": "banner", "banner": {"a": [[[[[[[[[[1]]]]]]]]]]}}]}, "actions.0.banner"),
        ({"actions": [{"kind": "hide", "product": "a\x00"}]}, "actions.0.product"),
    ],
)
def test_what_makes_no_sense_is_refused_by_its_field(client: Client, facts: dict[str, Any], field: str) -> None:
    assert refused(client, rule(**facts))["field"] == field


@pytest.mark.parametrize("body", ["[]", '"x"', "null", "{", '{"name": NaN}'])
def test_a_body_that_is_no_object_is_a_400(client: Client, body: str) -> None:
    answer = client.post(PATH, body, content_type="application/json")
    assert answer.status_code == 400
    problem_of(answer)


@pytest.mark.parametrize("pk", ["0", "99999999999999999999", "7"])
def test_a_rule_that_is_not_there_is_a_404(client: Client, pk: str) -> None:
    assert client.get(f"{PATH}/{pk}").status_code == 404
    assert client.delete(f"{PATH}/{pk}").status_code == 404
    assert client.put(f"{PATH}/{pk}", rule(), "application/json").status_code == 404


def test_a_publishable_key_neither_reads_nor_writes_rules(store: Store) -> None:
    client = client_of(store)
    for path in (PATH, "/api/v1/synonyms", "/api/v1/presets"):
        assert client.get(path).status_code == 403
        assert post_json(client, path, {}).status_code == 403
    assert post_json(Client(), PATH, rule()).status_code == 401


def test_another_stores_rules_and_things_are_out_of_reach(client: Client) -> None:
    mine = post_json(client, PATH, rule()).json()["id"]
    other = make_store("other")
    make_product(other, "theirs", category=category(other, "Boats"), brand=brand(other, "Seaman"))
    stranger = client_of(other, kind="secret")
    assert stranger.get(f"{PATH}/{mine}").status_code == 404
    assert stranger.delete(f"{PATH}/{mine}").status_code == 404
    assert stranger.patch(f"{PATH}/{mine}", {"name": "x"}, "application/json").status_code == 404
    assert stranger.get(PATH).json()["rules"] == []
    for thing in ({"product": "theirs"}, {"category": "boats"}, {"brand": "seaman"}):
        field = next(iter(thing))
        assert refused(client, rule(actions=[{"kind": "hide", **thing}]))["field"] == f"actions.0.{field}"


def test_a_deleted_value_takes_its_actions_along_and_leaves_its_conditions_without_force(client: Client) -> None:
    red = {"attribute": "color", "value": "navy"}
    made = post_json(
        client, PATH, rule(triggers=[{"kind": "attribute", **red}], actions=[{"kind": "hide", **red}, PIN])
    )
    AttributeValue.objects.get(code="navy").delete()
    now = client.get(f"{PATH}/{made.json()['id']}").json()
    assert now["triggers"] == [{"kind": "attribute"}]
    assert now["actions"] == [PIN]
