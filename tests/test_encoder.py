"""`search.encoder` on real `CLIPModel` folders: the true ViT-B/32 shape with random weights, and a tiny one."""

from __future__ import annotations

import copy
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import huggingface_hub.constants
import numpy as np
import pytest
import torch
from PIL import Image
from pytest_django import Settings
from transformers import (
    BertConfig,
    BertModel,
    CLIPConfig,
    CLIPImageProcessorPil,
    CLIPModel,
    CLIPProcessor,
    PreTrainedTokenizerFast,
    SiglipConfig,
    SiglipImageProcessorPil,
    SiglipModel,
    SiglipProcessor,
)

from search import encoder as encoder_module
from search.encoder import Encoder, encoder_of_weights, get_encoder
from search.errors import EncoderUnavailable
from search.training.model import Shape, new_model, save_encoder, train_tokenizer

TEXTS = ["red linen trousers", "a navy bag", "white t-shirt", "brass floor lamp"]
TOKENIZER = train_tokenizer(TEXTS * 5, vocab_size=600)


def photos(n: int) -> list[Image.Image]:
    generator = np.random.default_rng(3)
    return [Image.fromarray(generator.integers(0, 255, (80, 60, 3), dtype=np.uint8)) for _ in range(n)]


@pytest.fixture(scope="module")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    shape = Shape(side_px=32, stem=16, stages=(16, 32), blocks=(1, 1), text_width=64, text_depth=1)
    folder = tmp_path_factory.mktemp("tiny")
    save_encoder(new_model(TOKENIZER, shape), folder)
    return folder


@pytest.fixture(scope="module")
def vit_b_32_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """OpenAI's ViT-B/32 architecture (transformers' defaults), random weights kept as fp16 to spare the disk."""
    torch.manual_seed(0)
    ends = {"bos_token_id": TOKENIZER.bos_token_id, "eos_token_id": TOKENIZER.eos_token_id}
    model = CLIPModel(CLIPConfig(text_config=ends))
    assert 150e6 < sum(p.numel() for p in model.parameters()) < 152e6
    folder = tmp_path_factory.mktemp("vit-b-32")
    model.half().save_pretrained(folder)
    CLIPProcessor(image_processor=CLIPImageProcessorPil(), tokenizer=copy.deepcopy(TOKENIZER)).save_pretrained(folder)
    return folder


def test_the_true_vit_b_32_architecture_runs_through_the_same_code(vit_b_32_folder: Path) -> None:
    encoder = Encoder(str(vit_b_32_folder))
    assert encoder.dimension == 512
    images, texts = encoder.encode_images(photos(2)), encoder.encode_texts(TEXTS)
    assert (images.shape, texts.shape) == ((2, 512), (4, 512))
    assert images.dtype == texts.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(np.vstack([images, texts]), axis=1), 1.0, atol=1e-5)


def test_batches_keep_order_and_do_not_change_vectors(tiny_folder: Path) -> None:
    images = photos(7)
    whole, split = Encoder(str(tiny_folder), batch_size=64), Encoder(str(tiny_folder), batch_size=2)
    np.testing.assert_allclose(whole.encode_images(images), split.encode_images(images), atol=1e-5)
    np.testing.assert_allclose(whole.encode_texts(TEXTS), split.encode_texts(TEXTS), atol=1e-5)
    one_by_one = np.vstack([whole.encode_images([image]) for image in images])
    np.testing.assert_allclose(whole.encode_images(images), one_by_one, atol=1e-5)


def test_a_siglip_text_has_one_vector_alone_and_in_company(tmp_path: Path) -> None:
    torch.manual_seed(0)
    tower = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 2}
    text = {**tower, "vocab_size": len(TOKENIZER), "max_position_embeddings": 16}
    config = SiglipConfig(text_config=text, vision_config={**tower, "image_size": 32, "patch_size": 16})
    SiglipModel(config).save_pretrained(tmp_path)
    processor = SiglipImageProcessorPil(size={"height": 32, "width": 32})
    SiglipProcessor(image_processor=processor, tokenizer=copy.deepcopy(TOKENIZER)).save_pretrained(tmp_path)
    encoder = Encoder(str(tmp_path))
    alone = np.vstack([encoder.encode_texts([words]) for words in TEXTS])
    np.testing.assert_allclose(encoder.encode_texts([*TEXTS, "a " * 40])[:4], alone, atol=1e-5)
    assert encoder.encode_images(photos(2)).shape == (2, encoder.dimension)


def test_nothing_in_gives_no_rows_of_the_right_width(tiny_folder: Path) -> None:
    encoder = Encoder(str(tiny_folder))
    assert encoder.dimension == 256
    assert encoder.encode_images([]).shape == encoder.encode_texts([]).shape == (0, 256)


def test_a_text_beyond_the_limit_is_cut_off(tiny_folder: Path) -> None:
    encoder = Encoder(str(tiny_folder))
    long, longer = encoder.encode_texts(["red linen trousers " * 100, "red linen trousers " * 1000])
    np.testing.assert_allclose(long, longer, atol=1e-6)


