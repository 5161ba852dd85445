"""The trial of photo care: what its steps make of a photo, and how several photos are ranked together."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from benchmarks.photo_care import averaged, make_trial, ranked, scores, several_photos, single_photos
from benchmarks.photo_steps import all_steps, cut
from search.evaluation.embedded import Embedder
from search.training.captions import Attributes
from search.training.data import Sample
from tests.encoders import COLOURS, ColourEncoder


def photo() -> Image.Image:
    image = Image.new("RGB", (60, 80), (220, 215, 200))
    ImageDraw.Draw(image).rectangle((15, 20, 45, 65), fill=(200, 30, 40))
    return image


@pytest.mark.parametrize("name", all_steps())
def test_a_step_gives_rgb_variants_and_leaves_the_photo(name: str) -> None:
    image = photo()
    variants = all_steps()[name](image)
    assert variants
    assert {variant.mode for variant in variants} == {"RGB"}
    assert image.tobytes() == photo().tobytes()


def test_a_window_keeps_its_share_of_each_side() -> None:
    assert cut(photo(), 0.5, 0.5, 0.5).size == (30, 40)


def test_the_best_variant_counts_and_the_mean_is_one_variant() -> None:
    documents = np.eye(3, dtype=np.float32)
    vectors = np.array([[[1, 0, 0], [0, 1, 0]]], np.float32)
    assert scores(vectors, documents).tolist() == [[1, 1, 0]]
    assert averaged(vectors).shape == (1, 1, 3)


def test_several_photos_are_ranked_by_best_mean_or_ranks() -> None:
    generator = np.random.default_rng(0)
    documents = generator.normal(size=(30, 4)).astype(np.float32)
    vectors = documents[[3, 7]][None]
    assert set(ranked(vectors, documents, "best")[0, :5]) & {3, 7}
    for how in ("first alone", "best", "mean", "RRF"):
        assert ranked(vectors, documents, how).shape == (1, 10)
    hidden = ranked(vectors, documents, "best", [np.array([3])])
    assert 3 not in hidden


def test_the_trial_prints_a_line_for_each_step(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    samples = []
    for i, color in enumerate(list(COLOURS)[:6] * 10):
        Image.new("RGB", (30, 40), COLOURS[color]).save(tmp_path / f"{i}.png")
        attributes = Attributes(kind="tshirts", group="topwear", color=color)
        samples.append(Sample("fashion", str(i // 6), str(tmp_path / f"{i}.png"), "", "", attributes, i % 2 == 0))
    embedder = Embedder(ColourEncoder(), tmp_path)
    trial = make_trial(embedder, samples, samples)
    single_photos(embedder, trial, words=["mirrored too"])
    several_photos(embedder, trial, count=5)
    out = capsys.readouterr().out
    assert "| nothing | 1.000 |" in out
    assert "| mirrored too, best | +0.000" in out
    assert "| best - mean |" in out
