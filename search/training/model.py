"""The compact CLIP: its shape, its tokenizer, and how a trained one is saved as a folder that loads unaided."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# torch and transformers are heavy: only the encoder, the detector and the training modules import them.
import torch
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers
from torch import nn
from torch.nn import functional
from transformers import CLIPConfig, CLIPImageProcessorPil, CLIPModel, CLIPProcessor, CLIPTokenizer

from search.training.augment import CLIP_MEAN, CLIP_STD

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
    """The sizes of a `CLIPModel`: photo tower, text tower, and the space that they share."""

    side_px: int = 80
    patch_px: int = 10
    width: int = 192
    depth: int = 6
    text_width: int = 192
    text_depth: int = 2
    dimension: int = 256
    vocab_size: int = 0


def shape_of(model: CLIPModel) -> Shape:
    """Reads the sizes back from a model's configuration."""
    config: Any = model.config
    vision, text = config.vision_config, config.text_config
    return Shape(
        side_px=vision.image_size,
        patch_px=vision.patch_size,
        width=vision.hidden_size,
        depth=vision.num_hidden_layers,
        text_width=text.hidden_size,
        text_depth=text.num_hidden_layers,
        dimension=config.projection_dim,
        vocab_size=text.vocab_size,
    )


def new_model(tokenizer: CLIPTokenizer, shape: Shape) -> CLIPModel:
    """A `CLIPModel` of that shape with random weights, its vocabulary as large as the tokenizer's."""
    config = CLIPConfig(
        text_config={
            "vocab_size": len(tokenizer),
            "hidden_size": shape.text_width,
            "intermediate_size": 4 * shape.text_width,
            "num_hidden_layers": shape.text_depth,
            "num_attention_heads": shape.text_width // 64,
            "max_position_embeddings": CONTEXT_TOKENS,
            "bos_token_id": tokenizer.bos_token_id,
            "eos_token_id": tokenizer.eos_token_id,
            "pad_token_id": tokenizer.pad_token_id,
        },
        vision_config={
            "hidden_size": shape.width,
            "intermediate_size": 4 * shape.width,
            "num_hidden_layers": shape.depth,
            "num_attention_heads": shape.width // 64,
            "image_size": shape.side_px,
            "patch_size": shape.patch_px,
        },
        projection_dim=shape.dimension,
    )
    return CLIPModel(config)


def image_embeddings(
    model: CLIPModel, pixels: torch.Tensor, *, keep: float, generator: torch.Generator
) -> torch.Tensor:
    """Unit rows (n, d). `keep` < 1 drops that share of the patches at random, as FLIP does (arXiv 2212.00794)."""
    vision = model.vision_model
    hidden = vision.embeddings(pixels)
    if keep < 1:
        n, tokens, width = hidden.shape
        kept = max(1, int((tokens - 1) * keep))
        order = torch.rand(n, tokens - 1, generator=generator).argsort(dim=1)[:, :kept] + 1
        index = torch.cat([torch.zeros(n, 1, dtype=torch.long), order.cpu()], dim=1).to(hidden.device)
        hidden = hidden.gather(1, index.unsqueeze(2).expand(-1, -1, width))
    hidden = vision.encoder(inputs_embeds=vision.pre_layrnorm(hidden)).last_hidden_state
    pooled = vision.post_layernorm(hidden[:, 0])
    return functional.normalize(model.visual_projection(pooled).float(), dim=-1)


def text_embeddings(model: CLIPModel, tokenizer: CLIPTokenizer, texts: Sequence[str]) -> torch.Tensor:
    """Unit rows (n, d); the batch is as wide as its longest text."""
    tokens = tokenizer(list(texts), padding=True, truncation=True, max_length=CONTEXT_TOKENS, return_tensors="pt")
    # Attention is causal and the end token is the pooled one, so that what pads after it cannot be seen: no mask needed.
    ids = tokens["input_ids"].to(model.device)
    pooled = model.text_model(input_ids=ids).pooler_output
    return functional.normalize(model.text_projection(pooled).float(), dim=-1)


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


def save_encoder(model: CLIPModel, tokenizer: CLIPTokenizer, folder: Path) -> None:
    """Weights as fp16 safetensors, tokenizer and preprocessing: a folder that sentence-transformers loads unaided."""
    side = shape_of(model).side_px
    square = {"height": side, "width": side}
    images = CLIPImageProcessorPil(
        # Squashed, not cropped: a shop's photo is the product from edge to edge, and training did the same.
        size=square,
        do_center_crop=False,
        crop_size=square,
        image_mean=list(CLIP_MEAN),
        image_std=list(CLIP_STD),
    )
    folder.mkdir(parents=True, exist_ok=True)
    half: Any = CLIPModel(model.config)
    half.load_state_dict(model.state_dict())
    half.half()
    half.save_pretrained(folder)
    processor: Any = CLIPProcessor
    processor(image_processor=images, tokenizer=tokenizer).save_pretrained(folder)