def test_any_text_has_a_vector(tiny_folder: Path) -> None:
    rows = Encoder(str(tiny_folder)).encode_texts(["", " ", "красная сумка", "👗", "a\x00b"])
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1.0, atol=1e-5)


def test_a_lone_letter_does_not_end_the_text(tiny_folder: Path) -> None:
    with_one, with_other = Encoder(str(tiny_folder)).encode_texts(["x red bag", "x white lamp"])
    assert float(with_one @ with_other) < 0.9999


def test_threads_share_one_encoder(tiny_folder: Path) -> None:
    encoder = Encoder(str(tiny_folder))
    with ThreadPoolExecutor(8) as pool:
        rows = list(pool.map(lambda i: encoder.encode_texts(TEXTS[: 1 + i % 4])[0], range(32)))
    assert all(np.allclose(row, rows[0], atol=1e-5) for row in rows)


def test_the_fingerprint_follows_the_files_that_matter(tiny_folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(tiny_folder, copy)
    (copy / "README.md").write_text("a model card changes no vector")
    original = Encoder(str(tiny_folder)).fingerprint
    assert len(original) == 16
    assert Encoder(str(copy)).fingerprint == original
    weights = bytearray((copy / "image_0_Transformer" / "model.safetensors").read_bytes())
    weights[-1] ^= 1
    (copy / "image_0_Transformer" / "model.safetensors").write_bytes(weights)
    assert Encoder(str(copy)).fingerprint != original


def test_name_and_fingerprint_load_no_torch(tiny_folder: Path) -> None:
    code = (
        "import sys; from search.encoder import Encoder; e = Encoder(sys.argv[1]);"
        "assert e.is_ready and len(e.fingerprint) == 16; sys.exit('torch' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code, str(tiny_folder)], check=True)


def test_a_missing_folder_names_the_fix() -> None:
    encoder = Encoder("/no/such/folder")
    assert not encoder.is_ready
    with pytest.raises(
        EncoderUnavailable, match=r"No encoder weights in /no/such/folder.*train_encoder.*ENCODER_MODEL"
    ):
        encoder.encode_texts(["red"])
    with pytest.raises(EncoderUnavailable, match="No encoder weights"):
        _ = encoder.fingerprint


def test_damaged_weights_are_unavailable_not_a_crash(tiny_folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "damaged"
    shutil.copytree(tiny_folder, copy)
    (copy / "image_0_Transformer" / "model.safetensors").write_bytes(b"version https://git-lfs.github.com/spec/v1")
    with pytest.raises(EncoderUnavailable, match=r"does not load from .*damaged.*Set ENCODER_MODEL"):
        Encoder(str(copy)).encode_texts(["red"])


def test_a_model_of_words_alone_is_refused(tmp_path: Path) -> None:
    config = BertConfig(
        vocab_size=len(TOKENIZER), hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32
    )
    BertModel(config).save_pretrained(tmp_path)
    PreTrainedTokenizerFast(tokenizer_object=TOKENIZER.backend_tokenizer, pad_token="<|endoftext|>").save_pretrained(
        tmp_path
    )
    with pytest.raises(EncoderUnavailable, match=r"cannot encode images.*clip-ViT-B-32"):
        Encoder(str(tmp_path)).encode_texts(["red"])


def test_a_hub_out_of_reach_is_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    encoder = Encoder("nobody/no-such-clip")
    assert not encoder.is_ready
    with pytest.raises(EncoderUnavailable, match="'nobody/no-such-clip' is no folder here, and the model hub"):
        encoder.encode_images(photos(1))


def test_an_unknown_device_is_unavailable(tiny_folder: Path) -> None:
    with pytest.raises(EncoderUnavailable, match="does not load"):
        Encoder(str(tiny_folder), device="abacus").encode_texts(["red"])


def test_one_encoder_per_name_and_process(tiny_folder: Path, settings: Settings) -> None:
    settings.ENCODER_MODEL = str(tiny_folder)
    assert get_encoder() is get_encoder(str(tiny_folder))
    assert get_encoder().batch_size == settings.ENCODER_BATCH_SIZE


def test_weights_that_were_replaced_are_read_anew_and_the_old_ones_stay_for_what_was_built_with_them(
    tiny_folder: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(tiny_folder, folder)
    name = str(folder)
    try:
        old = get_encoder(name)
        first = old.fingerprint
        vector = old.encode_texts(["red"])
        unloaded = Encoder(name)
        assert unloaded.fingerprint == first
        (folder / "note.json").write_text("{}")
        with pytest.raises(EncoderUnavailable, match="replaced while"):
            unloaded.encode_texts(["red"])
        second = Encoder(name).fingerprint
        assert encoder_of_weights(name, "neither of them") is None
        encoder_module._reread_at.clear()
        new = encoder_of_weights(name, second)
        assert (new is not None and new is not old, get_encoder(name) is new) == (True, True)
        kept = encoder_of_weights(name, first)
        assert kept is old and np.array_equal(kept.encode_texts(["red"]), vector)
    finally:
        encoder_module._encoders.pop(name, None)
        encoder_module._former.clear()
