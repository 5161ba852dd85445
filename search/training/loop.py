"""The training loop: batches, schedule, EMA, checkpoints with resume, and what is logged."""

from __future__ import annotations

import logging
import math
import random
import time
from collections import Counter
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
from search.training.captions import FIELDS, Caption, draw_caption, draw_title
from search.training.data import Sample
from search.training.evaluation import held_out_figures
from search.training.losses import attribute_codes, contrastive_loss, match_captions
from search.training.model import Heads, image_embeddings, save_encoder, shape_of, text_embeddings

logger = logging.getLogger(__name__)

CHECKPOINT, LATEST = "checkpoint.pt", "latest"
SOURCE_WEIGHTS = {"fashion": 1.0, "home": 2.5, "street": 0.8, "demo": 2.0}
BALANCE = 0.3  # a kind with n photos is drawn in proportion to n ** (1 - BALANCE)


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
    heads_weight: float = 0.5
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
        codes, self.values = attribute_codes([sample.attributes for sample in samples])
        self.codes = torch.from_numpy(codes)
        self.train = np.array([i for i, sample in enumerate(samples) if not sample.is_validation])
        self.weights = sampling_weights([samples[i] for i in self.train])
        self.by_kind = self._by_kind()
        self.heads = Heads(self.shape.dimension, {f: len(v) for f, v in self.values.items() if len(v) > 1})
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
        self.python_random = random.Random(plan.seed)
        self.numpy_random = np.random.default_rng(plan.seed)
        self.torch_random = torch.Generator().manual_seed(plan.seed)

    def _by_kind(self) -> list[NDArray[np.int64]]:
        kinds = self.codes[torch.from_numpy(self.train), FIELDS.index("kind")].numpy()
        groups = (self.train[kinds == kind] for kind in range(len(self.values["kind"])))
        return [members for members in groups if len(members) >= self.plan.batch // 2]

    @property
    def progress(self) -> float:
        """0 at the start, 1 at the end of the planned steps or time."""
        if self.plan.steps is not None:
            return self.step / self.plan.steps
        return self.trained_s / (self.plan.minutes * 60)

    def draw_batch(self) -> NDArray[np.int64]:
        """Row numbers of a batch: class-balanced; half of every other batch shares one kind, for hard negatives."""
        n = self.plan.batch
        chosen = self.numpy_random.choice(self.train, size=n, replace=False, p=self.weights)
        if self.by_kind and self.progress > self.plan.focus_from and self.numpy_random.random() < 0.5:
            members = self.by_kind[self.numpy_random.integers(len(self.by_kind))]
            chosen = np.unique(
                np.concatenate([chosen[: n // 2], self.numpy_random.choice(members, size=n // 2, replace=False)])
            )
        return np.sort(chosen)

    def train_step(self) -> float:
        """One step on a fresh batch; returns the loss."""
        rows = self.draw_batch()
        keep = self.plan.keep if self.progress < self.plan.full_from else 1.0
        pixels = augment(torch.from_numpy(self.photos[rows]), self.shape.side_px, Strength(), self.torch_random)
        codes = self.codes[torch.from_numpy(rows)]
        samples = [self.samples[i] for i in rows]
        captions, owners = self._draw_captions(samples)
        with torch.autocast("cpu", torch.bfloat16):
            images = image_embeddings(self.model, pixels, keep=keep, generator=self.torch_random)
            # Apart, because a batch is as wide as its longest text, and attribute captions are short.
            texts = [text_embeddings(self.model, self.tokenizer, [c.text for c in part]) for part in captions]
        scale = self.model.logit_scale.exp().clamp(max=100)
        loss = self.plan.heads_weight * self.heads(images, {field: codes[:, i] for i, field in enumerate(FIELDS)})
        for part, rows_of_part, embeddings in zip(captions, owners, texts, strict=True):
            positive, unknown = self._targets(part, codes[rows_of_part])
            loss = loss + contrastive_loss(scale * embeddings @ images[rows_of_part].T, positive, unknown)
        self._update(loss)
        return float(loss.detach())

    def _draw_captions(self, samples: Sequence[Sample]) -> tuple[list[list[Caption]], list[torch.Tensor]]:
        """Titles and attribute captions, and for each list the places in the batch that they belong to."""
        titles = [Caption(draw_title(s.title, self.python_random), ()) if s.title else None for s in samples]
        drawn = [draw_caption(s.attributes, self.python_random) for s in samples]
        captions, owners = [], []
        for part in (titles, drawn):
            places = [place for place, caption in enumerate(part) if caption is not None]
            if len(places) > 1:
                captions.append([caption for caption in part if caption is not None])
                owners.append(torch.tensor(places))
        return captions, owners

    @staticmethod
    def _targets(captions: Sequence[Caption], codes: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        if captions[0].fields:
            return match_captions(captions, codes)
        texts = np.array([caption.text for caption in captions])
        same = torch.from_numpy(texts[:, None] == texts[None, :])
        return same, torch.zeros_like(same)

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
                seen = self.step * self.plan.batch / max(1, len(self.train))
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
            "random": (
                self.python_random.getstate(),
                self.numpy_random.bit_generator.state,
                self.torch_random.get_state(),
            ),
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
        python_state, numpy_state, torch_state = state["random"]
        self.python_random.setstate(python_state)
        self.numpy_random.bit_generator.state = numpy_state
        self.torch_random.set_state(torch_state)


def sampling_weights(samples: Sequence[Sample]) -> NDArray[np.float64]:
    """Each photo's chance to be drawn: rare kinds more often than their share, by source."""
    counts = Counter((s.source, s.attributes.kind) for s in samples)
    weights = np.array(
        [SOURCE_WEIGHTS[s.source] * min(8.0, (2000 / counts[s.source, s.attributes.kind]) ** BALANCE) for s in samples]
    )
    return np.asarray(weights / weights.sum(), dtype=np.float64)
