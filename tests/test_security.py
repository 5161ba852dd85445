"""The site's own defences: headers, sign-in, forms, hosts, redirects, deserialisation, logs, and the table that names all tests."""

from __future__ import annotations

import ast
import logging
import os
import pickle
import re
import subprocess
import sys
from pathlib import Path

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from granian.http import HTTP1Settings
from pytest_django import Settings

from catalog.models import Product, Store
from catalog.models.keys import create_api_key
from config import serve
from search.encoder import Encoder
from search.errors import EncoderUnavailable
from tests.api_fixtures import client_of, post_json
from tests.shop import make_product, make_store, photo_bytes

ROOT = Path(__file__).resolve().parent.parent
LOGIN = "/admin/login/"


# --- the table -------------------------------------------------------------------------------------------------------


def test_every_test_that_the_threat_table_names_is_there() -> None:
    page = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    named = re.findall(r"\[[^\]]+\]\(\.\./tests/(test_\w+\.py)\) `(test_\w+)`", page)
    assert len(named) > 40
    for file in {file for file, _ in named}:
        tree = ast.parse((ROOT / "tests" / file).read_text(encoding="utf-8"))
        known = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        missing = {name for where, name in named if where == file} - known
        assert not missing, f"{file} has no {missing}"
    rows = [line for line in page.splitlines() if line.startswith("| **")]
    assert len(rows) > 25
    assert not [row for row in rows if "../tests/test_" not in row and "not tested" not in row]


# --- headers ---------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "policy"),
    [
        ("/", "script-src 'self'; style-src 'self';"),
        ("/admin/login/", "script-src 'self' 'unsafe-eval'; style-src 'self' 'unsafe-inline';"),
        ("/api/docs", "script-src 'self'; style-src 'self' 'unsafe-inline';"),
        ("/api/v1/search", "sandbox"),
        ("/api/v1/nothing", "sandbox"),
        ("/health/live", "sandbox"),
        ("/nothing", "sandbox"),
    ],
)
def test_every_answer_says_what_a_browser_may_do_with_it(path: str, policy: str) -> None:
    make_store()
    answer = Client().get(path)
    stated = answer["Content-Security-Policy"]
    assert policy in stated
    assert stated.startswith("default-src 'none'") and "frame-ancestors 'none'" in stated and "*" not in stated
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] == "same-origin"
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "geolocation=()" in answer["Permissions-Policy"]
    # A page's own scripts are files: nothing between script tags, no handlers in attributes.
    assert not re.search(rb"<script(?![^>]*\bsrc=)(?![^>]*application/json)[^>]*>", answer.content)


@pytest.mark.django_db
def test_over_https_browsers_are_told_to_stay_there(settings: Settings) -> None:
    settings.SECURE_HSTS_SECONDS, settings.SECURE_SSL_REDIRECT = 31_536_000, True
    assert Client().get("/health/live", secure=True)["Strict-Transport-Security"] == "max-age=31536000"
    moved = Client().get("/admin/login/")
    assert (moved.status_code, moved["Location"]) == (301, "https://testserver/admin/login/")


