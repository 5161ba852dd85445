"""`search.training` on made-up sets: what is read, drawn, learned, resumed and saved."""

from __future__ import annotations

import copy
import csv
import io
import json
import random
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from django.core.management import CommandError, call_command
from PIL import Image, ImageDraw
from pytest_django import Settings
from transformers import CLIPConfig, CLIPImageProcessorPil, CLIPModel, CLIPProcessor

from catalog.demo.assortment import KINDS as DEMO_KINDS
from search.encoder import Encoder
from search.evaluation.nearest import ranks
from search.training.augment import Preprocessing, Strength, augment, plain
from search.training.batches import draw_words, sampling_weights
from search.training.behaviour import InvalidTriples, read_triples, with_behaviour
from search.training.captions import FIELDS, Attributes, Caption, draw_caption, draw_prompts, draw_title
from search.training.catalogue import read_catalogue
from search.training.data import (
    Sample,
    cache_photos,
    foreground_mask,
    is_held_out,
    open_photos,
    read_fashion,
    read_folder,
    read_home,
    read_street,
)
from search.training.drawings import CATEGORIES, draw_demo
from search.training.evaluation import precision_at, zero_shot_accuracy
from search.training.loop import Plan, Trainer
from search.training.losses import Memory, attribute_codes, contrastive_loss, match_captions, prompt_loss, view_loss
from search.training.model import Shape, load_model, new_model, preprocessing_of, train_tokenizer
from tests.shop import brand, category, make_product, make_store

SMALL = Preprocessing(side_px=32)
COLORS = {"Red": (210, 30, 30), "Blue": (30, 50, 210), "Green": (30, 160, 60)}
KINDS = {"Tshirts": "Topwear", "Belts": "Belts"}
TOKENIZER = train_tokenizer(["brand red blue green tshirts belts", "a photo of a t-shirt belt"] * 5, vocab_size=600)


@pytest.fixture(autouse=True)
def one_thread() -> None:
    """Sums of several threads differ in the last bit, and beside a busy neighbour they are slower than one."""
    torch.set_num_threads(1)


def jpeg(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG")
    return out.getvalue()


def drawing(color: tuple[int, int, int], kind: str, *, side_px: int = 64) -> Image.Image:
    image = Image.new("RGB", (side_px, side_px), "white")
    box = (12, 6, 52, 58) if kind == "Tshirts" else (2, 26, 62, 36)
    ImageDraw.Draw(image).rectangle(box, fill=color)
    return image


@pytest.fixture(scope="module")
def fashion_zip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sets") / "fashion.zip"
    fields = ["id", "title", "gender", "masterCategory", "subCategory", "articleType", "baseColour", "season", "usage"]
    fields += ["image", "image_224"]
    table = io.StringIO()
    writer = csv.DictWriter(table, fields)
    writer.writeheader()
    with zipfile.ZipFile(path, "w") as archive:
        for i in range(120):
            color, kind = list(COLORS)[i % 3], list(KINDS)[i % 2]
            archive.writestr(f"60x80/{i}.jpg", jpeg(drawing(COLORS[color], kind)))
            row = {"id": i, "title": f"Brand {color} {kind}", "gender": "Men", "subCategory": KINDS[kind]}
            row |= {"articleType": kind, "baseColour": color, "season": "", "usage": "", "image": f"60x80/{i}.jpg"}
            writer.writerow(row)
        archive.writestr("products.csv", table.getvalue())
    return path


def small_trainer(samples: Sequence[Sample], work: Path, plan: Plan) -> Trainer:
    torch.manual_seed(0)
    photos = cache_photos(samples, work, side_px=48)
    shape = Shape(side_px=32, stem=16, stages=(16, 32), blocks=(1, 1), text_width=64, text_depth=1, dimension=64)
    return Trainer(new_model(TOKENIZER, shape), samples=samples, photos=photos, plan=plan)


def clip_folder(folder: Path) -> Path:
    """A small `CLIPModel` with random weights, as a hub has them."""
    torch.manual_seed(0)
    ends = {
        "bos_token_id": TOKENIZER.bos_token_id,
        "eos_token_id": TOKENIZER.eos_token_id,
        "vocab_size": len(TOKENIZER),
    }
    small = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 2}
    config = CLIPConfig(
        text_config={**ends, **small, "max_position_embeddings": 32},
        vision_config={**small, "image_size": 32, "patch_size": 16},
        projection_dim=16,
    )
    CLIPModel(config).save_pretrained(folder)
    square = {"height": 32, "width": 32}
    photos = CLIPImageProcessorPil(size=square, crop_size=square, do_center_crop=False)
    CLIPProcessor(image_processor=photos, tokenizer=copy.deepcopy(TOKENIZER)).save_pretrained(folder)
    return folder


