"""The training loop: batches, schedule, EMA, checkpoints with resume, and what is logged."""

from __future__ import annotations

import copy
import logging
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

# torch and sentence-transformers are heavy: only the encoder, the detector and the training modules import them.
import torch
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer
from torch.nn.utils import clip_grad_norm_
from torch.utils.data import DataLoader

from search.training.batches import Batch, Batches, Request, requests
from search.training.data import Sample
from search.training.evaluation import held_out_figures
from search.training.losses import Memory, contrastive_loss, prompt_loss, view_loss
from search.training.model import Heads, image_embeddings, preprocessing_of, save_encoder, text_embeddings

logger = logging.getLogger(__name__)

# How much of the run is done, the step's loss, the latest validation's title recall at 10.
OnStep = Callable[[float, float, float], None]
CHECKPOINT, LATEST = "checkpoint.pt", "latest"


@dataclass(frozen=True, slots=True)
class Plan:
    """One run's settings. The schedule ends after `minutes` of training, however busy the machine is, or after `steps`.

    `focus_from` is the share of the run after which half of every other batch shares one kind; from `weak_from` on photos
    are changed half as much, nearer to what is searched (arXiv 1906.06423). `memory` is how many earlier titles and photos
    are negatives too. `ema_decay` grows to its value over the first steps. `patience` validations without a better title
    recall end the run; 0 = never. `workers` are processes that prepare batches beside the training one.
    """

    minutes: float
    steps: int | None = None
    batch: int = 256
    learning_rate: float = 1.5e-3
    weight_decay: float = 0.05
    warmup_steps: int = 100
    focus_from: float = 0.2
    weak_from: float = 0.85
    memory: int = 4096
    heads_weight: float = 0.3
    prompts_weight: float = 0.5
    views_weight: float = 0.5
    ema_decay: float = 0.998
    log_every_s: float = 30.0
    validate_every_s: float = 600.0
    patience: int = 0
    workers: int = 0
    seed: int = 0