def test_a_production_installation_passes_djangos_deployment_checks() -> None:
    production = {
        "DATABASE_URL": "postgres://vitrine:x@127.0.0.1:9/vitrine",
        "REDIS_URL": "redis://127.0.0.1:9/0",
        "MILVUS_URI": "http://127.0.0.1:9",
        "SECRET_KEY": "4f1d0c6be1a2c3d4" * 4,
        "ALLOWED_HOSTS": "search.shop.example",
        "HTTPS": "1",
        "PATH": os.environ["PATH"],
        "VITRINE_DATA": os.environ["VITRINE_DATA"],
    }
    command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    done = subprocess.run(command, cwd=ROOT, env=production, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


def test_the_server_is_started_with_a_time_limit_for_headers(monkeypatch: pytest.MonkeyPatch) -> None:
    made: dict[str, object] = {}
    monkeypatch.setattr(serve.DrainingServer, "__init__", lambda self, *args, **options: made.update(options))
    monkeypatch.setattr(serve.DrainingServer, "serve", lambda self: None)
    monkeypatch.setattr(sys, "argv", ["serve"])
    serve.main()
    assert made["http1_settings"] == HTTP1Settings(header_read_timeout=10_000)


# --- signing in ------------------------------------------------------------------------------------------------------


def sign_in(password: str, *, name: str = "mia", address: str = "203.0.113.7", **headers: str) -> int:
    form = {"username": name, "password": password}
    return Client(REMOTE_ADDR=address).post(LOGIN, form, headers=headers).status_code


@pytest.mark.django_db
def test_passwords_are_not_tried_without_end(settings: Settings) -> None:
    User.objects.create_superuser("mia", password="right")
    User.objects.create_superuser("ben", password="right")
    assert [sign_in("wrong") for _ in range(6)] == [200, 200, 200, 200, 429, 429]
    # The right password, too: whoever guesses must not learn it. Others, and she elsewhere, are not in the way.
    assert sign_in("right") == 429
    assert sign_in("right", name="ben") == 302
    assert sign_in("right", address="203.0.113.8") == 302
    # Without a trusted proxy anybody can claim an address.
    assert sign_in("right", **{"X-Forwarded-For": "203.0.113.9"}) == 429
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    assert sign_in("right", **{"X-Forwarded-For": "198.51.100.1, 203.0.113.9"}) == 302
    assert "wrong" not in str(AccessAttempt.objects.values())


@pytest.mark.django_db
def test_forms_need_their_token_and_cookies_are_for_this_site_alone() -> None:
    make_store()
    User.objects.create_superuser("mia", password="right")
    client = Client(enforce_csrf_checks=True)
    assert client.post(LOGIN, {"username": "mia", "password": "right"}).status_code == 403
    assert client.post("/photos", {}).status_code == 403
    assert client.post("/events", {"events": "[]"}).status_code == 403
    signed_in = Client()
    signed_in.post(LOGIN, {"username": "mia", "password": "right"})
    cookie = signed_in.cookies["sessionid"]
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "/\\evil.example"]
)
def test_signing_in_leads_to_no_other_site(target: str) -> None:
    User.objects.create_superuser("mia", password="right")
    answer = Client().post(f"{LOGIN}?next={target}", {"username": "mia", "password": "right", "next": target})
    assert (answer.status_code, answer["Location"]) == (302, "/admin/")


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/", "/admin/login/", "/api/schema", "/api/v1/search"])
def test_a_host_that_is_not_ours_is_refused(path: str) -> None:
    make_store()
    assert Client(HTTP_HOST="evil.example").get(path).status_code == 400


# --- what is shown ---------------------------------------------------------------------------------------------------

SCRIPT = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'>{{7*7}}"


@pytest.mark.django_db
def test_a_title_is_text_wherever_it_is_shown() -> None:
    store = make_store("shop", currency="EUR")
    product = make_product(store, "A", colours=(), title=f"shoes {SCRIPT}", description=SCRIPT, url="https://x.example")
    root = Client()
    root.force_login(User.objects.create_superuser("root"))
    pages = [
        Client().get("/", {"q": f"shoes {SCRIPT}"}),
        Client().get("/p/A"),
        Client().get("/suggestions", {"q": "sho"}),
        root.get(reverse("admin:catalog_product_changelist")),
        root.get(reverse("admin:catalog_product_change", args=[product.pk])),
        root.get(reverse("admin:search_playground"), {"store": "shop", "q": "shoes"}),
    ]
    for page in pages:
        assert page.status_code == 200
        assert b"<script>alert" not in page.content and b"<img src=x" not in page.content, page.request["PATH_INFO"]
    hit = client_of(store).get("/api/v1/search", {"q": "shoes", "mode": "lexical"}).json()["hits"][0]
    assert "<script>" not in str(hit.get("highlights"))