def test_the_split_is_a_hash_of_the_id_alone() -> None:
    held_out = [is_held_out("fashion", str(i)) for i in range(4000)]
    assert held_out == [is_held_out("fashion", str(i)) for i in range(4000)]
    assert 140 < sum(held_out) < 260


def test_fashion_rows_carry_title_and_attributes(fashion_zip: Path) -> None:
    samples = read_fashion(fashion_zip)
    assert len(samples) == 120
    assert samples[0].title == "Brand Red Tshirts"
    assert samples[0].attributes == Attributes(kind="tshirts", group="topwear", color="red", gender="men")
    assert all(sample.is_validation == is_held_out("fashion", sample.key) for sample in samples)


def test_home_photos_split_by_sender(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "home.zip", "w") as archive:
        archive.writestr(
            "images.csv", "image,sender_id,label,kids\na.jpg,1,T-Shirt,True\nb.jpg,1,Shoes,False\nc.jpg,2,Other,False\n"
        )
    samples = read_home(tmp_path / "home.zip")
    assert [s.attributes for s in samples] == [
        Attributes(kind="tshirts", group="topwear", gender="kids"),
        Attributes(group="shoes"),
    ]
    assert samples[0].is_validation == samples[1].is_validation


def test_street_photos_are_cut_by_their_boxes(tmp_path: Path) -> None:
    photo = Image.new("RGB", (100, 200), "white")
    photo.paste((0, 0, 200), (20, 40, 80, 120))
    items = [{"label": "dress", "box": [0.2, 0.2, 0.8, 0.6]}, {"label": "bag", "box": [0.0, 0.0, 0.1, 0.05]}]
    with zipfile.ZipFile(tmp_path / "street.zip", "w") as archive:
        archive.writestr("boxes.json", json.dumps({"1.jpg": {"width": 100, "height": 200, "items": items}}))
        archive.writestr("photos/1.jpg", jpeg(photo))
    samples = read_street(tmp_path / "street.zip")
    assert [s.attributes.kind for s in samples] == ["dresses"]  # the bag is too small to show anything
    photos = cache_photos(samples, tmp_path, side_px=32)
    assert photos[0, 16, 16, 2] > 180 and photos[0, 16, 16, 0] < 40


def test_demo_drawings_are_labelled_in_the_training_sets_words(tmp_path: Path) -> None:
    draw_demo(tmp_path, seed=77, count=60)
    samples = read_folder(tmp_path, source="demo")
    assert len(samples) >= 60
    assert {sample.attributes.group for sample in samples} >= {"topwear", "bags", "furniture", "lamps"}
    assert all(s.title and s.attributes.kind and s.attributes.color and s.attributes.material for s in samples)
    assert next(iter(open_photos(samples))).size == (96, 120)


def test_every_category_of_the_demo_has_a_kind() -> None:
    assert {kind.category.rsplit(" > ", 1)[-1] for kind in DEMO_KINDS.values()} == set(CATEGORIES)


def test_titles_tell_pattern_and_material(tmp_path: Path) -> None:
    rows = ["Arrow Men Striped Blue Shirt", "Puma Cotton Red Checks Shirt", "Puma Unstriped Thing"]
    table = "id,title,gender,masterCategory,subCategory,articleType,baseColour,season,usage,image,image_224\n"
    table += "".join(f"{i},{title},,,,,,,,{i}.jpg,\n" for i, title in enumerate(rows))
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        archive.writestr("products.csv", table)
    said = [(s.attributes.pattern, s.attributes.material) for s in read_fashion(tmp_path / "set.zip")]
    assert said == [("striped", ""), ("checked", "cotton"), ("", "")]


