"""Writes a loaded encoder's two towers, tokenizer and photo steps as an export that is not yet proven.

torch, its exporter and ONNX Runtime's quantiser are imported here: only `manage.py export_encoder` comes this way.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import onnx
import torch
from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer
from PIL import Image
from sentence_transformers.base.modules import Transformer
from tokenizers import Tokenizer
from torch import nn
from torch.nn import functional

from search.encoder import PIXELS_VERSION, Encoder
from search.errors import InvalidIndex
from search.onnx import manifest as manifests
from search.onnx.manifest import IMAGE_TOWER, TEXT_TOWER, TOKENIZER, Manifest, PhotoSteps
from search.onnx.towers import pixels, tokens

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sentence_transformers import SentenceTransformer

PRECISIONS = ("fp32", "int8")
# protobuf holds 2 GiB; weights beyond this lie in a file beside the graph.
MAX_INSIDE_BYTES = 1_500_000_000
# The first with attention as one operator: a third fewer operators for ViT-B/32's texts, and 8 % less time for a short one.
OPSET = 23
# Weights in blocks of 128, each with its own scale, against whole columns: cosine 0.9997 instead of 0.9995 for ViT-B/32's
# texts and the same speed. A tower of convolutions has nothing for it and stays fp32.
BLOCK = 128
_INPUTS = {"input_ids", "attention_mask", "token_type_ids"}
_SAME_PIXEL = 2e-5
# Texts that show how a tokenizer pads and cuts, and on which both must give the same tokens.
_LONG = "red linen trousers " * 200
_TEXTS = (
    "red",
    "A navy bag, for summer!",
    "naïve 50% cotton t-shirt's",
    "",
    " ",
    "красная сумка",
    "👗",
    "a  b\tc",
    _LONG,
)


def export(encoder: Encoder, folder: Path, *, precision: str) -> Manifest:
    """Write the towers into the empty folder. Raises `InvalidIndex` where the model cannot be exported faithfully."""
    model = encoder.loaded()
    photo = _photo_steps(model)
    text_inputs = _write_tokenizer(model, folder / TOKENIZER)
    dimension = _write_tower(model, "image", [_noise(photo, side) for side in (40, 60)], folder / IMAGE_TOWER)
    _write_tower(model, "text", list(_TEXTS[:3]), folder / TEXT_TOWER)
    if precision == "int8" and not sum([to_int8(folder / name) for name in (IMAGE_TOWER, TEXT_TOWER)]):
        raise InvalidIndex("Neither tower has a matrix that int8 would make smaller: export it with --precision fp32.")
    return Manifest(
        source=Path(encoder.name).name,
        fingerprint=encoder.fingerprint,
        pixels_version=PIXELS_VERSION,
        precision=precision,
        dimension=dimension,
        photo=photo,
        text_inputs=text_inputs,
        files={path.name: manifests.digest(path) for path in sorted(folder.iterdir())},
        made_with={name: version(name) for name in ("torch", "transformers", "onnx", "onnxruntime")},
    )


class _Tower(nn.Module):
    """One modality of a model: its tensors -> unit rows."""

    def __init__(self, model: SentenceTransformer, modality: str, names: Sequence[str]) -> None:
        super().__init__()
        self.model = model
        self.modality = modality
        self.names = names

    def forward(self, *tensors: torch.Tensor) -> torch.Tensor:
        features: dict[str, Any] = {**dict(zip(self.names, tensors, strict=True)), "modality": self.modality}
        return functional.normalize(self.model(features)["sentence_embedding"], dim=-1)


def _write_tower(model: SentenceTransformer, modality: str, inputs: Sequence[Any], path: Path) -> int:
    """Write one tower and return the dimension of its rows."""
    features = _tensors(model, inputs)
    tower = _Tower(model, modality, list(features)).eval()
    free = torch.export.Dim.DYNAMIC
    is_padded = modality == "text" and _fixed_length(model) is None
    shapes = tuple({0: free, 1: free} if is_padded else {0: free} for _ in features)
    weights = sum(tensor.nbytes for tensor in model.parameters())
    with torch.no_grad(), _quietly():
        rows = tower(*features.values())
        torch.onnx.export(
            tower,
            tuple(features.values()),
            str(path),
            input_names=list(features),
            output_names=["unit_vectors"],  # "embedding" would be the name of a node inside
            dynamic_shapes=(shapes,),
            dynamo=True,
            opset_version=OPSET,
            external_data=weights > MAX_INSIDE_BYTES,
            verbose=False,
        )
    return int(rows.shape[1])


@contextmanager
def _quietly() -> Iterator[None]:
    """The exporter speaks of torchvision's operators, of each initialiser and of its own deprecations: noise here."""
    logs = {name: logging.getLogger(name) for name in ("torch.onnx", "onnx_ir", "onnxscript", "onnxruntime")}
    levels = {name: log.level for name, log in logs.items()}
    for log in logs.values():
        log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for name, log in logs.items():
            log.setLevel(levels[name])


