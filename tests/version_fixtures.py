"""Pytest plugin: a second encoder, and versions that are built without waiting."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from numpy.typing import NDArray
from pytest_django import Settings

from search import encoder as encoder_module
from search.models import IndexVersion
from search.upgrading import building, gates
from tests.encoders import ColourEncoder


class TurnedEncoder(ColourEncoder):
    """The same colours in another space of as many dimensions: its vectors mean nothing beside the first one's."""

    name = "turned"

    def encode_images(self, images: object) -> NDArray[np.float32]:
        return np.ascontiguousarray(super().encode_images(images)[:, ::-1])  # type: ignore[arg-type]

    def encode_texts(self, texts: object) -> NDArray[np.float32]:
        return np.ascontiguousarray(super().encode_texts(texts)[:, ::-1])  # type: ignore[arg-type]


@pytest.fixture
def turned_encoder(colour_encoder: ColourEncoder, settings: Settings) -> Iterator[TurnedEncoder]:
    """Another model of the same dimension, which REST may name too."""
    encoder = TurnedEncoder("turned-1")
    encoder_module._encoders[encoder.name] = encoder
    settings.INDEX_ENCODERS = [colour_encoder.name, encoder.name]
    yield encoder
    del encoder_module._encoders[encoder.name]


@pytest.fixture
def build(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Callable[..., IndexVersion]:
    """Builds a version of this encoder to its end, as workers do, at full speed."""
    monkeypatch.setattr(gates, "LOOK_S", 0.0)
    monkeypatch.setattr(gates, "ROUND_PAUSE_S", 0.0)
    settings.INDEX_BUILD_SHARE = 1.0

    def built(encoder: str = "turned", index_type: str = "FLAT") -> IndexVersion:
        version = building.start_build(encoder=encoder, index_type=index_type)
        while version.filled_at is None:
            building.go_on(budget_s=5.0)
            version.refresh_from_db()
        building.make_ready(version)
        return version

    return built