def test_the_cache_is_made_once(fashion_zip: Path, tmp_path: Path) -> None:
    samples = read_fashion(fashion_zip)
    first = cache_photos(samples, tmp_path, side_px=16)
    files = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert first.shape == (120, 16, 16, 4)
    np.testing.assert_array_equal(first, cache_photos(samples, tmp_path, side_px=16))
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == files


def test_the_mask_keeps_a_white_product_inside_its_outline() -> None:
    pixels = np.full((20, 20, 3), 255, dtype=np.uint8)
    pixels[5:15, 5:15] = 100
    pixels[7:13, 7:13] = 255
    mask = foreground_mask(pixels)
    assert (mask[5:15, 5:15] == 255).all()
    assert mask.sum() == 100 * 255


def test_captions_state_only_what_is_known() -> None:
    generator = random.Random(0)
    known = Attributes(kind="tshirts", group="topwear", color="navy blue")
    captions = {draw_caption(known, generator) for _ in range(400)}
    texts = {caption.text for caption in captions if caption}
    assert {"navy t-shirt", "a photo of a dark blue tee", "topwear"} <= texts
    assert not any("{" in text for text in texts)
    assert draw_caption(Attributes(), generator) is None


def test_a_caption_that_states_a_kind_states_its_group() -> None:
    generator = random.Random(0)
    captions = [draw_caption(Attributes(kind="jeans", group="bottomwear"), generator) for _ in range(50)]
    assert {caption.fields for caption in captions if caption} == {("kind", "group"), ("group",)}


def test_titles_lose_words_but_never_all_of_them() -> None:
    generator = random.Random(0)
    title = "Puma Men Blue Running Shoes".lower()
    drawn = [draw_title("Puma Men Blue Running Shoes", generator) for _ in range(300)]
    assert 150 < drawn.count(title) < 280
    assert {len(text.split()) for text in drawn} >= {3, 4, 5}
    assert min(len(text.split()) for text in drawn) >= 2
    assert draw_title("Red Belt", generator) == "red belt"


def test_prompts_name_every_value_in_order() -> None:
    prompts = draw_prompts("color", ["red", "navy blue"], random.Random(1))
    assert "red" in prompts[0]
    assert any(word in prompts[1] for word in ("navy", "dark blue"))


def test_a_brand_is_what_titles_begin_with(tmp_path: Path) -> None:
    titles = [f"Arrow Sport Men Blue Shirt {i}" for i in range(12)] + ["Rare Men Shirt", "Colorbar Eye Pencil"]
    table = "id,title,gender,masterCategory,subCategory,articleType,baseColour,season,usage,image,image_224\n"
    table += "".join(f"{i},{title},,,,,,,,{i}.jpg,\n" for i, title in enumerate(titles))
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        archive.writestr("products.csv", table)
    brands = [sample.attributes.brand for sample in read_fashion(tmp_path / "set.zip")]
    assert brands == ["arrow sport"] * 12 + ["", ""]


