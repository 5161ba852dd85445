"""The compact encoder's shape, any CLIP-family model as something to train, and how a trained one is saved.

A model is a `SentenceTransformer` throughout: what loads for search can be trained, and what was trained loads unaided.
"""

from __future__ import annotations

import copy
import json
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# torch, transformers and sentence-transformers are heavy: only the encoder, the detector and the training modules import them.
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import Router, Transformer
from sentence_transformers.sentence_transformer.modules import Dense, Pooling
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers
from torch import nn
from torch.nn import functional
from transformers import (
    CLIPImageProcessorPil,
    CLIPTokenizer,
    DistilBertConfig,
    DistilBertModel,
    ResNetConfig,
    ResNetModel,
)

from search.training.augment import CLIP_MEAN, CLIP_STD, Preprocessing

CONTEXT_TOKENS = 32
START, END = "<|startoftext|>", "<|endoftext|>"


def train_tokenizer(texts: Iterable[str], *, vocab_size: int) -> CLIPTokenizer:
    """A lower-case byte-level BPE of CLIP's own kind, learned from the captions; `<|endoftext|>` pads."""
    tokenizer = Tokenizer(models.BPE(unk_token=END, end_of_word_suffix="</w>"))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()]
    )
    pattern = Regex(r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(pattern, behavior="removed", invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        min_frequency=3,
        special_tokens=[START, END],
        initial_alphabet=alphabet,
        end_of_word_suffix="</w>",
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    model: dict[str, Any] = json.loads(tokenizer.to_str())["model"]
    vocab: dict[str, int] = model["vocab"]
    for character in sorted(alphabet):
        # Every byte may end a word; without these a lone letter would become the end token and cut the text off.
        vocab.setdefault(f"{character}</w>", len(vocab))
    merges: Any = [tuple(merge) for merge in model["merges"]]  # pairs, whatever transformers' annotation says
    return CLIPTokenizer(vocab=vocab, merges=merges, model_max_length=CONTEXT_TOKENS)


@dataclass(frozen=True, slots=True)
class Shape:
    """The compact encoder's sizes: a ResNet for photos, a small bidirectional transformer for words, one space.

    Measured on one core at 80 px: this ResNet trains 320 photos/s and encodes one in 2 ms, a ViT of patch 10, 6 layers of
    width 192, 230 photos/s and 4 ms; a convolution also needs fewer photos to learn from (docs/evaluation.md, the trials).
    """

    side_px: int = 80
    stem: int = 32
    stages: tuple[int, ...] = (48, 96, 192, 320)
    blocks: tuple[int, ...] = (2, 2, 2, 2)
    text_width: int = 192
    text_depth: int = 2
    dimension: int = 256


def new_model(tokenizer: CLIPTokenizer, shape: Shape) -> SentenceTransformer:
    """A model of that shape with random weights, its vocabulary as large as the tokenizer's."""
    photos: Any = ResNetModel(
        ResNetConfig(
            embedding_size=shape.stem, hidden_sizes=list(shape.stages), depths=list(shape.blocks), layer_type="basic"
        )
    )
    words: Any = DistilBertModel(
        DistilBertConfig(
            vocab_size=len(tokenizer),
            dim=shape.text_width,
            hidden_dim=4 * shape.text_width,
            n_layers=shape.text_depth,
            n_heads=shape.text_width // 64,
            max_position_embeddings=CONTEXT_TOKENS,
            pad_token_id=tokenizer.pad_token_id,
        )
    )
    square = {"height": shape.side_px, "width": shape.side_px}
    # Squashed, not cropped: a shop's photo is the product from edge to edge, and training does the same.
    processor: Any = CLIPImageProcessorPil(
        size=square, do_center_crop=False, crop_size=square, image_mean=list(CLIP_MEAN), image_std=list(CLIP_STD)
    )
    with tempfile.TemporaryDirectory() as folder:
        for part, name in ((photos, "photos"), (processor, "photos"), (words, "words"), (tokenizer, "words")):
            part.save_pretrained(f"{folder}/{name}")
        towers = {"image": Transformer(f"{folder}/photos"), "text": Transformer(f"{folder}/words")}
    widths = {"image": shape.stages[-1], "text": shape.text_width}
    routes: dict[str, list[Any]] = {
        name: [
            tower,
            Pooling(widths[name], "mean"),
            Dense(widths[name], shape.dimension, bias=False, activation_function=nn.Identity()),
        ]
        for name, tower in towers.items()
    }
    mappings: Any = {(None, name): name for name in routes}
    return SentenceTransformer(modules=[Router(routes, default_route="text", route_mappings=mappings)], device="cpu")


def load_model(name: str) -> SentenceTransformer:
    """A folder's or a cached hub model's weights in fp32, to be trained on."""
    return SentenceTransformer(name, device="cpu", model_kwargs={"dtype": torch.float32})


def _processors(model: SentenceTransformer) -> Iterator[Any]:
    for module in model.modules():
        if isinstance(module, Transformer):
            yield module.processor


def preprocessing_of(model: SentenceTransformer) -> Preprocessing:
    """The size, mean and deviation that the model's own image processor states.

    Raises: ValueError, if the model takes no photos.
    """
    for processor in _processors(model):
        images = getattr(processor, "image_processor", processor)
        if hasattr(images, "image_mean"):
            size = dict(images.crop_size if images.do_center_crop else images.size)
            side_px = size.get("height") or size["shortest_edge"]
            return Preprocessing(side_px, tuple(images.image_mean), tuple(images.image_std))
    raise ValueError("This model has no image processor: it cannot be trained on photos.")


def image_embeddings(model: SentenceTransformer, pixels: torch.Tensor) -> torch.Tensor:
    """(n, 3, side, side) normalised pixels -> unit rows (n, d)."""
    rows = model({"pixel_values": pixels, "modality": "image"})["sentence_embedding"]
    return functional.normalize(rows.float(), dim=-1)


def text_embeddings(model: SentenceTransformer, texts: Sequence[str]) -> torch.Tensor:
    """Unit rows (n, d); the batch is as wide as its longest text."""
    features = {key: value for key, value in model.preprocess(list(texts)).items()}
    features = {key: value.to(model.device) if torch.is_tensor(value) else value for key, value in features.items()}
    return functional.normalize(model(features)["sentence_embedding"].float(), dim=-1)


class Heads(nn.Module):
    """Linear classifiers on the image embedding, used while training only: they teach the photo tower early."""

    def __init__(self, dimension: int, classes: dict[str, int]) -> None:
        super().__init__()
        self.linears = nn.ModuleDict({field: nn.Linear(dimension, n) for field, n in classes.items()})

    def forward(self, embeddings: torch.Tensor, labels: dict[str, torch.Tensor]) -> torch.Tensor:
        """Mean cross-entropy over the fields; label -1 is not counted."""
        losses = []
        for field, linear in self.linears.items():
            known = labels[field] >= 0
            if known.any():
                logits = linear(embeddings[known] * 10)
                losses.append(functional.cross_entropy(logits, labels[field][known], label_smoothing=0.05))
        return torch.stack(losses).mean() if losses else embeddings.sum() * 0


def save_encoder(model: SentenceTransformer, folder: Path) -> None:
    """Weights as fp16 safetensors, tokenizer and preprocessing: a folder that sentence-transformers loads unaided."""
    half = copy.deepcopy(model).half()
    half.save(str(folder), create_model_card=False)
