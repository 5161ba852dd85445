"""The OpenAPI description: valid, complete, and true of what the API answers to whatever is sent."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from io import StringIO
from typing import Any

import pytest
import schemathesis
from django.core.management import call_command
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, transaction
from django.test import Client
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from openapi_spec_validator import OpenAPIV31SpecValidator
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.generation.modes import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from catalog.models import ApiKey, Store
from catalog.models.keys import create_api_key
from search.models import IndexVersion, VersionState
from search.query_images import store_query_image
from tests.api_fixtures import post_json
from tests.shop import photo_bytes

CHECKS: list[Callable[..., Any]] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@pytest.fixture
def document() -> dict[str, Any]:
    answer = Client().get("/api/schema", headers={"Accept": "application/vnd.oai.openapi+json"})
    document: dict[str, Any] = answer.json()
    return document


def test_the_description_is_valid_openapi_3_1(document: dict[str, Any]) -> None:
    assert document["openapi"] == "3.1.1"
    OpenAPIV31SpecValidator(document).validate()


def test_the_description_is_made_without_a_warning(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=StringIO())


def test_every_operation_is_named_secured_and_says_its_problems(document: dict[str, Any]) -> None:
    assert set(document["components"]["securitySchemes"]) == {"ApiKey", "Bearer"}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            assert operation["summary"], (path, method)
            assert operation["security"] == [{"ApiKey": []}, {"Bearer": []}], (path, method)


def test_the_search_has_examples_that_can_be_pasted(document: dict[str, Any], client: Client) -> None:
    content = document["paths"]["/api/v1/search"]["post"]["requestBody"]["content"]["application/json"]
    examples = [example["value"] for example in content["examples"].values()]
    assert len(examples) == 3
    answers = [client.post("/api/v1/search", data=value, content_type="application/json") for value in examples]
    # The catalogue of the test has no DRESS-1, and no such photo is stored.
    assert [answer.json().get("field") for answer in answers] == [None, "image.product", "image.id"]


@schemathesis.serializer("application/x-ndjson")
def one_line(context: object, value: Any) -> bytes:
    return (value if isinstance(value, bytes) else json.dumps(value).encode()) + b"\n"


@contextmanager
def same_connection() -> Iterator[None]:
    """Keep the test's transaction open between requests, as Django's own test client does (and undoes after each)."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    try:
        yield
    finally:
        for signal in signals:
            signal.connect(close_old_connections)


def real_paths(store: Store, client: Client) -> dict[str, dict[str, Any]]:
    """For each path with parameters, those of a thing that the store has."""
    made = {
        "rules": {
            "name": "nothing",
            "triggers": [{"kind": "words", "match": "contains", "words": ["zebra"]}],
            "actions": [{"kind": "pin", "product": "red-shoes", "position": 1}],
        },
        "synonyms": {"phrases": ["sofa", "couch"]},
        "presets": {"name": "few", "parameters": {"per_page": 3}},
    }
    paths = {
        f"/api/v1/{kind}/{{id}}": {"id": post_json(client, f"/api/v1/{kind}", body).json()["id"]}
        for kind, body in made.items()
    }
    live = {"id": IndexVersion.objects.get(state=VersionState.LIVE).pk}
    versions = {f"/api/v1/indexes/{{id}}{rest}": live for rest in ("", "/compare", "/promote", "/rollback")}
    return (
        paths
        | versions
        | {
            "/api/v1/images/{image_id}": {"image_id": store_query_image(store, photo_bytes("red")).pk},
            "/api/v1/products/{sku}": {"sku": "red-shoes"},
            "/api/v1/products/{sku}/similar": {"sku": "red-shoes"},
            "/api/v1/visitors/{visitor}": {"visitor": "v-1"},
            "/api/v1/visitors/{visitor}/events": {"visitor": "v-1"},
        }
    )


def answers_as_described(
    operation: Any, mode: GenerationMode, path_parameters: Mapping[str, Any] | None, *, key: str, examples: int
) -> None:
    """Send what the operation's description makes up. Each request is undone, so that the real things stay."""

    @hypothesis_settings(
        max_examples=examples, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(case=operation.as_strategy(generation_mode=mode, path_parameters=path_parameters))
    def every_case(case: Any) -> None:
        with transaction.atomic():
            case.call_and_validate(headers={"X-API-Key": key}, checks=CHECKS)
            transaction.set_rollback(True)

    every_case()


@pytest.mark.timeout(3600)  # of a longer run; some 40 s of processor time with the default number of examples
def test_whatever_is_sent_the_answer_is_as_described(shop: Store, pytestconfig: pytest.Config) -> None:
    """Each operation, with what it says it takes and with what it does not, at paths of real things and at any."""
    row, key = create_api_key(store=shop, name="schemathesis", kind="secret")
    ApiKey.objects.filter(pk=row.pk).update(rate_per_minute=1_000_000_000, manages_indexes=True)
    real = real_paths(shop, Client(headers={"X-API-Key": key}))
    examples = pytestconfig.getoption("schema_examples")
    with same_connection():
        schema = schemathesis.openapi.from_wsgi("/api/schema", get_wsgi_application())
    operations = [result.ok() for result in schema.get_all_operations()]  # type: ignore[union-attr]  # an error raises
    assert {operation.path for operation in operations if "{" in operation.path} == set(real)
    problems = []
    for operation, mode in itertools.product(operations, GenerationMode):
        for path_parameters in [real[operation.path], None] if operation.path in real else [None]:
            try:
                with same_connection():
                    answers_as_described(operation, mode, path_parameters, key=key, examples=examples)
            except (FailureGroup, Failure) as problem:
                found = problem.exceptions if isinstance(problem, FailureGroup) else [problem]
                problems += [f"{operation.label}, {mode.value}, at {path_parameters}: {one!r}" for one in found]
    assert not problems, "\n\n".join(problems)
