"""Pytest plugin: the test encoder, and a live index of its vectors on the session's Milvus."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from search import encoder as encoder_module
from search.models import IndexVersion
from tests import kept
from tests.encoders import ColourEncoder

kept.note_writes()


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
    """An empty live version; what the test wrote to Milvus goes with it. With `transactional_db` it commits for real."""
    yield kept.empty_live_version(settings)
    kept.drop_written(settings.INDEX_COLLECTION_PREFIX)
