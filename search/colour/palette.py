"""A photo's dominant colours. The background is left out: what touches the photo's edge in the edge's own colour."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from search.colour import oklab

# Raised when a photo's palette would come out otherwise: every kept palette is then made anew.
RECIPE = 1
MAX_COLOURS = 5
SIDE_PX = 96
# Colours nearer than this are one colour to a shopper: three times the just noticeable difference, and shadows differ
# from lit cloth in lightness first, so lightness counts less here.
MERGE_DISTANCE = 3 * oklab.JUST_NOTICEABLE
_LIGHTNESS_WEIGHT = 0.4
# A smaller part of the product is a button, a seam, or a blend of two neighbours.
MIN_SHARE = 0.04
# So much of the edge has one colour: that is a background.
_UNIFORM_EDGE = 0.6
_EDGE_DISTANCE = 0.06
# Tried in turn until enough of the photo is left: a white shirt on white differs from it by its shades alone.
_BACKGROUND_DISTANCES = (0.08, 0.04, 0.02)
_MIN_PRODUCT = 0.06
# As near to the background as this is background also where the product encloses it.
_SAME_DISTANCE = 0.02
# A product is solid: where less of its outline's inside is left than this, its own colour was taken for background.
_MIN_SOLID = 0.5
# A product's outermost pixels are half background; they count only where the product is little more than outline.
_MIN_CORE = 0.6
# Skin counts less, unless so much looks like it that it must be the product.
_SKIN_WEIGHT = 0.3
_MAX_SKIN = 0.5
_CLUSTERS = 8
_ROUNDS = 8
_CELL = 0.05


@dataclass(frozen=True, slots=True)
class Swatch:
    """One colour of a palette: its place in (L, 2a, 2b) and the share, 0 to 1, of the product that has it."""

    colour: tuple[float, float, float]
    share: float

    @property
    def hex(self) -> str:
        return oklab.to_hex(self.colour)


def photo_palette(photo: Image.Image) -> tuple[Swatch, ...]:
    """At most five colours of what an upright RGB photo shows, the largest share first; the shares add up to 1.

    The same photo always gives the same palette. A photo of one colour all over has that colour.
    """
    small = photo.copy()
    small.thumbnail((SIDE_PX, SIDE_PX), Image.Resampling.BOX)
    colours = oklab.from_rgb(np.asarray(small.convert("RGB")))
    weights = _product_weights(colours)
    chosen = weights > 0
    return _swatches(*_clustered(colours[chosen], weights[chosen]))


def _product_weights(colours: NDArray[np.float32]) -> NDArray[np.float32]:
    """How much each pixel (height, width) tells of the product: 0 in the background, most in the middle."""
    weights = _centre_weights(*colours.shape[:2])
    background = _background(colours)
    if background is not None:
        weights = weights * _product(np.linalg.norm(colours - background, axis=2))
    skin = _skin(colours) & (weights > 0)
    if weights[skin].sum() < _MAX_SKIN * weights.sum():
        weights = np.where(skin, weights * _SKIN_WEIGHT, weights)
    return np.asarray(weights, np.float32)


def _product(away: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Where the product is, by how far each pixel's colour is from the background's. All, where nothing stands out."""
    for distance in _BACKGROUND_DISTANCES:
        product = ~_touching_edge(away < distance)
        if product.mean() < _MIN_PRODUCT:
            continue
        # What shows through a handle is background too, though it does not reach the edge.
        inside = _between(product)
        product = (product | inside) & (away >= _SAME_DISTANCE)
        if product.sum() < _MIN_SOLID * inside.sum():
            return inside
        core = ndimage.binary_erosion(product)
        return core if core.sum() > _MIN_CORE * product.sum() else product
    return np.ones_like(away, bool)


