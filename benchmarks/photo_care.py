"""What helps a photo taken at home before it is encoded: background removal, crops, light, turns; and how to use several.

    python benchmarks/photo_care.py --fashion ZIP --home ZIP --work FOLDER [--encoder FOLDER] [--limit PRODUCTS]
        [--stage single|several] [--steps WORD ...]

Queries are held-out senders' photos, and strongly distorted photos of held-out products. Each step is compared with doing
nothing by the gains of the same queries, with the interval over senders or products. The steps of OpenCV are left out
where it is not installed (`pip install opencv-python-headless`).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
from django.conf import settings
from numpy.typing import NDArray
from PIL import Image

import benchmarks.configured  # noqa: F401
from benchmarks.photo_steps import Step, all_steps
from search.encoder import Encoder
from search.evaluation.distortions import STRONG, distort
from search.evaluation.embedded import Embedded, Embedder
from search.evaluation.encoder_figures import home_labels, home_prompts, read_products
from search.evaluation.estimates import Estimate, difference, estimate
from search.evaluation.nearest import FloatArray
from search.training.data import Sample, open_photos, read_home

Scores = NDArray[np.float32]
# Home labels -> the shop's kinds that answer them; labels that the shop has no kind for are not asked.
SHOP_KINDS: dict[str, tuple[str, ...]] = {
    "tshirts": ("tshirts",), "polos": ("tshirts",), "shirts": ("shirts",), "tops": ("tops",), "blouses": ("tops", "shirts"),
    "trousers": ("trousers", "jeans", "track pants", "leggings", "jeggings", "capris", "tights"), "shorts": ("shorts",),
    "dresses": ("dresses",), "skirts": ("skirts",), "hoodies": ("sweatshirts", "jackets"), "blazers": ("blazers",),
    "outerwear": ("jackets", "nehru jackets", "coats"), "undershirts": ("innerwear vests", "camisoles"),
    "hats": ("hats", "caps"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Trial:
    """The documents and labels that every step is measured against; `vectors` arguments are (queries, variants, d)."""

    shop: Embedded
    home: Embedded
    places: NDArray[np.int64]
    distorted: list[Image.Image]
    originals: NDArray[np.int64]
    prompts: FloatArray
    asked: list[str]

    @property
    def senders(self) -> list[str]:
        return [self.home.samples[i].key for i in self.places]

    def measure(self, vectors: FloatArray) -> dict[str, NDArray[np.float64]]:
        """Per query: P@10 among shop photos, P@10 among home photos of other senders, label right; the best variant counts."""
        labels = home_labels(self.home.samples)
        own = labels[self.places]
        is_sold = np.array([label in SHOP_KINDS or label == "shoes" for label in own])
        shop_kinds, shop_groups = self.shop.values("kind"), self.shop.values("group")
        found = top_ten(scores(vectors[is_sold], self.shop.vectors))
        shares = [
            np.isin(shop_kinds[row], SHOP_KINDS[label]).mean()
            if label != "shoes"
            else (shop_groups[row] == "shoes").mean()
            for row, label in zip(found, own[is_sold], strict=True)
        ]
        near = scores(vectors, self.home.vectors)
        keys = np.array([sample.key for sample in self.home.samples])
        near[keys[None, :] == keys[self.places][:, None]] = -np.inf
        right = np.array(self.asked)[scores(vectors, self.prompts).argmax(axis=1)] == own
        in_shop = np.full(len(own), np.nan)
        in_shop[is_sold] = shares
        same = (labels[top_ten(near)] == own[:, None]).mean(axis=1)
        return {"shop P@10": in_shop, "home P@10": same, "label": right.astype(np.float64)}

    def finds_itself(self, vectors: FloatArray) -> NDArray[np.float64]:
        """Whether each distorted photo's own product comes first."""
        return (scores(vectors, self.shop.vectors).argmax(axis=1) == self.originals).astype(np.float64)

    @property
    def groups(self) -> dict[str, list[str]]:
        """What is resampled together: photos of one sender, distortions of one product."""
        products = [str(place) for place in self.originals]
        return dict.fromkeys(("shop P@10", "home P@10", "label"), self.senders) | {"distorted R@1": products}


