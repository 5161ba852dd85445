"""Options and fixtures of every test: an empty cache."""

from __future__ import annotations

import pytest
from django.core.cache import cache

pytest_plugins = ["tests.index_fixtures", "tests.api_fixtures"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--renew-quality-baseline",
        action="store_true",
        dest="renew_quality_baseline",
        help="write the quality gate's baseline anew (make baseline)",
    )
    parser.addoption(
        "--schema-examples",
        type=int,
        default=8,
        dest="schema_examples",
        help="requests made up for each operation, each kind of data and each kind of path (make schema)",
    )


@pytest.fixture(autouse=True)
def empty_cache() -> None:
    """Start each test with an empty Redis, so that throttles, pools and query photos never leak."""
    cache.clear()
