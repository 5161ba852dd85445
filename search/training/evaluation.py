"""Figures that a training run logs and writes into its model card; the full measurements are `search.evaluation`'s."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

# torch and transformers are heavy: only the encoder, the detector and the training modules import them.
import torch
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer

from search.evaluation.nearest import FloatArray, ranks
from search.training.augment import plain
from search.training.captions import field_words
from search.training.data import Sample
from search.training.model import image_embeddings, preprocessing_of, text_embeddings


def zero_shot_accuracy(images: FloatArray, prompts: FloatArray, labels: NDArray[np.int64]) -> float:
    """Share of images whose nearest prompt is their label's; labels < 0 are left out."""
    known = labels >= 0
    return float(((images[known] @ prompts.T).argmax(axis=1) == labels[known]).mean()) if known.any() else 0.0


def precision_at(queries: FloatArray, documents: FloatArray, relevant: Sequence[NDArray[np.bool_]], k: int) -> float:
    """Mean share of the k nearest documents that are relevant."""
    shares = []
    for query, mask in zip(queries, relevant, strict=True):
        best = np.argpartition(-(documents @ query), k)[:k]
        shares.append(float(mask[best].mean()))
    return float(np.mean(shares)) if shares else 0.0


@torch.inference_mode()
def embed_photos(model: SentenceTransformer, photos: NDArray[np.uint8], rows: Sequence[int]) -> FloatArray:
    """Unit rows of the cached photos, unchanged by augmentation."""
    preprocessing = preprocessing_of(model)
    parts = []
    for start in range(0, len(rows), 256):
        pixels = plain(torch.from_numpy(photos[np.asarray(rows[start : start + 256])]), preprocessing)
        parts.append(image_embeddings(model, pixels.to(model.device)))
    return np.asarray(torch.cat(parts).cpu().numpy(), dtype=np.float32)


@torch.inference_mode()
def embed_texts(model: SentenceTransformer, texts: Sequence[str]) -> FloatArray:
    """Unit rows of the texts."""
    parts = [text_embeddings(model, texts[start : start + 256]) for start in range(0, len(texts), 256)]
    return np.asarray(torch.cat(parts).cpu().numpy(), dtype=np.float32)


def held_out_figures(
    model: SentenceTransformer, samples: Sequence[Sample], photos: NDArray[np.uint8]
) -> dict[str, float]:
    """Title -> photo recall among the held-out photos, and zero-shot accuracy by field, on samples held out."""
    figures: dict[str, float] = {}
    for source in dict.fromkeys(sample.source for sample in samples):
        rows = [i for i, s in enumerate(samples) if s.is_validation and s.source == source]
        if not rows:
            continue
        images = embed_photos(model, photos, rows)
        for field in ("kind", "color"):
            names = sorted({getattr(samples[i].attributes, field) for i in rows} - {""})
            if len(names) < 2:
                continue
            prompts = embed_texts(model, [field_words(field, name)[0] for name in names])
            labels = np.array([names.index(v) if (v := getattr(samples[i].attributes, field)) else -1 for i in rows])
            figures[f"{source} zero-shot {field}"] = round(zero_shot_accuracy(images, prompts, labels), 4)
        if all(samples[i].title for i in rows):
            titles = embed_texts(model, [samples[i].title.lower() for i in rows])
            own = ranks(titles, images, np.arange(len(rows))[:, None])
            figures[f"{source} held-out title R@10"] = round(float((own <= 10).mean()), 4)
    return figures


def final_figures(model: SentenceTransformer, samples: Sequence[Sample], photos: NDArray[np.uint8]) -> dict[str, float]:
    """`held_out_figures`, and the fashion set's held-out titles against all its products, one photo each."""
    figures = held_out_figures(model, samples, photos)
    first: dict[str, int] = {}
    for i, sample in enumerate(samples):
        if sample.source == "fashion":
            first.setdefault(sample.key, i)
    rows = list(first.values())
    queries = [place for place, i in enumerate(rows) if samples[i].is_validation]
    if not queries:
        return figures
    images = embed_photos(model, photos, rows)
    titles = embed_texts(model, [samples[rows[place]].title.lower() for place in queries])
    own = ranks(titles, images, np.array(queries)[:, None])
    figures["fashion all photos title R@10"] = round(float((own <= 10).mean()), 4)
    figures["fashion all photos title MRR"] = round(float((1 / own).mean()), 4)
    for field in ("kind", "color"):
        values = [getattr(samples[i].attributes, field) for i in rows]
        names = sorted({value for value in values if value and values.count(value) >= 10})
        prompts = embed_texts(model, [field_words(field, name)[0] for name in names])
        relevant = [np.array([value == name for value in values]) for name in names]
        figures[f"fashion {field} to product P@10"] = round(precision_at(prompts, images, relevant, 10), 4)
    return figures
