"""CLIP-family encoders through sentence-transformers: photos and words -> unit float32 vectors in one space.

Importing this module is cheap; torch and the weights load with the first call that needs them.
"""

from __future__ import annotations

import gc
import hashlib
import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from pickle import UnpicklingError
from time import monotonic, perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
from django.conf import settings
from numpy.typing import NDArray
from PIL import Image

from search.errors import EncoderUnavailable
from telemetry import metrics

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

logger = logging.getLogger(__name__)

# Part of every fingerprint: to be raised when `search.images` changes what pixels an encoder sees.
PIXELS_VERSION = "1"
HUB_TIMEOUT_S = 5.0
# Formats that torch does not read; a hub repository may hold the same weights in all of them.
OTHER_RUNTIMES = ("*.onnx", "onnx/*", "openvino/*", "*.h5", "*.msgpack", "*.ot", "*.tflite", "*.mlmodel", "coreml/*")
_WEIGHTS = (".safetensors", ".bin")
# Lies beside the weights and changes no vector.
_BESIDE = ("calibration.json",)
_FINGERPRINTED = (*_WEIGHTS, ".json", ".txt", ".model", ".vocab")


class Encoder:
    """One CLIP-family model, by a hub name or a folder; safe to share between threads.

    `name` is what was asked for. Vectors are unit rows: the dot product is the cosine.
    Every call may raise `EncoderUnavailable`; its message says what to do.
    """

    def __init__(self, name: str, *, device: str = "auto", batch_size: int = 64, threads: int = 1) -> None:
        self.name = name
        self.device = device
        self.batch_size = batch_size
        self.threads = threads
        self._model: SentenceTransformer | None = None
        self._loading = threading.Lock()
        # Fast tokenizers raise "Already borrowed" when two threads pad at once. Photos need no tokenizer and run side by side.
        self._tokenizing = threading.Lock()

    @cached_property
    def fingerprint(self) -> str:
        """16 hex digits over weights, tokenizer, configuration and `PIXELS_VERSION`; does not load torch."""
        return _fingerprint_of(self._folder())

    @cached_property
    def dimension(self) -> int:
        """Length of a vector, as the model states it, or as its first text shows."""
        stated = self.loaded().get_embedding_dimension()
        return int(stated) if stated else int(self._encode(["dimension"]).shape[1])

    @property
    def is_ready(self) -> bool:
        """Whether weights are loaded or lie on this machine; loads nothing and asks no hub."""
        if self._model is not None:
            return True
        folder = Path(self.name) if _is_path(self.name) else _cached_snapshot(self.name)
        return folder is not None and _has_weights(folder)

    def encode_images(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
        """RGB images (see `search.images.decode_image`) -> (n, dimension) unit rows, in order."""
        if not images:
            return self._empty()
        with watched("photo", len(images)):
            return self._encode(list(images))

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Texts -> (n, dimension) unit rows, in order. What exceeds the tokenizer's limit is cut off, not an error."""
        if not texts:
            return self._empty()
        with watched("text", len(texts)), self._tokenizing:
            return self._encode(list(texts))

    def _empty(self) -> NDArray[np.float32]:
        return np.empty((0, self.dimension), dtype=np.float32)

    def _encode(self, inputs: list[Any]) -> NDArray[np.float32]:
        model = self.loaded()
        try:
            if len(inputs) <= self.batch_size and model.default_prompt_name is None:
                return _one_batch(model, inputs)
            rows = model.encode(
                inputs,
                batch_size=self.batch_size,
                normalize_embeddings=True,
                convert_to_numpy=True,
                show_progress_bar=False,
            )
        except RuntimeError as error:  # what torch raises, out of memory included
            raise EncoderUnavailable(
                f"The encoder {self.name!r} failed on {len(inputs)} inputs ({error}). Lower ENCODER_BATCH_SIZE"
                f" (now {self.batch_size}) or set ENCODER_DEVICE=cpu."
            ) from error
        return np.ascontiguousarray(rows, dtype=np.float32)

    def loaded(self) -> SentenceTransformer:
        """The model itself, loaded by the first call: for whoever needs its gradients."""
        if self._model is None:
            with self._loading:
                if self._model is None:
                    self._model = self._load(self._folder())
        return self._model

    def _folder(self) -> Path:
        return _local_folder(self.name) if _is_path(self.name) else _hub_folder(self.name)

    def _load(self, folder: Path) -> SentenceTransformer:
        # torch, transformers and sentence-transformers take seconds and hundreds of megabytes: only who encodes pays.
        import torch
        from safetensors import SafetensorError
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging as transformers_logging

        # A bar for the weights of a model that loads in a moment is noise in every log.
        transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        torch.set_num_threads(self.threads)
        device = _device(self.device)
        try:
            # Weights kept as fp16 are computed in fp32: half precision is slower than single on a CPU.
            model = SentenceTransformer(
                str(folder), device=device, local_files_only=True, model_kwargs={"dtype": torch.float32}
            )
        # torch reads a .bin as weights alone: a pickle that would run code ends here.
        except (OSError, ValueError, KeyError, ImportError, RuntimeError, SafetensorError, UnpicklingError) as error:
            raise EncoderUnavailable(
                f"The encoder {self.name!r} does not load from {folder} ({type(error).__name__}: {error})."
                " Set ENCODER_MODEL to a CLIP-family model's folder or hub name, or fetch its files again."
            ) from error
        missing = {"text", "image"} - set(model.modalities)
        if missing:
            raise EncoderUnavailable(
                f"The encoder {self.name!r} cannot encode {' and '.join(sorted(missing))}s."
                " Set ENCODER_MODEL to a CLIP-family model, such as clip-ViT-B-32."
            )
        # Weights that were replaced since the fingerprint was taken would speak for vectors of others.
        if _fingerprint_of(folder) != self.fingerprint:
            raise EncoderUnavailable(
                f"The files of {folder} were replaced while the encoder {self.name!r} was in use."
                " Give a new model a folder of its own, and build an index version with it."
            )
        _pad_as_trained(model)
        # torch brings a million objects that stay: walking them took each full collection 0.2 s, in some shopper's request.
        gc.collect()
        gc.freeze()
        logger.info("loaded encoder %s on %s", self.name, device)
        return model


@contextmanager
def watched(kind: str, count: int) -> Iterator[None]:
    """Count a call of an encoder, for `/metrics`."""
    started = perf_counter()
    try:
        yield
    except EncoderUnavailable:
        metrics.ENCODER_ERRORS.labels(kind).inc()
        raise
    metrics.ENCODER_SECONDS.labels(kind).observe(perf_counter() - started)
    metrics.ENCODED.labels(kind).inc(count)


def _fingerprint_of(folder: Path) -> str:
    digest = hashlib.sha256(PIXELS_VERSION.encode())
    files = (path for path in folder.rglob("*") if path.suffix in _FINGERPRINTED and path.name not in _BESIDE)
    for path in sorted(path for path in files if path.is_file()):
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
        digest.update(f"{path.relative_to(folder).as_posix()}={content}\n".encode())
    return digest.hexdigest()[:16]


def _one_batch(model: SentenceTransformer, inputs: list[Any]) -> NDArray[np.float32]:
    """What `model.encode` does for a single batch, without its sorting and bookkeeping: for a short text of the shipped
    encoder they take longer than the model (2.4 ms of processor time with them, 1.1 ms without)."""
    import torch  # heavy, see `Encoder._load`

    with torch.inference_mode():
        features = model.preprocess(inputs)
        moved = {name: value.to(model.device) if torch.is_tensor(value) else value for name, value in features.items()}
        rows = torch.nn.functional.normalize(model(moved)["sentence_embedding"], dim=-1)
    return np.ascontiguousarray(rows.cpu().numpy(), dtype=np.float32)


def _pad_as_trained(model: SentenceTransformer) -> None:
    """SigLIP reads texts padded to their full length, as it was trained, and gives others another vector.

    sentence-transformers pads to the longest of a batch: a text's vector then depended on its neighbours (cosine 0.91).
    """
    module: Any = model[0]
    config: Any = getattr(getattr(module, "auto_model", None), "config", None)
    if getattr(config, "model_type", "").startswith("siglip"):
        length = config.text_config.max_position_embeddings
        module.processing_kwargs = {"text": {"padding": "max_length", "max_length": length, "truncation": True}}


_encoders: dict[str, Encoder] = {}
# By name and fingerprint: encoders whose folder holds other weights by now, good for what was built with them.
_former: dict[tuple[str, str], Encoder] = {}
_reread_at: dict[str, float] = {}
_encoders_lock = threading.Lock()
# Weights of another fingerprint than was asked for are looked at again no sooner: hashing a gigabyte takes a second.
REREAD_S = 10.0


def get_encoder(name: str | None = None) -> Encoder:
    """This process's encoder of that name (default: `ENCODER_MODEL`), made once; nothing is loaded yet."""
    name = name or settings.ENCODER_MODEL
    with _encoders_lock:
        if name not in _encoders:
            _encoders[name] = _new_encoder(name)
        return _encoders[name]


def encoder_of_weights(name: str, fingerprint: str) -> Encoder | None:
    """This process's encoder of that name with exactly these weights; None where neither memory nor its folder has them.

    A folder whose weights were replaced is read anew, and what was in memory stays for the versions built with it.
    """
    encoder = get_encoder(name)
    if encoder.fingerprint == fingerprint:
        return encoder
    with _encoders_lock:
        known = _former.get((name, fingerprint))
        if known is not None or not _is_path(name) or monotonic() - _reread_at.get(name, -REREAD_S) < REREAD_S:
            return known
        _reread_at[name] = monotonic()
        fresh = _new_encoder(name)
        if fresh.fingerprint != fingerprint:
            return None
        _former[name, encoder.fingerprint] = encoder
        _encoders[name] = fresh
        return fresh


def _new_encoder(name: str) -> Encoder:
    from search.onnx.encoder import OnnxEncoder  # it builds on this module
    from search.onnx.manifest import is_export

    batch_size, threads = settings.ENCODER_BATCH_SIZE, settings.ENCODER_THREADS
    if settings.ENCODER_BACKEND == "onnx" or is_export(Path(name).expanduser()):
        return OnnxEncoder(name, exports=settings.ENCODER_EXPORTS, batch_size=batch_size, threads=threads)
    return Encoder(name, device=settings.ENCODER_DEVICE, batch_size=batch_size, threads=threads)


def _device(wanted: str) -> str:
    import torch  # heavy, see `Encoder._load`

    if wanted != "auto":
        return wanted
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def _is_path(name: str) -> bool:
    return name.startswith((".", "/", "~")) or name.count("/") > 1 or Path(name).is_dir()


def _has_weights(folder: Path) -> bool:
    # sentence-transformers keeps each module in a folder of its own, one level down.
    return any(path.suffix in _WEIGHTS for pattern in ("*", "*/*") for path in folder.glob(pattern))


def _local_folder(name: str) -> Path:
    folder = Path(name).expanduser()
    if not _has_weights(folder):
        raise EncoderUnavailable(
            f"No encoder weights in {folder}. Train them with manage.py train_encoder, restore the folder from the"
            " repository, or set ENCODER_MODEL to another folder or hub name."
        )
    return folder


def _repository(name: str) -> str:
    """sentence-transformers' own short names ("clip-ViT-B-32") belong to its organisation."""
    return name if "/" in name else f"sentence-transformers/{name}"


def _cached_snapshot(name: str) -> Path | None:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(_repository(name), local_files_only=True))
    except (LocalEntryNotFoundError, HFValidationError):
        return None


def _hub_folder(name: str) -> Path:
    """The model's snapshot in the hub cache, fetched once. One short request decides whether the hub is there:
    the loaders' own retries take minutes without a network."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    # The hub library's HTTP client differs by version; its base error is the first base of the library's own.
    broken_download: type[Exception] = HfHubHTTPError.__bases__[0]
    cached = _cached_snapshot(name)
    if cached is not None and _has_weights(cached):
        return cached
    try:
        return Path(
            snapshot_download(_repository(name), etag_timeout=HUB_TIMEOUT_S, ignore_patterns=list(OTHER_RUNTIMES))
        )
    except (OSError, HFValidationError, broken_download) as error:  # offline, no such model, gated: OSErrors
        raise EncoderUnavailable(
            f"The encoder {name!r} is no folder here, and the model hub did not give it ({error})."
            " Check the name and the network, or set ENCODER_MODEL to a folder."
        ) from error
