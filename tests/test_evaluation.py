"""Evaluation end to end: the figures, two setups side by side, the report, the JSON and the gate."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from PIL import Image
from pytest_django import Settings
from redis import Redis

from catalog.models import Product, Store
from search import encoder as encoder_module
from search import indexing, milvus, versions
from search.choices import Mode
from search.evaluation.asking import Answer, Run, Setup, ask
from search.evaluation.gate import drops, lowest_allowed, read_baseline, save_baseline
from search.evaluation.metrics import Figure, difference, figure, values_per_query
from search.evaluation.plots import intervals, scatter
from search.evaluation.report import measure
from search.evaluation.sets import InvalidQuerySet, JudgedQuery, JudgedSet, write_set
from search.evaluation.setups import settable_fields, setup_of
from search.models import IndexVersion
from search.query import Query
from search.retrieval import search
from tests.encoders import ColourEncoder
from tests.kept import kept_shop
from tests.shop import category, make_product, make_store

COLOURS = ("red", "blue", "green", "yellow")


@kept_shop
def shop(live_index: IndexVersion) -> Store:
    """Shoes and lamps in four colours, indexed."""
    store = make_store("shop")
    for colour in COLOURS:
        for noun in ("Shoes", "Lamps"):
            make_product(
                store,
                f"{colour}-{noun.lower()}",
                colours=(colour,),
                title=f"{colour} {noun}",
                category=category(store, noun),
            )
    indexing.sweep(live_index)
    return store


@pytest.fixture
def judged(tmp_path: Path) -> Path:
    """Each colour as a word, and each pair of shoes by its darkened photo."""
    queries = [
        JudgedQuery(colour, {f"{colour}-shoes": 1, f"{colour}-lamps": 1}, text=colour, slices={"kind": "words"})
        for colour in COLOURS
    ] + [
        JudgedQuery(
            f"photo {colour}",
            {f"{colour}-shoes": 2, f"{colour}-lamps": 1},
            photo_of=f"{colour}-shoes",
            distortion="darken-mild",
            slices={"kind": "photo"},
        )
        for colour in COLOURS
    ]
    write_set(tmp_path / "colours.ndjson", queries)
    return tmp_path / "colours.ndjson"


def run_of(found: dict[str, list[str]], judgments: dict[str, dict[str, int]]) -> Run:
    answers = tuple(Answer(JudgedQuery(key, judgments[key]), tuple(skus), (), 1.0) for key, skus in found.items())
    queries = tuple(answer.query for answer in answers)
    return Run(Setup("live", IndexVersion(collection="v1")), JudgedSet("set", queries), answers, 20)


def test_the_metrics_are_those_of_the_textbook() -> None:
    values = values_per_query(
        run_of(
            {"first": ["b", "x", "a"], "second": ["x", "y"], "nothing": []},
            {"first": {"a": 2, "b": 1, "c": 0}, "second": {"a": 1}, "nothing": {"a": 1}},
        )
    )
    assert {name: values[name][0] for name in ("Recall@1", "Recall@10", "Precision@10", "Hit@1", "MRR")} == {
        "Recall@1": 0.5,
        "Recall@10": 1.0,
        "Precision@10": 0.2,
        "Hit@1": 1.0,
        "MRR": 1.0,
    }
    assert values["mAP"][0] == pytest.approx((1 / 1 + 2 / 3) / 2)
    gained, ideal = 1 + 2 / np.log2(4), 2 + 1 / np.log2(3)
    assert values["NDCG@10"][0] == pytest.approx(gained / ideal)
    assert all(column[1] == column[2] == 0.0 for column in values.values())


def test_an_interval_holds_the_mean_and_narrows_with_more_queries() -> None:
    generator = np.random.default_rng(1)
    few, many = (figure(generator.random(count)) for count in (20, 2000))
    assert few.low < few.mean < few.high
    assert many.high - many.low < 0.2 * (few.high - few.low) + 0.05
    # A mean of n uniform values: 1.96 standard errors either way.
    assert many.high - many.low == pytest.approx(2 * 1.96 * (1 / 12) ** 0.5 / 2000**0.5, rel=0.1)
    assert figure(np.zeros(0)) == Figure(0.0, 0.0, 0.0, 0)


def test_a_real_difference_is_significant_and_noise_is_not() -> None:
    generator = np.random.default_rng(2)
    first = generator.random(200) * 0.5
    better = difference(first, first + 0.1 * generator.random(200))
    assert better.is_significant and better.low > 0 and better.mean == pytest.approx(0.05, abs=0.01)
    noise = difference(first, first + generator.normal(0, 0.1, 200))
    assert not noise.is_significant and noise.low < 0 < noise.high
    assert difference(first, first).p == 1.0


def test_few_queries_can_not_be_significant() -> None:
    """Three pairs that all improve: half of the eight sign flips, both ways, are as far from 0 in 2 of 8 cases."""
    assert difference(np.zeros(3), np.ones(3)).p == pytest.approx(0.25, abs=0.03)


def test_the_figures_are_those_of_the_search_that_shoppers_use(shop: Store, judged: Path, tmp_path: Path) -> None:
    call_command("evaluate", store="shop", sets=[str(judged)], json=tmp_path / "out.json", html=tmp_path / "out.html")
    answer = json.loads((tmp_path / "out.json").read_text())
    figures = answer["sets"]["colours"]["metrics"]
    assert figures["Hit@1"]["runs"] == [{"mean": 1.0, "low": 1.0, "high": 1.0, "queries": 8}]
    assert figures["Recall@10"]["runs"][0]["mean"] == 1.0
    assert set(answer["sets"]["colours"]["slices"]["kind"]) == {"words", "photo"}
    assert answer["sets"]["colours"]["queries"][0]["found"][0][0].startswith("red-")
    assert answer["runs"][0]["encoder"] == "colour"


def test_the_page_is_one_file_and_escapes_what_it_shows(shop: Store, tmp_path: Path) -> None:
    Product.objects.filter(sku="red-shoes").update(title="<b>Red & shoes</b>")
    asked = JudgedQuery("<i>", {"red-shoes": 1}, text="<script>red", product="red-shoes", slices={"k": "<u>"})
    queries = [asked, replace(asked, id="two"), replace(asked, id="three", slices={"k": "other"})]
    write_set(tmp_path / "odd.ndjson", queries)
    call_command("evaluate", store="shop", sets=[str(tmp_path / "odd.ndjson")], html=tmp_path / "out.html")
    page = (tmp_path / "out.html").read_text()
    assert "<script" not in page and "<b>" not in page and "<i>" not in page and "<u>" not in page
    assert "&lt;b&gt;Red &amp; shoes&lt;/b&gt;" in page
    assert "data:image/jpeg;base64," in page
    assert not re.search(r"""(?:src|href)=["'](?!data:|#)""", page)


