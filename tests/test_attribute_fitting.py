"""The arithmetic of attribute fitting: calibration, thresholds, heads, storage, and the fashion set's figures."""

from __future__ import annotations

import csv
import io
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from search.attributes.calibration import (
    ISOTONIC_FROM,
    calibrate,
    chance_error,
    fit_temperature,
    log_softmax,
    softmax,
    threshold_for,
)
from search.attributes.fashion import fashion_figures
from search.attributes.fitting import FOLDS, MIN_PER_VALUE, Examples, TooFewLabels, fit, fold_of, measure
from search.attributes.prompts import prompt_vectors, prompts
from search.attributes.report import markdown_table, reliability_table
from search.attributes.scoring import Method, train_head
from search.attributes.storage import arrays_of, fitted_from, parameters_of
from search.reliability import calibration_error, reliability
from tests.encoders import COLOURS, ColourEncoder, colour_vector

RANDOM = np.random.default_rng(7)


def drawn(count: int, *, sharpness: float) -> tuple[np.ndarray, np.ndarray]:
    """Logits whose softmax is true of the labels, made too sure by `sharpness`."""
    logits = RANDOM.normal(0, 1.5, (count, 4)).astype(np.float32)
    chances = softmax(logits)
    truth = (chances.cumsum(axis=1) > RANDOM.random((count, 1))).argmax(axis=1)
    return np.asarray(logits * sharpness, np.float32), truth


def shades(per_colour: int, colours: tuple[str, ...] = ("red", "green", "blue")) -> Examples:
    """Photos' vectors of noisy colours with the place of each."""
    truth = np.repeat(np.arange(len(colours)), per_colour)
    rgb = np.array([COLOURS[colours[place]] for place in truth]) + RANDOM.normal(0, 12, (len(truth), 3))
    folds = np.array([fold_of(str(number)) for number in range(len(truth))])
    return Examples(np.stack([colour_vector(row) for row in rgb]), truth, folds)


def colour_prompts(colours: tuple[str, ...] = ("red", "green", "blue")) -> np.ndarray:
    return prompt_vectors(ColourEncoder(), "color", colours)  # type: ignore[arg-type]  # has the encoder's shape


def test_the_temperature_undoes_a_scorer_that_is_too_sure() -> None:
    logits, truth = drawn(4000, sharpness=3.0)
    assert fit_temperature(logits, truth) == pytest.approx(3.0, rel=0.1)