def scores(vectors: FloatArray, documents: FloatArray) -> Scores:
    """(n, documents): of each query's variants the best."""
    best = vectors[:, 0] @ documents.T
    for i in range(1, vectors.shape[1]):
        np.maximum(best, vectors[:, i] @ documents.T, out=best)
    return np.asarray(best, np.float32)


def top_ten(rows: Scores) -> NDArray[np.int64]:
    return np.asarray(np.argpartition(-rows, 10, axis=1)[:, :10], np.int64)


def averaged(vectors: FloatArray) -> FloatArray:
    """(n, variants, d) -> (n, 1, d), unit."""
    mean = vectors.mean(axis=1, keepdims=True)
    return np.asarray(mean / np.linalg.norm(mean, axis=2, keepdims=True), np.float32)


def variants(embedder: Embedder, images: Sequence[Image.Image], step: Step) -> FloatArray:
    """(images, variants, d)"""
    made = [step(image) for image in images]
    rows = embedder.images(variant for row in made for variant in row)
    return rows.reshape(len(images), len(made[0]), -1)


def distorted_photos(shop: Embedded, *, count: int = 120) -> tuple[list[Image.Image], NDArray[np.int64]]:
    """Held-out products' photos in the strong distortions that a shopper's own photo or screenshot brings."""
    places = np.sort(np.random.default_rng(2).permutation(shop.held_out)[:count])
    names = ("crop-strong", "rotate-strong", "darken-strong", "background-strong", "screenshot-strong")
    photos = open_photos([shop.samples[i] for i in places])
    return [distort(p, name, seed=i) for i, p in enumerate(photos) for name in names], np.repeat(places, len(names))


def gain(after: NDArray[np.float64], before: NDArray[np.float64], names: Sequence[str]) -> str:
    known = ~np.isnan(before)
    groups = [name for name, is_known in zip(names, known, strict=True) if is_known]
    e = difference(after[known], before[known], groups=groups)
    mark = "**" if e.low > 0 or e.high < 0 else ""
    return f"{mark}{e.value:+.3f}{mark} ({e.low:+.3f} to {e.high:+.3f})"


def single_photos(embedder: Embedder, trial: Trial, *, words: Sequence[str]) -> None:
    """Each step against doing nothing; with `words`, only the steps whose names hold one of them."""
    images = list(open_photos([trial.home.samples[i] for i in trial.places]))

    def measure(at_home: FloatArray, distorted: FloatArray) -> dict[str, NDArray[np.float64]]:
        return trial.measure(at_home) | {"distorted R@1": trial.finds_itself(distorted)}

    before = measure(*(variants(embedder, part, lambda image: [image]) for part in (images, trial.distorted)))
    print(f"| step | {' | '.join(before)} |\n|---|{'---:|' * len(before)}")
    print(f"| nothing | {' | '.join(f'{np.nanmean(values):.3f}' for values in before.values())} |")
    for name, step in all_steps().items():
        if words and not any(word in name for word in words):
            continue
        made = [variants(embedder, part, step) for part in (images, trial.distorted)]
        ways = {"": made} if made[0].shape[1] == 1 else {", best": made, ", mean": [averaged(part) for part in made]}
        for how, (at_home, distorted) in ways.items():
            after = measure(at_home, distorted)
            gains = [gain(after[m], before[m], trial.groups[m]) for m in before]
            print(f"| {name}{how} | {' | '.join(gains)} |", flush=True)


