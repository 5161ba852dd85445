"""`manage.py export_encoder`, the work: write an export beside its place, compare it with torch, and only then move it in."""

from __future__ import annotations

import dataclasses
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from catalog.folders import put_in_place
from search.encoder import Encoder
from search.errors import InvalidIndex
from search.onnx import manifest as manifests
from search.onnx.agreement import BOUNDS, Bounds, Figures, Vectors, compare
from search.onnx.exporting import export
from search.onnx.samples import Samples
from search.onnx.towers import Towers

_BATCH = 16


def export_accepted(
    encoder: Encoder,
    folder: Path,
    samples: Samples,
    *,
    precision: str,
    bounds: Bounds | None = None,
    show: Callable[[str], None] = lambda line: None,
) -> list[Figures]:
    """Put an export of the encoder at `folder`, replacing an older export there.

    Raises `InvalidIndex` with the figures where the rankings do not agree, or where `folder` is no place for it; then
    nothing is left behind, and an older export stays.
    """
    _check_place(encoder, folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        show(f"exporting {encoder.name} as {precision}")
        manifest = export(encoder, made, precision=precision)
        show(f"comparing {len(samples.texts)} titles and {len(samples.photos)} photos with torch")
        figures = compare(
            _by_source(encoder, samples),
            _by_export(Towers(made, manifest, threads=encoder.threads), samples),
            answers=samples.answers,
        )
        for line in table(figures):
            show(line)
        _accept(figures, bounds or BOUNDS[precision])
        proof = {"photos": len(samples.photos), "texts": len(samples.texts), "figures": [f.as_json() for f in figures]}
        manifests.write(dataclasses.replace(manifest, agreement=proof), made)
        made.chmod(0o755)
        put_in_place(made, folder)
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return figures


def table(figures: Sequence[Figures]) -> list[str]:
    """The figures as lines of a markdown table."""
    lines = [
        "| query | index of | overlap@10 | rank correlation | lowest cosine | MRR | torch's MRR, 95 % |",
        "|---|---|---:|---:|---:|---:|---:|",
    ]
    for one in figures:
        low, high = one.interval
        lines.append(
            f"| {one.query} | {one.index} | {one.overlap:.4f} | {one.correlation:.5f} | {one.cosine:.6f}"
            f" | {one.mrr:.4f} | {one.mrr_source:.4f} ({low:.4f} to {high:.4f}) |"
        )
    return lines


def _accept(figures: Sequence[Figures], bounds: Bounds) -> None:
    refusals = [f"{one.query} queries, index of {one.index}: {why}" for one in figures if (why := one.refusal(bounds))]
    if refusals:
        raise InvalidIndex(
            f"The export does not rank like torch and was thrown away: {'; '.join(refusals)}."
            " Export with --precision fp32, or keep ENCODER_BACKEND=torch."
        )


def _check_place(encoder: Encoder, folder: Path) -> None:
    source = Path(encoder.name).expanduser().resolve()
    if source.is_dir() and folder.resolve().is_relative_to(source):
        raise InvalidIndex(f"{folder} lies in the encoder's own folder and would change its fingerprint: name another.")
    if folder.exists() and (not folder.is_dir() or (any(folder.iterdir()) and not manifests.is_export(folder))):
        raise InvalidIndex(f"{folder} holds something else than an export: name an empty or a new folder.")


def _by_source(encoder: Encoder, samples: Samples) -> Vectors:
    return Vectors(
        texts=encoder.encode_texts(samples.texts),
        queries=encoder.encode_images(samples.views),
        photos=encoder.encode_images(samples.photos),
    )


def _by_export(towers: Towers, samples: Samples) -> Vectors:
    def images(photos: Sequence[Image.Image]) -> NDArray[np.float32]:
        starts = range(0, len(photos), _BATCH)
        return np.concatenate([towers.encode_images(photos[start : start + _BATCH]) for start in starts])

    # Queries one by one, as they come in a search; a vector must not depend on its neighbours in a batch.
    texts = np.concatenate([towers.encode_texts([text]) for text in samples.texts])
    return Vectors(texts=texts, queries=images(samples.views), photos=images(samples.photos))
