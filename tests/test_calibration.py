"""`search.calibration`: what is fitted from judged hits, what a store's own catalogue gives, and how search uses it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from PIL import Image

from catalog.models import Store
from search import indexing, versions
from search.calibration import stores
from search.calibration.confidence import Calibration, RouteCalibration, find_calibration, forget_calibrations
from search.calibration.fitting import BINS, JudgedHits, fit_route
from search.calibration.off_topic import FITTING_TEXTS, MEASURING_TEXTS
from search.calibration.stores import CalibrationFailed, calibrate_missing, calibrate_store
from search.choices import Mode
from search.models import IndexVersion
from search.query import FacetRequest, Query
from search.ranking.records import RankingWeights
from search.reliability import calibration_error
from search.retrieval import search
from search.upgrading import readiness
from tests.encoders import COLOURS
from tests.kept import kept_shop
from tests.shop import add_photo, category, make_product, make_store, photo_bytes
from tests.version_fixtures import TurnedEncoder


def judged(number: int, *, off_topic: bool = False) -> JudgedHits:
    """Hits whose chance to be right rises with the score, as 1 / (1 + exp(10 - 20 s))."""
    drawn = np.random.default_rng(number)
    scores = np.sort(drawn.uniform(0.0, 0.5 if off_topic else 1.0, 20).astype(np.float32))[::-1]
    right = drawn.random(20) < 1 / (1 + np.exp(10 - 20 * scores))
    return JudgedHits(scores, right & (not off_topic))


def test_a_fit_finds_the_chances_that_made_the_hits() -> None:
    fit = fit_route([judged(i) for i in range(400)], [])
    assert fit is not None
    assert fit.calibration.slope == pytest.approx(20, rel=0.15)
    assert fit.calibration.confidence(np.array([0.5], np.float32))[0] == pytest.approx(0.5, abs=0.05)
    assert fit.calibration_error < 0.03
    assert fit.kept == pytest.approx(0.95, abs=0.02)


def test_hits_of_off_topic_queries_pull_confidence_down_and_lie_below_the_floor() -> None:
    hits = [judged(i) for i in range(100)]
    alone, beside = fit_route(hits, []), fit_route(hits, [judged(i, off_topic=True) for i in range(1000, 1060)])
    assert alone is not None and beside is not None
    low = np.array([0.3], np.float32)
    assert beside.calibration.confidence(low)[0] < alone.calibration.confidence(low)[0]
    assert beside.off_topic_below > 0.6


def test_a_query_about_something_else_is_unsure_however_high_it_scores() -> None:
    drawn = np.random.default_rng(0)
    own, strange = np.array([1, 0, 0.2], np.float32), np.array([0, 1, 0.2], np.float32)

    def asked(number: int, towards: np.ndarray, *, off_topic: bool) -> JudgedHits:
        hits = judged(number)
        vector = towards + drawn.normal(0, 0.1, 3).astype(np.float32)
        return replace(hits, right=hits.right & (not off_topic), vector=vector)

    hits = [asked(i, own, off_topic=False) for i in range(100)]
    fit = fit_route(hits, [asked(1000 + i, strange, off_topic=True) for i in range(40)])
    assert fit is not None and len(fit.calibration.direction) == 3
    assert fit.off_topic_below > 0.95 and fit.kept == pytest.approx(0.95, abs=0.03)
    high = np.array([0.9], np.float32)
    sure, unsure = (fit.calibration.confidence(high, vector[None, :])[0] for vector in (own, strange))
    assert sure > 0.9 and unsure < 0.1
    assert Calibration.from_json(Calibration({"text": fit.calibration}).to_json()).routes["text"] == fit.calibration


@pytest.mark.parametrize("queries", [5, 0])
def test_too_little_is_not_fitted(queries: int) -> None:
    assert fit_route([judged(i) for i in range(queries)], []) is None


def test_nothing_wrong_gives_no_fit() -> None:
    perfect = [JudgedHits(np.ones(20, np.float32), np.ones(20, bool)) for _ in range(30)]
    assert fit_route(perfect, []) is None


def test_a_worse_score_is_never_surer() -> None:
    upside_down = [JudgedHits(-judged(i).scores, judged(i).right) for i in range(100)]
    fit = fit_route(upside_down, [])
    assert fit is not None
    assert fit.calibration.slope == 0


def test_expected_error_is_the_mean_gap_between_said_and_true() -> None:
    confidence = np.array([0.9] * 10 + [0.1] * 10, np.float32)
    is_right = np.array([True] * 5 + [False] * 5 + [False] * 10)
    assert calibration_error(confidence, is_right, bins=BINS) == pytest.approx((0.4 + 0.1) / 2)


def test_a_calibration_survives_json() -> None:
    calibration = Calibration({"text": RouteCalibration(20.0, -5.0, 0.25)})
    assert Calibration.from_json(calibration.to_json()) == calibration
    with pytest.raises(KeyError, match="floor"):
        Calibration.from_json({"text": {"slope": 1.0, "intercept": 0.0}})


def test_the_texts_that_measure_are_not_those_that_fit() -> None:
    fitting = {word for text in FITTING_TEXTS for word in text.split() if len(word) > 3}
    assert not [text for text in MEASURING_TEXTS if fitting & {word for word in text.split() if len(word) > 3}]


@kept_shop
def colours(live_index: IndexVersion) -> Store:
    """A category for each of nine colours, eight products in shades of it that overlap with the others'."""
    store, drawn = make_store("shop"), np.random.default_rng(0)
    for colour in list(COLOURS)[:9]:
        for number in range(8):
            shade = tuple(int(v) for v in (np.array(COLOURS[colour]) + drawn.normal(0, 45, 3)).clip(0, 255))
            product = make_product(
                store,
                f"{colour}-{number}",
                colours=(),
                title=f"{colour} thing",
                attributes={"color": [colour]},
                category=category(store, colour.title()),
            )
            add_photo(product, colour, data=photo_bytes(shade))
    indexing.sweep(live_index)
    return store


