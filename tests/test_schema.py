"""The OpenAPI description: valid, complete, and true of what the API answers to whatever is sent."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any

import pytest
import schemathesis
from django.core.management import call_command
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from django.test import Client
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from openapi_spec_validator import OpenAPIV31SpecValidator
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from catalog.models import ApiKey, Store
from catalog.models.keys import create_api_key

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


@pytest.fixture
def same_connection() -> Iterator[None]:
    """Keep the test's transaction open between requests, as Django's own test client does."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


def test_whatever_is_sent_the_answer_is_as_described(shop: Store, same_connection: None) -> None:
    row, key = create_api_key(store=shop, name="schemathesis", kind="secret")
    ApiKey.objects.filter(pk=row.pk).update(rate_per_minute=100_000)
    schema = schemathesis.openapi.from_wsgi("/api/schema", get_wsgi_application())
    for result in schema.get_all_operations():
        operation = result.ok()  # type: ignore[union-attr]  # an error raises

        @hypothesis_settings(
            max_examples=15, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
        )
        @given(case=operation.as_strategy())
        def answers_as_described(case: Any) -> None:
            case.call_and_validate(headers={"X-API-Key": key}, checks=CHECKS)

        answers_as_described()
