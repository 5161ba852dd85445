"""Learning the second stage's weights: only what helps on held-out queries is kept, and only then is anything re-ranked."""

from __future__ import annotations

import json
from collections.abc import Sequence
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from catalog.models import Store
from search import indexing
from search.choices import Mode
from search.models import IndexVersion, RankingWeights
from search.query import Query
from search.ranking import features, tuning
from search.ranking.features import FEATURES
from search.retrieval import search
from tests.kept import kept_shop
from tests.shop import make_product, make_store

PLACE = {name: place for place, name in enumerate(FEATURES)}


def examples(count: int, *, is_noise: bool) -> list[tuning.Example]:
    """Queries whose one right candidate the first stage has somewhere; its `title` says which, unless it is noise."""
    generator = np.random.default_rng(1)
    made = []
    for number in range(count):
        values = generator.random((20, len(FEATURES)))
        values[:, 0] = np.linspace(1, 0, 20)
        gains = np.zeros(20)
        gains[generator.integers(20)] = 1
        if not is_noise:
            values[:, PLACE["title"]] = gains
        made.append(tuning.Example(str(number), values, gains, 1.0))
    return made


def test_weights_that_find_the_right_ones_are_learned() -> None:
    tuned = tuning.tune(examples(100, is_noise=False))
    assert tuned.is_better
    assert tuned.after == pytest.approx(1.0)
    assert tuned.weights["title"] >= 1
    assert tuned.learned_from + tuned.held_out == 100


def test_noise_is_not_better_on_the_held_out_half() -> None:
    assert not tuning.tune(examples(100, is_noise=True)).is_better


def test_too_few_queries_teach_nothing() -> None:
    with pytest.raises(ValueError, match="at least 40"):
        tuning.tune(examples(39, is_noise=False))


def test_ndcg_knows_the_best_possible_and_keeps_equal_ones_as_they_stood() -> None:
    values = np.zeros((1, 3, len(FEATURES)))
    gains = np.array([[0.0, 1.0, np.nan]])
    found = tuning.ndcg(values, gains, np.array([1.0]), np.eye(1, len(FEATURES))[0])
    assert found.tolist() == [pytest.approx(1 / np.log2(3))]


def test_titles_are_compared_word_by_word_with_a_typo_allowed() -> None:
    title, rare, covered, phrase = features.title_features(
        ["nkie", "runner"], [["nike", "runner"], ["runner", "nike", "black"], ["puma", "runner"], []]
    )
    assert title[0] == title[1] > title[2] > title[3] == 0
    assert rare[0] > title[2]
    assert covered.tolist() == [1.0, pytest.approx(2 / 3), 0.5, 0.0]
    assert phrase.tolist() == [0.0] * 4
    assert features.title_features(["a", "b"], [["a", "b"], ["b", "a"]])[3].tolist() == [1.0, 0.0]
    assert all(not column.any() for column in features.title_features([], [["a"]]))


def test_words_are_looked_for_among_values() -> None:
    found = features.attribute_feature(
        ["red", "shoes", "nice"], [frozenset({"red", "shoe"}), frozenset({"red"}), frozenset()]
    )
    assert found.tolist() == [1.0, 0.5, 0.0]


def judged_file(folder: Path, skus: Sequence[str]) -> Path:
    """Asks for a misspelt winter coat sixty times; right are always the same products."""
    path = folder / "coats.ndjson"
    lines = [{"id": str(n), "text": "wintre coat", "judgments": dict.fromkeys(skus, 1)} for n in range(60)]
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    return path


@kept_shop
def coats(live_index: IndexVersion) -> Store:
    """Twelve coats; the oldest is the only one that is red, and for winter."""
    store = make_store()
    make_product(store, "red-0", colours=("red",), title="Long winter coat of wool")
    for number in range(1, 12):
        make_product(store, f"blue-{number}", colours=("blue",), title=f"Coat {'x' * number}")
    indexing.sweep(live_index)
    return store


@pytest.mark.django_db
def test_nothing_is_reranked_without_weights_and_a_query_may_refuse_them(
    coats: Store, live_index: IndexVersion
) -> None:
    asked = Query(coats.pk, text="coat", mode=Mode.LEXICAL, explain=True)
    plain = search(asked)
    assert all("rerank" not in hit.signals for hit in plain.hits)
    assert plain.hits[0].product.sku != "red-0"
    RankingWeights.objects.create(store=coats, fingerprint=live_index.fingerprint, weights={"covered": -1})
    moved = search(asked)
    assert (moved.hits[0].product.sku, moved.hits[0].signals["rerank"]) == ("red-0", pytest.approx(-0.2))
    assert [hit.score for hit in moved.hits] == [hit.score for hit in plain.hits]
    kept = search(Query(coats.pk, text="coat", mode=Mode.LEXICAL, rerank=False))
    assert [hit.product.sku for hit in kept.hits] == [hit.product.sku for hit in plain.hits]
    RankingWeights.objects.update(fingerprint="another encoder's")
    assert all("rerank" not in hit.signals for hit in search(asked).hits)


@pytest.mark.django_db
def test_the_command_learns_measures_and_saves(coats: Store, tmp_path: Path) -> None:
    out = StringIO()
    call_command("tune_ranking", "--store", coats.slug, "--set", str(judged_file(tmp_path, ["red-0"])), stdout=out)
    row = RankingWeights.objects.get(store=coats)
    assert row.figures["after"] > row.figures["before"]
    assert row.figures["sets"] == ["coats"]
    assert "Saved" in out.getvalue()


@pytest.mark.django_db
def test_the_command_refuses_what_does_not_help(coats: Store, tmp_path: Path) -> None:
    every = [*(f"blue-{number}" for number in range(1, 12)), "red-0"]
    with pytest.raises(CommandError, match="nothing is saved"):
        call_command(
            "tune_ranking", "--store", coats.slug, "--set", str(judged_file(tmp_path, every)), stdout=StringIO()
        )
    assert not RankingWeights.objects.exists()