@pytest.fixture
def shop(colours: Store) -> Iterator[Store]:
    """That shop; what a test fits is forgotten with it."""
    forget_calibrations()
    yield colours
    forget_calibrations()


def photo(colour: str) -> Query:
    return Query(0, image=Image.new("RGB", (20, 20), COLOURS[colour]), mode=Mode.IMAGE, per_page=100)


@pytest.mark.django_db
def test_without_a_calibration_a_photo_finds_everything_and_says_that_it_is_not_sure(shop: Store) -> None:
    found = search(replace(photo("red"), store_id=shop.pk, min_confidence=0.5))
    assert found.found == 72
    assert found.degraded == ("calibration",)
    assert {hit.confidence for hit in found.hits} == {None}


@pytest.mark.django_db
def test_a_calibrated_photo_finds_what_is_like_it_and_counts_no_more(shop: Store) -> None:
    fit = calibrate_store(shop)
    # Each category has one colour, so there is no "like this, but navy"; and words name it, so that they never err.
    assert set(fit.routes) == {"text", "image"}
    query = replace(photo("red"), store_id=shop.pk, facet_by=(FacetRequest("color"),))
    found = search(query)
    confidences = [hit.confidence for hit in found.hits]
    assert 0 < found.found == len(found.hits) < 72
    assert found.found_exact and found.degraded == ()
    assert confidences == sorted(confidences, reverse=True)
    assert min(confidences) >= fit.routes["image"].calibration.floor
    assert sum(value.count for value in found.facets[0].values) == found.found
    assert found.hits[0].product.attributes == {"color": ["red"]}


@pytest.mark.django_db
def test_min_confidence_moves_the_floor_both_ways(shop: Store) -> None:
    calibrate_store(shop)
    floors: list[float | None] = [0.0, None, 0.6, 1.0]
    counts = [search(replace(photo("red"), store_id=shop.pk, min_confidence=floor)).found for floor in floors]
    assert counts[0] == 72 and counts[-1] == 0
    assert counts == sorted(counts, reverse=True)


@pytest.mark.django_db
def test_what_words_match_is_never_dropped_by_a_floor(shop: Store) -> None:
    calibrate_store(shop)
    asked = Query(shop.pk, text="navy thing", mode=Mode.WORDS, per_page=100, min_confidence=1.0)
    found = search(asked)
    assert found.found == 8
    assert all(hit.confidence is not None for hit in found.hits)


@pytest.mark.django_db
def test_a_store_has_its_own_calibration_and_others_have_none(shop: Store, live_index: IndexVersion) -> None:
    calibrate_store(shop)
    assert find_calibration(shop.pk, live_index).routes
    assert find_calibration(make_store("other").pk, live_index) == Calibration({})


@pytest.mark.django_db
def test_an_encoder_brings_its_calibration_along(tmp_path: Path) -> None:
    forget_calibrations()
    brought = Calibration({"image": RouteCalibration(20.0, -5.0, 0.25)})
    (tmp_path / "calibration.json").write_text(json.dumps({"fingerprint": "f", "routes": brought.to_json()}))
    assert find_calibration(1, IndexVersion(encoder=str(tmp_path), fingerprint="f")) == brought


@pytest.mark.django_db
def test_a_store_with_little_to_learn_from_is_left_alone(live_index: IndexVersion) -> None:
    store = make_store("small")
    make_product(store, "one", category=category(store, "Things"))
    indexing.sweep(live_index)
    with pytest.raises(CalibrationFailed, match="Small has 1 published products"):
        calibrate_store(store)
    assert calibrate_missing() == []


@pytest.mark.django_db
def test_the_command_calibrates_prints_and_writes_the_encoders_file(
    shop: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("calibrate", store="shop", output=tmp_path)
    printed = capsys.readouterr().out
    assert "72 products" in printed and "off_topic_below" in printed
    # To this encoder every word that is no colour is the same grey.
    assert "1.00 of their first 20 hits are left out, 1.00 of them find nothing" in printed
    assert set(json.loads((tmp_path / "calibration.json").read_text())["routes"]) >= {"text", "image"}
    call_command("calibrate")
    assert "none was missing" in capsys.readouterr().out
    with pytest.raises(CommandError, match=r"There is no store 'nowhere' \(stores: shop\)"):
        call_command("calibrate", store="nowhere")


@pytest.mark.django_db
def test_a_version_of_another_encoder_is_calibrated_before_it_is_live(
    shop: Store, live_index: IndexVersion, turned_encoder: TurnedEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, count in (("TEXTS", 30), ("PHOTOS", 12), ("COMPOSED", 12), ("STRANGE_PHOTOS", 6)):
        monkeypatch.setattr(stores, name, count)
    version = versions.create_version(encoder="turned", index_type="FLAT")
    assert readiness.lacking(version) == []
    calibrate_store(shop)
    RankingWeights.objects.create(store=shop, fingerprint=live_index.fingerprint, weights={"covered": 1})
    assert list(map(str, readiness.lacking(version))) == [
        "calibration of the store shop",
        "ranking weights of the store shop",
    ]
    indexing.sweep(version)
    assert readiness.prepare(version) == []
    # Weights are learned from judged queries, which a machine does not make up.
    assert [lack.fix(version) for lack in readiness.lacking(version)] == [
        f"manage.py tune_ranking --store shop --set SET --index-version {version.pk}"
    ]
    assert "text" in find_calibration(shop.pk, version).routes
