"""The training loop: batches, schedule, EMA, checkpoints with resume, and what is logged."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

# torch and transformers are heavy: only the encoder, the detector and the training modules import them.
import torch
from numpy.typing import NDArray
from torch.nn.utils import clip_grad_norm_
from transformers import CLIPModel, CLIPTokenizer

from search.training.augment import Strength, augment
from search.training.batches import Batches
from search.training.data import Sample
from search.training.evaluation import held_out_figures
from search.training.losses import contrastive_loss
from search.training.model import Heads, image_embeddings, save_encoder, shape_of, text_embeddings

logger = logging.getLogger(__name__)

CHECKPOINT, LATEST = "checkpoint.pt", "latest"


@dataclass(frozen=True, slots=True)
class Plan:
    """One run's settings. The schedule ends after `minutes` of training, however busy the machine is, or after `steps`.

    `keep` is the share of patches that is seen until `full_from` of the run; `focus_from` is when half of every other
    batch begins to share one kind. `ema_decay` grows to its value over the first steps.
    """

    minutes: float
    steps: int | None = None
    batch: int = 128
    learning_rate: float = 1e-3
    weight_decay: float = 0.1
    warmup_steps: int = 60
    keep: float = 0.5
    full_from: float = 0.8
    focus_from: float = 0.3
    heads_weight: float = 1.0
    ema_decay: float = 0.998
    log_every_s: float = 30.0
    validate_every_s: float = 600.0
    seed: int = 0


class Trainer:
    """Holds a run's state (weights, EMA, optimiser, seconds trained, random generators), saved whole for an exact resume."""

    def __init__(
        self,
        model: CLIPModel,
        tokenizer: CLIPTokenizer,
        *,
        samples: Sequence[Sample],
        photos: NDArray[np.uint8],
        plan: Plan,
    ) -> None:
        self.model, self.tokenizer, self.samples, self.photos, self.plan = model, tokenizer, samples, photos, plan
        self.shape = shape_of(model)
        self.batches = Batches(samples, size=plan.batch, seed=plan.seed)
        classes = {field: len(values) for field, values in self.batches.values.items() if len(values) > 1}
        self.heads = Heads(self.shape.dimension, classes)
        self.ema = {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}
        parameters = [*model.named_parameters(), *self.heads.named_parameters()]
        self.optimiser = torch.optim.AdamW(
            [
                {"params": [p for _, p in parameters if p.ndim >= 2], "weight_decay": plan.weight_decay},
                {"params": [p for _, p in parameters if p.ndim < 2], "weight_decay": 0.0},
            ],
            lr=plan.learning_rate,
            betas=(0.9, 0.98),
        )
        self.threads = torch.get_num_threads()
        self.step, self.trained_s = 0, 0.0
        self.torch_random = torch.Generator().manual_seed(plan.seed)

    @property
    def progress(self) -> float:
        """0 at the start, 1 at the end of the planned steps or time."""
        if self.plan.steps is not None:
            return self.step / self.plan.steps
        return self.trained_s / (self.plan.minutes * 60)

    def train_step(self) -> float:
        """One step on a fresh batch; returns the loss."""
        plan = self.plan
        batch = self.batches.draw(is_focused=self.progress > plan.focus_from)
        keep = plan.keep if self.progress < plan.full_from else 1.0
        pixels = augment(torch.from_numpy(self.photos[batch.rows]), self.shape.side_px, Strength(), self.torch_random)
        with torch.autocast("cpu", torch.bfloat16):
            images = image_embeddings(self.model, pixels, keep=keep, generator=self.torch_random)
            texts = [text_embeddings(self.model, self.tokenizer, part.texts) for part in batch.parts]
        scale = self.model.logit_scale.exp().clamp(max=100)
        loss = plan.heads_weight * self.heads(images, batch.labels)
        for part, embeddings in zip(batch.parts, texts, strict=True):
            logits = scale * embeddings @ images[part.places].T
            loss = loss + contrastive_loss(logits, part.positive, part.unknown)
        self._update(loss)
        return float(loss.detach())

    def _update(self, loss: torch.Tensor) -> None:
        plan = self.plan
        warm = min(1.0, (self.step + 1) / plan.warmup_steps)
        rate = plan.learning_rate * warm * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(1.0, self.progress))))
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        self.optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        clip_grad_norm_([*self.model.parameters(), *self.heads.parameters()], 1.0)
        self.optimiser.step()
        self.step += 1
        decay = min(plan.ema_decay, (1 + self.step) / (20 + self.step))
        for name, tensor in self.model.state_dict().items():
            self.ema[name].lerp_(tensor, 1 - decay)

    def run(self, work: Path) -> None:
        """Trains until the planned time is used; logs, validates, and saves `checkpoint.pt` and a usable model in `latest`."""
        self.model.train()
        losses: list[float] = []
        logged_s = saved_s = self.trained_s
        while self.progress < 1:
            started = time.perf_counter()
            losses.append(self.train_step())
            self.trained_s += time.perf_counter() - started
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
        save_encoder(smoothed, self.tokenizer, work / LATEST)
        self.save(work / CHECKPOINT)
        figures = held_out_figures(smoothed, self.tokenizer, self.samples, self.photos)
        logger.info("validation %s", figures)

    def smoothed(self) -> CLIPModel:
        """A copy of the model with the EMA weights, in evaluation mode: what is validated and shipped."""
        model = CLIPModel(self.model.config)
        model.load_state_dict(self.ema)
        model.train(False)
        return model

    def save(self, path: Path) -> None:
        """Writes the whole state beside the final name first, so that a crash leaves the older checkpoint."""
        state = {
            "model": self.model.state_dict(),
            "ema": self.ema,
            "heads": self.heads.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "step": self.step,
            "trained_s": self.trained_s,
            "random": (self.batches.state(), self.torch_random.get_state()),
            "plan": asdict(self.plan),
        }
        part = path.with_suffix(".part")
        torch.save(state, part)
        part.replace(path)

    def load(self, path: Path) -> None:
        """Continues exactly where a checkpoint of the same samples and plan stood."""
        # Our own file: it holds generator states, which torch's safe unpickler does not know.
        state: dict[str, Any] = torch.load(path, weights_only=False)
        self.model.load_state_dict(state["model"])
        self.ema = state["ema"]
        self.heads.load_state_dict(state["heads"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.step, self.trained_s = state["step"], state["trained_s"]
        batches_state, torch_state = state["random"]
        self.batches.restore(batches_state)
        self.torch_random.set_state(torch_state)
