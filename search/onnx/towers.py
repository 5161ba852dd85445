"""The two ONNX files of an export with ONNX Runtime on the processor: images and texts -> unit float32 rows.

Needs neither torch nor transformers: Pillow makes the pixels, and the `tokenizers` library the tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from tokenizers import Tokenizer

from search.errors import EncoderUnavailable
from search.onnx.manifest import IMAGE_TOWER, TEXT_TOWER, TOKENIZER, Manifest, PhotoSteps


class Towers:
    """An export's loaded towers; safe to share between threads. Proven or not: that is the caller's to ask."""

    def __init__(self, folder: Path, manifest: Manifest, *, threads: int) -> None:
        self._photo = manifest.photo
        self._text_inputs = manifest.text_inputs
        # Padding and truncation are part of the file and never set again, which is what threads would trip over.
        self._tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
        self._images = _session(folder / IMAGE_TOWER, threads)
        self._texts = _session(folder / TEXT_TOWER, threads)

    def encode_images(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
        """RGB images, at least one -> (n, dimension)."""
        return self._run(self._images, {"pixel_values": np.stack([pixels(image, self._photo) for image in images])})

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Texts, at least one -> (n, dimension)."""
        return self._run(self._texts, tokens(self._tokenizer, texts, names=self._text_inputs))

    def _run(self, session: Any, inputs: dict[str, NDArray[Any]]) -> NDArray[np.float32]:
        rows: NDArray[np.float32] = session.run(None, inputs)[0]
        return rows


def _session(path: Path, threads: int) -> Any:
    try:
        import onnxruntime  # an extra: only who sets ENCODER_BACKEND=onnx has it
    except ImportError as error:
        raise EncoderUnavailable(
            "ENCODER_BACKEND=onnx needs the package onnxruntime: install the extra with"
            " pip install -c constraints.txt '.[onnx]', or set ENCODER_BACKEND=torch."
        ) from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors; its warnings are about its own graph
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def pixels(image: Image.Image, steps: PhotoSteps) -> NDArray[np.float32]:
    """(3, height, width): the numbers that transformers' own processor gives, in a quarter of its time."""
    width, height = image.size
    if steps.shortest_px is not None:
        longest = int(steps.shortest_px * max(width, height) / min(width, height))
        size = (steps.shortest_px, longest) if width <= height else (longest, steps.shortest_px)
        image = image.resize(size, steps.resample)
    elif steps.resize_px is not None:
        image = image.resize((steps.resize_px[1], steps.resize_px[0]), steps.resample)
    if steps.crop_px is not None:
        image = _middle(image, steps.crop_px)
    planes = np.asarray(image, dtype=np.uint8).transpose(2, 0, 1).astype(np.float32)
    planes *= np.asarray(steps.scale, np.float32)[:, None, None]
    planes += np.asarray(steps.shift, np.float32)[:, None, None]
    return planes


def _middle(image: Image.Image, size_px: tuple[int, int]) -> Image.Image:
    height, width = size_px
    if image.size == (width, height):
        return image
    # Where the image is smaller, Pillow's crop fills up with black, as transformers does.
    left, top = (image.width - width) // 2, (image.height - height) // 2
    return image.crop((left, top, left + width, top + height))


def tokens(tokenizer: Tokenizer, texts: Sequence[str], *, names: Sequence[str]) -> dict[str, NDArray[np.int64]]:
    """The text tower's inputs of these names, each (n, length); as long as the longest text, or as the file says."""
    encodings = tokenizer.encode_batch(list(texts))
    parts = {"input_ids": "ids", "attention_mask": "attention_mask", "token_type_ids": "type_ids"}
    return {name: np.array([getattr(one, parts[name]) for one in encodings], dtype=np.int64) for name in names}