def _between(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Where the mask lies on both sides, left and right as well as above and below; the mask itself included."""
    sides = [
        np.logical_or.accumulate(np.flip(mask, turn), axis=axis) for axis, turn in ((0, ()), (0, 0), (1, ()), (1, 1))
    ]
    return np.asarray(sides[0] & np.flip(sides[1], 0) & sides[2] & np.flip(sides[3], 1))


def _skin(colours: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Where the colour could be a person's skin: models wear products, and are not for sale."""
    chroma = np.hypot(colours[..., 1], colours[..., 2])
    hue = np.degrees(np.arctan2(colours[..., 2], colours[..., 1]))
    return (colours[..., 0] > 0.45) & (chroma > 0.08) & (chroma < 0.26) & (hue > 35) & (hue < 80)


def _background(colours: NDArray[np.float32]) -> NDArray[np.float32] | None:
    """The background's colour at each pixel (height, width, 3), as most of the edge has it; None where the edge is a scene.

    A backdrop is rarely lit evenly, so the colour may change at a constant rate from side to side.
    """
    height, width = colours.shape[:2]
    rows, columns = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    places = np.stack([np.ones_like(rows), rows, columns], axis=2)
    is_edge = np.zeros((height, width), bool)
    is_edge[[0, -1]] = is_edge[:, [0, -1]] = True
    edge, at = colours[is_edge], places[is_edge]
    near = np.linalg.norm(edge - np.median(edge, axis=0), axis=1) < _EDGE_DISTANCE
    if near.mean() < _UNIFORM_EDGE:
        return None
    slopes = np.linalg.lstsq(at[near], edge[near], rcond=None)[0]
    return np.asarray(places @ slopes, np.float32)


def _touching_edge(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The parts of the mask that reach the photo's edge."""
    parts, _ = ndimage.label(mask)
    edge = np.unique(np.concatenate([parts[0], parts[-1], parts[:, 0], parts[:, -1]]))
    return np.isin(parts, edge[edge > 0])


def _centre_weights(height: int, width: int) -> NDArray[np.float32]:
    """From 1 in the middle to 0.2 in the corners."""
    rows = np.linspace(-1, 1, height, dtype=np.float32)[:, None] if height > 1 else np.zeros((1, 1), np.float32)
    columns = np.linspace(-1, 1, width, dtype=np.float32)[None] if width > 1 else np.zeros((1, 1), np.float32)
    return np.asarray(np.exp(-0.8 * (rows**2 + columns**2)), np.float32)


def _clustered(
    colours: NDArray[np.float32], weights: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Cluster centres (k, 3) and their weights (k,): k-means over the occupied cells of a grid.

    The first centres are the fullest cells, each far from those before it, so that nothing is left to chance.
    """
    cells, sizes = _cells(colours, weights)
    scale = np.array([_LIGHTNESS_WEIGHT, 1, 1], np.float32)
    scaled = cells * scale
    centres = _first_centres(scaled, sizes)
    for _ in range(_ROUNDS):
        nearest = oklab.distances(scaled, centres).argmin(axis=1)
        totals = np.bincount(nearest, sizes, len(centres))
        sums = np.stack([np.bincount(nearest, sizes * scaled[:, axis], len(centres)) for axis in range(3)], axis=1)
        centres = np.asarray(sums[totals > 0] / totals[totals > 0, None], np.float32)
    return centres / scale, np.asarray(totals[totals > 0], np.float32)


def _cells(
    colours: NDArray[np.float32], weights: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The mean colour and the weight of each occupied cell of a grid, the fullest first."""
    places = np.floor(colours / _CELL).astype(np.int64) + 64
    _, cell = np.unique((places[:, 0] << 16) | (places[:, 1] << 8) | places[:, 2], return_inverse=True)
    sizes = np.bincount(cell, weights)
    means = np.stack([np.bincount(cell, weights * colours[:, axis]) for axis in range(3)], axis=1) / sizes[:, None]
    order = np.argsort(-sizes, kind="stable")
    return np.asarray(means[order], np.float32), np.asarray(sizes[order], np.float32)


def _first_centres(cells: NDArray[np.float32], sizes: NDArray[np.float32]) -> NDArray[np.float32]:
    chosen = [0]
    away = np.linalg.norm(cells - cells[0], axis=1)
    while len(chosen) < _CLUSTERS:
        gain = sizes * away**2
        place = int(gain.argmax())
        if away[place] < MERGE_DISTANCE:
            break
        chosen.append(place)
        away = np.minimum(away, np.linalg.norm(cells - cells[place], axis=1))
    return cells[chosen]


def _swatches(centres: NDArray[np.float32], sizes: NDArray[np.float32]) -> tuple[Swatch, ...]:
    """Join what looks alike, drop what is small, and name the largest first."""
    scale = np.array([_LIGHTNESS_WEIGHT, 1, 1], np.float32)
    while len(centres) > 1:
        apart = oklab.distances(centres * scale, centres * scale) + np.eye(len(centres), dtype=np.float32)
        one, other = divmod(int(apart.argmin()), len(centres))
        if apart[one, other] >= MERGE_DISTANCE:
            break
        together = sizes[one] + sizes[other]
        centres[one] = (centres[one] * sizes[one] + centres[other] * sizes[other]) / together
        sizes[one] = together
        centres, sizes = np.delete(centres, other, axis=0), np.delete(sizes, other)
    shares = sizes / sizes.sum()
    order = [place for place in np.argsort(-shares, kind="stable")[:MAX_COLOURS] if shares[place] >= MIN_SHARE]
    total = float(shares[order].sum())
    return tuple(
        Swatch(
            (float(centres[place][0]), float(centres[place][1]), float(centres[place][2])), float(shares[place]) / total
        )
        for place in order
    )
