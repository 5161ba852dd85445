"""`search.evaluation`'s figures of an encoder, on made-up sets where the right figure is known."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from PIL import Image

from search.evaluation.composed import composed_figures, title_wishes, type_wishes
from search.evaluation.embedded import Embedded, Embedder
from search.evaluation.encoder_figures import home_figures, label_figures, read_products, word_figures
from search.evaluation.estimates import Estimate, Figure, as_markdown, difference, estimate
from search.evaluation.floor_figures import floor_figures
from search.evaluation.measure import Sets, measure
from search.evaluation.nearest import nearest, ranks
from search.evaluation.off_catalogue import drawn_images, keyboard_noise, odd_images, off_catalogue_texts
from search.evaluation.self_figures import self_figures
from search.management.commands.evaluate_encoder import MARKS, between_marks
from search.training.data import is_held_out, read_home
from tests.encoders import COLOURS, ColourEncoder

COLORS = ("red", "green", "blue", "yellow")


def photo(color: Sequence[int], seed: int) -> bytes:
    """Nearly that colour: every photo is a little different."""
    red, green, blue = (int(np.clip(value + seed % 23 - 11, 0, 255)) for value in color)
    image = Image.new("RGB", (60, 80), (red, green, blue))
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


@pytest.fixture(scope="module")
def fashion_zip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sets") / "fashion.zip"
    fields = ["id", "title", "gender", "masterCategory", "subCategory", "articleType", "baseColour", "season", "usage"]
    table = io.StringIO()
    writer = csv.DictWriter(table, [*fields, "image", "image_224"])
    writer.writeheader()
    with zipfile.ZipFile(path, "w") as archive:
        for i in range(400):
            color = COLORS[i % 4]
            archive.writestr(f"60x80/{i}.png", photo(COLOURS[color], i))
            row = {"id": i, "title": f"Brand Men {color} Tee {i // 4}", "gender": "Men", "subCategory": "Topwear"}
            row |= {"articleType": "Tshirts", "baseColour": color.title(), "image": f"60x80/{i}.png"}
            writer.writerow(row)
        archive.writestr("products.csv", table.getvalue())
    return path


@pytest.fixture(scope="module")
def home_zip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sets") / "home.zip"
    lines = ["image,sender_id,label,kids"]
    with zipfile.ZipFile(path, "w") as archive:
        for i in range(200):
            label, color = (("T-Shirt", "red"), ("Shoes", "blue"))[i % 2]
            archive.writestr(f"{i}.png", photo(COLOURS[color], i))
            lines.append(f"{i}.png,sender{i // 2},{label},False")
        archive.writestr("images.csv", "\n".join(lines) + "\n")
    return path


@pytest.fixture
def embedder(tmp_path: Path) -> Embedder:
    return Embedder(ColourEncoder(), tmp_path)


@pytest.fixture
def shop(embedder: Embedder, fashion_zip: Path) -> Embedded:
    return embedder.photos(read_products(fashion_zip))


def value(figures: list[Figure], name: str, metric: str) -> float:
    return next(f.estimate.value for f in figures if f.name == name and f.metric == metric)


def test_an_estimate_holds_its_mean_and_narrows_with_more_queries() -> None:
    few, many = estimate([0, 1] * 10), estimate([0, 1] * 1000)
    assert few.value == many.value == 0.5
    assert few.low < many.low < 0.5 < many.high < few.high
    assert (few.count, many.count) == (20, 2000)


def test_photos_of_one_sender_count_as_one_draw() -> None:
    values = [0.0] * 50 + [1.0] * 50
    groups = [str(i // 25) for i in range(100)]
    assert estimate(values, groups=groups).high - estimate(values, groups=groups).low > 0.5
    assert estimate(values).high - estimate(values).low < 0.25


def test_no_queries_are_no_error() -> None:
    assert estimate([]) == Estimate(0.0, 0.0, 0.0, 0)


def test_a_paired_difference_sees_a_gain_that_intervals_hide() -> None:
    before = np.random.default_rng(0).random(200)
    gain = difference(before + 0.01, before)
    assert gain.low > 0
    assert gain.value == pytest.approx(0.01)


def test_a_table_has_a_line_a_name_and_a_column_a_metric() -> None:
    cell = Estimate(0.5, 0.25, 0.75, 1200)
    figures = [Figure("Words", "title", "R@10", cell, 0.3), Figure("Words", "title", "MRR", cell)]
    assert as_markdown(figures).splitlines()[2:5] == [
        "| | R@10 | MRR | queries | target |",
        "|---|---:|---:|---:|---:|",
        "| title | 0.500 (0.250 to 0.750) | 0.500 (0.250 to 0.750) | 1,200 | R@10 0.30 |",
    ]


def test_nearest_is_exact_and_sees_nothing_left_out() -> None:
    generator = np.random.default_rng(1)
    documents = generator.normal(size=(500, 8)).astype(np.float32)
    queries = generator.normal(size=(300, 8)).astype(np.float32)
    best = np.argsort(-(queries @ documents.T), axis=1)
    assert (nearest(queries, documents, 10) == best[:, :10]).all()
    hidden = nearest(queries, documents, 10, left_out=list(best[:, :2]))
    assert (hidden == best[:, 2:12]).all()


def test_a_tie_counts_against_the_rank_and_other_targets_do_not() -> None:
    documents = np.array([[1, 0], [1, 0], [0, 1]], np.float32)
    query = np.array([[1, 0]], np.float32)
    assert ranks(query, documents, [np.array([0])]).tolist() == [2]
    assert ranks(query, documents, [np.array([0, 1])]).tolist() == [1]


def test_vectors_are_kept_by_fingerprint_and_distortion(tmp_path: Path, fashion_zip: Path) -> None:
    encoder = ColourEncoder()
    samples = read_products(fashion_zip, limit=40)
    first = Embedder(encoder, tmp_path).photos(samples)
    encoded = encoder.images_encoded
    again = Embedder(encoder, tmp_path).photos(samples)
    assert encoder.images_encoded == encoded == len(samples)
    assert (first.vectors == again.vectors).all()
    Embedder(encoder, tmp_path).photos(samples, distortion="darken-strong")
    Embedder(ColourEncoder("colour-2"), tmp_path).photos(samples)
    assert len(list(tmp_path.glob("*.npy"))) == 3


def test_an_encoder_of_colours_finds_and_names_colours(embedder: Embedder, shop: Embedded) -> None:
    words = word_figures(embedder, shop)
    assert value(words, "colour to product, all photos, one word", "P@10") == 1
    assert value(words, "title to its own photo", "R@10") < 0.5
    labels = label_figures(embedder, shop)
    assert value(labels, "colour of 4, one word", "accuracy") == 1
    assert value(labels, "colour of 4, ensemble", "mean over labels") == 1


def test_only_held_out_products_ask(embedder: Embedder, shop: Embedded) -> None:
    held_out = sum(is_held_out("fashion", str(i)) for i in range(400))
    title = next(f for f in word_figures(embedder, shop) if f.name == "title to its own photo")
    assert title.estimate.count == held_out


def test_wishes_name_a_colour_that_the_product_has_not(shop: Embedded) -> None:
    for wishes in (type_wishes(shop, limit=50), title_wishes(shop, limit=50)):
        assert wishes
        for wish in wishes:
            assert shop.samples[wish.place].is_validation
            assert wish.color != shop.samples[wish.place].attributes.color
            assert {shop.samples[i].attributes.color for i in wish.right} == {wish.color}
    first = title_wishes(shop, limit=1)[0]
    assert [shop.samples[i].title.split()[-1] for i in first.right] == [shop.samples[first.place].title.split()[-1]]


def test_the_colours_word_turns_a_photo_to_that_colour(embedder: Embedder, shop: Embedded) -> None:
    figures = composed_figures(embedder, shop)
    assert value(figures, "photo alone", "same type, R@10") == 0
    assert value(figures, "sum, 0.3 photo + 0.7 colour's word", "same type, R@10") > 0.9


def test_a_photo_finds_itself_and_the_distorted_one_less_often(embedder: Embedder, shop: Embedded) -> None:
    figures = self_figures(embedder, shop, count=20)
    assert value(figures, "none", "R@10") == 1
    assert value(figures, "all strong ones", "R@10") <= value(figures, "all mild ones", "R@10")


def test_home_photos_are_asked_by_senders_held_out(embedder: Embedder, home_zip: Path) -> None:
    figures = home_figures(embedder, embedder.photos(read_home(home_zip)))
    held_out = 2 * sum(is_held_out("home", f"sender{i}") for i in range(100))
    assert {f.estimate.count for f in figures if f.metric != "mean over labels"} == {held_out}
    assert value(figures, "same kind among held-out photos of other senders", "P@10") == 1


def test_floors_are_measured_for_words_and_photos(embedder: Embedder, shop: Embedded, home_zip: Path) -> None:
    figures = floor_figures(embedder, shop, embedder.photos(read_home(home_zip)), odd=None)
    assert {f.name.split(",")[0] for f in figures} == {"words", "distorted shop photo", "home photo"}
    assert {f.metric for f in figures} == {"by score", "by classifier"}
    assert all(0 <= f.estimate.value <= 1 for f in figures)


def test_off_catalogue_queries_are_many_and_the_same_each_time() -> None:
    texts = off_catalogue_texts()
    assert all(len(set(queries)) >= 40 for queries in texts.values())
    assert keyboard_noise(5) == keyboard_noise(5)
    first, second = (list(drawn_images(12)) for _ in range(2))
    assert [image.tobytes() for image in first] == [image.tobytes() for image in second]
    assert len({image.tobytes() for image in first}) == 12


def test_odd_pictures_are_those_that_decode_each_look_once(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "odd.zip", "w") as archive:
        archive.writestr("a.png", photo(COLOURS["red"], 0))
        archive.writestr("b.png", photo(COLOURS["red"], 0))
        archive.writestr("c.png", photo(COLOURS["blue"], 0))
        archive.writestr("d.png", b"no picture")
    assert len(list(odd_images(tmp_path / "odd.zip"))) == 2


def test_without_home_photos_their_figures_are_left_out(embedder: Embedder, fashion_zip: Path) -> None:
    figures = measure(embedder, Sets(fashion=fashion_zip), parts=("labels", "home"))
    assert {figure.section for figure in figures} == {"Zero-shot labels"}


def test_the_command_writes_tables_and_json(
    tmp_path: Path, fashion_zip: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {"json": tmp_path / "figures.json", "markdown": tmp_path / "figures.md"}
    call_command("evaluate_encoder", fashion=fashion_zip, work=tmp_path, only=["labels"], limit=40, **files)
    report = json.loads(files["json"].read_text())
    assert report["encoder"] == "vitrine-compact-clip"
    assert {row["section"] for row in report["figures"]} == {"Zero-shot labels"}
    assert files["markdown"].read_text().strip() == capsys.readouterr().out.strip()


def test_tables_replace_what_stands_between_the_marks() -> None:
    start, end = MARKS
    assert between_marks(f"a\n{start}\nold\n{end}\nb", "new") == f"a\n{start}\nnew\n\n{end}\nb"
    with pytest.raises(CommandError, match="put both lines"):
        between_marks("no marks", "new")


def test_the_command_names_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"No such file: .*missing\.zip"):
        call_command("evaluate_encoder", fashion=tmp_path / "missing.zip", work=tmp_path)