def test_captions_match_every_photo_that_they_describe() -> None:
    attributes = [
        Attributes(kind="jeans", group="bottomwear", color="blue"),
        Attributes(kind="jeans", group="bottomwear", color="black"),
        Attributes(kind="jeans", group="bottomwear"),
        Attributes(group="bags"),
    ]
    codes, _ = attribute_codes(attributes)
    captions = [
        Caption("blue jeans", ("color", "kind", "group")),
        Caption("jeans", ("kind", "group")),
        Caption("jeans", ("kind", "group")),
        Caption("bag", ("group",)),
    ]
    positive, unknown = match_captions(captions, torch.from_numpy(codes))
    assert positive.int().tolist() == [[1, 0, 0, 0], [1, 1, 1, 0], [1, 1, 1, 0], [0, 0, 0, 1]]
    assert unknown.int().tolist() == [[0, 0, 1, 0], [0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]


def test_the_loss_ignores_unknown_pairs_and_accepts_several_answers() -> None:
    positive = torch.tensor([[True, True], [True, True]])
    none = torch.zeros(2, 2, dtype=torch.bool)
    assert float(contrastive_loss(torch.zeros(2, 2), positive, none)) == pytest.approx(np.log(2))
    own = torch.eye(2, dtype=torch.bool)
    wrong = torch.tensor([[0.0, 50.0], [50.0, 0.0]])
    assert float(contrastive_loss(wrong, own, none)) == pytest.approx(50.0)
    assert float(contrastive_loss(wrong, own, ~own)) == pytest.approx(0.0)


def test_augmentation_keeps_shape_and_is_repeatable() -> None:
    photos = torch.from_numpy(np.random.default_rng(0).integers(0, 255, (6, 48, 48, 4), dtype=np.uint8))
    strength = Strength(background_p=1.0, jpeg_p=1.0, frame_p=1.0, blur_p=1.0)
    one = augment(photos, SMALL, strength, torch.Generator().manual_seed(1))
    two = augment(photos, SMALL, strength, torch.Generator().manual_seed(1))
    assert one.shape == plain(photos, SMALL).shape == (6, 3, 32, 32)
    torch.testing.assert_close(one, two)


def test_no_strength_changes_nothing_but_the_mirror() -> None:
    photos = torch.from_numpy(np.random.default_rng(0).integers(0, 255, (4, 32, 32, 4), dtype=np.uint8))
    changed = augment(photos, SMALL, Strength().scaled(0), torch.Generator().manual_seed(3))
    still = plain(photos, SMALL)
    for one, other in zip(changed, still, strict=True):
        # The window's scale is drawn up to 1.08 at any strength: edges may move by a pixel.
        assert min((one - other).abs().mean(), (one.flip(2) - other).abs().mean()) < 0.8


def test_a_title_is_no_negative_of_itself_in_the_memory() -> None:
    memory = Memory(4, 2, torch.device("cpu"))
    rows = torch.eye(2)
    scale = torch.tensor(10.0)
    alone = memory.loss(rows, rows, torch.tensor([1, 2]), scale)
    memory.write(rows, rows, torch.tensor([1, 2]))
    assert float(memory.loss(rows, rows, torch.tensor([1, 2]), scale)) == pytest.approx(float(alone), abs=1e-3)
    memory.write(rows, rows, torch.tensor([7, 8]))
    assert float(memory.loss(rows, rows, torch.tensor([1, 2]), scale)) > float(alone) + 0.5
    memory.write(rows, rows, torch.tensor([9, 10]))
    assert memory.codes.tolist() == [9, 10, 7, 8]


def test_a_prompt_must_find_all_its_photos_and_a_photo_its_prompt() -> None:
    labels = torch.tensor([0, 0, 2])
    right = 20 * torch.tensor([[1.0, 0, 0], [1.0, 0, 0], [0, 0, 1.0]])
    # Two photos share a prompt: half of its attention each is the best there is, ln 2 of one prompt in two.
    assert float(prompt_loss(right, labels)) == pytest.approx(np.log(2) / 2, abs=0.01)
    # Each photo chooses rightly, and yet the third is under the first prompt as well as its own photos are.
    shared = right + 20 * torch.tensor([[0.0, 0, 0], [0, 0, 0], [1.0, 0, 0.3]])
    assert float(prompt_loss(shared, labels)) > float(prompt_loss(right, labels)) + 0.1


def test_views_of_one_photo_must_find_each_other_and_not_be_told_from_the_same_product() -> None:
    rows = torch.eye(3)
    keys = torch.tensor([1, 2, 3])
    right, wrong = view_loss(rows, rows[:2], keys), view_loss(rows, rows[[1, 0]], keys)
    assert float(right) < 0.01 < 5 < float(wrong)
    assert float(view_loss(rows[[0, 0, 2]], rows[[0, 0]], torch.tensor([1, 1, 3]))) < 0.01


def test_rare_kinds_are_drawn_more_often_than_their_share() -> None:
    def sample(kind: str) -> Sample:
        return Sample("fashion", "1", "", "", "", Attributes(kind=kind), False)

    weights = sampling_weights([sample("tshirts")] * 90 + [sample("rompers")] * 10)
    assert weights.sum() == pytest.approx(1.0)
    assert 0.1 < weights[90:].sum() < 0.3


def test_ranks_count_ties_against_us() -> None:
    documents = np.eye(3, dtype=np.float32)
    queries = np.array([[1.0, 0.5, 0.0], [1.0, 0.5, 0.0], [0.3, 0.3, 0.3]], dtype=np.float32)
    assert ranks(queries, documents, np.array([[0], [1], [2]])).tolist() == [1, 2, 3]


def test_accuracy_and_precision_are_shares() -> None:
    images = np.eye(2, dtype=np.float32)[[0, 1, 1, 0]]
    assert zero_shot_accuracy(images, np.eye(2, dtype=np.float32), np.array([0, 1, 0, -1])) == pytest.approx(2 / 3)
    relevant = [np.array([True, False, False, False])]
    assert precision_at(images[:1], images, relevant, 2) == 0.5


def test_a_resumed_run_equals_one_that_was_never_stopped(fashion_zip: Path, tmp_path: Path) -> None:
    samples = read_fashion(fashion_zip)
    plan = Plan(minutes=0, steps=6, batch=16, warmup_steps=2)
    whole = small_trainer(samples, tmp_path, plan)
    for _ in range(6):
        whole.train_step()
    first = small_trainer(samples, tmp_path, plan)
    for _ in range(3):
        first.train_step()
    first.save(tmp_path / "checkpoint.pt")
    second = small_trainer(samples, tmp_path, plan)
    second.load(tmp_path / "checkpoint.pt")
    for _ in range(3):
        second.train_step()
    assert second.step == 6
    for name, tensor in whole.ema.items():
        torch.testing.assert_close(second.ema[name], tensor, rtol=0, atol=0)


def test_a_short_run_learns_colours_and_saves_a_folder_that_searches(fashion_zip: Path, tmp_path: Path) -> None:
    samples = read_fashion(fashion_zip)
    trainer = small_trainer(samples, tmp_path, Plan(minutes=0, steps=80, batch=32, warmup_steps=5, ema_decay=0.9))
    trainer.run(tmp_path)
    encoder = Encoder(str(tmp_path / "latest"))
    texts = encoder.encode_texts(["red", "blue", "green"])
    images = encoder.encode_images([drawing(color, "Tshirts", side_px=90) for color in COLORS.values()])
    assert (images @ texts.T).argmax(axis=1).tolist() == [0, 1, 2]


def test_the_command_trains_and_writes_a_model_card(
    fashion_zip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "my-clip"
    call_command("train_encoder", fashion=fashion_zip, work=tmp_path / "work", output=output, steps=2, batch=16)
    card = (output / "README.md").read_text()
    assert "license: apache-2.0" in card
    assert f"{sum(not s.is_validation for s in read_fashion(fashion_zip))} photos" in card
    assert Encoder(str(output)).encode_texts(["red belt"]).shape == (1, 256)
    assert "fashion held-out title R@10" in capsys.readouterr().out


def test_the_command_names_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"No such file or folder: .*nothing.zip"):
        call_command("train_encoder", fashion=tmp_path / "nothing.zip", work=tmp_path, output=tmp_path)
    with pytest.raises(CommandError, match="at least one of --store"):
        call_command("train_encoder", work=tmp_path, output=tmp_path)


def test_any_model_that_searches_can_be_trained_further(fashion_zip: Path, tmp_path: Path) -> None:
    samples = read_fashion(fashion_zip)
    clip = clip_folder(tmp_path / "clip")
    model = load_model(str(clip))
    assert preprocessing_of(model).side_px == 32
    trainer = Trainer(
        model,
        samples=samples,
        photos=cache_photos(samples, tmp_path, side_px=48),
        plan=Plan(minutes=0, steps=3, batch=16, warmup_steps=1),
    )
    before = Encoder(str(clip)).encode_texts(["red belt"])
    trainer.run(tmp_path)
    after = Encoder(str(tmp_path / "latest"))
    assert after.encode_images([drawing(COLORS["Red"], "Belts")]).shape == before.shape
    assert float((after.encode_texts(["red belt"]) - before).__abs__().max()) > 1e-4


def test_workers_prepare_the_same_batches(fashion_zip: Path, tmp_path: Path) -> None:
    samples = read_fashion(fashion_zip)
    trainers = [
        small_trainer(samples, tmp_path, Plan(minutes=0, steps=2, batch=16, workers=workers)) for workers in (0, 1)
    ]
    first, second = (trainer._next_batch() for trainer in trainers)
    assert first.titles == second.titles
    torch.testing.assert_close(first.pixels, second.pixels)


def test_a_run_without_progress_ends_early(fashion_zip: Path, tmp_path: Path) -> None:
    plan = Plan(minutes=0, steps=200, batch=16, learning_rate=0.0, validate_every_s=0.0, patience=2)
    trainer = small_trainer(read_fashion(fashion_zip), tmp_path, plan)
    trainer.run(tmp_path)
    assert trainer.step < 10


@pytest.mark.django_db
def test_a_catalogue_is_read_with_its_own_words(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path
    store = make_store("shop")
    shoes = category(store, "Clothes", "Shoes")
    make_product(
        store, "S-1", colours=("navy",), title="Harbour Sneaker", category=shoes, brand=brand(store, "Norrvik")
    )
    make_product(store, "S-2", colours=("red",), is_published=False)
    make_product(make_store("other"), "S-3")
    (sample,) = read_catalogue(store)
    assert (sample.key, sample.title) == ("S-1", "Harbour Sneaker")
    assert sample.attributes == Attributes(kind="shoes", group="clothes", color="navy", brand="norrvik")
    assert next(iter(open_photos([sample]))).getpixel((1, 1)) == (20, 25, 80)


def triples(path: Path, *rows: object) -> Path:
    path.write_text("\n".join(json.dumps(row) for row in rows))
    return path


def test_what_shoppers_did_becomes_words_of_training_photos_alone(fashion_zip: Path, tmp_path: Path) -> None:
    samples = read_fashion(fashion_zip)
    held_out = next(sample.key for sample in samples if sample.is_validation)
    asked = {"query": "Holiday  Top", "product": 0, "gain": 30}
    path = triples(tmp_path / "t.ndjson", asked, {**asked, "gain": 70}, {**asked, "product": held_out})
    joined, products = with_behaviour(samples, read_triples(path))
    assert products == 1
    assert {sample.key: sample.queries for sample in joined if sample.queries} == {"0": (("holiday top", 100.0),)}
    drawn = [draw_words(joined[0], random.Random(i)) for i in range(200)]
    assert 185 < drawn.count("holiday top") < 200


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("nothing", "no JSON"),
        ({"query": "a", "product": "1"}, "give an object with query, product and gain"),
        ({"query": " ", "product": "1", "gain": 1}, "query ' ' is not 1 to 500 characters"),
        ({"query": "a", "product": None, "gain": 1}, "product 'None' is not a sku"),
        ({"query": "a", "product": "1", "gain": -2}, "gain '-2' is not a number above 0"),
    ],
)
def test_a_bad_triple_is_refused_by_its_line(line: object, said: str, tmp_path: Path) -> None:
    path = triples(tmp_path / "t.ndjson", {"query": "a", "product": "1", "gain": 1})
    path.write_text(path.read_text() + "\n" + (line if isinstance(line, str) else json.dumps(line)))
    with pytest.raises(InvalidTriples, match=f"line 2.*{said}"):
        read_triples(path)


def test_too_few_photos_are_refused_before_the_work_begins(fashion_zip: Path, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"Only 1\d\d training photos .* batch of 256"):
        call_command("train_encoder", fashion=fashion_zip, work=tmp_path / "work", output=tmp_path / "out", steps=2)


def test_every_caption_field_is_an_attribute() -> None:
    assert set(FIELDS) == {field for field in Attributes.__dataclass_fields__}
