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

from catalog.models import Store
from search.training.behaviour import read_triples, with_behaviour
from search.training.captions import Attributes, draw_caption
from search.training.card import write_card
from search.training.catalogue import read_catalogue
from search.training.data import Sample, cache_photos, read_fashion, read_folder, read_home, read_street
from search.training.drawings import draw_demo
from search.training.evaluation import final_figures
from search.training.loop import CHECKPOINT, LATEST, OnStep, Plan, Trainer
from search.training.model import Shape, load_model, new_model, save_encoder, train_tokenizer
from search.training.vocabulary import SHOP_WORDS

logger = logging.getLogger(__name__)

CACHE_SIDE_PX = 96
VOCAB_SIZE = 7000


class NothingToLearn(ValueError):
    """Too few photos for a run; the message says how many there are."""


@dataclass(frozen=True, slots=True)
class RunSettings:
    """What `train_encoder` was asked to do; `sets` maps fashion, home and street to their zips, `store`'s photos are added."""

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
    store: Store | None = None
    triples: Path | None = None


def read_samples(settings: RunSettings) -> list[Sample]:
    """The samples of all the given sets, in a fixed order."""
    readers = {"fashion": read_fashion, "home": read_home, "street": read_street}
    samples = [sample for name, path in settings.sets.items() for sample in readers[name](path)]
    if settings.store:
        samples += read_catalogue(settings.store)
    samples += [sample for folder in settings.folders for sample in read_folder(folder)]
    for seed in settings.demo_seeds:
        folder = settings.work / f"demo-{seed}-{settings.demo_count}"
        draw_demo(folder, seed=seed, count=settings.demo_count)
        samples += read_folder(folder, source="demo")
    if settings.triples:
        samples, products = with_behaviour(samples, read_triples(settings.triples))
        logger.info("%s: queries for %d products with training photos", settings.triples.name, products)
    return samples


def train(settings: RunSettings, *, on_step: OnStep | None = None) -> dict[str, float]:
    """Trains, saves the model folder with its card, and returns the held-out figures. Raises `InvalidTriples`, `NothingToLearn`.

    `on_step` hears of every step: how much of the run is done (0 to 1), its loss, and the latest validation's recall.
    """
    torch.set_num_threads(settings.threads)
    torch.manual_seed(settings.seed)
    samples = read_samples(settings)
    _check(samples, settings)
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
    trainer.run(settings.work, on_step=on_step)
    smoothed = trainer.smoothed()
    save_encoder(smoothed, settings.output)
    figures = final_figures(smoothed, samples, photos)
    write_card(settings.output, trainer=trainer, figures=figures, start_from=settings.start_from)
    return figures


def _check(samples: Sequence[Sample], settings: RunSettings) -> None:
    """Before hours of work: enough photos, and captions to learn from."""
    useful = sum(not s.is_validation and bool(s.title or s.queries or s.attributes != Attributes()) for s in samples)
    if useful < settings.batch:
        raise NothingToLearn(
            f"Only {useful} training photos have a title or attributes, fewer than one batch of {settings.batch}:"
            " give more photos, or a smaller --batch."
        )


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
