"""Fixtures of every test: an empty cache."""

from __future__ import annotations

import pytest
from django.core.cache import cache

pytest_plugins = ["tests.index_fixtures", "tests.api_fixtures"]


@pytest.fixture(autouse=True)
def empty_cache() -> None:
    """Start each test with an empty Redis, so that throttles, pools and query photos never leak."""
    cache.clear()
