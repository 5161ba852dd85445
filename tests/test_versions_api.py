"""Index versions over REST and in the admin: who may, what is told, and that a refusal says why."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from catalog.models import ApiKey, Store
from catalog.models.keys import create_api_key
from search import versions
from search.models import IndexVersion, VersionState
from search.upgrading import jobs
from tests.api_fixtures import client_of, post_json, problem_of
from tests.version_fixtures import TurnedEncoder

pytestmark = pytest.mark.django_db
Build = Callable[..., IndexVersion]


@pytest.fixture
def manager(shop: Store) -> Client:
    """Calls the API with a secret key that manages the index of all stores."""
    row, key = create_api_key(store=shop, name="deploy", kind="secret")
    ApiKey.objects.filter(pk=row.pk).update(manages_indexes=True)
    return Client(headers={"X-API-Key": key})


@pytest.mark.parametrize("kind", ["publishable", "secret"])
def test_a_key_of_a_store_sees_and_changes_no_version(shop: Store, live_index: IndexVersion, kind: str) -> None:
    client, one = client_of(shop, kind=kind), f"/api/v1/indexes/{live_index.pk}"
    for method, path in (
        ("get", "/api/v1/indexes"),
        ("post", "/api/v1/indexes"),
        ("get", one),
        ("delete", one),
        ("get", f"{one}/compare"),
        ("post", f"{one}/compare"),
        ("post", f"{one}/promote"),
        ("post", f"{one}/rollback"),
    ):
        assert problem_of(getattr(client, method)(path))["code"] == "forbidden", (method, path)
    assert list(IndexVersion.objects.values_list("state", flat=True)) == ["live"]


def test_a_version_is_built_compared_promoted_and_rolled_back_by_rest(
    shop: Store, live_index: IndexVersion, turned_encoder: TurnedEncoder, manager: Client, build: Build
) -> None:
    for body, words in (
        ({"encoder": "/etc"}, "use colour, turned"),
        ({"encoder": "turned", "index_type": "TREE"}, "TREE"),
        ({"index_type": "HNSW", "index_params": {"M": 10**9}}, "from 2 to"),
        ({"indextype": "FLAT"}, "did you mean index_type?"),
    ):
        answer = post_json(manager, "/api/v1/indexes", body)
        assert (answer.status_code, words in answer.json()["detail"]) == (400, True), answer.content
    made = post_json(manager, "/api/v1/indexes", {"encoder": "turned", "index_type": "FLAT"})
    assert (made.status_code, made.json()["state"], made.json()["progress"]["done"]) == (202, "building", 0)
    path = made["Location"]
    early = post_json(manager, f"{path}/promote", {})
    assert (early.status_code, early.json()["state"]) == (202, "waiting")
    jobs.run_asked()
    refused = manager.get(path).json()["change"]
    assert refused["state"] == "refused"
    assert {gate["name"] for gate in refused["gates"] if not gate["is_passed"]} == {"built", "compared"}

    version = build_to_the_end(IndexVersion.objects.get(pk=made.json()["id"]))
    assert manager.get(f"{path}/compare").status_code == 404
    assert post_json(manager, f"{path}/compare", {}).status_code == 202
    jobs.run_asked()
    compared = manager.get(f"{path}/compare").json()
    assert (compared["state"], compared["figures"]["recall"]["after"]["mean"]) == ("done", 1.0)
    forced = post_json(manager, f"{path}/promote", {"force": True})
    assert (forced.status_code, "needs a reason" in problem_of(forced)["detail"]) == (409, True)
    post_json(manager, f"{path}/promote", {})
    jobs.run_asked()
    assert manager.get(path).json()["state"] == "live"
    assert problem_of(manager.delete(path))["code"] == "version_refused"
    back = post_json(manager, f"{path}/rollback", {"reason": "a customer says so"})
    assert (back.status_code, back.json()["id"]) == (200, live_index.pk)
    assert post_json(manager, f"{path}/rollback", {}).status_code == 409
    assert manager.delete(path).status_code == 202
    states = {one["id"]: one["state"] for one in manager.get("/api/v1/indexes").json()["indexes"]}
    assert states == {live_index.pk: "live", version.pk: "retired"}
    assert manager.get("/api/v1/indexes/999999999999999999999").status_code == 404


def build_to_the_end(version: IndexVersion) -> IndexVersion:
    from search.upgrading import building

    while version.filled_at is None:
        building.go_on(budget_s=5.0)
        version.refresh_from_db()
    building.make_ready(version)
    return version


def test_only_a_superuser_gives_a_key_a_say_and_only_to_a_secret_one(
    shop: Store, admin_client: Client, client: Client
) -> None:
    staff = User.objects.create_user("staff", password="staff", is_staff=True)
    staff.user_permissions.set(Permission.objects.filter(codename__in=["add_apikey", "view_apikey", "change_apikey"]))
    shop.members.add(staff)
    theirs = Client()
    theirs.force_login(staff)
    form = {"store": shop.pk, "name": "x", "origins": "", "is_active": "on", "manages_indexes": "on"}
    theirs.post(reverse("admin:catalog_apikey_add"), {**form, "kind": "secret", "name": "by staff"})
    admin_client.post(reverse("admin:catalog_apikey_add"), {**form, "kind": "publishable", "name": "in a page"})
    admin_client.post(reverse("admin:catalog_apikey_add"), {**form, "kind": "secret", "name": "by a superuser"})
    made = dict(ApiKey.objects.exclude(name="test").values_list("name", "manages_indexes"))
    assert made == {"by staff": False, "by a superuser": True}


def page(client: Client, name: str, *args: Any) -> str:
    answer = client.get(reverse(f"admin:search_indexversion_{name}", args=args))
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_admin_builds_compares_and_promotes_with_a_confirmation(
    shop: Store, live_index: IndexVersion, turned_encoder: TurnedEncoder, admin_client: Client, build: Build
) -> None:
    asked = {"encoder": "turned", "index_type": "FLAT", "index_params": "", "search_params": ""}
    wrong = admin_client.post(reverse("admin:search_indexversion_build"), {**asked, "index_params": "M=2"})
    assert "no parameter" in wrong.content.decode()
    admin_client.post(reverse("admin:search_indexversion_build"), asked)
    version = IndexVersion.objects.get(state=VersionState.BUILDING)
    assert "0 of 10" in page(admin_client, "progress", version.pk)
    build_to_the_end(version)
    admin_client.post(reverse("admin:search_indexversion_compare", args=[version.pk]))
    jobs.run_asked()
    shown = page(admin_client, "change", version.pk)
    for words in ("recall@10 against exact", "whole search, p95", "red-shoes", "10 of 10", "Promote"):
        assert words in shown, words
    assert "Promote this version?" in page(admin_client, "promote", version.pk)
    admin_client.post(reverse("admin:search_indexversion_promote", args=[version.pk]), {"reason": "better"})
    jobs.run_asked()
    assert versions.live_version() == version
    admin_client.post(reverse("admin:search_indexversion_rollback", args=[version.pk]), {"reason": ""})
    assert versions.live_version() == live_index
    admin_client.post(reverse("admin:search_indexversion_retire", args=[version.pk]), {"reason": ""})
    version.refresh_from_db()
    assert version.state == VersionState.RETIRED
    assert version.changes.first().asked_by == "admin (superuser)"  # type: ignore[union-attr]


def test_staff_without_the_permission_see_versions_and_change_none(
    shop: Store, live_index: IndexVersion, build: Build
) -> None:
    staff = User.objects.create_user("staff", password="staff", is_staff=True)
    staff.user_permissions.set(Permission.objects.filter(codename="view_indexversion"))
    theirs = Client()
    theirs.force_login(staff)
    shown = page(theirs, "change", live_index.pk)
    assert ("Roll back" in shown, "Samples" in shown) == (False, False)
    assert theirs.post(reverse("admin:search_indexversion_build"), {}).status_code == 403
    for name in ("compare", "promote", "rollback", "retire"):
        address = reverse(f"admin:search_indexversion_{name}", args=[live_index.pk])
        assert (theirs.post(address).status_code, theirs.get(address).status_code) == (403, 403), name
