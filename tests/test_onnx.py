"""`search.onnx` on small models of three architectures: the export is torch's equal, or it is refused and gone."""

from __future__ import annotations

import copy
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
import torch
from django.core.management import call_command
from django.core.management.base import CommandError
from PIL import Image
from pytest_django import Settings
from transformers import (
    CLIPConfig,
    CLIPImageProcessorPil,
    CLIPModel,
    CLIPProcessor,
    SiglipConfig,
    SiglipImageProcessorPil,
    SiglipModel,
    SiglipProcessor,
)

from search import encoder as encoder_module
from search import indexing, versions
from search.checks import check_encoder
from search.choices import Mode
from search.encoder import Encoder, get_encoder
from search.errors import EncoderUnavailable, InvalidIndex
from search.models import IndexVersion
from search.onnx import manifest as manifests
from search.onnx.accepting import export_accepted
from search.onnx.agreement import BOUNDS, Bounds, Vectors, compare
from search.onnx.encoder import OnnxEncoder
from search.onnx.exporting import export, to_int8
from search.onnx.samples import from_demo, from_store
from search.onnx.towers import Towers
from search.query import Query, RowFilter
from search.routes import vector_route
from search.training.model import Shape, new_model, save_encoder, train_tokenizer
from search.vectors import query_vectors
from tests.shop import make_product, make_store

TEXTS = ["red linen trousers", "a navy bag", "", "brass floor lamp " * 40]
TOKENIZER = train_tokenizer(TEXTS * 5, vocab_size=600)
TOWER = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 2}
SEEN = {**TOWER, "image_size": 32, "patch_size": 16}


@pytest.fixture(scope="module")
def compact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped encoder's architecture: a ResNet and a DistilBERT behind a router."""
    torch.manual_seed(0)
    shape = Shape(side_px=32, stem=16, stages=(16, 32), blocks=(1, 1), text_width=64, text_depth=1)
    folder = tmp_path_factory.mktemp("compact")
    save_encoder(new_model(TOKENIZER, shape), folder)
    return folder


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CLIPModel that resizes the shorter side and crops, as OpenAI's do."""
    torch.manual_seed(0)
    ends = {"bos_token_id": TOKENIZER.bos_token_id, "eos_token_id": TOKENIZER.eos_token_id}
    words = {**TOWER, **ends, "vocab_size": len(TOKENIZER), "max_position_embeddings": 32}
    folder = tmp_path_factory.mktemp("clip")
    CLIPModel(CLIPConfig(text_config=words, vision_config=SEEN, projection_dim=24)).save_pretrained(folder)
    processor = CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32})
    CLIPProcessor(image_processor=processor, tokenizer=copy.deepcopy(TOKENIZER)).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def siglip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SigLIP, whose texts are padded to their full length."""
    torch.manual_seed(0)
    words = {**TOWER, "vocab_size": len(TOKENIZER), "max_position_embeddings": 16}
    folder = tmp_path_factory.mktemp("siglip")
    SiglipModel(SiglipConfig(text_config=words, vision_config=SEEN)).save_pretrained(folder)
    processor = SiglipImageProcessorPil(size={"height": 32, "width": 32})
    SiglipProcessor(image_processor=processor, tokenizer=copy.deepcopy(TOKENIZER)).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Photos with titles, as `--folder` takes them."""
    folder = tmp_path_factory.mktemp("shown")
    rows = []
    for number, photo in enumerate(from_demo(24).photos):
        photo.save(folder / f"{number}.png")
        rows.append(json.dumps({"file": f"{number}.png", "title": f"thing {number}"}))
    (folder / "photos.ndjson").write_text("\n".join(rows))
    return folder