@pytest.mark.django_db
@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "vbscript:x", " javascript:alert(1)"])
def test_a_products_link_is_a_web_address(url: str) -> None:
    store = make_store("shop")
    answer = post_json(client_of(store, kind="secret"), "/api/v1/products", {"sku": "A", "title": "A", "url": url})
    assert answer.status_code == 400
    assert not Product.objects.exists()


@pytest.mark.django_db
def test_fields_that_are_not_the_clients_to_set_are_refused() -> None:
    store, other = make_store("shop"), make_store("other")
    client = client_of(store, kind="secret")
    for field, value in {"store": other.pk, "id": 7, "revision": 1, "created_at": "2020-01-01T00:00:00Z"}.items():
        answer = post_json(client, "/api/v1/products", {"sku": "A", "title": "A", field: value})
        assert (answer.status_code, answer.json()["field"]) == (400, field)
    assert not Product.objects.exists()


# --- deserialisation -------------------------------------------------------------------------------------------------


class Trap:
    """A pickle that leaves a file behind when it is loaded."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return Path.touch, (self.path,)


def test_weights_that_are_a_pickle_run_nothing(tmp_path: Path) -> None:
    folder, left = tmp_path / "model", tmp_path / "left-behind"
    folder.mkdir()
    for file in (ROOT / "models" / "vitrine-compact-clip").rglob("*"):
        copy = folder / file.relative_to(ROOT / "models" / "vitrine-compact-clip")
        if file.is_dir():
            copy.mkdir()
        elif file.suffix != ".safetensors":
            copy.write_bytes(file.read_bytes())
        else:
            (copy.parent / "pytorch_model.bin").write_bytes(pickle.dumps(Trap(left)))
    with pytest.raises(EncoderUnavailable):
        Encoder(str(folder)).encode_texts(["red"])
    assert not left.exists()


def test_what_somebody_wrote_into_redis_is_never_run(tmp_path: Path) -> None:
    left = tmp_path / "left-behind"
    cache.set("x", b"first")
    raw = cache._cache.get_client("x")  # type: ignore[attr-defined]  # Django's own client of Redis
    raw.set(cache.make_key("x"), pickle.dumps(Trap(left)))
    with pytest.raises(ValueError, match="invalid literal"):
        cache.get("x")
    assert not left.exists()
    with pytest.raises(TypeError):
        cache.set("x", Trap(left))


# --- logs ------------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_no_log_holds_a_key_a_password_or_a_signed_address(shop: Store, caplog: pytest.LogCaptureFixture) -> None:
    _, key = create_api_key(store=shop, name="k", kind="publishable")
    secret = "hunter2-signature"
    client = Client(headers={"X-API-Key": key})
    with caplog.at_level(logging.DEBUG):
        client.get("/api/v1/search", {"page": 0})
        Client().get("/api/v1/search", headers={"Authorization": f"Bearer {key}x"})
        Client().get(f"/1/indexes/shop/query?x-algolia-api-key={key}x")
        Client().post(f"/1/indexes/nothing/query?x-algolia-api-key={key}", data={}, content_type="application/json")
        post_json(client, "/api/v1/search", {"image": {"url": f"http://127.0.0.1:9/a.jpg?X-Amz-Signature={secret}"}})
        sign_in(secret)
        client.get("/metrics", headers={"Authorization": f"Bearer {secret}"})
    assert "Bad Request: /api/v1/search" in caplog.text
    assert key not in caplog.text and secret not in caplog.text
    assert key.rsplit("_", 1)[-1] not in caplog.text


@pytest.mark.django_db
def test_no_answer_tells_a_signature_or_a_trace(empty_client: Client) -> None:
    address = "http://127.0.0.1:9/a.jpg?X-Amz-Signature=hunter2"
    answer = post_json(empty_client, "/api/v1/search", {"image": {"url": address}})
    assert answer.status_code == 400
    assert b"hunter2" not in answer.content and b"http://127.0.0.1:9/a.jpg?..." in answer.content
    assert photo_bytes("red")[:4] not in answer.content