@pytest.mark.parametrize("count", [ISOTONIC_FROM // 2, ISOTONIC_FROM * 4])
def test_calibration_brings_the_error_under_a_twentieth(count: int) -> None:
    logits, truth = drawn(count, sharpness=4.0)
    unseen, unseen_truth = drawn(6000, sharpness=4.0)
    is_right = unseen.argmax(axis=1) == unseen_truth
    assert calibration_error(softmax(unseen).max(axis=1), is_right) > 0.15
    calibration = calibrate(log_softmax(logits), truth)
    assert (len(calibration.curve_from) > 0) == (count >= ISOTONIC_FROM)
    assert calibration_error(calibration.confidence(log_softmax(unseen)), is_right) < 0.05


def test_the_calibration_error_is_the_weighted_gap_of_the_bins() -> None:
    confidence = np.array([0.95, 0.95, 0.95, 0.95, 0.55, 0.55], np.float32)
    is_right = np.array([True, True, True, False, True, False])
    assert [(part.count, part.accuracy) for part in reliability(confidence, is_right)] == [(2, 0.5), (4, 0.75)]
    assert calibration_error(confidence, is_right) == pytest.approx((4 * 0.2 + 2 * 0.05) / 6, abs=1e-6)


def test_few_predictions_show_an_error_by_chance_alone() -> None:
    assert chance_error(np.full(10_000, 0.7, np.float32)) < 0.01
    assert chance_error(np.linspace(0.2, 1.0, 60, dtype=np.float32)) > 0.08


def test_the_threshold_is_the_lowest_that_keeps_the_precision() -> None:
    confidence = np.linspace(1.0, 0.01, 100, dtype=np.float32)
    is_right = np.arange(100) < 60
    limit = threshold_for(confidence, is_right, precision=0.95)
    assert limit is not None
    kept = confidence >= limit
    assert (kept.sum(), is_right[kept].mean() >= 0.95) == (63, True)


def test_equal_confidences_stand_or_fall_together() -> None:
    confidence = np.full(100, 0.5, np.float32)
    assert threshold_for(confidence, np.arange(100) < 90, precision=0.95) is None
    assert threshold_for(confidence, np.arange(100) < 96, precision=0.95) == 0.5


def test_few_predictions_are_never_sure() -> None:
    assert threshold_for(np.full(10, 0.99, np.float32), np.ones(10, bool), precision=0.95) is None


def test_a_head_of_two_values_says_what_scikit_learn_says() -> None:
    from sklearn.linear_model import LogisticRegression

    examples = shades(30, ("red", "pink"))
    head = train_head(examples.vectors, examples.truth, regularisation=0.5)
    spread = (examples.vectors - examples.vectors.mean(axis=0)) / np.maximum(examples.vectors.std(axis=0), 1e-6)
    model = LogisticRegression(C=0.5, class_weight="balanced", max_iter=300, tol=1e-3).fit(spread, examples.truth)
    ours = np.exp(head.log_probabilities(examples.vectors, values=2))
    assert ours == pytest.approx(model.predict_proba(spread), abs=1e-3)


def test_a_labelled_product_is_judged_by_the_head_that_has_not_seen_it() -> None:
    """One product's label is wrong: the head of its own fold says what it looks like, undisturbed."""
    examples = shades(40)
    truth = examples.truth.copy()
    truth[0] = 2
    fitted, _ = fit(replace(examples, truth=truth), value_ids=(1, 2, 3), prompts=colour_prompts(), precision=0.9)
    assert len(fitted.heads) == FOLDS + 1
    own = fitted.log_probabilities(examples.vectors[:1], examples.folds[:1], method=Method.HEAD)
    assert own.argmax() == 0


def test_a_value_that_the_head_never_saw_is_all_but_impossible_to_it() -> None:
    examples = shades(30)
    head = train_head(examples.vectors[:60], examples.truth[:60], regularisation=0.1)
    assert np.exp(head.log_probabilities(examples.vectors, values=3))[:, 2].max() < 1e-5


def test_rare_values_leave_zero_shot_alone() -> None:
    colours = ("red", "green", "blue", "white")
    fitted, figures = fit(
        shades(MIN_PER_VALUE - 1, colours), value_ids=(1, 2, 3, 4), prompts=colour_prompts(colours), precision=0.9
    )
    assert (fitted.heads, fitted.method, list(figures.macro_f1)) == ((), "zero-shot", ["zero-shot"])


def test_too_few_examples_are_refused_with_the_count() -> None:
    with pytest.raises(TooFewLabels, match="9 labelled products with 3 values; 30 with 2 are needed"):
        fit(shades(3), value_ids=(1, 2, 3), prompts=colour_prompts(), precision=0.9)


def test_what_is_stored_tags_like_what_was_fitted_and_holds_no_pickle() -> None:
    examples = shades(400)
    fitted, _ = fit(examples, value_ids=(11, 12, 13), prompts=colour_prompts(), precision=0.9)
    arrays = arrays_of(fitted)
    again = fitted_from(parameters_of(fitted), arrays)
    for method in Method:
        one = fitted.log_probabilities(examples.vectors, examples.folds, method=method)
        other = again.log_probabilities(examples.vectors, examples.folds, method=method)
        assert np.array_equal(one, other)
    assert again.value_ids == (11, 12, 13)
    buffer = io.BytesIO()
    np.savez(buffer, prompts=np.array([{"an": "object"}], dtype=object))
    with pytest.raises(ValueError, match="allow_pickle=False"):
        fitted_from(parameters_of(fitted) | {"heads": 0}, buffer.getvalue())


def test_prompts_follow_the_kind_of_attribute_and_the_stores_own_template() -> None:
    assert prompts("baseColour", "Navy Blue")[:2] == ["navy blue", "something navy blue"]
    assert prompts("neckline", "V-neck", own="a top with a {} neckline")[-1] == "a top with a v-neck neckline"
    assert prompts("neckline", "{}", own="no place")[0] == "{}"
    rows = colour_prompts(("red", "navy"))
    assert np.linalg.norm(rows, axis=1) == pytest.approx([1, 1], abs=1e-5)


def test_unseen_products_are_measured_by_the_head_of_all() -> None:
    fitted, _ = fit(shades(60), value_ids=(1, 2, 3), prompts=colour_prompts(), precision=0.9)
    figures = measure(fitted, shades(20))
    assert figures.examples == 60
    assert figures.macro_f1[figures.method] > 0.95
    table = markdown_table({"color": figures})
    assert table.splitlines()[2].startswith("| color | 60 | 3 (3) |")
    assert reliability_table({"color": figures}).count("| color |") == len(figures.curve)


def test_the_fashion_figures_come_from_its_zip_and_reuse_kept_vectors(tmp_path: Path) -> None:
    archive, encoder = tmp_path / "fashion.zip", ColourEncoder()
    fashion_zip(archive, products=400)
    figures = fashion_figures(archive, encoder=encoder, precision=0.9, cache=tmp_path)  # type: ignore[arg-type]
    assert set(figures) == {"articleType", "baseColour", "gender", "season", "usage"}
    assert figures["baseColour"].macro_f1[figures["baseColour"].method] > 0.95
    encoded = encoder.images_encoded
    again = fashion_figures(archive, encoder=encoder, precision=0.9, cache=tmp_path)  # type: ignore[arg-type]
    assert (again, encoder.images_encoded) == (figures, encoded)


def fashion_zip(path: Path, *, products: int) -> None:
    """A zip in the fashion set's form: one photo each, the colour the only thing that shows."""
    columns = ["id", "title", "gender", "masterCategory", "subCategory", "articleType", "baseColour", "season", "usage"]
    columns += ["image", "image_224"]
    rows, colours = [], ("Red", "Green", "Blue")
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(products):
            colour = colours[number % 3]
            buffer = io.BytesIO()
            shade = np.array(COLOURS[colour.lower()]) + RANDOM.integers(-10, 10, 3)
            Image.new("RGB", (12, 16), tuple(int(min(255, max(0, part))) for part in shade)).save(buffer, "PNG")
            archive.writestr(f"photos/{number}.png", buffer.getvalue())
            facts = [str(number), f"{colour} shirt", ("Men", "Women")[number % 2], "Apparel", "Topwear"]
            facts += [
                ("Shirts", "Tops")[number % 2],
                colour,
                ("Summer", "Winter")[number % 2],
                ("Casual", "Formal")[number % 2],
            ]
            rows.append([*facts, f"photos/{number}.png", ""])
        text = io.StringIO()
        csv.writer(text).writerows([columns, *rows])
        archive.writestr("products.csv", text.getvalue())