@pytest.fixture(scope="module")
def accepted(compact: Path, shown: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the command makes of the compact encoder in fp32, in the place of an older export. Change copies only."""
    folder = tmp_path_factory.mktemp("exports") / "compact"
    folder.mkdir()
    (folder / "export.json").write_text("{}")
    (folder / "older.onnx").write_bytes(b"gone")
    said = StringIO()
    call_command("export_encoder", encoder=str(compact), output=folder, folder=shown, samples=24, stdout=said)
    assert "| photo | mixed | 1.0000 |" in said.getvalue()
    return folder


@pytest.fixture
def own_encoders(monkeypatch: pytest.MonkeyPatch) -> None:
    """No encoder of another test or backend under the same name."""
    monkeypatch.setattr(encoder_module, "_encoders", {})


def photos() -> list[Image.Image]:
    chance = np.random.default_rng(3)
    sizes = [(80, 60), (33, 47), (32, 32), (200, 9)]
    return [Image.fromarray(chance.integers(0, 256, (*size, 3), dtype=np.uint8)) for size in sizes]


@pytest.mark.parametrize("architecture", ["compact", "clip", "siglip"])
def test_an_export_gives_the_vectors_of_its_source(
    architecture: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    source = Encoder(str(request.getfixturevalue(architecture)))
    if architecture == "compact":
        folder = request.getfixturevalue("accepted")
        manifest = manifests.read(folder)
    else:
        folder, manifest = tmp_path, export(source, tmp_path, precision="fp32")
    towers = Towers(folder, manifest, threads=1)
    assert (manifest.fingerprint, manifest.dimension) == (source.fingerprint, source.dimension)
    np.testing.assert_allclose(towers.encode_images(photos()), source.encode_images(photos()), atol=2e-5)
    np.testing.assert_allclose(towers.encode_texts(TEXTS), source.encode_texts(TEXTS), atol=2e-5)
    alone = np.vstack([towers.encode_texts([text]) for text in TEXTS])
    np.testing.assert_allclose(towers.encode_texts(TEXTS), alone, atol=2e-5)


def test_int8_is_near_in_words_and_leaves_convolutions_alone(compact: Path, accepted: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(accepted, tmp_path / "int8")
    assert [to_int8(folder / name) for name in ("image.onnx", "text.onnx")] == [0, 6]
    assert (folder / "text.onnx").stat().st_size < (accepted / "text.onnx").stat().st_size
    source, towers = Encoder(str(compact)), Towers(folder, manifests.read(accepted), threads=1)
    assert (towers.encode_texts(TEXTS) * source.encode_texts(TEXTS)).sum(axis=1).min() > 0.99
    np.testing.assert_allclose(towers.encode_images(photos()), source.encode_images(photos()), atol=2e-5)


def test_an_accepted_export_is_whole_and_says_what_it_is(accepted: Path, compact: Path) -> None:
    manifest = manifests.read(accepted)
    assert sorted(path.name for path in accepted.iterdir()) == [
        "export.json",
        "image.onnx",
        "text.onnx",
        "tokenizer.json",
    ]
    assert (manifest.fingerprint, manifest.source, manifest.precision) == (
        Encoder(str(compact)).fingerprint,
        compact.name,
        "fp32",
    )
    assert len(manifest.agreement["figures"]) == 6
    assert min(one["overlap"] for one in manifest.agreement["figures"]) >= BOUNDS["fp32"].overlap
    assert list(accepted.parent.iterdir()) == [accepted]


def test_an_export_below_the_bound_is_refused_and_the_older_one_stays(
    compact: Path, accepted: Path, tmp_path: Path
) -> None:
    older = shutil.copytree(accepted, tmp_path / "exports" / "compact")
    before = (older / "export.json").read_bytes()
    message = r"does not rank like torch.*text queries.*overlap@10 \d\.\d+ is below 1\.1"
    with pytest.raises(InvalidIndex, match=message):
        export_accepted(
            Encoder(str(compact)), older, from_demo(20), precision="int8", bounds=Bounds(overlap=1.1, correlation=0.0)
        )
    assert (older / "export.json").read_bytes() == before
    assert list(older.parent.iterdir()) == [older]


def test_the_place_must_be_free_and_outside_of_the_encoder(compact: Path, tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").write_bytes(b"mine")
    for folder, message in ((tmp_path, "holds something else"), (compact / "onnx", "would change its fingerprint")):
        with pytest.raises(InvalidIndex, match=message):
            export_accepted(Encoder(str(compact)), folder, from_demo(20), precision="fp32")
    assert (tmp_path / "holiday.jpg").read_bytes() == b"mine"
    assert not (compact / "onnx").exists()


def unit_rows(rows: np.ndarray) -> np.ndarray:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def test_equal_vectors_agree_and_disturbed_ones_do_not() -> None:
    chance = np.random.default_rng(1)
    photo_rows = unit_rows(chance.normal(size=(60, 16)))
    text_rows = unit_rows(photo_rows + 0.2 * chance.normal(size=(60, 16)))
    source = Vectors(texts=text_rows, queries=photo_rows, photos=photo_rows)
    answers = [frozenset([i]) for i in range(60)]
    for one in compare(source, source, answers=answers):
        assert (one.overlap, one.mrr) == (1.0, one.mrr_source)
        assert one.refusal(BOUNDS["fp32"]) == ""
    noise = unit_rows(text_rows + 0.5 * chance.normal(size=(60, 16)))
    worse = compare(source, Vectors(texts=noise, queries=photo_rows, photos=photo_rows), answers=answers)
    assert {one.query for one in worse if one.refusal(BOUNDS["int8"])} == {"text"}


def test_a_worse_judged_figure_is_refused_whatever_the_overlap() -> None:
    chance = np.random.default_rng(1)
    photo_rows = unit_rows(chance.normal(size=(60, 16)))
    swapped = photo_rows[[i ^ 1 for i in range(60)]]
    answers = [frozenset([i]) for i in range(60)]
    source = Vectors(texts=photo_rows, queries=photo_rows, photos=photo_rows)
    figures = compare(source, Vectors(texts=swapped, queries=photo_rows, photos=photo_rows), answers=answers)
    assert "outside of torch's interval" in figures[0].refusal(Bounds(overlap=0.0, correlation=-1.0))


@pytest.mark.usefixtures("own_encoders")
def test_the_setting_runs_the_export_of_these_very_weights(
    compact: Path, clip: Path, accepted: Path, settings: Settings
) -> None:
    settings.ENCODER_BACKEND = "onnx"
    settings.ENCODER_EXPORTS = [accepted.parent / "none", accepted]
    encoder = get_encoder(str(compact))
    assert isinstance(encoder, OnnxEncoder)
    assert encoder.is_ready
    source = Encoder(str(compact))
    assert (encoder.fingerprint, encoder.dimension) == (source.fingerprint, source.dimension)
    np.testing.assert_allclose(encoder.encode_texts(TEXTS), source.encode_texts(TEXTS), atol=2e-5)
    assert encoder.encode_images([]).shape == encoder.encode_texts([]).shape == (0, source.dimension)
    other = get_encoder(str(clip))
    assert not other.is_ready
    with pytest.raises(EncoderUnavailable, match=r"No ONNX export of.*manage.py export_encoder.*ENCODER_BACKEND=torch"):
        other.encode_texts(["red"])


@pytest.mark.usefixtures("own_encoders")
def test_an_exports_own_folder_is_an_encoder_under_any_setting(accepted: Path, compact: Path) -> None:
    encoder = get_encoder(str(accepted))
    assert isinstance(encoder, OnnxEncoder)
    assert encoder.fingerprint == Encoder(str(compact)).fingerprint
    small = OnnxEncoder(str(accepted), batch_size=2)
    np.testing.assert_allclose(small.encode_images(photos()), encoder.encode_images(photos()), atol=2e-5)


def test_running_an_export_loads_neither_torch_nor_transformers(accepted: Path) -> None:
    code = (
        "import sys; from search.onnx.encoder import OnnxEncoder; e = OnnxEncoder(sys.argv[1]);"
        "assert e.encode_texts(['red']).shape == (1, e.dimension);"
        "sys.exit(bool({'torch', 'transformers', 'sentence_transformers'} & set(sys.modules)))"
    )
    subprocess.run([sys.executable, "-c", code, str(accepted)], check=True)


@pytest.fixture
def spoiled(accepted: Path, tmp_path: Path) -> Iterator[Path]:
    yield shutil.copytree(accepted, tmp_path / "spoiled")


def test_a_changed_file_is_not_run(spoiled: Path) -> None:
    data = bytearray((spoiled / "text.onnx").read_bytes())
    data[-1] ^= 1
    (spoiled / "text.onnx").write_bytes(data)
    with pytest.raises(EncoderUnavailable, match=r"text\.onnx is missing or is not the file that was exported"):
        OnnxEncoder(str(spoiled)).encode_texts(["red"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"agreement": {}}, "was never compared with its source"),
        ({"pixels_version": "0"}, "made for pixels of version 0"),
        ({"format": 99}, "cannot be read as an encoder's export"),
        ({"photo": None}, "cannot be read as an encoder's export"),
    ],
)
def test_an_export_that_proves_nothing_is_not_run(spoiled: Path, change: dict[str, object], message: str) -> None:
    stated = json.loads((spoiled / "export.json").read_text()) | change
    (spoiled / "export.json").write_text(json.dumps(stated))
    encoder = OnnxEncoder(str(spoiled))
    assert not encoder.is_ready
    with pytest.raises(EncoderUnavailable, match=message):
        encoder.encode_texts(["red"])


def test_a_missing_package_names_the_extra(accepted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(EncoderUnavailable, match=r"needs the package onnxruntime.*\.\[onnx\]"):
        OnnxEncoder(str(accepted)).encode_texts(["red"])


def test_settings_that_do_not_fit_stop_the_start(settings: Settings) -> None:
    assert check_encoder(None) == []
    settings.ENCODER_BACKEND, settings.ENCODER_DEVICE, settings.QUERY_VECTOR_LIFETIME_S = "onnx", "cuda", -1
    assert [one.id for one in check_encoder(None)] == ["search.E006", "search.E007"]
    settings.ENCODER_BACKEND = "tensorflow"
    assert [one.id for one in check_encoder(None)] == ["search.E004", "search.E007"]


def ranked(version: IndexVersion, query: Query) -> list[int]:
    """The products near the query, nearest first."""
    asked = query_vectors(query, version)
    route = vector_route(asked, version, wanted=RowFilter(query.store_id), limit=50)
    products: list[int] = route.products.tolist()
    return products


@pytest.mark.django_db
@pytest.mark.usefixtures("own_encoders", "live_index")
def test_an_index_that_torch_built_is_searched_by_the_export(compact: Path, accepted: Path, settings: Settings) -> None:
    settings.ENCODER_MODEL = str(compact)
    settings.QUERY_VECTOR_LIFETIME_S = 0
    store = make_store()
    for colour in ("red", "blue", "green", "white", "black"):
        make_product(store, colour, colours=(colour,))
    version = versions.create_version(encoder=str(compact), index_type="FLAT")
    versions.promote(version)
    indexing.sweep(version)
    queries = [
        Query(store_id=store.pk, text="red linen trousers", mode=Mode.WORDS),
        Query(store_id=store.pk, image=photos()[0], mode=Mode.IMAGE),
    ]
    by_torch = [ranked(version, query) for query in queries]
    assert [len(products) for products in by_torch] == [5, 5]
    del encoder_module._encoders[str(compact)]
    settings.ENCODER_BACKEND, settings.ENCODER_EXPORTS = "onnx", [accepted]
    assert isinstance(get_encoder(), OnnxEncoder)
    assert [ranked(version, query) for query in queries] == by_torch
    assert versions.is_current(encoder=str(compact), index_type="FLAT")


@pytest.mark.django_db
def test_the_command_says_what_it_cannot_compare_on(compact: Path, shown: Path, tmp_path: Path) -> None:
    for options, message in (
        ({"folder": shown, "samples": 5}, "Only 5 photos"),
        ({"folder": tmp_path}, r"photos\.ndjson is missing"),
        ({"store": "nowhere"}, "There is no store 'nowhere'"),
    ):
        with pytest.raises(CommandError, match=message):
            call_command("export_encoder", encoder=str(compact), output=tmp_path / "export", **options)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.django_db
def test_a_stores_own_photos_and_titles_are_compared() -> None:
    store = make_store()
    for number in range(20):
        make_product(
            store, str(number), colours=("red", "blue"), title="red shoes" if number < 2 else f"thing {number}"
        )
    make_product(store, "hidden", is_published=False)
    found = from_store(store, 100)
    assert (len(found.photos), len(found.views), len(found.texts)) == (40, 40, 19)
    assert len(found.answers[found.texts.index("red shoes")]) == 4