def test_two_settings_are_compared_query_by_query(shop: Store, tmp_path: Path) -> None:
    asked = [
        JudgedQuery(f"{colour} in red", {"red-shoes": 1, "red-lamps": 1}, text="red", product=f"{colour}-shoes")
        for colour in COLOURS[1:]
    ]
    write_set(tmp_path / "composed.ndjson", asked)
    call_command(
        "evaluate",
        store="shop",
        sets=[str(tmp_path / "composed.ndjson")],
        compare=["text_weight=0", "image_weight=0"],
        json=tmp_path / "out.json",
        html=tmp_path / "out.html",
    )
    answer = json.loads((tmp_path / "out.json").read_text())
    assert [run["fields"] for run in answer["runs"]] == [{"text_weight": "0.0"}, {"image_weight": "0.0"}]
    hit = answer["sets"]["composed"]["metrics"]["Hit@1"]
    assert [run["mean"] for run in hit["runs"]] == [0.0, 1.0]
    assert hit["difference"]["mean"] == 1.0
    page = (tmp_path / "out.html").read_text()
    assert "Most changed between the runs" in page and "image_weight=0" in page


def test_another_encoder_is_searched_in_a_version_of_its_own_which_goes_again(
    shop: Store, judged: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = ColourEncoder("colour-2")
    other.name = "colour-two"
    monkeypatch.setitem(encoder_module._encoders, other.name, other)
    before = list(IndexVersion.objects.values_list("pk", flat=True))
    call_command(
        "evaluate", store="shop", sets=[str(judged)], compare=["encoder=colour-two"], json=tmp_path / "out.json"
    )
    assert other.images_encoded == 8 + 4
    answer = json.loads((tmp_path / "out.json").read_text())
    assert [run["fingerprint"] for run in answer["runs"]] == ["colour-1", "colour-2"]
    assert answer["sets"]["colours"]["metrics"]["MRR"]["difference"] == {"mean": 0, "low": 0, "high": 0, "p": 1}
    assert list(IndexVersion.objects.values_list("pk", flat=True)) == before
    assert not milvus.has_collection(answer["runs"][1]["index_version"])


def test_a_kept_version_is_used_the_next_time(
    shop: Store, judged: Path, monkeypatch: pytest.MonkeyPatch, live_index: IndexVersion
) -> None:
    other = ColourEncoder("colour-2")
    other.name = "colour-two"
    monkeypatch.setitem(encoder_module._encoders, other.name, other)
    for _ in range(2):
        call_command("evaluate", store="shop", sets=[str(judged)], compare=["encoder=colour-two"], keep_version=True)
    # The photos once; the queries come from the cache the second time.
    assert other.images_encoded == 8 + 4
    assert IndexVersion.objects.count() == 2
    call_command("evaluate", store="shop", sets=[str(judged)], compare=[f"version={live_index.collection}"])


@pytest.mark.parametrize(
    ("stated", "said"),
    [
        ("heavy", "'heavy' in 'heavy' is not NAME=VALUE"),
        ("weight=2", "Unknown setting 'weight': use version, encoder, attack, text_weight"),
        ("attack=blur-3", "'blur-3' is no attack: write noise-N, pgd-N"),
        ("text_weight=much", "text_weight=much is not possible: give a float"),
        ("mode=magic", "give one of browse, words"),
        ("version=v9", "There is no index version 'v9'. Versions: "),
        ("version=live,encoder=x", "names a version and an encoder"),
    ],
)
def test_a_setup_that_makes_no_sense_is_refused(live_index: IndexVersion, stated: str, said: str) -> None:
    with pytest.raises(InvalidQuerySet) as caught, setup_of(stated, index=lambda version: None):
        raise AssertionError("it was accepted")
    assert said in str(caught.value)


def test_every_plain_field_of_a_query_can_be_compared() -> None:
    known = settable_fields()
    assert {"text_weight", "image_weight", "rrf_constant", "mode"} <= set(known)
    assert not {"store_id", "text", "image", "filters", "page", "owner"} & set(known)


def test_a_search_without_one_of_its_parts_gives_no_figures(shop: Store, judged: Path) -> None:
    milvus.drop_collection(versions.live_version().collection)
    with pytest.raises(CommandError, match="answered without milvus, which is down"):
        call_command("evaluate", store="shop", sets=[str(judged)])


def test_products_that_left_the_store_are_named(shop: Store, judged: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Product.objects.filter(sku="red-lamps").update(is_published=False)
    call_command("evaluate", store="shop", sets=[str(judged)])
    assert "1 products that are judged right are not in the store" in capsys.readouterr().out
    Product.objects.filter(sku="red-shoes").delete()
    with pytest.raises(CommandError, match="colours, query 'photo red': the store shop has no product 'red-shoes'"):
        call_command("evaluate", store="shop", sets=[str(judged)])


def test_a_photo_beside_the_file_is_cut_to_its_region(shop: Store, tmp_path: Path) -> None:
    picture = Image.new("RGB", (40, 40), (40, 70, 190))
    picture.paste((200, 30, 40), (0, 0, 20, 40))
    picture.save(tmp_path / "half.png")
    queries = (
        JudgedQuery("left", {"red-shoes": 1}, image="half.png", region=(0.0, 0.0, 0.5, 1.0)),
        JudgedQuery("right", {"blue-shoes": 1}, image="half.png", region=(0.5, 0.0, 1.0, 1.0)),
    )
    run = ask(shop, JudgedSet("regions", queries, tmp_path), Setup("live", versions.live_version()), depth=2)
    assert [set(answer.skus) for answer in run.answers] == [{"red-shoes", "red-lamps"}, {"blue-shoes", "blue-lamps"}]
    with pytest.raises(InvalidQuerySet, match=r"the photo gone\.png is not readable"):
        ask(
            shop,
            JudgedSet("gone", (replace(queries[0], image="gone.png"),), tmp_path),
            Setup("live", versions.live_version()),
        )


def test_an_evaluation_leaves_no_pools_behind(shop: Store, judged: Path, settings: Settings) -> None:
    redis = Redis.from_url(settings.CACHES["default"]["LOCATION"])
    call_command("evaluate", store="shop", sets=[str(judged)])
    assert redis.keys("*pool[0-9]:*") == []
    search(Query(shop.pk, text="red", mode=Mode.WORDS))
    assert redis.keys("*pool[0-9]:*") != []


def test_the_gate_lets_noise_pass_and_names_a_drop(tmp_path: Path) -> None:
    judgments = {f"q{n}": {"a": 1} for n in range(20)}
    good = measure([run_of({key: ["a"] for key in judgments}, judgments)])
    save_baseline(tmp_path / "baseline.json", [good], made_at="today")
    baseline = read_baseline(tmp_path / "baseline.json")
    assert drops([good], baseline) == []

    def with_failures(count: int) -> list[str]:
        found = {key: ["x"] if place < count else ["a"] for place, key in enumerate(judgments)}
        return [str(drop) for drop in drops([measure([run_of(found, judgments)])], baseline)]

    assert with_failures(2) == []
    assert "set, MRR: 0.850 (0.700 to 1.000), below the baseline's 1.000 (1.000 to 1.000)" in with_failures(3)
    assert drops([], baseline)[0].now is None
    assert lowest_allowed(Figure(0.5, 0.4, 0.6, 100)) == pytest.approx(0.4, abs=1e-5)


def test_the_command_fails_below_a_baseline(shop: Store, judged: Path, tmp_path: Path) -> None:
    call_command("evaluate", store="shop", sets=[str(judged)], save_baseline=tmp_path / "baseline.json")
    call_command("evaluate", store="shop", sets=[str(judged)], baseline=tmp_path / "baseline.json")
    Product.objects.filter(sku__endswith="shoes").update(is_published=False)
    with pytest.raises(CommandError, match=r"(?s)Search has become worse:.*colours, Recall@10: 0\.5"):
        call_command("evaluate", store="shop", sets=[str(judged)], baseline=tmp_path / "baseline.json")
    (tmp_path / "baseline.json").write_text("{}")
    with pytest.raises(CommandError, match="is no baseline"):
        call_command("evaluate", store="shop", sets=[str(judged)], baseline=tmp_path / "baseline.json")


def test_plots_are_well_formed_whatever_the_names_hold() -> None:
    one = Figure(0.5, 0.4, 0.6, 10)
    assert "&lt;x&gt;" in intervals([("<x>", [one, one])], title="a & b")
    assert scatter(np.array([0.0, 1.0]), np.array([1.0, 1.0]), names=("<a>", "b" * 80), title="t").count("<circle") == 2
