"""One training run from files to a model folder: read, cache, train, measure, save, write the card."""

from __future__ import annotations

import logging
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

# torch and transformers are heavy: only the encoder, the detector and the training modules import them.
import torch
from sentence_transformers import SentenceTransformer

from search.training.captions import draw_caption
from search.training.card import write_card
from search.training.data import Sample, cache_photos, read_fashion, read_folder, read_home, read_street
from search.training.drawings import draw_demo
from search.training.evaluation import final_figures
from search.training.loop import CHECKPOINT, LATEST, Plan, Trainer
from search.training.model import Shape, load_model, new_model, save_encoder, train_tokenizer
from search.training.vocabulary import SHOP_WORDS

logger = logging.getLogger(__name__)

CACHE_SIDE_PX = 96
VOCAB_SIZE = 7000


@dataclass(frozen=True, slots=True)
class RunSettings:
    """What `train_encoder` was asked to do; `sets` maps fashion, home and street to their zips."""

    sets: Mapping[str, Path]
    folders: Sequence[Path]
    demo_seeds: Sequence[int]
    demo_count: int
    work: Path
    output: Path
    minutes: float
    steps: int | None
    batch: int
    learning_rate: float
    start_from: str | None
    is_resumed: bool
    threads: int
    workers: int
    patience: int
    seed: int = 0


def read_samples(settings: RunSettings) -> list[Sample]:
    """The samples of all the given sets, in a fixed order."""
    readers = {"fashion": read_fashion, "home": read_home, "street": read_street}
    samples = [sample for name, path in settings.sets.items() for sample in readers[name](path)]
    folders = list(settings.folders)
    for seed in settings.demo_seeds:
        folder = settings.work / f"demo-{seed}-{settings.demo_count}"
        draw_demo(folder, seed=seed, count=settings.demo_count)
        folders.append(folder)
    return [*samples, *(sample for folder in folders for sample in read_folder(folder))]


def train(settings: RunSettings) -> dict[str, float]:
    """Trains, saves the model folder with its card, and returns the held-out figures."""
    torch.set_num_threads(settings.threads)
    torch.manual_seed(settings.seed)
    samples = read_samples(settings)
    photos = cache_photos(samples, settings.work, side_px=CACHE_SIDE_PX)
    model = _starting_point(settings, samples)
    plan = Plan(
        minutes=settings.minutes,
        steps=settings.steps,
        batch=settings.batch,
        learning_rate=settings.learning_rate,
        workers=settings.workers,
        patience=settings.patience,
        seed=settings.seed,
    )
    trainer = Trainer(model, samples=samples, photos=photos, plan=plan)
    checkpoint = settings.work / CHECKPOINT
    if settings.is_resumed and checkpoint.exists():
        trainer.load(checkpoint)
        logger.info("continuing at step %d, %.1f min", trainer.step, trainer.trained_s / 60)
    trainer.run(settings.work)
    smoothed = trainer.smoothed()
    save_encoder(smoothed, settings.output)
    figures = final_figures(smoothed, samples, photos)
    write_card(settings.output, trainer=trainer, figures=figures, start_from=settings.start_from)
    return figures


def _starting_point(settings: RunSettings, samples: Sequence[Sample]) -> SentenceTransformer:
    """The model folder to continue or to fine-tune, or new weights and a tokenizer learned from the training captions."""
    latest = settings.work / LATEST
    folder = str(latest) if settings.is_resumed and latest.exists() else settings.start_from
    if folder:
        return load_model(folder)
    generator = random.Random(settings.seed)
    training = [sample for sample in samples if not sample.is_validation]
    texts = [sample.title for sample in training if sample.title]
    drawn = (draw_caption(sample.attributes, generator) for sample in training)
    texts += [caption.text for caption in drawn if caption is not None]
    tokenizer = train_tokenizer([*texts, *([SHOP_WORDS] * 10)], vocab_size=VOCAB_SIZE)
    return new_model(tokenizer, Shape())
