"""Django system checks: settings that are each valid and do not fit together, found at the start and not by a request."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

from django.conf import settings
from django.core import checks

# Milvus returns at most this many rows of one search.
MAX_POOL_SIZE = 16_384
ENCODER_BACKENDS = ("torch", "onnx")
INDEX_TYPES = ("AUTO", "FLAT", "HNSW", "IVF_PQ")


def connect() -> None:
    """Register the checks; `manage.py check` and every start of a command run them."""
    checks.register(check_limits)
    checks.register(check_index)
    checks.register(check_encoder)


def check_limits(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[checks.CheckMessage]:
    """The limits on photos, bodies and time."""
    found: list[checks.CheckMessage] = []
    if settings.IMAGE_MAX_BYTES * 4 // 3 + 2**16 > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
        found.append(
            checks.Warning(
                f"IMAGE_MAX_BYTES is {settings.IMAGE_MAX_BYTES:,}, and such a photo in base64 is larger than a body "
                f"may be ({settings.DATA_UPLOAD_MAX_MEMORY_SIZE:,}).",
                hint="Lower IMAGE_MAX_BYTES.",
                id="search.W001",
            )
        )
    outside = [share for share in settings.QUERY_PHOTO_CROPS if not 0 < share < 1]
    if outside:
        found.append(
            checks.Error(
                f"QUERY_PHOTO_CROPS has {outside[0]}.", hint="Give shares between 0 and 1, as 0.8.", id="search.E001"
            )
        )
    if settings.QUERY_PHOTO_CUT and find_spec("cv2") is None:
        found.append(
            checks.Error(
                "QUERY_PHOTO_CUT is on, and OpenCV is not installed.",
                hint="pip install opencv-python-headless (the extra photo-care), or unset QUERY_PHOTO_CUT.",
                id="search.E008",
            )
        )
    for name in ("IMAGE_FETCH_TIMEOUT_S", "QUERY_IMAGE_LIFETIME_S", "SEARCH_DEADLINE_MS", "SEARCH_POOL_LIFETIME_S"):
        if getattr(settings, name) <= 0:
            found.append(
                checks.Error(f"{name} is {getattr(settings, name)}.", hint="Give a number above 0.", id="search.E001")
            )
    return found


def check_index(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[checks.CheckMessage]:
    """The index and the pool that is read from it."""
    found: list[checks.CheckMessage] = []
    if not 100 <= settings.SEARCH_POOL_SIZE <= MAX_POOL_SIZE:
        found.append(
            checks.Error(
                f"SEARCH_POOL_SIZE is {settings.SEARCH_POOL_SIZE}.",
                hint=f"Give 100 to {MAX_POOL_SIZE}: a page has up to 100 hits, and Milvus returns no more rows.",
                id="search.E002",
            )
        )
    if not 0 <= settings.RECALL_SAMPLE_SHARE <= 1:
        message = f"RECALL_SAMPLE_SHARE is {settings.RECALL_SAMPLE_SHARE}."
        found.append(checks.Error(message, hint="Give a share from 0 (none) to 1 (every search).", id="search.E009"))
    if settings.INDEX_TYPE.upper() not in INDEX_TYPES:
        found.append(
            checks.Error(
                f"INDEX_TYPE is {settings.INDEX_TYPE!r}.", hint=f"Use {', '.join(INDEX_TYPES)}.", id="search.E003"
            )
        )
    return found


def check_encoder(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[checks.CheckMessage]:
    """The encoder's backend, and whether what it needs is installed."""
    found: list[checks.CheckMessage] = []
    if settings.ENCODER_BACKEND not in ENCODER_BACKENDS:
        hint = f"Use {' or '.join(ENCODER_BACKENDS)}."
        found.append(checks.Error(f"ENCODER_BACKEND is {settings.ENCODER_BACKEND!r}.", hint=hint, id="search.E004"))
    if settings.ENCODER_BACKEND == "onnx" and find_spec("onnxruntime") is None:
        hint = "Install the extra: pip install -c constraints.txt '.[onnx]'."
        found.append(checks.Error("ENCODER_BACKEND=onnx needs onnxruntime.", hint=hint, id="search.E005"))
    if settings.ENCODER_BACKEND == "onnx" and settings.ENCODER_DEVICE not in ("auto", "cpu"):
        message = f"ENCODER_BACKEND=onnx runs on the processor, and ENCODER_DEVICE is {settings.ENCODER_DEVICE!r}."
        found.append(checks.Error(message, hint="Set ENCODER_BACKEND=torch for a GPU.", id="search.E006"))
    if settings.QUERY_VECTOR_LIFETIME_S < 0:
        message = f"QUERY_VECTOR_LIFETIME_S is {settings.QUERY_VECTOR_LIFETIME_S}."
        found.append(checks.Error(message, hint="Give seconds, or 0 to keep no vectors.", id="search.E007"))
    return found
