"""Milliseconds of encoding a photo and a text, one thread: sentence-transformers beside ONNX Runtime in fp32 and int8.

    python benchmarks/encoding.py [--encoder FOLDER] [--rounds R] [--keep FOLDER]

On the true shape of CLIP ViT-B/32 (random weights: the time is the same) and on an encoder, by default the shipped one.
Every call of a round follows the other, so that a change of the machine's load hits all alike. Ratios are of processor
time, all threads counted, which a busy neighbour changes least; the clock's time stands beside it. Needs no service.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import psutil
import torch
from django.conf import settings
from numpy.typing import NDArray
from PIL import Image
from transformers import AutoTokenizer, CLIPConfig, CLIPImageProcessorPil, CLIPModel, CLIPProcessor

import benchmarks.configured  # noqa: F401
from benchmarks.machine import describe_machine
from search.encoder import Encoder
from search.onnx.exporting import PRECISIONS, export
from search.onnx.samples import LEAST, from_demo
from search.onnx.towers import Towers

WARM_UP = 3
BATCH = 8
# Every CLIP's text context; the shipped tokenizer is set to it for the large shape.
CLIP_TOKENS = 77
VIT = "CLIP ViT-B/32"
TORCH = "sentence-transformers"
WORDS = (3, 8, 25)
TEXTS = tuple(f"{words} words" for words in WORDS)
WORK = ("photo", f"{BATCH} photos", *TEXTS)
Call = Callable[[], NDArray[np.float32]]
Key = tuple[str, str, str]
"""Model, runtime, work."""


@dataclass(slots=True)
class Times:
    """Milliseconds of one call in each round: of the processor, and by the clock."""

    processor: list[float] = field(default_factory=list)
    clock: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        return float(np.median(self.processor))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--encoder", default=settings.ENCODER_MODEL, help="folder of the encoder beside ViT-B/32")
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--keep", type=Path, help="make the models in this folder, or find them there again")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.keep or Path(scratch)
        models = {VIT: random_vit_b_32(folder / "vit-b-32", options.encoder), "shipped": Path(options.encoder)}
        calls = {}
        for name, source in models.items():
            calls |= {(name, *key): call for key, call in calls_of(source, folder / f"{name}-exports").items()}
        times, others = measure(calls, options.rounds)
        cosines = {key: _nearness(calls, key) for key in calls}
    report(times, cosines, others=others, encoder=Path(options.encoder).name)


def random_vit_b_32(folder: Path, tokenizer_of: str) -> Path:
    """OpenAI's architecture (transformers' defaults, 151 M parameters) with random weights and another's tokenizer."""
    if not (folder / "model.safetensors").is_file():
        torch.manual_seed(0)
        tokenizer = AutoTokenizer.from_pretrained(_tokenizer_folder(Path(tokenizer_of)), model_max_length=CLIP_TOKENS)
        ends = {"bos_token_id": tokenizer.bos_token_id, "eos_token_id": tokenizer.eos_token_id}
        CLIPModel(CLIPConfig(text_config=ends)).half().save_pretrained(folder)
        CLIPProcessor(image_processor=CLIPImageProcessorPil(), tokenizer=tokenizer).save_pretrained(folder)
    return folder


def _tokenizer_folder(encoder: Path) -> Path:
    return next(path.parent for path in sorted(encoder.rglob("tokenizer.json")))


def calls_of(source: Path, exports: Path) -> dict[tuple[str, str], Call]:
    """Each runtime's call of each piece of work, its models loaded."""
    encoder = Encoder(str(source), device="cpu", threads=1)
    shown = from_demo(LEAST)
    photos = [photo.resize((480, 600)) for photo in shown.photos[:BATCH]]
    words = " ".join(shown.texts).split()
    texts = {work: [" ".join(words[:count])] for work, count in zip(TEXTS, WORDS, strict=True)}
    inputs = {"photo": photos[:1], WORK[1]: photos, **texts}
    runtimes: dict[str, Encoder | Towers] = {TORCH: encoder}
    for precision in PRECISIONS:
        folder = exports / precision
        folder.mkdir(parents=True, exist_ok=True)
        runtimes[f"ONNX {precision}"] = Towers(folder, export(encoder, folder, precision=precision), threads=1)
    torch.set_num_threads(1)
    return {
        (name, work): _call(runtime.encode_images if "photo" in work else runtime.encode_texts, values)
        for name, runtime in runtimes.items()
        for work, values in inputs.items()
    }


def _call(encode: Callable[[list[str] | list[Image.Image]], NDArray[np.float32]], values: list[object]) -> Call:
    return lambda: encode(values)  # type: ignore[arg-type]


def measure(calls: dict[Key, Call], rounds: int) -> tuple[dict[Key, Times], float]:
    """Times of every call, round by round, and the share of the machine's cores that others used meanwhile."""
    times = {key: Times() for key in calls}
    started, own, busy = time.perf_counter(), _own_s(), _busy_s()
    for number in range(rounds + WARM_UP):
        for key, call in calls.items():
            clock, processor = time.perf_counter(), time.process_time()
            call()
            if number >= WARM_UP:
                times[key].processor.append((time.process_time() - processor) * 1000)
                times[key].clock.append((time.perf_counter() - clock) * 1000)
    others = (_busy_s() - busy) - (_own_s() - own)
    return times, max(0.0, others) / ((time.perf_counter() - started) * (psutil.cpu_count() or 1))


def _own_s() -> float:
    taken = psutil.Process().cpu_times()
    return float(taken.user + taken.system)


def _busy_s() -> float:
    taken = psutil.cpu_times()
    return float(taken.user + taken.nice + taken.system)


def _nearness(calls: dict[Key, Call], key: Key) -> float:
    """The lowest cosine of what this call and torch's give."""
    model, _, work = key
    return float((calls[key]() * calls[model, TORCH, work]()).sum(axis=1).min())


def report(times: dict[Key, Times], cosines: dict[Key, float], *, others: float, encoder: str) -> None:
    """Print the medians with their ratios, and the shipped encoder's part of ViT-B/32's time."""
    print(
        "| model | work | runtime | processor, ms | 10 % to 90 % | clock, ms | times as fast as torch | lowest cosine |"
    )
    print("|---|---|---|---:|---:|---:|---:|---:|")
    runtimes = list(dict.fromkeys(runtime for _, runtime, _ in times))
    for model, work in dict.fromkeys((model, work) for model, _, work in times):
        for runtime in runtimes:
            taken = times[model, runtime, work]
            low, high = np.percentile(taken.processor, (10, 90))
            ratio = times[model, TORCH, work].median / taken.median
            print(
                f"| {model} | {work} | {runtime} | {taken.median:.2f} | {low:.2f} to {high:.2f}"
                f" | {np.median(taken.clock):.2f} | {ratio:.2f} | {cosines[model, runtime, work]:.5f} |"
            )
    shown = ("photo", *TEXTS)
    print(f"\n| the shipped encoder's part of ViT-B/32's time | {' | '.join(shown)} |\n|---|{'---:|' * len(shown)}")
    for runtime in runtimes:
        parts = [times[VIT, runtime, work].median / times["shipped", runtime, work].median for work in shown]
        print(f"| {runtime} | {' | '.join(f'1/{part:.1f}' for part in parts)} |")
    facts = {
        "onnxruntime": version("onnxruntime"),
        "sentence-transformers": version("sentence-transformers"),
        "shipped": encoder,
        "threads": 1,
        "rounds": len(next(iter(times.values())).clock),
        "others used": f"{others:.0%} of all cores",
    }
    print(f"\n{describe_machine(facts)}")


if __name__ == "__main__":
    main()