def several_photos(embedder: Embedder, trial: Trial, *, count: int = 300) -> None:
    """Three strongly distorted photos of one product, and three home photos of one kind and sender: one query each."""
    places = np.sort(np.random.default_rng(1).permutation(trial.shop.held_out)[:count])
    photos = list(open_photos([trial.shop.samples[i] for i in places]))
    draws = [np.random.default_rng(i).choice(STRONG, 3, replace=False) for i in range(len(photos))]
    made = [distort(p, str(name), seed=i) for i, p in enumerate(photos) for name in draws[i]]
    vectors = embedder.images(iter(made)).reshape(len(photos), 3, -1)
    found = {name: ranked(vectors, trial.shop.vectors, name) for name in ("first alone", "best", "mean", "RRF")}
    rows = {name: f[:, 0] == places for name, f in found.items()}
    tens = {name: (f == places[:, None]).any(axis=1) for name, f in found.items()}
    print("| three distorted photos of a product | R@1 | R@10 |\n|---|---:|---:|")
    for name in found:
        print(f"| {name} | {shown(estimate(rows[name]))} | {shown(estimate(tens[name]))} |")
    print(
        f"| best - mean | {shown(difference(rows['best'], rows['mean']))} | {shown(difference(tens['best'], tens['mean']))} |"
    )
    kinds_of_three(trial)


def kinds_of_three(trial: Trial) -> None:
    labels = home_labels(trial.home.samples)
    groups: dict[tuple[str, str], list[int]] = {}
    for i in trial.places:
        groups.setdefault((trial.home.samples[i].key, str(labels[i])), []).append(int(i))
    triples = [g[k : k + 3] for g in groups.values() for k in range(0, len(g) - 2, 3)]
    keys = np.array([sample.key for sample in trial.home.samples])
    vectors = np.stack([trial.home.vectors[t] for t in triples])
    print("\n| three home photos of one sender and kind | home P@10 |\n|---|---:|")
    shares, senders = {}, [str(keys[t[0]]) for t in triples]
    for name in ("first alone", "best", "mean", "RRF"):
        hidden = [np.flatnonzero(keys == keys[t[0]]) for t in triples]
        found = ranked(vectors, trial.home.vectors, name, hidden)
        own = np.array([labels[t[0]] for t in triples])
        shares[name] = (labels[found] == own[:, None]).mean(axis=1)
        print(f"| {name} | {shown(estimate(shares[name], groups=senders))} |")
    print(f"| best - mean | {shown(difference(shares['best'], shares['mean'], groups=senders))} |")


def ranked(
    vectors: FloatArray, documents: FloatArray, how: str, hidden: Sequence[NDArray[np.int64]] | None = None
) -> NDArray[np.int64]:
    """The ten best documents of queries with several photos (n, photos, d), best first."""
    found = []
    for i, photos in enumerate(vectors):
        each = photos @ documents.T
        if how == "RRF":
            total = (1 / (61 + np.argsort(np.argsort(-each, axis=1), axis=1))).sum(axis=0)
        else:
            total = {"first alone": each[0], "best": each.max(axis=0), "mean": each.mean(axis=0)}[how]
        if hidden is not None:
            total[hidden[i]] = -np.inf
        found.append(np.argsort(-total)[:10])
    return np.stack(found)


def shown(e: Estimate) -> str:
    return f"{e.value:.3f} ({e.low:.3f} to {e.high:.3f})"


def make_trial(embedder: Embedder, products: Sequence[Sample], photos: Sequence[Sample]) -> Trial:
    shop, home = embedder.photos(products), embedder.photos(photos)
    distorted, originals = distorted_photos(shop)
    asked = sorted(set(home_labels(home.samples).tolist()))
    prompts = home_prompts(embedder, asked, is_ensemble=False)
    return Trial(shop, home, home.held_out, distorted=distorted, originals=originals, prompts=prompts, asked=asked)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("fashion", "home", "work"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--encoder", default=settings.ENCODER_MODEL)
    parser.add_argument("--limit", type=int, help="about so many products")
    parser.add_argument("--steps", nargs="*", default=[], help="only steps whose names hold one of these words")
    parser.add_argument("--stage", choices=("single", "several"))
    options = parser.parse_args()
    embedder = Embedder(Encoder(options.encoder, threads=1), options.work)
    trial = make_trial(embedder, read_products(options.fashion, limit=options.limit), read_home(options.home))
    if options.stage != "several":
        single_photos(embedder, trial, words=options.steps)
        print()
    if options.stage != "single":
        several_photos(embedder, trial)


if __name__ == "__main__":
    main()