class Trainer:
    """Holds a run's state (weights, EMA, optimiser, memory, seconds trained), saved whole for an exact resume."""

    def __init__(
        self, model: SentenceTransformer, *, samples: Sequence[Sample], photos: NDArray[np.uint8], plan: Plan
    ) -> None:
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.model = model.to(self.device)
        self.samples, self.photos, self.plan = samples, photos, plan
        self.preprocessing = preprocessing_of(model)
        self.batches = Batches(samples, photos, preprocessing=self.preprocessing, size=plan.batch, seed=plan.seed)
        dimension = text_embeddings(model, ["dimension"]).shape[1]
        classes = {field: len(values) for field, values in self.batches.values.items() if len(values) > 1}
        self.heads = Heads(dimension, classes).to(self.device)
        # The temperature of the contrastive losses, e ** 2.66 = 14 at first, as CLIP's; models keep none for search.
        self.scale = torch.nn.Parameter(torch.tensor(2.66, device=self.device))
        self.memory = Memory(plan.memory, dimension, self.device)
        self.ema = {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}
        parameters = [*model.parameters(), *self.heads.parameters(), self.scale]
        self.parameters = [parameter for parameter in parameters if parameter.requires_grad]
        self.optimiser = torch.optim.AdamW(
            [
                {"params": [p for p in self.parameters if p.ndim >= 2], "weight_decay": plan.weight_decay},
                {"params": [p for p in self.parameters if p.ndim < 2], "weight_decay": 0.0},
            ],
            lr=plan.learning_rate,
            betas=(0.9, 0.98),
        )
        self.threads = torch.get_num_threads()
        self.step, self.trained_s = 0, 0.0
        self.recall, self.best, self.since_best = 0.0, 0.0, 0
        self._stream: Iterator[Batch] | None = None

    @property
    def progress(self) -> float:
        """0 at the start, 1 at the end of the planned steps or time."""
        if self.plan.steps is not None:
            return self.step / self.plan.steps
        return self.trained_s / (self.plan.minutes * 60)

    @property
    def temperature(self) -> torch.Tensor:
        """What similarities are multiplied by, learned, at most 100."""
        return self.scale.exp().clamp(max=100)

    def _request(self, step: int) -> Request:
        progress = step / self.plan.steps if self.plan.steps is not None else self.progress
        return Request(
            step,
            is_focused=progress > self.plan.focus_from,
            strength=1.0 if progress < self.plan.weak_from else 0.5,
        )

    def _next_batch(self) -> Batch:
        if self._stream is None:
            workers = self.plan.workers
            loader: DataLoader[Batch] = DataLoader(
                self.batches,
                batch_size=None,
                sampler=requests(self.step, self._request),
                num_workers=workers,
                prefetch_factor=3 if workers else None,
            )
            self._stream = iter(loader)
        return next(self._stream)

    def train_step(self) -> float:
        """One step on the next batch; returns the loss."""
        batch = self._next_batch()
        texts = [*(batch.captions.texts if batch.captions else []), *(t for ts in batch.prompts.values() for t in ts)]
        with torch.autocast(self.device.type, torch.bfloat16):
            pixels = torch.cat([batch.pixels, batch.views]).to(self.device, memory_format=torch.channels_last)
            images = image_embeddings(self.model, pixels)
            titles = text_embeddings(self.model, batch.titles) if len(batch.titles) > 1 else None
            short = text_embeddings(self.model, texts) if texts else None
        loss = self._loss(batch, images, titles, short)
        self._update(loss)
        return float(loss.detach())

    def _loss(
        self, batch: Batch, images: torch.Tensor, titles: torch.Tensor | None, short: torch.Tensor | None
    ) -> torch.Tensor:
        plan, to = self.plan, self.device
        images, views = images[: len(batch.pixels)], images[len(batch.pixels) :]
        labels = {field: codes.to(to) for field, codes in batch.labels.items()}
        loss: torch.Tensor = plan.heads_weight * self.heads(images, labels)
        if len(views) > 1:
            loss = loss + plan.views_weight * view_loss(images, views, batch.keys.to(to))
        if titles is not None:
            codes, photos = batch.title_codes.to(to), images[batch.titled.to(to)]
            loss = loss + self.memory.loss(titles, photos, codes, self.temperature)
            if self.progress > plan.focus_from / 2:  # before that the rows move too fast to be remembered
                self.memory.write(titles, photos, codes)
        return loss if short is None else loss + self._short_loss(batch, images, labels, short)

    def _short_loss(
        self, batch: Batch, images: torch.Tensor, labels: dict[str, torch.Tensor], short: torch.Tensor
    ) -> torch.Tensor:
        """Attribute captions against the batch's photos, and each photo against one prompt for every value of a field."""
        loss, at = torch.zeros((), device=self.device), 0
        if batch.captions:
            part, at = batch.captions, len(batch.captions.texts)
            logits = self.temperature * short[:at] @ images[part.places.to(self.device)].T
            loss = loss + contrastive_loss(logits, part.positive.to(self.device), part.unknown.to(self.device))
        for field, texts in batch.prompts.items():
            rows, at = short[at : at + len(texts)], at + len(texts)
            known = labels[field] >= 0
            if known.any():
                logits = self.temperature * images[known] @ rows.T
                loss = loss + self.plan.prompts_weight * prompt_loss(logits, labels[field][known])
        return loss

    def _update(self, loss: torch.Tensor) -> None:
        plan = self.plan
        warm = min(1.0, (self.step + 1) / plan.warmup_steps)
        rate = plan.learning_rate * warm * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(1.0, self.progress))))
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        self.optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        clip_grad_norm_(self.parameters, 1.0)
        self.optimiser.step()
        self.step += 1
        decay = min(plan.ema_decay, (1 + self.step) / (20 + self.step))
        for name, tensor in self.model.state_dict().items():
            if tensor.is_floating_point():
                self.ema[name].lerp_(tensor, 1 - decay)
            else:  # batch normalisation counts its batches
                self.ema[name].copy_(tensor)

    def run(self, work: Path, *, on_step: OnStep | None = None) -> None:
        """Trains until the planned time is used; logs, validates, and saves `checkpoint.pt` and a usable model in `latest`."""
        self.model.train()
        losses: list[float] = []
        logged_s = saved_s = self.trained_s
        while self.progress < 1 and not (self.plan.patience and self.since_best >= self.plan.patience):
            started = time.perf_counter()
            losses.append(self.train_step())
            self.trained_s += time.perf_counter() - started
            if on_step is not None:
                on_step(min(1.0, self.progress), losses[-1], self.recall)
            if self.trained_s - logged_s >= self.plan.log_every_s:
                seen = self.step * self.plan.batch / max(1, len(self.batches.train))
                rate = len(losses) * self.plan.batch / (self.trained_s - logged_s)
                logger.info(
                    "step %d, %.1f of %.1f min, epoch %.2f, loss %.3f, %.0f photos/s",
                    self.step, self.trained_s / 60, self.plan.minutes, seen, float(np.mean(losses)), rate,
                )  # fmt: skip
                losses, logged_s = [], self.trained_s
            if self.trained_s - saved_s >= self.plan.validate_every_s:
                self._stand(work)
                saved_s = self.trained_s
        self._stand(work)

    def _stand(self, work: Path) -> None:
        smoothed = self.smoothed()
        figures = held_out_figures(smoothed, self.samples, self.photos)
        self.recall = float(np.mean([value for name, value in figures.items() if name.endswith("R@10")] or [0.0]))
        self.since_best = 0 if self.recall > self.best else self.since_best + 1
        self.best = max(self.best, self.recall)
        save_encoder(smoothed, work / LATEST)
        self.save(work / CHECKPOINT)
        logger.info("validation %s", figures)

    def smoothed(self) -> SentenceTransformer:
        """A copy of the model with the EMA weights, in evaluation mode: what is validated and shipped."""
        model = copy.deepcopy(self.model)
        model.load_state_dict(self.ema)
        model.train(False)
        return model

    def save(self, path: Path) -> None:
        """Writes the whole state beside the final name first, so that a crash leaves the older checkpoint."""
        state = {
            "model": self.model.state_dict(),
            "ema": self.ema,
            "heads": self.heads.state_dict(),
            "scale": self.scale.detach(),
            "memory": self.memory,
            "optimiser": self.optimiser.state_dict(),
            "torch_random": torch.get_rng_state(),
            "step": self.step,
            "trained_s": self.trained_s,
            "best": (self.best, self.since_best),
            "plan": asdict(self.plan),
        }
        part = path.with_suffix(".part")
        torch.save(state, part)
        part.replace(path)

    def load(self, path: Path) -> None:
        """Continues exactly where a checkpoint of the same samples and plan stood."""
        # Our own file: it holds the memory, a class that torch's safe unpickler does not know.
        state: dict[str, Any] = torch.load(path, weights_only=False, map_location=self.device)
        self.model.load_state_dict(state["model"])
        self.ema = state["ema"]
        self.heads.load_state_dict(state["heads"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.scale.data.copy_(state["scale"])
        self.memory = state["memory"]
        torch.set_rng_state(state["torch_random"].cpu())
        self.step, self.trained_s = state["step"], state["trained_s"]
        self.best, self.since_best = state["best"]
        self._stream = None
