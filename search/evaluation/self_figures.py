"""A held-out product's photo, distorted, must find itself among all photos of the shop."""

from __future__ import annotations

import hashlib

import numpy as np

from search.evaluation.distortions import DISTORTIONS, MILD, STRONG
from search.evaluation.embedded import Embedded, Embedder
from search.evaluation.estimates import Figure, estimate
from search.evaluation.nearest import FloatArray, IntArray, ranks
from search.training.data import open_photos

SECTION = "A distorted photo finds itself"


def self_figures(embedder: Embedder, shop: Embedded, *, count: int = 500, seed: int = 0) -> list[Figure]:
    """R@1 and R@10 of each distortion, and over the mild and the strong ones together."""
    held_out = shop.held_out
    places = np.sort(np.random.default_rng(seed).permutation(held_out)[:count])
    samples = [shop.samples[i] for i in places]
    targets = _same_photos(shop, places)
    found = {"none": ranks(shop.vectors[places], shop.vectors, targets)}
    for name in DISTORTIONS:
        found[name] = ranks(embedder.photos(samples, distortion=name).vectors, shop.vectors, targets)
    keys = [sample.key for sample in samples]
    figures = []
    for title, names, target in (("all mild ones", MILD, 0.90), ("all strong ones", STRONG, 0.70)):
        joined = np.concatenate([found[name] for name in names])
        groups = keys * len(names)
        figures.append(Figure(SECTION, title, "R@1", estimate(joined <= 1, groups=groups), target))
        figures.append(Figure(SECTION, title, "R@10", estimate(joined <= 10, groups=groups)))
    for name, rank in found.items():
        wanted = None if name == "none" else 0.90 if name in MILD else 0.70
        figures.append(Figure(SECTION, name, "R@1", estimate(rank <= 1), wanted))
        figures.append(Figure(SECTION, name, "R@10", estimate(rank <= 10)))
    return figures


def _same_photos(shop: Embedded, places: IntArray) -> list[IntArray]:
    """For each place the products that show the very same picture: shops list one photo under several numbers."""
    vectors: FloatArray = shop.vectors[places]
    close = vectors @ shop.vectors.T > 0.9999
    result = []
    for row, place in zip(close, places, strict=True):
        alike = np.flatnonzero(row)
        pictures = _pictures(shop, np.union1d(alike, [place])) if len(alike) > 1 else {int(place): ""}
        result.append(np.array([i for i, picture in pictures.items() if picture == pictures[int(place)]]))
    return result


def _pictures(shop: Embedded, places: IntArray) -> dict[int, str]:
    images = open_photos([shop.samples[i] for i in places])
    return {int(i): hashlib.sha256(image.tobytes()).hexdigest() for i, image in zip(places, images, strict=True)}
