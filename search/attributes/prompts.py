"""What an encoder is asked about each value: prompt templates by the kind of attribute, English like the encoders."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from search.encoder import Encoder

# Attribute codes as shops name them -> the kind of attribute whose templates fit.
KINDS = {
    "color": "color",
    "colour": "color",
    "basecolour": "color",
    "base-colour": "color",
    "category": "category",
    "articletype": "category",
    "type": "category",
    "product-type": "category",
    "gender": "gender",
    "season": "season",
    "usage": "usage",
    "occasion": "usage",
    "style": "usage",
    "material": "material",
    "fabric": "material",
    "pattern": "pattern",
}
# Each template is one vote: a value's vector is the mean of its prompts' unit vectors (Radford et al. 2021, section 3.1.4).
TEMPLATES: dict[str, tuple[str, ...]] = {
    "color": ("{}", "something {}", "a {} item", "a photo of a {} product"),
    "category": ("{}", "a photo of a {}", "a product photo of {}"),
    "gender": ("{}", "clothes for {}", "a product for {}", "{} fashion"),
    "season": ("{}", "{} clothes", "a product for {}"),
    "usage": ("{}", "{} wear", "a product for {} use", "{} style"),
    "material": ("{}", "made of {}", "a {} product", "{} fabric"),
    "pattern": ("{}", "a {} pattern", "a product with a {} pattern"),
}
OTHERS = ("{}", "a {} product")


def prompts(code: str, label: str, *, own: str = "") -> list[str]:
    """The texts for one value. `own` is the store's own template for the attribute; {} is the label."""
    templates = (*TEMPLATES.get(KINDS.get(code.lower(), ""), OTHERS), *([own] if own.count("{}") == 1 else []))
    return [template.replace("{}", label.lower()) for template in dict.fromkeys(templates)]


def prompt_vectors(encoder: Encoder, code: str, labels: Sequence[str], *, own: str = "") -> NDArray[np.float32]:
    """One unit row for each label. Raises `EncoderUnavailable`."""
    texts = [prompts(code, label, own=own) for label in labels]
    vectors = encoder.encode_texts([text for group in texts for text in group])
    means = vectors.reshape(len(texts), -1, vectors.shape[1]).mean(axis=1)
    return np.asarray(means / np.linalg.norm(means, axis=1, keepdims=True), dtype=np.float32)
