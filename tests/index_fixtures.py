"""Pytest plugin: the test encoder, and a live index of its vectors on the session's Milvus."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from search import encoder as encoder_module
from search import milvus, versions
from search.models import IndexVersion
from tests.encoders import ColourEncoder


@pytest.fixture
def colour_encoder(settings: Settings, tmp_path: Path) -> Iterator[ColourEncoder]:
    """The small encoder as the default one, for the time of a test, and a media folder of the test's own."""
    encoder = ColourEncoder()
    settings.ENCODER_MODEL = encoder.name
    settings.MEDIA_ROOT = tmp_path / "media"
    encoder_module._encoders[encoder.name] = encoder
    yield encoder
    del encoder_module._encoders[encoder.name]


@pytest.fixture
def live_index(db: None, colour_encoder: ColourEncoder, settings: Settings) -> Iterator[IndexVersion]:
    """An empty live version; its collection goes with the test. With `transactional_db` it commits for real."""
    settings.INDEX_COLLECTION_PREFIX = f"t{uuid.uuid4().hex[:12]}"
    version = versions.ensure_live_version()
    yield version
    for name in milvus.collection_names(prefix=settings.INDEX_COLLECTION_PREFIX):
        milvus.drop_collection(name)