def _tensors(model: SentenceTransformer, inputs: Sequence[Any]) -> dict[str, torch.Tensor]:
    features: Mapping[str, Any] = model.preprocess(list(inputs))
    return {name: value.cpu() for name, value in features.items() if torch.is_tensor(value)}


def _processors(model: SentenceTransformer) -> Iterator[Any]:
    for module in model.modules():
        if isinstance(module, Transformer):
            yield module.processor


def _photo_steps(model: SentenceTransformer) -> PhotoSteps:
    """The image processor's steps in our terms, after both have given the same pixels for photos of several shapes."""
    found = (getattr(processor, "image_processor", processor) for processor in _processors(model))
    processor = next(one for one in found if hasattr(one, "image_mean"))
    steps = _stated_steps(processor)
    for size in ((61, 80), (80, 61), (333, 500), (640, 480), (300, 300), (17, 230)):
        image = _noise(steps, size[0], height=size[1])
        theirs = _tensors(model, [image])["pixel_values"].numpy()[0]
        ours = pixels(image, steps)
        if ours.shape != theirs.shape or float(np.abs(ours - theirs).max()) > _SAME_PIXEL:
            raise InvalidIndex(
                f"The image processor {type(processor).__name__} does more than resize, crop and normalise:"
                f" a photo of {size[0]} x {size[1]} differs. This encoder cannot be exported; use ENCODER_BACKEND=torch."
            )
    return steps


def _stated_steps(processor: Any) -> PhotoSteps:
    size = dict(processor.size) if processor.do_resize else {}
    crop = dict(processor.crop_size) if getattr(processor, "do_center_crop", False) else None
    mean, deviation = (
        np.asarray(values if processor.do_normalize else default, np.float64)
        for values, default in ((processor.image_mean, [0.0] * 3), (processor.image_std, [1.0] * 3))
    )
    factor = processor.rescale_factor if processor.do_rescale else 1.0
    red, green, blue = (factor / deviation).tolist()
    shift = (-mean / deviation).tolist()
    return PhotoSteps(
        resize_px=(size["height"], size["width"]) if size.get("height") else None,
        shortest_px=size.get("shortest_edge"),
        crop_px=(crop["height"], crop["width"]) if crop else None,
        resample=int(processor.resample),
        scale=(red, green, blue),
        shift=(shift[0], shift[1], shift[2]),
    )


def _noise(steps: PhotoSteps, width: int, *, height: int = 50) -> Image.Image:
    chance = np.random.default_rng(width * 1000 + height)
    return Image.fromarray(chance.integers(0, 256, (height, width, 3), dtype=np.uint8))


def _fixed_length(model: SentenceTransformer) -> int | None:
    """The length that every text is padded to, or None where a batch is as long as its longest text."""
    short, long = (_tensors(model, [text])["input_ids"].shape[1] for text in ("red", _LONG))
    return int(long) if short == long else None


def _write_tokenizer(model: SentenceTransformer, path: Path) -> tuple[str, ...]:
    """Save the fast tokenizer with its padding and truncation set, and return the names of the tensors it must give.

    Raises `InvalidIndex` where it gives other tokens than the model's own preprocessing.
    """
    source = next(found for one in _processors(model) if (found := _tokenizer_of(one)) is not None)
    longest = _tensors(model, [_LONG])["input_ids"].shape[1]
    tokenizer = Tokenizer.from_str(source.backend_tokenizer.to_str())
    tokenizer.enable_truncation(max_length=longest)
    tokenizer.enable_padding(
        direction=source.padding_side,
        pad_id=source.pad_token_id,
        pad_token=source.pad_token,
        length=_fixed_length(model),
    )
    features = _tensors(model, list(_TEXTS))
    names = tuple(features)
    ours = tokens(tokenizer, _TEXTS, names=names) if set(names) <= _INPUTS else {}
    if not ours or any(not np.array_equal(ours[name], features[name].numpy()) for name in names):
        raise InvalidIndex(
            f"The tokenizer {type(source).__name__} gives other tokens outside of transformers"
            f" (inputs: {', '.join(names)}). This encoder cannot be exported; use ENCODER_BACKEND=torch."
        )
    tokenizer.save(str(path))
    return names


def _tokenizer_of(processor: Any) -> Any:
    tokenizer = getattr(processor, "tokenizer", processor)
    return tokenizer if hasattr(tokenizer, "backend_tokenizer") else None


def to_int8(path: Path) -> int:
    """Rewrite the tower with 8-bit weights in blocks, multiplied in integers. Returns how many matrices that were."""
    graph = onnx.load(str(path))
    quantiser = MatMulNBitsQuantizer(graph, bits=8, block_size=BLOCK, is_symmetric=True, accuracy_level=4)
    with _quietly():
        quantiser.process()
    made = cast("onnx.ModelProto", quantiser.model.model)
    count = sum(1 for node in made.graph.node if node.op_type == "MatMulNBits")
    if count:
        for old in path.parent.glob(f"{path.name}*"):
            old.unlink()
        is_large = made.ByteSize() > MAX_INSIDE_BYTES
        onnx.save(made, str(path), save_as_external_data=is_large, location=f"{path.name}.data" if is_large else None)
    return count
