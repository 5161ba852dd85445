"""`OnnxEncoder`: the encoder of `search.encoder` with its towers run by ONNX Runtime (`ENCODER_BACKEND=onnx`)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from search.encoder import PIXELS_VERSION, Encoder, watched
from search.errors import EncoderUnavailable
from search.onnx import manifest as manifests
from search.onnx.manifest import Manifest
from search.onnx.towers import Towers

logger = logging.getLogger(__name__)


class OnnxEncoder(Encoder):
    """An export in place of the model that it was made of, or an export by its own folder.

    Its fingerprint is the source's: an export is accepted only where its rankings agree with torch's, so an index of
    either one's vectors is searched, and filled up, by the other.
    """

    def __init__(self, name: str, *, exports: Sequence[Path] = (), batch_size: int = 64, threads: int = 1) -> None:
        super().__init__(name, device="cpu", batch_size=batch_size, threads=threads)
        self.exports = tuple(exports)
        self._towers: Towers | None = None

    @cached_property
    def fingerprint(self) -> str:
        """The source's fingerprint; from the export alone where `name` is the export's folder."""
        own = Path(self.name).expanduser()
        if manifests.is_export(own):
            return manifests.read(own).fingerprint
        return super().fingerprint

    @cached_property
    def dimension(self) -> int:
        """Length of a vector, as the export states it."""
        return self._export[1].dimension

    @property
    def is_ready(self) -> bool:
        """Whether an accepted export lies on this machine."""
        try:
            return self._towers is not None or bool(self._export)
        except EncoderUnavailable:
            return False

    def encode_images(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
        with watched("photo", len(images)):
            return self._encode_by(lambda part: self._running().encode_images(part), list(images))

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        with watched("text", len(texts)):
            return self._encode_by(lambda part: self._running().encode_texts(part), list(texts))

    def _encode_by(self, encode: Callable[[list[Any]], NDArray[np.float32]], inputs: list[Any]) -> NDArray[np.float32]:
        if not inputs:
            return self._empty()
        parts = [inputs[start : start + self.batch_size] for start in range(0, len(inputs), self.batch_size)]
        return np.concatenate([encode(part) for part in parts])

    def _running(self) -> Towers:
        if self._towers is None:
            with self._loading:
                if self._towers is None:
                    folder, manifest = self._export
                    manifests.check_files(manifest, folder)
                    self._towers = Towers(folder, manifest, threads=self.threads)
                    logger.info("loaded the %s export of encoder %s", manifest.precision, self.name)
        return self._towers

    @cached_property
    def _export(self) -> tuple[Path, Manifest]:
        """The export to run: the folder of that name, or the first of `exports` that was made of these very weights."""
        own = Path(self.name).expanduser()
        if manifests.is_export(own):
            return own, _accepted(own)
        for folder in self.exports:
            if manifests.is_export(folder) and manifests.read(folder).fingerprint == self.fingerprint:
                return folder, _accepted(folder)
        looked = ", ".join(str(folder) for folder in self.exports) or "nothing"
        raise EncoderUnavailable(
            f"No ONNX export of the encoder {self.name!r} with its present weights ({self.fingerprint}) in ENCODER_EXPORTS"
            f" ({looked}). Make one: manage.py export_encoder --encoder {self.name}; or set ENCODER_BACKEND=torch."
        )


def _accepted(folder: Path) -> Manifest:
    manifest = manifests.read(folder)
    if not manifest.agreement:
        raise EncoderUnavailable(f"{folder} was never compared with its source: make it with manage.py export_encoder.")
    if manifest.pixels_version != PIXELS_VERSION:
        raise EncoderUnavailable(
            f"{folder} was made for pixels of version {manifest.pixels_version}, and photos are now prepared by version"
            f" {PIXELS_VERSION}: make it again with manage.py export_encoder."
        )
    return manifest
